"""The peer releases, aborts, closes or breaks the connection at each step, over real sockets.

Both faces, both roles. What is said to be stored was sent and received whole and was answered with
success, by a client as by a server; who releases is answered; and the rest goes on.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import pytest
import rawpeer
import test_client
from rawpeer import Listener, RawPeer
from serving import AsyncioServer
from test_faces import Asyncio, Blocking
from tests_datasets import CT, sparse_file

from dimse.outcome import Outcome
from dimse.provider import Observer
from dimse.server import Server
from dimse.storage.spool import Spool
from dul.errors import AssociationAborted, DulcetError, TransportError

LARGE = 16 << 20  # more than the kernel holds for a peer that does not read
HALF = 1 << 16  # a part of it that is surely sent
SUCCESS, FAILURE = 0x0000, 0xA700


# ---------------------------------------------------------------------------- bytes, by hand --


def element(group: int, number: int, value: bytes) -> bytes:
    """Implicit VR Little Endian."""
    value += b"\0" * (len(value) % 2)
    return struct.pack("<HHI", group, number, len(value)) + value


def command_set(*elements: bytes) -> bytes:
    content = b"".join(elements)
    return element(0, 0, struct.pack("<I", len(content))) + content


def us(number: int, value: int) -> bytes:
    return element(0, number, struct.pack("<H", value))


def store_rq(message_id: int, instance: str) -> bytes:
    return command_set(
        element(0, 2, CT.encode()),
        us(0x100, 1),
        us(0x110, message_id),
        us(0x700, 0),
        us(0x800, 0),
        element(0, 0x1000, instance.encode()),
    )


def store_rsp(message_id: int, instance: str, status: int) -> bytes:
    return command_set(
        element(0, 2, CT.encode()),
        us(0x100, 0x8001),
        us(0x120, message_id),
        us(0x800, 0x0101),
        us(0x900, status),
        element(0, 0x1000, instance.encode()),
    )


def parsed(content: bytes) -> dict[int, bytes]:
    """A command set's values by element number."""
    found = {}
    while content:
        number, length = struct.unpack("<2xHI", content[:8])
        found[number] = content[8 : 8 + length]
        content = content[8 + length :]
    return found


def head_of(instance: str) -> bytes:
    """A data set up to its pixel data."""
    return element(8, 0x16, CT.encode()) + element(8, 0x18, instance.encode())


def data_set(instance: str, length: int) -> bytes:
    return head_of(instance) + element(0x7FE0, 0x10, bytes(length))


# ------------------------------------------------------------------- a client, and its acceptor --

STEPS = ["accepted", "command", "half", "early", "early failure", "answered", "released"]
ENDS = ["release", "abort", "half close", "close", "reset"]


