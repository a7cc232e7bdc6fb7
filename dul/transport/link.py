"""The transport under an association: a non-blocking TCP or TLS connection.

Shared by both faces. Nothing here waits: a generator yields `Wait`, and the face waits in its
own way, with a poll object or on an event loop.
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import ssl
import sys
from collections.abc import Callable, Generator, Iterator, Sequence
from typing import Any, NamedTuple, TypeVar

from dul.errors import TransportError
from dul.framing import TLS_RECORDS
from dul.pdu import BY_TYPE
from dul.wire import Buffer

if sys.platform == "linux":
    import fcntl
    import termios

__all__ = [
    "Address",
    "Clock",
    "Link",
    "Ready",
    "Wait",
    "Waiting",
    "bare",
    "not_found",
    "peer_name",
    "requestor_link",
]

T = TypeVar("T")
Clock = Callable[[], float]
Address = tuple[Any, ...]
"""One answer of `socket.getaddrinfo`."""

TLS_CHUNK = 1 << 17
SMALL_RECORD = 1024  # bytes; larger ones are taken for parts of something large
IOV_MAX = 1024  # POSIX: how many spans one sendmsg takes
_QUICKACK: int | None = getattr(socket, "TCP_QUICKACK", None)


class Wait(NamedTuple):
    """Wait until the file descriptor is ready or the time is `until`, on the face's clock."""

    fd: int
    read: bool
    write: bool
    until: float | None


Ready = bool
"""What a face answers to a `Wait`: the descriptor became ready (else the time is over)."""

Waiting = Generator[Wait, Ready, T]


