"""DICOM files (PS3.10 7) against pydicom, on the files that its package ships and on made ones."""

from __future__ import annotations

import contextlib
import io
import os
import zlib
from pathlib import Path

import pydicom
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filereader import read_dataset
from tests_datasets import data_set_of, look

from dimse.errors import (
    InvalidFile,
    InvalidValue,
    NotDICOM,
    Part10Error,
    Truncated,
    Unreadable,
)
from dimse.objects import bounds, filemeta
from dimse.objects.filemeta import encode_file_meta
from dimse.objects.findings import Findings
from dimse.objects.outgoing import examine
from dimse.objects.window import Window
from dimse.tables import uids

DATA = Path(pydicom.__file__).parent / "data"
FILES = sorted(
    path
    for folder in ("test_files", "charset_files", "palettes")
    for path in (DATA / folder).rglob("*")
    if path.is_file() and path.suffix not in {".py", ".pyc"}
)

IMPLICIT = "1.2.840.10008.1.2"
EXPLICIT = "1.2.840.10008.1.2.1"
BIG = "1.2.840.10008.1.2.2"
DEFLATED = "1.2.840.10008.1.2.1.99"

# What isn't fit to be sent among pydicom's files, each for the reason that its README or its test
# gives, or that dcmdump shows. Text files and the like are NotDICOM, see is_text.
UNFIT = {
    "MR_truncated.dcm": Truncated,
    "rtplan_truncated.dcm": Truncated,
    "SC_rgb_jpeg.dcm": InvalidFile,  # JPEG Baseline by its file meta, Implicit VR by its bytes
    "empty_charset_LEI.dcm": InvalidFile,  # no SOP Class UID anywhere
    "meta_missing_tsyntax.dcm": InvalidFile,  # begins with (0001,0001)
    "nested_priv_SQ.dcm": InvalidFile,  # an odd number of bytes
    "no_meta.dcm": NotDICOM,  # begins with a stray blank
}
DICOM_FILES = [p for p in FILES if p.suffix in {".dcm", ""} and not p.name.startswith("README")]
OTHER_FILES = [p for p in FILES if p not in DICOM_FILES]
FIT = [p for p in DICOM_FILES if p.name not in UNFIT]


def drained(source, step=1000) -> bytes:
    """Everything that a source gives, a little at a time."""
    buffer = bytearray(step)
    out = b""
    while got := source.readinto(memoryview(buffer)):
        out += buffer[:got]
    return out


def written(tmp_path, data: bytes, name="x.dcm") -> Path:
    path = tmp_path / name
    path.write_bytes(data)
    return path


def minimal() -> Dataset:
    ds = Dataset()
    ds.SpecificCharacterSet = "ISO_IR 100"
    ds.SOPClassUID = "1.2.840.10008.5.1.4.1.1.7"
    ds.SOPInstanceUID = "1.2.3.4.5"
    ds.PatientName = "A^B"
    item = Dataset()
    item.ReferencedSOPClassUID = "1.2.3"
    ds.ReferencedImageSequence = [item]
    ds.PixelData = bytes(range(64))
    ds["PixelData"].VR = "OW"
    return ds


def encoded(ds: Dataset, syntax: str) -> bytes:
    """The data set alone, encoded by pydicom."""
    from pydicom.filebase import DicomBytesIO
    from pydicom.filewriter import write_dataset

    file = DicomBytesIO()
    file.is_implicit_VR = syntax == IMPLICIT
    file.is_little_endian = syntax != BIG
    write_dataset(file, ds)
    if syntax == DEFLATED:
        deflater = zlib.compressobj(wbits=-zlib.MAX_WBITS)
        return deflater.compress(file.getvalue()) + deflater.flush()
    return file.getvalue()


def meta(syntax=EXPLICIT, **more) -> bytes:
    return encode_file_meta(
        sop_class_uid="1.2.840.10008.5.1.4.1.1.7",
        sop_instance_uid="1.2.3.4.5",
        transfer_syntax_uid=syntax,
        **more,
    )


