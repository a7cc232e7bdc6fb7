"""One end against a peer that sends anything, at any time, and a user who asks for anything."""

from __future__ import annotations

import strategies as our
from ends import ABORT, AC, DATA, RELEASE_RP, RELEASE_RQ, RJ, RQ, End, end_in
from golden import goldens
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from witness import Witness, allowed

from dul.association import Role
from dul.errors import LocalProtocolError, TransportError
from dul.fsm import Event, State
from dul.limits import Limits
from dul.pdu import PDU, Abort

LIMITS = Limits(
    max_pdu_length=256,
    max_associate_length=2048,
    receive_buffer=512,
    send_batch=300,
    send_batch_pdus=3,
)

_well_formed = st.sampled_from([RQ, AC, RJ, DATA, RELEASE_RQ, RELEASE_RP, ABORT, Abort(2, 2)])
_streams = st.one_of(
    _well_formed.map(lambda each: each.encode()),
    _well_formed.map(lambda each: each.encode()),
    st.sampled_from([each.data for each in goldens()]),
    st.sampled_from([each.data for each in goldens("canonical")]).flatmap(our.mutated),
    our.p_data_tfs(st.just(1)).map(lambda each: each.encode()),
    st.binary(max_size=40),
    st.just(b"\x09\0\0\0\0\0"),
    st.lists(_well_formed, max_size=4).map(lambda each: b"".join(p.encode() for p in each)),
)
_roles = {
    State.Sta2: Role.ACCEPTOR,
    State.Sta3: Role.ACCEPTOR,
    State.Sta4: Role.REQUESTOR,
    State.Sta5: Role.REQUESTOR,
    State.Sta9: Role.REQUESTOR,
    State.Sta10: Role.ACCEPTOR,
    State.Sta11: Role.REQUESTOR,
    State.Sta12: Role.ACCEPTOR,
}


class Broken:
    """A source that has less than it says, or none at all."""

    def __init__(self, left: int) -> None:
        self.left = left

    def __len__(self) -> int:
        return 1000

    def readinto(self, view: memoryview) -> int:
        if not self.left:
            raise OSError("the disk is gone")
        count, self.left = min(self.left, len(view)), 0
        return count


