"""DIMSE messages out of the PDUs of one association, told in one line each, in bounded memory."""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BytesIO
from typing import Literal

from .. import names
from ..assemble import message_token
from ..messages import NO_DATA_SET
from ..parse import (
    CommandSet,
    Message,
    Pdu,
    Pdv,
    parse_associate,
    parse_command,
    parse_pdvs,
    uid_text,
)

Sender = Literal["requestor", "acceptor"]

#: A command set longer than this is not collected any further: none of the standard's comes near.
LONGEST_COMMAND = 64 * 1024
_MESSAGE_ID, _RESPONDED_ID, _INSTANCE = 0x0110, 0x0120, 0x1000


@dataclass(slots=True)
class _Half:
    """The message that one side is sending."""

    command: bytearray = field(default_factory=bytearray)
    waiting: CommandSet | None = None
    context: int = 0
    data: bytearray = field(default_factory=bytearray)
    size: int = 0
    skipping: bool = False


@dataclass(frozen=True, slots=True)
class Told:
    """A whole message: its line, what is wrong with it, and its data set if that was to be kept.

    `data` holds at most `keep` bytes of `size`.
    """

    line: str
    faults: tuple[str, ...]
    context: int
    data: bytes
    size: int
    transfer_syntax: str


class Dialogue:
    """Follows one association: contexts from the negotiation, messages from the P-DATA-TFs.

    `keep` is how many bytes of each data set are held for showing; 0 only counts them.
    """

    def __init__(self, keep: int = 0) -> None:
        self.keep = keep
        self._abstracts: dict[int, str] = {}
        self._transfers: dict[int, str] = {}
        self._halves: dict[Sender, _Half] = {"requestor": _Half(), "acceptor": _Half()}

    def take(self, sender: Sender, data: bytes) -> Iterator[Told]:
        """The messages that a whole PDU completes."""
        pdu = Pdu(data[0], data[1], data[6:])
        if pdu.type == 1:
            self._abstracts = {
                context.id: uid_text(context.abstracts[0])
                for context in parse_associate(pdu).contexts
                if context.abstracts
            }
        elif pdu.type == 2:
            self._transfers = parse_associate(pdu).accepted()
        elif pdu.type == 4:
            pdvs, _ = parse_pdvs(pdu)
            for pdv in pdvs:
                told = self._add(self._halves[sender], pdv)
                if told is not None:
                    yield told

    def _add(self, half: _Half, pdv: Pdv) -> Told | None:
        if pdv.is_command:
            return self._add_command(half, pdv)
        half.size += len(pdv.fragment)
        room = self.keep - len(half.data)
        half.data += pdv.fragment[: max(room, 0)]
        if not pdv.is_last:
            return None
        return self._finish(half, half.waiting)

    def _add_command(self, half: _Half, pdv: Pdv) -> Told | None:
        half.context = pdv.id
        if len(half.command) + len(pdv.fragment) > LONGEST_COMMAND:
            half.skipping = True
        if not half.skipping:
            half.command += pdv.fragment
        if not pdv.is_last:
            return None
        command = parse_command(bytes(half.command))
        if command.has_data_set and not half.skipping:
            half.waiting = command
            half.command.clear()
            return None
        return self._finish(half, command)

    def _finish(self, half: _Half, command: CommandSet | None) -> Told:
        faults: tuple[str, ...] = () if command is None else command.faults
        if half.skipping:
            faults = (f"a command set of more than {LONGEST_COMMAND} bytes",)
        if command is None:
            line = "a data set without a command"
        else:
            line = ", ".join(_describe(command, half))
        context = half.context
        syntaxes = self._context_text(context)
        told = Told(
            f"{line}; context {context}{f' ({syntaxes})' if syntaxes else ''}",
            faults, context, bytes(half.data), half.size, self._transfers.get(context, ""),
        )  # fmt: skip
        fresh = _Half()
        for name in _Half.__slots__:
            setattr(half, name, getattr(fresh, name))
        return told

    def _context_text(self, context: int) -> str:
        found = (self._abstracts.get(context, ""), self._transfers.get(context, ""))
        return ", ".join(names.UID_NAMES.get(uid, uid) for uid in found if uid)


def _describe(command: CommandSet, half: _Half) -> Iterator[str]:
    yield message_token(Message(half.context, command, None)).partition("(")[0]
    field_ = command.us(0x0100)
    responds = field_ is not None and (field_ & 0x8000 or field_ == 0x0FFF)
    number = command.us(_RESPONDED_ID if responds else _MESSAGE_ID)
    if number is not None:
        yield f"{'to message' if responds else 'message'} {number}"
    status = command.us(0x0900)
    if status is not None:
        yield f"status {status:04X}H {names.status_name(status)}".rstrip()
    instance = command.uid(_INSTANCE)
    if instance:
        yield instance
    if half.size:
        yield f"data set of {half.size} bytes"
    elif command.us(0x0800) not in {None, NO_DATA_SET}:
        yield "an empty data set"


def data_lines(told: Told, limit: int = 400) -> list[str]:
    """A data set as text, by pydicom; as bytes where that cannot read it. It shows patient data."""
    try:
        lines = _elements(told)
    except Exception as error:  # noqa: BLE001 - whatever ails foreign data, the listing goes on
        lines = [f"not readable as a data set ({error})", *hex_lines(told.data)]
    if len(told.data) < told.size:
        lines.append(f"(the first {len(told.data)} of {told.size} bytes)")
    return [
        *lines[:limit],
        *([f"... {len(lines) - limit} more lines"] if len(lines) > limit else []),
    ]


def _elements(told: Told) -> list[str]:
    # Only asked for by --show-data; takes a third of a second to import.
    import pydicom  # noqa: PLC0415
    from pydicom.filereader import read_dataset  # noqa: PLC0415

    syntax = pydicom.uid.UID(told.transfer_syntax or "1.2.840.10008.1.2")
    with warnings.catch_warnings():
        # What is odd about a data set shows in the listing; the bytes are not ours to mend.
        warnings.simplefilter("ignore")
        dataset = read_dataset(
        BytesIO(told.data), is_implicit_VR=syntax.is_implicit_VR,
        is_little_endian=syntax.is_little_endian,
        )  # fmt: skip
        return str(dataset).splitlines()


def hex_lines(data: bytes) -> list[str]:
    """Offset, hex and ASCII, sixteen bytes a line."""
    return [
        f"{at:06x}  {data[at : at + 16].hex(' '):<48} {_ascii(data[at : at + 16])}"
        for at in range(0, len(data), 16)
    ]


def _ascii(data: bytes) -> str:
    return "".join(chr(byte) if 32 <= byte < 127 else "." for byte in data)
