"""What an association acceptor supports, and its answer to a request by that (PS3.8 7.1.1.13; PS3.7 D.3.3).

A requestor needs nothing of this; what both ends conclude of request and answer is in `dul.negotiation`.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping

from dul.errors import RejectReason
from dul.items import DICOM_APPLICATION_CONTEXT, PresentationContextAC, PresentationContextRQ
from dul.limits import Limits
from dul.negotiation import (
    ABSTRACT_NOT_SUPPORTED,
    ACCEPTANCE,
    IMPLEMENTATION_CLASS_UID,
    IMPLEMENTATION_VERSION_NAME,
    SYNCHRONOUS,
    TRANSFER_NOT_SUPPORTED,
    USER_REJECTION,
    first_roles,
    smaller_window,
    valid_uid,
)
from dul.pdata import MINIMUM_PDU_LENGTH
from dul.pdu import AssociateAC, AssociateRJ, AssociateRQ
from dul.remembered import Remembered
from dul.user_items import (
    AsynchronousOperationsWindow,
    ExtendedNegotiation,
    RoleSelection,
    UserIdentity,
    UserInformation,
)
from dul.values import dataclass, field

__all__ = ["Identify", "Permits", "Support", "answer", "dismiss"]

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
        allowed = valid_uid(abstract_syntax) and _leave(
            "unknown_allowed", self.unknown_allowed(abstract_syntax)
        )
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

    Raises:
        TypeError: `Support.user_identity` gave neither bytes nor None; `Support.unknown_allowed` or
            `permits` gave no bool.
    """
    if permits is not None or rq.user_information.user_identity is not None:
        return _answer(rq, support, limits, permits)
    key = id(rq), id(support), id(limits)
    known = _ANSWERS.get(key)
    if known is None:
        given = _answer(rq, support, limits, None)
        known = _ANSWERS.keep(key, (given, rq, support, limits))
    return known[0]


MOST_ANSWERS = 32
# A request that came before is the same object (`AssociateRQ.decode`). Each value holds what its key is the
# identity of, so no other object can have it meanwhile; and no password is in here.
_ANSWERS: Remembered[
    tuple[int, int, int], tuple[AssociateAC | AssociateRJ, AssociateRQ, Support, Limits]
] = Remembered(MOST_ANSWERS)


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
        judged: object = support.user_identity(identity)
        if judged is None:
            return AssociateRJ.because(RejectReason.PROVIDER_NO_REASON_GIVEN)  # PS3.7 D.3.3.7.3
        if not isinstance(judged, bytes):  # False, or a coroutine, must not let anybody in
            dismiss(judged)
            raise TypeError(f"user_identity gave {judged!r}, and neither bytes nor None")
        if identity.positive_response_requested:
            response = judged
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
            asynchronous_operations_window=window and smaller_window(window, support.window),
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


def _leave(who: str, verdict: object) -> bool:
    """The verdict, which must be one: a coroutine that nobody awaits counts as true, and would open the door."""
    if type(verdict) is not bool:
        dismiss(verdict)
        raise TypeError(f"{who} gave {verdict!r}, and neither True nor False")
    return verdict


def dismiss(verdict: object) -> None:
    """What is no verdict may be a coroutine: close it, else Python would warn somewhere that nobody awaited it."""
    if isinstance(verdict, Coroutine):
        verdict.close()


def _choose(
    context: PresentationContextRQ,
    support: Support,
    roles: Mapping[str, RoleSelection],
    permits: Permits | None,
) -> PresentationContextAC:
    supported = support.syntaxes_for(context.abstract_syntax)
    proposed = context.transfer_syntaxes
    if permits is not None:
        proposed = tuple(
            each for each in proposed if _leave("permits", permits(context.abstract_syntax, each))
        )
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


def _roles(proposed: tuple[RoleSelection, ...], support: Support) -> dict[str, RoleSelection]:
    """The roles that the requestor is given, by SOP class, of those that it proposes."""
    return {
        # Never a role that was not proposed (PS3.7 D.3.3.4).
        uid: RoleSelection(uid, each.scu, each.scp and uid in support.requestor_may_be_scp)
        for uid, each in first_roles(proposed).items()
    }
