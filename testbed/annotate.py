"""Bytes to annotated field lines: every byte of a PDU beside the name of the field it belongs to.

`annotate` accepts any bytes, whole PDUs or not. Data-set fragments and credentials are hidden unless
asked for: a wire log of real traffic must be safe to show.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from . import names
from .messages import COMMAND_NAMES
from .parse import Pdu, parse_pdvs

HIDDEN = "hidden"


@dataclass(frozen=True, slots=True)
class Line:
    """One field: offset of its first byte, its bytes, nesting depth, what it is.

    `hidden` is true when the bytes must not be shown (patient data, credentials).
    """

    offset: int
    data: bytes
    depth: int
    text: str
    hidden: bool = False

    def render(self, width: int = 8) -> str:
        """One line of text: offset, at most `width` bytes in hex, indented text."""
        shown = self.data[:width].hex(" ")
        if len(self.data) > width:
            shown += " .."
        if self.hidden:
            shown = "**"
        return f"{self.offset:06x}  {shown:<{width * 3 + 2}} {'  ' * self.depth}{self.text}"

    def dump(self, width: int = 8) -> list[str]:
        """Every byte of a field that one line does not show whole, 16 a line, with its ASCII."""
        if self.hidden or len(self.data) <= width:
            return []
        rows = [self.data[at : at + 16] for at in range(0, len(self.data), 16)]
        return [
            f"{self.offset + 16 * number:06x}    {row.hex(' '):<47}  |{_ascii(row)}|"
            for number, row in enumerate(rows)
        ]


def _ascii(data: bytes) -> str:
    return "".join(chr(octet) if 32 <= octet < 127 else "." for octet in data)


def annotate(data: bytes, *, show_data: bool = False) -> list[Line]:
    """Annotated lines of a byte string holding PDUs one after another; what is no PDU is named so."""
    lines: list[Line] = []
    at = 0
    while at < len(data):
        if len(data) - at < 6:
            lines.append(Line(at, data[at:], 0, f"{len(data) - at} bytes, no whole PDU header"))
            break
        type_, reserved, length = struct.unpack_from(">BBI", data, at)
        body = data[at + 6 : at + 6 + length]
        lines += _pdu(Pdu(type_, reserved, body), at, length, show_data=show_data)
        at += 6 + length
    return lines


def render(
    data: bytes, *, show_data: bool = False, whole: bool = False, limit: int | None = None
) -> list[str]:
    """`annotate` as text lines; `whole` also gives every byte of long fields, `limit` cuts the lines."""
    lines = []
    for line in annotate(data, show_data=show_data):
        lines.append(line.render())
        if whole:
            lines += line.dump()
    if limit is not None and len(lines) > limit:
        lines[limit:] = [f"... {len(lines) - limit} more lines"]
    return lines


def redact(data: bytes) -> bytes:
    """The same PDUs with every hidden byte zeroed: lengths and structure stay."""
    clean = bytearray(data)
    for line in annotate(data):
        if line.hidden:
            clean[line.offset : line.offset + len(line.data)] = bytes(len(line.data))
    return bytes(clean)


def summary(data: bytes) -> str:
    """One line for a byte string: the names of the PDUs in it."""
    heads = [line.text for line in annotate(data) if line.depth == 0]
    if not heads:
        return "nothing"
    return heads[0] if len(heads) == 1 else f"{heads[0]}; {len(heads) - 1} more"


def _pdu(pdu: Pdu, at: int, length: int, *, show_data: bool) -> Iterator[Line]:
    name = names.PDU_NAMES.get(pdu.type, "unrecognized PDU type")
    detail = ""
    if pdu.type == 3 and len(pdu.body) >= 4:
        detail = f": {names.reject_text(*pdu.body[1:4])}"
    elif pdu.type == 7 and len(pdu.body) >= 4:
        detail = f": {names.abort_text(*pdu.body[2:4])}"
    yield Line(at, bytes([pdu.type]), 0, f"{name} ({pdu.type:02X}H){detail}")
    yield Line(at + 1, bytes([pdu.reserved]), 1, "reserved")
    missing = length - len(pdu.body)
    note = f" ({missing} bytes are missing)" if missing > 0 else ""
    yield Line(at + 2, length.to_bytes(4, "big"), 1, f"PDU-length {length}{note}")
    base = at + 6
    if pdu.type in {1, 2}:
        yield from _associate(pdu.body, base)
    elif pdu.type == 3 and len(pdu.body) == 4:
        yield from _reject(pdu.body, base)
    elif pdu.type == 4:
        yield from _p_data(pdu, at, show_data=show_data)
    elif pdu.type == 7 and len(pdu.body) == 4:
        yield from _abort(pdu.body, base)
    elif pdu.body:
        yield Line(base, pdu.body, 1, "reserved" if pdu.type in {5, 6} else "body")


def _reject(body: bytes, at: int) -> Iterator[Line]:
    result, source, reason = body[1:]
    yield Line(at, body[:1], 1, "reserved")
    yield Line(at + 1, body[1:2], 1, f"Result: {names.RJ_RESULTS.get(result, 'undefined')}")
    yield Line(at + 2, body[2:3], 1, f"Source: {names.RJ_SOURCES.get(source, 'undefined')}")
    text = names.RJ_REASONS.get((source, reason), "undefined")
    yield Line(at + 3, body[3:4], 1, f"Reason: {text}")


def _abort(body: bytes, at: int) -> Iterator[Line]:
    source, reason = body[2:]
    yield Line(at, body[:2], 1, "reserved")
    yield Line(at + 2, body[2:3], 1, f"Source: {names.ABORT_SOURCES.get(source, 'reserved')}")
    text = names.ABORT_REASONS.get(reason, "reserved") if source == 2 else "not significant"
    yield Line(at + 3, body[3:4], 1, f"Reason: {text}")


_FIXED = (
    (0, 2, "Protocol-version"), (2, 4, "reserved"), (4, 20, "Called-AE-title"),
    (20, 36, "Calling-AE-title"), (36, 68, "reserved"),
)  # fmt: skip


def _associate(body: bytes, base: int) -> Iterator[Line]:
    for start, end, name in _FIXED:
        value = body[start:end]
        if not value:
            return
        text = name
        if "AE-title" in name:
            text = f"{name} {value.decode('latin-1')!r}"
        elif start == 0:
            text = f"{name} {value.hex().upper()}H"
        yield Line(base + start, value, 1, text)
    yield from _items(body[68:], base + 68, 1)


def _items(data: bytes, base: int, depth: int) -> Iterator[Line]:
    at = 0
    while at < len(data):
        if len(data) - at < 4:
            yield Line(base + at, data[at:], depth, "stray bytes, no whole item header")
            return
        type_, _, length = struct.unpack_from(">BBH", data, at)
        body = data[at + 4 : at + 4 + length]
        name = names.ITEM_NAMES.get(type_, "unrecognized item")
        over = " (runs past its container)" if len(body) < length else ""
        text = f"{name} ({type_:02X}H), length {length}{over}"
        yield Line(base + at, data[at : at + 4], depth, text)
        yield from _item_body(type_, body, base + at + 4, depth + 1)
        at += 4 + length


def _item_body(type_: int, body: bytes, at: int, depth: int) -> Iterator[Line]:
    if type_ in {0x20, 0x21} and len(body) >= 4:
        yield from _context_head(type_, body, at, depth)
        yield from _items(body[4:], at + 4, depth)
    elif type_ == 0x50:
        yield from _items(body, at, depth)
    elif type_ in {0x54, 0x56, 0x57} and len(body) >= 2:
        yield from _negotiation(type_, body, at, depth)
    elif type_ in {0x58, 0x59} and len(body) >= 2:
        yield from _identity(type_, body, at, depth)
    elif type_ == 0x53 and len(body) == 4:
        invoked, performed = struct.unpack(">HH", body)
        yield Line(at, body[:2], depth, f"Maximum-number-operations-invoked {invoked}")
        yield Line(at + 2, body[2:], depth, f"Maximum-number-operations-performed {performed}")
    elif body:
        yield Line(at, body, depth, _value_text(type_, body))


def _value_text(type_: int, body: bytes) -> str:
    """The text of an item that has one value and no inner structure."""
    if type_ in {0x10, 0x30, 0x40, 0x52}:
        return names.uid_name(body.decode("latin-1"))
    if type_ == 0x51 and len(body) == 4:
        return f"Maximum-length-received {int.from_bytes(body, 'big') or '0 (no limit)'}"
    if type_ == 0x55:
        return repr(body.decode("latin-1"))
    return "value"


def _identity(type_: int, body: bytes, at: int, depth: int) -> Iterator[Line]:
    if type_ == 0x58:
        yield Line(at, body[:1], depth, f"User-Identity-Type {body[0]}")
        yield Line(at + 1, body[1:2], depth, f"Positive-response-requested {body[1]}")
        if body[2:]:
            yield Line(at + 2, body[2:], depth, f"fields of the identity, {HIDDEN}", hidden=True)
        return
    yield Line(at, body[:2], depth, "Server-response-length")
    if body[2:]:
        yield Line(at + 2, body[2:], depth, f"Server-response, {HIDDEN}", hidden=True)


def _context_head(type_: int, body: bytes, at: int, depth: int) -> Iterator[Line]:
    yield Line(at, body[:1], depth, f"Presentation-context-ID {body[0]}")
    if type_ == 0x20:
        yield Line(at + 1, body[1:4], depth, "reserved")
        return
    result = names.CONTEXT_RESULTS.get(body[2], "undefined")
    yield Line(at + 1, body[1:2], depth, "reserved")
    yield Line(at + 2, body[2:3], depth, f"Result {body[2]}: {result}")
    yield Line(at + 3, body[3:4], depth, "reserved")


def _negotiation(type_: int, body: bytes, at: int, depth: int) -> Iterator[Line]:
    size = int.from_bytes(body[:2], "big")
    uid, rest = body[2 : 2 + size], body[2 + size :]
    over = " (runs past the item)" if len(uid) < size else ""
    yield Line(at, body[:2], depth, f"UID-length {size}{over}")
    yield Line(at + 2, uid, depth, names.uid_name(uid.decode("latin-1")))
    end = at + 2 + len(uid)
    if type_ == 0x54 and len(rest) >= 2:
        yield Line(end, rest[:1], depth, f"SCU-role {rest[0]}")
        yield Line(end + 1, rest[1:2], depth, f"SCP-role {rest[1]}")
    elif rest:
        yield Line(end, rest, depth, "service-class information")


def _p_data(pdu: Pdu, at: int, *, show_data: bool) -> Iterator[Line]:
    pdvs, faults = parse_pdvs(pdu)
    seen = 0
    for pdv in pdvs:
        kind = "command" if pdv.is_command else "data set"
        place = "last" if pdv.is_last else "more follow"
        size = len(pdv.fragment)
        seen = pdv.offset + size
        head = at + pdv.offset
        yield Line(head, (size + 2).to_bytes(4, "big"), 1, f"PDV, item-length {size + 2}")
        yield Line(head + 4, bytes([pdv.id]), 2, f"Presentation-context-ID {pdv.id}")
        text = f"Message control header: {kind}, {place}"
        yield Line(head + 5, bytes([pdv.header]), 2, text)
        if pdv.is_command:
            yield from annotate_command(pdv.fragment, head + 6, 2)
        elif pdv.fragment:
            hide = not show_data
            note = f", {HIDDEN}" if hide else ""
            text = f"{size} bytes of the data set{note}"
            yield Line(head + 6, pdv.fragment, 2, text, hidden=hide)
    if faults and seen < len(pdu.body):
        rest = pdu.body[seen:]
        # What cannot be taken apart may still hold a patient's data.
        yield Line(at + 6 + seen, rest, 1, "; ".join(faults), hidden=not show_data)


def annotate_command(data: bytes, base: int = 0, depth: int = 0) -> Iterator[Line]:
    """Lines of a command-set fragment; one that does not start with an element is shown whole."""
    at = 0
    while at < len(data):
        if len(data) - at < 8:
            yield Line(base + at, data[at:], depth, "rest of the command fragment")
            return
        group, number, size = struct.unpack_from("<HHI", data, at)
        if group or at + 8 + size > len(data):
            text = "command fragment, continued or not Implicit VR Little Endian"
            yield Line(base + at, data[at:], depth, text)
            return
        value = data[at + 8 : at + 8 + size]
        text = f"({group:04X},{number:04X}) {_element_text(number, value)}"
        yield Line(base + at, data[at : at + 8 + size], depth, text)
        at += 8 + size


def _element_text(number: int, value: bytes) -> str:
    name, vr = names.COMMAND_ELEMENTS.get(number, ("unknown or retired element", ""))
    if vr == "UI":
        return f"{name} {names.uid_name(value.rstrip(bytes(1)).decode('latin-1'))}"
    if vr in {"AE", "LO"}:
        return f"{name} {value.decode('latin-1')!r}"
    if vr not in {"US", "UL"} or len(value) not in {2, 4}:
        return f"{name} {value[:16].hex(' ')}"
    number_value = int.from_bytes(value, "little")
    return f"{name} {_number_text(number, number_value)}"


def _number_text(number: int, value: int) -> str:

    if number == 0x0100:
        name = COMMAND_NAMES.get(value & 0x7FFF, "unknown")
        name = "C-CANCEL-RQ" if value == 0x0FFF else f"{name}-{'RSP' if value >> 15 else 'RQ'}"
        return f"{value:04X}H {name}"
    if number == 0x0800:
        return f"{value:04X}H ({'no data set' if value == 0x0101 else 'a data set follows'})"
    if number == 0x0900:
        return f"{value:04X}H {names.status_name(value)}".rstrip()
    return str(value)
