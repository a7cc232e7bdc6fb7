"""One end of an association, without I/O: bytes and time go in, bytes and indications come out.

The transport calls `connected`, `accepted`, `get_buffer` / `buffer_updated`, `disconnected`,
`data_to_send` / `data_sent` and `handle_deadline`; the local user calls `associate`, `accept`,
`reject`, `send`, `release`, `release_response` and `abort` (the primitives of PS3.8 section 7)
and takes `next_event`. Each of them is an event of Table 9-10, and only `_apply` turns the effects
of the table's actions into bytes.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from enum import Enum

from dul import events as ind
from dul.deadlines import ARTIM, Deadlines
from dul.errors import (
    AssociationAborted,
    AssociationRejected,
    DULError,
    InvalidPDU,
    LocalProtocolError,
    RemoteProtocolError,
    TransportError,
    UnexpectedPDU,
)
from dul.framing import Framer
from dul.fsm import Action, Effect, Event, Guard, State, Transition, step
from dul.limits import Limits
from dul.negotiation import Negotiated, check_accept, conclude, speaks_version_1
from dul.pdata import MINIMUM_PDU_LENGTH, Outbox, Source, fragment_length
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
from dul.wire import Buffer

__all__ = ["Association", "Role", "Trace"]

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


_CLOSED_BY_PEER = "the peer closed the transport connection in {0.name} ({0.value})"

# States whose end is watched by a deadline from the moment they are entered.
_WATCHED = {
    State.Sta4: "connect",
    State.Sta5: "associate",
    State.Sta7: "release",
    State.Sta10: "release",
    State.Sta11: "release",
}
_ABORTING = frozenset({Action.AA_1, Action.AA_7, Action.AA_8})
_OPEN_ENDED = frozenset({State.Sta1, State.Sta2, State.Sta13})  # where ARTIM or nothing runs
_NO_CONNECTION = frozenset({State.Sta1, State.Sta4})


class Association:
    """One end of one association (PS3.8 9.2).

    Args:
        role: requestor or acceptor.
        limits: bounds and times.
        provider_check: the acceptor's provider-level check besides the protocol version, for
            instance a full house (2/3/2).
        trace: is told every transition.

    Attributes:
        state: Sta1 to Sta13.
        negotiated: what was agreed, from the establishment on.
        connection_wanted: the requestor's transport is to be opened; then call `connected`.
        close_wanted: the transport is to be closed; nothing more will be sent or read.
        failure: the first thing that went wrong, or None.
        request: the A-ASSOCIATE-RQ, sent or received.
        refusal: our provider-level answer to it, if it was not acceptable (AE-6).
    """

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

    # ------------------------------------------------------------- the transport's side --

    @property
    def closed(self) -> bool:
        """The association is over and its transport is closed or to be closed."""
        return self._begun and self.state is State.Sta1

    def connected(self, now: float) -> None:
        """The transport connection that we asked for is open (Evt2)."""
        self._deadlines.tell(now)
        self.connection_wanted = False
        self._do(Event.Evt2)

    def accepted(self, now: float) -> None:
        """A peer opened a transport connection (Evt5)."""
        self._begin(Role.ACCEPTOR)
        self._deadlines.tell(now)
        self._do(Event.Evt5)

    def disconnected(self, now: float, cause: DULError | None = None) -> None:
        """The transport connection is closed, broken, or could not be opened (Evt17)."""
        self._deadlines.tell(now)
        self.connection_wanted = False
        self.close_wanted = True
        self._outbox.clear()
        if step(self.state, Event.Evt17) is not None:
            if self.state is not State.Sta13:
                self._blame(cause or TransportError(_CLOSED_BY_PEER.format(self.state)))
            self._do(Event.Evt17)

    def get_buffer(self) -> memoryview:
        """Where the transport puts what it receives; never empty.

        Raises:
            LocalProtocolError: data indications, whose fragments live in this buffer, have not
                been taken yet.
        """
        if any(isinstance(each, ind.DataIndication) for each in self._events):
            raise LocalProtocolError("take the events before the next bytes are received")
        return self._framer.get_buffer()

    def buffer_updated(self, count: int, now: float) -> None:
        """This many bytes were received into `get_buffer()`; after the end they are ignored.

        Raises:
            LocalProtocolError: there is no transport connection yet.
        """
        self._deadlines.tell(now)
        if self.close_wanted:
            return
        if self.state in _NO_CONNECTION:
            raise LocalProtocolError(f"nothing can be received in {self.state.name}")
        self._framer.buffer_updated(count)
        progress = self._receive_pdus()
        self._flush_pdvs()
        if self.state in _OPEN_ENDED or not self._framer.incomplete:
            self._deadlines.disarm("pdu")
        elif progress or "pdu" not in self._deadlines:
            self._deadlines.arm("pdu")

    def receive_data(self, data: Buffer, now: float) -> None:
        """Received bytes that are somewhere else already; for tests and replays."""
        view = memoryview(data)
        while view and not self.close_wanted:
            room = self.get_buffer()
            count = min(len(room), len(view))
            room[:count] = view[:count]
            view = view[count:]
            self.buffer_updated(count, now)
            if view and any(isinstance(each, ind.DataIndication) for each in self._events):
                raise LocalProtocolError("more data than the receive buffer holds at once")

    @property
    def sending(self) -> bool:
        """Something waits to be sent."""
        return bool(self._outbox)

    def data_to_send(self) -> list[Buffer]:
        """What to hand to the transport next, in order; empty if there is nothing.

        A data set that cannot be read or ends too early aborts the association (Evt15): its
        message cannot be completed.
        """
        try:
            spans = self._outbox.spans()
        except Exception as error:  # noqa: BLE001 - a user's source may raise anything
            unreadable = LocalProtocolError(f"the data set cannot be read: {error}")
            unreadable.__cause__ = error
            self._fail(unreadable)
            spans = self._outbox.spans()
        if spans and "write" not in self._deadlines and self.state not in _OPEN_ENDED:
            self._deadlines.arm("write")
        return spans

    def data_sent(self, count: int, now: float) -> None:
        """The transport took the first `count` bytes of `data_to_send()`."""
        self._deadlines.tell(now)
        if not self._outbox.sent(count):
            return
        if not self._outbox:
            self._deadlines.disarm("write")
            self._deadlines.resume()
        elif "write" in self._deadlines:
            self._deadlines.arm("write")

    def next_deadline(self) -> float | None:
        """When `handle_deadline` is to be called next, on the same clock; None: never."""
        return self._deadlines.next()

    def handle_deadline(self, now: float) -> None:
        """Act on the deadlines that have passed: Evt18 for ARTIM, a local abort for others."""
        self._deadlines.tell(now)
        for which in self._deadlines.passed():
            if which not in self._deadlines:
                continue  # the one before it has ended the association
            self._deadlines.disarm(which)
            if which != ARTIM:
                self._fail(self._deadlines.error(which))
                continue
            if self.state is State.Sta2:
                self._blame(self._deadlines.error(which))
            self._do(Event.Evt18)

    def tick(self, now: float) -> None:
        """The user's handler returned: its time is not the peer's, so waiting starts anew."""
        self._deadlines.skip_to(now)

    # ----------------------------------------------------------------- the user's side --

    def next_event(self) -> ind.Indication | None:
        """Take the next indication or confirmation, in order; None: there is none yet."""
        return self._events.popleft() if self._events else None

    @property
    def has_events(self) -> bool:
        """Something waits in `next_event`."""
        return bool(self._events)

    @property
    def established(self) -> bool:
        """Data may be sent and received."""
        return self.state is State.Sta6

    def associate(self, request: AssociateRQ) -> None:
        """A-ASSOCIATE request primitive (Evt1)."""
        pdu = request.encode()
        self._begin(Role.REQUESTOR)
        self._do(Event.Evt1, pdu)
        self.request = request

    def accept(self, answer: AssociateAC) -> None:
        """A-ASSOCIATE response primitive, accept (Evt7).

        Raises:
            LocalProtocolError: the state does not allow it, a field does not fit, or the
                requestor's maximum length leaves no room for a fragment.
        """
        pdu = answer.encode()
        if step(self.state, Event.Evt7) is None:
            raise self._not_now(Event.Evt7)
        request = self.request
        assert request is not None  # Sta3 is only reached with one
        negotiated = conclude(request, answer, request.user_information)
        if 0 < negotiated.peer_maximum_length < MINIMUM_PDU_LENGTH:
            raise LocalProtocolError(
                f"the peer's maximum length {negotiated.peer_maximum_length} leaves no room "
                "for a fragment: reject the association"
            )
        self._do(Event.Evt7, pdu)
        self._establish(negotiated)

    def reject(self, answer: AssociateRJ) -> None:
        """A-ASSOCIATE response primitive, reject (Evt8)."""
        self._do(Event.Evt8, answer.encode())

    def send(self, context_id: int, *, command: bool, source: Source | Buffer) -> None:
        """P-DATA request primitive (Evt9): a command set or a data set, cut into PDUs later.

        Raises:
            LocalProtocolError: the state does not allow it, the context is not accepted, or
                there is nothing in the source.
        """
        if self.negotiated is None or context_id not in self.negotiated.contexts:
            raise LocalProtocolError(f"presentation context {context_id} is not accepted")
        if step(self.state, Event.Evt9) is None:
            raise self._not_now(Event.Evt9)
        self._outbox.put_data(context_id, command=command, source=source)
        self._do(Event.Evt9)

    def release(self) -> None:
        """A-RELEASE request primitive (Evt11)."""
        self._do(Event.Evt11)

    def release_response(self) -> None:
        """A-RELEASE response primitive (Evt14)."""
        self._do(Event.Evt14)

    def abort(self) -> None:
        """A-ABORT request primitive (Evt15)."""
        self._do(Event.Evt15)

    def expect(self, which: str | None) -> None:
        """Wait for the peer's data with a bound of `Limits`: "reply", "idle", or None for none.

        The time starts when all that is to be sent is sent, and anew with each P-DATA-TF.
        """
        self._deadlines.expect(which, start=not self._outbox)

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
                progress = True
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
            self.expect(None)
        if state in _OPEN_ENDED:
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
            # no abort here, and without the data no release; ARTIM ends it.
            self._outbox.drop()
            return
        self._do(Event.Evt15)
        self._events.append(ind.ProviderAbortIndication(cause))
