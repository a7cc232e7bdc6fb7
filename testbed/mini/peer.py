"""The ground both mini peers stand on: framing, timers, PDVs to messages, planted faults.

A mini peer is a small product for the testbed to judge. Without a fault it keeps to the standard; each
fault makes it break one rule. It is built on `raw` and `parse` alone.
"""

import contextlib
import socket
import ssl
import struct
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from testbed import raw
from testbed.parse import CommandSet, Pdu, Pdv, parse_command, parse_pdvs

OUR_MAX = 16384
LARGEST_ASSOCIATE = 4 << 20


@dataclass(frozen=True, slots=True)
class Config:
    """How a mini peer is set up. `artim` and `patience` in seconds; `faults` are names of planted faults."""

    faults: frozenset[str] = frozenset()
    artim: float = 1.1
    patience: float = 1.2
    send_timeout: float = 10.0
    title: str = "MINI"
    callers: frozenset[str] = frozenset({"DULSPEC", "Dul spec_0.1"})
    bad_user: str = "mallory:guess"
    store_dir: Path | None = None


class Gone(Exception):
    """The connection is over: closed, reset, or a timer expired."""


class Refused(Exception):
    """What came must be answered with an A-ABORT of this reason."""

    def __init__(self, reason: int) -> None:
        super().__init__(f"abort reason {reason}")
        self.reason = reason


@dataclass(slots=True)
class Incoming:
    """A message being put together from PDVs."""

    context: int = 0
    command: CommandSet | None = None
    buffer: bytearray = field(default_factory=bytearray)
    data: bytearray = field(default_factory=bytearray)


