"""Offers against support: what an association may carry (PS3.8 7.1, Annex D; PS3.7 D.3.3).

`request` is what a requestor offers; an acceptor's answer is in `dul.support`. What both together allow, each
end concludes for itself: a `Negotiated`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from dul.errors import InvalidPDU, LocalProtocolError
from dul.items import PresentationContextAC, PresentationContextRQ
from dul.limits import Limits
from dul.pdata import MINIMUM_PDU_LENGTH
from dul.pdu import AssociateAC, AssociateRQ
from dul.remembered import Remembered
from dul.user_items import (
    AsynchronousOperationsWindow,
    CommonExtendedNegotiation,
    ExtendedNegotiation,
    RoleSelection,
    UserIdentity,
    UserInformation,
)
from dul.values import dataclass

__all__ = [
    "ABSTRACT_NOT_SUPPORTED",
    "ACCEPTANCE",
    "IMPLEMENTATION_CLASS_UID",
    "IMPLEMENTATION_VERSION_NAME",
    "SYNCHRONOUS",
    "TRANSFER_NOT_SUPPORTED",
    "USER_REJECTION",
    "AcceptedContext",
    "Negotiated",
    "agree",
    "check_accept",
    "conclude",
    "context_offers",
    "first_roles",
    "request",
    "smaller_window",
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


MOST_AGREEMENTS = 32
# Each value holds what its key is the identity of, so no other object can have it meanwhile; and no password
# is in here.
_AGREEMENTS: Remembered[tuple[int, int], tuple[bytes, Negotiated]] = Remembered(MOST_AGREEMENTS)


def smaller_window(
    offer: AsynchronousOperationsWindow, ours: AsynchronousOperationsWindow
) -> AsynchronousOperationsWindow:
    """What fits into two windows (PS3.7 D.3.3.3)."""

    def smaller(offered: int, supported: int) -> int:
        # 0 is unlimited, hence larger than anything (PS3.7 D.3.3.3).
        return min(offered or supported, supported or offered)

    return AsynchronousOperationsWindow(
        smaller(offer.invoked, ours.invoked), smaller(offer.performed, ours.performed)
    )


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
    proposed = first_roles(rq.user_information.role_selections)
    return {
        uid: (given.scu and proposed[uid].scu, given.scp and proposed[uid].scp)
        for uid, given in first_roles(ac.user_information.role_selections).items()
        if uid in proposed
    }


def first_roles(roles: tuple[RoleSelection, ...]) -> dict[str, RoleSelection]:
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
    return smaller_window(asked, given)
