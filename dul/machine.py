"""The protocol machine of one end of an association, without I/O (PS3.8 9.2): its state, and what happens to it.

What happens comes from four sides: the transport connection opens and ends (`connected`, `accepted`,
`disconnected`), PDUs come (`get_buffer`, `buffer_updated`), time passes (`handle_deadline`), and the local user wants
something, which is `dul.association`. Each of it is an event of Table 9-10, which `actions` acts on.
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
    TransportError,
    UnexpectedPDU,
)
from dul.fsm import IMPOSSIBLE, WHEN, Action, Effect, Event, Guard, State, Transition, step
from dul.inbox import Inbox, ProviderCheck, Role
from dul.limits import Limits
from dul.negotiation import Negotiated
from dul.outbox import Outbox
from dul.pdata import fragment_length
from dul.values import TYPE_CHECKING

if TYPE_CHECKING:
    from dul.security import Security

__all__ = ["ProtocolMachine", "Trace"]

Trace = Callable[[Transition], None]
"""Is told every transition."""

_CLOSED_BY_PEER = "the peer closed the transport connection {0}"

# By a name of this module: an attribute of an Enum takes ten times as long, on the path of every object.
_IDLE, _ESTABLISHED = State.Sta1, State.Sta6
_NO_CONNECTION = frozenset({State.Sta1, State.Sta4})

_FAULTS = frozenset({Action.AA_1, Action.AA_7, Action.AA_8})  # where a PDU is unexpected
_NOTHING = Brought()
_DATA_CAME = Transition(State.Sta6, Event.Evt10, Action.DT_2, (Effect.INDICATE_P_DATA,), State.Sta6)


class ProtocolMachine:
    """One end of one association, without what its user says: the base of `Association`, which has its arguments.

    It is composed of a way in, a way out, clocks, and what the actions of the state machine do with
    them; the state, and which event comes next, is its own.
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

    # ------------------------------------------------------------------ the connection --

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

    # -------------------------------------------------------------------- what comes --

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

    # ------------------------------------------------------------------- time passes --

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

    def hasten(self) -> None:
        """Wait no longer than `Limits.grace` for the peer to close the connection (Sta13).

        Policy for who has no time to wait for ARTIM, which runs on. In other states: nothing.
        """
        if self.state is State.Sta13 and GRACE not in self._deadlines:
            self._deadlines.arm(GRACE)

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
