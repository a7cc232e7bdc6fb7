"""Elements set and removed: what changes, and that all the rest stays as it is, bit by bit."""

from __future__ import annotations

import pydicom
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests_datasets import (
    BIG,
    EXPLICIT,
    IMPLICIT,
    Seq,
    elements_of,
    encode,
    identity,
    read_all,
)

from dimse.errors import CannotChange, InvalidFile, InvalidValue
from dimse.objects.edit import ElementChange, edit
from dimse.objects.outgoing import opened
from dimse.objects.sources import Encoded, MemoryOrigin

LAYOUTS = [EXPLICIT, IMPLICIT, BIG]
NAME, ID = (0x00100010, "PN", b"Doe^Jane"), (0x00100020, "LO", b"4711")
PIXELS = (0x7FE00010, "OW", bytes(5000))


def edited(elements, changes, syntax=EXPLICIT):
    data = elements if isinstance(elements, bytes) else encode(elements, syntax)
    encoded = Encoded("a.dcm", MemoryOrigin("a.dcm", data, None), ((0, len(data)),), syntax)
    source = opened(edit(encoded, changes), syntax)
    try:
        return read_all(source)
    finally:
        source.close()


def change(path, value, **more):
    parsed = ElementChange.parse(path, value)
    return ElementChange(parsed.tag, value, parsed.within, **more)


@pytest.mark.parametrize("syntax", LAYOUTS)
def test_an_element_is_replaced_and_nothing_else_touched(syntax):
    before = [*identity(), NAME, ID, PIXELS]
    after = [*identity(), (0x00100010, "PN", b"Roe^Ric "), ID, PIXELS]
    assert edited(before, [change("PatientName", "Roe^Ric")], syntax) == encode(after, syntax)


@pytest.mark.parametrize("syntax", LAYOUTS)
@pytest.mark.parametrize("name", ["PatientID", "0010,0020", "(0010,0020)", "00100020"])
def test_a_new_element_stands_in_its_place(syntax, name):
    after = [*identity(), NAME, (0x00100020, "LO", b"0815"), PIXELS]
    assert edited([*identity(), NAME, PIXELS], [change(name, "0815")], syntax) == encode(
        after, syntax
    )


@pytest.mark.parametrize("syntax", LAYOUTS)
def test_elements_are_removed_and_what_is_not_there_is_no_matter(syntax):
    changes = [change("PatientName", None), change("StudyID", None)]
    assert edited([*identity(), NAME, ID, PIXELS], changes, syntax) == encode(
        [*identity(), ID, PIXELS], syntax
    )


@pytest.mark.parametrize("syntax", LAYOUTS)
def test_numbers_have_the_byte_order_of_the_syntax(syntax):
    before = [*identity(), (0x00280010, "US", b"\2\0")]
    after = [*identity(), (0x00280010, "US", b"\2\1")]
    assert edited(before, [change("Rows", "258")], syntax) == encode(after, syntax)


@pytest.mark.parametrize("undefined", [False, True])
@pytest.mark.parametrize("syntax", LAYOUTS)
def test_elements_in_items_and_the_lengths_around_them(syntax, undefined):
    def nested(first, second):
        inner = Seq([[first]], undefined, undefined)
        items = [[(0x00400009, "SH", b"x "), (0x0040A730, "SQ", inner)], [second]]
        return [*identity(), (0x00400275, "SQ", Seq(items, undefined, undefined)), PIXELS]

    before = nested((0x00100020, "LO", b"4711"), (0x00400009, "SH", b"y "))
    after = nested((0x00100020, "LO", b"a longer one"), (0x00400009, "SH", b"step"))
    changes = [
        change("RequestAttributesSequence[0].ContentSequence[*].PatientID", "a longer one"),
        change("0040,0275[1].ScheduledProcedureStepID", "step"),
    ]
    assert edited(before, changes, syntax) == encode(after, syntax)


def test_a_group_length_that_would_be_wrong_goes():
    before = [*identity(), (0x00100000, "UL", b"\x20\0\0\0"), NAME, (0x00200000, "UL", b"\0\0\0\0")]
    after = [*identity(), (0x00100010, "PN", b"X "), (0x00200000, "UL", b"\0\0\0\0")]
    assert edited(before, [change("PatientName", "X")]) == encode(after, EXPLICIT)


def test_the_last_change_of_an_element_counts():
    changes = [change("PatientID", "1"), change("PatientID", None), change("PatientID", "22")]
    after = [*identity(), NAME, (0x00100020, "LO", b"22")]
    assert edited([*identity(), NAME, ID], changes) == encode(after, EXPLICIT)


def test_an_element_out_of_order_is_found_where_it_is():
    before = [*identity(), PIXELS, NAME]
    after = [*identity(), PIXELS, (0x00100010, "PN", b"X ")]
    assert edited(before, [change("PatientName", "X")]) == encode(after, EXPLICIT)


