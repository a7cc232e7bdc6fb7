"""Operations that were invoked, and which of them a response is for (PS3.7 9.1, 9.3; Annex D.3.3.3).

Where a window was agreed, several are outstanding at a time, and a peer may answer them in any order: the
Message ID tells. What it does not tell, or tells of something that was not asked, is the peer's fault.
"""

from __future__ import annotations

from collections.abc import Mapping

from dimse.errors import UnexpectedMessage, UnknownCommand
from dimse.messages.assembly import DataSetPart, Received
from dimse.messages.base import Message, Request, Response
from dimse.tables.status import is_pending, is_successful
from dul.association import Association
from dul.negotiation import AcceptedContext
from dul.values import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from typing import Any

    from dimse.storage.sink import Memory

__all__ = ["MessageIds", "Operation", "Outstanding"]

MAXIMUM_IDENTIFIER = 1 << 24
"""Bytes of a data set that comes with a response, a C-FIND identifier for instance."""

R = TypeVar("R", bound=Response)


class MessageIds:
    """Message IDs: 1, 2, ... 65535, 1, ... so that neighbours never share one."""

    def __init__(self) -> None:
        self._last = 0
        self._wrapped = False

    def next(self) -> int:
        """The next message ID."""
        self._last = number = self._last % 0xFFFF + 1
        self._wrapped |= number == 0xFFFF
        return number

    def __contains__(self, number: int) -> bool:
        """Whether it was given out already."""
        return 1 <= number <= (0xFFFF if self._wrapped else self._last)


class Operation(Generic[R]):
    """An operation that was invoked, and what came back so far.

    Attributes:
        asked: the request.
        context_id: the presentation context that it went out on.
        responses: those that came and were not taken yet, each with the data set behind it
            (None where none follows).
        final: the response that ended it; None while it is outstanding.
        sent: by this number the association knows whether all of it left.
    """

    __slots__ = ("asked", "context_id", "final", "responses", "sent")

    def __init__(self, asked: Request[R], context_id: int, sent: int) -> None:
        self.asked = asked
        self.context_id = context_id
        self.responses: list[tuple[R, bytes | None]] = []
        self.final: R | None = None
        self.sent = sent

    def is_out(self, association: Association) -> bool:
        """Whether every byte of the request and its data set was handed to the transport."""
        return association.is_out(self.sent)

    def is_answered(self, association: Association) -> bool:
        """Whether the final response is there, and is believed if the association is over.

        A failure is the peer's answer also to what is not out; a success is none, for the peer
        cannot have stored what it did not receive.
        """
        return self.final is not None and (self.is_out(association) or _failed(self.final))


class Outstanding(dict[int, "Operation[Any]"]):
    """The operations of an association whose final response has not been taken, by Message ID.

    Args:
        contexts: the accepted presentation contexts.

    Attributes:
        ids: the Message IDs of the association.
    """

    __slots__ = ("_coming", "_contexts", "ids")

    def __init__(self, contexts: Mapping[int, AcceptedContext]) -> None:
        super().__init__()
        self.ids = MessageIds()
        self._contexts = contexts
        # Whose response's data set is coming, and what has come of it.
        self._coming: tuple[Operation[Any], Memory] | None = None

    def respond(self, received: Received) -> None:
        """A message came, which is to be a response.

        Raises:
            UnexpectedMessage: it is none, or not to an operation that is outstanding.
        """
        message, operation = self._answer(received.message)
        self._check_context(received.context_id, operation.context_id)
        operation.responses.append((message, None))
        if message.data_set_follows:
            # A response to a C-STORE or a C-ECHO has none.
            from dimse.storage.sink import Memory  # noqa: PLC0415

            self._coming = operation, Memory(MAXIMUM_IDENTIFIER)
        elif _ends(message):
            operation.final = message

    def respond_with(self, part: DataSetPart) -> None:
        """A part of the data set behind a response came.

        Raises:
            OutOfResources: it is longer than `MAXIMUM_IDENTIFIER`.
        """
        if self._coming is None:
            return
        operation, data = self._coming
        data.write(part.fragments)
        if not part.last:
            return
        self._coming = None
        data.commit()
        message, _ = operation.responses.pop()
        operation.responses.append((message, data.data))
        if _ends(message):
            operation.final = message

    def _answer(self, message: Message | UnknownCommand) -> tuple[Response, Operation[Any]]:
        """A message as a response, and the outstanding operation that it answers.

        Raises:
            UnexpectedMessage: it is no response, or not to an operation that is outstanding.
        """
        name = getattr(message, "NAME", str(message))
        if not isinstance(message, Response):
            awaited = sorted({each.asked.RESPONSE.NAME for each in self.values()})
            what = f"instead of a {' or '.join(awaited)}" if awaited else "though nothing was asked"
            raise UnexpectedMessage(f"the peer sent a {name} {what}")
        number = message.message_id_being_responded_to
        operation = self.get(number)
        if operation is None:
            if number in self.ids:
                raise UnexpectedMessage(f"the peer sent a second {name} for message {number}")
            outstanding = ", ".join(map(str, self)) or "none"
            raise UnexpectedMessage(
                f"the peer sent a {name} for message {number}, but outstanding is {outstanding}"
            )
        if not isinstance(message, operation.asked.RESPONSE):
            raise UnexpectedMessage(
                f"the peer sent a {name} instead of a {operation.asked.RESPONSE.NAME}"
            )
        if operation.final is not None:
            raise UnexpectedMessage(f"the peer sent a second {name} for message {number}")
        return message, operation

    def _check_context(self, context_id: int, asked_on: int) -> None:
        """A response belongs on its request's context, or on one of the same abstract syntax.

        There are stacks (odil) that look a context up by its abstract syntax when they answer, and
        where several are accepted for one, find another. The message ID tells which request is
        meant, and the response to a C-STORE has no data set whose transfer syntax could be mistaken:
        refusing it would lose an object that is stored.

        Raises:
            UnexpectedMessage: it came on a context of something else.
        """
        if context_id == asked_on:
            return
        accepted = self._contexts
        if accepted[context_id].abstract_syntax != accepted[asked_on].abstract_syntax:
            raise UnexpectedMessage(
                f"the peer responded on presentation context {context_id} instead of {asked_on}"
            )


_SEVERAL = frozenset({"C-FIND-RSP", "C-GET-RSP", "C-MOVE-RSP"})


def _ends(response: Response) -> bool:
    """Whether it is the last response: the others of three services have a pending status."""
    return response.NAME not in _SEVERAL or not is_pending(response.status)


def _failed(response: Response) -> bool:
    return not is_successful(response.status)
