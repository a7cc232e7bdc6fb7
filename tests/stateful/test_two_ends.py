"""Two honest ends over byte queues: partial delivery, partial sends, lost connections, time."""

from __future__ import annotations

import dataclasses

from ends import End
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from witness import Witness, allowed

from dul.association import Role
from dul.errors import AssociationAborted, AssociationRejected, TimedOut, TransportError
from dul.events import DataIndication
from dul.fsm import Event, State
from dul.limits import Limits
from dul.negotiation import context_offers, request
from dul.pdu import AssociateRJ
from dul.support import Support, answer

CLIENT = Limits(max_pdu_length=100, receive_buffer=256, send_batch=400, send_batch_pdus=5)
SERVER = Limits(max_pdu_length=40, receive_buffer=64, send_batch=100, send_batch_pdus=2)
SYNTAX = "1.2.840.10008.1.2"

# What may go wrong for an honest end: the peer's user, the network, the clock. Never a fault.
HONEST = (AssociationAborted, AssociationRejected, TransportError, TimedOut)

Byte = tuple[bool, int]  # of a command set or not, and which


class Side:
    """An end, its socket, and what its user has sent and got."""

    def __init__(self, role: Role, limits: Limits) -> None:
        self.end = End(role, limits)
        self.witness = Witness(self.end)
        self.queue = bytearray()  # on its way to the peer
        self.open = False
        self.given: list[Byte] = []
        self.got: list[Byte] = []
        self.asked = 0

    def take(self, count: int) -> None:
        """The socket takes this many bytes."""
        wire = self.end.take(count)
        self.witness.wire += wire
        self.queue += wire

    def take_events(self) -> None:
        for event in self.end.events():
            self.witness.told.append(event)
            if isinstance(event, DataIndication):
                for pdv in event.pdvs:
                    self.got += [(pdv.is_command, byte) for byte in bytes(pdv.fragment)]

    def closes(self) -> None:
        """The face closes as soon as it is told to."""
        if self.end.association.close_wanted:
            self.open = False