class Opened:
    """A file that was looked at, and what would be sent of it."""

    def __init__(self, path, *, check=True):
        self._path = path
        self.size = Path(path).stat().st_size
        self.contents = look(path, whole=check)
        self.meta = self.contents.meta
        self.has_file_meta = self.meta is not None
        self.transfer_syntax_uid = self.contents.transfer_syntax_uid
        self.sop_class_uid = self.contents.sop_class_uid
        self.sop_instance_uid = self.contents.sop_instance_uid
        self.warnings = self.contents.warnings
        spans = self.contents.spans
        self.data_set_offset = spans[0][0]
        self.data_set_length = sum(length for _, length in spans)

    def source(self):
        return examine(self._path).open(self.transfer_syntax_uid)

    def data(self):
        return data_set_of(self._path)


@contextlib.contextmanager
def open_object(path, *, check=True):
    yield Opened(path, check=check)


def fails(path, kind, *, check=True) -> Part10Error:
    with pytest.raises(kind) as caught:
        examine(path) if check else look(path, whole=False)
    assert type(caught.value) is kind
    assert str(path) in str(caught.value)
    return caught.value


# ------------------------------------------------------------------------------ pydicom's own files


def test_there_are_files_to_test_with():
    assert len(FIT) > 150
    assert set(UNFIT) <= {p.name for p in DICOM_FILES}


@pytest.mark.filterwarnings("ignore")  # pydicom's, on its own odd files
@pytest.mark.parametrize("path", FIT, ids=lambda p: p.name)
def test_a_file_is_what_pydicom_says(path):
    expected = pydicom.dcmread(path, force=True)
    file_meta = expected.file_meta
    with open_object(path) as found:
        data = found.data()
        assert found.size == path.stat().st_size
        in_file = path.read_bytes()[found.data_set_offset :]
        assert len(in_file) == found.data_set_length
        assert data == in_file + bytes(len(in_file) % 2)  # odd: the deflated one
        assert found.has_file_meta == ("TransferSyntaxUID" in file_meta)
        assert found.sop_class_uid == expected.get(
            "SOPClassUID", file_meta.get("MediaStorageSOPClassUID")
        )
        assert found.sop_instance_uid == expected.get(
            "SOPInstanceUID", file_meta.get("MediaStorageSOPInstanceUID")
        )
        syntax = pydicom.uid.UID(found.transfer_syntax_uid)
    if found.has_file_meta:
        assert syntax == file_meta.TransferSyntaxUID
        assert found.meta.media_storage_sop_class_uid == file_meta.MediaStorageSOPClassUID
        assert found.meta.media_storage_sop_instance_uid == file_meta.MediaStorageSOPInstanceUID
        assert found.meta.implementation_class_uid == file_meta.ImplementationClassUID
        assert found.meta.implementation_version_name == file_meta.get("ImplementationVersionName")
        assert found.meta.source_application_entity_title == (
            file_meta.get("SourceApplicationEntityTitle")
        )
    if syntax == DEFLATED:
        data = zlib.decompress(data, wbits=-zlib.MAX_WBITS)
    alone = read_dataset(io.BytesIO(data), syntax.is_implicit_VR, syntax.is_little_endian)
    # Not the VRs: for pixel data in Implicit VR pydicom takes them from the other elements.
    assert [(e.tag, e.value) for e in alone] == [(e.tag, e.value) for e in expected]


@pytest.mark.parametrize("name", sorted(UNFIT))
def test_a_file_that_is_not_fit_to_be_sent(name):
    (path,) = [p for p in DICOM_FILES if p.name == name]
    fails(path, UNFIT[name])


@pytest.mark.parametrize("path", OTHER_FILES, ids=lambda p: p.name)
def test_other_files_are_not_dicom(path):
    fails(path, NotDICOM)
    fails(path, NotDICOM, check=False)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("path", FIT, ids=lambda p: p.name)
