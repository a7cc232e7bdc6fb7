"""Servers: bounds, crowds, silent connections, and stopping."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
import rawpeer
from ends import receive
from faces import Acceptor, Face, mirror, take
from rawpeer import (
    abort,
    associate_rj,
    associate_rq,
    associated,
    mirrors,
    released,
    served,
)

from dul import conversations
from dul.association import Association
from dul.conversations import Call, Conversation
from dul.errors import TransportError
from dul.fsm import State
from dul.limits import Limits
from dul.pdu import AssociateRJ
from dul.transport.admission import Admission
from dul.transport.descriptors import SPARE_CONNECTIONS, Places
from dul.transport.link import Link
from dul.transport.listener import listen
from dul.transport.secure import SecureLink

# ---- bounds


def test_one_association_too_many_is_rejected(face: Face) -> None:
    """Result 2 (transient), source 3 (provider, presentation), reason 2 (local limit exceeded)."""
    serve = Acceptor()
    with face.server(serve, max_associations=2) as server:
        first, second = associated(server.address), associated(server.address)
        for _ in range(3):
            with rawpeer.connect(server.address) as third:
                third.send(associate_rq())
                assert third.pdu() == associate_rj(2, 3, 2)
                third.half_close()
                third.ended()
                assert serve.outcome() is None
        mirrors(first)
        released(first)
        assert serve.outcome() == "released"
        served(server.address)
        mirrors(second)
        released(second)
        assert [serve.outcome(), serve.outcome()] == ["released"] * 2


def test_one_association_too_many_of_a_host_is_rejected(face: Face) -> None:
    serve = Acceptor()
    with face.server(serve, max_associations=9, max_associations_per_peer=1) as server:
        first = associated(server.address)
        with rawpeer.connect(server.address) as second:
            second.send(associate_rq())
            assert second.pdu() == associate_rj(2, 3, 2)
            second.half_close()
            second.ended()
            assert serve.outcome() is None
        with rawpeer.connect(server.address, source="127.0.0.2") as other:
            other.send(associate_rq())
            other.expect(rawpeer.AC)
            released(other)
        released(first)
        served(server.address)


def test_who_was_rejected_takes_no_place(face: Face) -> None:
    """Even while it does not close its connection (Sta13)."""
    answers = [AssociateRJ(1, 1, 3)]
    serve = Acceptor()
    decide = serve._decide
    serve._decide = lambda request: answers.pop() if answers else decide(request)
    with face.server(serve, max_associations=1) as server:
        with rawpeer.connect(server.address) as rejected:
            rejected.send(associate_rq())
            assert rejected.pdu() == associate_rj(1, 1, 3)
            served(server.address)
            assert serve.outcome() == "released"


@pytest.mark.parametrize("secure", [False, True], ids=["plain", "TLS"])
def test_silent_connections_make_room(face: Face, secure: bool, tls_server: ssl.SSLContext) -> None:
    """The oldest without an association goes first; an association is never put out."""
    serve = Acceptor()
    options: dict[str, Any] = {"tls": tls_server} if secure else {}
    with face.server(serve, max_associations=2, **options) as server:
        with contextlib.ExitStack() as stack:
            if not secure:
                kept = stack.enter_context(associated(server.address))
            bound = 2 + SPARE_CONNECTIONS - (not secure)
            crowd = [stack.enter_context(rawpeer.connect(server.address)) for _ in range(bound + 5)]
            for silent in crowd[:5]:
                silent.ended()
            if not secure:
                served(server.address)
                crowd[5].ended()
                mirrors(kept)
                released(kept)


def test_rejected_connections_that_stay_make_room(face: Face) -> None:
    with face.server(Acceptor(), max_associations=0) as server, contextlib.ExitStack() as stack:
        crowd = [
            stack.enter_context(rawpeer.connect(server.address)) for _ in range(SPARE_CONNECTIONS)
        ]
        for each in crowd:
            each.send(associate_rq())
            each.expect(rawpeer.RJ)
        late = stack.enter_context(rawpeer.connect(server.address))
        late.send(associate_rq())
        late.expect(rawpeer.RJ)
        crowd[0].ended()


def test_who_had_to_make_room_is_not_admitted_any_more() -> None:
    """Its request was being read in the very moment."""
    admission = Admission(Places(1, 1 + SPARE_CONNECTIONS), threading.Lock())
    pairs = [socket.socketpair() for _ in range(SPARE_CONNECTIONS + 2)]
    guests = [admission.enter(Link(ours)) for ours, _ in pairs]
    oldest = guests[0].association
    oldest.accepted(0.0)
    receive(oldest, associate_rq(), 0.0)
    assert (oldest.state, oldest.refusal) == (State.Sta13, AssociateRJ(2, 3, 2))
    newest = guests[-1].association
    newest.accepted(0.0)
    receive(newest, associate_rq(), 0.0)
    assert newest.state is State.Sta3
    assert len(admission) == SPARE_CONNECTIONS + 1
    for guest, (_, theirs) in zip(guests, pairs, strict=True):
        admission.leave(guest)
        theirs.close()
    assert len(admission) == 0


def test_a_connection_cut_before_its_handshake(tls_server: ssl.SSLContext) -> None:
    """`wrap_socket` makes a new socket object of the old: the cut counts for both."""
    ours, theirs = socket.socketpair()
    with theirs:
        link = SecureLink(tls_server, ours)
        link.cut()
        with pytest.raises(TransportError, match="cut"):
            next(link.shake_hands(None, server_side=True))
        link.close()
        link.cut()  # too late, and harmless


# ---- crowds


def test_fifty_at_a_time(face: Face) -> None:
    """Each gets its own data back, whole."""
    serve = Acceptor()

    def talk(association: Association, number: int) -> Conversation[int]:
        correct = 0
        for size in (1, 30_000, 200_000):
            data = number.to_bytes(2) * size
            association.send(1, command=False, source=data)
            received = b""
            while len(received) < len(data):
                received += b"".join(each for _, _, each in (yield from take(association)))
            correct += received == data
        yield from conversations.release(association)
        return correct

    with face.server(serve, max_associations=50) as server:
        ends = [each.result() for each in [face.connect(server.address) for _ in range(50)]]
        running = [
            end.start("run", talk(end.association, number)) for number, end in enumerate(ends)
        ]
        assert [each.result() for each in running] == [3] * 50
        for end in ends:
            end.do("close")
        assert [serve.outcome() for _ in ends] == ["released"] * 50


def test_a_flood_of_connections_that_close_at_once(face: Face) -> None:
    serve = Acceptor()
    with face.server(serve) as server:
        for _ in range(300):
            rawpeer.connect(server.address).close()
        assert [serve.outcome() for _ in range(300)] == [None] * 300
        served(server.address)


def test_slow_functions_do_not_hold_up_each_other(face: Face) -> None:
    """More of them at once than the event loop's default executor has threads."""
    together = threading.Barrier(20)

    def meet(association: Association) -> Conversation[str]:
        yield Call(together.wait, (rawpeer.GUARD,))
        return (yield from mirror(association))

    serve = Acceptor(meet)
    with face.server(serve) as server, contextlib.ExitStack() as stack:
        peers = [stack.enter_context(associated(server.address)) for _ in range(20)]
        for peer in peers:
            mirrors(peer)
            released(peer)
        assert [serve.outcome() for _ in peers] == ["released"] * 20


