"""The response that nearly every C-STORE-RQ and C-ECHO-RQ gets, known by its bytes before it is decoded.

What a peer says of each object that it has stored differs in two values, which are the request's: its
Message ID and its SOP Instance UID; to a C-ECHO in the first alone. One such Success is decoded and judged
like any other message; from then on the same bytes with the present request's values in their places are
the same message. What differs in a single byte goes the general way (`dimse.messages.assembly`).
"""

from __future__ import annotations

from dimse.messages.base import Request, Response
from dimse.messages.command import even
from dimse.messages.composite import CEchoRQ, CEchoRSP, CStoreRQ, CStoreRSP
from dimse.tables.status import SUCCESS
from dul.values import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any, Final

__all__ = ["KnownSuccess", "KnownSuccesses"]

_KINDS: Final = (CStoreRQ, CEchoRQ)
# Message ID Being Responded To (0000,0120) with its length, and Affected SOP Instance UID (0000,1000).
_NUMBER: Final = b"\0\0\x20\1\2\0\0\0"
_INSTANCE: Final = b"\0\0\0\x10"


class KnownSuccesses:
    """How a peer says Success in each SOP class, as soon as it has said so once."""

    __slots__ = ("_by_class",)

    def __init__(self) -> None:
        self._by_class: dict[str, KnownSuccess] = {}

    def read(self, asked: Request[Any], raw: bytes) -> Response | None:
        """The response to a request, if it is a known one; None: the bytes may be anything.

        Args:
            asked: the request.
            raw: a whole command set.
        """
        if not isinstance(asked, _KINDS):
            return None
        known = self._by_class.get(asked.affected_sop_class_uid)
        return None if known is None else known.read(asked, raw)

    def learn(self, asked: Request[Any], raw: bytes, response: Response) -> None:
        """A response was decoded: if it is a plain Success, it is known from now on."""
        if isinstance(asked, _KINDS) and isinstance(response, asked.RESPONSE):
            kind = asked.affected_sop_class_uid
            self._by_class.setdefault(kind, KnownSuccess(asked)).learn(asked, raw, response)


class KnownSuccess:
    """The Success of a peer to requests of one kind and one SOP class.

    Args:
        asked: one of them.
    """

    __slots__ = ("_before", "_behind", "_between", "_class", "_instance", "_kind", "_size")

    def __init__(self, asked: CStoreRQ | CEchoRQ) -> None:
        self._kind = type(asked)
        self._size = -1  # of the response; nothing is known yet
        self._before = self._between = self._behind = b""
        self._class: str | None = asked.affected_sop_class_uid
        self._instance = False  # whether it names the SOP Instance

    def read(self, asked: CStoreRQ | CEchoRQ, raw: bytes) -> Response | None:
        """The response to a request, if it is the known one; None: the bytes may be anything.

        Args:
            asked: the request, of this kind and SOP class.
            raw: the whole command set.
        """
        if len(raw) != self._size or type(asked) is not self._kind:
            return None
        value = b""
        if self._instance and type(asked) is CStoreRQ:
            value = even(asked.affected_sop_instance_uid)
        number = asked.message_id.to_bytes(2, "little")
        if raw != self._before + number + self._between + value + self._behind:
            return None
        return self._success(asked)

    def _success(self, asked: CStoreRQ | CEchoRQ) -> Response:
        if type(asked) is CStoreRQ:
            stored = CStoreRSP.__new__(CStoreRSP)  # see `Outcome.of`
            CStoreRSP.__init__(
                stored,
                message_id_being_responded_to=asked.message_id,
                affected_sop_class_uid=self._class,
                affected_sop_instance_uid=(
                    asked.affected_sop_instance_uid if self._instance else None
                ),
                status=SUCCESS,
            )
            return stored
        return CEchoRSP(
            message_id_being_responded_to=asked.message_id,
            affected_sop_class_uid=self._class,
            status=SUCCESS,
        )

    def learn(self, asked: CStoreRQ | CEchoRQ, raw: bytes, response: Response) -> None:
        """A response was decoded: if it is a Success, and nothing but that, it is known from now on.

        Args:
            asked: the request, of this kind and SOP class.
            raw: the whole command set.
            response: what it says.
        """
        self._size = -1
        self._class = response.affected_sop_class_uid
        self._instance = (
            isinstance(response, CStoreRSP) and response.affected_sop_instance_uid is not None
        )
        parts = raw.split(_NUMBER + asked.message_id.to_bytes(2, "little"))
        if (
            type(asked) is not self._kind
            or response != self._success(asked)
            or self._class not in {None, asked.affected_sop_class_uid}
            or len(parts) != 2
        ):
            return
        between, behind = parts[1], b""
        if self._instance and isinstance(asked, CStoreRQ):
            value = even(asked.affected_sop_instance_uid)
            head = _INSTANCE + len(value).to_bytes(4, "little")
            around = between.split(head + value)
            if len(around) != 2:
                return
            between, behind = around[0] + head, around[1]
        self._before, self._between, self._behind = parts[0] + _NUMBER, between, behind
        self._size = len(raw)
