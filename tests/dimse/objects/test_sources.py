"""Sources put together of stretches and new bytes: in order, whole, even."""

from __future__ import annotations

import os

import hypothesis.strategies as st
import pytest
from hypothesis import given
from tests_datasets import read_all, swapped

from dimse.errors import Truncated, Unreadable
from dimse.objects import sources
from dimse.objects.bounds import CHUNK
from dimse.objects.scratch import Scratch
from dimse.objects.sources import (
    Encoded,
    FileOrigin,
    FixedBytes,
    MemoryOrigin,
    Splice,
    SplicedSource,
    WholeSource,
    stamp_of,
    straight,
    turn_words,
)

BYTES = bytes(range(256))
EXPLICIT, DEFLATED = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.1.99"


def origin(data=BYTES):
    return MemoryOrigin("f", data, None)


@given(
    st.lists(
        st.one_of(
            st.binary(max_size=9),
            st.tuples(st.integers(0, 200), st.integers(1, 50), st.sampled_from([1, 2, 4, 8])),
        )
    ),
    st.integers(1, 40),
)
def test_any_splice_is_read_in_order(parts, step):
    splice, expected = Splice(Scratch()), b""
    for part in parts:
        if isinstance(part, bytes):
            splice.new.append(part)
            expected += part
        else:
            at, length, word = part
            splice.set_in(at, length, word)
            expected += swapped(BYTES[at : at + length], word)
    if len(expected) % 2:
        splice.new.append(b"!")
        expected += b"!"
    source = SplicedSource("f", origin(), splice)
    assert len(source) == len(expected)
    assert read_all(source, step) == expected
    assert source.readinto(memoryview(bytearray(5))) == 0
    source.finish()
    source.close()


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("sources") / "f.dcm"
    path.write_bytes(BYTES)
    return path


def in_file(path) -> FileOrigin:
    fd = os.open(path, os.O_RDONLY)
    return FileOrigin(path, fd, stamp_of(os.fstat(fd)))


@given(
    parts=st.lists(
        st.one_of(
            st.just(b"new!"),
            st.tuples(st.integers(0, 100), st.integers(1, 78).map(lambda n: 2 * n), st.just(1)),
            st.tuples(st.integers(0, 100), st.integers(1, 78).map(lambda n: 2 * n), st.just(2)),
        ),
        min_size=1,
    ),
    sizes=st.lists(st.integers(1, 60), min_size=1, max_size=8),
)
def test_many_views_are_filled_as_one_after_the_other(file, parts, sizes):
    """In one call of the system where that can be; what is left is for `readinto`."""

    def splice() -> Splice:
        made = Splice(Scratch())
        for part in parts:
            if isinstance(part, bytes):
                made.new.append(part)
            else:
                made.set_in(*part)
        return made

    source = SplicedSource("f", in_file(file), splice())
    read = bytearray()
    while len(read) < len(source):
        views = [memoryview(bytearray(size)) for size in sizes]
        count = source.readv(views)
        read += b"".join(views)[:count] if count else read_some(source, sizes[0])
    source.close()
    assert bytes(read) == read_all(SplicedSource("f", origin(), splice()), 256)


def read_some(source: SplicedSource, size: int) -> bytes:
    buffer = bytearray(size)
    return bytes(buffer[: source.readinto(memoryview(buffer))])


def test_a_file_in_one_piece_is_one_call_for_many_views(file, monkeypatch):
    calls = []
    preadv = os.preadv

    def count(*args):
        calls.append(args)
        return preadv(*args)

    monkeypatch.setattr(os, "preadv", count)
    splice = Splice(FixedBytes())
    splice.set_in(6, 250)
    source = SplicedSource("f", in_file(file), splice)
    views = [memoryview(bytearray(50)) for _ in range(5)]
    assert source.readv(views) == 250
    assert b"".join(views) == BYTES[6:]
    assert len(calls) == 1
    assert source.readv(views) == 0
    source.close()


