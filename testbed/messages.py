"""DIMSE messages as bytes: command sets and small data sets, right by default, wrong on request.

A command set is group 0000 in Implicit VR Little Endian, whatever the transfer syntax (PS3.7 6.3.1).
"""

import struct
from collections.abc import Iterable, Sequence

from . import raw

NO_DATA_SET = 0x0101
INSTANCE = "2.25.107452911270134510987634500012345678901"
C_STORE, C_FIND, C_ECHO, N_GET, C_CANCEL = 0x0001, 0x0020, 0x0030, 0x0110, 0x0FFF
RESPONSE = 0x8000

COMMAND_NAMES = {
    0x0001: "C-STORE", 0x0010: "C-GET", 0x0020: "C-FIND", 0x0021: "C-MOVE", 0x0030: "C-ECHO",
    0x0100: "N-EVENT-REPORT", 0x0110: "N-GET", 0x0120: "N-SET", 0x0130: "N-ACTION",
    0x0140: "N-CREATE", 0x0150: "N-DELETE",
}  # fmt: skip

CommandElement = tuple[int, bytes]


def uid(value: str | bytes) -> bytes:
    """A UI value: padded to even length with one NUL."""
    text = value if isinstance(value, bytes) else value.encode("latin-1")
    return text + b"\0" * (len(text) % 2)


def text(value: str | bytes) -> bytes:
    """A text value: padded to even length with one space."""
    data = value if isinstance(value, bytes) else value.encode("latin-1")
    return data + b" " * (len(data) % 2)


def us(value: int) -> bytes:
    """A US value."""
    return struct.pack("<H", value)


def element(tag: int, value: bytes, *, length: int | None = None) -> bytes:
    """One element in Implicit VR Little Endian; `tag` is (group << 16) + element."""
    size = len(value) if length is None else length
    return struct.pack("<HHI", tag >> 16, tag & 0xFFFF, size) + value


def command_set(elements: Iterable[CommandElement], *, group_length: int | None = -1) -> bytes:
    """A command set in the given order; `group_length` -1 is the right one, None leaves it out."""
    body = b"".join(element(tag, value) for tag, value in elements)
    if group_length is None:
        return body
    size = len(body) if group_length < 0 else group_length
    return element(0, struct.pack("<I", size)) + body


def echo_elements(message_id: int = 1, sop_class: str = raw.VERIFICATION) -> list[CommandElement]:
    """The elements of a C-ECHO-RQ (PS3.7 9.3.5.1), without the group length."""
    return [
        (0x0002, uid(sop_class)),
        (0x0100, us(C_ECHO)),
        (0x0110, us(message_id)),
        (0x0800, us(NO_DATA_SET)),
    ]


def echo_rq(message_id: int = 1, sop_class: str = raw.VERIFICATION) -> bytes:
    """A C-ECHO-RQ command set."""
    return command_set(echo_elements(message_id, sop_class))


def echo_rsp(
    message_id: int = 1, status: int = 0, sop_class: str | None = raw.VERIFICATION
) -> bytes:
    """A C-ECHO-RSP command set (PS3.7 9.3.5.2)."""
    return response(C_ECHO, message_id, status, sop_class=sop_class)


def response(
    request: int,
    message_id: int,
    status: int,
    *,
    sop_class: str | None = None,
    instance: str | None = None,
    data_set_type: int = NO_DATA_SET,
) -> bytes:
    """The response to any request: Command Field with bit 15 set, the Message ID copied into 0120."""
    elements: list[CommandElement] = [] if sop_class is None else [(0x0002, uid(sop_class))]
    elements += [
        (0x0100, us(request | RESPONSE)),
        (0x0120, us(message_id)),
        (0x0800, us(data_set_type)),
        (0x0900, us(status)),
    ]
    if instance is not None:
        elements.append((0x1000, uid(instance)))
    return command_set(elements)


def store_elements(
    message_id: int = 1,
    *,
    sop_class: str | bytes = raw.CT_STORAGE,
    instance: str | bytes = INSTANCE,
    priority: int = 0,
    data_set_type: int = 0,
    originator: tuple[str, int] | None = None,
) -> list[CommandElement]:
    """The elements of a C-STORE-RQ (PS3.7 9.3.1.1), without the group length."""
    elements = [
        (0x0002, uid(sop_class)),
        (0x0100, us(C_STORE)),
        (0x0110, us(message_id)),
        (0x0700, us(priority)),
        (0x0800, us(data_set_type)),
        (0x1000, uid(instance)),
    ]
    if originator is not None:
        elements += [(0x1030, text(originator[0])), (0x1031, us(originator[1]))]
    return elements


def store_rq(message_id: int = 1, **over: object) -> bytes:
    """A C-STORE-RQ command set; keywords as in `store_elements`."""
    return command_set(store_elements(message_id, **over))  # type: ignore[arg-type]


def cancel_rq(message_id: int) -> bytes:
    """A C-CANCEL-RQ command set (PS3.7 9.3.2.3)."""
    fields = [(0x0100, us(C_CANCEL)), (0x0120, us(message_id)), (0x0800, us(NO_DATA_SET))]
    return command_set(fields)


