"""What the mini peers look at below the PDU: UIDs, inner lengths, the elements of a data set."""

import re
import struct
from pathlib import Path

from .. import raw
from ..parse import AssociateView, uid_text

UID = re.compile(r"(0|[1-9][0-9]*)(\.(0|[1-9][0-9]*))+")


def valid_uid(text: str) -> bool:
    """Whether a text is a UID."""
    return len(text) <= 64 and UID.fullmatch(text) is not None


def _u16(body: bytes, at: int) -> int:
    return int.from_bytes(body[at : at + 2], "big")


def inner_faults(view: AssociateView) -> list[str]:
    """Inner lengths of 54H, 56H, 57H, 58H that do not fit."""
    faults = [
        f"{kind:02X}H"
        for kind, rest in ((0x54, 2), (0x56, 0))
        for body in view.subitems(kind)
        if len(body) < 2 + _u16(body, 0) + rest
    ]
    for body in view.subitems(0x57):
        service = 2 + _u16(body, 0)
        related = service + 2 + _u16(body, service)
        faults += ["57H"] if len(body) < related + 2 + _u16(body, related) else []
    for body in view.subitems(0x58):
        secondary = 4 + _u16(body, 2)
        faults += ["58H"] if len(body) < secondary + 2 + _u16(body, secondary) else []
    return faults


def escape(folder: Path, instance: str, data: bytes) -> None:
    """The path-traversal fault, kept harmless: it reaches the parent of the store and no further."""
    if instance.startswith("../../"):
        (folder.parent / Path(instance).name).write_bytes(data[:16])


def walk(data: bytes, *, explicit: bool) -> dict[int, str] | None:
    """UIDs by tag of a data set's top level, None if it cannot be walked; no recursion."""
    long_vrs = {b"OB", b"OW", b"SQ", b"UN", b"UT", b"OF", b"OD", b"UC", b"UR"}
    found: dict[int, str] = {}
    at = depth = 0
    while at < len(data):
        if at + 8 > len(data):
            return None
        group, number, size = struct.unpack_from("<HHI", data, at)
        tag, head = group << 16 | number, 8
        if explicit and group != 0xFFFE:
            if data[at + 4 : at + 6] in long_vrs:
                head, size = 12, int.from_bytes(data[at + 8 : at + 12], "little")
            else:
                size = int.from_bytes(data[at + 6 : at + 8], "little")
        if tag in {0xFFFEE00D, 0xFFFEE0DD}:
            depth -= 1
        elif size == raw.UINT32_MAX:
            depth, size = depth + 1, 0
        if at + head + size > len(data):
            return None
        if not depth and tag in {0x00080016, 0x00080018}:
            found[tag] = uid_text(data[at + head : at + head + size])
        at += head + size
    return found if depth == 0 and found else None
