"""The way in: received bytes become events of Table 9-10, with what they bring along.

A PDU is decoded and judged here: whether a request or an answer is acceptable to the provider
(AE-6, AE-3), whose A-ABORT it is (AA-3), and which end has to give way in a release collision
(AR-8). What follows from it is the table's.
"""

from __future__ import annotations

from collections.abc import Callable, Container

from dul import events as ind
from dul.actions import Brought
from dul.enumeration import Enum
from dul.errors import AssociationAborted, AssociationRejected, InvalidPDU, RejectReason
from dul.framing import Framer
from dul.fsm import Event, Guard, State
from dul.limits import Limits
from dul.negotiation import check_accept, conclude, speaks_version_1
from dul.pdata import PDV, PDataTF, split_pdvs
from dul.pdu import BY_TYPE, PDU, Abort, AssociateAC, AssociateRJ, AssociateRQ, ReleaseRP, ReleaseRQ

__all__ = ["Inbox", "ProviderCheck", "Role"]


class Role(Enum):
    """Which end of the association this is."""

    REQUESTOR = "association requestor"
    ACCEPTOR = "association acceptor"


ProviderCheck = Callable[[AssociateRQ], AssociateRJ | None]
"""The acceptor's provider-level check of a request (AE-6): a rejection, or None."""

Arrival = tuple[Event, Brought, Guard | None] | list[PDV]
"""The event that a PDU is, what it brings along, and what a branching action depends on; or, on the
hot path, the PDVs of one P-DATA-TF or several (Evt10, each)."""

_EVENTS: dict[type[PDU], Event] = {
    AssociateRQ: Event.Evt6,
    AssociateAC: Event.Evt3,
    AssociateRJ: Event.Evt4,
    ReleaseRQ: Event.Evt12,
    ReleaseRP: Event.Evt13,
    Abort: Event.Evt16,
}
_BRINGS_NOTHING = Brought()
_VERSION_NOT_SUPPORTED = AssociateRJ.because(RejectReason.PROTOCOL_VERSION_NOT_SUPPORTED)


class Inbox:
    """Received bytes to events.

    Attributes:
        framer: where the bytes go.
        request: the A-ASSOCIATE-RQ, ours or the peer's.
        refusal: our provider-level answer to the peer's, if it was not acceptable.
        contexts: the ids of the accepted presentation contexts; None before there are any.
        together: how many P-DATA-TFs may be one arrival.
    """

    def __init__(self, role: Role, limits: Limits, provider_check: ProviderCheck | None) -> None:
        self.framer = Framer(limits)
        self.request: AssociateRQ | None = None
        self.refusal: AssociateRJ | None = None
        self.contexts: Container[int] | None = None
        self.together = 1 << 16
        self._release_guard = Guard.REQUESTOR if role is Role.REQUESTOR else Guard.ACCEPTOR
        self._provider_check = provider_check

    def next(self, state: State) -> Arrival | None:
        """The event of the next whole PDU, in this state, or of several alike; None: there is none yet.

        Raises:
            RemoteProtocolError: it is unrecognized or invalid (Evt19).
        """
        if self.contexts is not None:
            pdvs = self.framer.plain_data(self.contexts, self.together)
            if pdvs:
                return pdvs  # views, without a PDU object
        framed = self.framer.next_pdu()
        if framed is None:
            return None
        pdu_type, body = framed
        if pdu_type == PDataTF.TYPE:
            return self._pdvs(body)
        pdu = BY_TYPE[pdu_type].decode(body)
        guard, brought = self._judge(pdu, state)
        return _EVENTS[type(pdu)], brought, guard

    def _pdvs(self, body: memoryview) -> list[PDV]:
        pdvs = split_pdvs(body)
        contexts = self.contexts
        if contexts is not None:
            for each in pdvs:
                if each.context_id not in contexts:
                    raise InvalidPDU(
                        PDataTF.NAME, 4, f"presentation context {each.context_id} is not accepted"
                    )
        return pdvs

    def _judge(self, pdu: PDU, state: State) -> tuple[Guard | None, Brought]:
        match pdu:
            case AssociateRQ() if state is State.Sta2:
                return self._judge_request(pdu)
            case AssociateAC() if state is State.Sta5:
                check_accept(pdu)
                assert self.request is not None  # Sta5 is only reached with one
                negotiated = conclude(self.request, pdu, pdu.user_information)
                return None, Brought(told=ind.AssociateConfirmation(negotiated))
            case AssociateRJ(result, source, reason) if state is State.Sta5:
                return None, Brought(
                    told=ind.RejectConfirmation(result, source, reason),
                    cause=AssociationRejected(result, source, reason),
                )
            case ReleaseRQ():
                return self._release_guard, _BRINGS_NOTHING
            case Abort(source, reason):
                guard = Guard.BY_PROVIDER if source == 2 else Guard.BY_USER
                if state is State.Sta13:  # after the end it tells nobody anything
                    return guard, _BRINGS_NOTHING
                return guard, Brought(
                    told=ind.AbortIndication(source, reason),
                    cause=AssociationAborted(source, reason),
                )
        return None, _BRINGS_NOTHING

    def _judge_request(self, request: AssociateRQ) -> tuple[Guard, Brought]:
        """AE-6: is the request acceptable to the service-provider?"""
        self.request = request
        if not speaks_version_1(request):
            self.refusal = _VERSION_NOT_SUPPORTED
        elif self._provider_check is not None:
            self.refusal = self._provider_check(request)
        if self.refusal is None:
            return Guard.ACCEPTABLE, Brought(told=ind.AssociateIndication(request))
        return Guard.NOT_ACCEPTABLE, Brought(to_send=self.refusal.encode())
