"""Captures as regression cases: one side is played again, the other side's answers are compared.

What is played are the bytes as they were passed on, rules and all: the product under test sees the very
faults it saw then. Answers are compared as lines that leave out what may change between two runs of the
same product: fragmentation, implementation names and versions, reserved bytes, error comments, UIDs that
the product makes up, the contents of data sets.
"""

import contextlib
import difflib
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from .. import names
from ..assemble import message_token
from ..observe import Closed, Junk, Reset, Timeout, Wire, WireEvent, connect
from ..parse import (
    AssociateView,
    CommandSet,
    Message,
    Pdu,
    Pdv,
    parse_associate,
    parse_command,
    parse_pdvs,
)
from .capture import Row
from .rules import Act, Close, Pause, Sender, Stall, Write, apply, parse

#: The longest run of answers that is read: a peer that floods is cut off there.
MOST_LINES = 10_000
#: Group 0000 elements that may differ: group length, error comment and id, instances made up.
_VOLATILE = frozenset({0x0000, 0x0902, 0x0903, 0x1000})


@dataclass(slots=True)
class Exchange:
    """One exchange: what we do, and the lines of what must come back before the next."""

    steps: list[Act] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)


class Teller:
    """PDUs of one sender as comparable lines; a message is one line, however it was cut up."""

    def __init__(self) -> None:
        self._command = bytearray()
        self._waiting: CommandSet | None = None
        self._size = 0

    def lines(self, pdu: Pdu) -> Iterator[str]:
        """The lines that a PDU completes."""
        name = names.PDU_NAMES.get(pdu.type, f"PDU type {pdu.type:02X}H")
        if pdu.type in {1, 2}:
            yield f"{name} {'; '.join(_negotiated(parse_associate(pdu)))}"
        elif pdu.type == 3:
            yield f"{name} {tuple(pdu.body[1:4])}"
        elif pdu.type == 7:
            yield f"{name} {tuple(pdu.body[2:4])}"
        elif pdu.type == 4:
            pdvs, faults = parse_pdvs(pdu)
            for pdv in pdvs:
                yield from self._pdv(pdv)
            yield from (f"{name}: {fault}" for fault in faults)
        else:
            yield name

    def _pdv(self, pdv: Pdv) -> Iterator[str]:
        if pdv.is_command:
            self._command += pdv.fragment
            if not pdv.is_last:
                return
            command = parse_command(bytes(self._command))
            self._command.clear()
            if command.has_data_set:
                self._waiting = command
                return
            yield _message(pdv.id, command, with_data=False)
        elif pdv.is_last:
            if self._waiting is None:
                yield "a data set without a command"
            else:
                yield _message(pdv.id, self._waiting, with_data=True)
            self._waiting = None


def _negotiated(view: AssociateView) -> Iterator[str]:
    yield f"version {view.version}"
    for context in view.contexts:
        transfers = ",".join(value.decode("latin-1") for value in context.transfers)
        if view.type == 1:
            abstracts = ",".join(value.decode("latin-1") for value in context.abstracts)
            yield f"context {context.id} {abstracts} {transfers}"
        else:
            # Of a context that was not accepted the transfer syntax is not significant (Table 9-18).
            yield f"context {context.id} result {context.result}" + (
                f" {transfers}" if context.result == 0 else ""
            )
    yield f"maximum length {view.max_length}"
    for entry in view.user_items:
        if entry.type not in {0x51, 0x52, 0x55, 0x58, 0x59}:
            yield f"{entry.type:02X}H {entry.body.hex()}"
        elif entry.type in {0x58, 0x59}:
            yield f"{entry.type:02X}H"
    yield from view.faults


def _message(context: int, command: CommandSet, *, with_data: bool) -> str:
    parts = [message_token(Message(context, command, None)), f"context {context}"]
    for tag in command.order:
        if tag not in _VOLATILE:
            value = command.values[tag].rstrip(b"\0 ")
            name = names.COMMAND_ELEMENTS.get(tag, (f"{tag:08X}", ""))[0]
            parts.append(f"{name}={value.hex()}")
    return ", ".join([*parts, *(["data set"] if with_data else [])])


