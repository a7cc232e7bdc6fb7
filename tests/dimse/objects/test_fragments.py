"""Compressed pixel data whose fragments are of odd length (PS3.5 A.4), made even and sent."""

from __future__ import annotations

import struct

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings
from tests_datasets import EXPLICIT, data_set_of, encode, identity, look, write_file

from dimse.errors import InvalidFile, Truncated
from dimse.objects.fragments import Fragments
from dimse.objects.layout import EXPLICIT_LITTLE
from dimse.objects.window import Window

JPEG = "1.2.840.10008.1.2.4.50"
ITEM, END = b"\xfe\xff\x00\xe0", b"\xfe\xff\xdd\xe0\0\0\0\0"
PIXEL_DATA = b"\xe0\x7f\x10\0OB\0\0\xff\xff\xff\xff"


def item(value):
    return ITEM + len(value).to_bytes(4, "little") + value


def pixel_data(fragments, table=b""):
    return PIXEL_DATA + item(table) + b"".join(map(item, fragments)) + END


def table_of(fragments, frames):
    """The Basic Offset Table for frames that begin with these fragments."""
    offsets, at = [], 0
    for index, fragment in enumerate(fragments):
        if index in frames:
            offsets.append(at)
        at += 8 + len(fragment)
    return struct.pack(f"<{len(offsets)}I", *offsets)


def even(value):
    return value + b"\0" * (len(value) % 2)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("fragments")


@settings(deadline=None)
@given(
    st.lists(st.integers(0, 12).map(lambda n: bytes(range(n))), max_size=6),
    st.sets(st.integers(0, 5)),
    st.booleans(),
)
def test_any_fragments_and_their_offsets(place, fragments, frames, with_table):
    table = table_of(fragments, frames) if with_table else b""
    head = encode(identity(), EXPLICIT)
    data = head + pixel_data(fragments, table)
    path = write_file(place / "x.dcm", data, JPEG)
    out = data_set_of(path)
    if len(data) % 2 == 0:
        assert out == data  # as it lies in the file; an odd length in it is told
        assert look(path).odd == any(len(f) % 2 for f in fragments)
        return
    padded = [even(f) for f in fragments]
    table = table_of(padded, frames) if with_table else b""
    assert out == head + pixel_data(padded, table)


def test_a_long_table_and_long_fragments(tmp_path):
    fragments = [bytes((n,)) * (2000 + n % 2) for n in range(200)] * 50 + [b"odd"]
    frames = set(range(len(fragments)))
    head = encode(identity(), EXPLICIT)
    data = head + pixel_data(fragments, table_of(fragments, frames))
    assert len(data) % 2
    padded = [even(f) for f in fragments]
    path = write_file(tmp_path / "x.dcm", data, JPEG)
    assert data_set_of(path, size=1 << 16) == head + pixel_data(padded, table_of(padded, frames))


def test_an_odd_text_beside_even_fragments(tmp_path):
    head = encode([*identity(), (0x00104000, "LT", b"abc")], EXPLICIT)
    pixels = pixel_data([b"12", b"3456"], table_of([b"12", b"3456"], {0, 1}))
    path = write_file(tmp_path / "x.dcm", head + pixels, JPEG)
    expected = encode([*identity(), (0x00104000, "LT", b"abc ")], EXPLICIT)
    assert data_set_of(path) == expected + pixels


@pytest.mark.parametrize("odd", [True, False])
def test_an_extended_offset_table_that_is_not_true_any_more(odd, tmp_path):
    """It is optional, and where there is one, a frame is a fragment (PS3.3 C.7.6.3.1.8)."""
    fragments = [b"123" if odd else b"1234", b"45"]
    tables = [
        (0x7FE00001, "OV", struct.pack("<2Q", 0, 11)),
        (0x7FE00002, "OV", struct.pack("<2Q", 3, 2)),
    ]
    before = [*identity(), (0x00104000, "LT", b"even" if odd else b"odd")]
    data = encode([*before, *tables], EXPLICIT) + pixel_data(fragments)
    assert len(data) % 2
    path = write_file(tmp_path / "x.dcm", data, JPEG)
    before[-1] = (0x00104000, "LT", b"even" if odd else b"odd ")
    kept = before if odd else [*before, *tables]
    assert data_set_of(path) == encode(kept, EXPLICIT) + pixel_data([even(f) for f in fragments])


def fragments_of(value):
    return Fragments(Window.over("f", value), 0, len(value), EXPLICIT_LITTLE)


def test_damaged_fragments():
    with pytest.raises(Truncated):
        fragments_of(item(b"") + item(b"12"))
    with pytest.raises(Truncated):
        fragments_of(item(b"") + ITEM + b"\x10\0\0\0abc")
    for bad in (ITEM + b"\xff\xff\xff\xff", b"\x08\0\x05\0\0\0\0\0"):
        with pytest.raises(InvalidFile, match="at byte 8: "):
            fragments_of(item(b"") + bad + END)


def test_offsets_beyond_4_gib(tmp_path):
    data = encode(identity(), EXPLICIT) + pixel_data([b"1", b"23"], b"\xff" * 4)
    path = write_file(tmp_path / "x.dcm", data, JPEG)
    with pytest.raises(InvalidFile, match="beyond 4 GiB"):
        data_set_of(path)
