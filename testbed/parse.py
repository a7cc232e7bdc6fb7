"""Tolerant views of received PDUs: whatever can be read is read, whatever is wrong is listed.

The testbed must look at malformed bytes without failing itself, so nothing here raises on input; each
view carries `faults`, sentences about what does not fit (PS3.8 9.3, PS3.7 6.3.1).
"""

import struct
from dataclasses import dataclass, field

from .messages import NO_DATA_SET

HEADER = 6


@dataclass(frozen=True, slots=True)
class Pdu:
    """One PDU as it came: type, reserved byte, PDU-length, body (PS3.8 9.3.1)."""

    type: int
    reserved: int
    body: bytes

    @property
    def data(self) -> bytes:
        """The PDU's bytes again."""
        return struct.pack(">BBI", self.type, self.reserved, len(self.body)) + self.body


@dataclass(frozen=True, slots=True)
class PduItem:
    """One item or sub-item: type, second byte, body, offset of its header in the PDU."""

    type: int
    second: int
    body: bytes
    offset: int


@dataclass(frozen=True, slots=True)
class Context:
    """A presentation context, 20H or 21H; `result` is meaningful for 21H only."""

    id: int
    result: int
    reserved: bytes
    abstracts: tuple[bytes, ...]
    transfers: tuple[bytes, ...]
    others: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class AssociateView:
    """An A-ASSOCIATE-RQ or -AC taken apart."""

    type: int
    version: int
    reserved: bytes
    called_ae_title: bytes
    calling_ae_title: bytes
    reserved_32: bytes
    items: tuple[PduItem, ...]
    user_items: tuple[PduItem, ...]
    contexts: tuple[Context, ...]
    faults: tuple[str, ...]

    def subitems(self, type: int) -> list[bytes]:
        """Bodies of the user-information sub-items of one type."""
        return [entry.body for entry in self.user_items if entry.type == type]

    @property
    def max_length(self) -> int | None:
        """The value of the first well-formed 51H, None if there is none."""
        for body in self.subitems(0x51):
            if len(body) == 4:
                return int.from_bytes(body, "big")
        return None

    def accepted(self) -> dict[int, str]:
        """Of an AC: context id -> transfer syntax of the contexts with result 0."""
        return {
            context.id: uid_text(context.transfers[0]) if context.transfers else ""
            for context in self.contexts
            if context.result == 0
        }


def uid_text(value: bytes) -> str:
    """A UID as text, without trailing NUL or space."""
    return value.rstrip(b"\0 ").decode("latin-1")


def parse_items(data: bytes, base: int, faults: list[str]) -> list[PduItem]:
    """Items one after another; a header or a body that runs over the end becomes a fault."""
    items, at = [], 0
    while at < len(data):
        if at + 4 > len(data):
            faults.append(f"{len(data) - at} stray bytes at offset {base + at}")
            break
        type_, second, size = struct.unpack_from(">BBH", data, at)
        if at + 4 + size > len(data):
            faults.append(f"item {type_:02X}H at offset {base + at} runs past its container")
        items.append(PduItem(type_, second, data[at + 4 : at + 4 + size], base + at))
        at += 4 + size
    return items


def _context(entry: PduItem, faults: list[str]) -> Context:
    body = entry.body.ljust(4, b"\0")
    if len(entry.body) < 4:
        faults.append(f"item {entry.type:02X}H at offset {entry.offset} is shorter than 4 bytes")
    subs = parse_items(entry.body[4:], entry.offset + 8, faults)
    return Context(
        id=body[0],
        result=body[2] if entry.type == 0x21 else 0,
        reserved=bytes((body[1], body[3])) if entry.type == 0x21 else body[1:4],
        abstracts=tuple(sub.body for sub in subs if sub.type == 0x30),
        transfers=tuple(sub.body for sub in subs if sub.type == 0x40),
        others=tuple(sub.type for sub in subs if sub.type not in {0x30, 0x40}),
    )


def _context_of_answer(entry: PduItem, faults: list[str]) -> Context:
    """A 21H: the sub-items of a context that was not accepted are not significant (Table 9-18)."""
    ignored: list[str] = []
    refused = len(entry.body) > 2 and entry.body[2] != 0
    return _context(entry, ignored if refused else faults)


