"""Whether an association is accepted, and why: the access check, then what is supported."""

from __future__ import annotations

from dimse.errors import InvalidValue
from dimse.provider import Denied, Granted, Provider
from dimse.requests import Requestor
from dimse.tables.storage_sops import name_of
from dul.association import Association
from dul.errors import RejectReason
from dul.negotiation import Negotiated
from dul.pdata import MINIMUM_PDU_LENGTH
from dul.pdu import AssociateAC, AssociateRJ, AssociateRQ
from dul.support import answer, dismiss

__all__ = ["Decision", "requestor_of"]


def requestor_of(
    association: Association,
    address: str,
    provider: Provider,
    negotiated: Negotiated | None = None,
) -> Requestor:
    """Who is at the other end, as far as it has said."""
    request = association.request
    titles = ("", "") if request is None else (request.calling_ae_title, request.called_ae_title)
    judged = provider.support.user_identity is not None
    return Requestor(address, *titles, negotiated, association.security, request, judged)


class Decision:
    """How a request for an association is answered.

    Args:
        association: which is requested.
        address: the peer's.
        provider: what is provided, and to whom.

    Attributes:
        answer: what is answered; None as long as nothing was asked.
        verdict: what the access check said, if it said more than yes or no; after `explain` also why
            a request is rejected in spite of it.
    """

    def __init__(self, association: Association, address: str, provider: Provider) -> None:
        self.answer: AssociateAC | AssociateRJ | None = None
        self.verdict: Denied | Granted | None = None
        self._association = association
        self._address = address
        self._provider = provider
        self._refused_by_access = False

    def make(self, request: AssociateRQ) -> AssociateAC | AssociateRJ:
        """Answer a request."""
        refusal = self._judge()
        self._refused_by_access = refusal is not None
        self.answer = refusal or answer(
            request,
            self._provider.support,
            self._association.limits,
            permits=self.verdict.permits if isinstance(self.verdict, Granted) else None,
        )
        return self.answer

    def explain(self) -> None:
        """Say why a request was rejected, if it is by one of the two rules that the answer is silent on."""
        request, refusal = self._association.request, self.answer
        if self._refused_by_access or request is None or not isinstance(refusal, AssociateRJ):
            return
        if refusal != AssociateRJ.because(RejectReason.PROVIDER_NO_REASON_GIVEN):
            return
        information = request.user_information
        identity, length = information.user_identity, information.maximum_length
        if length is not None and 0 < length < MINIMUM_PDU_LENGTH:
            why = f"no fragment has room in its maximum length of {length} bytes (PS3.8 D.1)"
        elif identity is None:
            why = "it does not say which user calls"
        else:
            why = f"its identity is not believed: {identity}"
        self.verdict = Denied(refusal, why)

    def _judge(self) -> AssociateRJ | None:
        """Ask the access check; gives a rejection if there is one.

        Raises:
            InvalidValue: it gave neither a rejection nor leave. Then nobody is let in: what a user's
                code says by mistake (False, a coroutine that nobody awaits) must not open the door.
        """
        access = self._provider.access
        if access is None:
            return None
        judged: object = access(requestor_of(self._association, self._address, self._provider))
        if judged is None or isinstance(judged, AssociateRJ):
            return judged
        if not isinstance(judged, Denied | Granted):
            dismiss(judged)
            raise InvalidValue(
                "access", f"gave {judged!r}, and not an AssociateRJ, Denied, Granted or None"
            )
        self.verdict = judged
        return judged.answer if isinstance(judged, Denied) else None

    def withheld(self) -> list[str]:
        """The SOP classes that are supported, but not for this requestor, each in words."""
        permits = self.verdict.permits if isinstance(self.verdict, Granted) else None
        request = self._association.request
        if permits is None or request is None or not isinstance(self.answer, AssociateAC):
            return []
        support = self._provider.support
        found: dict[str, list[str]] = {}
        for each in request.presentation_contexts:
            abstract = each.abstract_syntax
            if support.syntaxes_for(abstract) and not any(
                permits(abstract, syntax) for syntax in each.transfer_syntaxes
            ):
                found.setdefault(abstract, []).append(str(each.id))
        return [
            f"{name_of(abstract)} (presentation context {', '.join(ids)})"
            for abstract, ids in found.items()
        ]
