"""Cutting a byte stream into PDUs, and PDUs into messages, in bounded memory."""

import pytest

from testbed import messages
from testbed.decode.stream import Framer, Unit

ABORT = bytes.fromhex("0700 0000 0004 0000 0202")
RELEASE = bytes.fromhex("0500 0000 0004 0000 0000")
STREAM = ABORT + messages.command_pdu(messages.echo_rq(1)) + RELEASE


@pytest.mark.parametrize("size", [1, 2, 5, 6, 7, 50, len(STREAM)])
def test_pdus_come_out_whole_however_they_arrive(size):
    framer = Framer()
    units = [
        unit for at in range(0, len(STREAM), size) for unit in framer.feed(STREAM[at : at + size])
    ]
    assert [unit.kind for unit in units] == ["pdu"] * 3
    assert b"".join(unit.data for unit in units) == STREAM
    assert framer.rest() is None


def test_a_pdu_that_is_too_long_comes_in_pieces_and_the_next_one_whole():
    long = b"\x04\x00" + (100).to_bytes(4, "big") + bytes(range(100))
    framer = Framer(largest=50)
    units = []
    for at in range(0, 116, 30):
        units += framer.feed((long + RELEASE)[at : at + 30])
    assert [(unit.kind, unit.offset, len(unit.data)) for unit in units] == [
        ("piece", 0, 30), ("piece", 30, 30), ("piece", 60, 30), ("piece", 90, 16), ("pdu", 0, 10),
    ]  # fmt: skip
    assert b"".join(unit.data for unit in units) == long + RELEASE


@pytest.mark.parametrize(
    "head", [b"\x16\x03\x01\x02\x00\x01", b"GET / ", b"\xff\x00\xff\xff\xff\xff", bytes(6)]
)
def test_what_cannot_be_a_pdu_is_handed_on_as_bytes_to_the_end(head):
    framer = Framer()
    assert list(framer.feed(ABORT)) == [Unit("pdu", ABORT, 10)]
    assert list(framer.feed(head + b"more")) == [Unit("bytes", head + b"more", 0, 10)]
    assert list(framer.feed(ABORT)) == [Unit("bytes", ABORT, 0, 20)]


def test_an_undefined_type_with_the_shape_of_a_pdu_is_one():
    unknown = bytes.fromhex("0900 0000 0004 01020304")
    assert [unit.data for unit in Framer().feed(unknown + ABORT)] == [unknown, ABORT]


@pytest.mark.parametrize(
    ("cut", "kind", "size"), [(3, "bytes", 0), (6, "piece", 10), (9, "piece", 10)]
)
def test_the_rest_of_a_stream_that_ends_too_early(cut, kind, size):
    framer = Framer()
    assert list(framer.feed(ABORT[:cut])) == []
    rest = framer.rest()
    assert (rest.kind, rest.data, rest.size) == (kind, ABORT[:cut], size)


def test_missing_bytes_keep_the_framing_and_are_counted():
    framer = Framer()
    units = [
        *framer.feed(ABORT[:6]),
        *framer.feed(bytes(3), missing=True),
        *framer.feed(ABORT[9:] + RELEASE),
    ]
    assert [(unit.kind, unit.missing) for unit in units] == [("pdu", 3), ("pdu", 0)]