def test_only_what_is_there_where_that_was_asked_for():
    changes = [change("PatientName", "X", if_present=True), change("StudyID", "Y", if_present=True)]
    after = [*identity(), (0x00100010, "PN", b"X ")]
    assert edited([*identity(), NAME], changes) == encode(after, EXPLICIT)


@pytest.mark.parametrize("syntax", LAYOUTS)
def test_a_private_element_takes_the_vr_that_pydicom_knows_for_its_creator(syntax):
    creator = (0x00190010, "LO", b"SIEMENS MR HEADER ")
    after = [*identity(), creator, (0x00191008, "CS", b"IMAGE NUM ")]
    changed = edited([*identity(), creator], [change("0019,1008", "IMAGE NUM")], syntax)
    assert changed == encode(after, syntax)


def test_a_text_takes_the_character_set_that_is_set_with_it():
    changes = [change("SpecificCharacterSet", "ISO_IR 192"), change("PatientName", "山田")]
    charset = (0x00080005, "CS", b"ISO_IR 192")
    after = [charset, *identity(), (0x00100010, "PN", "山田".encode())]
    assert edited([*identity(), NAME], changes) == encode(after, EXPLICIT)


@pytest.mark.parametrize(
    ("path", "value", "why"),
    [
        ("PatientName", "山田", r"\(0010,0010\) can't be changed: .*ASCII"),
        ("Rows", "many", r"\(0028,0010\) can't be changed: US: 'many'"),
        ("PatientName[0].PatientID", "1", "is no sequence"),
        ("RequestAttributesSequence[0].PatientID", "1", r"there is no \(0040,0275\)"),
        ("ReferencedStudySequence[4].PatientID", "1", "has no such item"),
        ("0009,1001", "1", "does not know its VR"),
        ("PatientComments", "x" * 70000, "70000 bytes are too many for a LT"),
    ],
)
def test_what_can_not_be_changed_names_the_file_the_element_and_why(path, value, why):
    items = Seq([[(0x00081150, "UI", b"1.2\0")]])
    before = [*identity(), (0x00081110, "SQ", items), NAME]
    with pytest.raises(CannotChange, match=f"a.dcm: .*{why}"):
        edited(before, [change(path, value)])


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("NoSuchKeyword", "1"),
        ("", "1"),
        ("0010", "1"),
        ("PatientName[1]", "1"),
        ("0002,0010", "1.2"),
        ("0000,0100", "1"),
        ("FFFE,E000", "1"),
        ("0010,0000", "1"),
        ("PixelData", "0"),
        ("SOPInstanceUID", None),
        ("SOPClassUID", ""),
    ],
)
def test_what_is_no_change(path, value):
    with pytest.raises(InvalidValue):
        ElementChange.parse(path, value)


def test_a_damaged_data_set_is_an_error():
    data = encode([*identity(), (0x00400275, "SQ", b"\1\2\3\4\5\6\7\10\11\12")], EXPLICIT)
    with pytest.raises(CannotChange, match="is damaged"):
        edited(data, [change("RequestAttributesSequence[*].PatientID", "1")])
    with pytest.raises(InvalidFile):
        edited(encode(identity(), EXPLICIT) + b"\x10\0\x10\0??xxxxxxxx", [change("PatientID", "1")])


TAGS = [0x00080060, 0x00100010, 0x00100020, 0x00104000, 0x00200010, 0x00321033]
SOME = st.dictionaries(st.sampled_from(TAGS), st.text("abc^", min_size=1, max_size=9))


@given(st.sampled_from(LAYOUTS), SOME, SOME, st.sets(st.sampled_from(TAGS)))
def test_whatever_is_changed_every_length_is_even_and_pydicom_reads_it(syntax, old, new, gone):
    def stored(values):
        own = [(t, vr(t), (v + " " * (len(v) % 2)).encode()) for t, v in sorted(values.items())]
        return [*identity(), *own, PIXELS]

    def vr(tag):
        return pydicom.datadict.dictionary_VR(tag)

    wanted = {**old, **new}
    changes = [ElementChange(tag, value) for tag, value in new.items()]
    changes += [ElementChange(tag, None) for tag in gone]
    data = edited(stored(old), changes, syntax)
    assert data == encode(stored({t: v for t, v in wanted.items() if t not in gone}), syntax)
    elements_of(data, syntax)  # which fails at an odd length


def test_a_data_set_that_was_edited_can_be_edited_and_converted():
    data = encode([*identity(), NAME, ID, PIXELS], EXPLICIT)
    encoded = Encoded("a.dcm", MemoryOrigin("a.dcm", data, None), ((0, len(data)),), EXPLICIT)
    once = edit(encoded, [change("PatientName", "first")])
    twice = edit(once, [change("PatientID", "second")])
    source = opened(twice, IMPLICIT)
    after = [*identity(), (0x00100010, "PN", b"first "), (0x00100020, "LO", b"second"), PIXELS]
    assert read_all(source) == encode(after, IMPLICIT)
    source.close()
