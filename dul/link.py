"""The transport under an association: a non-blocking TCP or TLS connection, and the pump.

Shared by both faces. Nothing here waits: a generator yields `Wait`, and the face waits in its
own way, with a poll object or on an event loop.
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import ssl
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Any

from dul.association import Association
from dul.errors import TimedOut, TransportError
from dul.wire import Buffer

__all__ = ["Address", "Link", "Ready", "Wait", "handshake", "listen", "pump", "resolve_error"]

Clock = Callable[[], float]
Address = tuple[Any, ...]
"""One answer of `socket.getaddrinfo`."""

TLS_CHUNK = 1 << 17
BACKLOG = 128
_HAS_SENDMSG = hasattr(socket.socket, "sendmsg")
_QUICKACK: int | None = getattr(socket, "TCP_QUICKACK", None)
_WOULD_BLOCK = frozenset({errno.EAGAIN, errno.EWOULDBLOCK})


@dataclass(frozen=True, slots=True)
class Wait:
    """Wait until the file descriptor is ready or the time is `until`, on the face's clock."""

    fd: int
    read: bool
    write: bool
    until: float | None


Ready = bool
"""What a face answers to a `Wait`: the descriptor became ready (else the time is over)."""

Waiting = Generator[Wait, Ready, None]


class Link:
    """A connection to a peer, or one that is to be opened.

    Args:
        sock: a connected socket (acceptor), or None (requestor).
        addresses: where to connect to, tried in order.
        tls: the context, or None for plain TCP.
        server_hostname: whom a requestor expects in the peer's certificate.
        peer: how errors name the peer.

    Attributes:
        uncertain: an exception came between sending and counting; how much the peer got is
            not known, so that nothing sensible can follow.
        write_error: why nothing more can be sent; what the peer said before is still read.
    """

    def __init__(
        self,
        sock: socket.socket | None = None,
        *,
        addresses: Sequence[Address] = (),
        tls: ssl.SSLContext | None = None,
        server_hostname: str | None = None,
        peer: str = "peer",
    ) -> None:
        self.peer = peer
        self.uncertain = False
        self.write_error: OSError | None = None
        self._addresses = addresses
        self._tls = tls
        self._server_hostname = server_hostname
        self._sock = sock
        self._is_tls = False
        self._retry = memoryview(b"")  # bytes that TLS has taken and not sent yet
        self._tls_wants_write = False
        if sock is not None:
            _prepare(sock)

    # ------------------------------------------------------------------------ opening --

    def open(self, until: float | None) -> Waiting:
        """Connect, and shake hands if there is a TLS context; addresses are tried in turn.

        Raises:
            TransportError: none of them answers. Past `until` it simply returns.
        """
        error: OSError | None = None
        for family, kind, protocol, _, address in self._addresses:
            sock = socket.socket(family, kind, protocol)
            try:
                _prepare(sock)
                code = sock.connect_ex(address)
                if code == errno.EINPROGRESS:
                    if not (yield Wait(sock.fileno(), read=False, write=True, until=until)):
                        sock.close()
                        return
                    code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            except BaseException:
                sock.close()
                raise
            if code == 0:
                self._sock = sock
                yield from self.shake_hands(until, server_side=False)
                return
            error = OSError(code, os.strerror(code))
            sock.close()
        why = error.strerror if error else "the name has no address"
        raise TransportError(
            f"cannot connect to {self.peer}: {why} (is the peer running, are host and port right?)"
        ) from error

    def shake_hands(self, until: float | None, *, server_side: bool) -> Waiting:
        """The TLS handshake; nothing for plain TCP.

        Raises:
            TransportError: it was refused. Past `until` it simply returns.
        """
        if self._tls is None or self._sock is None:
            return
        try:
            tls = self._tls.wrap_socket(
                self._sock,
                server_side=server_side,
                server_hostname=None if server_side else self._server_hostname,
                do_handshake_on_connect=False,
            )
            self._sock = tls
            while True:
                try:
                    tls.do_handshake()
                    self._is_tls = True
                    return
                except ssl.SSLWantReadError:
                    ready = yield Wait(tls.fileno(), read=True, write=False, until=until)
                except ssl.SSLWantWriteError:
                    ready = yield Wait(tls.fileno(), read=False, write=True, until=until)
                if not ready:
                    return
        except (OSError, ValueError) as error:
            raise TransportError(f"TLS handshake with {self.peer} failed: {error}") from error

    # ------------------------------------------------------------------------- traffic --

    @property
    def is_open(self) -> bool:
        """There is a socket."""
        return self._sock is not None

    def fileno(self) -> int:
        """The socket's descriptor, -1 if it is closed."""
        return self._sock.fileno() if self._sock is not None else -1

    @property
    def wants_write(self) -> bool:
        """TLS has something of its own to send, or to send again."""
        return self._tls_wants_write or bool(self._retry)

    def has_pending(self) -> bool:
        """Received bytes wait inside TLS, where no poll can see them."""
        return isinstance(self._sock, ssl.SSLSocket) and self._is_tls and self._sock.pending() > 0

    def quick_ack(self) -> None:
        """Acknowledge what came at once (Linux).

        A peer that writes header and body of a PDU separately, with Nagle's algorithm on,
        waits for our acknowledgement in between: 40 ms for each message. The kernel takes the
        option back by itself, so it is set before each wait.
        """
        if _QUICKACK is not None and self._sock is not None:
            with contextlib.suppress(OSError):
                self._sock.setsockopt(socket.IPPROTO_TCP, _QUICKACK, 1)

    def send(self, spans: Sequence[Buffer]) -> int:
        """Send what the transport takes now; returns how many bytes, 0 if it takes none.

        Raises:
            OSError: the connection is broken.
        """
        assert self._sock is not None
        if isinstance(self._sock, ssl.SSLSocket):
            return self._send_tls(self._sock, spans)
        try:
            if _HAS_SENDMSG:
                return self._sock.sendmsg(spans)
            return self._sock.send(spans[0])
        except BlockingIOError:
            return 0

    def _send_tls(self, sock: ssl.SSLSocket, spans: Sequence[Buffer]) -> int:
        # OpenSSL must be given the same bytes again after "want": what it has seen counts as
        # sent, and is kept here until it is.
        taken = 0
        if not self._retry and spans:
            self._retry = memoryview(_gather(spans, TLS_CHUNK))
            taken = len(self._retry)
        try:
            while self._retry:
                self._retry = self._retry[sock.send(self._retry) :]
        except (ssl.SSLWantWriteError, ssl.SSLWantReadError):
            pass
        return taken

    def receive(self, view: memoryview) -> int | None:
        """Bytes received into the view; 0 at the peer's end, None if there are none yet.

        Raises:
            OSError: the connection is broken.
        """
        assert self._sock is not None
        self._tls_wants_write = False
        try:
            return self._sock.recv_into(view)
        except (BlockingIOError, ssl.SSLWantReadError):
            return None
        except ssl.SSLWantWriteError:
            self._tls_wants_write = True
            return None
        except (ssl.SSLEOFError, ssl.SSLZeroReturnError):
            return 0

    def close(self) -> None:
        """Close; the kernel still sends what it has."""
        sock, self._sock = self._sock, None
        if sock is not None:
            if isinstance(sock, ssl.SSLSocket) and self._is_tls and not self._retry:
                # One close_notify; the peer's is not waited for (RFC 8446 6.1).
                with contextlib.suppress(OSError, ValueError):
                    sock.unwrap()
            sock.close()


