"""Deadlines of data transfer, on a clock that only the test moves."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ends import (
    DATA,
    RELEASE_RQ,
    acceptor,
    end_in,
    established,
    requestor,
)
from golden import golden
from test_deadlines import LIMITS, MOMENT, assert_times_out

from dul.association import Role
from dul.deadlines import Deadlines
from dul.errors import TransportError
from dul.fsm import State
from dul.limits import Limits
from dul.pdata import COMMAND, PDV, PDataTF
from dul.pdu import Abort

# ------------------------------------------------------------------------ reply and idle --


@pytest.mark.parametrize("which", ["reply", "idle"])
def test_the_peer_is_expected_to_say_something(which: str):
    end = established(Role.REQUESTOR, LIMITS)
    end.association.expect(which)
    assert_times_out(end, which)
    assert end.sent() == [Abort(0, 0)]


def test_the_time_for_a_reply_starts_when_the_request_is_out():
    end = established(Role.REQUESTOR, LIMITS)
    end.association.send(1, command=True, source=bytes(100))
    end.association.expect("reply")
    end.wait(100)
    end.take(10)
    end.wait(36)
    end.take()
    assert_times_out(end, "reply")


def test_data_of_the_requestor_starts_its_time_anew():
    end = established(Role.ACCEPTOR, LIMITS)
    end.association.expect("idle")
    for _ in range(10):
        end.wait(20)
        end.receive(DATA)
        end.events()
    assert_times_out(end, "idle")


@pytest.mark.parametrize("fragment", [b"", b"x", bytes(16000)])
@pytest.mark.parametrize("role", Role)
def test_a_response_has_one_time_for_all_of_it(role: Role, fragment: bytes):
    """A peer that trickles, be it one byte at a time or none, cannot keep us for ever."""
    end = established(role, LIMITS)
    end.association.expect("reply")
    begin = end.now
    while end.association.established:
        end.receive(PDataTF((PDV(1, COMMAND, fragment),)))
        end.events()
        end.wait(1)
    assert end.association.failure.which == "reply"
    assert end.now - begin == LIMITS.reply


def test_each_of_several_responses_has_its_time():
    end = established(Role.REQUESTOR, LIMITS)
    for _ in range(5):
        end.association.expect("reply")
        end.wait(20)
        end.receive(DATA)
        end.events()
    end.association.expect("reply")
    assert_times_out(end, "reply")


def test_empty_fragments_are_no_sign_of_life():
    end = established(Role.ACCEPTOR, LIMITS)
    end.association.expect("idle")
    for _ in range(29):
        assert end.state is State.Sta6
        end.receive(PDataTF((PDV(1, 0, b""),) * 3))
        end.events()
        end.wait(1)
    assert end.association.failure.which == "idle"


def test_a_reply_that_is_not_expected_any_more_is_not_waited_for():
    end = established(Role.REQUESTOR, LIMITS)
    end.association.expect("reply")
    end.association.expect("idle")
    assert end.association.next_deadline() == end.now + 29
    end.association.expect(None)
    assert end.association.next_deadline() is None
    end.receive(DATA)
    assert end.association.next_deadline() is None


def test_having_nothing_to_send_does_not_start_the_time_anew():
    """A transport that reports zero bytes, as TLS may, is no progress of anybody's."""
    end = established(Role.REQUESTOR, LIMITS)
    end.association.expect("reply")
    for _ in range(23):
        assert end.state is State.Sta6
        end.association.data_sent(0, end.now)
        end.wait(1)
    assert end.association.failure.which == "reply"


@pytest.mark.parametrize("ends", ["release", "abort", "disconnect"])
def test_the_end_of_data_transfer_ends_the_wait(ends: str):
    end = established(Role.ACCEPTOR, LIMITS)
    end.association.expect("idle")
    if ends == "release":
        end.receive(RELEASE_RQ)
        end.events()
        end.wait(10_000)
        assert end.state is State.Sta8
    elif ends == "abort":
        end.association.abort()
        assert end.association.next_deadline() == end.now + 11
    else:
        end.disconnect(TransportError("gone"))
        assert end.association.next_deadline() is None


