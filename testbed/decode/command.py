"""`dulspec decode`: a capture or a raw stream as annotated PDUs and DIMSE messages."""

import argparse
import gzip
import io
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from ..proxy import capture
from . import pcap
from .dialogue import Sender
from .printer import Printer
from .stream import HEADER, Framer, Unit
from .tcp import Address, Happening, Reassembler

OK, NOTHING = 0, 1
_CHUNK = 64 * 1024
#: A PDU-length that a stream may show where we join it in the middle.
_SANE = 16 * 1024 * 1024
_WORDS = {"fin": "closes (FIN)", "rst": "resets the connection (RST)"}


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `decode` to the subcommands of dulspec."""
    parser = commands.add_parser(
        "decode", help="print a pcap, pcapng, proxy capture or raw stream as annotated PDUs"
    )
    parser.add_argument("file", metavar="FILE", help="- is standard input; may be gzipped")
    parser.add_argument("--show-data", action="store_true", help="show data sets and credentials")
    parser.add_argument(
        "--port", type=int, action="append", default=[], help="only connections of this TCP port"
    )
    parser.add_argument("--brief", action="store_true", help="one line a PDU, and the messages")
    parser.set_defaults(tool=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the file; 1 if there was nothing of DICOM in it.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is damaged, or needs a reader that is not installed.
    """
    printer = Printer(show_data=arguments.show_data, fields=0 if arguments.brief else 400)
    found = False
    with _open(arguments.file) as stream:
        for line in decode(stream, printer, ports=arguments.port):
            found = True
            print(line)
    if not found:
        print("nothing of DICOM found", file=sys.stderr)
    return OK if found else NOTHING


def _open(name: str) -> BinaryIO:
    if name == "-":
        return sys.stdin.buffer
    return Path(name).open("rb")


def decode(stream: BinaryIO, printer: Printer, *, ports: Iterable[int] = ()) -> Iterator[str]:
    """The lines of a file of any form that `decode` knows; the form is told by its first bytes.

    Raises:
        ValueError: the file is damaged, or needs a reader that is not installed.
    """
    peekable = stream if isinstance(stream, io.BufferedReader) else io.BufferedReader(_raw(stream))
    head = peekable.peek(4)[:4]
    if head[:2] == b"\x1f\x8b":
        peekable = io.BufferedReader(_raw(gzip.GzipFile(fileobj=peekable)))
        head = peekable.peek(4)[:4]
    if head in pcap.MAGICS:
        yield from _capture(peekable, printer, frozenset(ports))
    elif head[:1] == b"{":
        # Only captures of the proxy begin so: 7BH is no PDU type.
        yield from capture.lines(peekable, printer)
    else:
        yield from _stream(peekable, printer)


def _raw(stream: BinaryIO | gzip.GzipFile) -> io.RawIOBase:
    # BufferedReader needs only readinto, which every binary stream has.
    return cast("io.RawIOBase", stream)


def _stream(stream: BinaryIO, printer: Printer) -> Iterator[str]:
    """A raw stream: one direction, or both as they followed one another."""
    printer.connections = printer.arrows = False
    framer = Framer()
    while data := stream.read(_CHUNK):
        for unit in framer.feed(data):
            yield from printer.unit(0.0, 1, "requestor", unit)
    rest = framer.rest()
    if rest is not None:
        yield from printer.unit(0.0, 1, "requestor", rest)


@dataclass(slots=True)
class _Side:
    """One direction of a connection. `synced` is false until a PDU's beginning was seen."""

    framer: Framer
    synced: bool
    skipped: int = 0
    gapped: bool = False
    ended: bool = False


@dataclass(slots=True)
class _Followed:
    """A connection of a capture; `told` once it turned out to be DICOM."""

    name: str
    sides: dict[Sender, _Side]
    client: Address
    told: bool = False


