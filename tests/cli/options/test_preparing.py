"""What is changed while sending, as somebody at the command line sees it; the receiver is ours."""

from __future__ import annotations

import io
import os
import sys
import zipfile
from pathlib import Path

import pydicom
import pytest

from cli import storescu
from dimse.server import Server
from dimse.storage.spool import Spool
from dimse.support import storage_support

DICOM = Path(__file__).parents[3] / "fixtures" / "dicom"
CT, MR, RLE = DICOM / "ct-explicit.dcm", DICOM / "mr-explicit.dcm", DICOM / "mr-rle.dcm"
JPEG = DICOM / "us-multiframe-jpeg-baseline.dcm"


@pytest.fixture
def sent(tmp_path, capsys):
    """Run storescu; its exit code, what it says, and the objects that arrived."""
    received = tmp_path / "received"
    received.mkdir()
    support = storage_support(transfer_syntaxes=["1.2.840.10008.1.2.1", "1.2.840.10008.1.2"])
    with Spool(received) as spool, Server(spool.open, host="127.0.0.1", support=support) as server:

        def run(*arguments):
            code = storescu.main(["127.0.0.1", str(server.address[1]), *map(str, arguments)])
            objects = [pydicom.dcmread(path) for path in sorted(received.iterdir())]
            return code, capsys.readouterr().err, objects

        yield run


def test_set_and_remove(sent):
    code, said, [own] = sent(
        "--set", "PatientID=0815", "--remove", "PatientName", "--set", "0010,4000=a=b", CT
    )
    assert (code, said) == (0, "")
    assert (own.PatientID, own.PatientComments) == ("0815", "a=b")
    assert "PatientName" not in own


def test_vrs_of_before_1993(sent):
    code, said, [own] = sent(
        "-u", "--set", "OtherPatientIDsSequence=", "--set", "LongCodeValue=x", CT
    )
    assert (code, said) == (0, "")
    assert own["LongCodeValue"].VR == "OB"
    assert own.PixelData == pydicom.dcmread(CT).PixelData


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["--set", "PatientID"], "give TAG=VALUE"),
        (["--set", "NoKeyword=1"], "is no keyword"),
        (["--remove", "SOPInstanceUID"], "can't be left out"),
        (["--uid-suffix", "x"], "digits"),
        (["--uid-suffix", "1", "+II"], "--invent-instance not allowed with --uid-suffix"),
        (["+cl", "10"], "overflow"),
        (["--send-unproven", "--strict"], "not allowed with"),
    ],
)
def test_what_is_no_change_is_said_before_anything_is_sent(sent, arguments, why):
    code, said, objects = sent(*arguments, CT)
    assert (code, objects) == (1, [])
    assert why in said


def test_made_up_identifiers_for_each_copy(sent):
    code, _, objects = sent("+IR", "2", "--repeat", "3", CT)
    assert code == 0
    assert len({each.SOPInstanceUID for each in objects}) == 3
    assert len({each.SeriesInstanceUID for each in objects}) == 2
    assert all(each.PatientName.family_name == "OFFIS" for each in objects)


def test_a_suffix_for_load_tests(sent):
    code, _, objects = sent("--uid-suffix", "9", "--repeat", "2", CT)
    own = pydicom.dcmread(CT).SOPInstanceUID
    assert (code, {each.SOPInstanceUID for each in objects}) == (0, {f"{own}.9", f"{own}.9.1"})


def test_a_compressed_file_never_fails_silently(sent):
    pytest.importorskip("pylibjpeg", reason="needs the codecs")
    code, said, objects = sent("-nh", RLE, JPEG)
    assert code != 0
    assert [each.SOPInstanceUID for each in objects] == [pydicom.dcmread(RLE).SOPInstanceUID]
    for part in (str(JPEG), "JPEG Baseline", "Explicit VR Little Endian", "--decompress-lossy"):
        assert part in said
    code, said, objects = sent("+dly", JPEG)
    assert (code, said, len(objects)) == (0, "", 2)
    code, said, _ = sent("-dn", RLE)
    assert code != 0
    assert "--decompress-never" in said


def test_what_is_cut_off(sent, tmp_path):
    path = tmp_path / "cut.dcm"
    path.write_bytes(CT.read_bytes()[:-100])
    code, said, _ = sent(path)
    assert code == 1
    assert "truncated" in said
    code, said, _ = sent("--send-unproven", path)
    assert f"W: {path}: it can't be told that this is whole; sent all the same" in said
    assert code != 0  # ours as a receiver refuses what is cut off


def test_which_decoders_there_are(capsys):
    assert storescu.main(["--list-decoders"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert any("RLE Lossless" in line and "lossless" in line for line in lines)
    assert any("JPEG Baseline" in line and "lossy" in line for line in lines)


@pytest.mark.parametrize(("end", "more"), [(b"\n", []), (b"\0", ["--null"])])
def test_a_list_of_files(sent, tmp_path, monkeypatch, end, more):
    path = tmp_path / "list"
    path.write_bytes(os.fsencode(CT) + end + os.fsencode(MR) + end)
    code, _, objects = sent("--files-from", path, *more)
    assert (code, len(objects)) == (0, 2)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(os.fsencode(RLE) + end)))
    code, _, objects = sent("--files-from", "-", *more, CT)
    assert (code, len(objects)) == (0, 3)


def test_no_files_at_all_or_a_list_that_is_not_there(sent, tmp_path):
    assert sent()[:2][0] == 1
    code, said, _ = sent("--files-from", tmp_path / "none")
    assert code == 1
    assert "cannot read the list of files" in said


def test_archives_in_directories_and_a_dicomdir(sent, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    with zipfile.ZipFile(folder / "a.zip", "w") as archive:
        archive.write(CT, "ct.dcm")
    code, _, objects = sent("+sd", "--archives", folder)
    assert (code, len(objects)) == (0, 1)
    sample = Path(pydicom.__file__).parent / "data" / "test_files" / "dicomdirtests"
    code, said, objects = sent("-nh", "-R", "+rd", sample / "DICOMDIR")
    assert len(objects) > 20, said
