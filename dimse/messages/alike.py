"""The requests of an association are alike: what was judged in one need not be judged in the next.

The usual case of `codec.decode_message`, beside it. Two C-STORE-RQs differ in their Message ID and
their SOP Instance UID, and most often in nothing else; two C-ECHO-RQs in the first alone. Where all other bytes are those of one that
was decoded before, so are all other fields of the message.
"""

from __future__ import annotations

from dimse.messages import command
from dimse.messages.base import Message
from dimse.messages.codec import decode_message
from dimse.messages.composite import CEchoRQ, CStoreRQ
from dul.values import TYPE_CHECKING, NamedTuple, fields

if TYPE_CHECKING:
    from typing import Any, Final

__all__ = ["Alike"]

_MESSAGE_ID: Final = 0x0110
_INSTANCE_UID: Final = 0x1000
_KINDS: Final = (CStoreRQ, CEchoRQ)
_DIFFERENT: Final = frozenset({"message_id", "affected_sop_instance_uid"})
_MOST: Final = 8
"""Lengths of command sets that are remembered, one of each."""


class _Pattern(NamedTuple):
    """A request that was decoded.

    Attributes:
        number: where its Message ID lies.
        between: behind that.
        instance: where its SOP Instance UID lies; of a C-ECHO-RQ, its end.
        behind: behind that.
        first: the bytes before the Message ID.
        second: those up to the SOP Instance UID.
        third: those behind it.
        others: the fields of the message that come from these.
    """

    number: int
    between: int
    instance: int
    behind: int
    first: bytes
    second: bytes
    third: bytes
    others: dict[str, Any]


class Alike:
    """Decodes the command sets that come on one association, one after the other."""

    __slots__ = ("_patterns",)

    def __init__(self) -> None:
        self._patterns: dict[int, _Pattern] = {}

    def decode(self, data: bytes) -> Message:
        """What `decode_message` makes of a command set; errors are its.

        Raises:
            InvalidCommandSet: the bytes are no command set, or a mandatory element is missing.
            UnknownCommand: PS3.7 has no message of this Command Field.
        """
        size = len(data)
        if size in self._patterns:
            number, between, instance, behind, first, second, third, others = self._patterns[size]
            if (
                data[:number] == first
                and data[between:instance] == second
                and data[behind:] == third
            ):
                message_id = data[number] | data[number + 1] << 8
                if instance == behind:
                    return CEchoRQ(message_id=message_id, **others)
                uid = data[instance:behind].rstrip(b"\0 ").decode("latin-1")
                if uid:
                    return CStoreRQ(message_id=message_id, affected_sop_instance_uid=uid, **others)
        message = decode_message(data)
        if isinstance(message, _KINDS) and len(self._patterns) < _MOST:
            pattern = _pattern_of(data, message)
            if pattern is not None:
                self._patterns[size] = pattern
        return message


def _pattern_of(data: bytes, message: CStoreRQ | CEchoRQ) -> _Pattern | None:
    """What is remembered of a command set; None: its elements are in another order than usual."""
    places: dict[int, tuple[int, int]] = {}
    for tag, at, length in command.value_places(data):
        places.setdefault(tag, (at, at + length))
    number, between = places[_MESSAGE_ID]
    instance = behind = len(data)
    if isinstance(message, CStoreRQ):
        instance, behind = places[_INSTANCE_UID]
    if between > instance:
        return None
    others = {
        each.name: getattr(message, each.name)
        for each in fields(type(message))
        if each.name not in _DIFFERENT
    }
    first, second, third = data[:number], data[between:instance], data[behind:]
    return _Pattern(number, between, instance, behind, first, second, third, others)
