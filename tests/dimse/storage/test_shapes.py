"""Data sets that are alike: what is said of each is what would be said if it were the first."""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests_datasets import BIG, CT, DEFLATED, EXPLICIT, IMPLICIT, INSTANCE, encode, identity

from dimse.errors import StorageRefused
from dimse.storage import checked
from dimse.storage.checked import HEAD, Checked
from dimse.storage.shapes import DataSetShapes
from dimse.storage.sink import Memory

REST = [(0x00100020, "LO", b"ID"), (0x00280010, "US", b"\1\0")]
LARGE = [*REST, (0x7FE00010, "OW", bytes(HEAD))]

MUTATIONS = st.one_of(
    st.none(),
    st.tuples(st.just("byte"), st.integers(0, 150), st.integers(0, 255)),
    st.tuples(st.just("cut"), st.integers(1, 30)),
    st.tuples(st.just("more"), st.binary(min_size=1, max_size=20)),
)
SENT = st.tuples(
    st.sampled_from([EXPLICIT, EXPLICIT, IMPLICIT, BIG]),
    st.sampled_from([INSTANCE, INSTANCE[:-1] + "9"]),
    st.sampled_from([REST, REST, LARGE, [(0x00100020, "LO", b"IDS")]]),
    MUTATIONS,
    st.sampled_from([CT, CT, CT, "1.2.840.10008.5.1.4.1.1.4"]),
)


def sent_as(syntax: str, instance: str, rest: Any, mutation: Any) -> bytes:
    elements = [
        (tag, vr, instance.encode().ljust(len(value), b"\0") if tag == 0x00080018 else value)
        for tag, vr, value in identity()
    ]
    data = bytearray(encode([*elements, *rest], syntax))
    match mutation:
        case "byte", at, value:
            data[at % len(data)] = value
        case "cut", count:
            del data[-count:]
        case "more", what:
            data += what
    return bytes(data)


def said(
    data: bytes, syntax: str, instance: str, sop_class: str, shapes: DataSetShapes | None
) -> Any:
    sink = Checked(Memory(1 << 20), sop_class, instance, syntax, shapes=shapes)
    sink.write([memoryview(data)])
    try:
        return sink.commit(), sink.warnings
    except StorageRefused as error:
        return type(error), str(error)


@given(st.lists(SENT, min_size=1, max_size=8))
def test_of_each_is_said_what_would_be_said_of_it_alone(sent: list[Any]) -> None:
    shapes = DataSetShapes()
    for syntax, instance, rest, mutation, sop_class in sent:
        for change in (None, None, mutation):
            data = sent_as(syntax, instance, rest, change)
            asked = data, syntax, INSTANCE, sop_class
            assert said(*asked, shapes) == said(*asked, None)


@pytest.mark.parametrize("rest", [REST, LARGE], ids=["in view", "beyond what is noted"])
@pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT, BIG])
def test_the_third_of_a_series_is_walked_no_more(syntax: str, rest: Any) -> None:
    shapes, walks = DataSetShapes(), []
    walk = Checked._walk
    with patch.object(Checked, "_walk", lambda it: walks.append(it) or walk(it)):
        for number in range(5):
            instance = INSTANCE[:-1] + str(number)
            data = sent_as(syntax, instance, rest, None)
            assert said(data, syntax, instance, CT, shapes) == (data, ())
    assert len(walks) == 2


def test_what_is_deflated_is_looked_at_each_time() -> None:
    shapes = DataSetShapes()
    for _ in range(3):
        shapes.learn(DEFLATED, 10, bytearray(10), CT, INSTANCE)
    assert not shapes.prove(DEFLATED, 10, bytearray(10), CT, INSTANCE)


def test_not_more_than_some_are_remembered() -> None:
    shapes = DataSetShapes()
    for size in range(1000):
        shapes.learn(EXPLICIT, size, bytearray(), CT, INSTANCE)
    assert len(shapes._shapes) <= checked.HEAD // 1024