class MiniPeer:
    """One connection of a mini peer."""

    def __init__(self, sock: socket.socket, config: Config) -> None:
        self.sock = sock
        self.config = config
        self.state = 2
        self.deadline: float | None = time.monotonic() + config.artim
        self.peer_max = OUR_MAX
        self.deaf = False
        self.incoming = Incoming()
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def bad(self, fault: str) -> bool:
        """Whether a fault is planted."""
        return fault in self.config.faults

    # -- bytes

    def send(self, data: bytes) -> None:
        """Send, or raise Gone."""
        try:
            self.sock.settimeout(self.config.send_timeout)
            self.sock.sendall(data)
        except OSError as error:
            raise Gone from error

    def receive(self, count: int) -> bytes:
        """Exactly `count` bytes, or raise Gone at the end of the stream or the deadline."""
        data = bytearray()
        while len(data) < count:
            left = None if self.deadline is None else self.deadline - time.monotonic()
            if left is not None and left <= 0:
                raise Gone
            try:
                self.sock.settimeout(left)
                piece = self.sock.recv(min(count - len(data), 1 << 18))
            except OSError as error:
                raise Gone from error
            if not piece:
                raise Gone
            data += piece
            self.got_bytes()
        return bytes(data)

    def got_bytes(self) -> None:
        """Called whenever bytes have come; the place of the slow-loris fault."""

    def read_pdu(self) -> Pdu:
        """The next PDU, its header judged before its body is read.

        Raises:
            Refused: the header alone is unacceptable; framing is lost.
            Gone: no more is coming.
        """
        if self.deaf:
            while True:
                self.receive(1)
        type_, reserved, length = struct.unpack(">BBI", self.receive(6))
        self.judge_header(type_, length)
        return Pdu(type_, reserved, self.receive(length))

    def judge_header(self, type_: int, length: int) -> None:
        """Refuse unknown types and lengths that cannot be right."""
        largest = raw.UINT32_MAX if self.bad("reads-over-maximum") else OUR_MAX
        bounds = {1: (68, LARGEST_ASSOCIATE), 2: (68, LARGEST_ASSOCIATE), 4: (0, largest)}
        low, high = bounds.get(type_, (4, 4))
        reason = 1 if not 1 <= type_ <= 7 else 0 if low <= length <= high else 6
        if reason:
            small_unknown = reason == 1 and length <= 1024
            if small_unknown:
                self.receive(length)
            self.deaf = not small_unknown
            raise Refused(reason)

    def wait_for_close(self) -> None:
        """Enter Sta13 and start ARTIM."""
        self.state = 13
        self.deadline = time.monotonic() + self.config.artim

    def abort(self, source: int, reason: int) -> None:
        """Send an A-ABORT and wait for the close."""
        self.send(raw.abort(source, reason))
        self.wait_for_close()

    # -- messages

    def send_message(self, context: int, command: bytes, data: bytes | None = None) -> None:
        """Send a message in fragments the peer's maximum allows."""
        size = self.fragment_size()
        for payload, is_command in ((command, True), (data, False)):
            if payload is not None:
                for pdu in raw.fragments(context, payload, size, command=is_command):
                    self.send(pdu)

    def fragment_size(self) -> int:
        """The largest even fragment the peer's maximum leaves room for."""
        return (min(self.peer_max or 65536, 65536) - 6) & ~1

    def take_data(self, pdu: Pdu) -> list[Incoming]:
        """The messages completed by a P-DATA-TF.

        Raises:
            Refused: it breaks a rule of PS3.8 Annex E.
        """
        pdvs, faults = parse_pdvs(pdu)
        if faults:
            raise Refused(6)
        done: list[Incoming] = []
        for pdv in pdvs:
            if done and not self.bad("two-messages-in-a-pdu"):
                raise Refused(6)
            message = self.take_pdv(pdv)
            if message is not None:
                done.append(message)
        return done

    def take_pdv(self, pdv: Pdv) -> Incoming | None:
        """Add a fragment; the message if it is whole now."""
        now = self.incoming
        begun = bool(now.buffer or now.command)
        if begun and pdv.id != now.context and not self.bad("mixes-contexts"):
            raise Refused(6)
        if not begun or pdv.is_command:
            now.context = pdv.id
        if pdv.is_command:
            return self._take_command(pdv, now)
        if now.command is None:
            raise Refused(2)
        now.data += pdv.fragment
        if not pdv.is_last:
            return None
        self.incoming = Incoming()
        return now

    def _take_command(self, pdv: Pdv, now: Incoming) -> Incoming | None:
        if now.command is not None:
            raise Refused(6)
        now.buffer += pdv.fragment
        if not pdv.is_last:
            return None
        command = parse_command(bytes(now.buffer))
        if any(command.us(tag) is None for tag in (0x0100, 0x0800)):
            raise Refused(6)
        if self.announces_data(command):
            now.command = command
            return None
        now.command = command
        self.incoming = Incoming()
        return now

    def announces_data(self, command: CommandSet) -> bool:
        """Whether a data set follows (PS3.7 E.1: anything but 0101H)."""
        if self.bad("data-set-type-0102"):
            return command.us(0x0800) in {0x0000, 0x0001}
        return command.has_data_set


class MiniServer:
    """Listens, on an ephemeral port unless told, and gives each connection a thread of its own."""

    def __init__(
        self,
        config: Config,
        link: type[MiniPeer],
        context: ssl.SSLContext | None = None,
        *,
        port: int = 0,
    ) -> None:
        self.config = config
        self.context = context
        self.link = link
        self.listener = socket.create_server(("127.0.0.1", port), backlog=128)
        self.port: int = self.listener.getsockname()[1]
        self.open: set[socket.socket] = set()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._thread.join(5)

    def join(self) -> None:
        """Wait until the server has stopped."""
        self._thread.join()

    def stop(self) -> None:
        """Stop listening and drop every connection."""
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for sock in list(self.open):
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def _serve(self) -> None:
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            self.open.add(sock)
            threading.Thread(target=self._one, args=(sock,), daemon=True).start()

    def _one(self, sock: socket.socket) -> None:
        try:
            if self.context is not None:
                sock.settimeout(self.config.artim)
                sock = self.context.wrap_socket(sock, server_side=True)
        except OSError:
            sock.close()
            return
        link = self.link(sock, self.config)
        try:
            crashed = run_peer(link)
        finally:
            self.open.discard(sock)
            sock.close()
        if crashed:
            self.stop()


def run_peer(link: MiniPeer) -> bool:
    """Serve a connection to its end; True if a planted crash happened."""
    try:
        link.main()  # type: ignore[attr-defined]
    except Gone:
        return False
    except SystemError:
        return True
    return False
