"""Associations over TLS, in both faces and both roles, with TLS 1.2 and 1.3."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import select
import socket
import ssl
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import rawpeer
from certificates import TLS, client_context, server_context
from faces import Acceptor, End, Face, Zeros, take
from rawpeer import (
    RELEASE_RP_PDU,
    RELEASE_RQ_PDU,
    Listener,
    RawPeer,
    abort,
    associate_ac,
    associate_rq,
    pdata,
    served,
)

from dul import conversations
from dul.association import Association
from dul.conversations import Conversation
from dul.errors import AssociationAborted, InvalidTLS, TimedOut, TLSFailed, TransportError
from dul.fsm import State
from dul.limits import Limits

LARGE = 64 << 20


@pytest.fixture(params=[ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["1.2", "1.3"])
def contexts(request: pytest.FixtureRequest) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A client's and a server's, which agree on one version."""
    both = client_context(), server_context()
    for each in both:
        each.minimum_version = each.maximum_version = request.param
    return both


def established(
    face: Face, listener: Listener, contexts: tuple[ssl.SSLContext, ssl.SSLContext]
) -> tuple[RawPeer, End]:
    connecting = face.connect(listener.address, tls=contexts[0])
    peer = listener.accept(contexts[1])
    peer.expect(rawpeer.RQ)
    peer.send(associate_ac(maximum=0))
    return peer, connecting.result()


def swap(association: Association, size: int) -> Conversation[bytes]:
    """Send and receive a data set at the same time."""
    association.send(1, command=False, source=pattern(size))
    received = bytearray()
    while True:
        for _, control, fragment in (yield from take(association)):
            received += fragment
            if control & 2:
                yield from conversations.flush(association)
                return bytes(received)


