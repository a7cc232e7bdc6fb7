"""Offers against support: what an association may carry (PS3.8 7.1, Annex D; PS3.7 D.3.3).

`answer` is the acceptor's side, `conclude` the requestor's; both give a `Negotiated`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from dul.errors import InvalidPDU, LocalProtocolError, RejectReason
from dul.items import DICOM_APPLICATION_CONTEXT, PresentationContextAC, PresentationContextRQ
from dul.limits import Limits
from dul.outbox import MINIMUM_PDU_LENGTH
from dul.pdu import AssociateAC, AssociateRJ, AssociateRQ
from dul.remembered import Remembered
from dul.user_items import (
    AsynchronousOperationsWindow,
    CommonExtendedNegotiation,
    ExtendedNegotiation,
    RoleSelection,
    UserIdentity,
    UserInformation,
)
from dul.values import dataclass, field

__all__ = [
    "IMPLEMENTATION_CLASS_UID",
    "IMPLEMENTATION_VERSION_NAME",
    "SYNCHRONOUS",
    "AcceptedContext",
    "Identify",
    "Negotiated",
    "Permits",
    "Support",
    "agree",
    "answer",
    "check_accept",
    "conclude",
    "context_offers",
    "request",
    "speaks_version_1",
    "valid_uid",
]

IMPLEMENTATION_CLASS_UID = "2.25.61454185790323404540532700652356069690"
IMPLEMENTATION_VERSION_NAME = "DULCET_0_1"

ACCEPTANCE, USER_REJECTION, NO_REASON, ABSTRACT_NOT_SUPPORTED, TRANSFER_NOT_SUPPORTED = range(5)
RESULTS = {
    ACCEPTANCE: "acceptance",
    USER_REJECTION: "user-rejection",
    NO_REASON: "no reason",
    ABSTRACT_NOT_SUPPORTED: "abstract syntax not supported",
    TRANSFER_NOT_SUPPORTED: "transfer syntaxes not supported",
}

SYNCHRONOUS = AsynchronousOperationsWindow(1, 1)
DEFAULT_MAXIMUM_LENGTH = 16384  # for peers that leave item 51H out, which no conforming one does


def valid_uid(uid: str) -> bool:
    """Digits and dots, no empty component, no leading zeros, at most 64 (PS3.5 9.1)."""
    return 0 < len(uid) <= 64 and all(
        part.isascii() and part.isdigit() and (part == "0" or part[0] != "0")
        for part in uid.split(".")
    )


@dataclass(frozen=True, slots=True)
class AcceptedContext:
    """A presentation context that both ends agreed on.

    Attributes:
        id: odd, 1 to 255.
        abstract_syntax: the SOP class.
        transfer_syntax: the one encoding of data sets on this context.
        requestor_is_scu: the association requestor may send requests.
        requestor_is_scp: the association requestor may perform them.
    """

    id: int
    abstract_syntax: str
    transfer_syntax: str
    requestor_is_scu: bool = True
    requestor_is_scp: bool = False


@dataclass(frozen=True, slots=True)
class Negotiated:
    """What an established association allows.

    Attributes:
        contexts: the accepted presentation contexts by id.
        refused: the ids of the others, with the result (1..4) or None where the peer's answer
            is missing or makes no sense.
        peer_maximum_length: the largest P-DATA-TF variable field the peer receives; 0: no maximum.
        window: the asynchronous operations window; (1, 1) unless agreed otherwise.
        request: the A-ASSOCIATE-RQ.
        accept: the A-ASSOCIATE-AC.
    """

    contexts: Mapping[int, AcceptedContext]
    refused: Mapping[int, int | None]
    peer_maximum_length: int
    window: AsynchronousOperationsWindow
    request: AssociateRQ
    accept: AssociateAC

    def refusal(self, context_id: int) -> str:
        """Why a context was refused, in the standard's words."""
        result = self.refused.get(context_id)
        return "no valid answer" if result is None else RESULTS.get(result, f"result {result}")