# --------------------------------------------------------------------------------- pdu --


@pytest.mark.parametrize("count", [1, 5, 6, 7, 19])
def test_a_pdu_that_has_begun_must_end(count: int):
    end = established(Role.ACCEPTOR, LIMITS)
    end.receive(DATA.encode()[:count])
    assert_times_out(end, "pdu")


def test_one_byte_a_minute_does_not_hold_a_connection():
    end = established(Role.ACCEPTOR, LIMITS)
    for byte in DATA.encode():
        if end.state is not State.Sta6:
            break
        end.receive(bytes((byte,)))
        end.wait(5)
    assert end.association.failure.which == "pdu"
    assert end.now <= 1000 + 31 + 5


def test_each_pdu_has_its_own_time():
    end = established(Role.ACCEPTOR, LIMITS)
    stream = DATA.encode() * 20
    for at in range(0, len(stream), 9):  # 18 s a PDU
        end.receive(stream[at : at + 9])
        end.events()
        end.wait(9)
    assert end.state is State.Sta6
    assert end.association.failure is None


def test_the_time_ends_with_the_pdu():
    end = established(Role.ACCEPTOR, LIMITS)
    end.receive(DATA.encode()[:9])
    end.receive(DATA.encode()[9:])
    assert end.association.next_deadline() is None


def test_a_refused_pdu_that_does_not_end_is_bound_by_artim():
    end = established(Role.ACCEPTOR, LIMITS)
    end.receive(golden("pdata-length-FFFFFFFF", "invalid").data)
    end.events()
    assert end.association.next_deadline() == end.now + 11


# ------------------------------------------------------------------------------- write --


def test_a_peer_that_does_not_read_is_not_waited_for():
    end = established(Role.REQUESTOR, LIMITS)
    end.association.send(1, command=True, source=bytes(100))
    assert end.association.next_deadline() is None
    assert end.association.data_to_send()
    assert_times_out(end, "write")
    assert end.sent() == [Abort(0, 0)]


