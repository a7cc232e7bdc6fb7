"""The response that nearly every C-STORE-RQ gets, known by its bytes before it is decoded.

What a peer says of each object that it has stored differs in two values, which are the request's: its
Message ID and its SOP Instance UID. One such Success is decoded and judged like any other message; from
then on the same bytes with the present request's values in their places are the same message. What
differs in a single byte goes the general way (`dimse.messages.assembly`).
"""

from __future__ import annotations

from typing import Any

from dimse.messages.base import Request, Response
from dimse.messages.composite import CStoreRQ, CStoreRSP
from dimse.tables.status import SUCCESS

__all__ = ["KnownSuccess", "KnownSuccesses"]

# Message ID Being Responded To (0000,0120) with its length, and Affected SOP Instance UID (0000,1000).
_NUMBER = b"\0\0\x20\1\2\0\0\0"
_INSTANCE = b"\0\0\0\x10"


class KnownSuccesses:
    """How a peer says Success to C-STOREs of each SOP class, as soon as it has said so once."""

    __slots__ = ("_by_class",)

    def __init__(self) -> None:
        self._by_class: dict[str, KnownSuccess] = {}

    def read(self, asked: Request[Any], raw: bytes) -> CStoreRSP | None:
        """The response to a request, if it is a known one; None: the bytes may be anything.

        Args:
            asked: the request.
            raw: a whole command set.
        """
        if not isinstance(asked, CStoreRQ):
            return None
        known = self._by_class.get(asked.affected_sop_class_uid)
        return None if known is None else known.read(asked, raw)

    def learn(self, asked: Request[Any], raw: bytes, response: Response) -> None:
        """A response was decoded: if it is a plain Success of a C-STORE, it is known from now on."""
        if isinstance(asked, CStoreRQ) and isinstance(response, CStoreRSP):
            kind = asked.affected_sop_class_uid
            self._by_class.setdefault(kind, KnownSuccess(kind)).learn(asked, raw, response)


class KnownSuccess:
    """The Success of a peer for objects of one SOP class.

    Args:
        sop_class_uid: of the objects.
    """

    __slots__ = ("_before", "_behind", "_between", "_class", "_instance", "_size", "_sop_class_uid")

    def __init__(self, sop_class_uid: str) -> None:
        self._sop_class_uid = sop_class_uid
        self._size = -1  # of the response; nothing is known yet
        self._before = self._between = self._behind = b""
        self._class: str | None = None
        self._instance = False  # whether it names the SOP Instance

    def read(self, asked: CStoreRQ, raw: bytes) -> CStoreRSP | None:
        """The response to a request, if it is the known one; None: the bytes may be anything.

        Args:
            asked: the request, for an object of this SOP class.
            raw: the whole command set.
        """
        if len(raw) != self._size:
            return None
        number, instance = asked.message_id, asked.affected_sop_instance_uid
        value = _value(instance) if self._instance else b""
        if (
            raw
            != self._before + number.to_bytes(2, "little") + self._between + value + self._behind
        ):
            return None
        return CStoreRSP(
            message_id_being_responded_to=number,
            affected_sop_class_uid=self._class,
            affected_sop_instance_uid=instance if self._instance else None,
            status=SUCCESS,
        )

    def learn(self, asked: CStoreRQ, raw: bytes, response: CStoreRSP) -> None:
        """A response was decoded: if it is a Success, and nothing but that, it is known from now on.

        Args:
            asked: the request, for an object of this SOP class.
            raw: the whole command set.
            response: what it says.
        """
        named = response.affected_sop_class_uid, response.affected_sop_instance_uid
        plain = CStoreRSP(
            message_id_being_responded_to=asked.message_id,
            affected_sop_class_uid=named[0],
            affected_sop_instance_uid=named[1],
            status=SUCCESS,
        )
        value = _value(asked.affected_sop_instance_uid)
        number = _NUMBER + asked.message_id.to_bytes(2, "little")
        instance = _INSTANCE + len(value).to_bytes(4, "little") + value
        parts = raw.split(number)
        if (
            response != plain
            or named[0] not in {None, self._sop_class_uid}
            or named[1] not in {None, asked.affected_sop_instance_uid}
            or len(parts) != 2
        ):
            return
        between, behind = parts[1], b""
        if named[1] is not None:
            around = between.split(instance)
            if len(around) != 2:
                return
            between, behind = around[0] + instance[:8], around[1]
        self._before, self._between, self._behind = parts[0] + _NUMBER, between, behind
        self._class, self._instance = named[0], named[1] is not None
        self._size = len(raw)


def _value(uid: str) -> bytes:
    raw = uid.encode("latin-1")
    return raw + b"\0" if len(raw) & 1 else raw
