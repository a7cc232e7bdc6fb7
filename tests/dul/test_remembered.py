"""A bounded memory of values that forgets all at its bound."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dul.remembered import Remembered


def test_what_was_kept_is_had_again():
    memory: Remembered[bytes, list[int]] = Remembered(2)
    assert memory.get(b"a") is None
    value = memory.keep(b"a", [1])
    assert memory.get(b"a") is value == [1]


def test_at_the_bound_all_are_forgotten_but_the_new_one():
    memory: Remembered[int, str] = Remembered(3)
    for number in range(3):
        memory.keep(number, str(number))
    assert len(memory) == 3
    assert memory.keep(3, "3") == "3"
    assert memory == {3: "3"}


def test_another_value_for_the_same_takes_no_room():
    memory: Remembered[int, str] = Remembered(2)
    for number in (1, 2, 2, 1):
        memory.keep(number, "first")
    memory.keep(2, "second")
    assert memory == {1: "first", 2: "second"}


@given(most=st.integers(1, 5), keys=st.lists(st.integers(0, 9), max_size=40))
def test_it_never_grows_beyond_its_bound_and_never_gives_what_was_kept_for_another(most, keys):
    memory: Remembered[int, int] = Remembered(most)
    for key in keys:
        assert memory.get(key, key * key) == key * key
        memory.keep(key, key * key)
        assert 0 < len(memory) <= most
