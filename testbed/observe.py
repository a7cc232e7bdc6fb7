"""The eyes of the testbed: a minimal PDU reader over one TCP connection, with a wire log.

`Wire.read` turns everything that can happen into one of five events. A FIN and an RST are both a close;
what the peer sent before either of them is read first. Nothing is judged here.
"""

import contextlib
import select
import socket
import ssl
import struct
import time
from dataclasses import dataclass

from .clock import Clock
from .parse import Pdu

#: A PDU-length above this is not read: the bytes become Junk. Far above anything a case provokes.
LARGEST_PDU = 64 * 1024 * 1024
_QUICKACK: int | None = getattr(socket, "TCP_QUICKACK", None)


@dataclass(frozen=True, slots=True)
class Closed:
    """The peer closed the connection with a FIN."""


@dataclass(frozen=True, slots=True)
class Reset:
    """The connection was reset."""


@dataclass(frozen=True, slots=True)
class Timeout:
    """Nothing (more) came before the deadline; the connection is still open."""


@dataclass(frozen=True, slots=True)
class Junk:
    """Bytes that are no PDU: cut off by the close, or with an absurd PDU-length."""

    data: bytes


WireEvent = Pdu | Closed | Reset | Timeout | Junk


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One row of the wire log.

    `time` is in seconds since the connection was made; `direction` is "sent", "received" or "note";
    `what` names a stimulus or describes a note; `connection` numbers the connections of a run from 1.
    """

    time: float
    direction: str
    data: bytes
    what: str
    connection: int = 1


class Wire:
    """One connection: sends bytes, reads events, logs both. `clock` counts the seconds it waits.

    Sending never raises: when the peer has gone, what it said first is still to be read, and the
    next `read` tells how it went.
    """

    def __init__(
        self,
        sock: socket.socket,
        log: list[LogEntry] | None = None,
        number: int = 1,
    ) -> None:
        self.sock = sock
        self.clock = Clock()
        self.log = [] if log is None else log
        self.number = number
        self.started = time.monotonic()
        self.ended: WireEvent | None = None
        self.shut = False
        self.send_error: str | None = None
        self._buffer = bytearray()
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    # -- logging

    def note(self, what: str) -> None:
        """Put a remark into the wire log."""
        self._log("note", b"", what)

    def _log(self, direction: str, data: bytes, what: str) -> None:
        moment = time.monotonic() - self.started
        self.log.append(LogEntry(moment, direction, data, what, self.number))

    # -- sending

    def send(self, data: bytes, what: str = "", *, timeout: float = 30.0) -> bool:
        """Send all of `data`; False when the connection no longer takes it."""
        self._log("sent", data, what)
        if self.send_error or self.shut:
            return False
        try:
            self.sock.settimeout(timeout)
            self.sock.sendall(data)
        except (OSError, ValueError) as error:
            self.send_error = str(error)
            self.note(f"sending failed: {error}")
            return False
        return True

    def fin(self) -> None:
        """Close our half: the peer reads end of file, we can still read."""
        if self.shut or self.ended is not None:
            return
        self.shut = True
        self.note("tester sends FIN")
        with contextlib.suppress(OSError):
            if isinstance(self.sock, ssl.SSLSocket):
                _close_notify(self.sock)
            socket.socket.shutdown(self.sock, socket.SHUT_WR)

    def rst(self) -> None:
        """Reset the connection and forget it."""
        self.note("tester sends RST")
        linger = struct.pack("ii", 1, 0)
        with contextlib.suppress(OSError):
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.close()

    def close(self) -> None:
        """Give the socket back; idempotent."""
        self.shut = True
        with contextlib.suppress(OSError):
            self.sock.close()

    # -- reading

    def wait_readable(self, timeout: float) -> bool:
        """Whether the peer sends something, or closes, within `timeout` seconds."""
        if self._buffer or self.ended is not None:
            return True
        return any(
            select.select([self.sock], [], [], piece)[0] for piece in self.clock.slices(timeout)
        )

    def read(self, timeout: float) -> WireEvent:
        """The next event, or Timeout after `timeout` seconds without a whole one."""
        event = self._next()
        for piece in () if event is not None else self.clock.slices(timeout):
            self._receive(piece)
            event = self._next()
            if event is not None:
                break
        return Timeout() if event is None else event

    def _next(self) -> WireEvent | None:
        """What is there to be told without waiting."""
        event = self._next_in_buffer()
        return self.ended if event is None else event

    def _next_in_buffer(self) -> WireEvent | None:
        buffer = self._buffer
        if len(buffer) >= 6:
            type_, reserved, length = struct.unpack_from(">BBI", buffer)
            if length > LARGEST_PDU:
                return self._junk()
            if len(buffer) >= 6 + length:
                body = bytes(buffer[6 : 6 + length])
                del buffer[: 6 + length]
                pdu = Pdu(type_, reserved, body)
                self._log("received", pdu.data, "")
                return pdu
        if buffer and isinstance(self.ended, Reset) and 1 <= buffer[0] <= 7:
            # What a reset cuts off is chance: how much arrives before it says nothing about the peer.
            self._log("received", bytes(buffer), "the beginning of a PDU that the reset cut off")
            buffer.clear()
        if buffer and self.ended is not None:
            return self._junk()
        return None

    def _junk(self) -> Junk:
        data = bytes(self._buffer)
        self._buffer.clear()
        self._log("received", data, "bytes that are no PDU")
        return Junk(data)

    def _receive(self, timeout: float) -> None:
        # Peers that write a PDU in two pieces with Nagle on wait for our delayed ACK: 40 ms a time.
        if _QUICKACK is not None:
            with contextlib.suppress(OSError):
                self.sock.setsockopt(socket.IPPROTO_TCP, _QUICKACK, 1)
        try:
            self.sock.settimeout(timeout)
            data = self.sock.recv(1 << 18)
        except (TimeoutError, BlockingIOError, ssl.SSLWantReadError):
            return
        except ssl.SSLEOFError:
            self._end(Closed(), "peer closes (FIN, no close_notify)")
            return
        except (OSError, ValueError) as error:
            self._end(Reset(), f"connection reset ({error})")
            return
        if data:
            self._buffer += data
        else:
            self._end(Closed(), "peer closes (FIN)")

    def _end(self, event: WireEvent, what: str) -> None:
        self.ended = event
        self.note(what)


def _close_notify(sock: ssl.SSLSocket) -> None:
    """Send a TLS close_notify without waiting for the peer's."""
    sock.settimeout(0.0)
    with contextlib.suppress(OSError, ValueError):
        sock.unwrap()


def connect(
    host: str,
    port: int,
    timeout: float,
    *,
    log: list[LogEntry] | None = None,
    number: int = 1,
    context: ssl.SSLContext | None = None,
) -> Wire:
    """Connect, over TLS when `context` is given.

    Raises:
        OSError: no connection, or (ssl.SSLError) no TLS handshake.
    """
    sock = socket.create_connection((host, port), timeout)
    if context is not None:
        try:
            sock = context.wrap_socket(sock, server_hostname=host)
        except OSError:
            sock.close()
            raise
    wire = Wire(sock, log, number)
    local = sock.getsockname()
    wire.note(f"connected from port {local[1]}" if len(local) > 1 else "connected")
    return wire
