"""What is read of the head of a data set."""

from __future__ import annotations

import struct
import zlib

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings
from tests_datasets import BIG, DEFLATED, EXPLICIT, IMPLICIT, Seq, encode, identity

from dimse.storage.head import MAXIMUM_ELEMENTS, Head

ELEMENTS = [
    (0x00080005, "CS", b"ISO_IR 100"),
    *identity(),
    (0x00080060, "CS", b"CT"),
    (0x00100010, "PN", "M\u00fcller^Eva".encode("latin-1")),
    (0x00100020, "LO", b"A\\B "),
    (0x00180088, "DS", b"1.50"),
    (0x0020000D, "UI", b"1.2.9\0"),
    (0x00280010, "US", struct.pack("<H", 512)),
    (0x00400275, "SQ", Seq([[(0x00400009, "SH", b"STEP")], [(0x00400009, "SH", b"TWO ")]])),
]


def head(data, syntax=EXPLICIT):
    asked = []

    def read(at, count):
        asked.append((at, count))
        return data[at : at + count]

    found = Head(syntax, len(data), read)
    found.asked = asked
    return found


def encoded(elements, syntax):
    if syntax != DEFLATED:
        return encode(elements, syntax)
    stream = zlib.compressobj(wbits=-15)
    return stream.compress(encode(elements, EXPLICIT)) + stream.flush()


@pytest.mark.parametrize("syntax", [IMPLICIT, EXPLICIT, BIG, DEFLATED])
def test_values(syntax):
    found = head(encoded(ELEMENTS, syntax), syntax)
    paths = [(tag,) for tag, _, value in ELEMENTS if isinstance(value, bytes)]
    values = found.values([*paths, (0x00400275, 0x00400009), (0x00080050,)])
    assert values[0x00100010,] == ("M\u00fcller^Eva",)
    assert values[0x00100020,] == ("A", "B")
    assert values[0x0020000D,] == ("1.2.9",)
    assert values[0x00280010,] == ("512",)
    assert values[0x00180088,] == ("1.50",)
    assert values[0x00400275, 0x00400009] == ("STEP",)
    assert values[0x00080050,] == ()
    assert found.value(0x00080060) == "CT"
    assert found.value(0x00080061) == ""


@pytest.mark.parametrize("undefined", [True, False])
def test_sequences_of_either_length(undefined):
    inner = Seq([[(0x00400009, "SH", b"IN")]], undefined, undefined)
    data = encode(
        [(0x00400275, "SQ", Seq([[(0x00400100, "SQ", inner)]], undefined, undefined))], EXPLICIT
    )
    path = (0x00400275, 0x00400100, 0x00400009)
    assert head(data).values([path])[path] == ("IN",)
    assert head(encode([(0x00400275, "SQ", Seq([]))], EXPLICIT)).values([path])[path] == ()


def test_japanese_names():
    data = encode(
        [
            (0x00080005, "CS", b"\\ISO 2022 IR 87 "),
            (0x00100010, "PN", b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B"),
        ],
        EXPLICIT,
    )
    assert head(data).value(0x00100010) == "Yamada^Tarou=\u5c71\u7530^\u592a\u90ce"


def test_a_character_set_that_nobody_knows():
    data = encode([(0x00080005, "CS", b"KLINGON "), (0x00100010, "PN", b"\xc4\xd6")], EXPLICIT)
    assert head(data).value(0x00100010)


def test_only_the_head_is_read():
    pixels = (0x7FE00010, "OW", b"\0" * (4 << 20))
    found = head(encode([*ELEMENTS, pixels], EXPLICIT))
    assert found.value(0x0020000D) == "1.2.9"
    assert sum(count for _, count in found.asked) <= 1 << 16
    assert not Head(EXPLICIT, 10, lambda at, count: 1 / 0).values([])  # nothing asked, nothing read


def test_an_endless_head_is_given_up():
    many = [(0x00090000 + n, "UN", b"") for n in range(MAXIMUM_ELEMENTS + 1)]
    assert head(encode([*many, (0x00100020, "LO", b"ID")], EXPLICIT)).value(0x00100020) == ""


@settings(deadline=None)
@given(st.binary(max_size=300), st.sampled_from([IMPLICIT, EXPLICIT, BIG, DEFLATED]))
def test_whatever_stands_there(data, syntax):
    paths = [(0x00100010,), (0x00400275, 0x00400009), (0x00280010,)]
    assert set(head(data, syntax).values(paths)) == set(paths)


def test_what_stands_before_the_damage_is_found():
    data = encode(ELEMENTS, EXPLICIT)
    cut = data[: data.index(b"1.2.9") + 2]
    found = head(cut).values([(0x00100020,), (0x0020000D,)])
    assert found == {(0x00100020,): ("A", "B"), (0x0020000D,): ()}


def test_a_read_that_fails():
    def read(at, count):
        raise OSError(5, "the disk")

    assert Head(EXPLICIT, 100, read).value(0x00100020) == ""
