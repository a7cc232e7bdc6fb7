"""Conversations of a service class user: C-ECHO and C-STORE (PS3.4 Annexes A and B).

They are generators over `dul.conversations`, and know neither sockets nor clocks; `dimse.client`
runs them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from dimse.errors import DIMSEError, ReleasedByPeer, UnexpectedMessage, UnknownCommand
from dimse.messages.assembly import Assembler, Received
from dimse.messages.base import Message, Priority, Request, Response
from dimse.messages.composite import CEchoRQ, CEchoRSP, CStoreRQ, CStoreRSP
from dul.association import Association
from dul.conversations import PUMP, Conversation, fail
from dul.events import AbortIndication, DataIndication, ProviderAbortIndication, ReleaseIndication
from dul.outbox import Source
from dul.values import dataclass

__all__ = [
    "VERIFICATION",
    "MessageIds",
    "Observe",
    "Reply",
    "echo",
    "request",
    "store",
]

VERIFICATION = "1.2.840.10008.1.1"

R = TypeVar("R", bound=Response)

Observe = Callable[[Message], None]
"""Is told a request before it is sent, and the response when it has come; for logs."""


class MessageIds:
    """Message IDs: 1, 2, ... 65535, 1, ... so that neighbours never share one."""

    def __init__(self) -> None:
        self._last = 0

    def next(self) -> int:
        """The next one."""
        self._last = self._last % 0xFFFF + 1
        return self._last


@dataclass(frozen=True, slots=True)
class Reply:
    """The response to an operation, reduced to what every service has.

    Attributes:
        status: (0000,0900).
        error_comment: (0000,0902), if the peer sent one.
        offending_elements: (0000,0901), tags; if the peer sent any.
    """

    status: int
    error_comment: str | None = None
    offending_elements: tuple[int, ...] = ()


def echo(
    association: Association, context_id: int, message_id: int, *, observe: Observe | None = None
) -> Conversation[Reply]:
    """C-ECHO on an accepted Verification context (PS3.7 9.1.5).

    Raises:
        what `request` raises.
    """
    asked = CEchoRQ(message_id=message_id, affected_sop_class_uid=VERIFICATION)
    response: CEchoRSP = yield from request(association, context_id, asked, observe=observe)
    return Reply(response.status, response.error_comment)


def store(
    association: Association,
    context_id: int,
    source: Source,
    *,
    message_id: int,
    sop_class_uid: str,
    sop_instance_uid: str,
    priority: int = Priority.MEDIUM,
    move_originator: tuple[str, int] | None = None,
    observe: Observe | None = None,
) -> Conversation[Reply]:
    """C-STORE of one data set, encoded as the context wants it (PS3.7 9.1.1).

    Args:
        association: established.
        context_id: an accepted context of this SOP class.
        source: the encoded data set.
        message_id: unused by other outstanding operations.
        sop_class_uid: that of the data set.
        sop_instance_uid: that of the data set.
        priority: see `Priority`.
        move_originator: AE title and message ID of the C-MOVE that this is a part of.
        observe: is told the messages.

    Raises:
        what `request` raises.
    """
    title, move_id = move_originator or (None, None)
    asked = CStoreRQ(
        message_id=message_id,
        affected_sop_class_uid=sop_class_uid,
        affected_sop_instance_uid=sop_instance_uid,
        priority=priority,
        move_originator_application_entity_title=title,
        move_originator_message_id=move_id,
    )
    response: CStoreRSP = yield from request(
        association, context_id, asked, source, observe=observe
    )
    return Reply(response.status, response.error_comment, response.offending_element or ())


def request(
    association: Association,
    context_id: int,
    asked: Request[R],
    source: Source | None = None,
    *,
    observe: Observe | None = None,
) -> Conversation[R]:
    """Send a request, with its data set if it has one, and wait for its one response.

    A response that comes while the data set is still on its way out is kept until all is sent
    (PS3.7 9.1.1: a failed response may come early).

    Raises:
        UnexpectedMessage: the peer sent something else, or another message ID; aborted.
        DIMSEError: the peer's fragments make no message; aborted.
        ReleasedByPeer: the peer released instead.
        DULError: the association ended otherwise.
    """
    command = asked.encode()
    if observe is not None:
        observe(asked)
    association.send(context_id, command=True, source=command)
    if source is not None:
        association.send(context_id, command=False, source=source)
    association.expect("reply")
    response = yield from _await_response(association, context_id, asked)
    while association.sending and association.established:
        yield PUMP
    association.expect(None)
    if observe is not None:
        observe(response)
    return response


def _await_response(
    association: Association, context_id: int, asked: Request[R]
) -> Conversation[R]:
    assembler = Assembler()
    response: R | None = None
    while response is None or assembler.within_message:
        event = association.next_event()
        match event:
            case None:
                yield PUMP
            case DataIndication(pdvs):
                try:
                    for part in assembler.feed(pdvs):
                        if isinstance(part, Received):  # else a data set: read and dropped
                            response = _judge(part.message, response, asked)
                            _judge_context(association, part.context_id, context_id)
                except DIMSEError:
                    # What is wrong with a message is the user's to find, hence A-ABORT source 0.
                    association.abort()
                    raise
            case ReleaseIndication():
                association.withdraw()  # of a request that will not be answered
                association.release_response()
                raise ReleasedByPeer(
                    f"the peer released the association instead of answering a {asked.NAME}"
                )
            case AbortIndication() | ProviderAbortIndication():
                fail(event)
    return response


def _judge(message: Message | UnknownCommand, response: R | None, asked: Request[R]) -> R:
    """The response that was due.

    Raises:
        UnexpectedMessage: it is none, a second one, or one for another request.
    """
    if response is not None or not isinstance(message, asked.RESPONSE):
        name = getattr(message, "NAME", str(message))
        raise UnexpectedMessage(f"{name} instead of a {asked.RESPONSE.NAME}")
    if message.message_id_being_responded_to != asked.message_id:
        raise UnexpectedMessage(
            f"{message.NAME} for message {message.message_id_being_responded_to}, "
            f"but {asked.message_id} is outstanding"
        )
    return message  # type: ignore[return-value] # RESPONSE is the class that R stands for


def _judge_context(association: Association, context_id: int, asked_on: int) -> None:
    """A response belongs on its request's context, or on one of the same abstract syntax.

    There are stacks (odil) that look a context up by its abstract syntax when they answer, and
    where several are accepted for one, find another. The message ID tells which request is
    meant, and a response has no data set whose transfer syntax could be mistaken: refusing it
    would lose an object that is stored.

    Raises:
        UnexpectedMessage: it came on a context of something else.
    """
    if context_id == asked_on:
        return
    accepted = association.agreed.contexts
    if accepted[context_id].abstract_syntax != accepted[asked_on].abstract_syntax:
        raise UnexpectedMessage(
            f"a response on presentation context {context_id} instead of {asked_on}"
        )