def test_pydicom_reads_what_we_write(path, tmp_path):
    """Our file meta before the data set as it is: the same object."""
    with open_object(path) as found:
        head = encode_file_meta(
            sop_class_uid=found.sop_class_uid,
            sop_instance_uid=found.sop_instance_uid,
            transfer_syntax_uid=found.transfer_syntax_uid,
            source_application_entity_title="SOURCE",
            sending_application_entity_title="SENDER",
            receiving_application_entity_title="RECEIVER",
        )
        copy = written(tmp_path, head + found.data())
        again = pydicom.dcmread(copy)
        assert Dataset(again) == Dataset(pydicom.dcmread(path, force=True))
        assert again.file_meta.FileMetaInformationVersion == b"\0\1"
        assert again.file_meta.MediaStorageSOPClassUID == found.sop_class_uid
        assert again.file_meta.MediaStorageSOPInstanceUID == found.sop_instance_uid
        assert again.file_meta.TransferSyntaxUID == found.transfer_syntax_uid
        assert again.file_meta.ImplementationClassUID == uids.IMPLEMENTATION_CLASS_UID
        assert again.file_meta.ImplementationVersionName == uids.IMPLEMENTATION_VERSION_NAME
        assert again.file_meta.SourceApplicationEntityTitle == "SOURCE"
        assert again.file_meta.SendingApplicationEntityTitle == "SENDER"
        assert again.file_meta.ReceivingApplicationEntityTitle == "RECEIVER"
        assert again.file_meta.FileMetaInformationGroupLength == len(head) - 144


@pytest.mark.parametrize("syntax", [IMPLICIT, EXPLICIT, BIG, DEFLATED])
@pytest.mark.parametrize("check", [True, False])
def test_we_read_what_pydicom_writes(syntax, check, tmp_path):
    ds = minimal()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = syntax
    path = tmp_path / "x.dcm"
    ds.save_as(path, enforce_file_format=True)
    with open_object(path, check=check) as found:
        assert found.transfer_syntax_uid == syntax
        assert found.sop_class_uid == ds.SOPClassUID
        assert found.sop_instance_uid == ds.SOPInstanceUID
        data = found.data()
    if syntax != DEFLATED:
        assert data == encoded(ds, syntax)
    assert data.endswith(path.read_bytes()[found.data_set_offset :])


# ---------------------------------------------------------------------------------- the file meta


def test_golden_file_meta():
    """PS3.10 Table 7.1-1, written out by hand."""
    expected = (
        bytes(128)
        + b"DICM"
        + b"\2\0\0\0UL\4\0\x66\0\0\0"  # 102 bytes follow
        + b"\2\0\1\0OB\0\0\2\0\0\0\0\1"
        + b"\2\0\2\0UI\4\0001.2\0"
        + b"\2\0\3\0UI\6\0001.2.34"
        + b"\2\0\x10\0UI\x12\0001.2.840.10008.1.2\0"
        + b"\2\0\x12\0UI\2\0009\0"
        + b"\2\0\x13\0SH\4\0ABC "
        + b"\2\0\x16\0AE\6\0PACS1 "
    )
    made = encode_file_meta(
        sop_class_uid="1.2",
        sop_instance_uid="1.2.34",
        transfer_syntax_uid=IMPLICIT,
        implementation_class_uid="9",
        implementation_version_name="ABC",
        source_application_entity_title=" PACS1",
    )
    assert made == expected


_printable = st.characters(min_codepoint=0x20, max_codepoint=0x7E, exclude_characters="\\")
_text = st.text(_printable, min_size=1, max_size=16).map(lambda s: s.strip(" ")).filter(bool)
_uid = st.from_regex(r"[0-9.]{1,64}", fullmatch=True)


@given(_uid, _uid, _uid, _uid, _text, _text)
def test_file_meta_round_trip(sop_class, instance, syntax, implementation, version, source):
    made = encode_file_meta(
        sop_class_uid=sop_class,
        sop_instance_uid=instance,
        transfer_syntax_uid=syntax,
        implementation_class_uid=implementation,
        implementation_version_name=version,
        source_application_entity_title=source,
    )
    assert len(made) % 2 == 0
    for tail in (b"", b"\x08\0\5\0CS\0\0"):
        data = made + tail
        window = Window("f", len(data), lambda at, n, data=data: data[at : at + n], 16)
        assert filemeta.decode_file_meta(window, 132, Findings("f")) == (
            filemeta.FileMeta(sop_class, instance, syntax, implementation, version, source),
            len(made),
        )


