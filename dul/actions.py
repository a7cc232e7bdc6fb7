"""The service-provider of one end (PS3.8 9.2): what the actions of the tables do.

Every event of Table 9-10 that happens to this end goes through `step()` here, and only `_apply`
turns the effects of an action into bytes, timers and indications. `association` is what the
transport and the local user see of it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from enum import Enum

from dul import events as ind
from dul.deadlines import ARTIM, GRACE, Deadlines
from dul.errors import (
    AssociationAborted,
    AssociationRejected,
    DULError,
    InvalidPDU,
    LocalProtocolError,
    RemoteProtocolError,
    UnexpectedPDU,
)
from dul.framing import Framer
from dul.fsm import Action, Effect, Event, Guard, State, Transition, step
from dul.limits import Limits
from dul.negotiation import Negotiated, check_accept, conclude, speaks_version_1
from dul.outbox import Outbox, fragment_length
from dul.pdu import (
    BY_TYPE,
    PDV,
    Abort,
    AssociateAC,
    AssociateRJ,
    AssociateRQ,
    PDataTF,
    ReleaseRP,
    ReleaseRQ,
    split_pdvs,
)

__all__ = ["OPEN_ENDED", "ProviderCheck", "Role", "ServiceProvider", "Trace"]

Trace = Callable[[Transition], None]
"""Is told every transition."""

ProviderCheck = Callable[[AssociateRQ], AssociateRJ | None]
"""The acceptor's provider-level check of a request (AE-6): a rejection, or None."""

_PDU_EVENTS = {
    AssociateRQ.TYPE: Event.Evt6,
    AssociateAC.TYPE: Event.Evt3,
    AssociateRJ.TYPE: Event.Evt4,
    PDataTF.TYPE: Event.Evt10,
    ReleaseRQ.TYPE: Event.Evt12,
    ReleaseRP.TYPE: Event.Evt13,
    Abort.TYPE: Event.Evt16,
}
_VERSION_NOT_SUPPORTED = AssociateRJ(1, 2, 2)


class Role(Enum):
    """Which end of the association this is."""

    REQUESTOR = "association requestor"
    ACCEPTOR = "association acceptor"


# States whose end is watched by a deadline from the moment they are entered.
_WATCHED = {
    State.Sta4: "connect",
    State.Sta5: "associate",
    State.Sta7: "release",
    State.Sta10: "release",
    State.Sta11: "release",
}
_ABORTING = frozenset({Action.AA_1, Action.AA_7, Action.AA_8})
OPEN_ENDED = frozenset({State.Sta1, State.Sta2, State.Sta13})  # where ARTIM or nothing runs


