"""The data path: fragments for every maximum length, sources that misbehave, bounded memory and cost."""

from __future__ import annotations

import hashlib
import ssl
import tracemalloc
from collections import Counter
from typing import Any

import pytest
import rawpeer
from faces import Acceptor, End, Face, Zeros, established, rq, take
from rawpeer import Listener, RawPeer, abort, associate_ac, associate_rq, pdata

from dul import conversations
from dul.association import Association
from dul.conversations import Conversation
from dul.errors import LocalProtocolError, SourceFailed
from dul.fsm import State
from dul.limits import Limits
from dul.transport import pump
from dul.transport.link import Link

MIB = 1 << 20


class Pattern:
    """A source whose bytes differ from place to place, and that reads as it likes."""

    def __init__(self, length: int, *, at_most: int = 1 << 30, ends_at: int | None = None) -> None:
        self._length = length
        self._at_most = at_most
        self._end = length if ends_at is None else ends_at
        self._at = 0

    def __len__(self) -> int:
        return self._length

    def readinto(self, view: memoryview, /) -> int:
        count = min(len(view), self._at_most, self._end - self._at)
        view[:count] = self.bytes(self._at, count)
        self._at += count
        return count

    @staticmethod
    def bytes(start: int, count: int) -> bytes:
        first = start // 4
        words = b"".join(n.to_bytes(4) for n in range(first, (start + count) // 4 + 1))
        return words[start - 4 * first :][:count]


def over(end: End, peer: RawPeer) -> None:
    closing = end.start("abort")
    peer.close()
    closing.result()


def fragments(peer: RawPeer) -> list[bytes]:
    """P-DATA-TF PDUs up to the last of a data set."""
    pdus = [peer.expect(rawpeer.PDATA)]
    while not pdus[-1][11] & 2:
        pdus.append(peer.expect(rawpeer.PDATA))
    return pdus


# What the peer announces, and the size of a full fragment that follows from it: PDU-length at
# most the maximum, six bytes of headers in it, an even number; at most 128 KiB for "no maximum".
MAXIMA = [
    (8, 2),
    (9, 2),
    (12, 6),
    (16384, 16378),
    (16385, 16378),
    (131072, 131066),
    (0, 131066),
    (0xFFFFFFFF, 131066),
]


@pytest.mark.parametrize(("maximum", "full"), MAXIMA)
@pytest.mark.parametrize("role", ["requestor", "acceptor"])
def test_fragments_fill_the_peers_maximum(face: Face, role: str, maximum: int, full: int) -> None:
    length = full * (5 if full > 100 else 2000) + 1

    def assert_fragments(pdus: list[bytes]) -> None:
        assert [len(each) - 12 for each in pdus] == [full] * (len(pdus) - 1) + [1]
        assert rawpeer.data_of(pdus) == Pattern.bytes(0, length)

    if role == "requestor":
        with Listener() as listener:
            peer, end = established(face, listener, maximum)
            with peer:
                sending = end.start("send", 1, command=False, source=Pattern(length))
                assert_fragments(fragments(peer))
                sending.result()
                over(end, peer)
        return

    def talk(association: Association) -> Conversation[None]:
        yield from conversations.send(association, 1, command=False, source=Pattern(length))
        yield from take(association)

    with face.server(Acceptor(talk)) as server, rawpeer.connect(server.address) as peer:
        peer.send(associate_rq(maximum=maximum))
        peer.expect(rawpeer.AC)
        assert_fragments(fragments(peer))


@pytest.mark.parametrize("maximum", [1, 7])
def test_a_maximum_without_room_for_a_fragment(face: Face, maximum: int) -> None:
    with Listener() as listener:
        connecting = face.connect(listener.address)
        with listener.accept() as peer:
            peer.expect(rawpeer.RQ)
            peer.send(associate_ac(maximum=maximum))
            assert peer.pdu() == abort(2, 6)
            peer.close()
            assert f"maximum length {maximum}" in str(connecting.error())
    serve = Acceptor()
    with face.server(serve) as server, rawpeer.connect(server.address) as peer:
        peer.send(associate_rq(maximum=maximum))
        assert peer.pdu() == rawpeer.associate_rj(1, 2, 1)


# ---- sources


@pytest.mark.parametrize("at_most", [1, 7, 4096])
def test_a_source_that_reads_less_than_it_could(face: Face, at_most: int) -> None:
    length = 20_001
    with Listener() as listener:
        peer, end = established(face, listener, 4096)
        with peer:
            end.do("send", 1, command=False, source=Pattern(length, at_most=at_most))
            assert rawpeer.data_of(fragments(peer)) == Pattern.bytes(0, length)
            over(end, peer)


class Broken(Pattern):
    """A file on a disk that fails."""

    def readinto(self, view: memoryview, /) -> int:
        if self._at:
            raise OSError(5, "Input/output error")
        return super().readinto(view[:100])


@pytest.mark.parametrize(
    ("source", "why"),
    [
        (Pattern(3 * MIB, ends_at=2 * MIB + 1), "ended 1048575 bytes before its announced length"),
        (Pattern(100, ends_at=0), "ended 100 bytes before"),
        (Broken(200), "Input/output error"),
    ],
    ids=["shorter", "empty", "broken"],
)
def test_a_source_that_fails_aborts(face: Face, source: Any, why: str) -> None:
    """The message cannot be completed: an incomplete one must not look like a whole one."""
    source._at = 0
    with Listener() as listener:
        peer, end = established(face, listener, 16384)
        with peer:
            sending = end.start("send", 1, command=False, source=source)
            pdus = [peer.pdu()]
            while pdus[-1][0] == rawpeer.PDATA:
                assert not pdus[-1][11] & 2
                pdus.append(peer.pdu())
            assert pdus[-1] == abort(0, 0)
            peer.half_close()
            assert sending.error() is None
            error = end.start("receive").error()
            assert type(error) is SourceFailed
            assert why in str(error)
            end.do("close")
            assert (end.association.state, end.fd) == (State.Sta1, -1)
            peer.ended()


def test_what_may_not_be_sent_changes_nothing(face: Face) -> None:
    with Listener() as listener:
        peer, end = established(face, listener, 16384)
        with peer:
            for context, source in ((1, b""), (3, b"data"), (2, b"data")):
                sending = end.start("send", context, command=False, source=source)
                assert type(sending.error()) is LocalProtocolError
            end.do("send", 1, command=True, source=memoryview(b"still alive"))
            assert peer.pdu() == pdata(b"still alive", rawpeer.COMMAND_LAST)
            over(end, peer)


# ---- receiving


def test_one_byte_at_a_time(face: Face) -> None:
    with Listener() as listener:
        peer, end = established(face, listener, 16384)
        with peer:
            receiving = end.start("run", take(end.association))
            for byte in pdata(b"slowly"):
                peer.send(bytes([byte]))
            assert receiving.result() == [(1, 2, b"slowly")]
            over(end, peer)


@pytest.mark.parametrize("announced", [0, 8, 16384, MIB])
def test_pdus_of_the_announced_maximum(face: Face, announced: int) -> None:
    """The largest is taken, one that is larger is refused at its header: before it has come."""
    limits = Limits(max_pdu_length=announced)
    length = limits.max_received_pdata - 6
    with Listener() as listener:
        connecting = face.connect(listener.address, rq(limits), limits=limits)
        with listener.accept() as peer:
            assert announced.to_bytes(4) in peer.expect(rawpeer.RQ)
            peer.send(associate_ac())
            end = connecting.result()
            receiving = end.start("run", take(end.association))
            peer.send(pdata(bytes(length)))
            assert receiving.result() == [(1, 2, bytes(length))]
            receiving = end.start("receive")
            peer.send(pdata(bytes(length + 1))[:6])
            assert "over the limit" in str(receiving.error())
            closing = end.start("close")
            assert peer.pdu() == abort(2, 6)
            peer.close()
            closing.result()


# ---- memory and cost


def drain(association: Association) -> Conversation[str]:
    """Takes a data set without keeping it; returns its hash."""
    digest = hashlib.blake2b()
    while True:
        event = yield from conversations.receive(association)
        assert not hasattr(event, "collision"), "released too early"
        for pdv in event.pdvs:  # type: ignore[union-attr]
            digest.update(pdv.fragment)
            if pdv.is_last:
                association.send(1, command=True, source=b"done")
                yield from take(association)
                yield from conversations.respond_to_release(association)
                return digest.hexdigest()


@pytest.mark.parametrize("secure", [False, True], ids=["plain", "TLS"])
def test_memory_does_not_grow_with_the_object(
    face: Face, secure: bool, tls_server: ssl.SSLContext, tls_client: ssl.SSLContext
) -> None:
    """64 MiB, sent and received in this process: both sides together stay under 8 MiB."""
    length = 64 * MIB
    serve = Acceptor(drain)
    with face.server(serve, tls=tls_server if secure else None) as server:
        tracemalloc.start()
        try:
            end = face.connect(server.address, tls=tls_client if secure else None).result()
            end.do("send", 1, command=False, source=Zeros(length))
            assert end.take() == [(1, 3, b"done")]
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        end.do("release")
        assert serve.outcome() == hashlib.blake2b(bytes(length)).hexdigest()
    assert peak < 8 * MIB


def test_a_large_object_arrives_as_it_is(face: Face) -> None:
    length = 4 * MIB + 4321
    limits = Limits(max_pdu_length=16384)
    serve = Acceptor(drain, limits=limits)
    with face.server(serve, limits=limits) as server:
        end = face.connect(server.address).result()
        end.do("send", 1, command=False, source=Pattern(length, at_most=123_457))
        assert end.take() == [(1, 3, b"done")]
        end.do("release")
        assert serve.outcome() == hashlib.blake2b(Pattern.bytes(0, length)).hexdigest()


def count_calls(monkeypatch: pytest.MonkeyPatch, face: Face) -> Counter[str]:
    """How often the transport is asked for what."""
    calls: Counter[str] = Counter()

    def counted(owner: Any, name: str) -> None:
        original = getattr(owner, name)

        def wrapper(*arguments: Any, **options: Any) -> Any:
            calls[name] += 1
            return original(*arguments, **options)

        monkeypatch.setattr(owner, name, wrapper)

    for name in ("send", "receive", "quick_ack"):
        counted(Link, name)
    counted(pump, "new_wait")
    return calls


def test_what_a_round_trip_costs(face: Face, monkeypatch: pytest.MonkeyPatch) -> None:
    """One sendmsg, one look at whether to acknowledge, one wait, one recv."""

    def ask(association: Association) -> Conversation[None]:
        for _ in range(100):
            association.send(1, command=True, source=b"question")
            yield from take(association)

    with Listener() as listener:
        peer, end = established(face, listener, 16384)
        with peer:
            calls = count_calls(monkeypatch, face)
            asking = end.start("run", ask(end.association))
            for _ in range(100):
                peer.expect(rawpeer.PDATA)
                peer.send(pdata(b"answer", rawpeer.COMMAND_LAST))
            asking.result()
            assert calls == {"send": 100, "quick_ack": 100, "new_wait": 100, "receive": 100}
            over(end, peer)


def test_command_and_small_data_set_leave_together(
    face: Face, monkeypatch: pytest.MonkeyPatch
) -> None:
    def store(association: Association) -> Conversation[None]:
        association.send(1, command=True, source=b"store this")
        association.send(1, command=False, source=Pattern(50_000))
        yield from conversations.flush(association)

    with Listener() as listener:
        peer, end = established(face, listener, 16384)
        with peer:
            calls = count_calls(monkeypatch, face)
            end.do("run", store(end.association))
            assert calls["send"] == 1
            assert peer.pdu() == pdata(b"store this", rawpeer.COMMAND_LAST)
            assert rawpeer.data_of(fragments(peer)) == Pattern.bytes(0, 50_000)
            over(end, peer)