@pytest.mark.parametrize(
    "field",
    ["sop_class_uid", "sop_instance_uid", "transfer_syntax_uid", "implementation_class_uid"],
)
@pytest.mark.parametrize("uid", ["", "1." * 33, "x", "1.2\0"])
def test_uids_that_may_not_be_written(field, uid):
    good = {"sop_class_uid": "1", "sop_instance_uid": "2", "transfer_syntax_uid": "3"}
    with pytest.raises(InvalidValue) as caught:
        encode_file_meta(**{**good, field: uid})
    assert caught.value.where == field


@pytest.mark.parametrize("name", ["", "x" * 17, "a\\b", "\u00e4"])
def test_a_version_name_that_may_not_be_written(name):
    with pytest.raises(InvalidValue, match="implementation_version_name"):
        meta(implementation_version_name=name)


@pytest.mark.parametrize("title", ["", "   ", "x" * 17, "a\\b", "\u00c4RZTE", None])
def test_a_title_that_may_not_be_written_is_left_out(title):
    for field in ("source", "sending", "receiving"):
        assert meta(**{f"{field}_application_entity_title": title}) == meta()


def test_our_own_names_are_legal():
    assert uids.is_uid(uids.IMPLEMENTATION_CLASS_UID)
    assert 1 <= len(uids.IMPLEMENTATION_VERSION_NAME) <= 16


@pytest.mark.parametrize(
    ("uid", "legal", "sendable"),
    [
        ("1.2.840.10008.1.1", True, True),
        ("0", True, True),
        ("0.0", True, True),
        ("1.02", False, True),
        ("1..2", False, True),
        (".1", False, True),
        ("1" * 64, True, True),
        ("1" * 65, False, False),
        ("", False, False),
        ("1.a", False, False),
        ("1.2\n", False, False),
    ],
)
def test_the_grammar_of_uids(uid, legal, sendable):
    assert uids.is_uid(uid) is legal
    assert uids.is_sendable(uid) is sendable


# ------------------------------------------------------------------- file meta as it should not be


def replaced_group_length(data: bytes, length: bytes) -> bytes:
    assert data[132:140] == b"\2\0\0\0UL\4\0"
    return data[:140] + length + data[144:]


@pytest.mark.parametrize("change", ["wrong", "zero", "huge", "missing"])
def test_the_group_length_decides_nothing(change, tmp_path):
    head = meta()
    head = {
        "wrong": replaced_group_length(head, b"\5\0\0\0"),
        "zero": replaced_group_length(head, bytes(4)),
        "huge": replaced_group_length(head, b"\xff" * 4),
        "missing": head[:132] + head[144:],
    }[change]
    data = encoded(minimal(), EXPLICIT)
    with open_object(written(tmp_path, head + data)) as found:
        assert found.data_set_offset == len(head)
        assert found.data() == data


@pytest.mark.parametrize("syntax", [IMPLICIT, EXPLICIT, BIG])
@pytest.mark.parametrize("preamble", [b"", bytes(128) + b"DICM"])
def test_without_file_meta(syntax, preamble, tmp_path):
    data = encoded(minimal(), syntax)
    with open_object(written(tmp_path, preamble + data)) as found:
        assert not found.has_file_meta
        assert found.meta is None
        assert found.transfer_syntax_uid == syntax
        assert found.data_set_offset == len(preamble)
        assert found.sop_instance_uid == "1.2.3.4.5"
        assert found.data() == data


@pytest.mark.parametrize("syntax", [IMPLICIT, EXPLICIT, BIG])
def test_file_meta_without_a_preamble(syntax, tmp_path):
    data = encoded(minimal(), syntax)
    with open_object(written(tmp_path, meta(syntax)[132:] + data)) as found:
        assert found.has_file_meta
        assert found.transfer_syntax_uid == syntax
        assert found.data() == data


