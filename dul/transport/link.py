"""The transport under an association: a non-blocking TCP connection.

Shared by both faces. Nothing here waits: a generator yields `Wait`, and the face waits in its
own way, with a poll object or on an event loop.
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import sys
from collections.abc import Callable, Generator, Sequence
from functools import partial

from dul.errors import TransportError
from dul.values import TYPE_CHECKING, NamedTuple, TypeVar
from dul.wire import IOV_MAX, Buffer

if sys.platform == "linux":
    import fcntl
    import termios

if TYPE_CHECKING:
    from typing import Any, TypeAlias

    from dul.pace import Pace
    from dul.security import Security

__all__ = [
    "Address",
    "Clock",
    "Link",
    "Ready",
    "Wait",
    "Waiting",
    "new_wait",
]

T = TypeVar("T")
Clock = Callable[[], float]
Address: TypeAlias = "tuple[Any, ...]"
"""One answer of `socket.getaddrinfo`."""

_QUICKACK: int | None = getattr(socket, "TCP_QUICKACK", None)


class Wait(NamedTuple):
    """Wait until the file descriptor is ready or the time is `until`, on the face's clock."""

    fd: int
    read: bool
    write: bool
    until: float | None


new_wait: Callable[[tuple[int, bool, bool, float | None]], Wait] = partial(tuple.__new__, Wait)
"""A `Wait` of its four values, without a call in Python: there is one for each object."""

Ready = bool
"""What a face answers to a `Wait`: the descriptor became ready (else the time is over)."""

Waiting = Generator[Wait, Ready, T]


class Link:
    """A connection to a peer, or one that is to be opened.

    Args:
        sock: a connected socket (acceptor), or None (requestor).
        addresses: where to connect to, tried in order.
        peer: how errors name the peer.

    Attributes:
        uncertain: an exception came between sending and counting, or in the middle of another
            step; what the peer got is not known, so that nothing sensible can follow.
        on_close: called before the descriptor is closed: who watches it must not any more.
        write_error: why nothing more can be sent; what the peer said before is still read.
        on_the_way: how many bytes the peer may not have taken yet; see `taken`.
        pace: how fast bytes may leave; None: as fast as they can.
        receiving_wants_write: nothing can be received until something was sent (TLS).
        sending_wants_read: nothing can be sent until something was received (TLS).
        shakes_hands: there is something to be agreed before bytes are exchanged (TLS).
    """

    shakes_hands = False

    def __init__(
        self,
        sock: socket.socket | None = None,
        *,
        addresses: Sequence[Address] = (),
        peer: str = "peer",
    ) -> None:
        self.peer = peer
        self.uncertain = False
        self.on_close: Callable[[], None] | None = None
        self.write_error: OSError | None = None
        self.on_the_way = 0
        self.pace: Pace | None = None
        self.receiving_wants_write = False
        self.sending_wants_read = False
        self._addresses = addresses
        self._sock = sock
        self._cut = False
        self._to_acknowledge = True  # something may have come, and nothing was sent since
        if sock is not None:
            _prepare(sock)

    # ------------------------------------------------------------------------ opening --

    def open(self, clock: Clock, until: float | None) -> Waiting[bool]:
        """Connect, and shake hands where there is something to be agreed first.

        The addresses are tried in turn, each for its share of the time that is left, so that
        one that drops everything does not hide the next.

        Returns:
            Whether it is open before `until`.

        Raises:
            TransportError: no address takes the connection, or the handshake fails.
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

    def shake_hands(
        self,
        until: float | None,  # noqa: ARG002 - for those that shake hands
        *,
        server_side: bool,  # noqa: ARG002
    ) -> Waiting[bool]:
        """What must be done on an open connection before bytes are exchanged: nothing for TCP.

        Returns:
            Whether it is done before `until`.

        Raises:
            TransportError: it failed.
        """
        yield from ()  # as those do that have to wait
        return True

    # ------------------------------------------------------------------------- traffic --

    @property
    def is_open(self) -> bool:
        """There is a socket."""
        return self._sock is not None

    def fileno(self) -> int:
        """The socket's descriptor, -1 if it is closed."""
        return self._sock.fileno() if self._sock is not None else -1

    @property
    def security(self) -> Security | None:
        """What TLS agreed on; None without TLS."""
        return None

    def has_pending(self) -> bool:
        """Received bytes wait where no poll can see them."""
        return False

    def quick_ack(self) -> None:
        """Acknowledge what came at once (Linux).

        A peer that writes header and body of a PDU separately, with Nagle's algorithm on,
        waits for our acknowledgement in between: 40 ms for each message. The kernel takes the
        option back by itself, so it is set before each wait; but where something was sent since,
        which carried the acknowledgement along.
        """
        if self._to_acknowledge and _QUICKACK is not None and self._sock is not None:
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
        try:
            count = self._sock.sendmsg(spans if len(spans) <= IOV_MAX else spans[:IOV_MAX])
        except BlockingIOError:
            return 0
        self._to_acknowledge = False
        return count

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
        try:
            count = self._sock.recv_into(view)
        except BlockingIOError:
            return None
        self._to_acknowledge = True
        return count

    def broke(self, error: OSError, when: str) -> TransportError:
        """The error for a connection that broke."""
        broke = TransportError(
            f"the connection to {self.peer} broke {when}: {error.strerror or error}"
        )
        broke.__cause__ = error
        return broke

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
            self._take_leave(sock)
            if self.on_close is not None:
                self.on_close()
            sock.close()
            self._sock = None  # last, so that an interrupted close can be repeated

    def _take_leave(self, sock: socket.socket) -> None:
        """What is to be said before the socket is closed: nothing, for TCP."""


def _prepare(sock: socket.socket) -> None:
    sock.setblocking(False)
    try:  # noqa: SIM105 - for each association: `suppress` costs more than the call
        # Whole batches are handed over; there is nothing that Nagle could collect.
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except OSError:
        pass


def _unacknowledged(sock: socket.socket) -> int | None:
    """Bytes in the send queue of a socket, sent or not; None where that cannot be known."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            return int.from_bytes(fcntl.ioctl(sock, termios.TIOCOUTQ, bytes(4)), sys.byteorder)
    return None