# ---- stopping


def test_stopping_aborts_all_associations(face: Face) -> None:
    serve = Acceptor()
    with face.server(serve) as server, contextlib.ExitStack() as stack:
        address = server.address
        peers = [stack.enter_context(associated(address)) for _ in range(5)]
        stopping = face.start(server.stop)
        for peer in peers:
            assert peer.pdu() == abort(0, 0)
            peer.half_close()
            peer.ended()
        stopping.result()
        ended = [serve.ended() for _ in peers]
        assert all(association.state is State.Sta1 for association, _ in ended)
        # A conversation is told by what is raised where it waits, or closed with its task.
        told = GeneratorExit if face.name == "aio" else face.Interrupted
        assert all(type(outcome) is told for _, outcome in ended)
        with pytest.raises(ConnectionRefusedError):
            rawpeer.connect(address)
        face.start(server.stop).result()  # once more is nothing


def test_stopping_does_not_wait_for_peers_that_keep_their_connections_open(face: Face) -> None:
    """ARTIM is long, and none of them closes: the grace ends them, all at the same time."""
    serve = Acceptor()
    limits = Limits(artim=600.0, grace=0.2)
    with face.server(serve, limits=limits) as server, contextlib.ExitStack() as stack:
        peers = [stack.enter_context(associated(server.address)) for _ in range(20)]
        before = time.monotonic()
        face.start(server.stop).result()
        assert time.monotonic() - before < 20 * limits.grace
        for peer in peers:
            assert peer.pdu() == abort(0, 0)
            peer.ended()


