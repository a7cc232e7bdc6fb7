"""What a client does on an established association, written once for both faces."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from dimse.errors import DIMSEError, Unreadable
from dimse.objects.outgoing import Outgoing
from dimse.outcome import Outcome
from dimse.plan import choose_context, explain_refusal
from dimse.scu import VERIFICATION, MessageIds, Reply, echo, store
from dul.association import Association
from dul.conversations import Call, Conversation
from dul.errors import LocalProtocolError
from dul.negotiation import AcceptedContext, Negotiated

__all__ = ["Operations", "send_one"]

Clock = Callable[[], float]


class Operations:
    """The operations of one established association, as conversations; their IDs are counted.

    Args:
        association: established.
        negotiated: what it allows.
        clock: for the seconds of an outcome.
    """

    def __init__(self, association: Association, negotiated: Negotiated, clock: Clock) -> None:
        self._association = association
        self._clock = clock
        self._accepted = tuple(negotiated.contexts.values())
        self._ids = MessageIds()

    def echo(self, **options: Any) -> Conversation[Reply]:
        """C-ECHO; options are those of `dimse.scu.echo`.

        Raises:
            LocalProtocolError: there is no accepted context for Verification.
        """
        for context in self._accepted:
            if context.abstract_syntax == VERIFICATION:
                return echo(self._association, context.id, self._ids.next(), **options)
        raise LocalProtocolError(
            "the peer accepted no presentation context for Verification; "
            "it answers no C-ECHO, or it was not proposed"
        )

    def store(self, item: Outgoing, **options: Any) -> Conversation[Outcome]:
        """C-STORE of one examined object; see `send_one`."""
        return send_one(self._association, self._accepted, item, self._ids, self._clock, **options)


def send_one(
    association: Association,
    accepted: Iterable[AcceptedContext],
    item: Outgoing,
    ids: MessageIds,
    clock: Clock,
    **options: Any,
) -> Conversation[Outcome]:
    """C-STORE of one object on an established association.

    Args:
        association: established.
        accepted: its accepted contexts.
        item: what to send.
        ids: where its message ID comes from.
        clock: for the outcome's seconds.
        options: priority, move_originator, observe; see `scu.store`.

    Returns:
        The outcome; an error in it is one that leaves the association alive.

    Raises:
        DIMSEError: the peer's answer makes no sense; aborted.
        DULError: the association ended.
    """
    known: dict[str, Any] = {
        "path": item.path,
        "sop_class_uid": item.sop_class_uid,
        "sop_instance_uid": item.sop_instance_uid,
    }
    wanted = (item.sop_class_uid, item.transfer_syntax_uid)
    choice = choose_context(accepted, *wanted)
    if choice is None:
        return Outcome(**known, error=explain_refusal(item.name, accepted, *wanted))
    try:
        source = yield Call(item.open, (choice.transfer_syntax,))
    except DIMSEError as error:
        return Outcome(**known, error=error)
    started = clock()
    try:
        reply = yield from store(
            association,
            choice.context_id,
            source,
            message_id=ids.next(),
            sop_class_uid=item.sop_class_uid,
            sop_instance_uid=item.sop_instance_uid,
            **options,
        )
        source.finish()
    except Unreadable as error:
        return Outcome(**known, error=error)
    finally:
        source.close()
    return Outcome(
        **known,
        transfer_syntax_uid=choice.transfer_syntax,
        status=reply.status,
        error_comment=reply.error_comment,
        length=len(source),
        seconds=clock() - started,
    )
