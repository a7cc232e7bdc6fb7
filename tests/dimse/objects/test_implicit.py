"""VRs that Implicit VR leaves out: the dictionary's, or what other elements decide (PS3.5 Annex A)."""

from __future__ import annotations

import pytest

from dimse.objects.implicit import KnownVRs, Nesting

PIXEL_REPRESENTATION, LUT_DESCRIPTOR = 0x00280103, 0x00283002
SMALLEST_PIXEL, LUT_DATA, PIXEL_DATA = 0x00280106, 0x00283006, 0x7FE00010


def level(numbers=None, outer=None, dictionary=None):
    return Nesting(dictionary or KnownVRs(), outer, lambda: numbers or {})


@pytest.mark.parametrize(
    ("tag", "vr"),
    [
        (0x00100010, b"PN"),
        (0x00081140, b"SQ"),
        (PIXEL_DATA, b"OW"),
        (0x00280000, b"UL"),
        (0x00290010, b"LO"),  # where a private creator stands
        (0x00291010, b"UN"),
        (0x00100011, b"UN"),
        (0x60003000, b"OW"),  # a repeating group
    ],
)
def test_what_the_dictionary_says(tag, vr):
    assert level().vr_of(tag) == vr


@pytest.mark.parametrize(
    ("own", "outer", "vr"),
    [
        ({}, None, b"US"),
        ({PIXEL_REPRESENTATION: 0}, None, b"US"),
        ({PIXEL_REPRESENTATION: 1}, None, b"SS"),
        ({}, {PIXEL_REPRESENTATION: 1}, b"SS"),
        ({PIXEL_REPRESENTATION: 0}, {PIXEL_REPRESENTATION: 1}, b"US"),
    ],
)
def test_the_nearest_pixel_representation_decides(own, outer, vr):
    around = None if outer is None else level(outer)
    assert level(own, around).vr_of(SMALLEST_PIXEL) == vr


@pytest.mark.parametrize(("entries", "vr"), [(None, b"OW"), (1, b"US"), (256, b"OW")])
def test_lut_data_by_the_number_of_entries(entries, vr):
    assert level({} if entries is None else {LUT_DESCRIPTOR: entries}).vr_of(LUT_DATA) == vr


def test_private_blocks_belong_to_their_creator():
    here, other = level(), level()
    here.creator(0x00290010, b"SIEMENS CSA HEADER ")
    assert here.vr_of(0x00291008) == b"CS"
    assert here.vr_of(0x00291108) == b"UN"  # another block
    assert other.vr_of(0x00291008) == b"UN"  # another item
    here.creator(0x00290011, "K\u00fcnstlich".encode("latin-1"))
    assert here.vr_of(0x00291108) == b"UN"


def test_nothing_is_looked_for_that_nothing_depends_on():
    def numbers():
        raise AssertionError

    plain = Nesting(KnownVRs(), None, numbers)
    assert plain.vr_of(0x00100010) == b"PN"
    assert plain.vr_of(PIXEL_DATA) == b"OW"


def test_it_is_looked_for_once():
    asked = []
    once = Nesting(KnownVRs(), None, lambda: asked.append(1) or {})
    for _ in range(3):
        assert once.vr_of(SMALLEST_PIXEL) == b"US"
    assert asked == [1]


def test_plain_tags_are_known_without_asking():
    dictionary = KnownVRs()
    here = level(dictionary=dictionary)
    for tag in (0x00100010, SMALLEST_PIXEL, 0x00290010):
        here.vr_of(tag)
    assert dictionary.plain == {0x00100010: b"PN"}
