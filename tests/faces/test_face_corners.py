"""What happens seldom: each corner of the transport that an ordinary conversation does not reach."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from collections.abc import Iterator
from typing import Any

import pytest
import rawpeer
from faces import Acceptor, Face, established, mirror, opened, take
from rawpeer import Listener, abort, associate_rq, pdata, served

from dul import conversations
from dul.association import Association
from dul.conversations import PUMP, Conversation
from dul.fsm import State
from dul.pdu import AssociateAC, AssociateRJ
from dul.transport import link
from dul.transport.link import Link

# ---- connecting


class Ways(list[Any]):
    """Addresses; between them another file takes the descriptor of the socket that failed."""

    def __iter__(self) -> Iterator[Any]:
        yield self[0]
        self.taken = os.open("/dev/null", os.O_RDONLY)
        yield self[1]


def test_the_next_address_has_another_descriptor(
    face: Face, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Listener() as gone:
        nowhere = gone.address
    with Listener() as listener:
        ways = Ways(
            (socket.AF_INET, socket.SOCK_STREAM, 0, "", address)
            for address in (nowhere, listener.address)
        )
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: ways)
        connecting = face.connect(("two.invalid", 104))
        with listener.accept() as peer:
            os.close(ways.taken)
            peer.send(abort(0, 0))
            assert "aborted" in str(connecting.error())


def test_a_connection_that_is_open_at_once(face: Face, monkeypatch: pytest.MonkeyPatch) -> None:
    def at_once(sock: socket.socket, address: Any) -> int:
        sock.setblocking(True)
        sock.connect(address)
        sock.setblocking(False)
        return 0

    monkeypatch.setattr(socket.socket, "connect_ex", at_once)
    with face.server(Acceptor()) as server:
        face.connect(server.address).result().do("release")


def test_a_handshake_that_wants_to_write(
    face: Face,
    monkeypatch: pytest.MonkeyPatch,
    tls_server: ssl.SSLContext,
    tls_client: ssl.SSLContext,
) -> None:
    refusals = [1, 2]
    shake = ssl.SSLSocket.do_handshake

    def wants_write(sock: ssl.SSLSocket, *arguments: Any) -> None:
        if refusals and not sock.server_side:
            refusals.pop()
            raise ssl.SSLWantWriteError
        shake(sock, *arguments)

    monkeypatch.setattr(ssl.SSLSocket, "do_handshake", wants_write)
    with face.server(Acceptor(), tls=tls_server) as server:
        face.connect(server.address, tls=tls_client).result().do("release")
    assert not refusals


# ---- accepting


def test_a_connection_that_is_gone_before_it_is_accepted() -> None:
    with opened("aio") as face, face.server(Acceptor()) as server:
        (listener,) = server._listeners
        face.start(lambda: server._accept(asyncio.get_running_loop(), listener)).result()
        served(server.address)


def test_data_that_cannot_wait_for_the_answer(face: Face) -> None:
    """P-DATA-TF right behind the request, in one segment: AA-8 (Sta3), and no answer is given."""
    decided: list[AssociateAC | AssociateRJ] = []
    serve = Acceptor()
    decide = serve._decide
    serve._decide = lambda request: decided.append(decide(request)) or decided[0]
    with face.server(serve) as server, rawpeer.connect(server.address) as peer:
        peer.send(associate_rq() + pdata(b"hasty"))
        assert peer.pdu() == abort(2, 2)
        peer.half_close()
        peer.ended()
        assert serve.outcome() is None


# ---- the pump


def test_pumping_without_taking_goes_nowhere_and_does_no_harm(face: Face) -> None:
    def talk(association: Association) -> Conversation[Any]:
        while not association.has_events:
            yield PUMP
        yield PUMP
        yield PUMP
        return (yield from take(association))

    with Listener() as listener:
        peer, end = established(face, listener)
        with peer:
            peer.send(pdata(b"take me"))
            assert end.do("run", talk(end.association)) == [(1, 2, b"take me")]
            closing = end.start("abort")
            peer.close()
            closing.result()


def test_an_abort_that_is_cut_short_closes_at_once() -> None:
    """By a second cancellation; what comes later finds everything over."""
    with opened("aio") as face, Listener() as listener:
        peer, end = established(face, listener)
        with peer:
            aborting = end.start("abort")
            assert peer.pdu() == abort(0, 0)
            aborting.interrupt()
            assert type(aborting.error()) is asyncio.CancelledError
            peer.ended()
            assert (end.association.state, end.fd) == (State.Sta13, -1)
            end.do("close")
            assert end.association.state is State.Sta1


def test_a_half_closed_requestor_gets_its_answers(face: Face) -> None:
    """FIN ends what it says, not what it hears."""
    serve = Acceptor(mirror)
    with face.server(serve) as server, rawpeer.connect(server.address) as peer:
        peer.send(associate_rq())
        peer.expect(rawpeer.AC)
        peer.send(pdata(b"question"), rawpeer.RELEASE_RQ_PDU)
        peer.half_close()
        assert peer.pdu() == pdata(b"question")
        assert peer.pdu() == rawpeer.RELEASE_RP_PDU
        peer.ended()
        assert serve.outcome() == "released"


def test_receive_is_not_confused_by_what_no_receiver_waits_for(face: Face) -> None:
    """Only data and a release are handed to a receiver; the rest of a conversation goes on."""

    def talk(association: Association) -> Conversation[Any]:
        association.release()
        return (yield from conversations.receive(association))

    with Listener() as listener:
        peer, end = established(face, listener)
        with peer:
            running = end.start("run", talk(end.association))
            peer.expect(rawpeer.RELEASE_RQ)
            peer.send(rawpeer.RELEASE_RP_PDU)
            assert "closed" in str(running.error())
            peer.ended()
            end.do("close")


# ---- the socket


def test_a_full_socket_takes_nothing() -> None:
    ours, theirs = socket.socketpair()
    with theirs:
        full = Link(ours)
        while full.send([bytes(1 << 16)]):
            pass
        assert full.send([b"more"]) == 0
        full.close()


def test_more_spans_than_one_call_takes() -> None:
    ours, theirs = socket.socketpair()
    with theirs:
        many = Link(ours)
        assert many.send([b"x"] * (link.IOV_MAX + 1)) == link.IOV_MAX
        many.close()


def test_without_tcp_quickack(face: Face, monkeypatch: pytest.MonkeyPatch) -> None:
    """On other systems than Linux, and on what is no TCP."""
    ours, theirs = socket.socketpair()
    local = Link(ours)
    local.quick_ack()
    local.close()
    local.quick_ack()
    theirs.close()
    monkeypatch.setattr(link, "_QUICKACK", None)
    with face.server(Acceptor()) as server:
        served(server.address)