def pattern(size: int) -> bytes:
    return bytes(range(251)) * (size // 251)


def swap_and_stay(association: Association) -> Conversation[bytes]:
    received = yield from swap(association, 5 << 20)
    assert (yield from take(association)) == "release"
    yield from conversations.respond_to_release(association)
    return received


def test_megabytes_both_ways(face: Face, contexts: tuple[ssl.SSLContext, ssl.SSLContext]) -> None:
    """Partial writes, and reads in between: neither end waits for the other to read first."""
    serve = Acceptor(swap_and_stay)
    with face.server(serve, tls=contexts[1]) as server:
        end = face.connect(server.address, tls=contexts[0]).result()
        assert end.do("run", swap(end.association, 3 << 20)) == pattern(5 << 20)
        end.do("release")
        assert serve.outcome() == pattern(3 << 20)


def test_a_whole_association_closed_in_order(
    face: Face, contexts: tuple[ssl.SSLContext, ssl.SSLContext]
) -> None:
    """The requestor's close_notify arrives: an end that no attacker could have made."""
    with Listener() as listener:
        peer, end = established(face, listener, contexts)
        with peer:
            assert peer.sock.version() == contexts[0].minimum_version.name.replace(
                "v", "v"
            ).replace("_", ".")
            end.do("send", 1, command=True, source=b"question")
            assert peer.expect(rawpeer.PDATA)[12:] == b"question"
            peer.send(pdata(b"answer"))
            assert end.take() == [(1, 2, b"answer")]
            releasing = end.start("release")
            assert peer.pdu() == RELEASE_RQ_PDU
            peer.send(RELEASE_RP_PDU)
            assert peer.sock.recv(1) == b""  # SSLEOFError if there were no close_notify
            releasing.result()


def test_a_server_closes_in_order(
    face: Face, contexts: tuple[ssl.SSLContext, ssl.SSLContext]
) -> None:
    serve = Acceptor()
    with face.server(serve, tls=contexts[1]) as server:
        with rawpeer.connect(server.address, contexts[0]) as peer:
            peer.send(associate_rq())
            peer.expect(rawpeer.AC)
            peer.send(abort())
            assert peer.sock.recv(1) == b""
        assert type(serve.outcome()) is AssociationAborted


def test_the_peers_close_notify_is_its_end(
    face: Face, contexts: tuple[ssl.SSLContext, ssl.SSLContext]
) -> None:
    with Listener() as listener:
        peer, end = established(face, listener, contexts)
        with peer:
            receiving = end.start("receive")
            peer.send(pdata(b"last words"))
            assert receiving.error() is None
            receiving = end.start("receive")
            peer.sock.setblocking(False)
            with contextlib.suppress(ssl.SSLWantReadError):  # unless ours is here already
                peer.sock.unwrap()
            error = receiving.error()
            assert type(error) is TransportError
            assert "within the association" in str(error)
            end.do("close")


@pytest.mark.parametrize("how", ["FIN", "RST"])
def test_a_peer_that_drops_without_close_notify(
    face: Face, contexts: tuple[ssl.SSLContext, ssl.SSLContext], how: str
) -> None:
    with Listener() as listener:
        peer, end = established(face, listener, contexts)
        receiving = end.start("receive")
        peer.reset() if how == "RST" else peer.close()
        assert type(receiving.error()) is TransportError
        end.do("close")
        assert (end.association.state, end.fd) == (State.Sta1, -1)


def test_an_abort_before_a_reset_is_the_cause(
    face: Face, contexts: tuple[ssl.SSLContext, ssl.SSLContext]
) -> None:
    with Listener() as listener:
        peer, end = established(face, listener, contexts)
        peer.send(abort(2, 6))
        peer.reset()
        rawpeer.is_broken(end.fd)
        end.do("send", 1, command=True, source=b"too late")
        error = end.start("receive").error()
        assert type(error) is AssociationAborted
        end.do("close")


def test_an_abort_in_the_middle_of_a_data_set(
    face: Face, contexts: tuple[ssl.SSLContext, ssl.SSLContext]
) -> None:
    """What TLS has taken and not sent is sent first; then come the begun PDU's rest and the A-ABORT."""
    with Listener(receive_buffer=4096) as listener:
        peer, end = established(face, listener, contexts)
        with peer:
            source = Zeros(LARGE)
            sending = end.start("send", 1, command=False, source=source)
            rawpeer.has_arrived(peer.sock.fileno())
            sending.interrupt()
            assert isinstance(sending.error(), face.Interrupted)
            aborting = end.start("abort")
            pdus = [peer.pdu()]
            while pdus[-1][0] != rawpeer.ABORT:
                pdus.append(peer.pdu())
            assert pdus.pop() == abort(0, 0)
            assert 0 < len(rawpeer.data_of(pdus)) <= source.read < LARGE
            peer.close()
            aborting.result()


def test_the_peers_abort_in_the_middle_of_a_data_set(
    face: Face, contexts: tuple[ssl.SSLContext, ssl.SSLContext]
) -> None:
    with Listener(receive_buffer=4096) as listener:
        peer, end = established(face, listener, contexts)
        with peer:
            sending = end.start("send", 1, command=False, source=Zeros(LARGE))
            rawpeer.has_arrived(peer.sock.fileno())
            peer.send(abort(0, 0))
            sending.result()
            assert type(end.start("receive").error()) is AssociationAborted
            end.do("close")
            assert end.fd == -1


def test_a_peer_that_never_reads(
    face: Face, contexts: tuple[ssl.SSLContext, ssl.SSLContext]
) -> None:
    """What OpenSSL holds back counts as not sent: the write deadline watches it."""
    with Listener(receive_buffer=4096) as listener:
        limits = Limits(write=0.1, artim=0.1)
        connecting = face.connect(listener.address, tls=contexts[0], limits=limits)
        with listener.accept(contexts[1]) as peer:
            peer.expect(rawpeer.RQ)
            peer.send(associate_ac(maximum=0))
            end = connecting.result()
            end.do("send", 1, command=False, source=Zeros(LARGE))
            error = end.start("receive").error()
            assert type(error) is TimedOut
            assert error.which == "write"
            end.do("close")


# ---- handshakes that fail


@pytest.fixture
def quiet_log(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    with caplog.at_level(logging.INFO, "dul"):
        yield caplog


@pytest.mark.parametrize(
    ("server", "why"),
    [
        ("unknown-server", "its issuer is not among the certificates that are trusted"),
        ("expired-server", "it has expired"),
        ("elsewhere-server", "not valid for '127.0.0.1'"),
    ],
)
def test_a_server_that_is_not_trusted(
    face: Face, server: str, why: str, quiet_log: pytest.LogCaptureFixture
) -> None:
    serve = Acceptor()
    with face.server(serve, tls=server_context(server)) as listening:
        error = face.connect(listening.address, tls=client_context()).error()
        assert type(error) is TLSFailed
        assert error.refused_by == "us"
        assert "TLS handshake with 127.0.0.1" in str(error)
        assert why in str(error)
        association, outcome = serve.ended()
    assert outcome is None  # the conversation found it over before it began
    assert type(association.failure) is TLSFailed
    assert association.failure.refused_by == "peer"


def test_a_server_is_known_by_another_name(face: Face) -> None:
    with face.server(Acceptor(), tls=server_context("elsewhere-server")) as server:
        connecting = face.connect(
            server.address, tls=client_context(), server_hostname="elsewhere.invalid"
        )
        connecting.result().do("release")


def test_names_that_are_none(face: Face) -> None:
    """What ssl refuses with ValueError."""
    with face.server(Acceptor(), tls=server_context()) as server:
        connecting = face.connect(server.address, tls=client_context(), server_hostname=".invalid")
        error = connecting.error()
        assert type(error) is TLSFailed
        assert "no host name" in str(error)


@pytest.mark.parametrize("certificate", ["client", "unknown-client", None])
def test_clients_with_certificates(
    face: Face,
    contexts: tuple[ssl.SSLContext, ssl.SSLContext],
    certificate: str | None,
    quiet_log: pytest.LogCaptureFixture,
) -> None:
    """With TLS 1.3 the client learns of a refusal only after its own handshake."""
    client, server_side = contexts
    server_side.verify_mode = ssl.CERT_REQUIRED
    server_side.load_verify_locations(TLS / "ca.pem")
    if certificate:
        client.load_cert_chain(TLS / f"{certificate}.pem", TLS / f"{certificate}.key")
    with face.server(Acceptor(), tls=server_side) as server:
        connecting = face.connect(server.address, tls=client)
        if certificate == "client":
            connecting.result().do("release")
        else:
            error = connecting.error()
            assert type(error) is TLSFailed
            assert error.refused_by == "peer"
            assert error.alert is not None
            assert error.alert in str(error)
    assert certificate == "client" or "ended" in quiet_log.text


def test_a_plain_requestor_at_a_tls_server(
    face: Face, contexts: tuple[ssl.SSLContext, ssl.SSLContext], quiet_log: Any
) -> None:
    serve = Acceptor()
    with face.server(serve, tls=contexts[1]) as server:
        with rawpeer.connect(server.address) as peer:
            peer.send(associate_rq())
            peer.rest()
        association, outcome = serve.ended()
        assert outcome is None
        assert "plain DICOM on a TLS port" in str(association.failure)
        served(server.address, contexts[0])
        assert serve.outcome() == "released"
    assert "TLS handshake" in quiet_log.text
    assert "plain DICOM on a TLS port" in quiet_log.text


def test_a_plain_requestor_that_says_hello_late(face: Face, quiet_log: Any) -> None:
    """The server has begun to wait for the handshake; what comes then is looked at as well."""
    with face.server(Acceptor(), tls=server_context()) as server:
        with rawpeer.connect(server.address) as peer:
            for hello in (b"GET / HTTP/1.1\r\n", b"hello\r\n"):
                with rawpeer.connect(server.address) as another:
                    another.send(hello)
                    another.rest()
            peer.send(associate_rq())
            peer.rest()
    assert "the peer speaks HTTP" in quiet_log.text
    assert "what the peer says is not TLS" in quiet_log.text
    assert "plain DICOM on a TLS port" in quiet_log.text


def test_a_tls_requestor_that_is_answered_in_plain_dicom(face: Face) -> None:
    with Listener() as listener:
        connecting = face.connect(listener.address, tls=client_context())
        with listener.accept() as peer:
            peer.read(1)
            peer.send(abort(2, 1))
            error = connecting.error()
    assert type(error) is TLSFailed
    # If it was very fast, OpenSSL has the answer before it can be looked at.
    assert "the peer speaks plain DICOM, not TLS" in str(error) or "perhaps plain" in str(error)


def test_a_plain_requestor_that_is_answered_in_tls(face: Face) -> None:
    with Listener() as listener:
        connecting = face.connect(listener.address)
        with listener.accept() as peer:
            peer.expect(rawpeer.RQ)
            peer.send(b"\x15\x03\x01\x00\x02\x02\x0a")
            assert peer.pdu() == abort(2, 1)
            peer.half_close()
            error = connecting.error()
    assert "it is a TLS alert: the peer speaks TLS, and this end does not" in str(error)


def test_our_plain_requestor_at_a_tls_server(
    face: Face, contexts: tuple[ssl.SSLContext, ssl.SSLContext]
) -> None:
    """The alert, or the end, is no answer: no hang, and an error of ours."""
    limits = Limits(artim=0.2)
    with face.server(Acceptor(), tls=contexts[1]) as server:
        error = face.connect(server.address, limits=limits).error()
    assert "the peer speaks TLS" in str(error) or isinstance(error, TransportError)


def test_a_tls_requestor_at_a_plain_server(
    face: Face, contexts: tuple[ssl.SSLContext, ssl.SSLContext]
) -> None:
    serve = Acceptor()
    with face.server(serve) as server:
        error = face.connect(server.address, tls=contexts[0]).error()
        assert type(error) is TLSFailed
        assert "TLS handshake" in str(error)
        assert "plain DICOM" in str(error)
        association, outcome = serve.ended()
        assert outcome is None
        assert "it is a TLS handshake: the peer speaks TLS" in str(association.failure)
        served(server.address)


# ---- what OpenSSL wants now and then


def test_sending_that_wants_to_read_first(
    face: Face,
    contexts: tuple[ssl.SSLContext, ssl.SSLContext],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is not asked again before something came: it would spin."""
    refusals: list[bool] = []
    refused = threading.Event()
    send = ssl.SSLSocket.send
    with Listener() as listener:
        peer, end = established(face, listener, contexts)
        with peer:
            ours = end.connection._link._sock

            def wants_read(sock: ssl.SSLSocket, *arguments: Any) -> int:
                if sock is ours and not goes_on.is_set():
                    refusals.append(True)
                    refused.set()
                    raise ssl.SSLWantReadError
                return send(sock, *arguments)

            goes_on = threading.Event()
            monkeypatch.setattr(ssl.SSLSocket, "send", wants_read)
            sending = end.start("send", 1, command=False, source=b"patience")
            assert refused.wait(rawpeer.GUARD)
            goes_on.set()
            peer.send(pdata(b"go on"))
            sending.result()
            assert end.take() == [(1, 2, b"go on")]
            aborting = end.start("abort")
            assert peer.expect(rawpeer.PDATA)[12:] == b"patience"  # its PDU had begun
            peer.expect(rawpeer.ABORT)
            peer.close()
            aborting.result()
            assert refusals == [True]


def test_receiving_that_wants_to_write_first(
    face: Face,
    contexts: tuple[ssl.SSLContext, ssl.SSLContext],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    refusals = [1]
    receive = ssl.SSLSocket.read
    with Listener() as listener:
        peer, end = established(face, listener, contexts)
        with peer:
            ours = end.connection._link._sock

            def wants_write(sock: ssl.SSLSocket, *arguments: Any) -> int:
                if sock is ours and refusals:
                    refusals.pop()
                    raise ssl.SSLWantWriteError
                return receive(sock, *arguments)

            monkeypatch.setattr(ssl.SSLSocket, "read", wants_write)
            peer.send(pdata(b"hear me"))
            assert end.take() == [(1, 2, b"hear me")]
            assert not refusals
            closing = end.start("abort")
            peer.close()
            closing.result()


@pytest.mark.parametrize(
    "error",
    [
        ConnectionResetError(errno.ECONNRESET, "Connection reset by peer"),
        ssl.SSLEOFError(),
        ssl.SSLWantWriteError(),
    ],
    ids=lambda each: type(each).__name__,
)
def test_what_comes_behind_data_comes_behind_it(
    face: Face,
    contexts: tuple[ssl.SSLContext, ssl.SSLContext],
    monkeypatch: pytest.MonkeyPatch,
    error: OSError,
) -> None:
    """Records are read until there is none: what ends the reading does not hide what was read."""
    replies: list[OSError | None] = [None, error]
    receive = ssl.SSLSocket.read
    with Listener() as listener:
        peer, end = established(face, listener, contexts)
        with peer:
            ours = end.connection._link._sock

            def fails(sock: ssl.SSLSocket, *arguments: Any) -> int:
                failure = replies.pop(0) if sock is ours and replies else None
                if failure is not None:
                    raise failure
                return receive(sock, *arguments)

            monkeypatch.setattr(ssl.SSLSocket, "read", fails)
            peer.send(pdata(bytes(5000)))
            assert end.take() == [(1, 2, bytes(5000))]
            peer.send(pdata(bytes(6000)))
            peer.close()
            if isinstance(error, ConnectionResetError):
                failure = end.start("receive").error()
                assert type(failure) is TransportError
                assert failure.__cause__ is error
            else:
                assert end.take() == [(1, 2, bytes(6000))]
                assert type(end.start("receive").error()) is TransportError
            assert not replies
            end.do("close")


def test_a_server_with_a_port_for_each(face: Face) -> None:
    serve = Acceptor()
    with face.server(serve, tls=server_context(), tls_port=0) as server:
        assert server.tls_address != server.address
        for address, context in (
            (server.address, None),
            (server.tls_address, client_context()),
        ):
            end = face.connect(address, tls=context).result()
            assert (end.association.security is None) is (context is None)
            end.do("release")
            assert serve.outcome() == "released"
    for address in (server.address, server.tls_address):
        with pytest.raises(ConnectionRefusedError):
            rawpeer.connect(address)


def test_a_port_for_tls_needs_a_context(face: Face) -> None:
    async def make() -> None:
        face.module.Server(Acceptor(), host=rawpeer.LOOPBACK, tls_port=0)

    with pytest.raises(InvalidTLS, match="no context for it"):
        asyncio.run(make())


def test_the_port_for_tls_is_taken(face: Face) -> None:
    async def make(port: int) -> None:
        face.module.Server(Acceptor(), host=rawpeer.LOOPBACK, tls=server_context(), tls_port=port)

    with Listener() as taken, pytest.raises(TransportError, match="cannot listen on"):
        asyncio.run(make(taken.address[1]))


# ---- peers that mean no good


class Wild:
    """A client that speaks TLS by hand, so that it may say what no library would."""

    def __init__(self, address: Any) -> None:
        self.sock = socket.create_connection(address[:2])
        self.sock.settimeout(rawpeer.GUARD)
        self._heard, self._said = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = client_context().wrap_bio(
            self._heard, self._said, server_hostname=rawpeer.LOOPBACK
        )

    def hello(self) -> bytes:
        with contextlib.suppress(ssl.SSLWantReadError):
            self._tls.do_handshake()
        return self._said.read()

    def shake_hands(self) -> None:
        self.sock.sendall(self.hello())
        while True:
            try:
                self._tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                self._heard.write(self.sock.recv(65536))
        self.sock.sendall(self._said.read())

    def is_cut_off(self) -> None:
        with contextlib.suppress(ConnectionResetError):
            while self.sock.recv(65536):
                pass
        self.sock.close()


def test_a_handshake_that_trickles_in(face: Face) -> None:
    """It has its time as a whole, and nobody else waits for it."""
    serve = Acceptor()
    limits = Limits(tls_handshake=0.4)
    with face.server(serve, tls=server_context(), limits=limits) as server:
        wild = Wild(server.address)
        for each in wild.hello()[:-1]:
            with contextlib.suppress(ConnectionError):
                wild.sock.send(bytes([each]))
            if select.select([wild.sock], [], [], 0.02)[0]:
                break
        else:
            pytest.fail("it was given all the time in the world")
        wild.is_cut_off()
        association, outcome = serve.ended()
        assert outcome is None
        failure = association.failure
        assert isinstance(failure, TimedOut)
        assert failure.which == "tls_handshake"


@pytest.mark.parametrize("when", ["at once", "later"])
def test_a_record_that_is_too_long(face: Face, when: str) -> None:
    """RFC 8446 5.1: 2^14 bytes, and 256 more when it is encrypted."""
    serve = Acceptor()
    with face.server(serve, tls=server_context()) as server:
        wild = Wild(server.address)
        if when == "at once":
            wild.sock.sendall(b"\x16\x03\x01\xff\xff" + bytes(300))
        else:
            wild.shake_hands()
            wild.sock.sendall(b"\x17\x03\x03\xff\xff" + bytes(300))
        wild.is_cut_off()
        association, outcome = serve.ended()
        failure = association.failure or outcome
        assert "a TLS record of the peer's is longer than any may be" in str(failure)
        served(server.address, client_context())


def test_a_record_that_was_forged(face: Face) -> None:
    serve = Acceptor()
    with face.server(serve, tls=server_context()) as server:
        wild = Wild(server.address)
        wild.shake_hands()
        wild.sock.sendall(b"\x17\x03\x03\x00\x40" + bytes(64))
        wild.is_cut_off()
        association, outcome = serve.ended()
        assert "a TLS record was damaged or forged" in str(association.failure or outcome)
