"""The movable look at bytes: what it gives, and how little it reads for it."""

from __future__ import annotations

import hypothesis.strategies as st
import pytest
from hypothesis import given

from dimse.errors import Truncated
from dimse.objects.bounds import HEAD, HOP
from dimse.objects.window import Window


class Reads:
    """Bytes, and a record of what was read of them."""

    def __init__(self, data):
        self.data = data
        self.calls = []

    def __call__(self, at, count):
        self.calls.append((at, count))
        return self.data[at : at + count]


@given(
    st.binary(max_size=200),
    st.lists(st.tuples(st.integers(0, 200), st.integers(0, 20))),
    st.integers(0, 30),
    st.booleans(),
)
def test_any_takes_give_the_bytes_and_nuls_behind(data, takes, first, in_memory):
    reads = Reads(data)
    window = Window.over("f", data) if in_memory else Window("f", len(data), reads, first)
    for at, count in takes:
        if at <= len(data):
            assert window.take(at, count) == data[at : at + count].ljust(count, b"\0")
    assert all(0 <= at <= at + count <= len(data) for at, count in reads.calls)


def test_a_step_reads_ahead_and_a_jump_little():
    data = bytes(10 * HEAD)
    reads = Reads(data)
    window = Window("f", len(data), reads)
    window.take(HEAD - 5, 12)
    window.take(6 * HEAD, 12)
    window.take(6 * HEAD + 12, 8)
    window.take(len(data) - 4, 12)
    assert reads.calls == [
        (0, HEAD),
        (HEAD - 5, HEAD),
        (6 * HEAD, HOP),
        (len(data) - 4, 4),
    ]


def test_what_is_in_memory_is_not_read():
    def read(*_):
        raise AssertionError

    window = Window("f", 100, read, data=bytes(100))
    assert window.take(90, 12) == bytes(12)
    assert window.are_nuls(0)


def test_nuls_to_the_end():
    for tail, expected in ((b"", True), (bytes(3 * HEAD + 5), True), (bytes(HEAD) + b"x", False)):
        data = b"data" + tail
        assert Window("f", len(data), Reads(data), 16).are_nuls(4) is expected
    assert not Window.over("f", b"data").are_nuls(3)


def test_an_object_that_became_shorter():
    with pytest.raises(Truncated) as caught:
        Window("f", 10, Reads(bytes(4)))
    assert caught.value.size == 4
