"""The ground both mini peers stand on: framing, timers, PDVs to messages, planted faults.

A mini peer is a small product for the testbed to judge. Without a fault it keeps to the standard; each
fault makes it break one rule. It is built on `raw` and `parse` alone.
"""

import contextlib
import select
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from .. import raw
from ..clock import SLICE, Clock
from ..parse import CommandSet, Pdu, Pdv, parse_command, parse_pdvs
from .mutation import CLOSE, NOTHING, PDUS, abort, mutations
from .stumble import Stumble

OUR_MAX = 16384
LARGEST_ASSOCIATE = 4 << 20
HEADER_SIZE = 6
#: PDU type -> event of Table 9-10.
EVENTS = {1: 6, 2: 3, 3: 4, 4: 10, 5: 12, 6: 13, 7: 16}
#: States that last as long as the user takes to answer; how long a deliberate one takes, in seconds.
HESITANT = (3, 8, 9)
HESITATION = 0.05


@dataclass(frozen=True, slots=True)
class Config:
    """How a mini peer is set up. `artim` and `patience` in seconds.

    `wrap` secures a connection of ours. `linger` bounds how long a faulty peer keeps a dead connection.
    `faults` are names of planted faults, or of mutations (`testbed.mini.mutation`); `stumble` is a fault that
    waits for its moment. With `deliberate` the user takes a moment for an answer: what comes meanwhile meets
    Sta3, Sta8 or Sta9.
    """

    faults: frozenset[str] = frozenset()
    artim: float = 1.1
    patience: float = 1.2
    send_timeout: float = 10.0
    title: str = "MINI"
    callers: frozenset[str] = frozenset({"DULSPEC", "Dul spec_0.1"})
    bad_user: str = "mallory:guess"
    store_dir: Path | None = None
    deliberate: bool = False
    wrap: Callable[[socket.socket], socket.socket] | None = None
    linger: float = 20.0
    stumble: Stumble | None = None


class Gone(Exception):
    """The connection is over: closed or reset."""


class Expired(Gone):
    """The timer that runs has expired."""


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
        self.clock = Clock()
        self.deadline: float | None = config.artim
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
        """Exactly `count` bytes, or raise Gone at the end of the stream, Expired at the deadline."""
        data = bytearray()
        while len(data) < count:
            left = None if self.deadline is None else self.deadline - self.clock.now()
            if left is not None and left <= 0:
                raise Expired
            try:
                self.sock.settimeout(left and min(left, SLICE))
                piece = self.sock.recv(min(count - len(data), 1 << 18))
            except TimeoutError:
                continue
            except OSError as error:
                raise Gone from error
            if not piece:
                if self.bad("waits-for-the-rest") and (data or count != HEADER_SIZE):
                    self.linger()
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
        type_, reserved, length = struct.unpack(">BBI", self.receive(HEADER_SIZE))
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
        self.deadline = self.clock.now() + self.config.artim

    def abort(self, source: int, reason: int) -> None:
        """Send an A-ABORT and wait for the close."""
        self.send(raw.abort(source, reason))
        self.wait_for_close()

    # -- events of Table 9-10

    def main(self) -> None:
        """Run to the end of the connection; raises Gone there."""
        raise NotImplementedError

    def take(self) -> None:
        """Wait for what comes next and take it, as an event of the state in which it comes."""
        try:
            pdu = self.next_pdu()
        except Refused as error:
            self.event(19, partial(self.refuse, error.reason))
        except Expired as error:
            self.event(18, partial(self.over, error))
        except Gone as error:
            self.event(17, partial(self.over, error))
        else:
            self.event(EVENTS[pdu.type], partial(self._take, pdu))

    def _take(self, pdu: Pdu) -> None:
        try:
            self.handle(pdu)
        except Refused as error:
            amid = bool(self.incoming.buffer or self.incoming.command)
            if not (amid and pdu.type != 4 and self.bad("deaf-inside-a-message")):
                self.refuse(error.reason)

    def read_ahead(self) -> None:
        """The fault of waiting for the whole of what follows, if it has begun to come."""
        if self.bad("reads-ahead") and select.select([self.sock], [], [], 0)[0]:
            self.read_pdu()

    def next_pdu(self) -> Pdu:
        """As `read_pdu`."""
        return self.read_pdu()

    def handle(self, pdu: Pdu) -> None:
        """Take one whole PDU; may raise Refused."""
        raise NotImplementedError

    def refuse(self, reason: int) -> None:
        """Answer an invalid or unexpected PDU as the state wants it."""
        raise NotImplementedError

    def over(self, error: Gone) -> None:
        """The connection was closed, or ARTIM expired: close it."""
        raise error

    def event(self, number: int, act: Callable[[], None]) -> None:
        """Take an event as the table has it, or as the mutation of this cell or a stumble has it."""
        deed = mutations(self.config.faults).get((self.state, number))
        stumble = self.config.stumble
        if stumble is not None and stumble.over(number):
            deed = stumble.deed
        if deed is None:
            act()
        else:
            self.misbehave(deed, number, act)

    def misbehave(self, deed: str, number: int, act: Callable[[], None]) -> None:
        """Do another thing than the table says; the state stays but after an A-ABORT."""
        if deed == CLOSE:
            raise Gone
        if deed.startswith("abort-"):
            self.send(abort(deed, number))
            self.wait_for_close()
        elif deed.startswith("as-sta"):
            self.state = int(deed.removeprefix("as-sta"))
            act()
        else:
            if deed != NOTHING:
                self.send(PDUS[deed.removeprefix("sends-")])
            self.go_on_after(number)

    def go_on_after(self, number: int) -> None:
        """What is left of an event that was not taken: no timer, or a half-closed connection."""
        if number == 18:
            self.deadline = None
        elif number == 17 and self.state not in HESITANT:
            self.linger()

    def linger(self) -> None:
        """Keep the connection open, without a word, until somebody ends it."""
        poll = select.poll()
        with contextlib.suppress(OSError, ValueError):
            poll.register(self.sock, 0)  # a hang-up is always told
            any(poll.poll(int(1000 * piece)) for piece in self.clock.slices(self.config.linger))
        raise Gone

    def overtaken(self) -> bool:
        """Whether something came while the user was about to answer, and led to another state."""
        state = self.state
        if self.config.deliberate and any(
            select.select([self.sock], [], [], piece)[0] for piece in self.clock.slices(HESITATION)
        ):
            self.take()
        return self.state != state

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