class Acceptor:
    """Takes whatever comes, but on the first association does one thing out of turn.

    Attributes:
        whole: instances whose data set came to its end.
        confirmed: those that were answered with success behind their end.
        problems: what a requestor should not have done.
    """

    def __init__(self, step: str, end: str) -> None:
        self.whole: list[str] = []
        self.confirmed: list[str] = []
        self.problems: list[str] = []
        self._step, self._end = step, end
        self._listener = Listener(receive_buffer=4096)
        self.port = self._listener.address[1]
        self._thread = threading.Thread(target=self._run)
        self._stop = False
        self.acted = threading.Event()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop = True
        with contextlib.suppress(OSError):
            socket.create_connection(self._listener.address).close()
        self._thread.join()
        self._listener.sock.close()

    def _run(self) -> None:
        first = True
        while True:
            with self._listener.accept() as peer:
                if self._stop:
                    return
                try:
                    self._serve(peer, self._step if first else "")
                except (OSError, AssertionError) as error:
                    if not first:
                        self.problems.append(repr(error))
                first = False

    def _serve(self, peer: RawPeer, step: str) -> None:
        if not step:
            peer.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        request = peer.expect(rawpeer.RQ)
        peer.send(rawpeer.associate_ac(dict.fromkeys(contexts_of(request), 0)))
        if step == "accepted":
            return self._out_of_turn(peer)
        number = 0
        while (pdu := peer.pdu())[0] == rawpeer.PDATA:
            number += 1
            context, control = pdu[10], pdu[11]
            assert control == rawpeer.COMMAND_LAST
            asked = parsed(pdu[12:])
            instance = asked[0x1000].rstrip(b"\0").decode()
            (message_id,) = struct.unpack("<H", asked[0x110])
            acts = step if number == 2 else ""

            def answer(
                status: int,
                context: int = context,
                message_id: int = message_id,
                instance: str = instance,
            ) -> None:
                response = store_rsp(message_id, instance, status)
                peer.send(rawpeer.pdata(response, rawpeer.COMMAND_LAST, context))

            if acts == "command":
                return self._out_of_turn(peer)
            received = 0
            while not (pdu := peer.expect(rawpeer.PDATA))[11] & 2:
                received += len(pdu) - 12
                if received >= HALF and acts in {"half", "early", "early failure"}:
                    if acts != "half":
                        answer(SUCCESS if acts == "early" else FAILURE)
                    return self._out_of_turn(peer)
            self.whole.append(instance)
            answer(SUCCESS)
            self.confirmed.append(instance)
            if acts == "answered":
                return self._out_of_turn(peer)
        if pdu[0] == rawpeer.RELEASE_RQ:
            if step == "released":
                return self._out_of_turn(peer)
            peer.send(rawpeer.RELEASE_RP_PDU)
            peer.ended()
        elif pdu[0] != rawpeer.ABORT:
            self.problems.append(f"a PDU of type {pdu[0]}")
        return None

    def _out_of_turn(self, peer: RawPeer) -> None:
        if self._end == "release":
            peer.send(rawpeer.RELEASE_RQ_PDU)
            self.acted.set()
            self._wait_for_the_answer(peer)
        elif self._end == "abort":
            peer.send(rawpeer.abort())
            peer.half_close()
            self.acted.set()
            peer.rest()
        elif self._end == "half close":
            peer.half_close()
            self.acted.set()
            peer.rest()
        elif self._end == "reset":
            peer.reset()
        else:
            peer.close()
        self.acted.set()

    def _wait_for_the_answer(self, peer: RawPeer) -> None:
        """The A-RELEASE-RP comes, and no data set is finished before it; then the end."""
        try:
            while (pdu := peer.pdu())[0] == rawpeer.PDATA:
                if pdu[11] == rawpeer.DATA_LAST and self._step in {"half", "early"}:
                    self.problems.append("a data set was finished that nobody answers")
            if pdu[0] == rawpeer.RELEASE_RQ and self._step != "released":  # a collision
                pdu = peer.pdu()
            if pdu[0] != rawpeer.RELEASE_RP:
                self.problems.append(f"a PDU of type {pdu[0]} instead of an A-RELEASE-RP")
            if self._step == "released":
                peer.send(rawpeer.RELEASE_RP_PDU)
            peer.half_close()
            peer.ended()
        except (AssertionError, OSError) as error:
            self.problems.append(f"no A-RELEASE-RP: {error!r}")


def contexts_of(request: bytes) -> list[int]:
    """The presentation context IDs of an A-ASSOCIATE-RQ."""
    found, rest = [], request[74:]
    while rest:
        kind, length = struct.unpack(">BxH", rest[:4])
        if kind == 0x20:
            found.append(rest[4])
        rest = rest[4 + length :]
    return found


