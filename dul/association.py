"""One end of an association, without I/O: bytes and time go in, bytes and indications come out.

The transport calls `connected`, `accepted`, `get_buffer` / `buffer_updated`, `disconnected`,
`data_to_send` / `data_sent` and `handle_deadline`; the local user calls `associate`, `accept`,
`reject`, `send`, `release`, `release_response` and `abort` (the primitives of PS3.8 section 7)
and takes `next_event`. Each of them is an event of Table 9-10, which `actions` acts on.
"""

from __future__ import annotations

from collections.abc import Callable

from dul import events as ind
from dul.actions import Actions, Brought
from dul.deadlines import ARTIM, BOUNDED, GRACE, OPEN_ENDED, Deadlines
from dul.errors import (
    DULError,
    LocalProtocolError,
    RemoteProtocolError,
    SourceFailed,
    TransportError,
    UnexpectedPDU,
)
from dul.fsm import IMPOSSIBLE, WHEN, Action, Effect, Event, Guard, State, Transition, step
from dul.inbox import Inbox, ProviderCheck, Role
from dul.limits import Limits
from dul.negotiation import Negotiated, agree
from dul.outbox import Outbox
from dul.pdata import MINIMUM_PDU_LENGTH, Source, Stream, fragment_length
from dul.pdu import AssociateAC, AssociateRJ, AssociateRQ
from dul.values import TYPE_CHECKING
from dul.wire import Buffer

if TYPE_CHECKING:
    from dul.security import Security

__all__ = ["Association", "ProviderCheck", "Role", "Trace"]

Trace = Callable[[Transition], None]
"""Is told every transition."""

_CLOSED_BY_PEER = "the peer closed the transport connection {0}"

# By a name of this module: an attribute of an Enum takes ten times as long, on the path of every object.
_IDLE, _ESTABLISHED = State.Sta1, State.Sta6
_NO_CONNECTION = frozenset({State.Sta1, State.Sta4})
_RELEASE_DUE = frozenset({State.Sta8, State.Sta9, State.Sta12})

_FAULTS = frozenset({Action.AA_1, Action.AA_7, Action.AA_8})  # where a PDU is unexpected
_NOTHING = Brought()
_DATA_CAME = Transition(State.Sta6, Event.Evt10, Action.DT_2, (Effect.INDICATE_P_DATA,), State.Sta6)


