"""Deadlines in real time: each bound ends what it bounds, by its own name, and nobody else waits.

Limits are fractions of a second; what they wait for never comes, so that a slow machine is only
late. Nothing sleeps.
"""

from __future__ import annotations

import socket
import ssl
import time
from dataclasses import replace

import pytest
import rawpeer
from faces import QUICK, Acceptor, Face, Zeros, established, mirror, take
from rawpeer import (
    RELEASE_RQ_PDU,
    Listener,
    abort,
    associate_ac,
    associate_rq,
    pdata,
    served,
)

from dul import conversations
from dul.association import Association
from dul.conversations import Call, Conversation
from dul.errors import DULError, TimedOut
from dul.fsm import State
from dul.limits import Limits

SHORT = 0.1


def limits(**bounds: float) -> Limits:
    """No bound but these is short, besides the ARTIM that ends what they end."""
    return Limits(**({"artim": SHORT} | bounds))


def assert_timed_out(error: object, which: str) -> None:
    assert type(error) is TimedOut, error
    assert (error.which, error.seconds) == (which, SHORT)


# ---- the requestor


def test_nobody_answers_the_connection_request(face: Face) -> None:
    with rawpeer.blackhole() as address:
        before = time.monotonic()
        assert_timed_out(face.connect(address, limits=limits(connect=SHORT)).error(), "connect")
        assert time.monotonic() - before >= SHORT


def test_an_address_that_drops_everything_does_not_hide_the_next(
    face: Face, monkeypatch: pytest.MonkeyPatch
) -> None:
    with rawpeer.blackhole() as hole, Listener() as listener:
        ways = [
            (socket.AF_INET, socket.SOCK_STREAM, 0, "", hole),
            (socket.AF_INET, socket.SOCK_STREAM, 0, "", listener.address),
        ]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: ways)
        connecting = face.connect(("two.invalid", 104), limits=limits(connect=2 * SHORT))
        with listener.accept() as peer:
            peer.expect(rawpeer.RQ)
            peer.send(associate_ac())
            end = connecting.result()
            ending = end.start("abort")
            peer.half_close()
            ending.result()


def test_nobody_answers_the_associate_request(face: Face) -> None:
    with Listener() as listener:
        connecting = face.connect(listener.address, limits=limits(associate=SHORT))
        with listener.accept() as peer:
            peer.expect(rawpeer.RQ)
            assert peer.pdu() == abort(0, 0)
            peer.ended()  # after ARTIM; the peer does not close
            assert_timed_out(connecting.error(), "associate")


def test_nobody_answers_the_release_request(face: Face) -> None:
    with Listener() as listener:
        peer, end = established(face, listener, limits=limits(release=SHORT))
        with peer:
            releasing = end.start("release")
            assert peer.pdu() == RELEASE_RQ_PDU
            assert peer.pdu() == abort(0, 0)
            peer.ended()
            assert_timed_out(releasing.error(), "release")
            assert (end.association.state, end.fd) == (State.Sta1, -1)


def test_nobody_answers_in_a_release_collision(face: Face) -> None:
    """Sta11: our A-RELEASE-RP is out, the peer's never comes."""
    with Listener() as listener:
        peer, end = established(face, listener, limits=limits(release=SHORT))
        with peer:
            releasing = end.start("release")
            assert peer.pdu() == RELEASE_RQ_PDU
            peer.send(RELEASE_RQ_PDU)
            assert peer.pdu() == rawpeer.RELEASE_RP_PDU
            assert peer.pdu() == abort(0, 0)
            peer.ended()
            assert_timed_out(releasing.error(), "release")


def test_a_peer_that_never_reads(face: Face) -> None:
    with Listener(receive_buffer=4096) as listener:
        peer, end = established(face, listener, limits=limits(write=SHORT))
        with peer:
            end.do("send", 1, command=False, source=Zeros(64 << 20))
            assert_timed_out(end.start("receive").error(), "write")
            end.do("close")
            assert (end.association.state, end.fd) == (State.Sta1, -1)


def test_a_pdu_that_does_not_end(face: Face) -> None:
    with Listener() as listener:
        peer, end = established(face, listener, limits=limits(pdu=SHORT))
        with peer:
            receiving = end.start("receive")
            peer.send(pdata(b"whole"), pdata(b"begun")[:-1])
            assert receiving.error() is None
            assert_timed_out(end.start("receive").error(), "pdu")
            closing = end.start("close")
            assert peer.pdu() == abort(0, 0)
            peer.ended()
            closing.result()