@pytest.mark.parametrize("syntax", [IMPLICIT, EXPLICIT, BIG])
def test_file_meta_without_a_transfer_syntax(syntax, tmp_path):
    head = meta(EXPLICIT)
    at = head.index(b"\2\0\x10\0UI")
    head = head[:at] + head[at + 8 + 20 :]
    with open_object(written(tmp_path, head + encoded(minimal(), syntax))) as found:
        assert found.has_file_meta
        assert found.transfer_syntax_uid == syntax
    fails(written(tmp_path, head + b"junk" * 10), InvalidFile)


@pytest.mark.parametrize("size", [bounds.MAXIMUM_META, 0xFFFFFFFF])
def test_file_meta_over_the_bound_is_refused_at_its_header(size, tmp_path, monkeypatch):
    huge = b"\2\0\2\1OB\0\0" + size.to_bytes(4, "little")
    path = written(tmp_path, meta() + huge + bytes(5000))
    os.truncate(path, 5 << 30)  # sparse: 5 GiB, so that even the largest length fits
    read = counted_reads(monkeypatch)
    assert "reaches past" in str(fails(path, InvalidFile))
    assert sum(read) <= 1 << 16


def test_much_file_meta_within_the_bound(tmp_path):
    private = b"\2\0\2\1OB\0\0" + (900_000).to_bytes(4, "little") + bytes(900_000)
    data = encoded(minimal(), EXPLICIT)
    with open_object(written(tmp_path, meta() + private + data)) as found:
        assert found.data() == data


def test_a_uid_of_file_meta_over_the_bound(tmp_path):
    long = b"\2\0\2\0UI\xd0\x07" + b"1" * 2000
    fails(
        written(tmp_path, bytes(128) + b"DICM" + long + encoded(minimal(), EXPLICIT)), InvalidFile
    )


def test_file_meta_without_vrs(tmp_path):
    """A radiotherapy product writes it; DCMTK and pydicom read it."""
    explicit = meta(EXPLICIT)
    implicit, at = b"", 132
    while at < len(explicit):
        size = 12 if explicit[at + 4 : at + 6] == b"OB" else 8
        length = int.from_bytes(explicit[at + 6 : at + 8], "little") if size == 8 else 2
        value = explicit[at + size : at + size + length]
        implicit += explicit[at : at + 4] + length.to_bytes(4, "little") + value
        at += size + length
    data = encoded(minimal(), EXPLICIT)
    with open_object(written(tmp_path, explicit[:132] + implicit + data)) as found:
        assert found.meta.implementation_version_name == uids.IMPLEMENTATION_VERSION_NAME
        assert found.data_set_offset == 132 + len(implicit)
        assert found.data() == data
        assert found.warnings == (
            "at byte 132: (0002,0000) has no VR, as if this were Implicit VR",
        )


@pytest.mark.parametrize("head", [b"??", b"--", b"ZZ", b"\0\0"])
def test_file_meta_with_a_vr_that_is_none(head, tmp_path):
    odd = b"\2\0\x13\0" + head + b"\4\0ABC "
    data = encoded(minimal(), EXPLICIT)
    with open_object(written(tmp_path, meta(EXPLICIT) + odd + data)) as found:
        assert found.data() == data
        (warning,) = found.warnings
        assert f"at byte {len(meta(EXPLICIT))}: (0002,0013) has the unknown VR" in warning


def test_file_meta_that_makes_no_sense(tmp_path):
    nonsense = b"\2\0\2\0??\xff\xff" + b"\1\2\3\4" * 4
    path = written(tmp_path, bytes(128) + b"DICM" + nonsense)
    assert "no VR that DICOM knows" in str(fails(path, InvalidFile))


@pytest.mark.parametrize("cut", [132, 133, 137, 140, 143, 150, 200, len(meta()) - 1, len(meta())])
def test_cut_in_the_file_meta_or_right_behind_it(cut, tmp_path):
    error = fails(written(tmp_path, meta()[:cut]), Truncated)
    assert error.size == cut
    assert error.offset + error.declared > cut


# ---------------------------------------------------------------------------------------- the UIDs


