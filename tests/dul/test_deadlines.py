"""ARTIM, and the deadlines of establishment and release, on a clock that only the test moves."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ends import (
    AC,
    DATA,
    RJ,
    RQ,
    End,
    acceptor,
    end_in,
    established,
    requestor,
)

from dul import events as ind
from dul.association import Role
from dul.errors import TimedOut
from dul.fsm import State
from dul.limits import Limits
from dul.pdu import Abort

LIMITS = Limits(artim=11, connect=13, associate=17, release=19, reply=23, idle=29, pdu=31, write=37)
# Nothing is due a moment before; all is due at the time itself.
MOMENT = 0.001


def assert_times_out(end: End, which: str) -> None:
    """The deadline is due exactly when it should be, and ends the association by Evt15."""
    seconds = getattr(LIMITS, which)
    state = end.state
    steps = len(end.steps)
    assert end.association.next_deadline() == pytest.approx(end.now + seconds)
    end.wait(seconds - MOMENT)
    assert (end.state, len(end.steps)) == (state, steps)
    end.wait(MOMENT)
    assert [step.event.name for step in end.steps[steps:]] == ["Evt15"]
    (event,) = end.events()
    assert isinstance(event, ind.ProviderAbortIndication)
    assert isinstance(event.cause, TimedOut)
    assert (event.cause.which, event.cause.seconds) == (which, seconds)
    assert f"timed out after {seconds} s waiting for" in str(event.cause)
    assert end.association.failure is event.cause


# ------------------------------------------------------------------------------- ARTIM --


def test_artim_ends_a_connection_on_which_no_request_comes():
    """AE-5 starts it; Evt18 in Sta2 is AA-2: close, and nobody is told but the log."""
    end = acceptor(LIMITS, rq=None)
    end.wait(11 - MOMENT)
    assert end.state is State.Sta2
    end.wait(MOMENT)
    assert end.actions == ["AE-5", "AA-2"]
    assert end.association.close_wanted
    assert end.events() == []
    assert end.association.failure.which == "artim"
    assert end.association.next_deadline() is None


def test_bytes_do_not_prolong_sta2():
    """One byte a second does not hold a connection, whole PDUs or not."""
    end = acceptor(LIMITS, rq=None)
    for byte in RQ.encode()[:12]:
        if not end.association.closed:
            end.receive(bytes((byte,)))
            end.wait(1)
    assert end.actions == ["AE-5", "AA-2"]


def test_a_request_stops_artim():
    end = acceptor(LIMITS)
    assert end.state is State.Sta3
    end.wait(10_000)  # the local user decides, and may take its time
    assert end.state is State.Sta3


@pytest.mark.parametrize("way", ["abort", "reject", "release", "fault"])
def test_artim_bounds_the_wait_for_the_peers_close(way: str):
    """AA-1, AE-8, AR-4 and AA-8 start it; Evt18 in Sta13 is AA-2."""
    end = end_in(
        {"abort": State.Sta6, "reject": State.Sta3, "release": State.Sta8, "fault": State.Sta6}[
            way
        ],
        limits=LIMITS,
    )
    end.wait(5)
    if way == "abort":
        end.association.abort()
    elif way == "reject":
        end.association.reject(RJ)
    elif way == "release":
        end.association.release_response()
    else:
        end.receive(AC)
        end.events()
    assert end.state is State.Sta13
    end.sent()
    failure = end.association.failure
    end.wait(11 - MOMENT)
    assert end.state is State.Sta13
    end.wait(MOMENT)
    assert end.actions[-1] == "AA-2"
    assert end.association.closed
    assert end.events() == []
    assert end.association.failure is failure


def test_nothing_prolongs_sta13():
    """Neither what is ignored (AA-6) nor what is answered (AA-7) starts ARTIM again."""
    end = end_in(State.Sta13, limits=LIMITS)
    for _ in range(11):
        end.receive(DATA, RQ)
        end.take()
        end.wait(1)
    assert end.association.closed


def test_only_artim_runs_in_sta13():
    end = established(Role.REQUESTOR, LIMITS)
    end.association.expect("reply")
    end.receive(DATA.encode()[:3])
    end.association.send(1, command=True, source=bytes(100))
    end.take(5)
    end.association.abort()
    end.wait(11)
    assert end.actions[-1] == "AA-2"
    assert end.association.failure is None


def test_only_artim_runs_while_the_abort_is_being_sent():
    """Behind a data PDU that had begun."""
    end = established(Role.REQUESTOR, LIMITS)
    end.association.send(1, command=True, source=bytes(100))
    end.take(50)
    end.association.abort()
    until = end.now + 11
    end.wait(1)
    assert len(end.take(62)) == 62  # the rest of the data PDU
    assert end.association.sending
    assert end.association.next_deadline() == until
    end.association._deadlines.disarm("artim")
    assert end.association.next_deadline() is None


# ------------------------------------------------------------------------------- grace --

PATIENT = replace(LIMITS, artim=600, grace=2)


def assert_closed_after(end: End, seconds: float) -> None:
    """By us, at that time and not before; for the table it is a connection that is closed."""
    steps, failure = len(end.steps), end.association.failure
    assert end.association.next_deadline() == pytest.approx(end.now + seconds)
    assert "artim" in end.association._deadlines  # AA-1: it runs, too
    end.wait(seconds - MOMENT)
    assert end.state is State.Sta13
    assert not end.association.close_wanted
    end.wait(MOMENT)
    assert [str(step) for step in end.steps[steps:]] == ["Sta13 Evt17 AR-5 Sta1"]
    assert end.association.closed
    assert end.association.close_wanted
    assert end.association.next_deadline() is None
    assert end.association.failure is failure
    assert end.events() == []


def test_who_is_in_a_hurry_waits_for_the_peers_close_no_longer_than_the_grace():
    end = established(Role.REQUESTOR, PATIENT)
    end.association.abort()
    assert end.association.next_deadline() == end.now + 600
    end.association.hasten()
    assert end.sent() == [Abort(0, 0)]
    assert_closed_after(end, 2)


@pytest.mark.parametrize("state", [s for s in State if s is not State.Sta13])
def test_only_the_peers_close_is_hastened(state: State):
    end = end_in(state, limits=PATIENT)
    before = end.association.next_deadline()
    end.association.hasten()
    assert end.association.next_deadline() == before
    assert end.state is state


def test_to_hasten_twice_does_not_prolong_the_grace():
    end = end_in(State.Sta13, limits=PATIENT)
    end.association.hasten()
    end.wait(1.5)
    end.association.hasten()
    assert_closed_after(end, 0.5)


def test_a_shorter_artim_is_not_prolonged_by_the_grace():
    end = end_in(State.Sta13, limits=replace(PATIENT, artim=1))
    end.association.hasten()
    end.wait(1)
    assert end.actions[-1] == "AA-2"


def test_without_a_grace_there_is_artim_alone():
    end = end_in(State.Sta13, limits=replace(PATIENT, grace=None))
    end.association.hasten()
    assert end.association.next_deadline() == end.now + 600


@pytest.mark.parametrize(
    ("which", "state"),
    [
        ("associate", State.Sta5),
        ("release", State.Sta7),
        ("reply", State.Sta6),
        ("pdu", State.Sta6),
    ],
)
def test_after_a_timeout_the_peer_has_the_grace(which: str, state: State):
    end = end_in(state, limits=PATIENT)
    if which == "reply":
        end.association.expect("reply")
    elif which == "pdu":
        end.receive(DATA.encode()[:3])
    end.wait(getattr(PATIENT, which))
    assert end.association.failure.which == which
    end.events()
    end.sent()
    assert_closed_after(end, 2)


def test_a_peer_that_reads_nothing_has_no_more_than_the_grace():
    """The A-ABORT does not even leave: there is a PDU before it that has begun."""
    end = established(Role.REQUESTOR, PATIENT)
    end.association.send(1, command=True, source=bytes(100))
    end.take(5)
    end.wait(PATIENT.write)
    assert end.association.failure.which == "write"
    end.events()
    assert_closed_after(end, 2)


# ----------------------------------------------------------------------- establishment --


def test_connect():
    end = end_in(State.Sta4, limits=LIMITS)
    end.association.tick(end.now)
    assert_times_out(end, "connect")
    assert end.actions[-1] == "AA-2"
    assert end.association.closed


def test_associate():
    end = requestor(LIMITS)
    assert_times_out(end, "associate")
    assert end.sent() == [Abort(0, 0)]
    assert end.state is State.Sta13


def test_associate_counts_from_the_request_being_sent():
    end = End(Role.REQUESTOR, LIMITS)
    end.association.associate(RQ)
    end.association.connected(end.now)
    end.take(10)
    end.wait(30)
    assert end.state is State.Sta5
    end.take()
    assert_times_out(end, "associate")


def test_the_time_to_send_the_request_starts_with_the_connection():
    end = end_in(State.Sta4, limits=LIMITS)
    end.association.tick(end.now)
    end.now += 10
    end.association.connected(end.now)
    assert end.association.data_to_send()
    assert end.association.next_deadline() == end.now + 37


def test_an_answer_ends_the_wait_for_it():
    end = requestor(LIMITS)
    end.receive(AC)
    assert end.association.next_deadline() is None
    end.wait(10_000)
    assert end.state is State.Sta6


# ----------------------------------------------------------------------------- release --


@pytest.mark.parametrize("state", [State.Sta7, State.Sta10, State.Sta11])
def test_release(state: State):
    end = end_in(state, limits=LIMITS)
    assert_times_out(end, "release")
    assert end.sent() == [Abort(0, 0)]


def test_release_counts_from_the_request_being_sent():
    """Not while a data set is still on its way before it."""
    end = established(Role.REQUESTOR, LIMITS)
    end.association.send(1, command=False, source=bytes(1 << 17))
    end.association.release()
    while end.association.sending:
        assert end.take(1000)
        end.wait(1)
    assert end.state is State.Sta7
    end.now -= 1  # the last wait came after the last byte
    assert end.association.next_deadline() == pytest.approx(end.now + 19)


def test_data_does_not_prolong_the_wait_for_the_release():
    """A peer that sends for ever cannot keep us (AR-6)."""
    end = end_in(State.Sta7, limits=LIMITS)
    for _ in range(19):
        assert end.state is State.Sta7
        end.receive(DATA)
        end.events()
        end.wait(1)
    assert end.association.failure.which == "release"


@pytest.mark.parametrize("state", [State.Sta8, State.Sta9, State.Sta12])
def test_the_local_user_may_take_its_time(state: State):
    end = end_in(state, limits=LIMITS)
    assert end.association.next_deadline() is None
    end.wait(10_000)
    assert end.state is state


def test_the_users_bound_does_not_replace_the_states():
    end = end_in(State.Sta7, limits=LIMITS)
    end.association.expect(None)
    assert_times_out(end, "release")
