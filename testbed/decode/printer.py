"""Units of a stream as annotated text: what `dulspec decode` and `dulspec proxy` print."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from .. import annotate
from .dialogue import Dialogue, Sender, Told, data_lines, hex_lines
from .stream import Unit

ARROWS: dict[Sender, str] = {"requestor": "->", "acceptor": "<-"}
#: Bytes of a data set that are kept for --show-data.
KEEP = 1024 * 1024
_SHOWN = 64


@dataclass(slots=True)
class Printer:
    """Makes lines of units, connection by connection.

    `fields` is how many annotated lines of a PDU are shown, 0 for its headline only.
    """

    show_data: bool = False
    fields: int = 400
    connections: bool = True
    arrows: bool = True
    _dialogues: dict[int, Dialogue] = field(default_factory=dict)

    def unit(self, time: float, connection: int, sender: Sender, unit: Unit) -> Iterator[str]:
        """A unit's lines: headline, fields, and the messages that it completes."""
        arrow = ARROWS[sender] if self.arrows else "::"
        yield self.head(time, connection, arrow, _headline(unit))
        if self.fields:
            yield from (f"    {line}" for line in self._body(unit))
        if unit.kind == "pdu" and not unit.missing:
            dialogue = self._dialogues.get(connection)
            if dialogue is None:
                dialogue = self._dialogues[connection] = Dialogue(KEEP if self.show_data else 0)
            for told in dialogue.take(sender, unit.data):
                yield from self._message(told)

    def head(self, time: float, connection: int, arrow: str, text: str) -> str:
        """One headline: time, connection, direction, text."""
        number = f" {connection:>3}" if self.connections else ""
        return f"{time:10.4f}{number} {arrow} {text}"

    def note(self, time: float, connection: int, text: str) -> str:
        """A remark about a connection."""
        return self.head(time, connection, "--", text)

    def forget(self, connection: int) -> None:
        """Drop what is remembered of a connection that has ended."""
        self._dialogues.pop(connection, None)

    def _body(self, unit: Unit) -> list[str]:
        if unit.kind == "pdu" or (unit.kind == "piece" and unit.offset == 0):
            return annotate.render(unit.data, show_data=self.show_data, limit=self.fields)
        if not self.show_data:
            return []
        lines = hex_lines(unit.data[: 16 * min(self.fields, _SHOWN)])
        return [*lines, "..."] if len(unit.data) > 16 * len(lines) else lines

    def _message(self, told: Told) -> Iterator[str]:
        yield f"    = {told.line}"
        yield from (f"    ! {fault}" for fault in told.faults)
        if self.show_data and told.size:
            yield from (f"        {printable(line)}" for line in data_lines(told))


def printable(text: str) -> str:
    """Text from the wire that cannot steer a terminal."""
    return "".join(c if c.isprintable() else "�" for c in text)


def _headline(unit: Unit) -> str:
    size = len(unit.data)
    if unit.kind == "bytes":
        what = f"{size} bytes that are no PDU, from offset {unit.offset} of the stream"
        what += f" ({_guess(unit.data)})" if unit.offset == 0 and _guess(unit.data) else ""
    elif unit.kind == "piece" and unit.offset:
        what = f"bytes {unit.offset} to {unit.offset + size} of a PDU of {unit.size} bytes"
    else:
        whole = f", the first {size}" if unit.kind == "piece" else ""
        what = f"{annotate.summary(unit.data)}, {unit.size} bytes{whole}"
    lost = f", {unit.missing} of them missing from the capture" if unit.missing else ""
    return printable(what + lost)


def _guess(data: bytes) -> str:
    if data[:2] == b"\x16\x03":
        return "it looks like TLS, which cannot be decoded"
    if data.split(b" ", 1)[0] in {b"GET", b"POST", b"PUT", b"HEAD", b"OPTIONS", b"HTTP/1.1"}:
        return "it looks like HTTP"
    return ""