@pytest.mark.parametrize("syntax", [IMPLICIT, EXPLICIT, BIG, DEFLATED])
def test_the_data_sets_uids_win(syntax, tmp_path):
    ds = minimal()
    ds.SOPClassUID, ds.SOPInstanceUID = "1.5.1", "1.5.2"
    with open_object(written(tmp_path, meta(syntax) + encoded(ds, syntax))) as found:
        assert (found.sop_class_uid, found.sop_instance_uid) == ("1.5.1", "1.5.2")
        assert found.meta.media_storage_sop_instance_uid == "1.2.3.4.5"


@pytest.mark.parametrize("syntax", [IMPLICIT, EXPLICIT, BIG, DEFLATED])
@pytest.mark.parametrize("check", [True, False])
def test_the_file_metas_uids_stand_in(syntax, check, tmp_path):
    ds = minimal()
    del ds.SOPClassUID, ds.SOPInstanceUID
    path = written(tmp_path, meta(syntax) + encoded(ds, syntax))
    with open_object(path, check=check) as found:
        assert found.sop_class_uid == "1.2.840.10008.5.1.4.1.1.7"
        assert found.sop_instance_uid == "1.2.3.4.5"


def test_no_uid_anywhere(tmp_path):
    ds = minimal()
    del ds.SOPInstanceUID
    head = meta()
    at = head.index(b"\2\0\3\0UI")
    path = written(tmp_path, head[:at] + head[at + 8 + 10 :] + encoded(ds, EXPLICIT))
    assert "SOP Instance UID (0008,0018)" in str(fails(path, InvalidFile))


def test_a_uid_of_the_file_meta_that_is_none(tmp_path):
    ds = minimal()
    del ds.SOPInstanceUID
    head = meta().replace(b"1.2.3.4.5", b"1.2/3.4.5")
    fails(written(tmp_path, head + encoded(ds, EXPLICIT)), InvalidFile)


# ----------------------------------------------------------------------------------------- no DICOM


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"x",
        b"\x08\0",
        b"just a text, long enough to have a preamble and more " * 10,
        b"\x7fELF\2\1\1" + bytes(500),
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(500),
        b"\xff\xd8\xff\xe0\0\x10JFIF" + bytes(500),
        b"%PDF-1.7\n" + bytes(500),
        bytes(127),
        bytes(128),
        bytes(131),
        bytes(1000),
        bytes(128) + b"DIC",
        bytes(127) + b"DICM" + bytes(500),
        bytes(128) + b"dicm" + bytes(500),
        b"\2\0\0\0",
        b"\2\0\0\0\0\0\0\0" + bytes(100),
        b"\x08\0\5\0CS\x0a\0ISO_IR 100",
        b"\x08\0\x16\0UI\4\0text",
    ],
)
def test_content_that_is_not_dicom(content, tmp_path):
    error = fails(written(tmp_path, content), NotDICOM)
    assert error.why.endswith(("data set", "again"))


def test_junk_behind_the_prefix_is_a_broken_file(tmp_path):
    path = written(tmp_path, bytes(128) + b"DICM" + b"junk" * 20)
    assert "transfer syntax" in str(fails(path, InvalidFile))


def test_a_directory(tmp_path):
    assert "directory" in str(fails(tmp_path, NotDICOM))


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    assert "pipe" in str(fails(tmp_path / "pipe", NotDICOM))


def test_a_missing_file(tmp_path):
    error = fails(tmp_path / "nothing.dcm", Unreadable)
    assert "No such file" in str(error)
    assert isinstance(error.__cause__, FileNotFoundError)


def test_a_name_that_no_file_can_have_is_unreadable():
    with pytest.raises(Unreadable, match="embedded null byte"):
        examine("a\0b")


def test_a_file_that_cannot_be_read(tmp_path, monkeypatch):
    path = written(tmp_path, meta() + encoded(minimal(), EXPLICIT))

    def broken(*_):
        raise OSError(5, "Input/output error")

    before = open_descriptors()
    monkeypatch.setattr(os, "pread", broken)
    assert "Input/output error" in str(fails(path, Unreadable))
    monkeypatch.undo()
    assert open_descriptors() == before