Identify = Callable[[UserIdentity], bytes | None]
Permits = Callable[[str, str], bool]
"""Whether somebody may have a presentation context: of its abstract syntax and a transfer syntax."""


@dataclass(frozen=True, slots=True)
class Support:
    """What an association acceptor supports: what it says of an offer once, it says of it each time.

    To support something else is to have another one.

    Attributes:
        transfer_syntaxes: for each abstract syntax the transfer syntaxes, best first.
        unknown_abstract_syntax: transfer syntaxes for other abstract syntaxes, best first; empty:
            such contexts are refused.
        unknown_allowed: which abstract syntaxes that is for; default: any UID.
        unknown_transfer_syntax: take any transfer syntax, private ones too, where the requestor
            proposes none that is supported.
        by_requestor_order: take the first supported syntax in the requestor's order, instead
            of the best in ours. PS3.8 leaves the choice to the acceptor.
        taken_if_first: supported transfer syntaxes that are taken, whatever the order, if the
            requestor proposes them first.
        called_ae_titles: the titles that we answer to; None: any.
        calling_ae_titles: the titles that may call; None: any.
        requestor_may_be_scp: abstract syntaxes whose requestor may take the SCP role.
        window: the largest asynchronous operations window that we agree to.
        extended_negotiation: our answer (56H) by SOP class, sent only to who asked.
        user_identity: judges a 58H: returns the server response (may be empty), or None to
            refuse the association. Without it identities are not looked at, and no 59H is sent.
        identity_required: refuse also who sends no 58H.
    """

    transfer_syntaxes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    unknown_abstract_syntax: tuple[str, ...] = ()
    unknown_allowed: Callable[[str], bool] = valid_uid
    unknown_transfer_syntax: bool = False
    by_requestor_order: bool = False
    taken_if_first: frozenset[str] = frozenset()
    called_ae_titles: frozenset[str] | None = None
    calling_ae_titles: frozenset[str] | None = None
    requestor_may_be_scp: frozenset[str] = frozenset()
    window: AsynchronousOperationsWindow = SYNCHRONOUS
    extended_negotiation: Mapping[str, bytes] = field(default_factory=dict)
    user_identity: Identify | None = None
    identity_required: bool = False

    def syntaxes_for(self, abstract_syntax: str) -> tuple[str, ...]:
        """The transfer syntaxes for an abstract syntax, best first; empty if unsupported."""
        known = self.transfer_syntaxes.get(abstract_syntax)
        if known is not None:
            return known
        allowed = valid_uid(abstract_syntax) and self.unknown_allowed(abstract_syntax)
        return self.unknown_abstract_syntax if allowed else ()

    def choose(self, supported: tuple[str, ...], proposed: tuple[str, ...]) -> str | None:
        """The transfer syntax to take of a context, or None if none of them is supported.

        Args:
            supported: for its abstract syntax, best first.
            proposed: by the requestor, in its order.
        """
        if proposed[0] in self.taken_if_first and proposed[0] in supported:
            return proposed[0]
        first, second = supported, proposed
        if self.by_requestor_order:
            first, second = second, first
        for syntax in first:
            if syntax in second:
                return syntax
        if self.unknown_transfer_syntax:
            return next(filter(valid_uid, proposed), None)
        return None


def context_offers(
    offers: Iterable[tuple[str, Iterable[str]]],
) -> tuple[PresentationContextRQ, ...]:
    """Number (abstract syntax, transfer syntaxes) pairs 1, 3, 5, ...

    Raises:
        LocalProtocolError: there are more than 128.
    """
    contexts = tuple(
        PresentationContextRQ(2 * index + 1, abstract, tuple(syntaxes))
        for index, (abstract, syntaxes) in enumerate(offers)
    )
    if len(contexts) > 128:
        raise LocalProtocolError(
            f"{len(contexts)} presentation contexts: an association has 128 at most; use several"
        )
    return contexts


