"""The capture of the proxy: JSON lines, written as things happen, read back by `replay` and `decode`.

The first line is an object with `format` ("dulspec-capture/1"), `started` (ISO 8601 UTC), `listen` and
`target` ("host:port"), `rules` (their texts), and `data`: "zeroed", or "kept" under --show-data. Every
other line is a row:

    time        seconds since the proxy began
    connection  1, 2, ... in the order of the calls
    direction   who sent it: "requestor", "acceptor"; or "note"
    event       "open", "pdu", "piece" (of a PDU too long to keep), "bytes" (no PDU), "fin", "rst",
                "closed" (a rule made the proxy close), "end" (of the connection), or "" for a remark
    size        of the whole PDU, or of the bytes, as the sender sent them
    offset      of a piece in its PDU, of bytes in the stream
    hex         those bytes; data sets and credentials are zeroed unless --show-data was given
    rules       texts of the rules that changed what was passed on; empty: it was passed on as it came
    summary     one line of text
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field, fields
from types import UnionType
from typing import Any, BinaryIO, Literal, TextIO, cast

from .. import annotate
from ..decode.printer import Printer
from ..decode.stream import Unit
from . import rules

FORMAT = "dulspec-capture/1"
#: A line longer than this is no row that the proxy wrote: 4 MiB of PDU in hex, and some text.
LONGEST_LINE = 16 * 1024 * 1024

RowEvent = Literal["open", "pdu", "piece", "bytes", "fin", "rst", "closed", "end", ""]
_DIRECTIONS = frozenset({"requestor", "acceptor", "note"})
_EVENTS = frozenset({"open", "pdu", "piece", "bytes", "fin", "rst", "closed", "end", ""})


@dataclass(frozen=True, slots=True)
class Header:
    """The first line of a capture."""

    started: str
    listen: str
    target: str
    rules: list[str]
    data: str
    format: str = FORMAT


@dataclass(frozen=True, slots=True)
class Row:
    """One row; see the module's text."""

    time: float
    connection: int
    direction: Literal["requestor", "acceptor", "note"]
    event: RowEvent
    size: int = 0
    offset: int = 0
    hex: str = ""
    rules: list[str] = field(default_factory=list)
    summary: str = ""

    @property
    def data(self) -> bytes:
        """The bytes."""
        return bytes.fromhex(self.hex)


def shown(unit: Unit, *, show_data: bool) -> bytes:
    """The bytes of a unit as they may be stored: what could be a patient's is zeroed."""
    if show_data:
        return unit.data
    if unit.kind == "pdu" or (unit.kind == "piece" and unit.offset == 0):
        return annotate.redact(unit.data)
    return bytes(len(unit.data))


class Writer:
    """Writes a capture line by line: what is written stays, however the proxy ends."""

    def __init__(self, stream: TextIO, header: Header) -> None:
        self._stream = stream
        self._line(asdict(header))

    def row(self, row: Row) -> None:
        """Add a row."""
        data = asdict(row)
        data["time"] = round(row.time, 6)
        self._line(data)

    def _line(self, data: dict[str, Any]) -> None:
        self._stream.write(json.dumps(data) + "\n")
        self._stream.flush()


def read(stream: BinaryIO) -> tuple[Header, Iterator[Row]]:
    """The header of a capture, and its rows as they are read.

    Raises:
        ValueError: the stream is no capture; for the rows, when that line is reached.
    """
    data = _object(stream.readline(LONGEST_LINE), 1)
    if data.get("format") != FORMAT:
        raise ValueError(f"no {FORMAT} file (format is {data.get('format')!r})")
    names = {entry.name for entry in fields(Header)}
    try:
        header = Header(**{key: value for key, value in data.items() if key in names})
    except TypeError as error:
        raise ValueError(f"line 1: {error}") from error
    return header, _rows(stream)


def _rows(stream: BinaryIO) -> Iterator[Row]:
    names = {entry.name for entry in fields(Row)}
    number = 1
    while line := stream.readline(LONGEST_LINE):
        number += 1
        data = _object(line, number)
        try:
            row = Row(**{key: value for key, value in data.items() if key in names})
            _check(row)
        except (TypeError, ValueError) as error:
            raise ValueError(f"line {number}: {error}") from error
        yield row


def _check(row: Row) -> None:
    # What came out of a file need not be what the class declares.
    kinds: dict[str, type | UnionType] = {
        "time": int | float, "connection": int, "size": int, "offset": int, "hex": str,
        "summary": str, "rules": list,
    }  # fmt: skip
    for name, kind in kinds.items():
        if not isinstance(getattr(row, name), kind):
            raise TypeError(f"{name} is no {kind}")
    if row.direction not in _DIRECTIONS:
        raise ValueError(f"unknown direction {row.direction!r}")
    if row.event not in _EVENTS:
        raise ValueError(f"unknown event {row.event!r}")
    for rule in cast("list[object]", row.rules):
        rules.parse(str(rule))
    bytes.fromhex(row.hex)


def _object(line: bytes, number: int) -> dict[str, Any]:
    try:
        data = json.loads(line)
    except ValueError as error:
        raise ValueError(f"line {number} is no JSON: {error}") from error
    if not isinstance(data, dict):
        raise ValueError(f"line {number} is no object")  # noqa: TRY004 - it is the file that is wrong
    return data


def row_lines(row: Row, printer: Printer) -> Iterator[str]:
    """A row as `decode` prints it."""
    if row.direction != "note" and row.event in {"pdu", "piece", "bytes"}:
        kind: Literal["pdu", "piece", "bytes"] = (
            "pdu" if row.event == "pdu" else "piece" if row.event == "piece" else "bytes"
        )
        unit = Unit(kind, row.data, row.size, row.offset)
        yield from printer.unit(row.time, row.connection, row.direction, unit)
    else:
        yield printer.note(row.time, row.connection, row.summary)
    yield from (f"    * {rule}" for rule in row.rules)
    if row.event == "end":
        printer.forget(row.connection)


def lines(stream: BinaryIO, printer: Printer) -> Iterator[str]:
    """A whole capture as `decode` prints it.

    Raises:
        ValueError: the stream is no capture.
    """
    _, rows = read(stream)
    for row in rows:
        yield from row_lines(row, printer)


def connections(rows: Iterable[Row]) -> dict[int, list[Row]]:
    """The rows by connection, in order."""
    found: dict[int, list[Row]] = {}
    for row in rows:
        found.setdefault(row.connection, []).append(row)
    return found