def test_stopping_closes_the_listener_first(face: Face) -> None:
    """Nobody is accepted while those who are in have their grace."""
    serve = Acceptor()
    limits = Limits(artim=600.0, grace=600.0)
    with face.server(serve, limits=limits) as server, associated(server.address) as peer:
        stopping = face.start(server.stop)
        assert peer.pdu() == abort(0, 0)
        with pytest.raises(ConnectionRefusedError):
            rawpeer.connect(server.address)
        assert not stopping.done()
        peer.half_close()
        stopping.result()


@pytest.mark.parametrize("fault", ["the peer's", "the server's", "a rejection", "a release"])
def test_stopping_does_not_wait_for_connections_in_their_last_state(face: Face, fault: str) -> None:
    """Sta13, where they would wait for ARTIM: with a long one they are ended by the stop."""

    def talk(association: Association) -> Conversation[None]:
        if fault == "the server's":
            yield from conversations.flush(association)
            raise ValueError("on purpose")
        yield from mirror(association)

    serve = Acceptor(talk, (lambda _: AssociateRJ(1, 1, 1)) if fault == "a rejection" else None)
    with face.server(serve, limits=Limits(artim=600.0, grace=0.1)) as server:
        with rawpeer.connect(server.address) as peer:
            peer.send(associate_rq())
            peer.expect(rawpeer.RJ if fault == "a rejection" else rawpeer.AC)
            if fault == "the peer's":
                peer.send(rawpeer.pdu(0x99, b""))
            elif fault == "a release":
                peer.send(rawpeer.RELEASE_RQ_PDU)
            if fault != "a rejection":
                peer.expect(rawpeer.RELEASE_RP if fault == "a release" else rawpeer.ABORT)
            face.start(server.stop).result()
            peer.ended()


def test_stopping_does_not_wait_for_the_silent(face: Face, tls_server: ssl.SSLContext) -> None:
    """Neither for ARTIM in Sta2 nor for a handshake: there is no association to be aborted."""
    for options in ({}, {"tls": tls_server}):
        serve = Acceptor()
        limits = Limits(artim=600.0, tls_handshake=600.0)
        with face.server(serve, limits=limits, **options) as server:
            with rawpeer.connect(server.address) as silent:
                rawpeer.served(server.address) if not options else None
                face.start(server.stop).result()
                silent.ended()


def test_with_a_grace_associations_come_to_their_own_end(face: Face) -> None:
    """They go on as before; who has no association is let go of, and nobody else comes in."""
    serve = Acceptor()
    with face.server(serve) as server, associated(server.address) as peer:
        with rawpeer.connect(server.address) as silent:
            served(server.address)
            assert serve.outcome() == "released"
            stopping = face.start(server.stop, 600.0)
            silent.ended()
        with pytest.raises(ConnectionRefusedError):
            rawpeer.connect(server.address)
        mirrors(peer)
        assert not stopping.done()
        released(peer)
        stopping.result()
    assert [serve.outcome(), serve.outcome()] == [None, "released"]


def test_what_is_open_after_the_grace_is_aborted(face: Face) -> None:
    serve = Acceptor()
    with face.server(serve) as server, associated(server.address) as peer:
        stopping = face.start(server.stop, 0.1)
        assert peer.pdu() == abort(0, 0)
        peer.half_close()
        stopping.result()


def test_a_grace_is_ended_by_who_has_no_more_patience(face: Face) -> None:
    serve = Acceptor()
    with face.server(serve) as server, associated(server.address) as peer:
        with rawpeer.connect(server.address) as silent:
            served(server.address)
            stopping = face.start(server.stop, 600.0)
            silent.ended()
        mirrors(peer)
        again = face.start(server.stop)
        assert peer.pdu() == abort(0, 0)
        peer.half_close()
        again.result()
        stopping.result()


def test_a_grace_costs_nothing_where_nobody_is_in(face: Face) -> None:
    with face.server(Acceptor()) as server:
        served(server.address)
        face.start(server.stop, 600.0).result()


def test_cancelling_the_grace_of_the_asyncio_face(face: Face) -> None:
    if face.name != "aio":
        return
    server = face.start(lambda: face.module.Server(Acceptor(), host=rawpeer.LOOPBACK)).result()
    serving = face.start(server.serve_forever, 600.0)
    with associated(server.address) as peer:
        with rawpeer.connect(server.address) as silent:
            served(server.address)
            serving.interrupt()
            silent.ended()
        mirrors(peer)
        serving.interrupt()
        assert peer.pdu() == abort(0, 0)
        peer.half_close()
        assert type(serving.error()) is asyncio.CancelledError