class Link:
    """A connection to a peer, or one that is to be opened.

    Args:
        sock: a connected socket (acceptor), or None (requestor).
        addresses: where to connect to, tried in order.
        tls: the context, or None for plain TCP.
        server_hostname: whom a requestor expects in the peer's certificate.
        peer: how errors name the peer.

    Attributes:
        uncertain: an exception came between sending and counting, or in the middle of another
            step; what the peer got is not known, so that nothing sensible can follow.
        on_close: called before the descriptor is closed: who watches it must not any more.
        write_error: why nothing more can be sent; what the peer said before is still read.
        on_the_way: how many bytes the peer may not have taken yet; see `taken`.
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
        self.on_close: Callable[[], None] | None = None
        self.write_error: OSError | None = None
        self.on_the_way = 0
        self._addresses = addresses
        self._tls = tls
        self._server_hostname = server_hostname
        self._sock = sock
        self._cut = False
        self._secure = False  # the TLS handshake is done
        self._retry = memoryview(b"")  # what OpenSSL has been given and has not sent yet
        self._sending_wants_read = False
        self._receiving_wants_write = False
        self._read_error: OSError | None = None  # came behind the bytes of the latest read
        if sock is not None:
            _prepare(sock)

    # ------------------------------------------------------------------------ opening --

    def open(self, clock: Clock, until: float | None) -> Waiting[bool]:
        """Connect, and shake hands if there is a TLS context.

        The addresses are tried in turn, each for its share of the time that is left, so that
        one that drops everything does not hide the next.

        Returns:
            Whether it is open before `until`.

        Raises:
            TransportError: no address takes the connection, or TLS fails.
        """
        error: Exception | None = None
        left = len(self._addresses)
        for family, kind, protocol, _, address in self._addresses:
            share = until if until is None or left == 1 else clock() + (until - clock()) / left
            left -= 1
            try:
                self._sock = sock = socket.socket(family, kind, protocol)
                _prepare(sock)
                code = sock.connect_ex(address)
                if code == errno.EINPROGRESS:
                    if not (yield Wait(sock.fileno(), read=False, write=True, until=share)):
                        if not left:
                            return False
                        code = errno.ETIMEDOUT
                    else:
                        code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                if code == 0:
                    return (yield from self.shake_hands(until, server_side=False))
                error = OSError(code, os.strerror(code))
            except OSError as caught:
                error = caught
            self.close()
        why = getattr(error, "strerror", None) or error or "the name has no address"
        raise TransportError(
            f"cannot connect to {self.peer}: {why} (is the peer running, are host and port right?)"
        ) from error

    def shake_hands(self, until: float | None, *, server_side: bool) -> Waiting[bool]:
        """The TLS handshake; nothing for plain TCP.

        Returns:
            Whether it is done before `until`.

        Raises:
            TransportError: it was refused.
        """
        if self._tls is None or self._sock is None:
            return True
        name = None if server_side else self._server_hostname
        heard = b""
        try:
            if name is not None:
                name.encode("idna")  # `wrap_socket` would refuse it as well, but lose the socket
            self._sock = tls = self._tls.wrap_socket(
                self._sock,
                server_side=server_side,
                server_hostname=name,
                do_handshake_on_connect=False,
            )
            if self._cut:  # `cut` may have met the socket that `wrap_socket` took apart
                raise TransportError(f"the connection to {self.peer} was cut")
            while True:
                heard = heard or _peek(tls)
                try:
                    tls.do_handshake()
                    self._secure = True
                    return True
                except ssl.SSLWantReadError:
                    ready = yield Wait(tls.fileno(), read=True, write=False, until=until)
                except ssl.SSLWantWriteError:
                    ready = yield Wait(tls.fileno(), read=False, write=True, until=until)
                if not ready:
                    return False
        except (OSError, ValueError) as error:
            why = _no_tls(heard, error, server_side=server_side) or getattr(error, "strerror", None)
            raise TransportError(
                f"TLS handshake with {self.peer} failed: {why or error}"
            ) from error

    # ------------------------------------------------------------------------- traffic --

    @property
    def is_open(self) -> bool:
        """There is a socket."""
        return self._sock is not None

    def fileno(self) -> int:
        """The socket's descriptor, -1 if it is closed."""
        return self._sock.fileno() if self._sock is not None else -1

    @property
    def receiving_wants_write(self) -> bool:
        """TLS can receive nothing until it has sent something of its own."""
        return self._receiving_wants_write

    @property
    def sending_wants_read(self) -> bool:
        """TLS can send nothing until it has received something."""
        return self._sending_wants_read

    def has_pending(self) -> bool:
        """Received bytes wait inside TLS, where no poll can see them."""
        return self._secure and isinstance(self._sock, ssl.SSLSocket) and self._sock.pending() > 0

    def quick_ack(self) -> None:
        """Acknowledge what came at once (Linux).

        A peer that writes header and body of a PDU separately, with Nagle's algorithm on,
        waits for our acknowledgement in between: 40 ms for each message. The kernel takes the
        option back by itself, so it is set before each wait.
        """
        if _QUICKACK is not None and self._sock is not None:
            try:  # noqa: SIM105 - on the path of every message: `suppress` costs more than the call
                self._sock.setsockopt(socket.IPPROTO_TCP, _QUICKACK, 1)
            except OSError:
                pass  # broken, or no TCP: reading will tell

    def send(self, spans: Sequence[Buffer]) -> int:
        """Send what the transport takes now; returns how many bytes, 0 if it takes none.

        Raises:
            OSError: the connection is broken.
        """
        assert self._sock is not None
        if isinstance(self._sock, ssl.SSLSocket):
            return self._send_tls(self._sock, spans)
        try:
            return self._sock.sendmsg(spans if len(spans) <= IOV_MAX else spans[:IOV_MAX])
        except BlockingIOError:
            return 0

    def _send_tls(self, sock: ssl.SSLSocket, spans: Sequence[Buffer]) -> int:
        # After "want", OpenSSL must be given the same bytes again; they are kept here. Their
        # last byte is not counted until they are out, and stands first in the next spans: so a
        # flush waits for them, a deadline watches them, and an abort finds their PDU begun.
        owed = 1 if self._retry else 0
        taken = 0
        self._sending_wants_read = False
        chunks = _chunks(spans, owed, TLS_CHUNK)
        try:
            while True:
                while self._retry:
                    self._retry = self._retry[sock.send(self._retry) :]
                self._retry = memoryview(next(chunks, b""))
                if not self._retry:
                    return owed + taken
                taken += len(self._retry)
        except ssl.SSLWantWriteError:
            pass
        except ssl.SSLWantReadError:
            self._sending_wants_read = True
        return owed + taken - 1

    def taken(self) -> int:
        """How many bytes of what was sent the peer has taken since this was asked last.

        What its TCP acknowledged, to be exact. 0 where the system does not tell.
        """
        left = 0 if self._sock is None else _unacknowledged(self._sock)
        if left is None:
            self.on_the_way = 0
            return 0
        taken, self.on_the_way = max(0, self.on_the_way - left), left
        return taken

    def receive(self, view: memoryview) -> int | None:
        """Bytes received into the view; 0 at the peer's end, None if there are none yet.

        Raises:
            OSError: the connection is broken.
        """
        assert self._sock is not None
        if isinstance(self._sock, ssl.SSLSocket):
            return self._receive_tls(self._sock, view)
        try:
            return self._sock.recv_into(view)
        except BlockingIOError:
            return None

    def _receive_tls(self, sock: ssl.SSLSocket, view: memoryview) -> int | None:
        # OpenSSL gives one record at a time. Behind one of a large object there is the next one,
        # and a turn of the pump costs more than asking; behind a small message there is nothing.
        self._receiving_wants_write = False
        error, self._read_error = self._read_error, None
        if error is not None:
            raise error
        count = got = 0
        try:
            while count < len(view):
                got = sock.recv_into(view[count:])
                count += got
                if got < SMALL_RECORD:
                    break
        except ssl.SSLWantReadError:
            return count or None
        except ssl.SSLWantWriteError:
            self._receiving_wants_write = True
            return count or None
        except (ssl.SSLEOFError, ssl.SSLZeroReturnError):
            pass  # it will be met again
        except OSError as caught:
            if not count:
                raise
            self._read_error = caught  # it may not: after what came before it
        return count

    def cut(self) -> None:
        """End the connection from another thread: who waits for the peer finds it gone."""
        self._cut = True
        sock = self._sock
        if sock is not None:
            with contextlib.suppress(OSError):
                # Not SSLSocket.shutdown: it would pull the TLS state from under the other thread.
                socket.socket.shutdown(sock, socket.SHUT_RDWR)

    def close(self) -> None:
        """Close; the kernel still sends what it has."""
        sock = self._sock
        if sock is not None:
            if isinstance(sock, ssl.SSLSocket) and self._secure and not self._retry:
                # One close_notify; the peer's is not waited for (RFC 8446 6.1).
                with contextlib.suppress(OSError, ValueError):
                    sock.unwrap()
            if self.on_close is not None:
                self.on_close()
            sock.close()
            self._sock = None  # last, so that an interrupted close can be repeated


