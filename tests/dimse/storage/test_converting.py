"""Files in another transfer syntax than the one that was received."""

from __future__ import annotations

import errno
import struct

import pydicom
import pytest
from asked import store_request
from tests_datasets import BIG, DEFLATED, EXPLICIT, IMPLICIT, INSTANCE, Seq, encode, identity

from dimse.errors import CannotUnderstand, SpoolError
from dimse.storage.converting import WriteAs
from dimse.storage.spool import Spool

ELEMENTS = [
    *identity(),
    (0x00081140, "SQ", Seq([[(0x00081155, "UI", b"1.2.3\0")]], undefined=True)),
    (0x00100010, "PN", b"Doe^Peter "),
    (0x00280010, "US", struct.pack("<H", 2)),
    (0x7FE00010, "OW", bytes(range(8)) * 5000),
]
JPEG = "1.2.840.10008.1.2.4.50"


def store(spool, data, syntax, step=10_000):
    request = store_request(syntax=syntax)
    sink = spool.open(request)
    for at in range(0, len(data), step):
        sink.write([memoryview(data)[at : at + step]])
    try:
        return request.having(sink.commit())
    finally:
        sink.discard()


def names(directory):
    return sorted(path.name for path in directory.iterdir())


@pytest.mark.parametrize("came", [IMPLICIT, EXPLICIT, BIG])
@pytest.mark.parametrize("written", [IMPLICIT, EXPLICIT, BIG, DEFLATED])
def test_from_each_into_each(tmp_path, came, written):
    with Spool(tmp_path, write_as=WriteAs(written)) as spool:
        request = store(spool, encode(ELEMENTS, came), came)
    assert names(tmp_path) == [f"CT.{INSTANCE}"]
    stored = pydicom.dcmread(request.path)
    assert stored.file_meta.TransferSyntaxUID == written
    assert stored == pydicom.dcmread(request.path)
    if written != DEFLATED:
        assert request.data == encode(ELEMENTS, written)
    # A handler gets the object as it is stored.
    found = request.dataset()
    assert found.file_meta.TransferSyntaxUID == written
    assert (found.PatientName, found.Rows) == ("Doe^Peter", 2)


def test_what_has_the_syntax_or_is_compressed_stays_as_it_is(tmp_path):
    data = encode([*identity(), (0x00100020, "LO", b"ID")], EXPLICIT)
    for syntax in (EXPLICIT, JPEG):
        with Spool(tmp_path, write_as=WriteAs(EXPLICIT)) as spool:
            request = store(spool, data, syntax)
        assert request.data == data
        assert pydicom.dcmread(request.path).file_meta.TransferSyntaxUID == syntax


def test_how_hard_it_tries(tmp_path):
    sizes = []
    for level in (0, 9):
        with Spool(tmp_path, write_as=WriteAs(DEFLATED, level)) as spool:
            sizes.append(len(store(spool, encode(ELEMENTS, EXPLICIT), EXPLICIT).data))
    assert sizes[1] < 1000 < 40_000 < sizes[0]


def test_without_file_meta(tmp_path):
    with Spool(tmp_path, write_as=WriteAs(BIG), file_meta=False) as spool:
        path = store(spool, encode(ELEMENTS, EXPLICIT), EXPLICIT).path
    assert path.read_bytes() == encode(ELEMENTS, BIG)


def test_the_same_once_more(tmp_path):
    told = []
    with Spool(
        tmp_path, write_as=WriteAs(BIG), existing="compare", told=lambda *it: told.append(it)
    ) as spool:
        path = store(spool, encode(ELEMENTS, EXPLICIT), EXPLICIT).path
        store(spool, encode(ELEMENTS, IMPLICIT), IMPLICIT)
    assert told == [(path, "identical")]


def test_what_is_damaged_is_refused(tmp_path):
    with (
        Spool(tmp_path, write_as=WriteAs(BIG), check=False) as spool,
        pytest.raises(CannotUnderstand),
    ):
        store(spool, encode(ELEMENTS, EXPLICIT)[:-10], EXPLICIT)
    assert names(tmp_path) == []


def test_no_room_for_the_second_file(tmp_path, monkeypatch):
    from dimse.storage import spool as module

    with Spool(tmp_path, write_as=WriteAs(BIG)) as spool:
        real, written = module.os.writev, []

        def writev(fd, views):
            written.append(fd)
            if len(set(written)) > 1:
                raise OSError(errno.ENOSPC, "No space left on device")
            return real(fd, views)

        monkeypatch.setattr(module.os, "writev", writev)
        with pytest.raises(SpoolError) as caught:
            store(spool, encode(ELEMENTS, EXPLICIT), EXPLICIT)
        assert caught.value.no_space
    assert names(tmp_path) == []


def test_only_uncompressed_ones():
    with pytest.raises(ValueError, match="no uncompressed"):
        WriteAs(JPEG)
