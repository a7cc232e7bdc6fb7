"""Conversations, driven by hand: what each says and waits for, and how each can end."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest
from ends import (
    ABORT,
    AC,
    DATA,
    RELEASE_RP,
    RELEASE_RQ,
    RJ,
    RQ,
    End,
    acceptor,
    end_in,
    established,
    split_pdus,
)

from dul import conversations
from dul import events as ind
from dul.association import Role
from dul.conversations import PUMP, TURN, Call, Conversation
from dul.errors import (
    AssociationAborted,
    AssociationRejected,
    InvalidPDU,
    LocalProtocolError,
    TimedOut,
    TransportError,
    UnexpectedPDU,
)
from dul.fsm import State
from dul.limits import Limits
from dul.pdu import PDU, Abort, AssociateRJ

Turn = PDU | Callable[[End], None]


class Hangs(AssertionError):
    """The conversation waits for something that the script does not bring."""


class Stage:
    """Drives a conversation: whatever it has to say goes out, then the next turn comes in."""

    def __init__(self, end: End, *script: Turn, connects: bool = True) -> None:
        self.end = end
        self.connects = connects
        self.script = list(script)
        self.said: list[PDU] = []

    def pump(self) -> None:
        association = self.end.association
        if association.connection_wanted and self.connects:
            association.connected(self.end.now)
            return
        if association.sending:
            self.said += self.end.sent()
            return
        if not self.script:
            raise Hangs
        turn = self.script.pop(0)
        if callable(turn):
            turn(self.end)
        else:
            self.end.receive(turn)

    def run(self, conversation: Conversation[Any]) -> Any:
        try:
            step = next(conversation)
            while True:
                if isinstance(step, Call):
                    step = conversation.send(step.function(*step.arguments))
                else:
                    assert step in {PUMP, TURN}
                    self.pump()
                    step = next(conversation)
        except StopIteration as stop:
            return stop.value


def closes(end: End) -> None:
    end.disconnect()


def breaks(end: End) -> None:
    end.disconnect(TransportError("cable cut"))


def waits(seconds: float) -> Callable[[End], None]:
    return lambda end: end.wait(seconds)


# --------------------------------------------------------------------------- associate --


def test_associate_gives_what_was_agreed():
    end = End(Role.REQUESTOR)
    stage = Stage(end, AC)
    negotiated = stage.run(conversations.associate(end.association, RQ))
    assert negotiated is end.association.negotiated
    assert stage.said == [RQ]


@pytest.mark.parametrize(
    ("turn", "error", "says"),
    [
        (AssociateRJ(1, 1, 7), AssociationRejected, "called AE title not recognized"),
        (Abort(2, 1), AssociationAborted, "service-provider: unrecognized PDU"),
        (ABORT, AssociationAborted, "aborted by the peer's service-user$"),
        (DATA, UnexpectedPDU, "unexpected P-DATA-TF before the association request was answered"),
        (closes, TransportError, "closed the transport connection before the association request"),
        (waits(30), TimedOut, "waiting for the answer to the A-ASSOCIATE-RQ"),
    ],
)
def test_associate_raises_what_came_instead(turn: Turn, error: type[Exception], says: str):
    end = End(Role.REQUESTOR)
    with pytest.raises(error, match=says):
        Stage(end, turn).run(conversations.associate(end.association, RQ))


@pytest.mark.parametrize(
    ("turn", "error"), [(breaks, TransportError), (waits(30), TimedOut), (closes, TransportError)]
)
def test_associate_raises_why_there_is_no_connection(turn: Turn, error: type[Exception]):
    end = End(Role.REQUESTOR)
    end.association.tick(end.now)
    with pytest.raises(error):
        Stage(end, turn, connects=False).run(conversations.associate(end.association, RQ))
    assert end.association.closed


def test_associate_with_another_application_context_and_an_abort_behind_it():
    end = End(Role.REQUESTOR)

    def both(end: End) -> None:
        end.receive(dataclasses.replace(AC, application_context="1.2.3"), ABORT)

    with pytest.raises(InvalidPDU, match="application context"):
        Stage(end, both).run(conversations.associate(end.association, RQ))
    assert end.association.closed


@pytest.mark.parametrize("name", ["1.2.3", "", None])
def test_associate_aborts_if_the_application_context_is_another(name: str | None):
    """PS3.8 7.1.1.2: who cannot live with the acceptor's name aborts."""
    end = End(Role.REQUESTOR)
    stage = Stage(end, dataclasses.replace(AC, application_context=name))
    with pytest.raises(InvalidPDU, match="application context"):
        stage.run(conversations.associate(end.association, RQ))
    assert end.sent() == [Abort(0, 0)]


