"""How associations end: release, collision, a lost connection, and who is to blame."""

from __future__ import annotations

import pytest
from ends import (
    ABORT,
    AC,
    DATA,
    RELEASE_RP,
    RELEASE_RQ,
    RQ,
    End,
    end_in,
    established,
)

from dul import events as ind
from dul.association import Role
from dul.errors import (
    AssociationAborted,
    LocalProtocolError,
    TransportError,
    UnexpectedPDU,
)
from dul.fsm import WHEN, State

# ------------------------------------------------------------------- release, collision --


def test_release_in_both_roles():
    client = established(Role.REQUESTOR)
    client.association.release()
    assert client.sent() == [RELEASE_RQ]
    client.receive(RELEASE_RP)
    assert client.events() == [ind.ReleaseConfirmation()]
    assert client.association.close_wanted
    assert client.path == "1 4 5 6 7 1"

    server = established(Role.ACCEPTOR)
    server.receive(RELEASE_RQ)
    assert server.events() == [ind.ReleaseIndication(collision=False)]
    server.association.release_response()
    assert server.sent() == [RELEASE_RP]
    assert not server.association.close_wanted  # the peer closes; ARTIM watches
    server.disconnect()
    assert server.path == "1 2 3 6 8 13 1"
    assert server.association.failure is None
    assert server.events() == []


def test_release_collision():
    """PS3.8 7.2.2.7: both ask at once; the requestor answers first, the acceptor closes last."""
    client, server = established(Role.REQUESTOR), established(Role.ACCEPTOR)
    for end in (client, server):
        end.association.release()
        assert end.sent() == [RELEASE_RQ]
        end.receive(RELEASE_RQ)
        assert end.events() == [ind.ReleaseIndication(collision=True)]
    with pytest.raises(LocalProtocolError, match="while both ends released"):
        server.association.release_response()
    client.association.release_response()
    server.receive(*client.sent())
    assert server.events() == [ind.ReleaseConfirmation()]
    server.association.release_response()
    client.receive(*server.sent())
    assert client.events() == [ind.ReleaseConfirmation()]
    assert client.association.close_wanted
    server.disconnect()
    assert client.path == "1 4 5 6 7 9 11 1"
    assert server.path == "1 2 3 6 7 10 12 13 1"


# ----------------------------------------------------------------------- the transport --


@pytest.mark.parametrize(
    "state", [s for s in State if s not in {State.Sta1, State.Sta2, State.Sta13}]
)
def test_a_lost_connection_is_told_with_its_cause(state: State):
    """AA-4."""
    cause = TransportError("cable cut")
    for told, expected in ((cause, "cable cut"), (None, f"the peer closed .* {WHEN[state]}")):
        end = end_in(state)
        end.disconnect(told)
        (event,) = end.events()
        with pytest.raises(TransportError, match=expected):
            raise event.cause
        assert end.association.failure is event.cause
        assert end.association.closed


@pytest.mark.parametrize(("state", "fails"), [(State.Sta2, True), (State.Sta13, False)])
def test_a_close_without_an_association_is_not_indicated(state: State, fails: bool):
    """AA-5, AR-5."""
    end = end_in(state)
    end.disconnect()
    assert end.events() == []
    assert end.association.closed
    assert (end.association.failure is not None) is fails


@pytest.mark.parametrize("state", [s for s in State if s is not State.Sta1])
def test_nothing_comes_after_the_close(state: State):
    """Whatever still comes in is ignored, nothing goes out, no timer runs."""
    end = end_in(state)
    end.disconnect()
    end.events()
    steps = len(end.steps)
    for _ in range(3):
        end.receive(DATA, RELEASE_RQ, b"\xff" * 1000)
        # What was on its way into the buffer when the end came is ignored, however much.
        end.association.buffer_updated(len(end.association.get_buffer()), end.now)
        end.disconnect()
        end.wait(10_000)
    assert len(end.association.get_buffer()) > 0
    assert len(end.steps) == steps
    assert end.association.data_to_send() == []
    assert end.association.next_deadline() is None
    assert not end.association.has_events
    assert end.association.close_wanted


def test_a_close_forgets_even_a_pdu_that_is_half_out():
    end = established(Role.REQUESTOR)
    end.association.send(1, command=False, source=bytes(1000))
    assert len(end.take(10)) == 10
    end.receive(ABORT)
    assert end.association.close_wanted
    assert end.association.data_to_send() == []
    assert not end.association.sending


def test_an_association_is_used_once_and_by_its_own_role():
    end = established(Role.REQUESTOR)
    end.receive(ABORT)
    with pytest.raises(LocalProtocolError, match="used once"):
        end.association.associate(RQ)
    end = end_in(State.Sta2)
    end.disconnect()
    with pytest.raises(LocalProtocolError, match="used once"):
        end.association.accepted(end.now)
    with pytest.raises(LocalProtocolError, match="is the association acceptor"):
        End(Role.ACCEPTOR).association.associate(RQ)
    with pytest.raises(LocalProtocolError, match="is the association requestor"):
        End(Role.REQUESTOR).association.accepted(0.0)


# ----------------------------------------------------------------------- the first cause --


def test_the_first_cause_wins():
    """What came later, the reset connection included, does not hide what went wrong first."""
    end = established(Role.REQUESTOR)
    end.receive(AC)
    first = end.association.failure
    assert isinstance(first, UnexpectedPDU)
    end.receive(b"\x99\0\0\0\0\0")
    end.disconnect(TransportError("reset"))
    assert end.association.failure is first
    assert [event.cause for event in end.events()] == [first]


def test_a_peers_abort_is_a_cause_and_its_own_users_abort_is_none():
    end = established(Role.REQUESTOR)
    end.receive(ABORT)
    assert isinstance(end.association.failure, AssociationAborted)
    end = established(Role.REQUESTOR)
    end.association.abort()
    end.receive(ABORT)
    assert end.association.failure is None
    assert end.association.closed