def _prepare(sock: socket.socket) -> None:
    sock.setblocking(False)
    with contextlib.suppress(OSError):
        # Whole batches are handed over; there is nothing that Nagle could collect.
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _unacknowledged(sock: socket.socket) -> int | None:
    """Bytes in the send queue of a socket, sent or not; None where that cannot be known."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            return int.from_bytes(fcntl.ioctl(sock, termios.TIOCOUTQ, bytes(4)), sys.byteorder)
    return None


def _chunks(spans: Sequence[Buffer], skip: int, size: int) -> Iterator[bytes]:
    """The spans' bytes, so many at a time: a TLS record for each PDU header would cost more."""
    parts: list[memoryview] = []
    room = size
    for span in spans:
        view = memoryview(span)[skip:]
        skip = 0
        while len(view) >= room:
            yield b"".join((*parts, view[:room]))
            view, parts, room = view[room:], [], size
        if view:
            parts.append(view)
            room -= len(view)
    if parts:
        yield b"".join(parts)


def _peek(sock: socket.socket) -> bytes:
    """The first bytes that came, left where they are; none if there are none yet."""
    try:
        # Not SSLSocket.recv, which takes no flags.
        return socket.socket.recv(sock, 2, socket.MSG_PEEK)
    except OSError:
        return b""


# What OpenSSL says of bytes that are no TLS record; its versions differ.
_NO_RECORD = frozenset({"WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "PACKET_LENGTH_TOO_LONG"})


def _no_tls(heard: bytes, error: Exception, *, server_side: bool) -> str | None:
    """What a peer speaks instead of TLS, if that is why a handshake failed.

    Args:
        heard: its first two bytes, unless OpenSSL had them before they could be looked at.
        error: what OpenSSL said.
        server_side: this is the end that was called.
    """
    if len(heard) < 2:
        no_record = getattr(error, "reason", None) in _NO_RECORD
        return "what the peer says is not TLS, perhaps plain DICOM" if no_record else None
    if heard in TLS_RECORDS:
        return None
    if heard[0] in BY_TYPE and heard[1] == 0:
        return (
            "plain DICOM on a TLS port" if server_side else "the peer speaks plain DICOM, not TLS"
        )
    return "what the peer says is not TLS"


# ------------------------------------------------------------------------------- names --


def bare(host: str) -> str:
    """A host as the resolver wants it: an IPv6 address may come in brackets, as in a URL."""
    return host[1:-1] if host.startswith("[") and host.endswith("]") and ":" in host else host


def requestor_link(
    host: str,
    port: int,
    addresses: Sequence[Address],
    tls: ssl.SSLContext | None,
    server_hostname: str | None,
) -> Link:
    """A connection that is to be opened; the certificate must name the host unless told otherwise."""
    host = bare(host)
    return Link(
        addresses=addresses,
        tls=tls,
        server_hostname=server_hostname or host,
        peer=peer_name(host, port),
    )


def peer_name(host: str, port: int) -> str:
    """How a peer is named, in errors and to the user: "host:port", "[::1]:port"."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def not_found(host: str, port: int, error: Exception | None = None) -> TransportError:
    """What to say of a name that cannot be resolved, or of a port that there is not."""
    if not 0 < port < 1 << 16:
        return TransportError(f"cannot connect to {host}: there is no TCP port {port}")
    why = getattr(error, "strerror", None) or error
    return TransportError(f"cannot find host {host!r} (port {port}): {why}")
