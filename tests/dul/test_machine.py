"""What happens to an end whatever its user says: bytes that come, a connection that ends, who is to blame."""

from __future__ import annotations

import pytest
import strategies as our
from ends import (
    ABORT,
    AC,
    DATA,
    RELEASE_RP,
    RELEASE_RQ,
    RJ,
    RQ,
    End,
    end_in,
    established,
    split_pdus,
)
from hypothesis import given
from hypothesis import strategies as st

from dul import events as ind
from dul.association import Role
from dul.errors import (
    AssociationAborted,
    LocalProtocolError,
    TransportError,
    UnexpectedPDU,
)
from dul.fsm import WHEN, State
from dul.pdata import LAST, PDV, PDataTF

# ---------------------------------------------------------------------- bytes that come --


def test_received_data_is_told_in_order_and_its_bytes_are_lent():
    end = established(Role.ACCEPTOR)
    other = PDataTF((PDV(1, 0, b"da"), PDV(1, LAST, b"ta")))
    end.receive(DATA, other)
    (event,) = end.events()
    assert event == ind.DataIndication(DATA.pdvs + other.pdvs)
    assert all(isinstance(each.fragment, memoryview) for each in event.pdvs)


def test_the_buffer_is_not_given_before_the_lent_bytes_are_given_back():
    end = established(Role.ACCEPTOR)
    end.receive(DATA)
    with pytest.raises(LocalProtocolError, match="take the events"):
        end.association.get_buffer()
    end.events()
    assert len(end.association.get_buffer()) > 0


@given(
    st.sampled_from([State.Sta2, State.Sta5, State.Sta6, State.Sta7, State.Sta13]),
    st.lists(
        st.one_of(
            our.pdus.map(lambda each: each.encode()),
            st.sampled_from([each.encode() for each in (RQ, AC, DATA, RELEASE_RQ, RELEASE_RP, RJ)]),
            our.p_data_tfs(st.just(1)).map(lambda each: each.encode()),
            st.binary(max_size=20),
        ),
        max_size=5,
    ).map(b"".join),
    st.data(),
)
def test_any_chunking_of_the_stream_gives_the_same_events(state, stream, data):
    whole, parts = end_in(state), end_in(state)
    expected, found = [], []
    run(whole, [stream], expected)
    run(parts, data.draw(our.chunked(stream)), found)
    assert found == expected
    assert parts.path == whole.path
    # A peer that has closed hears nothing more; else our first word is the same.
    if not whole.association.closed:
        assert parts.first_word == whole.first_word


def run(end: End, chunks: list[bytes], told: list) -> None:
    """Feed the chunks; what the user is told, with the data of neighbours put together."""
    end.first_word = b""
    for chunk in chunks:
        end.receive(chunk)
        for event in end.events():
            if isinstance(event, ind.DataIndication):
                told += [
                    (each.context_id, each.control, bytes(each.fragment)) for each in event.pdvs
                ]
            elif isinstance(event, ind.ProviderAbortIndication):
                told.append((type(event.cause), str(event.cause)))
            else:
                told.append(event)
        if not end.association.closed:
            end.first_word = end.first_word or b"".join(
                each.encode() for each in split_pdus(end.take())[:1]
            )


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