# ------------------------------------------------------------------------------ accept --


@pytest.mark.parametrize(("decision", "state"), [(AC, State.Sta6), (RJ, State.Sta1)])
def test_accept_lets_the_user_decide(decision: PDU, state: State):
    end = acceptor(rq=None)
    asked = []

    def decide(rq):
        asked.append(rq)
        return decision

    stage = Stage(end, RQ, closes)
    found = stage.run(conversations.accept(end.association, decide))
    assert asked == [RQ]
    assert found is end.association.negotiated
    assert (found is None) is (decision is RJ)
    assert end.state is state
    assert stage.said + end.sent() == [decision]


@pytest.mark.parametrize(
    ("script", "failure"),
    [
        ([dataclasses.replace(RQ, protocol_version=2), closes], None),
        ([DATA, closes], UnexpectedPDU),
        ([closes], TransportError),
        ([ABORT], AssociationAborted),
        ([waits(30)], TimedOut),
    ],
)
def test_accept_gives_none_if_there_is_no_association(script: list[Turn], failure: type | None):
    end = acceptor(rq=None)
    assert Stage(end, *script).run(conversations.accept(end.association, lambda _: AC)) is None
    assert type(end.association.failure) is (failure or type(None))
    assert end.association.closed


@pytest.mark.parametrize("turn", [ABORT, closes, RQ])
def test_accept_notices_that_the_peer_went_away_while_the_user_decided(turn: Turn):
    end = acceptor(rq=None)

    def decide(_):
        (turn(end) if callable(turn) else end.receive(turn))
        return AC

    script = [] if turn is not RQ else [closes]
    assert Stage(end, RQ, *script).run(conversations.accept(end.association, decide)) is None
    assert end.association.failure is not None
    assert end.association.negotiated is None


# ------------------------------------------------------------------------ send, receive --


def test_send_waits_until_all_is_out():
    end = established(Role.REQUESTOR)
    stage = Stage(end)
    stage.run(conversations.send(end.association, 1, command=True, source=b"command!"))
    assert stage.said == [DATA]
    with pytest.raises(LocalProtocolError, match="context 3"):
        stage.run(conversations.send(end.association, 3, command=True, source=b"x"))


@pytest.mark.parametrize("turn", [ABORT, DATA, closes])
def test_send_stops_if_something_comes_meanwhile(turn: Turn):
    """The peer may have said why it does not read on: that is to be looked at first."""
    end = established(Role.REQUESTOR)
    conversation = conversations.send(end.association, 1, command=False, source=bytes(1 << 22))
    next(conversation)
    end.take(100)
    next(conversation)
    (turn(end) if callable(turn) else end.receive(turn))
    with pytest.raises(StopIteration):
        next(conversation)


def test_receive_gives_data_and_the_peers_wish_to_release():
    end = established(Role.ACCEPTOR)
    found = Stage(end, DATA).run(conversations.receive(end.association))
    assert found == ind.DataIndication(DATA.pdvs)
    found = Stage(end, RELEASE_RQ).run(conversations.receive(end.association))
    assert found == ind.ReleaseIndication()


@pytest.mark.parametrize(
    ("turn", "error"),
    [
        (ABORT, AssociationAborted),
        (Abort(2, 2), AssociationAborted),
        (RQ, UnexpectedPDU),
        (breaks, TransportError),
    ],
)
def test_receive_raises_how_the_association_ended(turn: Turn, error: type[Exception]):
    end = established(Role.ACCEPTOR)
    with pytest.raises(error):
        Stage(end, turn).run(conversations.receive(end.association))
    end.disconnect()
    with pytest.raises(error):  # and again, when there is no indication any more
        Stage(end).run(conversations.receive(end.association))


def test_receive_on_an_association_that_ended_well():
    end = established(Role.REQUESTOR)
    Stage(end, RELEASE_RP).run(conversations.release(end.association))
    with pytest.raises(TransportError, match="the association is closed"):
        Stage(end).run(conversations.receive(end.association))


# ----------------------------------------------------------------------------- release --


def test_release_waits_for_the_answer():
    end = established(Role.REQUESTOR)
    stage = Stage(end, DATA, DATA, RELEASE_RP)
    stage.run(conversations.release(end.association))
    assert stage.said == [RELEASE_RQ]
    assert end.association.closed
    assert end.association.failure is None


def test_release_goes_through_a_collision_as_requestor():
    end = established(Role.REQUESTOR)
    stage = Stage(end, RELEASE_RQ, RELEASE_RP)
    stage.run(conversations.release(end.association))
    assert stage.said == [RELEASE_RQ, RELEASE_RP]
    assert end.path.endswith("7 9 11 1")


