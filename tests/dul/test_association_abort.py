"""Aborts: by each user, each provider, with the true source and reason (PS3.8 Table 9-26)."""

from __future__ import annotations

import dataclasses

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
    requestor,
)
from golden import goldens

from dul import events as ind
from dul.association import Role
from dul.errors import (
    AbortReason,
    InvalidPDU,
    LimitExceeded,
    RemoteProtocolError,
    SourceFailed,
    UnexpectedPDU,
)
from dul.fsm import WHEN, Effect, State
from dul.limits import Limits
from dul.pdata import LAST, PDV, PDataTF
from dul.pdu import Abort, AssociateRJ

UNRECOGNIZED = b"\x09\0\0\0\0\4????"
OVERLONG = b"\x04\0\0\x02\0\1"  # the header of a P-DATA-TF of 128 KiB and a byte
BAD_RELEASE = b"\5\0\0\0\0\0"
PEERS_PDUS = {"AC": AC, "RJ": RJ, "RQ": RQ, "DATA": DATA, "RELEASE_RQ": RELEASE_RQ, "RELEASE_RP": RELEASE_RP}  # fmt: skip

# Where AA-8 answers, and what is unexpected there (Table 9-10).
PROVIDER_STATES = [s for s in State if s not in {State.Sta1, State.Sta2, State.Sta4, State.Sta13}]
EXPECTED = {
    State.Sta5: {"AC", "RJ"},
    State.Sta6: {"DATA", "RELEASE_RQ"},
    State.Sta7: {"DATA", "RELEASE_RQ", "RELEASE_RP"},
    State.Sta10: {"RELEASE_RP"},
    State.Sta11: {"RELEASE_RP"},
}


def told(end: End) -> RemoteProtocolError:
    """The one indication that there is, a provider abort, and its cause."""
    (event,) = end.events()
    assert isinstance(event, ind.ProviderAbortIndication)
    assert end.association.failure is event.cause
    return event.cause


# --------------------------------------------------------------- our provider's aborts --


@pytest.mark.parametrize("state", PROVIDER_STATES)
def test_an_unexpected_pdu_is_answered_with_2_2(state: State):
    for name in PEERS_PDUS.keys() - EXPECTED.get(state, set()):
        end = end_in(state)
        end.receive(PEERS_PDUS[name])
        assert end.state is State.Sta13
        cause = told(end)
        assert isinstance(cause, UnexpectedPDU)
        assert cause.pdu == PEERS_PDUS[name].NAME
        assert str(cause) == f"unexpected {cause.pdu} {WHEN[state]}"
        assert end.sent() == [Abort(2, AbortReason.UNEXPECTED_PDU)] == [Abort(2, 2)]
        assert not end.association.close_wanted  # Sta13 waits for the peer


@pytest.mark.parametrize("state", PROVIDER_STATES)
@pytest.mark.parametrize(
    ("stream", "reason", "kind"),
    [
        (UNRECOGNIZED, 1, InvalidPDU),
        (b"GET / HTTP/1.1\r\n", 1, InvalidPDU),
        (OVERLONG, 6, LimitExceeded),
        (BAD_RELEASE, 6, InvalidPDU),
        (b"\1\0\0\0\0\4\0\1\0\0", 6, InvalidPDU),
        (b"\4\0\0\0\0\4\0\0\0\0", 6, InvalidPDU),
        (b"\1\0\1\0\0\0", 6, LimitExceeded),
    ],
)
def test_a_broken_pdu_is_answered_with_its_reason(state, stream, reason, kind):
    """2/1 for a type that is not defined, 2/6 for bytes or lengths that are wrong."""
    end = end_in(state)
    end.receive(stream)
    assert isinstance(told(end), kind)
    assert end.sent() == [Abort(2, reason)]
    assert end.state is State.Sta13


@pytest.mark.parametrize("each", goldens("invalid"), ids=lambda each: each.name)
def test_each_invalid_golden_pdu_ends_an_association(each):
    """With A-ABORT; what waits for more bytes is ended by the deadline of a PDU."""
    end = established(Role.ACCEPTOR)
    end.receive(each.data)
    if end.state is State.Sta6:
        assert each.keys["framing"] == "incomplete"
        end.wait(end.association.limits.pdu)
        assert end.sent() == [Abort(0, 0)]
        return
    cause = told(end)
    first, *rest = end.sent()
    assert first == Abort(2, cause.reason)
    assert all(isinstance(pdu, Abort) for pdu in rest)


def test_a_length_is_judged_at_the_header():
    """Before a byte of the body has come."""
    end = established(Role.ACCEPTOR, Limits(max_pdu_length=100))
    end.receive(b"\4\0\0\0\0")
    assert end.state is State.Sta6
    end.receive(b"\x65")
    cause = told(end)
    assert (cause.what, cause.value, cause.limit) == ("P-DATA-TF length", 101, 100)
    assert end.sent() == [Abort(2, 6)]