def open_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


# ---------------------------------------------------------------------------------------- truncation


@pytest.mark.parametrize("syntax", [IMPLICIT, EXPLICIT, BIG])
def test_a_truncated_file_is_found_before_it_is_sent(syntax, tmp_path):
    data = meta(syntax) + encoded(minimal(), syntax)
    path = written(tmp_path, data[:-1])
    error = fails(path, Truncated)
    assert error.size == len(data) - 1
    assert error.offset + error.declared == len(data)
    path = written(tmp_path, data[:-2])
    with open_object(path, check=False) as found:  # whoever doesn't ask isn't told
        assert found.data_set_length == len(data) - 2 - len(meta(syntax))


@pytest.mark.parametrize("count", [1, 2, 511, 512])
def test_padding_of_the_file_is_not_sent(count, tmp_path):
    data = encoded(minimal(), EXPLICIT)
    with open_object(written(tmp_path, meta() + data + bytes(count))) as found:
        assert found.data_set_length == len(data)
        assert found.data() == data


@pytest.mark.parametrize("extra", [b"\0\0\0\1US\2\0\1\0", b"\2\0\x10\0UI\4\0001.2\0"])
def test_command_and_meta_groups_are_left_out(extra, tmp_path):
    data = encoded(minimal(), EXPLICIT)
    uids_end = data.index(b"\x10\0\x10\0")
    for at in (0, uids_end, len(data)):
        path = written(tmp_path, meta() + data[:at] + extra + data[at:])
        found = Opened(path)
        assert found.data() == data
        if at or extra[0] == 0:  # else it is read as the last of the file meta
            (warning,) = found.warnings
            assert f"at byte {len(meta()) + at}: (000{extra[0]},0" in warning


def test_a_stray_element_does_not_change_the_file_meta(tmp_path):
    stray = b"\2\0\x10\0UI\x14\0" + BIG.encode() + b"\0"
    data = encoded(minimal(), EXPLICIT)
    with open_object(written(tmp_path, meta(EXPLICIT) + stray + data)) as found:
        assert found.transfer_syntax_uid == EXPLICIT
        assert found.data() == data


def test_nothing_but_file_meta(tmp_path):
    fails(written(tmp_path, meta() + bytes(512)), InvalidFile)
    fails(written(tmp_path, meta()), Truncated)


@pytest.mark.parametrize("syntax", [IMPLICIT, EXPLICIT, BIG])
@pytest.mark.parametrize("said", [IMPLICIT, EXPLICIT, BIG])
def test_a_data_set_in_another_syntax_than_said(syntax, said, tmp_path):
    """pydicom reads it as what it is; DCMTK does not."""
    data = encoded(minimal(), syntax)
    with open_object(written(tmp_path, meta(said) + data)) as found:
        assert found.transfer_syntax_uid == syntax
        assert found.data() == data
        assert len(found.warnings) == (said != syntax)


# ----------------------------------------------------------------------------------------- deflated


def test_a_deflated_data_set(tmp_path):
    data = encoded(minimal(), DEFLATED)
    for whole in (data + bytes(len(data) % 2), data + bytes(1 - len(data) % 2)):
        with open_object(written(tmp_path, meta(DEFLATED) + whole)) as found:
            assert found.data_set_length == len(whole)
        for step in (1, 7, 1000):
            # PS3.5 A.5: one NUL behind a stream of odd length. It is not in the file.
            assert data_set_of(tmp_path / "x.dcm", size=step) == whole + bytes(len(whole) % 2)


def test_only_the_head_of_a_deflated_data_set_is_inflated(tmp_path):
    ds = minimal()
    ds.PixelData = bytes(50_000_000)
    with open_object(written(tmp_path, meta(DEFLATED) + encoded(ds, DEFLATED))) as found:
        assert found.sop_instance_uid == "1.2.3.4.5"


