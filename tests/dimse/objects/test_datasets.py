"""pydicom data sets: named by their UIDs, sent with even lengths, refused in words about them."""

from __future__ import annotations

import os

import hypothesis.strategies as st
import pydicom
import pytest
from hypothesis import given, settings
from pydicom.dataset import Dataset, FileMetaDataset
from tests_datasets import BIG, DEFLATED, EXPLICIT, IMPLICIT, elements_of, read_all

from dimse.errors import CannotEncode, CannotTranscode
from dimse.objects import encode as encoding
from dimse.objects.outgoing import examine
from dimse.tables.transfer_syntaxes import UNCOMPRESSED

CT = "1.2.840.10008.5.1.4.1.1.2"
JPEG2000 = "1.2.840.10008.1.2.4.90"
NAME = "data set 1.2.3 (CT Image Storage)"


def data_set(syntax=None):
    ds = Dataset()
    ds.SOPClassUID, ds.SOPInstanceUID, ds.PatientName = CT, "1.2.3", "Test^Synthetic"
    if syntax is not None:
        ds.file_meta = FileMetaDataset()
        ds.file_meta.TransferSyntaxUID = syntax
    return ds


def sent(ds, syntax=None) -> bytes:
    item = examine(ds)
    source = item.open(syntax or item.transfer_syntax_uid)
    data = read_all(source)
    source.finish()
    source.close()
    source.close()
    return data


def test_it_is_named_by_its_uid():
    item = examine(data_set())
    assert (item.file, item.name, item.length, item.warnings) == (None, NAME, 0, ())
    assert item.transfer_syntax_uid == EXPLICIT
    other = data_set(IMPLICIT)
    other.SOPClassUID = "1.2.99"
    assert examine(other).name == "data set 1.2.3 (SOP class 1.2.99)"
    assert examine(other).transfer_syntax_uid == IMPLICIT


@pytest.mark.parametrize("own", [EXPLICIT, IMPLICIT, BIG, DEFLATED])
@pytest.mark.parametrize("to", [EXPLICIT, IMPLICIT, BIG, DEFLATED])
def test_it_is_sent_in_every_syntax(own, to, tmp_path):
    data = sent(data_set(own), to)
    path = tmp_path / "x.dcm"
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = pydicom.uid.UID(to)
    with path.open("wb") as file:
        pydicom.filewriter.write_file_meta_info(
            pydicom.filebase.DicomFileLike(file), meta, enforce_standard=False
        )
        file.write(data)
    read = pydicom.dcmread(path, force=True)
    assert Dataset(read) == Dataset(data_set())


@pytest.mark.parametrize("unused", range(3))
def test_no_temporary_file_for_what_is_small(unused, monkeypatch):
    def none(*_, **__):
        raise AssertionError("a temporary file")

    monkeypatch.setattr("tempfile.TemporaryFile", none)
    monkeypatch.setattr("tempfile._TemporaryFileWrapper", none)
    monkeypatch.setattr("tempfile.NamedTemporaryFile", none)
    assert sent(data_set(), IMPLICIT)


def test_a_large_one_goes_to_a_temporary_file(monkeypatch):
    monkeypatch.setattr(encoding, "SCRATCH", 1000)
    ds = data_set()
    ds.PixelData, ds["PixelData"].VR = bytes(range(256)) * 40, "OW"
    item = examine(ds)
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208
    source = item.open(EXPLICIT)
    assert len(os.listdir("/proc/self/fd")) == before + 1  # noqa: PTH208
    assert read_all(source).endswith(ds.PixelData)
    source.close()
    assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208


# --------------------------------------------------------------------------------------- odd values


@settings(deadline=None)
@given(
    st.lists(st.binary(max_size=5), max_size=3),
    st.lists(st.binary(max_size=5), max_size=3),
    st.sampled_from(UNCOMPRESSED),
    st.sampled_from(UNCOMPRESSED),
)
def test_odd_values_are_padded_however_they_hide(values, nested, own, to):
    """PS3.5 7.1: also where two of them make the whole even, and in sequences."""

    def fill(ds, contents):
        block = ds.private_block(0x11, "TEST", create=True)
        for number, value in enumerate(contents):
            block.add_new(number, "UN", value)

    ds, item = data_set(own), Dataset()
    fill(ds, values)
    fill(item, nested)
    ds.ReferencedImageSequence = [item]
    data = sent(ds, to)
    assert len(data) % 2 == 0
    if to != DEFLATED:
        elements_of(data, to)


def test_odd_fragments_are_padded():
    ds = data_set(JPEG2000)
    ds.PixelData = pydicom.encaps.encapsulate([b"1234", b"12"]).replace(
        b"\2\0\0\0" + b"12", b"\3\0\0\0" + b"123"
    )
    ds["PixelData"].is_undefined_length = True
    data = sent(ds)
    assert data.endswith(b"\4\0\0\x00123\0\xfe\xff\xdd\xe0\0\0\0\0")


# ------------------------------------------------------------------------- what is wrong with them


def test_what_has_no_business_there_is_left_out():
    ds = data_set()
    ds.add_new(0x00020010, "UI", "1.2")
    ds.add_new(0x00000002, "UI", "1.2")
    item = examine(ds)
    assert item.warnings == (
        "(0002,0010) has no business in a data set; left out",
        "(0000,0002) has no business in a data set; left out",
    )
    assert sent(ds) == sent(data_set())
    assert 0x00020010 in ds  # the user's own is not touched
    with pytest.raises(CannotEncode, match=r"\(0002,0010\)"):
        examine(ds, strict=True)


@pytest.mark.parametrize("keyword", ["SOPClassUID", "SOPInstanceUID"])
@pytest.mark.parametrize("value", [None, "", "1.2/3"])
@pytest.mark.filterwarnings("ignore")
def test_without_uids_it_cannot_be_stored(keyword, value):
    ds = data_set()
    setattr(ds, keyword, value)
    with pytest.raises(CannotEncode, match=keyword[:3]) as caught:
        examine(ds)
    assert caught.value.name.startswith("data set ")


@pytest.mark.filterwarnings("ignore")
def test_what_cannot_be_encoded_is_said_of_the_data_set():
    wrong = data_set()
    wrong.add_new(0x00280010, "US", "no number")
    unclosed = data_set(JPEG2000)
    unclosed.PixelData = b"\xfe\xff\x00\xe0\x10\0\0\0ab"
    unknown = data_set("1.2.3.4")
    for ds in (wrong, unclosed, unknown):
        item = examine(ds)
        with pytest.raises(CannotEncode) as caught:
            item.open(item.transfer_syntax_uid)
        assert str(caught.value).startswith(f"{NAME}: can't be sent: ")
        assert "/tmp" not in str(caught.value)
        assert caught.value.name == NAME
    compressed = data_set(JPEG2000)
    compressed.PixelData = pydicom.encaps.encapsulate([b"1234"])
    with pytest.raises(CannotTranscode, match="uncompressed") as refused:
        examine(compressed).open(EXPLICIT)
    assert str(refused.value).startswith(NAME)
