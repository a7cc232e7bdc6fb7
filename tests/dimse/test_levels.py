"""What is said of storage, as bytes and as words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dimse.errors import InvalidValue
from dimse.levels import SCU_ALONE, StorageLevels

LEVELS = st.builds(StorageLevels, st.integers(0, 3), st.integers(0, 3), st.integers(0, 2))


def test_the_bytes_of_table_b_3_1() -> None:
    assert StorageLevels(2, 3, 0).encode() == b"\2\0\3\0\0\0"
    assert SCU_ALONE.encode() == b"\3\0\0\0\2\0"
    assert StorageLevels.decode(b"\2\xff\1\xff\1\xff and more") == StorageLevels(2, 1, 1)


@given(LEVELS)
def test_what_is_said_is_understood(levels: StorageLevels) -> None:
    assert StorageLevels.decode(levels.encode()) == levels
    assert str(levels).count(";") == 2


@given(st.binary(max_size=8))
def test_any_bytes_say_something_or_nothing(information: bytes) -> None:
    levels = StorageLevels.decode(information)
    assert levels is None or levels.encode()[::2] == information[:6:2]


@pytest.mark.parametrize("information", [b"", b"\2\0\3\0\0", b"\4\0\0\0\0\0", b"\2\0\0\0\3\0"])
def test_what_makes_no_sense(information: bytes) -> None:
    assert StorageLevels.decode(information) is None


@pytest.mark.parametrize("levels", [(4, 0, 0), (0, 4, 0), (0, 0, 3), (-1, 0, 0)])
def test_levels_that_there_are_not(levels: tuple[int, int, int]) -> None:
    with pytest.raises(InvalidValue, match="is none of 0 to"):
        StorageLevels(*levels)
