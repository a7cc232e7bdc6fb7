"""What a peer accepts: presentation contexts are proposed to it, and nothing is sent.

answer = Client("pacs.example", 104).probe(Offers().for_classes(my_sop_classes))
for each in answer.contexts:
    print(each.abstract_syntax, each.accepted or each.refusal)
"""

from __future__ import annotations

from collections.abc import Iterable

from dimse.dialogue import Dialogue
from dimse.offers import MAXIMUM_CONTEXTS, ContextOffer, checked_offers
from dul.conversations import Script
from dul.negotiation import Negotiated
from dul.values import dataclass

__all__ = ["Probe", "Probed", "ProbedContext", "probe"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbedContext:
    """What a peer says of one presentation context (PS3.8 9.3.3.2).

    Attributes:
        association: the number of the association that proposed it, from 1 on.
        id: of the presentation context, an odd number up to 255.
        abstract_syntax: the UID of the SOP class.
        proposed: the UIDs of the transfer syntaxes that were offered, in order.
        accepted: the UID of the one that the peer chose; None: it refused the context.
        refusal: why, in the standard's words; empty if it was accepted.
    """

    association: int
    id: int
    abstract_syntax: str
    proposed: tuple[str, ...]
    accepted: str | None
    refusal: str


@dataclass(frozen=True, slots=True)
class Probe:
    """What a peer accepts.

    Attributes:
        negotiated: what was agreed, association by association; the peer's implementation, its
            maximum length and its operations window are in there.
    """

    negotiated: tuple[Negotiated, ...]

    @property
    def contexts(self) -> tuple[ProbedContext, ...]:
        """Every context that was proposed, in order."""
        return tuple(
            _answer(each, asked.id, number)
            for number, each in enumerate(self.negotiated, 1)
            for asked in each.request.presentation_contexts
        )


def _answer(negotiated: Negotiated, context_id: int, association: int) -> ProbedContext:
    asked = next(e for e in negotiated.request.presentation_contexts if e.id == context_id)
    found = negotiated.contexts.get(context_id)
    return ProbedContext(
        association=association,
        id=context_id,
        abstract_syntax=asked.abstract_syntax,
        proposed=tuple(asked.transfer_syntaxes),
        accepted=None if found is None else found.transfer_syntax,
        refusal=negotiated.refusal(context_id) if found is None else "",
    )


class Probed:
    """The last of what is told of a probe; `Client.probe` gives it.

    Attributes:
        probe: what the peer accepts.
    """

    __slots__ = ("probe",)

    def __init__(self, probe: Probe) -> None:
        self.probe = probe


def probe(dialogue: Dialogue, contexts: Iterable[ContextOffer]) -> Script[None]:
    """Propose contexts, on as many associations as they need, one after the other.

    Tells the events of these associations, and `Probed`.

    Args:
        dialogue: with nothing open; nothing is open at the end.
        contexts: what is proposed.

    Raises:
        InvalidValue: they are none.
        AssociationRejected, AssociationAborted, TransportError, TimedOut: there is no association.
    """
    offers = checked_offers(contexts)
    answers = []
    for begin in range(0, len(offers), MAXIMUM_CONTEXTS):
        operations = yield from dialogue.associate(offers[begin : begin + MAXIMUM_CONTEXTS])
        answers.append(operations.negotiated)
        yield from dialogue.end()
    yield Probed(Probe(tuple(answers)))
