"""A reader never looks outside of its view, and fields that do not fit are the user's error."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dul import wire
from dul.errors import InvalidPDU, LocalProtocolError
from dul.wire import Reader

READS = {
    "u8": (1, lambda reader: reader.u8("x"), lambda data: data[0]),
    "u16": (2, lambda reader: reader.u16("x"), lambda data: int.from_bytes(data, "big")),
    "u32": (4, lambda reader: reader.u32("x"), lambda data: int.from_bytes(data, "big")),
    "skip": (3, lambda reader: reader.skip(3, "x"), lambda data: None),
    "take": (5, lambda reader: reader.take(5, "x"), bytes),
    "within": (2, lambda reader: reader.within(2, "x").rest(), bytes),
}


@given(st.binary(max_size=40), st.lists(st.sampled_from(sorted(READS)), max_size=12))
def test_fields_are_read_in_their_order_or_not_at_all(data: bytes, names: list[str]):
    """The view is the middle of more bytes, so that a look outside of it would be seen."""
    reader = Reader(memoryview(b"\xee" * 8 + data + b"\xee" * 8)[8 : 8 + len(data)], "it", base=100)
    at = 0
    for name in names:
        size, read, expected = READS[name]
        if at + size > len(data):
            with pytest.raises(InvalidPDU) as raised:
                read(reader)
            assert raised.value.offset == 100 + at
        else:
            assert read(reader) == expected(data[at : at + size])
            at += size
        assert reader.remaining == len(data) - at
        assert bool(reader) is (at < len(data))


@given(st.integers(0, 255), st.integers(0, 255), st.binary(max_size=30), st.binary(max_size=9))
def test_an_item_is_read_as_it_was_made(item_type: int, second: int, body: bytes, tail: bytes):
    reader = Reader(memoryview(wire.item(item_type, body, second) + tail), "it")
    found_type, found_second, inner = reader.item()
    assert (found_type, found_second, inner.rest()) == (item_type, second, body)
    assert inner.where == f"item {item_type:02X}H"
    assert reader.rest() == tail
    reader.done()


@given(st.binary(max_size=20), st.integers(0, 0xFFFF))
def test_an_item_longer_than_what_holds_it_is_invalid(body: bytes, declared: int):
    data = struct.pack(">BBH", 0x20, 0, declared) + body
    reader = Reader(memoryview(data), "it")
    if declared <= len(body):
        assert reader.item()[2].rest() == body[:declared]
    else:
        with pytest.raises(InvalidPDU, match=f"declares {declared} bytes, {len(body)} are left"):
            reader.item()


@given(st.binary(max_size=40))
def test_a_counted_field_there_and_back(value: bytes):
    reader = Reader(memoryview(wire.counted(value) + b"tail"), "it")
    assert reader.counted("x") == value
    with pytest.raises(InvalidPDU, match="4 bytes after the end"):
        reader.done()


@pytest.mark.parametrize(
    "made",
    [
        lambda: wire.octets(256),
        lambda: wire.octets(0, -1),
        lambda: wire.short(1 << 16),
        lambda: wire.short(-1),
        lambda: wire.item(256, b""),
        lambda: wire.item(0x10, bytes(0x10000)),
        lambda: wire.counted(bytes(0x10000)),
        lambda: wire.text("\u20ac"),
    ],
)
def test_what_does_not_fit_its_field_is_not_cut(made):
    with pytest.raises(LocalProtocolError):
        made()


@pytest.mark.parametrize(("sent", "read"), [(b"1.2\0", "1.2"), (b"1.2 \0 ", "1.2"), (b"", "")])
def test_a_uid_is_read_without_its_padding(sent: bytes, read: str):
    assert wire.uid(sent) == read