class TwoEnds(RuleBasedStateMachine):
    """Both users do what the table lets them; the network delivers as it likes."""

    @initialize(established=st.booleans())
    def begin(self, established: bool) -> None:
        self.client, self.server = Side(Role.REQUESTOR, CLIENT), Side(Role.ACCEPTOR, SERVER)
        self.client.end.association.tick(self.client.end.now)
        self.client.end.association.associate(
            request("CALLED", "CALLING", context_offers([("1.2.3", [SYNTAX])]), CLIENT)
        )
        if established:
            self._connect()
            self._exchange()
            self._answer(friendly=True)
            self._exchange()
            assert self.client.end.state is self.server.end.state is State.Sta6

    @precondition(lambda self: not (self.client.open or self.server.open))
    @rule(established=st.booleans())
    def begin_another(self, established: bool) -> None:
        self.finish()
        self.begin(established)

    def sides(self) -> tuple[Side, Side]:
        return self.client, self.server

    def other(self, side: Side) -> Side:
        return self.server if side is self.client else self.client

    _which = st.sampled_from(["client", "server"])

    # --------------------------------------------------------------------- the network --

    @precondition(lambda self: self.client.end.association.connection_wanted)
    @rule()
    def connection_opens(self) -> None:
        self._connect()

    def _connect(self) -> None:
        self.client.end.association.connected(self.client.end.now)
        self.server.end.association.accepted(self.server.end.now)
        self.client.open = self.server.open = True

    @precondition(lambda self: self.client.open or self.server.open)
    @rule(which=_which, count=st.integers(1, 300))
    def socket_takes(self, which: str, count: int) -> None:
        side = getattr(self, which)
        if side.open:
            side.take(count)

    @precondition(lambda self: self.client.open or self.server.open)
    @rule(which=_which, count=st.integers(1, 300))
    def network_delivers(self, which: str, count: int) -> None:
        self._deliver(getattr(self, which), count)

    def _deliver(self, side: Side, count: int) -> bool:
        """To this side: the next bytes, or the end of the stream behind them."""
        if not side.open:
            return False
        sender = self.other(side)
        side.take_events()
        if sender.queue:
            chunk = bytes(sender.queue[:count])
            del sender.queue[:count]
            for at in range(0, len(chunk), 50):
                side.end.receive(chunk[at : at + 50])
                side.take_events()
        elif not sender.open:
            side.end.disconnect()
        else:
            return False
        side.closes()
        return True

    @precondition(lambda self: self.client.open or self.server.open)
    @rule()
    def delivers_all(self) -> None:
        self._exchange()

    def _exchange(self) -> bool:
        moved = False
        while True:
            again = False
            for side in self.sides():
                if side.open and side.end.association.sending:
                    side.take(1 << 20)
                    again = True
                again = self._deliver(side, 1 << 20) or again
            if not again:
                return moved
            moved = True

    @precondition(
        lambda self: self.client.open and self.server.open and len(self.client.end.steps) > 5
    )
    @rule(client_first=st.booleans(), queued=st.booleans())
    def connection_breaks(self, client_first: bool, queued: bool) -> None:
        """What is on its way is lost, or arrives before the end does."""
        for side in self.sides() if client_first else reversed(self.sides()):
            if queued:
                while self.other(side).queue and side.open:
                    self._deliver(side, 1 << 20)
            side.queue.clear()
            side.end.disconnect(TransportError("cable cut"))
            side.closes()

    # ------------------------------------------------------------------------ the clock --

    @rule(seconds=st.sampled_from([0.1, 1, 29, 59, 700]))
    def time_passes(self, seconds: float) -> None:
        for side in self.sides():
            side.end.wait(seconds)
            side.closes()

    # ------------------------------------------------------------------------ the users --

    @precondition(lambda self: self.server.end.state is State.Sta3)
    @rule(friendly=st.integers(0, 5))
    def server_answers(self, friendly: int) -> None:
        self._answer(friendly > 0)

    def _answer(self, friendly: bool) -> None:
        self.server.take_events()
        association = self.server.end.association
        support = Support(unknown_abstract_syntax=(SYNTAX,))
        if not friendly:
            support = dataclasses.replace(support, called_ae_titles=frozenset())
        found = answer(association.request, support, SERVER)
        if isinstance(found, AssociateRJ):
            association.reject(found)
        else:
            association.accept(found)

    @rule(which=_which, size=st.integers(1, 500), command=st.booleans())
    def user_sends(self, which: str, size: int, command: bool) -> None:
        side = getattr(self, which)
        if allowed(side.end.state, Event.Evt9):
            side.asked += 1
            content = bytes((side.asked + at) % 251 for at in range(size))
            side.end.association.send(1, command=command, source=content)
            side.given += [(command, byte) for byte in content]

    @rule(which=_which)
    def user_releases(self, which: str) -> None:
        side = getattr(self, which)
        if allowed(side.end.state, Event.Evt11):
            side.end.association.release()

    @precondition(lambda self: self.client.end.state is self.server.end.state is State.Sta6)
    @rule()
    def both_release_at_once(self) -> None:
        for side in self.sides():
            side.end.association.release()

    @rule(which=_which)
    def user_answers_the_release(self, which: str) -> None:
        side = getattr(self, which)
        if allowed(side.end.state, Event.Evt14):
            side.take_events()
            side.end.association.release_response()

    @precondition(lambda self: len(self.client.end.steps) > 4)
    @rule(which=_which)
    def user_aborts(self, which: str) -> None:
        side = getattr(self, which)
        if allowed(side.end.state, Event.Evt15):
            side.end.association.abort()
            side.closes()

    # ----------------------------------------------------------------- what must hold --

    @invariant()
    def each_end_is_in_order(self) -> None:
        for side in self.sides():
            side.witness.all()

    @invariant()
    def what_was_got_is_the_beginning_of_what_was_sent(self) -> None:
        for side in self.sides():
            assert side.got == self.other(side).given[: len(side.got)]

    @invariant()
    def honest_ends_are_not_at_fault(self) -> None:
        """No A-ABORT of a provider, and no cause that accuses a peer of a broken protocol."""
        for side in self.sides():
            assert not {"AA-7", "AA-8"} & set(side.end.actions)
            failure = side.end.association.failure
            assert failure is None or isinstance(failure, HONEST)

    def teardown(self) -> None:
        if hasattr(self, "client"):
            self.finish()

    def finish(self) -> None:
        """Both ends come to Sta1."""
        self._settle()
        for side in self.sides():
            side.take_events()
            side.witness.all()
            side.witness.sent_pdus()
            assert side.end.state is State.Sta1
        self.what_was_got_is_the_beginning_of_what_was_sent()
        self.honest_ends_are_not_at_fault()
        if all(side.end.association.failure is None for side in self.sides()):
            # An association that ended as both wished has lost nothing.
            quiet = not any("AA-1" in side.end.actions for side in self.sides())
            if quiet and self.server.end.association.negotiated:
                assert self.server.got == self.client.given
                assert self.client.got == self.server.given

    def _settle(self) -> None:
        """Everybody goes on as polite people do, until both ends are closed."""
        for _ in range(50):
            if self.client.end.association.connection_wanted:
                self._connect()
            if self._exchange() | self._be_polite():
                continue
            if not (self.client.open or self.server.open):
                break
            for side in self.sides():
                side.end.wait(30)
                side.closes()
        if self.server.end.state is State.Sta1 and not self.server.end.steps:
            return  # nobody ever called
        assert self.client.end.association.closed
        assert self.server.end.association.closed

    def _be_polite(self) -> bool:
        for side in self.sides():
            state = side.end.state
            if state is State.Sta3:
                self._answer(friendly=True)
            elif allowed(state, Event.Evt14):
                side.end.association.release_response()
            elif side is self.client and state is State.Sta6:
                side.end.association.release()
            else:
                continue
            return True
        return False


TestTwoEnds = TwoEnds.TestCase
TestTwoEnds.settings = settings(max_examples=60, stateful_step_count=40)