def test_release_goes_through_a_collision_as_acceptor():
    end = established(Role.ACCEPTOR)
    stage = Stage(end, RELEASE_RQ, RELEASE_RP, closes)
    stage.run(conversations.release(end.association))
    assert stage.said == [RELEASE_RQ, RELEASE_RP]
    assert end.path.endswith("7 10 12 13 1")


@pytest.mark.parametrize("role", Role)
def test_release_is_over_when_the_peer_asks_for_it_too_and_goes(role: Role):
    """It closes without an answer to ours: nobody is waiting for one any more."""
    end = established(role)
    Stage(end, RELEASE_RQ, closes).run(conversations.release(end.association))
    assert end.state is State.Sta1


@pytest.mark.parametrize(
    ("script", "error"),
    [
        ([ABORT], AssociationAborted),
        ([closes], TransportError),
        ([waits(30)], TimedOut),
        ([RELEASE_RQ, ABORT], AssociationAborted),
        ([RELEASE_RQ, RELEASE_RQ], UnexpectedPDU),
        ([AC], UnexpectedPDU),
    ],
)
@pytest.mark.parametrize("role", Role)
def test_release_raises_what_came_instead(role: Role, script: list[Turn], error: type[Exception]):
    end = established(role)
    with pytest.raises(error):
        Stage(end, *script).run(conversations.release(end.association))


def test_release_and_abort_at_the_same_time():
    """The peer's A-ABORT was there first: it is the cause, not that nothing can be released."""
    end = established(Role.REQUESTOR)
    end.receive(ABORT)
    with pytest.raises(AssociationAborted):
        Stage(end).run(conversations.release(end.association))
    assert end.association.closed
    with pytest.raises(LocalProtocolError):
        Stage(end).run(conversations.release(end.association))


@pytest.mark.parametrize("told", [False, True])
@pytest.mark.parametrize("role", Role)
def test_release_answers_a_peer_that_was_first(role: Role, told: bool):
    """Whether its wish has been taken from the events or not."""
    end = established(role)
    end.receive(DATA, RELEASE_RQ)
    if told:
        end.events()
    stage = Stage(end, closes)
    stage.run(conversations.release(end.association))
    assert stage.said == [RELEASE_RP]
    assert end.path.endswith("6 8 13 1")
    assert end.association.failure is None


@pytest.mark.parametrize("first", ["the peer", "the peer, as was told", "we"])
def test_release_does_not_keep_the_peer_waiting_behind_a_data_set(first: str):
    """The peer asks while ours is half sent; in a collision our own A-RELEASE-RQ is behind it."""
    end = established(Role.REQUESTOR)
    end.association.send(1, command=True, source=b"command!")
    end.association.send(1, command=False, source=bytes(1 << 22))
    wire = end.take(20 + 6 + 100)
    conversation = conversations.release(end.association)
    if first == "we":
        next(conversation)
    end.receive(RELEASE_RQ)
    if first == "the peer, as was told":
        assert end.events() == [ind.ReleaseIndication()]
    next(conversation)
    wire += end.take()
    pdus = split_pdus(wire)
    assert [each.NAME for each in pdus[:2]] == ["P-DATA-TF", "P-DATA-TF"]
    assert pdus[2:] == ([RELEASE_RQ, RELEASE_RP] if first == "we" else [RELEASE_RP])
    if first == "we":
        end.receive(RELEASE_RP)
    else:
        end.disconnect()
    with pytest.raises(StopIteration):
        next(conversation)
    assert end.path.endswith("6 7 9 11 1" if first == "we" else "6 8 13 1")


def test_an_acceptor_in_a_collision_does_not_keep_its_request_behind_a_data_set():
    """Sta10: the peer answers ours first, and must get it for that."""
    end = established(Role.ACCEPTOR)
    end.association.send(1, command=True, source=b"command!")
    end.association.send(1, command=False, source=bytes(1 << 22))
    wire = end.take(20 + 6 + 100)
    conversation = conversations.release(end.association)
    next(conversation)
    end.receive(RELEASE_RQ)
    next(conversation)
    wire += end.take()
    pdus = split_pdus(wire)
    assert [each.NAME for each in pdus] == ["P-DATA-TF", "P-DATA-TF", "A-RELEASE-RQ"]
    end.receive(RELEASE_RP)
    next(conversation)
    assert end.sent() == [RELEASE_RP]
    end.disconnect()
    with pytest.raises(StopIteration):
        next(conversation)
    assert end.path.endswith("6 7 10 12 13 1")


