"""P-DATA-TF and the presentation data values in it (PS3.8 9.3.5, Annex E): how messages travel."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from dul.errors import AbortReason, InvalidPDU, LocalProtocolError
from dul.values import TYPE_CHECKING, NamedTuple, dataclass
from dul.wire import U32, Buffer, octets, pdu

if TYPE_CHECKING:
    from typing import ClassVar

__all__ = ["COMMAND", "LAST", "PDV", "PDataTF", "new_pdv", "split_pdvs"]

COMMAND = 0x01  # message control header, bit 0: a command fragment, else a data set fragment
LAST = 0x02  # bit 1: the last fragment of it


class PDV(NamedTuple):
    """A presentation data value (PS3.8 9.3.5.1, Annex E).

    Attributes:
        context_id: the presentation context.
        control: the message control header; bits 2-7 are never checked.
        fragment: the bytes. Those of a received PDV are lent until the next fill of the
            receive buffer.
    """

    context_id: int
    control: int
    fragment: Buffer

    @property
    def is_command(self) -> bool:
        """A fragment of a command set, else of a data set."""
        return bool(self.control & COMMAND)

    @property
    def is_last(self) -> bool:
        """The last fragment of its command set or data set."""
        return bool(self.control & LAST)


new_pdv: Callable[[tuple[int, int, Buffer]], PDV] = partial(tuple.__new__, PDV)
"""Makes a PDV of its fields, past the `__new__` of named tuples, which is written in Python."""


@dataclass(frozen=True, slots=True)
class PDataTF:
    """P-DATA-TF, 04H (PS3.8 9.3.5): one or more PDVs."""

    TYPE: ClassVar[int] = 0x04
    NAME: ClassVar[str] = "P-DATA-TF"

    pdvs: tuple[PDV, ...]

    def encode(self) -> bytes:
        """The PDU as bytes."""
        if not self.pdvs:
            raise LocalProtocolError("a P-DATA-TF has one or more PDVs")
        parts: list[Buffer] = []
        for each in self.pdvs:
            # 1-4 item length, 5 context id, 6 message control header, 7- fragment
            parts.append(U32.pack(len(each.fragment) + 2) + octets(each.context_id, each.control))
            parts.append(each.fragment)
        return pdu(self.TYPE, b"".join(parts))

    @classmethod
    def decode(cls, body: Buffer) -> PDataTF:
        """The PDU of this body, its fragments copied."""
        pdvs = split_pdvs(memoryview(body))
        return cls(tuple(each._replace(fragment=bytes(each.fragment)) for each in pdvs))


def split_pdvs(body: memoryview) -> list[PDV]:
    """The PDVs of a P-DATA-TF body, as views into it.

    Raises:
        InvalidPDU: no PDV at all, a PDV whose length is below 2 or past the end, or PDVs of
            more than one message (PS3.8 Annex E).
    """
    pdvs: list[PDV] = []
    at = 0
    end = len(body)
    unpack = U32.unpack_from
    while end - at >= 6:
        stop = at + 4 + unpack(body, at)[0]
        if stop < at + 6 or stop > end:
            break
        pdvs.append(new_pdv((body[at + 4], body[at + 5], body[at + 6 : stop])))
        at = stop
    if at != end or not pdvs:
        raise InvalidPDU(
            "P-DATA-TF", at, "a PDV item is cut off" if end else "there is no PDV item"
        )
    if len(pdvs) > 1:
        _one_message(pdvs)
    return pdvs


def _one_message(pdvs: list[PDV]) -> None:
    """All PDVs of a PDU belong to one message: one context, and nothing behind the end of its
    command set but its data set, nothing behind the end of that.
    """
    command_over = message_over = False
    for each in pdvs:
        if (
            each.context_id != pdvs[0].context_id
            or message_over
            or (command_over and each.is_command)
        ):
            raise InvalidPDU(
                "P-DATA-TF", 0, "PDVs of two messages", AbortReason.UNEXPECTED_PARAMETER
            )
        command_over = command_over or each.is_last or not each.is_command
        message_over = each.is_last and not each.is_command