def request(  # noqa: D417 - the others are attributes of the items
    called_ae_title: str,
    calling_ae_title: str,
    contexts: tuple[PresentationContextRQ, ...],
    limits: Limits,
    *,
    roles: tuple[RoleSelection, ...] = (),
    window: AsynchronousOperationsWindow | None = None,
    extended: tuple[ExtendedNegotiation, ...] = (),
    common_extended: tuple[CommonExtendedNegotiation, ...] = (),
    user_identity: UserIdentity | None = None,
) -> AssociateRQ:
    """An A-ASSOCIATE-RQ with our identity and our maximum length in it.

    Args:
        called_ae_title: 1 to 16 characters.
        calling_ae_title: 1 to 16 characters.
        contexts: see `context_offers`.
        limits: whose `max_pdu_length` is announced.
    """
    return AssociateRQ(
        called_ae_title.strip(" "),
        calling_ae_title.strip(" "),
        contexts,
        UserInformation(
            maximum_length=limits.max_pdu_length,
            implementation_class_uid=IMPLEMENTATION_CLASS_UID,
            asynchronous_operations_window=window,
            role_selections=roles,
            implementation_version_name=IMPLEMENTATION_VERSION_NAME,
            extended_negotiations=extended,
            common_extended_negotiations=common_extended,
            user_identity=user_identity,
        ),
    )


def answer(
    rq: AssociateRQ, support: Support, limits: Limits, *, permits: Permits | None = None
) -> AssociateAC | AssociateRJ:
    """The acceptor's answer to an A-ASSOCIATE-RQ whose protocol version is ours.

    Args:
        rq: the request.
        support: what is accepted.
        limits: for the maximum length that is announced.
        permits: what of it this requestor may have; other contexts get "user-rejection". None: all.

    Returns:
        An A-ASSOCIATE-RJ for a wrong application context (1/1/2), called (1/1/7) or calling
        AE title (1/1/3), a refused user identity (1/2/1) or a maximum length that leaves no
        room for a fragment (1/2/1); else an A-ASSOCIATE-AC with one result per context.
    """
    if permits is not None or rq.user_information.user_identity is not None:
        return _answer(rq, support, limits, permits)
    key = id(rq), id(support), id(limits)
    known = _ANSWERS.get(key)
    if known is None:
        given = _answer(rq, support, limits, None)
        known = _ANSWERS.keep(key, (given, rq, support, limits))
    return known[0]


def agree(rq: AssociateRQ, ac: AssociateAC) -> tuple[bytes, Negotiated]:
    """An acceptor's answer to a request as a PDU, and what both together allow.

    Raises:
        LocalProtocolError: a field of the answer does not fit.
    """
    if rq.user_information.user_identity is not None:
        return ac.encode(), conclude(rq, ac, rq.user_information)
    key = id(rq), id(ac)
    known = _AGREEMENTS.get(key)
    if known is None:
        known = ac.encode(), conclude(rq, ac, rq.user_information)
        _AGREEMENTS.keep(key, known)
    return known


# A request that came before is the same object (`AssociateRQ.decode`). Each value holds what its key is the
# identity of, so no other object can have it meanwhile; and no password is in here.
MOST_REMEMBERED = 32
_ANSWERS: Remembered[
    tuple[int, int, int], tuple[AssociateAC | AssociateRJ, AssociateRQ, Support, Limits]
] = Remembered(MOST_REMEMBERED)
_AGREEMENTS: Remembered[tuple[int, int], tuple[bytes, Negotiated]] = Remembered(MOST_REMEMBERED)