def test_a_reply_that_does_not_come(face: Face) -> None:
    def ask(association: Association) -> Conversation[None]:
        association.send(1, command=True, source=b"question")
        association.expect("reply")
        yield from take(association)

    with Listener() as listener:
        peer, end = established(face, listener, limits=limits(reply=SHORT))
        with peer:
            assert_timed_out(end.start("run", ask(end.association)).error(), "reply")
            closing = end.start("close")
            peer.expect(rawpeer.PDATA)
            assert peer.pdu() == abort(0, 0)
            peer.ended()
            closing.result()


def test_a_peer_that_keeps_the_connection_open_is_not_waited_for(face: Face) -> None:
    """After our abort for a deadline: ARTIM is long, the grace is short."""
    with Listener() as listener:
        bounds = limits(reply=SHORT, artim=600.0, grace=SHORT)
        peer, end = established(face, listener, limits=bounds)

        def ask(association: Association) -> Conversation[None]:
            association.expect("reply")
            yield from take(association)

        with peer:
            assert_timed_out(end.start("run", ask(end.association)).error(), "reply")
            end.do("close")
            assert (end.association.state, end.fd) == (State.Sta1, -1)
            assert peer.pdu() == abort(0, 0)
            peer.ended()


@pytest.mark.parametrize("how", ["abort", "interrupt"])
def test_whoever_aborts_does_not_wait_for_artim(face: Face, how: str) -> None:
    with Listener() as listener:
        peer, end = established(face, listener, limits=limits(artim=600.0, grace=SHORT))
        with peer:
            if how == "interrupt":
                releasing = end.start("release")
                assert peer.pdu() == RELEASE_RQ_PDU
                releasing.interrupt()
                assert isinstance(releasing.error(), face.Interrupted)
            else:
                end.do("abort")
            assert peer.pdu() == abort(0, 0)
            peer.ended()


# ---- the acceptor


@pytest.mark.parametrize(
    "said", [b"", b"\1", associate_rq()[:100]], ids=["nothing", "byte", "half"]
)
def test_a_requestor_that_is_silent(face: Face, said: bytes) -> None:
    """ARTIM, and no other bound, ends Sta2: without a word (AA-2)."""
    bounds = limits(artim=4 * SHORT, pdu=SHORT, idle=SHORT)
    serve = Acceptor()
    with face.server(serve, limits=bounds) as server, rawpeer.connect(server.address) as silent:
        before = time.monotonic()
        silent.send(said)
        silent.ended()
        assert time.monotonic() - before >= 3.9 * SHORT
        association, outcome = serve.ended()
        assert outcome is None
        assert type(association.failure) is TimedOut
        assert association.failure.which == "artim"


def test_a_requestor_that_is_idle(face: Face) -> None:
    def idle(association: Association) -> Conversation[str]:
        association.expect("idle")
        return (yield from mirror(association))

    serve = Acceptor(idle)
    with face.server(serve, limits=limits(idle=SHORT)) as server:
        with rawpeer.connect(server.address) as peer:
            peer.send(associate_rq())
            peer.expect(rawpeer.AC)
            assert peer.pdu() == abort(0, 0)
            assert_timed_out(serve.outcome(), "idle")
            peer.ended()


def test_a_requestor_that_never_reads(face: Face) -> None:
    def flood(association: Association) -> Conversation[None]:
        yield from conversations.send(association, 1, command=False, source=Zeros(64 << 20))
        yield from take(association)

    serve = Acceptor(flood)
    with face.server(serve, limits=limits(write=SHORT)) as server:
        with rawpeer.connect(server.address, receive_buffer=4096) as peer:
            peer.send(associate_rq())
            assert_timed_out(serve.outcome(), "write")


def test_a_requestor_that_does_not_end_its_pdu(face: Face) -> None:
    serve = Acceptor()
    with face.server(serve, limits=limits(pdu=SHORT)) as server:
        with rawpeer.connect(server.address) as peer:
            peer.send(associate_rq())
            peer.expect(rawpeer.AC)
            peer.send(pdata(b"never complete")[:10])
            assert peer.pdu() == abort(0, 0)
            assert_timed_out(serve.outcome(), "pdu")
            peer.ended()


def test_a_requestor_that_does_not_close_after_a_rejection(face: Face) -> None:
    """Sta13 is left when ARTIM expires (AA-2)."""
    serve = Acceptor()
    with face.server(serve, limits=limits(), max_associations=0) as server:
        with rawpeer.connect(server.address) as peer:
            before = time.monotonic()
            peer.send(associate_rq())
            peer.expect(rawpeer.RJ)
            peer.ended()
            assert time.monotonic() - before >= 0.9 * SHORT