class Association:
    """One end of one association (PS3.8 9.2).

    It is composed of a way in, a way out, clocks, and what the actions of the state machine do with
    them; the state, and which event comes next, is its own. It reads no clock: `now` is the time of
    the call in seconds, on one clock of the caller's that never goes back.

    Args:
        role: requestor or acceptor.
        limits: bounds and times.
        provider_check: the acceptor's provider-level check besides the protocol version, for
            instance a full house (2/3/2).
        trace: is told every transition.

    Attributes:
        role: requestor or acceptor.
        limits: bounds and times.
        state: Sta1 to Sta13.
        negotiated: what was agreed, from the establishment on.
        failure: the first thing that went wrong, or None.
        security: what TLS agreed on; None without TLS.
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
        self.failure: DULError | None = None
        self.security: Security | None = None
        self._begun = False
        self._opening = b""  # the A-ASSOCIATE-RQ, sent when the connection is open
        self._trace = trace
        self._inbox = Inbox(role, limits, provider_check)
        if trace is not None:
            self._inbox.together = 1  # each is an event to be told
        self._outbox = Outbox(limits)
        self._deadlines = Deadlines(limits)
        self._actions = Actions(self._outbox, self._deadlines)

    # ------------------------------------------------------------- the transport's side --

    @property
    def connection_wanted(self) -> bool:
        """The requestor's transport is to be opened; then call `connected`."""
        return self._actions.connection_wanted

    @property
    def close_wanted(self) -> bool:
        """The transport is to be closed; nothing more will be sent or read."""
        return self._actions.close_wanted

    @property
    def last_words(self) -> bytes:
        """Our A-ABORT, if the close that is wanted came before it was sent: send it if that can be
        done at once (AA-8, and AA-2 right behind it).
        """
        return self._actions.last_words

    @property
    def closed(self) -> bool:
        """The association is over and its transport is closed or to be closed."""
        return self._begun and self.state is _IDLE

    def connected(self, now: float, security: Security | None = None) -> None:
        """The transport connection that we asked for is open (Evt2)."""
        self.security = security
        self._deadlines.tell(now)
        self._actions.connection_wanted = False
        self._happen(Event.Evt2, Brought(to_send=self._opening))

    def accepted(self, now: float, security: Security | None = None) -> None:
        """A peer opened a transport connection (Evt5)."""
        self.security = security
        self._begin(Role.ACCEPTOR)
        self._deadlines.tell(now)
        self._happen(Event.Evt5)

    def unreachable(self, error: DULError) -> None:
        """A peer's connection came to nothing before it could carry a PDU: its TLS handshake failed.

        The table has no event for that. The association is over before it began.
        """
        self._begin(Role.ACCEPTOR)
        self._begun = True
        self._blame(error)

    def disconnected(self, now: float, cause: DULError | None = None) -> None:
        """The transport connection is closed, broken, or could not be opened: for `cause` (Evt17)."""
        self._deadlines.tell(now)
        self._actions.close_transport()
        if step(self.state, Event.Evt17) is None:
            return
        if self.state is State.Sta13:
            self._happen(Event.Evt17)
        else:
            cause = cause or TransportError(_CLOSED_BY_PEER.format(WHEN[self.state]))
            self._happen(Event.Evt17, Brought(cause=cause))

    def get_buffer(self) -> memoryview:
        """Where the transport puts what it receives; never empty.

        Raises:
            LocalProtocolError: data indications, whose fragments live in this buffer, have not
                been taken yet.
        """
        if self._actions.told and self._holds_data():
            raise LocalProtocolError("take the events before the next bytes are received")
        return self._inbox.framer.get_buffer()

    def buffer_updated(self, count: int, now: float) -> None:
        """`count` bytes were received into `get_buffer()`; after the end they are ignored.

        Raises:
            LocalProtocolError: there is no transport connection yet.
        """
        if self._actions.close_wanted:
            self._deadlines.tell(now)
            return
        if self.state in _NO_CONNECTION:
            raise LocalProtocolError("nothing can be received without a transport connection")
        self._deadlines.now = now
        framer = self._inbox.framer
        framer.buffer_updated(count)
        progress = self._receive()
        self._actions.tell_data()
        whole = not framer.incomplete or self.state in OPEN_ENDED
        self._deadlines.received(whole=whole, progress=progress)

    @property
    def sending(self) -> bool:
        """Something waits to be sent."""
        return bool(self._outbox)

    @property
    def bytes_sent(self) -> int:
        """All bytes that the transport has taken so far, headers included."""
        return self._outbox.bytes_sent

    def data_to_send(self) -> list[Buffer]:
        """What to hand to the transport next, in order; empty if there is nothing.

        A data set that cannot be read or ends too early aborts the association (Evt15): its
        message cannot be completed.
        """
        try:
            spans = self._outbox.spans()
        except Exception as error:  # noqa: BLE001 - a user's source may raise anything
            unreadable = SourceFailed(f"the data set cannot be read: {error}")
            unreadable.__cause__ = error
            self._give_up(unreadable)
            spans = self._outbox.spans()
        if spans and self.state not in OPEN_ENDED:
            self._deadlines.start("write")
        return spans

    def data_sent(self, count: int, now: float) -> bool:
        """The transport took the first `count` bytes of `data_to_send()`.

        Returns:
            Whether that was all: nothing more waits.
        """
        self._deadlines.now = now  # there was a connection before, which told the first time
        finished = self._outbox.sent(count)
        if not self._outbox:
            if finished:
                self._deadlines.all_is_sent()
            return True
        if finished and "write" in self._deadlines:
            self._deadlines.arm("write")
        return False

    def data_taken(self, count: int, now: float) -> None:
        """The peer took `count` bytes of what the transport has been given, after some time.

        Only a transport that was slow needs to tell; what the peer is to do when it has read all,
        it cannot do before.
        """
        self._deadlines.tell(now)
        self._deadlines.prolong(count)

    def next_deadline(self) -> float | None:
        """When `handle_deadline` is to be called next, on the same clock; None: never."""
        return self._deadlines.next()

    def handle_deadline(self, now: float) -> None:
        """Act on the deadlines that have passed.

        Evt18 for ARTIM, a local abort (Evt15) for others; after an abort of ours the end of the
        grace, when the transport is closed by us (Evt17).
        """
        self._deadlines.tell(now)
        for which in self._deadlines.passed():
            if which not in self._deadlines:
                continue  # not any more: acting on the one before it has ended the association
            if which == GRACE:
                self.disconnected(now)
                continue
            if which != ARTIM:
                self._give_up(self._deadlines.error(which))
                continue
            if self.state is State.Sta2:
                self._blame(self._deadlines.error(which))
            self._happen(Event.Evt18)

    def tick(self, now: float) -> None:
        """The user's handler returned: its time is not the peer's, so waiting starts anew."""
        self._deadlines.skip_to(now)

    # ----------------------------------------------------------------- the user's side --

    def next_event(self) -> ind.Indication | None:
        """Take the next indication or confirmation, in order; None: there is none yet."""
        told = self._actions.told
        return told.popleft() if told else None

    @property
    def has_events(self) -> bool:
        """Something waits in `next_event`."""
        return bool(self._actions.told)

    @property
    def agreed(self) -> Negotiated:
        """What was agreed.

        Raises:
            LocalProtocolError: no association was ever established.
        """
        if self.negotiated is None:
            raise LocalProtocolError("the association is not established")
        return self.negotiated

    @property
    def established(self) -> bool:
        """Data may be sent and received."""
        return self.state is _ESTABLISHED

    @property
    def quiet(self) -> bool:
        """It is established, and nothing has come that the user has not taken."""
        return self.state is _ESTABLISHED and not self._actions.told

    @property
    def request(self) -> AssociateRQ | None:
        """The A-ASSOCIATE-RQ, ours or the peer's."""
        return self._inbox.request

    @property
    def refusal(self) -> AssociateRJ | None:
        """Our provider-level answer to the peer's, if it was not acceptable (AE-6)."""
        return self._inbox.refusal

    @property
    def abortable(self) -> bool:
        """`abort` is possible: the association has begun and is not over or about to be."""
        return step(self.state, Event.Evt15) is not None

    @property
    def release_due(self) -> bool:
        """The peer wants to release, and waits for `release_response`."""
        return self.state in _RELEASE_DUE

    def associate(self, request: AssociateRQ) -> None:
        """A-ASSOCIATE request primitive (Evt1)."""
        opening = request.encode()
        self._begin(Role.REQUESTOR)
        self._opening = opening
        self._happen(Event.Evt1)
        self._inbox.request = request

    def accept(self, answer: AssociateAC) -> None:
        """A-ASSOCIATE response primitive, accept (Evt7).

        Raises:
            LocalProtocolError: the state does not allow it, a field does not fit, or the
                requestor's maximum length leaves no room for a fragment.
        """
        request = self.request
        if self.state is not State.Sta3 or request is None:
            self._happen(Event.Evt7)  # raises, and says why
            return
        pdu, negotiated = agree(request, answer)
        if 0 < negotiated.peer_maximum_length < MINIMUM_PDU_LENGTH:
            raise LocalProtocolError(
                f"the peer's maximum length {negotiated.peer_maximum_length} leaves no room "
                "for a fragment: reject the association"
            )
        self._happen(Event.Evt7, Brought(to_send=pdu))
        self._establish(negotiated)

    def reject(self, answer: AssociateRJ) -> None:
        """A-ASSOCIATE response primitive, reject (Evt8)."""
        self._happen(Event.Evt8, Brought(to_send=answer.encode()))

    def send(self, context_id: int, *, command: bool, source: Source | Buffer) -> int:
        """P-DATA request primitive (Evt9): a command set or a data set, cut into PDUs later.

        Args:
            context_id: an accepted presentation context.
            command: it is a command set, else a data set.
            source: its bytes, encoded; of a `Source` they are read as they are sent.

        Returns:
            A number by which `is_out` tells whether it left.

        Raises:
            LocalProtocolError: the state does not allow it, the context is not accepted, or
                there is nothing in the source.
        """
        if self.negotiated is None or context_id not in self.negotiated.contexts:
            raise LocalProtocolError(f"presentation context {context_id} is not accepted")
        if self.state is _ESTABLISHED and self._trace is None:
            # The hot path: what DT-1 comes to, without looking it up.
            return self._outbox.put_data(context_id, command=command, source=source)
        data = Stream(context_id, command=command, source=source)
        self._happen(Event.Evt9, Brought(to_send=data))
        return data.number

    def ask(self, context_id: int, command: bytes, data: Source | Buffer | None = None) -> int:
        """Send a whole message, and expect the reply: `send` once or twice, then `expect`.

        Args:
            context_id: an accepted presentation context.
            command: the command set, encoded.
            data: the data set behind it, as `send` takes it; None: none follows.

        Returns:
            A number by which `is_out` tells whether all of it left.

        Raises:
            LocalProtocolError: as `send`.
        """
        negotiated = self.negotiated
        if (
            self.state is _ESTABLISHED
            and self._trace is None
            and negotiated is not None
            and context_id in negotiated.contexts
        ):
            number = self._outbox.put_message(context_id, command, data)  # as `send` does
        else:
            number = self.send(context_id, command=True, source=command)
            if data is not None:
                number = self.send(context_id, command=False, source=data)
        # It is on its way, and the time starts behind it.
        self._deadlines.expect("reply", start=False)
        return number

    def is_out(self, number: int) -> bool:
        """Whether the transport took the last byte of what `send` gave this number.

        Unlike `sending` it tells what was sent from what was dropped: it stays false when the
        association ended before.
        """
        return self._outbox.is_out(number)

    def withdraw(self) -> None:
        """Send no data set that is not out yet, nor what was queued behind it.

        For a request that cannot be answered any more, because the peer wants to release: its
        A-RELEASE-RQ must not wait for an answer behind the rest of a data set. A PDU that has
        begun is finished; control PDUs, and command sets without a data set, are sent.
        """
        self._outbox.withdraw()

    def release(self) -> None:
        """A-RELEASE request primitive (Evt11)."""
        self._happen(Event.Evt11)

    def release_response(self) -> None:
        """A-RELEASE response primitive (Evt14)."""
        self._happen(Event.Evt14)

    def abort(self) -> None:
        """A-ABORT request primitive (Evt15)."""
        self._happen(Event.Evt15)

    def hasten(self) -> None:
        """Wait no longer than `Limits.grace` for the peer to close the connection (Sta13).

        Policy for who has no time to wait for ARTIM, which runs on. In other states: nothing.
        """
        if self.state is State.Sta13 and GRACE not in self._deadlines:
            self._deadlines.arm(GRACE)

    def expect(self, which: str | None) -> None:
        """Wait for the peer's data with a bound of `Limits`: "reply", "idle", or None for none.

        The time starts when all that is to be sent is sent. That of "idle" starts anew with each
        P-DATA-TF that has something in it; "reply" is for a whole response, to the last byte.
        """
        self._deadlines.expect(which, start=which is not None and not self._outbox)

    # -------------------------------------------------------------------------- events --

    def _receive(self) -> bool:
        """Every whole PDU that is there; returns whether there was one."""
        progress = False
        inbox, actions = self._inbox, self._actions
        while not actions.close_wanted:
            try:
                arrival = inbox.next(self.state)
            except RemoteProtocolError as error:
                self._happen(Event.Evt19, Brought(cause=error))
                continue
            if arrival is None:
                return progress
            progress = True
            if not isinstance(arrival, list):
                event, brought, guard = arrival
                if isinstance(brought.told, ind.AssociateConfirmation):
                    self._establish(brought.told.negotiated)
                self._happen(event, brought, guard)
            elif self.state is _ESTABLISHED:
                # The hot path: what DT-2 comes to, without looking it up.
                actions.indicate_data(arrival)
                if self._trace is not None:
                    self._trace(_DATA_CAME)
                if not inbox.framer.incomplete:
                    return progress
            else:
                self._happen(Event.Evt10, Brought(pdvs=arrival))
        return progress

    def _happen(
        self, event: Event, brought: Brought = _NOTHING, guard: Guard | None = None
    ) -> None:
        """An event of Table 9-10: do what it says, with what the event brought along.

        Raises:
            LocalProtocolError: the cell is blank; nothing has changed.
        """
        transition = step(self.state, event, guard)
        if transition is None:
            raise LocalProtocolError(f"{IMPOSSIBLE[event]} {WHEN[self.state]}")
        if transition.action in _FAULTS and brought.cause is None and event is not Event.Evt15:
            name = event.value.removesuffix(" PDU")
            brought = Brought(cause=UnexpectedPDU(name, WHEN[self.state]))
        if brought.cause is not None:
            self._blame(brought.cause)
        self._begun = True
        self.state = transition.next_state
        self._actions.perform(transition, brought)
        if transition.next_state is not transition.state:
            # The peer cannot answer before what it is to answer is sent.
            start = transition.next_state in BOUNDED and not self._outbox
            self._deadlines.enter(transition.next_state, start=start)
        if self._trace is not None:
            self._trace(transition)

    def _begin(self, role: Role) -> None:
        if role is not self.role:
            raise LocalProtocolError(f"this end is the {self.role.value}, not the {role.value}")
        if self._begun or self.close_wanted:
            raise LocalProtocolError("an association is used once; make a new one")

    def _establish(self, negotiated: Negotiated) -> None:
        self.negotiated = negotiated
        self._inbox.contexts = negotiated.contexts
        self._outbox.fragment = fragment_length(negotiated.peer_maximum_length, self.limits)

    def _blame(self, cause: DULError) -> None:
        self.failure = self.failure or cause

    def _give_up(self, cause: DULError) -> None:
        """End the association from this side for a reason of policy (Evt15)."""
        self._blame(cause)
        if step(self.state, Event.Evt15) is None:
            # Sta13, with data that was queued before the A-RELEASE-RP (AR-7, AR-4): the table has
            # no abort here. The peer does not wait for the data, but for the A-RELEASE-RP.
            self._outbox.withdraw(all_data=True)
            return
        self._happen(Event.Evt15)
        self.hasten()
        self._actions.tell(ind.ProviderAbortIndication(cause))

    def _holds_data(self) -> bool:
        """Data that the user has not taken yet, in the buffer that it was received into."""
        return any(isinstance(each, ind.DataIndication) for each in self._actions.told)