class HostilePeer(RuleBasedStateMachine):
    """Starts in any state; then the peer, the user, the clock and the transport act at will."""

    BEGINS: tuple[State, ...] = tuple(State)
    end: End
    witness: Witness

    @initialize(data=st.data(), role=st.sampled_from(Role), refuses=st.booleans())
    def begin(self, data: st.DataObject, role: Role, refuses: bool) -> None:
        state = data.draw(st.sampled_from(self.BEGINS))
        self.end = end_in(state, _roles.get(state, role), LIMITS)
        self.end.association.tick(self.end.now)
        if refuses and state is State.Sta2:
            self.end.association._inbox._provider_check = lambda _: RJ
        self.witness = Witness(self.end)

    @precondition(lambda self: self.end.association.closed)
    @rule(data=st.data(), role=st.sampled_from(Role), refuses=st.booleans())
    def begin_another(self, data: st.DataObject, role: Role, refuses: bool) -> None:
        self.finish()
        self.begin(data, role, refuses)

    # ------------------------------------------------------------------------ the peer --

    def _connected(self) -> bool:
        return self.end.state not in {State.Sta1, State.Sta4}

    @precondition(_connected)
    @rule(stream=_streams, data=st.data())
    def peer_sends(self, stream: bytes, data: st.DataObject) -> None:
        for chunk in data.draw(our.chunked(stream)):
            self.user_takes_events()
            self.end.receive(chunk)

    @precondition(_connected)
    @rule(stream=_streams)
    def peer_sends_all_at_once(self, stream: bytes) -> None:
        self.user_takes_events()
        self.end.receive(stream)

    @precondition(_connected)
    @rule(pdu=_well_formed)
    def peer_sends_a_pdu(self, pdu: PDU) -> None:
        self.user_takes_events()
        self.end.receive(pdu)

    @precondition(lambda self: self.end.state is not State.Sta1)
    @rule(broken=st.booleans())
    def connection_is_lost(self, broken: bool) -> None:
        self.end.disconnect(TransportError("reset") if broken else None)

    # ------------------------------------------------------- the transport and the clock --

    @precondition(lambda self: self.end.association.connection_wanted)
    @rule()
    def connection_opens(self) -> None:
        self.end.association.connected(self.end.now)

    @precondition(lambda self: self.end.state is State.Sta1 and not self.end.association.closed)
    @rule()
    def connection_comes_in(self) -> None:
        self._primitive(
            Event.Evt5,
            lambda: self.end.association.accepted(self.end.now),
            may=self._fresh(Role.ACCEPTOR),
        )

    @rule(count=st.none() | st.integers(0, 200))
    def transport_takes(self, count: int | None) -> None:
        self.witness.wire += self.end.take(count)

    @rule(seconds=st.sampled_from([0, 0.5, 10, 29, 31, 61, 301, 601]))
    def time_passes(self, seconds: float) -> None:
        self.end.wait(seconds)

    @precondition(lambda self: self.end.state in {State.Sta2, State.Sta13})
    @rule()
    def artim_expires(self) -> None:
        self.end.wait(LIMITS.artim)

    @rule(seconds=st.integers(0, 1000))
    def handler_runs(self, seconds: int) -> None:
        self.end.now += seconds
        self.end.association.tick(self.end.now)

    # ------------------------------------------------------------------------ the user --

    def _fresh(self, role: Role) -> bool:
        association = self.end.association
        return association.role is role and not association.close_wanted

    def _primitive(self, event: Event, ask, *, may: bool = True) -> None:
        """A local primitive: an error where the table is blank, and then nothing changes."""
        association = self.end.association
        before = (association.state, association.sending, association.failure, len(self.end.steps))
        if may and allowed(association.state, event):
            ask()
            assert len(self.end.steps) == before[3] + 1
            return
        try:
            ask()
        except LocalProtocolError:
            after = (
                association.state,
                association.sending,
                association.failure,
                len(self.end.steps),
            )
            assert after == before
        else:
            raise AssertionError(f"{event} was possible in {before[0]}")

    @rule()
    def user_takes_events(self) -> None:
        self.witness.told += self.end.events()

    @rule()
    def user_associates(self) -> None:
        self._primitive(
            Event.Evt1,
            lambda: self.end.association.associate(RQ),
            may=self._fresh(Role.REQUESTOR),
        )

    @rule()
    def user_accepts(self) -> None:
        request = self.end.association.request
        maximum = request.user_information.maximum_length if request else None
        self._primitive(
            Event.Evt7,
            lambda: self.end.association.accept(AC),
            may=maximum not in range(1, 8),
        )

    @rule(size=st.integers(0, 700), context_id=st.sampled_from([1, 1, 1, 3]), command=st.booleans())
    def user_sends(self, size: int, context_id: int, command: bool) -> None:
        negotiated = self.end.association.negotiated
        self._primitive(
            Event.Evt9,
            lambda: self.end.association.send(context_id, command=command, source=bytes(size)),
            may=size > 0 and negotiated is not None and context_id in negotiated.contexts,
        )

    @rule(left=st.integers(0, 999))
    def user_sends_what_cannot_be_read(self, left: int) -> None:
        negotiated = self.end.association.negotiated
        self._primitive(
            Event.Evt9,
            lambda: self.end.association.send(1, command=False, source=Broken(left)),
            may=negotiated is not None and 1 in negotiated.contexts,
        )

    @rule(which=st.sampled_from(["reply", "idle", None]))
    def user_expects(self, which: str | None) -> None:
        if self.end.state is State.Sta6:
            self.end.association.expect(which)

    @rule(event=st.sampled_from([Event.Evt8, Event.Evt11, Event.Evt14, Event.Evt15]))
    def user_asks(self, event: Event) -> None:
        association = self.end.association
        ask = {
            Event.Evt8: lambda: association.reject(RJ),
            Event.Evt11: association.release,
            Event.Evt14: association.release_response,
            Event.Evt15: association.abort,
        }[event]
        self._primitive(event, ask)

    # ------------------------------------------------------------------- what must hold --

    @invariant()
    def holds(self) -> None:
        self.witness.all()

    def finish(self) -> None:
        """Whatever happened, an abort and ARTIM end it, even if the peer never speaks again."""
        association = self.end.association
        if allowed(self.end.state, Event.Evt15):
            association.abort()
        self.witness.wire += self.end.take()
        if self.end.state is not State.Sta1:
            self.end.wait(LIMITS.artim)
        assert self.end.state is State.Sta1
        self.user_takes_events()
        self.witness.all()
        self.witness.sent_pdus()

    def teardown(self) -> None:
        if hasattr(self, "end"):
            self.finish()


TestHostilePeer = HostilePeer.TestCase
TestHostilePeer.settings = settings(max_examples=60, stateful_step_count=20)
