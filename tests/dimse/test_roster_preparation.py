"""Objects that are changed on their way, through both faces: command, data set and receiver agree."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pydicom
import pytest
from test_faces import Asyncio, Blocking

from dimse.errors import CannotTranscode
from dimse.objects.codecs import Decompress
from dimse.objects.edit import ElementChange
from dimse.objects.invention import Invention
from dimse.objects.prepare import Preparation
from dimse.server import Server
from dimse.storage.spool import Spool
from dimse.support import storage_support

FIXTURES = Path(__file__).parent.parent.parent / "fixtures" / "dicom"
CT, RLE = FIXTURES / "ct-explicit.dcm", FIXTURES / "mr-rle.dcm"
JPEG = FIXTURES / "us-multiframe-jpeg-baseline.dcm"
UNCOMPRESSED = ["1.2.840.10008.1.2.1", "1.2.840.10008.1.2"]


@pytest.fixture
def received(tmp_path: Path) -> Path:
    return tmp_path / "received"


@pytest.fixture
def port(received: Path) -> Iterator[int]:
    """A server that stores anything uncompressed."""
    received.mkdir()
    support = storage_support(transfer_syntaxes=UNCOMPRESSED)
    with Spool(received) as spool, Server(spool.open, host="127.0.0.1", support=support) as server:
        yield server.address[1]


@pytest.fixture(params=[Blocking, Asyncio])
def send(request, port):
    def run(items, **settings):
        return request.param(port).store(items, **settings)

    return run


def stored(received: Path):
    return [pydicom.dcmread(path) for path in sorted(received.iterdir())]


def test_elements_are_set_and_removed_in_what_arrives(send, received):
    changes = [
        ElementChange.parse("PatientID", "0815"),
        ElementChange.parse("SOPInstanceUID", "1.2.3.4"),
        ElementChange.parse("PatientName", None),
    ]
    [outcome] = send([CT], preparation=Preparation(changes=changes))
    [own] = stored(received)
    assert (outcome.stored, outcome.sop_instance_uid) == (True, "1.2.3.4")
    assert own.file_meta.MediaStorageSOPInstanceUID == own.SOPInstanceUID == "1.2.3.4"
    assert own.PatientID == "0815"
    assert "PatientName" not in own
    before = pydicom.dcmread(CT)
    assert own.PixelData == before.PixelData


def test_each_copy_has_identifiers_of_its_own(send, received):
    preparation = Preparation(invention=Invention(run="9", instances=2))
    outcomes = send([CT, RLE], preparation=preparation, repeat=2)
    own = stored(received)
    assert [outcome.stored for outcome in outcomes] == [True] * 4
    assert {each.SOPInstanceUID for each in own} == {o.sop_instance_uid for o in outcomes}
    assert len({each.SOPInstanceUID for each in own}) == 4
    assert len({each.SeriesInstanceUID for each in own}) == 2
    assert {each.PatientID for each in own} == {"PID_90"}


def test_repetitions_with_a_suffix_are_studies_of_their_own(send, received):
    send([CT], preparation=Preparation(uid_suffix="7"), repeat=3)
    own, before = stored(received), pydicom.dcmread(CT)
    ends = [".7", ".7.1", ".7.2"]
    for uid in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"):
        assert sorted(each[uid].value for each in own) == [before[uid].value + end for end in ends]


def test_what_the_peer_does_not_take_is_decompressed(send, received):
    pytest.importorskip("pylibjpeg", reason="needs the codecs")
    refused, stored_one = send([JPEG, RLE])
    assert isinstance(refused.error, CannotTranscode)
    assert "only --decompress-lossy" in str(refused.error)
    assert str(JPEG) in str(refused.error)
    assert "Explicit VR Little Endian" in str(refused.error)
    assert stored_one.stored
    assert stored_one.transfer_syntax_uid == UNCOMPRESSED[0]
    both = send([JPEG, RLE], preparation=Preparation(decompress=Decompress.LOSSY))
    assert all(outcome.stored for outcome in both)
    pixels = {each.SOPInstanceUID: each.pixel_array for each in stored(received)}
    for path in (JPEG, RLE):
        before = pydicom.dcmread(path)
        assert (pixels[before.SOPInstanceUID] == before.pixel_array).all()


def test_nothing_is_decompressed_that_is_not_to_be(send, received):
    [refused] = send([RLE], preparation=Preparation(decompress=Decompress.NEVER))
    assert "--decompress-never" in str(refused.error)
    assert stored(received) == []


def test_what_is_cut_off_arrives_if_it_was_to_be_sent_all_the_same(send, received, tmp_path):
    shutil.copy(CT, tmp_path / "cut.dcm")
    whole = CT.read_bytes()
    (tmp_path / "cut.dcm").write_bytes(whole[:-1000])
    [refused] = send([tmp_path / "cut.dcm"])
    assert "truncated" in str(refused.error)
    [sent] = send([tmp_path / "cut.dcm"], preparation=Preparation(unproven=True))
    # What a receiver makes of it is its own business: ours refuses what is cut off.
    assert (sent.status, stored(received)) == (0xC000, [])