def command_pdu(command: bytes, id: int = 1) -> bytes:
    """A whole command in one PDV of one P-DATA-TF."""
    return raw.p_data(raw.pdv(id, raw.COMMAND_LAST, command))


def data_pdu(data: bytes, id: int = 1, header: int = raw.DATA_LAST) -> bytes:
    """A data-set fragment in one P-DATA-TF, the last one unless `header` says otherwise."""
    return raw.p_data(raw.pdv(id, header, data))


# -- data sets ------------------------------------------------------------------------------------------

_LONG_VRS = frozenset((b"OB", b"OW", b"SQ", b"UN", b"UT"))
DataElement = tuple[int, str, bytes]


def data_element(
    tag: int, vr: str, value: bytes, *, explicit: bool, length: int | None = None
) -> bytes:
    """One data-set element, Little Endian; Explicit VR uses the long form where PS3.5 7.1.2 does."""
    size = len(value) if length is None else length
    if not explicit:
        return element(tag, value, length=size)
    head, name = struct.pack("<HH", tag >> 16, tag & 0xFFFF), vr.encode("ascii")
    if name in _LONG_VRS:
        return head + name + b"\0\0" + struct.pack("<I", size) + value
    return head + name + struct.pack("<H", size & 0xFFFF) + value


def ct_elements(
    instance: str | bytes = INSTANCE,
    *,
    sop_class: str | bytes = raw.CT_STORAGE,
    study: str | bytes = "2.25.5120001",
    series: str | bytes = "2.25.5120002",
    rows: int = 16,
    columns: int = 16,
) -> list[DataElement]:
    """A small valid CT Image: the Type 1 and Type 2 attributes of PS3.3 A.3 and its pixels."""
    pixels = (bytes(range(256)) * (rows * columns // 128 + 1))[: rows * columns * 2]
    return [
        (0x00080008, "CS", text("ORIGINAL\\PRIMARY\\AXIAL")),
        (0x00080016, "UI", uid(sop_class)),
        (0x00080018, "UI", uid(instance)),
        (0x00080020, "DA", b"20260101"),
        (0x00080023, "DA", b"20260101"),
        (0x00080030, "TM", b"120000"),
        (0x00080033, "TM", b"120000"),
        (0x00080050, "SH", b""),
        (0x00080060, "CS", b"CT"),
        (0x00080070, "LO", b"dulspec "),
        (0x00080090, "PN", b""),
        (0x00100010, "PN", text("TEST^DULSPEC")),
        (0x00100020, "LO", text("DULSPEC-1")),
        (0x00100030, "DA", b""),
        (0x00100040, "CS", b"O "),
        (0x00180060, "DS", text("120")),
        (0x0020000D, "UI", uid(study)),
        (0x0020000E, "UI", uid(series)),
        (0x00200010, "SH", b"1 "),
        (0x00200011, "IS", b"1 "),
        (0x00200012, "IS", b"1 "),
        (0x00200013, "IS", b"1 "),
        (0x00200032, "DS", text("0\\0\\0")),
        (0x00200037, "DS", text("1\\0\\0\\0\\1\\0")),
        (0x00200052, "UI", uid("2.25.5120003")),
        (0x00201040, "LO", b""),
        (0x00280002, "US", us(1)),
        (0x00280004, "CS", text("MONOCHROME2")),
        (0x00280010, "US", us(rows)),
        (0x00280011, "US", us(columns)),
        (0x00280030, "DS", text("1\\1")),
        (0x00280100, "US", us(16)),
        (0x00280101, "US", us(12)),
        (0x00280102, "US", us(11)),
        (0x00280103, "US", us(0)),
        (0x00281052, "DS", text("-1024")),
        (0x00281053, "DS", b"1 "),
        (0x7FE00010, "OW", pixels),
    ]


def data_set(elements: Sequence[DataElement], *, explicit: bool = False) -> bytes:
    """The elements encoded in Implicit (default) or Explicit VR Little Endian."""
    return b"".join(data_element(tag, vr, value, explicit=explicit) for tag, vr, value in elements)


def ct_data_set(instance: str | bytes = INSTANCE, *, explicit: bool = False) -> bytes:
    """A whole small CT Image data set."""
    return data_set(ct_elements(instance), explicit=explicit)


def part10(instance: str = INSTANCE, *, side: int = 16) -> bytes:
    """A CT Image of `side` x `side` pixels as a PS3.10 file in Explicit VR Little Endian."""
    fields: list[DataElement] = [
        (0x00020001, "OB", b"\0\1"),
        (0x00020002, "UI", uid(raw.CT_STORAGE)),
        (0x00020003, "UI", uid(instance)),
        (0x00020010, "UI", uid(raw.EXPLICIT_LE)),
        (0x00020012, "UI", uid(raw.IMPLEMENTATION_CLASS)),
        (0x00020013, "SH", text(raw.IMPLEMENTATION_VERSION)),
    ]
    meta = data_set(fields, explicit=True)
    head = data_element(0x00020000, "UL", struct.pack("<I", len(meta)), explicit=True)
    body = data_set(ct_elements(instance, rows=side, columns=side), explicit=True)
    return b"\0" * 128 + b"DICM" + head + meta + body
