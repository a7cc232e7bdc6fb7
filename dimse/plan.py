"""From the files to be sent to presentation contexts, and from those to associations.

Pure arithmetic on UIDs: no file is opened here, and the work grows linearly with the files.

What is proposed: the caller's base contexts first (for storescu these are `SEED_CONTEXTS`, unless
options say otherwise), then what the objects need by the rules of `dimse.offers`.

An association holds 128 contexts, since their IDs are the odd numbers of one byte (PS3.8
9.3.2.2). When more are needed there are several associations, each with the base contexts, and
the files keep their order throughout.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial

from dimse.errors import (
    CannotTranscode,
    FilePath,
    NoPresentationContext,
    TooManyContexts,
)
from dimse.objects.codecs import ENCODED
from dimse.objects.layout import obstacle_between
from dimse.offers import MAXIMUM_CONTEXTS, OFFERS, ContextOffer, Offers, Storable
from dimse.tables.uids import (
    DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
    EXPLICIT_VR_BIG_ENDIAN,
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
)
from dul.items import PresentationContextRQ
from dul.negotiation import AcceptedContext, context_offers
from dul.values import TYPE_CHECKING, Generic, TypeVar, dataclass

if TYPE_CHECKING:
    from typing import Final, TypeAlias

__all__ = [
    "MAXIMUM_CONTEXTS",
    "SEED_CLASSES",
    "SEED_CONTEXTS",
    "Choice",
    "ContextOffer",
    "FileRecord",
    "Need",
    "Obstacle",
    "PlannedAssociation",
    "Planning",
    "Proposal",
    "Storable",
    "choose_context",
    "explain_refusal",
    "numbered",
    "plan",
    "possible_choices",
]

# What to convert to, best first. Explicit VR loses nothing; Implicit VR loses the VRs of private
# elements; deflating costs time; Big Endian is retired and least tested at the other end. Compressing
# costs most of all, and is for peers that take nothing else.
_CONVERT_TO: Final = (
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
    DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
    EXPLICIT_VR_BIG_ENDIAN,
    *ENCODED,
)


@dataclass(frozen=True, slots=True)
class FileRecord:
    """The least that `plan` needs: where the object is, what it is, how it is encoded."""

    path: FilePath
    sop_class_uid: str
    transfer_syntax_uid: str


Obstacle: TypeAlias = Callable[[str], "str | None"]
"""What is in the way of converting an object to a transfer syntax; None: nothing is."""

T = TypeVar("T", bound=Storable)


@dataclass(frozen=True, slots=True)
class PlannedAssociation(Generic[T]):
    """What to offer together, and the objects that it serves, in the given order."""

    offers: tuple[ContextOffer, ...]
    objects: tuple[T, ...]

    @property
    def contexts(self) -> tuple[PresentationContextRQ, ...]:
        """The offers as the A-ASSOCIATE-RQ will number them."""
        return numbered(self.offers)


@dataclass(frozen=True, slots=True)
class Choice:
    """How one object travels: on which context, in which syntax, converted or as it is."""

    context_id: int
    transfer_syntax: str
    transcode: bool


# The 17 SOP classes of storescu's conformance statement, in its order.
SEED_CLASSES: Final = (
    "1.2.840.10008.5.1.4.1.1.1",  # Computed Radiography
    "1.2.840.10008.5.1.4.1.1.2",  # CT
    "1.2.840.10008.5.1.4.1.1.4",  # MR
    "1.2.840.10008.5.1.4.1.1.20",  # Nuclear Medicine
    "1.2.840.10008.5.1.4.1.1.5",  # Nuclear Medicine, retired
    "1.2.840.10008.5.1.4.1.1.6.1",  # Ultrasound
    "1.2.840.10008.5.1.4.1.1.6",  # Ultrasound, retired
    "1.2.840.10008.5.1.4.1.1.3.1",  # Ultrasound Multi-frame
    "1.2.840.10008.5.1.4.1.1.3",  # Ultrasound Multi-frame, retired
    "1.2.840.10008.5.1.4.1.1.7",  # Secondary Capture
    "1.2.840.10008.5.1.4.1.1.12.1",  # X-Ray Angiographic
    "1.2.840.10008.5.1.4.1.1.12.3",  # X-Ray Angiographic Bi-Plane, retired
    "1.2.840.10008.5.1.4.1.1.12.2",  # X-Ray Radiofluoroscopic
    "1.2.840.10008.5.1.4.1.1.8",  # Standalone Overlay, retired
    "1.2.840.10008.5.1.4.1.1.9",  # Standalone Curve, retired
    "1.2.840.10008.5.1.4.1.1.10",  # Standalone Modality LUT, retired
    "1.2.840.10008.5.1.4.1.1.11",  # Standalone VOI LUT, retired
)
"""The SOP classes that storescu proposes whatever the files are."""

# What storescu proposes of them: each class with Implicit VR Little Endian,
# Explicit VR Little Endian and Explicit VR Big Endian, in this order.
SEED_CONTEXTS: Final = OFFERS.for_classes(SEED_CLASSES)


def plan(
    objects: Iterable[T],
    *,
    base_contexts: Sequence[ContextOffer] = (),
    rules: Offers = OFFERS,
    maximum: int = MAXIMUM_CONTEXTS,
) -> list[PlannedAssociation[T]]:
    """Distribute objects over associations of at most `maximum` presentation contexts.

    Args:
        objects: what is to be sent, in the order in which it is to be sent.
        base_contexts: proposed on every association, before those that the objects need.
        rules: which contexts an object needs.
        maximum: contexts per association, 1 to 128.

    Returns:
        The associations, in order; joined, their objects are the given ones in the given order.
        None at all where there is nothing to send.

    Raises:
        TooManyContexts: the base contexts and those of a single object exceed `maximum`.
    """
    planning = Planning(base_contexts, rules, maximum=maximum)
    together: dict[Proposal, list[T]] = {}
    for item in objects:
        together.setdefault(planning.add(item).proposal, []).append(item)
    return [
        PlannedAssociation(proposal.offers, tuple(members))
        for proposal, members in together.items()
    ]


class Proposal:
    """What to offer on one association. It grows as long as further objects fit in.

    Attributes:
        offers: the base contexts, and behind them those that the objects so far need.
    """

    __slots__ = ("offers",)

    def __init__(self, offers: tuple[ContextOffer, ...]) -> None:
        self.offers = offers


@dataclass(frozen=True, slots=True)
class Need:
    """What an object needs of an association.

    Attributes:
        offers: the contexts that it must have proposed.
        proposal: what to propose if there is none that has; these among others.
    """

    offers: tuple[ContextOffer, ...]
    proposal: Proposal


class Planning:
    """Says object by object what association it needs; see `plan` for all at once.

    Args:
        base_contexts: proposed on every association, before those that the objects need.
        rules: which contexts an object needs.
        maximum: contexts per association, 1 to 128.
        single: there is one association; what finds no room on it goes without contexts of its own.
    """

    def __init__(
        self,
        base_contexts: Sequence[ContextOffer] = (),
        rules: Offers = OFFERS,
        *,
        maximum: int = MAXIMUM_CONTEXTS,
        single: bool = False,
    ) -> None:
        self._single = single
        self._maximum = min(maximum, MAXIMUM_CONTEXTS)
        self._base = tuple(base_contexts)
        self._default_offered = {
            offer.abstract_syntax
            for offer in self._base
            if IMPLICIT_VR_LITTLE_ENDIAN in offer.transfer_syntaxes
        }
        self._proposal = Proposal(self._base)
        self._rules = rules
        # By SOP class, transfer syntax and whether it is convertible; those of the present proposal.
        self._needs: dict[tuple[str, str, bool], Need] = {}

    def add(self, item: Storable) -> Need:
        """The next object.

        Raises:
            TooManyContexts: the base contexts and those of this object exceed the maximum.
        """
        uid = item.sop_class_uid
        convertible = not self._rules.combine or self._rules.convertible(item)
        kind = uid, item.transfer_syntax_uid, convertible
        need = self._needs.get(kind)
        if need is None:
            offers = self._rules.for_object(item, default_offered=uid in self._default_offered)
            proposal = self._room_for(offers)
            # Of a single association nothing is asked that it has not: what is refused is told.
            self._needs[kind] = need = Need(() if self._single else offers, proposal)
        return need

    def _room_for(self, offers: tuple[ContextOffer, ...]) -> Proposal:
        """The present proposal with these, or a new one."""
        new = [offer for offer in offers if offer not in self._proposal.offers]
        if len(self._proposal.offers) + len(new) > self._maximum:
            if self._single:
                return self._proposal
            new = [offer for offer in offers if offer not in self._base]
            if len(self._base) + len(new) > self._maximum:
                raise TooManyContexts(len(self._base), len(new), self._maximum)
            self._proposal = Proposal(self._base)
            self._needs.clear()
        self._proposal.offers = (*self._proposal.offers, *new)
        return self._proposal


def numbered(offers: Iterable[ContextOffer]) -> tuple[PresentationContextRQ, ...]:
    """Presentation contexts 1, 3, 5, ...

    Raises:
        LocalProtocolError: there are more than 128.
    """
    return context_offers((each.abstract_syntax, each.transfer_syntaxes) for each in offers)


def choose_context(
    accepted: Iterable[AcceptedContext],
    sop_class_uid: str,
    transfer_syntax_uid: str,
    *,
    obstacle: Obstacle | None = None,
) -> Choice | None:
    """Choose the presentation context for one object, or None if there is none for it.

    The object's own transfer syntax comes first, so that it goes out as it is. Otherwise an
    uncompressed syntax that it can be converted to; otherwise one that it can be compressed to
    without loss. A context for another SOP class is never used
    (PS3.7 9.1.1.1.3: the class is the context's abstract syntax), nor one on which the requestor is
    no SCU (PS3.7 D.3.3.4).

    Args:
        accepted: the accepted contexts.
        sop_class_uid: of the object.
        transfer_syntax_uid: of the object.
        obstacle: says what is in the way of converting it to a syntax, None where nothing is;
            `Outgoing.obstacle`. By default only uncompressed objects are converted.
    """
    choices = possible_choices(accepted, sop_class_uid, transfer_syntax_uid, obstacle=obstacle)
    return next(choices, None)


def possible_choices(
    accepted: Iterable[AcceptedContext],
    sop_class_uid: str,
    transfer_syntax_uid: str,
    *,
    obstacle: Obstacle | None = None,
) -> Iterator[Choice]:
    """All ways in which one object can travel, best first; arguments as `choose_context`."""
    by_syntax: dict[str, int] = {}
    for context in accepted:
        if context.abstract_syntax == sop_class_uid and context.requestor_is_scu:
            by_syntax.setdefault(context.transfer_syntax, context.id)
    own = by_syntax.pop(transfer_syntax_uid, None)
    if own is not None:
        yield Choice(own, transfer_syntax_uid, transcode=False)
    if obstacle is None:
        obstacle = partial(obstacle_between, transfer_syntax_uid)
    for target in _CONVERT_TO:
        if target in by_syntax and obstacle(target) is None:
            yield Choice(by_syntax[target], target, transcode=True)


def explain_refusal(
    path: FilePath,
    accepted: Iterable[AcceptedContext],
    sop_class_uid: str,
    transfer_syntax_uid: str,
    *,
    obstacle: Obstacle | None = None,
) -> NoPresentationContext | CannotTranscode:
    """Say why `choose_context` found nothing: an error to raise or to report for this file."""
    if obstacle is None:
        obstacle = partial(obstacle_between, transfer_syntax_uid)
    of_class = [each for each in accepted if each.abstract_syntax == sop_class_uid]
    taken = tuple(
        dict.fromkeys(context.transfer_syntax for context in of_class if context.requestor_is_scu)
    )
    if not taken:
        return NoPresentationContext(path, sop_class_uid, as_scp=bool(of_class))
    # What can be converted to would rather be an uncompressed one.
    best = next((each for each in _CONVERT_TO if each in taken), taken[0])
    why = obstacle(best) or "it can't be converted"
    return CannotTranscode(path, transfer_syntax_uid, taken, why)