class ServiceProvider:
    """State, timers, what waits to be sent, and what waits to be told; see `Association`."""

    def __init__(
        self,
        role: Role,
        limits: Limits | None = None,
        *,
        provider_check: ProviderCheck | None = None,
        trace: Trace | None = None,
    ) -> None:
        self.role = role
        self.limits = limits = limits or Limits()
        self.state = State.Sta1
        self.negotiated: Negotiated | None = None
        self.connection_wanted = False
        self.close_wanted = False
        self.failure: DULError | None = None
        self._begun = False
        self._provider_check = provider_check
        self._trace = trace
        self._deadlines = Deadlines(limits)
        self._framer = Framer(limits)
        self._outbox = Outbox(limits)
        self._events: deque[ind.Indication] = deque()
        self._pdvs: list[PDV] = []
        self.request: AssociateRQ | None = None
        self.refusal: AssociateRJ | None = None
        # What the effects of the event being handled need to know.
        self._received: object = None
        self._to_send: bytes = b""
        self._cause: DULError | None = None  # of the fault being handled

    # ------------------------------------------------------------------- received PDUs --

    def _receive_pdus(self) -> bool:
        progress = False
        while not self.close_wanted:
            try:
                pdu = self._framer.next_pdu()
                if pdu is None:
                    return progress
                progress = True
                self._receive_pdu(*pdu)
            except RemoteProtocolError as error:
                self._blame(error)
                self._do(Event.Evt19)
        return progress

    def _receive_pdu(self, pdu_type: int, body: memoryview) -> None:
        event = _PDU_EVENTS[pdu_type]
        guard: Guard | None = None
        if event is Event.Evt10:
            # The hot path: PDVs go on as views, without a PDU object.
            self._received = self._pdvs_of(body)
        else:
            self._flush_pdvs()
            self._received = pdu = BY_TYPE[pdu_type].decode(body)
            if isinstance(pdu, AssociateRQ) and self.state is State.Sta2:
                guard = self._judge(pdu)
            elif isinstance(pdu, AssociateAC) and self.state is State.Sta5:
                check_accept(pdu)
            elif isinstance(pdu, ReleaseRQ):
                guard = Guard.REQUESTOR if self.role is Role.REQUESTOR else Guard.ACCEPTOR
            elif isinstance(pdu, Abort):
                guard = Guard.BY_PROVIDER if pdu.source == 2 else Guard.BY_USER
                if self.state is not State.Sta13:
                    self._blame(AssociationAborted(pdu.source, pdu.reason))
            elif isinstance(pdu, AssociateRJ) and self.state is State.Sta5:
                self._blame(AssociationRejected(pdu.result, pdu.source, pdu.reason))
        transition = step(self.state, event, guard)
        assert transition is not None  # a PDU is blank in Sta1 and Sta4 only
        if transition.action in _ABORTING:
            self._blame(
                UnexpectedPDU(BY_TYPE[pdu_type].NAME, f"{self.state.name} ({self.state.value})")
            )
        self._run(transition)

    def _pdvs_of(self, body: memoryview) -> list[PDV]:
        pdvs = split_pdvs(body)
        if self.negotiated is not None:
            contexts = self.negotiated.contexts
            for each in pdvs:
                if each.context_id not in contexts:
                    raise InvalidPDU(
                        "P-DATA-TF", 4, f"presentation context {each.context_id} is not accepted"
                    )
        return pdvs

    def _judge(self, request: AssociateRQ) -> Guard:
        """AE-6: is the request acceptable to the service-provider?"""
        self.request = request
        refusal: AssociateRJ | None = None
        if not speaks_version_1(request):
            refusal = _VERSION_NOT_SUPPORTED
        elif self._provider_check is not None:
            refusal = self._provider_check(request)
        if refusal is None:
            return Guard.ACCEPTABLE
        self.refusal = refusal
        self._to_send = refusal.encode()
        return Guard.NOT_ACCEPTABLE

    # ---------------------------------------------------------------- the state machine --

    def _do(self, event: Event, to_send: bytes | None = None) -> None:
        """An event that carries no PDU of the peer."""
        transition = step(self.state, event)
        if transition is None:
            raise self._not_now(event)
        if to_send is not None:
            self._to_send = to_send
        self._received = None
        self._flush_pdvs()
        self._run(transition)

    def _begin(self, role: Role) -> None:
        if role is not self.role:
            raise LocalProtocolError(f"this end is the {self.role.value}, not the {role.value}")
        if self._begun or self.close_wanted:
            raise LocalProtocolError("an association is used once; make a new one")

    def _not_now(self, event: Event) -> LocalProtocolError:
        return LocalProtocolError(
            f"{event.value} is not possible in {self.state.name} ({self.state.value})"
        )

    def _run(self, transition: Transition) -> None:
        self._begun = True
        self.state = transition.next_state
        for effect in transition.effects:
            self._apply(effect, transition.state)
        if transition.next_state is not transition.state:
            self._watch(transition.next_state)
        if self._trace is not None:
            self._trace(transition)

    def _watch(self, state: State) -> None:
        """Start and stop the policy deadlines that belong to a state."""
        # The peer cannot answer before what it is to answer is sent.
        self._deadlines.watch(_WATCHED.get(state), start=not self._outbox)
        if state is not State.Sta6:
            self._deadlines.expect(None, start=False)
        if state in OPEN_ENDED:
            self._deadlines.disarm_all_but_artim()

    def _apply(self, effect: Effect, state: State) -> None:  # noqa: C901 - a branch per effect
        """The only place where effects meet bytes, timers and the user; `state` is the old one."""
        match effect:
            case Effect.CONNECT:
                self.connection_wanted = True
            case Effect.ACCEPT_CONNECTION | Effect.IGNORE | Effect.SEND_P_DATA:
                pass  # the transport did it; nothing to do; `send` put it into the outbox
            case Effect.SEND_ASSOCIATE_RQ | Effect.SEND_ASSOCIATE_AC | Effect.SEND_ASSOCIATE_RJ:
                self._outbox.put(self._to_send)
            case Effect.SEND_RELEASE_RQ:
                self._outbox.put(ReleaseRQ().encode())
            case Effect.SEND_RELEASE_RP:
                self._outbox.put(ReleaseRP().encode())
            case Effect.SEND_USER_ABORT:
                self._send_abort(Abort(0, 0))
            case Effect.SEND_PROVIDER_ABORT:
                self._send_provider_abort(state)
            case Effect.INDICATE_P_DATA:
                self._indicate_data()
            case Effect.START_ARTIM:
                self._deadlines.arm(ARTIM)
            case Effect.STOP_ARTIM:
                self._deadlines.disarm(ARTIM)
            case Effect.CLOSE:
                self.close_wanted = True
                self.connection_wanted = False
                self._outbox.clear()
            case _:
                self._events.append(self._indication(effect))

    def _indication(self, effect: Effect) -> ind.Indication:
        """The indication or confirmation for the local user."""
        match effect, self._received:
            case Effect.INDICATE_ASSOCIATE, AssociateRQ() as request:
                return ind.AssociateIndication(request)
            case Effect.CONFIRM_ASSOCIATE, AssociateAC() as answer:
                assert self.request is not None  # Sta5 is only reached with one
                negotiated = conclude(self.request, answer, answer.user_information)
                self._establish(negotiated)
                return ind.AssociateConfirmation(negotiated)
            case Effect.CONFIRM_REJECTION, AssociateRJ() as answer:
                return ind.RejectConfirmation(answer.result, answer.source, answer.reason)
            case ((Effect.INDICATE_ABORT | Effect.INDICATE_P_ABORT), Abort() as abort):
                return ind.AbortIndication(abort.source, abort.reason)
            case Effect.INDICATE_RELEASE, _:
                return ind.ReleaseIndication()
            case Effect.INDICATE_COLLISION, _:
                return ind.ReleaseIndication(collision=True)
            case Effect.CONFIRM_RELEASE, _:
                return ind.ReleaseConfirmation()
        assert effect is Effect.INDICATE_P_ABORT
        assert self._cause is not None  # AA-4 and AA-8 have one
        return ind.ProviderAbortIndication(self._cause)

    def _send_abort(self, abort: Abort) -> None:
        self._outbox.drop()
        self._outbox.put(abort.encode())

    def _send_provider_abort(self, state: State) -> None:
        assert isinstance(self._cause, RemoteProtocolError)  # AA-7, AA-8: a peer's fault
        abort = Abort(2, self._cause.reason)
        if state is not State.Sta13:
            self._send_abort(abort)
        elif not self._outbox.waits(Abort.TYPE):
            # AA-7 answers each bad PDU, behind what was said first; a peer that floods and does
            # not read gets one at a time.
            self._outbox.put(abort.encode())

    def _establish(self, negotiated: Negotiated) -> None:
        self.negotiated = negotiated
        self._outbox.fragment = fragment_length(negotiated.peer_maximum_length, self.limits)

    def _indicate_data(self) -> None:
        pdvs = self._received
        assert isinstance(pdvs, list)
        self._pdvs += pdvs
        if any(len(each.fragment) for each in pdvs):  # an empty one says nothing
            self._deadlines.progress()

    def _flush_pdvs(self) -> None:
        if self._pdvs:
            self._events.append(ind.DataIndication(tuple(self._pdvs)))
            self._pdvs = []

    def _blame(self, cause: DULError) -> None:
        self._cause = cause
        self.failure = self.failure or cause

    def _fail(self, cause: DULError) -> None:
        """End the association from this side for a reason of policy (Evt15)."""
        self._blame(cause)
        if step(self.state, Event.Evt15) is None:
            # Sta13, with data that was queued before the A-RELEASE-RP (AR-7, AR-4): the table has
            # no abort here. The peer does not wait for the data, but for the A-RELEASE-RP.
            self._outbox.withdraw(all_data=True)
            return
        self._do(Event.Evt15)
        if self.state is State.Sta13:
            self._deadlines.arm(GRACE)
        self._events.append(ind.ProviderAbortIndication(cause))
