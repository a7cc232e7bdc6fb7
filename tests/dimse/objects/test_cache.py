"""Room for what was read of small files."""

from __future__ import annotations

import hypothesis.strategies as st
from hypothesis import given

from dimse.objects import bounds
from dimse.objects.cache import Cache


@given(st.lists(st.integers(0, 100)), st.integers(0, 300), st.integers(0, 100))
def test_what_it_takes_is_bounded(sizes, room, largest):
    cache = Cache(room, largest=largest)
    taken = [size for size in sizes if cache.take(size)]
    assert sum(taken) <= room
    assert all(size <= largest for size in taken)
    left = room - sum(taken)
    assert all(size > min(left, largest) for size in sizes if size not in taken)


def test_its_bounds():
    cache = Cache()
    assert not cache.take(bounds.WHOLE + 1)
    assert sum(cache.take(bounds.WHOLE) for _ in range(1000)) == bounds.CACHE // bounds.WHOLE
