"""What sending would come to, without a connection: which associations, with which objects on each.

The objects are looked at and planned by the same roster as if they were sent. Which association an
object goes on is the engine's rule: the one that is open, if that proposed what it needs.
"""

from __future__ import annotations

from dimse.events import Done, WouldAssociate, WouldSend
from dimse.objects.outgoing import Outgoing
from dimse.peer import Peer
from dimse.plan import ContextOffer, explain_refusal, possible_choices
from dimse.roster import Roster, Unwritten
from dul.conversations import Script
from dul.negotiation import AcceptedContext
from dul.pdu import AssociateRQ

__all__ = ["rehearse"]


def rehearse(peer: Peer, roster: Roster) -> Script[None]:
    """Tell what is in a roster, and on which associations it would be sent.

    Args:
        peer: who would be called.
        roster: what is to be sent; it is at its end then.

    Raises:
        JournalFailed: the journal can't be read.
        DulcetError: of the iterator that says what to send.
    """
    number = 0
    proposed: frozenset[ContextOffer] = frozenset()
    everything: tuple[AcceptedContext, ...] = ()
    try:
        while (task := (yield from roster.next())) is not None:
            if not number or not proposed.issuperset(task.need.offers):
                offers = task.need.proposal.offers
                request = peer.request(offers)
                proposed, everything = frozenset(offers), _all_accepted(request)
                number += 1
                yield WouldAssociate(number, request)
            yield _would_send(task.outgoing, everything)
            roster.finish(task, stored=False)
    except Unwritten as unwritten:
        raise unwritten.error from unwritten
    yield Done()


def _would_send(outgoing: Outgoing, everything: tuple[AcceptedContext, ...]) -> WouldSend:
    wanted = everything, outgoing.sop_class_uid, outgoing.transfer_syntax_uid
    choices = tuple(possible_choices(*wanted, obstacle=outgoing.obstacle))
    if choices:
        return WouldSend(outgoing, choices)
    why = explain_refusal(outgoing.name, *wanted, obstacle=outgoing.obstacle)
    return WouldSend(outgoing, (), why)


def _all_accepted(request: AssociateRQ) -> tuple[AcceptedContext, ...]:
    """What a peer accepts that takes whatever it is offered."""
    return tuple(
        AcceptedContext(context.id, context.abstract_syntax, syntax)
        for context in request.presentation_contexts
        for syntax in context.transfer_syntaxes
    )
