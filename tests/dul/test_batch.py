"""The buffer of a batch: PDUs one behind the other, whatever lay there before."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dul.batch import Batch

FULL, OTHER, LAST = b"a full PDU's", b"another's...", b"the last's.."


def filling(letter: int) -> Callable[[Sequence[memoryview], int], None]:
    def fill(views: Sequence[memoryview], count: int) -> None:
        assert sum(map(len, views)) == count
        for view in views:
            view[:] = bytes((letter,)) * len(view)

    return fill


def expected(fragment: int, count: int, full: bytes, last: bytes | None, letter: int) -> bytes:
    """What PDUs are: a header and so many bytes, each, of which the last may have fewer."""
    sizes = [min(fragment, count - at) for at in range(0, count, fragment)]
    headers = [full] * len(sizes)
    if last is not None:
        headers[-1] = last
    return b"".join(
        header + bytes((letter,)) * size for header, size in zip(headers, sizes, strict=True)
    )


_laid = st.lists(
    st.tuples(st.integers(1, 90), st.sampled_from([FULL, OTHER]), st.booleans(), st.booleans()),
    min_size=1,
    max_size=12,
)


@given(st.integers(1, 20), st.integers(1, 200), _laid)
def test_what_is_laid_stays_until_all_is_sent(fragment: int, most: int, laid: list) -> None:
    """Whatever stood in the places before, and however the buffer grows meanwhile."""
    batch = Batch(fragment, most)
    there: list[tuple[memoryview, bytes]] = []
    for letter, (size, full, is_end, reused) in enumerate(laid):
        if reused:
            batch.reuse()
            there.clear()
        # Only the end of a data set may be shorter than its place.
        count = size if is_end else -(-size // fragment) * fragment
        last = LAST if is_end else None
        view = batch.lay(count, full, last, filling(letter))
        there.append((view, expected(fragment, count, full, last, letter)))
        assert [bytes(view) for view, _ in there] == [pdus for _, pdus in there]


def test_the_buffer_is_used_again() -> None:
    batch = Batch(10, 40)
    first = batch.lay(40, FULL, None, filling(1))
    batch.reuse()
    assert batch.lay(33, FULL, LAST, filling(2)).obj is first.obj


def test_the_buffer_grows_with_what_is_laid_and_no_further_than_a_batch() -> None:
    batch = Batch(100, 10_000)
    sizes = []
    for count in (50, 150, 700, 2_000, 9_000, 10_000):
        batch.reuse()
        sizes.append(len(batch.lay(count, FULL, LAST, filling(0)).obj))
    assert sizes[0] == 2 * (50 + 12)
    assert sizes == sorted(sizes)
    assert sizes[-1] == 100 * (100 + 12)


def test_a_fragment_may_be_larger_than_all_there_is() -> None:
    """A peer may take PDUs of any length: that is no reason to have room for one."""
    batch = Batch(1 << 31, 1 << 20)
    assert len(batch.lay(1000, FULL, LAST, filling(0)).obj) == 2 * 1012


def test_what_cannot_be_filled_leaves_the_buffer_usable() -> None:
    def fail(views: Sequence[memoryview], count: int) -> None:
        raise OSError("the disk is gone")

    batch = Batch(10, 40)
    with pytest.raises(OSError, match="the disk is gone"):
        batch.lay(25, FULL, LAST, fail)
    batch.reuse()
    assert batch.lay(40, FULL, None, filling(3)) == expected(10, 40, FULL, None, 3)
