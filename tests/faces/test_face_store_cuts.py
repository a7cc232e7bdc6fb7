"""A storage SCP of either face whose requestor vanishes in mid-object leaves no file behind.

And an object that was stored before under the same name stays as it was.
"""

from __future__ import annotations

import queue
import struct
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import rawpeer
from faces import Face
from rawpeer import RawPeer, abort, associate_rq, pdata

from dimse.provider import Provider
from dimse.scp import conversation_for
from dimse.storage.spool import Spool
from dimse.support import storage_support
from dul.association import Association
from dul.conversations import Conversation

SC_STORAGE = "1.2.840.10008.5.1.4.1.1.7"
INSTANCE = "1.2.826.0.1.3680043.2.1125.99.1"


def element(group: int, number: int, value: bytes) -> bytes:
    """Implicit VR Little Endian."""
    return struct.pack("<HHI", group, number, len(value)) + value


def uid(value: str) -> bytes:
    return value.encode() + b"\0" * (len(value) % 2)


def store_request() -> bytes:
    """A C-STORE-RQ command set (PS3.7 Table 9.3-1)."""
    elements = b"".join(
        (
            element(0, 0x0002, uid(SC_STORAGE)),
            element(0, 0x0100, struct.pack("<H", 0x0001)),
            element(0, 0x0110, struct.pack("<H", 1)),
            element(0, 0x0700, struct.pack("<H", 0)),
            element(0, 0x0800, struct.pack("<H", 0x0000)),
            element(0, 0x1000, uid(INSTANCE)),
        )
    )
    return element(0, 0x0000, struct.pack("<I", len(elements))) + elements


def data_set(pixels: bytes) -> bytes:
    return (
        element(0x0008, 0x0016, uid(SC_STORAGE))
        + element(0x0008, 0x0018, uid(INSTANCE))
        + element(0x7FE0, 0x0010, pixels)
    )


def message(pixels: bytes) -> list[bytes]:
    data = data_set(pixels)
    third = len(data) // 3
    return [
        pdata(store_request(), rawpeer.COMMAND_LAST),
        pdata(data[:third], rawpeer.DATA),
        pdata(data[third : 2 * third], rawpeer.DATA),
        pdata(data[2 * third :]),
    ]


class Ends:
    """The storage SCP's conversation, and a queue of how each of them ended."""

    def __init__(self, spool: Spool) -> None:
        provider = Provider(support=storage_support(), open_sink=spool.open)
        self._serve = conversation_for(provider, threading.Lock())
        self._ends: queue.Queue[BaseException | None] = queue.Queue()

    def __call__(self, association: Association, peer: str) -> Conversation[None]:
        error = None
        try:
            yield from self._serve(association, peer)
        except BaseException as caught:
            error = caught
            raise
        finally:
            self._ends.put(error)

    def next(self) -> BaseException | None:
        return self._ends.get(timeout=rawpeer.GUARD)


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    with Spool(tmp_path, fsync="none") as each:
        yield each


def files(spool: Spool) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in spool.directory.iterdir()}


def stored(address: tuple[str, int], pixels: bytes) -> None:
    with associated(address) as peer:
        peer.send(*message(pixels))
        response = peer.expect(rawpeer.PDATA)
        assert element(0, 0x0900, b"\0\0") in response


def associated(address: tuple[str, int]) -> RawPeer:
    peer = rawpeer.connect(address)
    peer.send(associate_rq([(1, SC_STORAGE)]))
    peer.expect(rawpeer.AC)
    return peer


@pytest.mark.parametrize("how", ["FIN", "RST", "abort", "release"])
def test_a_requestor_that_vanishes_leaves_no_file(face: Face, spool: Spool, how: str) -> None:
    old, new = bytes(300), bytes(range(250))
    ends = Ends(spool)
    with face.server(ends) as server:
        stored(server.address, old)
        ends.next()
        before = files(spool)
        assert len(before) == 1
        (content,) = before.values()
        assert content.endswith(data_set(old))
        pdus = message(new)
        whole = b"".join(pdus)
        places = [sum(map(len, pdus[: n + 1])) + offset for n in range(3) for offset in (0, 1, 20)]
        if how in ("abort", "release"):
            places = places[::3]  # at the boundaries: inside a PDU it would be its contents
        for place in places:
            with associated(server.address) as peer:
                peer.send(whole[:place])
                cut(peer, how)
                error: Any = ends.next()
                assert (error is None) is (how == "release")
            assert files(spool) == before, place
        stored(server.address, new)
        ends.next()
        (content,) = files(spool).values()
        assert content.endswith(data_set(new))


def cut(peer: RawPeer, how: str) -> None:
    if how == "FIN":
        peer.half_close()
        peer.rest()
    elif how == "RST":
        peer.reset()
    elif how == "abort":
        peer.send(abort(0, 0))
        peer.ended()
    else:
        peer.send(rawpeer.RELEASE_RQ_PDU)
        peer.expect(rawpeer.RELEASE_RP)
        peer.close()


def test_a_stopped_server_leaves_no_file(face: Face, spool: Spool) -> None:
    ends = Ends(spool)
    with face.server(ends) as server, associated(server.address) as peer:
        peer.send(*message(bytes(1000))[:3])
        stopping = face.start(server.stop)
        assert peer.pdu() == abort(0, 0)
        peer.close()
        stopping.result()
        ends.next()
        assert files(spool) == {}
