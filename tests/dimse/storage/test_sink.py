"""Sinks that keep no file: what is counted, and that a budget is kept whatever comes."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dimse.errors import OutOfResources
from dimse.storage.sink import Budget, Discard, Memory

fragments = st.lists(st.binary(max_size=20), max_size=6)


def views(pieces: list[bytes]) -> list[memoryview]:
    return [memoryview(each) for each in pieces]


@given(st.lists(fragments, max_size=5))
def test_what_is_discarded_is_counted(writes: list[list[bytes]]):
    sink = Discard()
    for pieces in writes:
        sink.write(views(pieces))
    assert sink.commit() is None
    assert sink.length == sum(len(each) for pieces in writes for each in pieces)


@given(st.lists(fragments, max_size=5), st.integers(0, 120))
def test_memory_has_all_or_refuses(writes: list[list[bytes]], maximum: int):
    sink = Memory(maximum)
    for pieces in writes:
        sink.write(views(pieces))
    whole = b"".join(each for pieces in writes for each in pieces)
    assert sink.length == len(whole)
    assert sink.data == b""
    if len(whole) <= maximum:
        assert sink.read_back(1, 3) == whole[1:4]
        assert sink.commit() == sink.data == whole
    else:
        with pytest.raises(OSError, match="no room"):
            sink.read_back(0, 1)
        with pytest.raises(OutOfResources, match=f"{len(whole)} bytes.*: {maximum} are allowed"):
            sink.commit()
        assert sink.data == b""


@given(st.lists(st.tuples(st.integers(0, 3), fragments, st.booleans()), max_size=30))
def test_data_sets_share_a_budget(steps: list[tuple[int, list[bytes], bool]]):
    """Of several that come at a time: what one gives back, another may take, and never more."""
    maximum = 60
    budget = Budget(maximum)
    sinks = [Memory(budget) for _ in range(4)]
    held = [0] * 4
    refused = [False] * 4
    for which, pieces, dropped in steps:
        if dropped:
            sinks[which].discard()
            sinks[which], held[which], refused[which] = Memory(budget), 0, False
            continue
        size = sum(map(len, pieces))
        sinks[which].write(views(pieces))
        if not refused[which] and sum(held) + size <= maximum:
            held[which] += size
        elif not refused[which]:
            refused[which], held[which] = True, 0
    for sink, size, lost in zip(sinks, held, refused, strict=True):
        if lost:
            with pytest.raises(OutOfResources):
                sink.commit()
        else:
            assert len(sink.commit()) == size
    room = maximum - sum(held)
    assert budget.take(room)
    assert not budget.take(1)


def test_giving_up_twice_gives_back_once():
    budget = Budget(10)
    sink = Memory(budget)
    sink.write([memoryview(b"12345678")])
    sink.discard()
    sink.discard()
    assert budget.take(10)
    assert not budget.take(1)


def test_threads_that_take_at_once_never_have_more_than_there_is():
    budget = Budget(500, threading.Lock())
    start = threading.Barrier(4)
    taken: list[int] = []

    def take() -> None:
        start.wait(10)
        taken.append(sum(budget.take(1) for _ in range(400)))

    threads = [threading.Thread(target=take) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(30)
    assert sum(taken) == 500