def test_data_on_a_context_that_is_not_accepted_is_invalid():
    for context_id in (0, 2, 3, 255):
        end = established(Role.REQUESTOR)
        end.receive(PDataTF((PDV(context_id, LAST, b"x"),)))
        assert f"presentation context {context_id} is not accepted" in str(told(end))
        assert end.sent() == [Abort(2, 6)]


def test_data_of_two_messages_in_one_pdu_is_an_unexpected_parameter():
    end = established(Role.REQUESTOR)
    end.receive(PDataTF((DATA.pdvs[0], DATA.pdvs[0])))
    assert told(end).reason is AbortReason.UNEXPECTED_PARAMETER
    assert end.sent() == [Abort(2, 5)]


def test_an_accept_of_another_protocol_version_is_invalid():
    end = requestor()
    end.receive(dataclasses.replace(AC, protocol_version=2))
    assert "lacks bit 0" in str(told(end))
    assert end.sent() == [Abort(2, 6)]


@pytest.mark.parametrize("name", sorted(PEERS_PDUS.keys() - {"RQ"}))
def test_what_is_no_request_in_sta2_is_answered_as_user(name: str):
    """AA-1 in Sta2: source 0, reason 0, though it is a provider's matter; nobody is told."""
    end = end_in(State.Sta2)
    end.receive(PEERS_PDUS[name])
    assert end.actions[-1] == "AA-1"
    assert end.sent() == [Abort(0, 0)]
    assert end.events() == []
    assert isinstance(end.association.failure, UnexpectedPDU)
    assert end.state is State.Sta13


@pytest.mark.parametrize(
    "stream", [UNRECOGNIZED, OVERLONG, BAD_RELEASE, b"\1\0\0\0\0\0", b"GET /x"]
)
def test_what_is_broken_in_sta2_is_answered_as_user(stream: bytes):
    end = end_in(State.Sta2)
    end.receive(stream)
    assert end.sent() == [Abort(0, 0)]
    assert isinstance(end.association.failure, RemoteProtocolError)


# ------------------------------------------------------------------------------- Sta13 --


def test_in_sta13_bad_pdus_are_answered_and_good_ones_are_not():
    """AA-7 and AA-6."""
    end = end_in(State.Sta13)
    end.receive(AC, RJ, DATA, RELEASE_RQ, RELEASE_RP)
    assert end.actions[-5:] == ["AA-6"] * 5
    assert end.sent() == []
    for bad, reason in ((RQ, 2), (UNRECOGNIZED, 1), (BAD_RELEASE, 6)):
        end.receive(bad)
        assert end.actions[-1] == "AA-7"
        assert end.sent() == [Abort(2, reason)]
    assert end.events() == []
    assert end.state is State.Sta13


def test_a_flood_of_bad_pdus_is_not_answered_by_a_flood():
    """A peer that does not read cannot make us heap up aborts."""
    end = end_in(State.Sta13)
    for _ in range(100):
        end.receive(UNRECOGNIZED, RQ, BAD_RELEASE)
    assert end.actions[-1] == "AA-7"
    assert end.sent() == [Abort(2, 1)]


def test_what_was_said_first_is_not_replaced_by_a_later_fault():
    """Two faults in one piece of the stream: the A-ABORT tells the first one's reason."""
    end = established(Role.ACCEPTOR)
    end.receive(BAD_RELEASE, UNRECOGNIZED)
    assert end.sent()[0] == Abort(2, 6)
    end = acceptor()
    end.association.reject(AssociateRJ(1, 1, 7))
    end.receive(UNRECOGNIZED)
    assert end.sent() == [AssociateRJ(1, 1, 7), Abort(2, 1)]


def test_an_abort_of_the_peers_ends_sta13():
    """AA-2."""
    end = end_in(State.Sta13)
    end.receive(ABORT)
    assert end.association.close_wanted
    assert end.events() == []


# --------------------------------------------------------------------- the users' aborts --


@pytest.mark.parametrize(
    "state", [s for s in State if s not in {State.Sta1, State.Sta2, State.Sta4, State.Sta13}]
)
def test_our_user_aborts_with_0_0_and_waits_for_the_close(state: State):
    """AA-1."""
    end = end_in(state)
    end.association.abort()
    assert end.sent() == [Abort(0, 0)]
    assert end.state is State.Sta13
    assert end.events() == []
    assert end.association.failure is None
    assert not end.association.close_wanted
    end.disconnect()
    assert end.association.closed


def test_an_abort_before_the_connection_is_open_just_closes():
    """AA-2 in Sta4."""
    end = end_in(State.Sta4)
    end.association.abort()
    assert end.association.close_wanted
    assert not end.association.connection_wanted
    assert end.association.data_to_send() == []