def _prepare(sock: socket.socket) -> None:
    sock.setblocking(False)
    with contextlib.suppress(OSError):
        # Whole batches are handed over; there is nothing that Nagle could collect.
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _gather(spans: Sequence[Buffer], size: int) -> bytes:
    parts: list[Buffer] = []
    for span in spans:
        part = memoryview(span)[:size]
        parts.append(part)
        size -= len(part)
        if not size:
            break
    return b"".join(parts)


def listen(host: str, port: int) -> socket.socket:
    """A non-blocking listening socket; an empty host is every interface, IPv4 and IPv6.

    Raises:
        TransportError: the address cannot be listened on.
    """
    try:
        sock = _listen(host, port)
    except OSError as error:
        raise TransportError(
            f"cannot listen on {host or 'any address'}, port {port}: {error.strerror or error}"
        ) from error
    sock.setblocking(False)
    return sock


def _listen(host: str, port: int) -> socket.socket:
    if not host and socket.has_dualstack_ipv6():
        with contextlib.suppress(OSError):  # a kernel without IPv6
            return socket.create_server(
                (host, port), family=socket.AF_INET6, backlog=BACKLOG, dualstack_ipv6=True
            )
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=BACKLOG)


def resolve_error(host: str, port: int, error: OSError) -> TransportError:
    """What to say of a name that cannot be resolved."""
    return TransportError(f"cannot find host {host!r} (port {port}): {error.strerror or error}")