def test_more_views_than_one_call_takes_are_left(file):
    splice = Splice(FixedBytes())
    for at in (0, 0):
        splice.set_in(at, 256)
    source = SplicedSource("f", in_file(file), splice)
    views = [memoryview(bytearray(1)) for _ in range(256)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sources, "IOV_MAX", 100)
        assert source.readv(views) == 100
    assert read_some(source, 200) == BYTES[100:] + BYTES[:44]
    source.close()


def test_a_file_that_became_shorter_gives_what_is_left(tmp_path):
    path = tmp_path / "f.dcm"
    path.write_bytes(BYTES)
    splice = Splice(FixedBytes())
    splice.set_in(0, 256)
    source = SplicedSource("f", in_file(path), splice)
    os.truncate(path, 100)
    assert source.readv([memoryview(bytearray(64)) for _ in range(4)]) == 100
    with pytest.raises(Truncated):
        source.readinto(memoryview(bytearray(1)))
    source.close()


def test_a_file_that_cannot_be_read_says_why(tmp_path):
    splice = Splice(FixedBytes())
    splice.set_in(0, 256)
    fd = os.open(tmp_path, os.O_RDONLY)
    source = SplicedSource("f", FileOrigin("f", fd, stamp_of(os.fstat(fd))), splice)
    with pytest.raises(Unreadable, match="Is a directory"):
        source.readv([memoryview(bytearray(9))])
    source.close()


def test_an_odd_number_of_bytes_is_no_source():
    splice = Splice(FixedBytes(b"odd"))
    with pytest.raises(ValueError, match="odd number"):
        SplicedSource("f", origin(), splice)
    with pytest.raises(ValueError, match="odd number"):
        straight(Encoded("f", origin(), ((0, 3),), EXPLICIT))


def test_a_deflated_data_set_gets_its_nul_behind():
    source = straight(Encoded("f", origin(), ((3, 4), (10, 1)), DEFLATED))
    assert read_all(source) == BYTES[3:7] + BYTES[10:11] + b"\0"


def test_words_across_steps():
    data = BYTES * (CHUNK // 256) + BYTES
    splice = Splice(FixedBytes())
    splice.set_in(0, len(data), 8)
    source = SplicedSource("f", origin(data), splice)
    assert read_all(source, 1001) == swapped(data, 8)


@pytest.mark.parametrize("word", [1, 4])
def test_an_object_that_is_shorter_than_it_was(word):
    splice = Splice(FixedBytes())
    splice.set_in(250, 8, word)
    source = SplicedSource("f", origin(), splice)
    with pytest.raises(Truncated) as caught:
        read_all(source)
    assert caught.value.offset == caught.value.size == 256


@given(st.binary(max_size=40), st.sampled_from([2, 4, 8]))
def test_turning_words(data, word):
    assert turn_words(data, word) == swapped(data, word)


def test_a_window_over_an_encoded_data_set():
    window = Encoded("f", origin(), ((16, 4), (32, 4)), EXPLICIT).window()
    assert window.size == 36
    assert window.take(30, 6) == BYTES[30:36]


@given(st.integers(1, 60))
def test_what_lies_in_memory_in_one_piece_is_read_as_it_is_viewed(step):
    source = WholeSource("f", BYTES, (10, 200), (0, 0, 0))
    assert len(source) == 200
    assert bytes(source.view) == BYTES[10:210]
    assert read_all(source, step) == BYTES[10:210]
    source.close()
    source.close()


def test_a_file_that_changed_behind_what_is_in_memory(tmp_path):
    path = tmp_path / "a.dcm"
    path.write_bytes(BYTES)
    source = WholeSource(str(path), BYTES, (0, 256), stamp_of(path.stat()))
    source.finish()
    path.write_bytes(BYTES[:-2])
    with pytest.raises(Unreadable, match="changed while it was sent"):
        source.finish()
    path.unlink()
    with pytest.raises(Unreadable, match="is gone"):
        source.finish()