@pytest.mark.parametrize(
    ("source", "reason"), [(0, 0), (0, 6), (1, 0), (2, 0), (2, 6), (2, 9), (7, 7)]
)
def test_the_peers_abort_is_told_with_source_and_reason(source: int, reason: int):
    """AA-3; values that the standard does not define abort all the same."""
    end = established(Role.REQUESTOR)
    end.receive(Abort(source, reason))
    assert end.events() == [ind.AbortIndication(source, reason)]
    # A-P-ABORT for a provider's, A-ABORT for all others: AA-3's two branches.
    told = Effect.INDICATE_P_ABORT if source == 2 else Effect.INDICATE_ABORT
    assert end.steps[-1].effects == (told, Effect.CLOSE)
    assert end.association.close_wanted
    assert end.sent() == []
    failure = end.association.failure
    assert (failure.source, failure.reason) == (source, reason)


def test_an_abort_overtakes_data_but_not_a_pdu_that_has_begun():
    end = established(Role.REQUESTOR)
    end.association.send(1, command=True, source=b"command!")
    end.association.send(1, command=False, source=bytes(1 << 20))
    begun = end.take(20 + 100)  # the command, and the start of the first piece of data
    end.association.abort()
    wire = begun + end.take()
    assert wire[:20] == DATA.encode()
    assert wire.endswith(Abort(0, 0).encode())
    assert len(wire) == 20 + (6 + 16384) + 10


def test_a_providers_abort_overtakes_data_as_well():
    end = established(Role.REQUESTOR)
    end.association.send(1, command=False, source=bytes(1 << 20))
    end.receive(AC)
    assert end.sent() == [Abort(2, 2)]


# --------------------------------------------------------------------- unreadable sources --


class Broken:
    def __init__(self, error: Exception) -> None:
        self.error = error

    def __len__(self) -> int:
        return 100

    def readinto(self, view: memoryview) -> int:
        raise self.error


@pytest.mark.parametrize(
    "error",
    [OSError("the disk is gone"), ValueError("I/O operation on closed file"), KeyError("x")],
)
@pytest.mark.parametrize("state", [State.Sta6, State.Sta8])
def test_a_data_set_that_cannot_be_read_aborts_the_association(state: State, error: Exception):
    """Its message cannot be completed: Evt15, and the user is told why."""
    end = end_in(state)
    end.association.send(1, command=True, source=b"command!")
    end.association.send(1, command=False, source=Broken(error))
    assert end.sent() == [Abort(0, 0)]
    (event,) = end.events()
    assert isinstance(event.cause, SourceFailed)
    assert str(error) in str(event.cause)
    assert event.cause.__cause__ is error
    assert end.association.failure is event.cause


def test_a_data_set_that_ends_too_early_aborts_the_association():
    end = established(Role.REQUESTOR)

    class Short(Broken):
        def readinto(self, view: memoryview) -> int:
            return 0

    end.association.send(1, command=False, source=Short(OSError()))
    assert end.sent() == [Abort(0, 0)]
    (event,) = end.events()
    assert "ended 100 bytes before its announced length" in str(event.cause)


def test_a_data_set_that_fails_after_the_release_was_answered_does_not_hold_the_answer():
    """In Sta13 the table has no abort; the peer waits for the A-RELEASE-RP, not for the data."""
    end = end_in(State.Sta8)
    end.association.send(1, command=True, source=b"command!")
    end.association.send(1, command=False, source=Broken(OSError("gone")))
    end.association.release_response()
    assert end.state is State.Sta13
    assert end.sent() == [RELEASE_RP]
    assert not end.association.sending
    assert "gone" in str(end.association.failure)
    assert end.events() == []
    end.wait(end.association.limits.artim)
    assert end.association.closed


def test_an_abort_that_the_peers_own_overtakes_is_still_said():
    """Both PDUs in one piece: our A-ABORT is due (AA-8) before the peer's ends it all (AA-2)."""
    end = end_in(State.Sta6)
    end.receive(bytes([0xFF, 0, 0, 0, 0, 0]) + Abort(0, 0).encode())
    assert end.association.close_wanted
    assert end.sent() == []
    assert end.association.last_words == Abort(2, AbortReason.UNRECOGNIZED_PDU).encode()


def test_the_connection_is_closed_though_what_was_queued_cannot_be_read():
    """In Sta13 our A-ABORT stands behind a data set, and ARTIM expires before either is out."""
    end = end_in(State.Sta8)
    end.association.send(1, command=False, source=Broken(OSError("the disk is gone")))
    end.association.release_response()
    end.receive(RQ)
    end.association.handle_deadline(end.association.next_deadline())
    assert end.association.closed
    assert end.association.close_wanted
    assert end.association.last_words == b""


@pytest.mark.parametrize("state", [State.Sta6, State.Sta7])
def test_a_peer_that_aborts_hears_nothing(state: State):
    end = end_in(state)
    end.receive(Abort(0, 0))
    assert end.association.close_wanted
    assert end.association.last_words == b""