def test_uids_behind_the_inflated_head(tmp_path):
    """A value longer than the head stands before them: the file meta's are taken."""
    data = b"\x08\0\1\0UT\0\0" + (1 << 20).to_bytes(4, "little") + bytes(1 << 20)
    deflater = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    ds = minimal()
    ds.SOPInstanceUID = "9.9"
    stream = deflater.compress(data + encoded(ds, EXPLICIT)) + deflater.flush()
    with open_object(written(tmp_path, meta(DEFLATED) + stream)) as found:
        assert found.sop_instance_uid == "1.2.3.4.5"


def test_a_deflated_data_set_that_is_none(tmp_path):
    path = written(tmp_path, meta(DEFLATED) + encoded(minimal(), EXPLICIT))
    assert "deflate" in str(fails(path, InvalidFile))


# -------------------------------------------------------------------------------------------- files


def test_nothing_stays_open(tmp_path):
    good = written(tmp_path, meta() + encoded(minimal(), EXPLICIT))
    bad = written(tmp_path, meta() + encoded(minimal(), EXPLICIT)[:-1], "bad.dcm")
    before = open_descriptors()
    examine(good)
    fails(bad, Truncated)
    fails(tmp_path, NotDICOM)
    assert open_descriptors() == before


# ------------------------------------------------------------------------------------------- bounds


def counted_reads(monkeypatch) -> list[int]:
    """The sizes of all reads of files to come."""
    sizes, real = [], os.pread

    def pread(fd, count, at):
        data = real(fd, count, at)
        sizes.append(len(data))
        return data

    monkeypatch.setattr(os, "pread", pread)
    return sizes


@pytest.mark.parametrize("name", ["CT_small.dcm", "MR_small_implicit.dcm", "JPEG2000.dcm"])
def test_a_small_file_costs_one_read(name, monkeypatch):
    read = counted_reads(monkeypatch)
    with open_object(DATA / "test_files" / name):
        assert len(read) == 1


def test_a_large_file_costs_its_headers(tmp_path, monkeypatch):
    head = meta() + encoded(minimal(), EXPLICIT)[: -64 - 12]
    size = 3 << 30
    pixels = b"\xe0\x7f\x10\0OW\0\0" + size.to_bytes(4, "little")
    path = written(tmp_path, head + pixels)
    os.truncate(path, len(head) + 12 + size)  # sparse
    read = counted_reads(monkeypatch)
    with open_object(path) as found:
        assert found.data_set_length == found.size - len(meta())
    assert sum(read) <= 1 << 16
    os.truncate(path, len(head) + 11 + size)
    assert fails(path, Truncated).declared == size + 12


# ---------------------------------------------------------------------------------------- any bytes


def opened(path, check) -> None:
    """An object that is consistent in itself, or a Part10Error."""
    before = open_descriptors()
    with contextlib.suppress(Part10Error):
        with open_object(path, check=check) as found:
            assert 0 <= found.data_set_offset < found.size
            assert found.data_set_offset + found.data_set_length <= found.size
            assert uids.is_sendable(found.sop_class_uid)
            assert uids.is_sendable(found.sop_instance_uid)
            if check:
                assert len(found.data()) % 2 == 0
    assert open_descriptors() == before


FUZZ = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


@FUZZ
@given(st.binary(max_size=400), st.sampled_from([0, 1, 2, 3]), st.booleans())
def test_any_bytes_give_an_object_or_a_typed_error(tmp_path, data, prefix, check):
    head = [b"", bytes(128) + b"DICM", meta(), meta(DEFLATED)][prefix]
    opened(written(tmp_path, head + data), check)


SMALL = [p for p in FIT if p.stat().st_size < 6000]


@FUZZ
@given(st.sampled_from(SMALL), st.booleans(), st.data())
def test_a_damaged_file_gives_an_object_or_a_typed_error(tmp_path, path, check, data):
    damaged = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(0, 5))):
        at = data.draw(st.integers(0, min(len(damaged) - 1, 2000)))
        damaged[at] = data.draw(st.integers(0, 255))
    if data.draw(st.booleans()):
        del damaged[data.draw(st.integers(0, len(damaged))) :]
    opened(written(tmp_path, bytes(damaged)), check)