@pytest.fixture(scope="module")
def objects(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """A small one, one that no socket holds, and a small one."""
    folder = tmp_path_factory.mktemp("objects")
    return [
        sparse_file(folder / f"{number}.dcm", f"1.2.3.{number}", length)
        for number, length in enumerate([1000, LARGE, 1000])
    ]


@pytest.fixture(params=[Blocking, Asyncio])
def client(request: Any) -> Any:
    return request.param


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("step", STEPS)
def test_the_acceptor_ends_it(client: Any, objects: list[Path], step: str, end: str) -> None:
    with Acceptor(step, end) as acceptor:
        outcomes: list[Outcome] = client(acceptor.port).store(objects)
    assert acceptor.problems == []
    assert sorted(each.path for each in outcomes) == objects  # an outcome for each, and but one
    stored = [each.sop_instance_uid for each in outcomes if each.stored]
    assert set(stored) <= set(acceptor.confirmed) <= set(acceptor.whole)
    failed = [each for each in outcomes if not each.stored]
    if step == "early failure":
        assert [each.status for each in failed] == [FAILURE]
    elif step == "released" or end == "release":
        # What is confirmed stays so, whatever comes behind; who releases is come back to.
        assert failed == []
    elif step == "answered":
        # The one behind it may have been on its way already.
        assert [each.path for each in failed] in ([], objects[2:])
    else:
        # What was on its way is lost. At the beginning it is chance whether anything was.
        assert len(failed) == 1 or (step == "accepted" and not failed)
        for each in failed:
            assert isinstance(each.error, AssociationAborted | TransportError)


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("within", [test_client.Blocking, test_client.Asyncio])
def test_it_ends_one_that_was_kept(within: Any, objects: list[Path], end: str) -> None:
    """Between two calls in a `with` block, when nobody looks: what is next goes on another one."""
    with Acceptor("answered", end) as acceptor:

        def wait(client: Any) -> Any:
            assert acceptor.acted.wait(rawpeer.GUARD)
            return client.none()

        small, _, other = objects
        calls = [test_client.store([small, other]), wait, test_client.store(small)]
        said = within(acceptor.port).within(*calls)
    assert said == [[True, True], None, [True]]
    assert acceptor.problems == []


# ------------------------------------------------------------------ a server, and its requestor --


class Ends(Observer):
    """How each association ended: None for a release."""

    def __init__(self) -> None:
        self.seen: list[DulcetError | None] = []
        self._told = threading.Condition()

    def released(self, requestor: Any) -> None:
        self._tell(None)

    def ended(self, requestor: Any, error: DulcetError) -> None:
        self._tell(error)

    def _tell(self, error: DulcetError | None) -> None:
        with self._told:
            self.seen.append(error)
            self._told.notify()

    def wait(self, count: int) -> None:
        with self._told:
            assert self._told.wait_for(lambda: len(self.seen) >= count, rawpeer.GUARD)


@pytest.fixture(params=[Server, AsyncioServer])
def server(request: Any) -> Any:
    return request.param


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    with Spool(tmp_path, fsync="none") as each:
        yield each


def message(message_id: int, instance: str) -> list[bytes]:
    """A C-STORE-RQ and its data set in three fragments."""
    data = data_set(instance, 3000)
    return [
        rawpeer.pdata(store_rq(message_id, instance), rawpeer.COMMAND_LAST),
        rawpeer.pdata(data[:1000], rawpeer.DATA),
        rawpeer.pdata(data[1000:2000], rawpeer.DATA),
        rawpeer.pdata(data[2000:], rawpeer.DATA_LAST),
    ]


def answers(pdus: list[bytes]) -> list[str]:
    """The instances that were answered with success, in order."""
    found = []
    for each in pdus:
        if each[0] == rawpeer.PDATA:
            response = parsed(each[12:])
            assert response[0x900] == bytes(2)
            found.append(response[0x1000].rstrip(b"\0").decode())
    return found


def leave(peer: RawPeer, end: str) -> list[bytes]:
    """End it; gives what had still come."""
    if end == "reset":
        peer.reset()
        return []
    if end == "close":
        peer.close()
        return []
    if end == "release":
        peer.send(rawpeer.RELEASE_RQ_PDU)
        pdus = []
        while (pdu := peer.pdu())[0] == rawpeer.PDATA:
            pdus.append(pdu)
        assert pdu == rawpeer.RELEASE_RP_PDU
        peer.half_close()
        peer.ended()
        return pdus
    if end == "abort":
        peer.send(rawpeer.abort())
    peer.half_close()
    return rawpeer.split(peer.rest())


BEGUN = {"accepted": 0, "command": 1, "half": 2, "whole": 4, "answered": 4}
"""How many PDUs of the second message are sent."""


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("step", BEGUN)
def test_the_requestor_ends_it(server: Any, spool: Spool, step: str, end: str) -> None:
    ends, stored = Ends(), list[str]()

    def on_store(request: Any) -> None:
        stored.append(request.sop_instance_uid)

    with server(spool.open, on_store=on_store, observer=ends, host=rawpeer.LOOPBACK) as scp:
        with rawpeer.connect(scp.address) as peer:
            peer.send(rawpeer.associate_rq([(1, CT)]))
            peer.expect(rawpeer.AC)
            peer.send(*message(1, "1.2.1"))
            pdus = [peer.expect(rawpeer.PDATA)]
            peer.send(*message(2, "1.2.2")[: BEGUN[step]])
            if step == "answered":
                pdus.append(peer.expect(rawpeer.PDATA))
            pdus += leave(peer, end)
            ends.wait(1)
        with rawpeer.connect(scp.address) as peer:  # and it serves the next one
            peer.send(rawpeer.associate_rq([(1, CT)]))
            peer.expect(rawpeer.AC)
            peer.send(*message(1, "1.2.3"))
            assert answers([peer.expect(rawpeer.PDATA)]) == ["1.2.3"]
            assert leave(peer, "release") == []
            ends.wait(2)
    confirmed = answers(pdus)
    kept = {
        each.read_bytes()[-len(data_set("1.2.1", 3000)) :] for each in spool.directory.iterdir()
    }
    assert kept == {data_set(instance, 3000) for instance in stored}
    assert len(stored) == len(list(spool.directory.iterdir()))
    assert set(confirmed) | {"1.2.3"} <= set(stored)
    if step == "answered" or (step == "whole" and end in {"release", "half close"}):
        assert confirmed == ["1.2.1", "1.2.2"]
    if step not in {"whole", "answered"}:
        assert stored == ["1.2.1", "1.2.3"]
    first, second = ends.seen
    assert second is None
    if end == "release":
        assert first is None
    else:
        assert isinstance(first, AssociationAborted if end == "abort" else TransportError)