def _answer(
    rq: AssociateRQ, support: Support, limits: Limits, permits: Permits | None
) -> AssociateAC | AssociateRJ:
    refusal = _refusal(rq, support)
    if refusal is not None:
        return refusal
    information = rq.user_information
    response: bytes | None = None
    identity = information.user_identity
    if identity is None and support.identity_required:
        return AssociateRJ.because(RejectReason.PROVIDER_NO_REASON_GIVEN)  # PS3.7 D.3.3.7.3
    if identity is not None and support.user_identity is not None:
        response = support.user_identity(identity)
        if response is None:
            return AssociateRJ.because(RejectReason.PROVIDER_NO_REASON_GIVEN)  # PS3.7 D.3.3.7.3
        if not identity.positive_response_requested:
            response = None
    roles = _roles(information.role_selections, support)
    contexts = tuple(
        _choose(context, support, roles, permits) for context in rq.presentation_contexts
    )
    accepted = {
        offer.abstract_syntax
        for offer, reply in zip(rq.presentation_contexts, contexts, strict=True)
        if reply.result == ACCEPTANCE
    }
    window = information.asynchronous_operations_window
    return AssociateAC(
        contexts,
        UserInformation(
            maximum_length=limits.max_pdu_length,
            implementation_class_uid=IMPLEMENTATION_CLASS_UID,
            asynchronous_operations_window=window and _smaller_window(window, support.window),
            role_selections=tuple(role for uid, role in roles.items() if uid in accepted),
            implementation_version_name=IMPLEMENTATION_VERSION_NAME,
            extended_negotiations=tuple(
                ExtendedNegotiation(
                    each.sop_class_uid, support.extended_negotiation[each.sop_class_uid]
                )
                for each in information.extended_negotiations
                if each.sop_class_uid in support.extended_negotiation
            ),
            user_identity_response=response,
        ),
        echo=rq.echo(),
    )


def _refusal(rq: AssociateRQ, support: Support) -> AssociateRJ | None:
    if rq.application_context != DICOM_APPLICATION_CONTEXT:
        return AssociateRJ.because(RejectReason.APPLICATION_CONTEXT_NAME_NOT_SUPPORTED)
    # A title of 16 spaces "shall not be used" (Table 9-11), so no one can answer to it.
    called, calling = rq.called_ae_title, rq.calling_ae_title
    if not called or (
        support.called_ae_titles is not None and called not in support.called_ae_titles
    ):
        return AssociateRJ.because(RejectReason.CALLED_AE_TITLE_NOT_RECOGNIZED)
    if not calling or (
        support.calling_ae_titles is not None and calling not in support.calling_ae_titles
    ):
        return AssociateRJ.because(RejectReason.CALLING_AE_TITLE_NOT_RECOGNIZED)
    maximum = rq.user_information.maximum_length
    if maximum is not None and 0 < maximum < MINIMUM_PDU_LENGTH:
        return AssociateRJ.because(RejectReason.PROVIDER_NO_REASON_GIVEN)
    return None


def _choose(
    context: PresentationContextRQ,
    support: Support,
    roles: Mapping[str, RoleSelection],
    permits: Permits | None,
) -> PresentationContextAC:
    supported = support.syntaxes_for(context.abstract_syntax)
    proposed = context.transfer_syntaxes
    if permits is not None:
        proposed = tuple(each for each in proposed if permits(context.abstract_syntax, each))
    chosen = support.choose(supported, proposed) if supported and proposed else None
    role = roles.get(context.abstract_syntax)
    if not supported:
        result = ABSTRACT_NOT_SUPPORTED
    elif not proposed:
        result = USER_REJECTION
    elif chosen is None:
        result = TRANSFER_NOT_SUPPORTED
    elif role is not None and not (role.scu or role.scp):
        # Nobody could say anything on it, so it is refused here rather than aborted later.
        result = USER_REJECTION
    else:
        return PresentationContextAC(context.id, ACCEPTANCE, (chosen,))
    # The item needs a transfer syntax even if it means nothing (Table 9-18).
    return PresentationContextAC(context.id, result, context.transfer_syntaxes[:1])


def _smaller_window(
    offer: AsynchronousOperationsWindow, ours: AsynchronousOperationsWindow
) -> AsynchronousOperationsWindow:
    def smaller(offered: int, supported: int) -> int:
        # 0 is unlimited, hence larger than anything (PS3.7 D.3.3.3).
        return min(offered or supported, supported or offered)

    return AsynchronousOperationsWindow(
        smaller(offer.invoked, ours.invoked), smaller(offer.performed, ours.performed)
    )


