"""A received data set that is cut off is refused, wherever it is cut (PS3.4 B.2.3, Cxxx)."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import pytest
from asked import store_request

from dimse.errors import CannotUnderstand, SpoolError
from dimse.storage.checked import HEAD, Checked
from dimse.storage.sink import Discard
from dimse.storage.spool import Spool

CT, UID = "1.2.840.10008.5.1.4.1.1.2", "1.2.3"
EXPLICIT, DEFLATED = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.1.99"


def element(group: int, number: int, vr: bytes, value: bytes) -> bytes:
    value += b"\0" * (len(value) % 2)
    if vr in {b"OW", b"OB"}:
        return struct.pack("<HH2sHI", group, number, vr, 0, len(value)) + value
    return struct.pack("<HH2sH", group, number, vr, len(value)) + value


def data_set(pixels: int) -> bytes:
    return (
        element(8, 0x16, b"UI", CT.encode())
        + element(8, 0x18, b"UI", UID.encode())
        + element(0x7FE0, 0x10, b"OW", bytes(pixels))
        + element(0x7FE1, 0x10, b"LO", b"behind the pixels")
    )


def store(spool: Spool, content: bytes) -> Any:
    sink = spool.open(store_request(CT, UID, EXPLICIT))
    for at in range(0, len(content), 10_000):
        sink.write([memoryview(content[at : at + 10_000])])
    return sink.commit()


@pytest.mark.parametrize("pixels", [100, HEAD, 10 * HEAD])
def test_a_whole_one_is_stored_and_a_cut_one_is_not(tmp_path: Path, pixels: int) -> None:
    whole = data_set(pixels)
    with Spool(tmp_path) as spool:
        for cut in (2, 20, 30, pixels // 2):
            with pytest.raises(CannotUnderstand, match="can't be read: truncated"):
                store(spool, whole[:-cut])
            assert not list(tmp_path.iterdir())
        path = store(spool, whole)
    assert path is not None
    assert path.read_bytes().endswith(whole)


def test_a_sink_that_cannot_be_read_back_is_judged_by_its_head() -> None:
    sink = Checked(Discard(), CT, UID, EXPLICIT)
    sink.write([memoryview(data_set(2 * HEAD)[:-20])])
    sink.commit()


def test_a_full_disk_is_told_as_that_and_not_as_damage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    with Spool(tmp_path) as spool:
        sink = spool.open(store_request(CT, UID, EXPLICIT))
        monkeypatch.setattr("os.writev", full)
        sink.write([memoryview(data_set(2 * HEAD))])
        with pytest.raises(SpoolError, match="No space left"):
            sink.commit()
    assert not list(tmp_path.iterdir())