def script(rows: list[Row], role: Sender, *, faithful: bool = False) -> list[Exchange]:
    """The scenes of one captured connection, played as `role`; empty if it said nothing.

    `faithful` plays what the captured product sent, leaving the capture's rules out.
    """
    teller = Teller()
    exchanges = [Exchange()]
    over = False
    for row in rows:
        if over:
            break
        if row.direction == role:
            if exchanges[-1].expected:
                exchanges.append(Exchange())
            steps = _played(row, faithful=faithful)
            exchanges[-1].steps += steps
            # After our own FIN the other side may still speak; after anything else it cannot be heard.
            over = row.event != "fin" and any(isinstance(step, Close) for step in steps)
        elif row.direction != "note":
            exchanges[-1].expected += _answer(row, teller)
            over = row.event in {"fin", "rst"}
    return exchanges if any(exchange.steps or exchange.expected for exchange in exchanges) else []


def _played(row: Row, *, faithful: bool) -> list[Act]:
    if row.event in {"fin", "rst"}:
        return [Close(row.event == "rst")]
    if row.event not in {"pdu", "piece", "bytes"}:
        return []
    rules = [] if faithful else [parse(text) for text in row.rules]
    steps = apply(rules, row.data)
    # A stalled sender falls silent, which is what playing nothing more from here would be.
    return [step for step in steps if not isinstance(step, Stall)]


def _answer(row: Row, teller: Teller) -> list[str]:
    if row.event == "pdu":
        data = row.data
        return list(teller.lines(Pdu(data[0], data[1], data[6:])))
    if row.event in {"fin", "rst"}:
        return ["closes"]
    return [f"{row.size} bytes that are no PDU"] if row.event == "bytes" and not row.offset else []


def play(exchanges: list[Exchange], wire: Wire, timeout: float) -> list[str]:
    """Play scenes on a connection; the differences as a unified diff, empty if there are none."""
    teller = Teller()
    expected: list[str] = []
    seen: list[str] = []
    for exchange in exchanges:
        ended = _act(exchange.steps, wire)
        expected += exchange.expected
        if not ended:
            _listen(wire, teller, len(expected), seen, timeout)
        if seen != expected:
            break
    wire.close()
    return list(
        difflib.unified_diff(expected, seen, "captured", "now", lineterm="", n=len(expected))
    )


def _act(steps: list[Act], wire: Wire) -> bool:
    """Do the steps of a scene; whether they ended the connection for reading, too."""
    for step in steps:
        match step:
            case Write():
                size = step.segment or len(step.data)
                for at in range(0, len(step.data), size):
                    wire.send(step.data[at : at + size])
            case Pause():
                # The rule of the capture asks for this delay.
                time.sleep(step.seconds)
            case Close():
                if step.reset:
                    wire.rst()
                    return True
                wire.fin()
            case Stall():
                pass
    return False


def _listen(wire: Wire, teller: Teller, count: int, seen: list[str], timeout: float) -> None:
    """Read until `count` lines were seen in all, or nothing more comes."""
    deadline = wire.clock.now() + timeout
    while len(seen) < count and len(seen) < MOST_LINES:
        event = wire.read(deadline - wire.clock.now())
        lines = _event_lines(event, teller)
        if not lines and isinstance(event, Timeout):
            seen.append(f"nothing more within {timeout:g} s")
            return
        if lines:
            deadline = wire.clock.now() + timeout
        seen += lines
        if isinstance(event, Closed | Reset):
            return


def _event_lines(event: WireEvent, teller: Teller) -> list[str]:
    match event:
        case Pdu():
            return list(teller.lines(event))
        case Closed() | Reset():
            return ["closes"]
        case Junk():
            return [f"{len(event.data)} bytes that are no PDU"]
        case Timeout():
            return []


def call(
    scripts: dict[int, list[Exchange]], host: str, port: int, timeout: float
) -> Iterator[tuple[int, list[str]]]:
    """Play the requestor: one call for each connection of the capture, one after another.

    Raises:
        OSError: the product cannot be reached.
    """
    for number, exchanges in scripts.items():
        yield number, play(exchanges, connect(host, port, timeout), timeout)


def answer(
    scripts: dict[int, list[Exchange]],
    address: tuple[str, int],
    timeout: float,
    wait: float,
    ready: Callable[[int], None],
) -> Iterator[tuple[int, list[str]]]:
    """Play the acceptor: the product's first call gets the first connection's answers, and so on.

    Raises:
        OSError: the address cannot be listened on, or (TimeoutError) no call came within `wait` seconds.
    """
    with contextlib.closing(socket.create_server(address)) as server:
        server.settimeout(wait)
        ready(int(server.getsockname()[1]))
        for number, exchanges in scripts.items():
            try:
                sock, _ = server.accept()
            except TimeoutError as error:
                raise TimeoutError(f"no call within {wait:g} s") from error
            yield number, play(exchanges, Wire(sock), timeout)