def test_respond_to_release_sends_a_response_first():
    """AR-7: the peer may still want it."""
    end = end_in(State.Sta8)
    end.association.send(1, command=True, source=b"command!")
    stage = Stage(end, closes)
    stage.run(conversations.respond_to_release(end.association))
    assert stage.said == [DATA, RELEASE_RP]


@pytest.mark.parametrize("begun", [0, 100])
def test_respond_to_release_may_withdraw_a_request(begun: int):
    end = established(Role.REQUESTOR)
    end.association.send(1, command=True, source=b"command!")
    number = end.association.send(1, command=False, source=bytes(1 << 22))
    wire = end.take(begun) if begun else b""
    end.receive(RELEASE_RQ)
    end.events()
    stage = Stage(end, closes)
    conversation = conversations.respond_to_release(end.association, withdraw=True)
    next(conversation)
    wire += end.take()
    end.disconnect()
    with pytest.raises(StopIteration):
        next(conversation)
    pdus = split_pdus(wire)
    assert pdus[-1] == RELEASE_RP
    assert len(pdus) == (3 if begun else 1)
    assert not end.association.is_out(number)
    assert stage.said == []


def test_respond_to_release_waits_for_the_peers_close():
    end = end_in(State.Sta8)
    stage = Stage(end, DATA, closes)
    stage.run(conversations.respond_to_release(end.association))
    assert stage.said == [RELEASE_RP]
    assert end.association.closed


# -------------------------------------------------------------------------------- abort --


@pytest.mark.parametrize("state", State)
def test_abort_ends_the_association_from_any_state(state: State):
    end = end_in(state)
    script = [] if state in {State.Sta1, State.Sta4} else [waits(30)]
    stage = Stage(end, *script)
    stage.run(conversations.abort(end.association))
    assert end.state is State.Sta1
    # Sta2 and Sta13 have no local abort: there is nothing to abort, or it is done already.
    quiet = state in {State.Sta1, State.Sta2, State.Sta4, State.Sta13}
    assert stage.said == ([] if quiet else [Abort(0, 0)])


@pytest.mark.parametrize("ended", ["rejected", "released", "faulty"])
def test_abort_does_not_wait_for_artim_where_the_association_is_over(ended: str):
    """Sta13 is left after the grace, whatever brought us there."""
    limits = Limits(artim=600)
    if ended == "rejected":
        end = acceptor(limits)
        end.association.reject(RJ)
    elif ended == "released":
        end = end_in(State.Sta8, limits=limits)
        end.association.release_response()
    else:
        end = established(Role.REQUESTOR, limits)
        end.receive(AC)
    end.sent()
    Stage(end, waits(limits.grace)).run(conversations.abort(end.association))
    assert end.association.closed


@pytest.mark.parametrize("state", [State.Sta3, State.Sta6, State.Sta8])
def test_give_up_aborts_and_leaves_the_peer_its_time(state: State):
    limits = Limits(artim=600)
    end = end_in(state, limits=limits)
    stage = Stage(end, waits(599), closes)
    stage.run(conversations.give_up(end.association))
    assert stage.said == [Abort(0, 0)]
    assert end.association.closed


def test_give_up_leaves_what_the_failure_has_ended():
    end = established(Role.ACCEPTOR)
    end.receive(AC)
    stage = Stage(end, closes)
    stage.run(conversations.give_up(end.association))
    assert stage.said == [Abort(2, 2)]


def test_abort_drops_what_still_comes_in():
    end = established(Role.REQUESTOR)
    stage = Stage(end, DATA, RQ, closes)
    end.receive(DATA)
    stage.run(conversations.abort(end.association))
    assert stage.said == [Abort(0, 0), Abort(2, 2)]
    assert not end.association.has_events


def test_the_standards_words_are_raised():
    with pytest.raises(AssociationAborted) as raised:
        conversations.fail(ind.AbortIndication(2, 6))
    assert "invalid PDU parameter value" in str(raised.value)
    cause = TransportError("gone")
    with pytest.raises(TransportError) as raised:
        conversations.fail(ind.ProviderAbortIndication(cause))
    assert raised.value is cause


@pytest.mark.parametrize("hurry", [False, True])
def test_a_failure_leaves_the_peer_the_standards_time_and_an_abort_does_not(hurry: bool):
    """ARTIM in full, or `Limits.grace`."""
    end = established(Role.ACCEPTOR)
    limits = end.association.limits
    conversation = (conversations.abort if hurry else conversations.give_up)(end.association)
    next(conversation)
    assert end.sent() == [Abort(0, 0)]
    assert end.association.next_deadline() == end.now + (limits.grace if hurry else limits.artim)
    end.disconnect()
    with pytest.raises(StopIteration):
        next(conversation)