class _Listing:
    """Happenings on connections to lines."""

    def __init__(self, printer: Printer) -> None:
        self.printer = printer
        self.followed: dict[int, _Followed] = {}
        self.dicom = 0
        self.foreign = 0
        self.start: float | None = None
        self.time = 0.0

    def take(self, happening: Happening) -> Iterator[str]:
        """The lines of one happening."""
        self.start = happening.time if self.start is None else self.start
        self.time = happening.time - self.start
        number = happening.connection
        if happening.kind == "open":
            self._open(happening)
            return
        followed = self.followed.get(number)
        if followed is None:
            return
        sender: Sender = "requestor" if happening.sender == followed.client else "acceptor"
        if happening.kind in _WORDS:
            yield from self._ended(number, followed, sender, happening.kind)
            return
        for unit in _units(followed.sides[sender], happening):
            if unit.kind == "bytes" and unit.offset == 0 and not followed.told:
                self.foreign += 1
                del self.followed[number]
                return
            yield from self._opened(number, followed, sender)
            yield from self.printer.unit(self.time, number, sender, unit)

    def end(self) -> Iterator[str]:
        """What was left unfinished when the capture ended, and a remark on what is not shown."""
        for number, followed in self.followed.items():
            for sender in followed.sides:
                yield from self._rest(number, followed, sender)
        if self.dicom and self.foreign:
            yield f"other TCP connections, not DICOM or encrypted, left out: {self.foreign}"

    def _open(self, happening: Happening) -> None:
        ends = (happening.sender, happening.server)
        client, server = (
            f"[{host}]:{port}" if ":" in host else f"{host}:{port}" for host, port in ends
        )
        sides: dict[Sender, _Side] = {
            "requestor": _Side(Framer(), happening.whole),
            "acceptor": _Side(Framer(), happening.whole),
        }
        followed = _Followed(f"{client} calls {server}", sides, happening.sender)
        self.followed[happening.connection] = followed

    def _opened(self, number: int, followed: _Followed, sender: Sender) -> Iterator[str]:
        if not followed.told:
            followed.told = True
            self.dicom += 1
            yield self.printer.note(self.time, number, followed.name)
        skipped, followed.sides[sender].skipped = followed.sides[sender].skipped, 0
        if skipped:
            text = f"the capture lacks what went before: {skipped} bytes of the {sender} left out"
            yield self.printer.note(self.time, number, text)

    def _rest(self, number: int, followed: _Followed, sender: Sender) -> Iterator[str]:
        rest = followed.sides[sender].framer.rest() if followed.told else None
        if rest is not None:
            yield from self.printer.unit(self.time, number, sender, rest)

    def _ended(self, number: int, followed: _Followed, sender: Sender, kind: str) -> Iterator[str]:
        yield from self._rest(number, followed, sender)
        if followed.told:
            yield self.printer.note(self.time, number, f"the {sender} {_WORDS[kind]}")
        followed.sides[sender].ended = True
        if kind == "rst" or all(side.ended for side in followed.sides.values()):
            del self.followed[number]
            self.printer.forget(number)


def _units(side: _Side, happening: Happening) -> Iterator[Unit]:
    gap, data = happening.kind == "gap", happening.data
    if happening.kind == "break":
        side.framer, side.synced, side.skipped = Framer(), False, side.skipped + happening.size
        return
    if not side.synced:
        # The capture joins in the middle: wait for something that looks like a PDU's beginning.
        if gap or not _begins(data[:HEADER]):
            side.skipped += len(data)
            return
        side.synced = True
    side.gapped = side.gapped or gap
    if side.gapped and side.framer.lost and not gap and _begins(data[:HEADER]):
        # A PDU's header was among the missing bytes: begin anew where one can be seen again.
        side.framer, side.gapped = Framer(), False
    yield from side.framer.feed(data, missing=gap)


def _begins(head: bytes) -> bool:
    if len(head) < HEADER:
        return False
    length = int.from_bytes(head[2:], "big")
    return 1 <= head[0] <= 7 and head[1] == 0 and length <= _SANE


def _capture(stream: BinaryIO, printer: Printer, ports: frozenset[int]) -> Iterator[str]:
    listing, tally, reassembler = _Listing(printer), pcap.Tally(), Reassembler()
    for segment in pcap.segments(stream, tally):
        if ports and not ports & {segment.source[1], segment.destination[1]}:
            continue
        for happening in reassembler.take(segment):
            yield from listing.take(happening)
    for happening in reassembler.finish():
        yield from listing.take(happening)
    yield from listing.end()
    if listing.dicom:
        yield from tally.lines()