def handshake(association: Association, link: Link, clock: Clock) -> Waiting:
    """The acceptor's begin: TLS if there is a context, then Evt5.

    Raises:
        TransportError: the handshake failed.
        TimedOut: it took longer than `Limits.tls_handshake`.
    """
    limit = association.limits.tls_handshake
    until = None if limit is None else clock() + limit
    yield from link.shake_hands(until, server_side=True)
    if until is not None and clock() >= until:
        raise TimedOut("tls_handshake", limit or 0.0, "waiting for the TLS handshake")
    association.accepted(clock())


def pump(association: Association, link: Link, clock: Clock) -> Waiting:
    """Exchange bytes once: open, send a batch, or wait for the peer or a deadline."""
    if association.connection_wanted:
        yield from _open(association, link, clock)
        return
    if association.close_wanted or not link.is_open:
        link.close()
        return
    blocked = False
    if link.write_error is None:
        spans = association.data_to_send()
        if spans or link.wants_write:
            _send(association, link, spans, clock)
            if not association.sending and not link.wants_write:
                return
            blocked = link.write_error is None
    if not link.has_pending():
        link.quick_ack()
        yield Wait(link.fileno(), read=True, write=blocked, until=association.next_deadline())
    _receive(association, link, clock)
    association.handle_deadline(clock())
    _close_if_over(association, link)


def _close_if_over(association: Association, link: Link) -> None:
    if association.close_wanted:
        link.close()


def _open(association: Association, link: Link, clock: Clock) -> Waiting:
    try:
        yield from link.open(association.next_deadline())
    except TransportError as error:
        association.disconnected(clock(), error)
        link.close()
        return
    now = clock()
    until = association.next_deadline()
    if until is not None and now >= until:
        association.handle_deadline(now)
        link.close()
    else:
        association.connected(now)


def _send(association: Association, link: Link, spans: Sequence[Buffer], clock: Clock) -> None:
    link.uncertain = True
    try:
        count = link.send(spans)
    except OSError as error:
        # The peer may have said why before it broke the connection: read that first.
        link.write_error = error
        count = 0
    association.data_sent(count, clock())
    link.uncertain = False


def _receive(association: Association, link: Link, clock: Clock) -> None:
    if association.has_events:
        return
    try:
        count = link.receive(association.get_buffer())
    except OSError as error:
        broken = TransportError(
            f"the connection to {link.peer} broke in {association.state.name}: {error.strerror or error}"
        )
        broken.__cause__ = error
        association.disconnected(clock(), broken)
        return
    if count:
        association.buffer_updated(count, clock())
    elif count == 0:
        association.disconnected(clock())