def parse_associate(pdu: Pdu) -> AssociateView:
    """Take an A-ASSOCIATE-RQ or -AC apart (PS3.8 9.3.2, 9.3.3)."""
    faults: list[str] = []
    if len(pdu.body) < 68:
        faults.append(f"PDU-length {len(pdu.body)} is below the fixed 68 bytes")
    body = pdu.body.ljust(68, b"\0")
    items = parse_items(pdu.body[68:], 74, faults)
    user: list[PduItem] = []
    contexts: list[Context] = []
    for entry in items:
        if entry.type == 0x50:
            user += parse_items(entry.body, entry.offset + 4, faults)
        elif entry.type == 0x20:
            contexts.append(_context(entry, faults))
        elif entry.type == 0x21:
            contexts.append(_context_of_answer(entry, faults))
    return AssociateView(
        type=pdu.type,
        version=int.from_bytes(body[:2], "big"),
        reserved=body[2:4],
        called_ae_title=body[4:20],
        calling_ae_title=body[20:36],
        reserved_32=body[36:68],
        items=tuple(items),
        user_items=tuple(user),
        contexts=tuple(contexts),
        faults=tuple(faults),
    )


@dataclass(frozen=True, slots=True)
class Pdv:
    """One PDV item (PS3.8 9.3.5.1)."""

    id: int
    header: int
    fragment: bytes
    offset: int

    @property
    def is_command(self) -> bool:
        """Bit 0 of the message control header."""
        return bool(self.header & 1)

    @property
    def is_last(self) -> bool:
        """Bit 1 of the message control header."""
        return bool(self.header & 2)


def parse_pdvs(pdu: Pdu) -> tuple[list[Pdv], list[str]]:
    """The PDV items of a P-DATA-TF, and what is wrong with them."""
    pdvs: list[Pdv] = []
    faults: list[str] = []
    at, body = 0, pdu.body
    if not body:
        faults.append("no PDV item")
    while at < len(body):
        if at + 4 > len(body):
            faults.append(f"{len(body) - at} stray bytes at offset {HEADER + at}")
            break
        size = int.from_bytes(body[at : at + 4], "big")
        if size < 2:
            faults.append(f"PDV item-length {size} at offset {HEADER + at} is below 2")
            break
        if at + 4 + size > len(body):
            faults.append(f"PDV item at offset {HEADER + at} runs past the PDU")
            break
        pdvs.append(Pdv(body[at + 4], body[at + 5], body[at + 6 : at + 4 + size], HEADER + at))
        at += 4 + size
    return pdvs, faults


@dataclass(frozen=True, slots=True)
class CommandSet:
    """A command set: values by tag, tags in wire order, faults."""

    values: dict[int, bytes]
    order: tuple[int, ...]
    faults: tuple[str, ...] = ()

    def us(self, element: int) -> int | None:
        """A US value of group 0000, None if absent or not 2 bytes."""
        value = self.values.get(element)
        return int.from_bytes(value, "little") if value is not None and len(value) == 2 else None

    def uid(self, element: int) -> str | None:
        """A UI value of group 0000, None if absent."""
        value = self.values.get(element)
        return None if value is None else uid_text(value)

    @property
    def has_data_set(self) -> bool:
        """Whether (0000,0800) announces a data set: anything but 0101H (PS3.7 E.1)."""
        return self.us(0x0800) not in {None, NO_DATA_SET}


def parse_command(data: bytes) -> CommandSet:
    """Read a command set in Implicit VR Little Endian (PS3.7 6.3.1)."""
    values: dict[int, bytes] = {}
    order: list[int] = []
    faults: list[str] = []
    at = 0
    while at < len(data):
        if at + 8 > len(data):
            faults.append(f"{len(data) - at} stray bytes at offset {at}")
            break
        group, number, size = struct.unpack_from("<HHI", data, at)
        tag = group << 16 | number
        if at + 8 + size > len(data):
            faults.append(f"({group:04X},{number:04X}) runs past the command set")
            break
        if tag in values:
            faults.append(f"({group:04X},{number:04X}) occurs twice")
        if order and tag < order[-1]:
            faults.append(f"({group:04X},{number:04X}) is out of order")
        if group:
            faults.append(f"({group:04X},{number:04X}) is outside group 0000")
        if size % 2:
            faults.append(f"({group:04X},{number:04X}) has an odd length")
        values.setdefault(tag, data[at + 8 : at + 8 + size])
        order.append(tag)
        at += 8 + size
    announced = values.get(0)
    if announced is None:
        faults.append("(0000,0000) is absent")
    elif int.from_bytes(announced, "little") != len(data) - 12:
        faults.append("(0000,0000) is not the number of bytes that follow it")
    return CommandSet(values, tuple(order), tuple(faults))


@dataclass(slots=True)
class Message:
    """One reassembled DIMSE message and where its fragments came from."""

    context: int
    command: CommandSet
    data: bytes | None
    pdvs: list[Pdv] = field(default_factory=list)
