"""How many bytes may leave, and when."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dul.pace import Pace


@given(
    st.floats(500, 1e9),
    st.lists(st.tuples(st.floats(0, 5), st.floats(0, 1)), max_size=50),
)
def test_no_more_leave_than_the_rate_allows(rate: float, turns: list[tuple[float, float]]) -> None:
    """Whatever the transport takes of what it is offered, and whenever it is asked."""
    pace, now, sent = Pace(rate), 100.0, 0
    for wait, share in turns:
        now += wait
        room = pace.room(now)
        assert (room == 0) == (now < pace.next)
        count = int(room * share)
        pace.sent(count, now)
        sent += count
    # What left at the last moment is at most one piece.
    assert sent <= rate * (now - 100.0) + max(512, rate / 10) + 1


def test_the_whole_rate_is_used() -> None:
    pace, now, sent = Pace(1_000_000), 0.0, 0
    while now < 10:
        now = max(now, pace.next)
        count = pace.room(now)
        pace.sent(count, now)
        sent += count
    assert 9_900_000 <= sent <= 10_200_000


def test_a_pdu_is_out_within_a_second_or_so() -> None:
    assert Pace(2000).largest_pdu == 2000
    assert Pace(500).largest_pdu == 512
