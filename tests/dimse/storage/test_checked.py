"""Sinks that keep nothing, keep it in memory, or look at what goes through."""

from __future__ import annotations

import zlib

import hypothesis.strategies as st
import pytest
from hypothesis import given
from tests_datasets import BIG, CT, DEFLATED, EXPLICIT, IMPLICIT, INSTANCE, encode, identity

from dimse.errors import CannotUnderstand, DataSetMismatch, OutOfResources
from dimse.storage import checked
from dimse.storage.checked import Checked
from dimse.storage.sink import Discard, Memory

REST = [(0x00100020, "LO", b"ID"), (0x7FE00010, "OW", bytes(100_000))]


def pieces(data, size=7000):
    return [[memoryview(data[at : at + size])] for at in range(0, len(data), size)]


def encoded(syntax, elements=None):
    elements = [*identity(), *REST] if elements is None else elements
    if syntax == DEFLATED:
        stream = zlib.compressobj(wbits=-15)
        return stream.compress(encode(elements, EXPLICIT)) + stream.flush()
    return encode(elements, syntax)


def test_discard_counts():
    sink = Discard()
    sink.write([memoryview(b"abc"), memoryview(b"")])
    sink.write([memoryview(b"de")])
    assert sink.commit() is None
    sink.discard()
    assert sink.length == 5


@given(st.lists(st.binary(max_size=20), max_size=10), st.integers(0, 60))
def test_memory_keeps_up_to_its_bound(parts, maximum):
    sink = Memory(maximum)
    for part in parts:
        sink.write([memoryview(part), memoryview(part)])
        assert len(sink._buffer.getvalue()) <= maximum
    whole = b"".join(part + part for part in parts)
    assert sink.length == len(whole)
    assert sink.data == b""
    if len(whole) <= maximum:
        assert sink.commit() == whole
        assert sink.data is sink.commit()
    else:
        with pytest.raises(OutOfResources) as caught:
            sink.commit()
        assert caught.value.status == 0xA700
        assert f"{len(whole)} bytes" in caught.value.comment
        assert f"{maximum} are allowed" in caught.value.comment
    sink.discard()
    assert sink.data == b""


def test_memory_does_not_keep_the_views():
    buffer = bytearray(b"abc")
    sink = Memory(10)
    sink.write([memoryview(buffer)])
    buffer[:] = b"xyz"
    sink.commit()
    assert sink.data == b"abc"


@pytest.mark.parametrize("syntax", [IMPLICIT, EXPLICIT, BIG, DEFLATED])
def test_the_object_that_was_announced_passes(syntax):
    inner = Memory(1 << 20)
    sink = Checked(inner, CT, INSTANCE, syntax)
    data = encoded(syntax)
    for views in pieces(data):
        sink.write(views)
    sink.commit()
    assert inner.data == data
    sink.discard()
    assert inner.data == b""


@pytest.mark.parametrize("syntax", [IMPLICIT, EXPLICIT, BIG, DEFLATED])
@pytest.mark.parametrize(
    ("sop_class", "instance", "what"),
    [(CT, "9.9", "SOP Instance UID"), ("9.9", INSTANCE, "SOP Class UID")],
)
def test_another_object_is_refused(syntax, sop_class, instance, what):
    inner = Memory(1 << 20)
    sink = Checked(inner, sop_class, instance, syntax)
    for views in pieces(encoded(syntax)):
        sink.write(views)
    with pytest.raises(DataSetMismatch, match=what) as caught:
        sink.commit()
    assert caught.value.status == 0xA900
    assert inner.data == b""


@pytest.mark.parametrize(
    ("syntax", "data"),
    [
        (EXPLICIT, b"\x08\0no data set at all, not even nearly"),
        (EXPLICIT, encode(identity(), EXPLICIT)[:-3]),  # ends within an element
        (IMPLICIT, b"\x08\0" * 100 + b"\xff" * 100),
        (DEFLATED, b"\x07 no deflate stream"),
        (DEFLATED, encoded(DEFLATED, [(0x00080018, "UI", b"not a uid!")])),
    ],
)
def test_what_is_no_data_set_is_refused(syntax, data):
    inner = Memory(1 << 20)
    sink = Checked(inner, CT, INSTANCE, syntax)
    for views in pieces(data):
        sink.write(views)
    with pytest.raises(CannotUnderstand) as caught:
        sink.commit()
    assert caught.value.status == 0xC000
    assert inner.data == b""


@pytest.mark.parametrize("syntax", [IMPLICIT, EXPLICIT, BIG])
@pytest.mark.parametrize(
    "data",
    [b"", b"no data set at all, not even nearly", encode([(0x00100020, "LO", b"ID")], EXPLICIT)],
)
def test_without_its_uids_it_is_no_instance(syntax, data):
    sink = Checked(Discard(), CT, INSTANCE, syntax)
    sink.write([memoryview(data)])
    with pytest.raises((DataSetMismatch, CannotUnderstand)) as caught:
        sink.commit()
    assert caught.value.status in {0xA900, 0xC000}


def test_one_of_the_two_is_not_enough():
    for elements, name in ((identity()[:1], "Instance"), (identity()[1:], "Class")):
        sink = Checked(Discard(), CT, INSTANCE, EXPLICIT)
        sink.write([memoryview(encode(elements, EXPLICIT))])
        with pytest.raises(DataSetMismatch, match=f"no SOP {name} UID"):
            sink.commit()


def test_uids_too_far_behind_are_not_judged():
    far = [(0x00080006, "UT", bytes(checked.HEAD)), (0x00080018, "UI", b"9.9\0")]
    for syntax in (EXPLICIT, DEFLATED):
        sink = Checked(Discard(), CT, INSTANCE, syntax)
        for views in pieces(encoded(syntax, far)):
            sink.write(views)
        sink.commit()


def test_an_unknown_transfer_syntax_is_explicit_little_endian():
    sink = Checked(Discard(), CT, "9.9", "1.2.3.4")
    sink.write([memoryview(encode(identity(), EXPLICIT))])
    with pytest.raises(DataSetMismatch):
        sink.commit()