def test_listening_sockets_that_share_a_port(face: Face) -> None:
    """Each connection comes to one of them; what waits at one that nobody serves is not lost."""
    first = listen(rawpeer.LOOPBACK, 0, shared=True)
    port = first.getsockname()[1]
    second = listen(rawpeer.LOOPBACK, port, shared=True)
    with face.server(Acceptor(), listener=first) as server:
        assert server.address == (rawpeer.LOOPBACK, port)
        with contextlib.ExitStack() as stack:
            peers = [stack.enter_context(rawpeer.connect(server.address)) for _ in range(40)]
            for peer in peers:
                peer.send(associate_rq())
            with face.server(Acceptor(), listener=second):
                for peer in peers:
                    peer.expect(rawpeer.AC)
                    released(peer)
    with pytest.raises(TransportError, match="Address already in use"):
        with contextlib.closing(listen(rawpeer.LOOPBACK, 0)) as alone:
            listen(rawpeer.LOOPBACK, alone.getsockname()[1], shared=True)


def test_stopping_before_a_connection_is_looked_at(face: Face) -> None:
    """The connection is accepted, and the server stopped before its task or thread has begun."""

    async def at_once(server: Any) -> None:
        server._accept(asyncio.get_running_loop(), server._listener)
        await server.stop()

    serve = Acceptor()
    with face.server(serve) as server:
        if face.name == "aio":
            face.start(server._loop.remove_reader, server._listener).result()
            with rawpeer.connect(server.address) as peer:
                face.start(at_once, server).result()
                peer.ended()
        else:
            with rawpeer.connect(server.address) as peer:
                face.start(server.stop).result()
                peer.rest()


def test_a_server_that_was_never_started(face: Face) -> None:
    def make() -> Any:
        return face.module.Server(Acceptor(), host=rawpeer.LOOPBACK)

    server = face.start(make).result()
    assert server.address[0] == rawpeer.LOOPBACK
    face.start(server.stop).result()


def test_serving_until_told_to_stop(face: Face) -> None:
    """In the caller's own thread or task, for programs that do nothing else."""
    server = face.start(lambda: face.module.Server(Acceptor(), host=rawpeer.LOOPBACK)).result()
    address = server.address
    serving = face.start(server.serve_forever)
    served(address)
    if face.name == "aio":
        serving.interrupt()
        assert type(serving.error()) is asyncio.CancelledError
    else:
        server.request_stop()
        assert serving.error() is None
        server.stop()


def test_a_server_as_a_context_manager(face: Face) -> None:
    def blocking_body() -> None:
        with face.module.Server(Acceptor(), host=rawpeer.LOOPBACK) as server:
            served(server.address)

    async def aio_body() -> None:
        async with face.module.Server(Acceptor(), host=rawpeer.LOOPBACK) as server:
            await asyncio.to_thread(served, server.address)

    face.start(aio_body if face.name == "aio" else blocking_body).result()


def test_a_users_function_may_stop_the_server(face: Face) -> None:
    """It does not wait for itself."""

    async def aio_stop() -> None:
        await server.stop()

    def talk(association: Association) -> Conversation[str]:
        yield Call(aio_stop if face.name == "aio" else server.stop)
        return (yield from mirror(association))

    serve = Acceptor(talk)
    with face.server(serve) as server:
        with associated(server.address) as peer:
            if face.name == "aio":
                mirrors(peer)
                released(peer)
                assert serve.outcome() == "released"
            else:
                assert peer.pdu() == abort(0, 0)
                peer.half_close()
                peer.ended()
                assert type(serve.outcome()) is face.Interrupted


SIGNALLED = """
import signal, sys, threading
from dul.blocking import Server

def tell():
    sys.stdin.readline()
    signal.pthread_kill(threading.get_ident(), signal.SIGTERM)

server = Server(lambda association, peer: iter(()), host="127.0.0.1")
signal.signal(signal.SIGTERM, lambda *_: server.request_stop())
threading.Thread(target=tell).start()
print("listening", flush=True)
server.serve_forever()
"""


def test_a_signal_that_another_thread_is_given_stops_it_too() -> None:
    """The kernel chooses a thread; Python runs the handler in the main one, which waits for callers."""
    with subprocess.Popen(
        [sys.executable, "-c", SIGNALLED], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout
            process.stdout.readline()
            for _ in range(100_000):  # until it waits, where the system says for what
                if "poll" in Path(f"/proc/{process.pid}/wchan").read_text("ascii"):
                    break
            process.communicate("now\n", timeout=30)
        finally:
            process.kill()
    assert process.returncode == 0
