"""Times of echoes."""

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from dimse.roundtrips import RoundTrips


def trips(*seconds):
    found = RoundTrips()
    for each in seconds:
        found.add(each)
    return found


def test_percentiles():
    hundred = trips(*(n / 1000 for n in range(200, 0, -1)))
    assert hundred.percentiles(0, 50, 99, 100) == (0.001, 0.1, 0.198, 0.2)
    assert str(trips(0.002)) == "round trip min/median/p99/max = 2.000/2.000/2.000/2.000 ms"
    assert len(hundred) == 200


def test_without_any():
    assert str(trips()) == "no round trip"
    with pytest.raises(ValueError, match="no echo"):
        trips().percentiles(50)


@settings(deadline=None)
@given(st.lists(st.floats(0, 100), min_size=1), st.floats(0, 100))
def test_so_many_are_not_longer(times, percent):
    (found,) = trips(*times).percentiles(percent)
    assert found in times
    assert sum(each <= found for each in times) >= percent / 100 * len(times) - 1e-9