def _roles(proposed: tuple[RoleSelection, ...], support: Support) -> dict[str, RoleSelection]:
    """The roles that the requestor is given, by SOP class, of those that it proposes."""
    return {
        # Never a role that was not proposed (PS3.7 D.3.3.4).
        uid: RoleSelection(uid, each.scu, each.scp and uid in support.requestor_may_be_scp)
        for uid, each in _first_roles(proposed).items()
    }


def speaks_version_1(pdu: AssociateRQ | AssociateAC) -> bool:
    """Only bit 0 is tested (Table 9-11): 0003H and FFFFH are version 1 as well."""
    return bool(pdu.protocol_version & 1)


def check_accept(ac: AssociateAC) -> None:
    """The requestor's provider-level check of an answer.

    Raises:
        InvalidPDU: another protocol version, or a maximum length without room for a fragment.
    """
    if not speaks_version_1(ac):
        raise InvalidPDU(ac.NAME, 0, f"protocol version {ac.protocol_version:04X}H lacks bit 0")
    maximum = ac.user_information.maximum_length
    if maximum is not None and 0 < maximum < MINIMUM_PDU_LENGTH:
        raise InvalidPDU(ac.NAME, 0, f"maximum length {maximum} leaves no room for a fragment")


def conclude(rq: AssociateRQ, ac: AssociateAC, peer: UserInformation) -> Negotiated:
    """What request and answer together allow; the same for both ends.

    Args:
        rq: the request.
        ac: the answer to it.
        peer: the other end's user information: the answer's for the requestor, the request's for
            the acceptor.

    An answer that makes no sense (an id not proposed or answered twice, a transfer syntax not
    offered, none or two of them) leaves its context unused.
    """
    answers: dict[int, PresentationContextAC | None] = {}
    for each in ac.presentation_contexts:
        answers[each.id] = None if each.id in answers else each
    roles = _concluded_roles(rq, ac)
    contexts: dict[int, AcceptedContext] = {}
    refused: dict[int, int | None] = {}
    for offer in rq.presentation_contexts:
        reply = answers.get(offer.id)
        if reply is None or reply.result != ACCEPTANCE:
            refused[offer.id] = reply.result if reply else None
            continue
        syntax = reply.transfer_syntax
        scu, scp = roles.get(offer.abstract_syntax, (True, False))
        if syntax is None or syntax not in offer.transfer_syntaxes or not (scu or scp):
            refused[offer.id] = None
            continue
        contexts[offer.id] = AcceptedContext(offer.id, offer.abstract_syntax, syntax, scu, scp)
    length = peer.maximum_length
    return Negotiated(
        contexts,
        refused,
        DEFAULT_MAXIMUM_LENGTH if length is None else length,
        _concluded_window(rq, ac),
        rq,
        ac,
    )


def _concluded_roles(rq: AssociateRQ, ac: AssociateAC) -> dict[str, tuple[bool, bool]]:
    proposed = _first_roles(rq.user_information.role_selections)
    return {
        uid: (given.scu and proposed[uid].scu, given.scp and proposed[uid].scp)
        for uid, given in _first_roles(ac.user_information.role_selections).items()
        if uid in proposed
    }


def _first_roles(roles: tuple[RoleSelection, ...]) -> dict[str, RoleSelection]:
    """By SOP class; there is one for each, and if a peer sends two, both ends take the first."""
    first: dict[str, RoleSelection] = {}
    for each in roles:
        first.setdefault(each.sop_class_uid, each)
    return first


def _concluded_window(rq: AssociateRQ, ac: AssociateAC) -> AsynchronousOperationsWindow:
    asked = rq.user_information.asynchronous_operations_window
    given = ac.user_information.asynchronous_operations_window
    if asked is None or given is None:
        return SYNCHRONOUS
    return _smaller_window(asked, given)
