"""Files that are laid out like one before: what is said of them is what the walk says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import given
from tests_datasets import BIG, CT, DEFLATED, EXPLICIT, IMPLICIT, Seq, encode, identity

from dimse.errors import Part10Error
from dimse.objects.alike import Shapes
from dimse.objects.bounds import HEAD
from dimse.objects.filemeta import encode_file_meta
from dimse.objects.outgoing import Cache, examine
from dimse.objects.part10 import contents_of
from dimse.objects.window import Window

FIXTURES = sorted(
    path
    for path in (Path(__file__).parents[3] / "fixtures" / "dicom").rglob("*")
    if path.is_file() and path.stat().st_size <= 1 << 20
)
UID = "1.2.3.4.5"
ELEMENTS = [
    (0x00080060, "CS", b"CT"),
    (0x00100010, "PN", b"A^B "),
    (0x00204000, "LT", b""),
    (0x7FE00010, "OW", bytes(64)),
]


def of(data: bytes):
    return contents_of(Window.over("f", data))


def file(uid=UID, elements=ELEMENTS, syntax=EXPLICIT, sop_class=CT, media=None) -> bytes:
    head = encode_file_meta(
        sop_class_uid=CT, sop_instance_uid=media or uid, transfer_syntax_uid=syntax
    )
    return head + encode([*identity(sop_class, uid), *elements], syntax)


def found_after(first: bytes, second: bytes):
    """What is said of the second when the first was looked at before."""
    shapes = Shapes()
    shapes.learn(len(first), first, of(first))
    return shapes.find(len(second), second)


@pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT, BIG])
def test_the_next_of_a_series_is_known_by_its_layout(syntax):
    first, second = file("1.2.3.4.5", syntax=syntax), file("1.2.3.4.6", syntax=syntax)
    assert first != second
    found, instance = found_after(first, second)
    assert replace(found, meta=None, sop_instance_uid=instance) == replace(of(second), meta=None)


def test_values_are_not_looked_at():
    other = [(0x00080060, "CS", b"MR"), *ELEMENTS[1:-1], (0x7FE00010, "OW", b"\xff" * 64)]
    assert found_after(file(), file(elements=other)) is not None


@pytest.mark.parametrize(
    "second",
    [
        file().replace(b"1.2.3.4.5", b"1.2.3.4.x"),
        file().replace(b"1.2.3.4.5", b"1.2.3.4. "),
        file("1.2.3.4.6", media="1.2.3.4.7"),
        file(sop_class="1.2.840.10008.5.1.4.1.1.4"),
        file(elements=[(0x00080060, "SH", b"CT"), *ELEMENTS[1:]]),
        file(elements=[*ELEMENTS[:-1], (0x7FE00010, "OB", bytes(64))]),
        file(elements=[*ELEMENTS[1:], ELEMENTS[0]]),
        file() + bytes(8),
        file()[:-2],
        file(elements=[(0x00080060, "CS", b"C"), (0x00100010, "PN", b"A^B C"), *ELEMENTS[2:]]),
    ],
)
def test_whatever_else_differs_goes_through_the_walk(second):
    assert found_after(file(), second) is None


@pytest.mark.parametrize(
    "unusual",
    [
        file(elements=[*ELEMENTS, (0x7FE10010, "OB", b"\0" * 3)]),
        file(elements=[*ELEMENTS, (0x00080018, "UI", b"1.2.3.4.6\0")]),
        file(elements=[(0x00081140, "SQ", Seq([[]], undefined=True)), *ELEMENTS]),
        file(elements=[(0x00020010, "UI", b"1.2\0"), *ELEMENTS]),
        file() + bytes(100),
        file(media="1.2.3.4.6"),
        encode([*identity(), *ELEMENTS], EXPLICIT),
    ],
)
def test_of_what_is_not_as_it_should_be_nothing_is_written_down(unusual):
    assert found_after(unusual, unusual) is None


def test_a_deflated_one_is_looked_at_each_time():
    import zlib

    pack = zlib.compressobj(wbits=-15)
    data = pack.compress(encode([*identity(), *ELEMENTS], EXPLICIT)) + pack.flush()
    data += bytes(len(data) & 1)
    head = encode_file_meta(sop_class_uid=CT, sop_instance_uid=UID, transfer_syntax_uid=DEFLATED)
    assert found_after(head + data, head + data) is None


@given(st.data())
def test_damage_is_never_missed(data):
    path = data.draw(st.sampled_from(FIXTURES))
    first = path.read_bytes()
    try:
        found = of(first)
    except Part10Error:
        return
    shapes = Shapes()
    shapes.learn(len(first), first, found)
    damaged = bytearray(first)
    near = st.integers(0, min(len(first), 4096) - 1)
    for at in data.draw(st.lists(near, min_size=1, max_size=3)):
        damaged[at] = data.draw(st.integers(0, 255))
    alike = shapes.find(len(damaged), bytes(damaged))
    if alike is not None:
        known, instance = alike
        walked = of(bytes(damaged))
        assert replace(known, meta=None, sop_instance_uid=instance) == replace(walked, meta=None)


def test_some_fixtures_are_usual():
    usual = [path for path in FIXTURES if _is_usual(path)]
    assert usual


def _is_usual(path):
    data = path.read_bytes()
    try:
        return found_after(data, data) is not None
    except Part10Error:
        return False


def test_of_a_large_file_the_head_is_enough(tmp_path):
    pixels = (0x7FE00010, "OW", bytes(2 * HEAD))
    names = []
    for number in range(3):
        names.append(tmp_path / f"{number}.dcm")
        names[-1].write_bytes(file(f"1.2.3.4.{number}", [*ELEMENTS[:-1], pixels]))
    cache = Cache(0)
    items = [examine(name, cache=cache) for name in names]
    assert [item.sop_instance_uid for item in items] == [f"1.2.3.4.{n}" for n in range(3)]
    assert items == [examine(name) for name in names]
    assert cache.shapes.find(names[0].stat().st_size, names[2].read_bytes()[:HEAD]) is not None


def test_what_is_written_down_is_bounded():
    shapes = Shapes()
    for length in range(2, 1000, 2):
        data = file(elements=[(0x00100010, "PN", b"A" * length)])
        shapes.learn(len(data), data, of(data))
    kept = [
        shapes.find(len(data), data)
        for length in range(2, 1000, 2)
        if (data := file(elements=[(0x00100010, "PN", b"A" * length)]))
    ]
    assert sum(each is not None for each in kept) == 64