def test_time_in_the_users_function_is_not_the_peers(face: Face) -> None:
    """The function lasts longer than the idle bound: as long as another connection's ARTIM."""
    bounds = limits(artim=4 * SHORT, idle=3 * SHORT)

    def slow() -> str:
        with rawpeer.connect(server.address) as silent:
            silent.ended()
        return "done"

    def talk(association: Association) -> Conversation[str]:
        association.expect("idle")
        assert (yield from take(association))
        assert (yield Call(slow)) == "done"
        deadline = association.next_deadline()
        assert deadline is not None
        assert deadline > time.monotonic()
        association.expect(None)
        return (yield from mirror(association))

    serve = Acceptor(talk)
    with face.server(serve, limits=bounds) as server:
        with rawpeer.connect(server.address) as peer:
            peer.send(associate_rq())
            peer.expect(rawpeer.AC)
            peer.send(pdata(b"work"))
            assert serve.outcome() is None  # the silent one's
            peer.send(RELEASE_RQ_PDU)
            assert peer.pdu() == rawpeer.RELEASE_RP_PDU
            peer.close()
            assert serve.outcome() == "released"


def test_others_are_served_meanwhile(face: Face) -> None:
    """While one says nothing, one does not end its request, and one does not read."""

    def talk(association: Association) -> Conversation[str]:
        assert association.request is not None
        if association.request.user_information.maximum_length == 8:
            yield from conversations.send(association, 1, command=False, source=Zeros(64 << 20))
        return (yield from mirror(association))

    serve = Acceptor(talk)
    with face.server(serve) as server:
        with (
            rawpeer.connect(server.address),
            rawpeer.connect(server.address) as half,
            rawpeer.connect(server.address, receive_buffer=4096) as deaf,
        ):
            half.send(associate_rq()[:-1])
            deaf.send(associate_rq(maximum=8))
            rawpeer.has_arrived(deaf.sock.fileno())
            served(server.address)
            assert serve.outcome() == "released"
            assert serve.none_ended()


# ---- TLS


def client_hello(context: ssl.SSLContext) -> bytes:
    """The first flight of a TLS client."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(incoming, outgoing, server_hostname="localhost")
    with pytest.raises(ssl.SSLWantReadError):
        tls.do_handshake()
    return outgoing.read()


@pytest.mark.parametrize("said", [0, 1, 50, 10_000], ids=["nothing", "byte", "part", "hello"])
def test_a_tls_client_that_stops(
    face: Face, said: int, tls_server: ssl.SSLContext, tls_client: ssl.SSLContext
) -> None:
    """A bound of its own ends a handshake."""
    bounds = replace(QUICK, tls_handshake=SHORT, artim=30.0, pdu=30.0)
    serve = Acceptor()
    with face.server(serve, limits=bounds, tls=tls_server) as server:
        with rawpeer.connect(server.address) as stuck:
            before = time.monotonic()
            stuck.send(client_hello(tls_client)[:said])
            stuck.rest()  # the server's part of the handshake, if there was a whole ClientHello
            assert time.monotonic() - before >= 0.9 * SHORT
        if said < 10_000:
            association, outcome = serve.ended()
            assert outcome is None  # the conversation found it over before it began
            assert isinstance(association.failure, TimedOut)
            assert association.failure.which == "tls_handshake"


def test_others_shake_hands_meanwhile(
    face: Face, tls_server: ssl.SSLContext, tls_client: ssl.SSLContext
) -> None:
    serve = Acceptor()
    with face.server(serve, tls=tls_server) as server:
        with rawpeer.connect(server.address), rawpeer.connect(server.address) as half:
            half.send(client_hello(tls_client)[:50])
            served(server.address, tls_client)
            assert serve.outcome() == "released"


def test_a_tls_server_that_never_speaks(face: Face, tls_client: ssl.SSLContext) -> None:
    """The connect bound covers the handshake."""
    with Listener() as listener:
        connecting = face.connect(listener.address, limits=limits(connect=SHORT), tls=tls_client)
        with listener.accept():
            assert_timed_out(connecting.error(), "connect")


def test_no_bound_is_for_ever(face: Face) -> None:
    """None as a bound, and one that no timer can hold, are waited out like any other."""
    bounds = Limits(connect=None, associate=None, release=None, artim=1e12, tls_handshake=None)
    with Listener() as listener:
        connecting = face.connect(listener.address, limits=bounds)
        with listener.accept() as peer:
            peer.expect(rawpeer.RQ)
            peer.send(associate_ac())
            end = connecting.result()
            aborting = end.start("abort")
            peer.expect(rawpeer.ABORT)
            peer.half_close()
            aborting.result()
    serve = Acceptor()
    with face.server(serve, limits=bounds) as server:
        served(server.address)


def test_errors_of_deadlines_say_what_was_waited_for(face: Face) -> None:
    with rawpeer.blackhole() as address:
        error = face.connect(address, limits=limits(connect=SHORT)).error()
    assert isinstance(error, DULError)
    assert str(error) == "timed out after 0.1 s waiting for the transport connection"