def test_one_byte_a_second_is_not_reading():
    """The time is for one PDU: bytes of it do not prolong it, the next PDU does."""
    end = established(Role.REQUESTOR, LIMITS)
    end.association.send(1, command=True, source=bytes(100))
    for _ in range(37):
        assert end.state is State.Sta6
        end.take(1)
        end.wait(1)
    assert end.association.failure.which == "write"

    end = established(Role.REQUESTOR, LIMITS)
    end.association.send(1, command=True, source=bytes(16378 * 10))
    while end.association.sending:
        end.take(16384 // 30)
        end.wait(1)
    assert end.state is State.Sta6


def test_all_sent_ends_the_wait():
    end = established(Role.REQUESTOR, LIMITS)
    end.association.send(1, command=True, source=bytes(100))
    end.take()
    assert end.association.next_deadline() is None


# ------------------------------------------------------------------------ slow readers --


@pytest.mark.parametrize("which", ["reply", "associate", "release", "write"])
def test_a_peer_that_still_reads_has_more_time(which: str):
    """What it is to do then, it can only do when it has read all that was sent."""
    limits = replace(LIMITS, slowest_reader=100)
    states = {"associate": State.Sta5, "release": State.Sta7}
    end = end_in(states.get(which, State.Sta6), limits=limits)
    if which == "reply":
        end.association.expect("reply")
    elif which == "write":
        end.association.send(1, command=True, source=bytes(100))
        end.association.data_to_send()
    seconds = getattr(LIMITS, which)
    until = end.association.next_deadline()
    end.wait(10)
    end.association.data_taken(300, end.now)
    assert end.association.next_deadline() == until + 3  # a hundred bytes for each second
    end.association.data_taken(1 << 20, end.now)
    assert end.association.next_deadline() == end.now + seconds
    end.association.data_taken(0, end.now)
    assert_times_out(end, which)


@pytest.mark.parametrize("state", [State.Sta2, State.Sta3, State.Sta6, State.Sta13])
def test_nothing_else_is_prolonged_by_a_peer_that_reads(state: State):
    end = end_in(state, limits=LIMITS)
    until = end.association.next_deadline()
    end.association.data_taken(1 << 20, end.now + 1)
    assert end.association.next_deadline() == until


# ------------------------------------------------------------------ handlers and clocks --


@pytest.mark.parametrize("which", ["reply", "pdu", "write", "artim", "associate"])
def test_the_time_of_the_users_handler_is_not_the_peers(which: str):
    end = {
        "artim": lambda: acceptor(LIMITS, rq=None),
        "associate": lambda: requestor(LIMITS),
    }.get(which, lambda: established(Role.REQUESTOR, LIMITS))()
    if which == "reply":
        end.association.expect("reply")
    elif which == "pdu":
        end.receive(DATA.encode()[:3])
    elif which == "write":
        end.association.send(1, command=True, source=b"x")
        end.association.data_to_send()
    end.wait(5)
    left = end.association.next_deadline() - end.now
    end.now += 10_000  # the handler runs
    end.association.tick(end.now)
    assert end.association.next_deadline() - end.now == pytest.approx(left)
    end.wait(left - MOMENT)
    assert end.association.failure is None


def test_a_clock_that_goes_back_shortens_nothing():
    end = requestor(LIMITS)
    until = end.association.next_deadline()
    end.association.tick(end.now - 100)
    assert end.association.next_deadline() == until


def test_what_was_begun_before_the_first_telling_counts_from_it():
    """A clock starts anywhere; an association that was never told the time is not too late."""
    end = end_in(State.Sta4, limits=LIMITS)
    end.now = 123_456_789.0
    end.wait(0)
    assert end.state is State.Sta4
    assert end.association.next_deadline() == end.now + 13


def test_of_two_that_have_passed_the_earlier_is_the_cause():
    end = established(Role.REQUESTOR, LIMITS)
    end.receive(DATA.encode()[:3])  # pdu: 31 s
    end.association.expect("reply")  # 23 s
    end.wait(100)
    assert end.association.failure.which == "reply"
    assert len(end.events()) == 1


@pytest.mark.parametrize(
    "name", ["connect", "associate", "release", "reply", "idle", "pdu", "write"]
)
def test_none_is_for_ever(name: str):
    limits = Limits(**{name: None})
    begin = {
        "connect": lambda: end_in(State.Sta4, limits=limits),
        "associate": lambda: requestor(limits),
        "release": lambda: end_in(State.Sta7, limits=limits),
    }
    end = begin.get(name, lambda: established(Role.REQUESTOR, limits))()
    if name in {"reply", "idle"}:
        end.association.expect(name)
    elif name == "pdu":
        end.receive(DATA.encode()[:3])
    elif name == "write":
        end.association.send(1, command=True, source=b"x")
        end.association.data_to_send()
    assert end.association.next_deadline() is None
    state = end.state
    end.wait(1e9)
    assert end.state is state


def test_deadlines_can_be_asked_for_one_by_one():
    deadlines = Deadlines(LIMITS)
    deadlines.tell(100.0)
    assert deadlines.next() is None
    deadlines.arm("idle")
    deadlines.arm("pdu")
    assert "idle" in deadlines
    assert "write" not in deadlines
    assert deadlines.next() == 129.0
    deadlines.tell(200.0)
    assert deadlines.passed() == ["idle", "pdu"]
    deadlines.disarm("idle", "write")
    assert deadlines.passed() == ["pdu"]
    deadlines.arm("artim")
    deadlines.enter(State.Sta13, start=True)
    assert deadlines.passed() == []
    assert deadlines.next() == 211.0
    assert str(deadlines.error("artim")) == "timed out after 11 s waiting for an A-ASSOCIATE-RQ"
