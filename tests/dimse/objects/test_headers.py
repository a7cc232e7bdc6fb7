"""Elements whose VR is none: where they end, in whichever form they were written."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from tests_datasets import BIG, EXPLICIT, encode

from dimse.objects.headers import Header, unknown_vr
from dimse.objects.layout import EXPLICIT_BIG, EXPLICIT_LITTLE
from dimse.objects.window import Window
from dimse.tables.vrs import ELEMENT_HEADER_LENGTH

LETTERS = [b"ZZ", b"OX", b"ui", b"--", b"??", b"  ", b"\0\0", b"\x04\0", b"\xff\xff"]
TAG = 0x00211001


def found(data, layout=EXPLICIT_LITTLE, *, may_lack_vr=True):
    return unknown_vr(Window.over("f", data), 0, len(data), layout, may_lack_vr=may_lack_vr)


def forms(letters, value, syntax, tag=TAG):
    """The element in its three forms, and what `unknown_vr` is to say of each."""
    order = "big" if syntax == BIG else "little"
    start = encode([(tag, "US", b"")], syntax)[:4]
    length = len(value)
    return {
        Header(8, length, letters): start + letters + length.to_bytes(2, order) + value,
        Header(12, length, letters): start + letters + b"\0\0" + length.to_bytes(4, order) + value,
        Header(8, length, b""): start + length.to_bytes(4, order) + value,
    }


@pytest.mark.parametrize("syntax", [EXPLICIT, BIG])
@pytest.mark.parametrize("letters", LETTERS)
@pytest.mark.parametrize("value", [b"", b"ab", b"abcdefgh" * 40])
def test_each_form_is_told_by_what_follows(letters, value, syntax):
    layout = EXPLICIT_BIG if syntax == BIG else EXPLICIT_LITTLE
    following = encode([(0x00280010, "US", b"\1\0")], syntax)
    again = forms(letters, value, syntax, TAG + 1)
    for header, element in forms(letters, value, syntax).items():
        for rest in (following, again[header] + following, b""):
            told = found(element + rest, layout)
            assert told is not None
            assert told.size + told.length == header.size + header.length, (header, rest)


@given(
    st.binary(min_size=2, max_size=2).filter(lambda vr: vr not in ELEMENT_HEADER_LENGTH),
    st.binary(max_size=40),
    st.sampled_from([8, 12]),
)
def test_any_letters_in_front_of_a_known_element(letters, value, size):
    header, element = next(
        each for each in forms(letters, value, EXPLICIT).items() if each[0].size == size
    )
    # What looks like the beginning of another element might as well be one.
    assume(not any(vr in value for vr in ELEMENT_HEADER_LENGTH) and b"\xfe\xff" not in value)
    assume(not any(vr in element[4:12] for vr in ELEMENT_HEADER_LENGTH) and bytes(8) not in value)
    told = found(element + encode([(0x00280010, "US", b"\1\0")], EXPLICIT), may_lack_vr=False)
    assert told == header


@pytest.mark.parametrize("letters", LETTERS)
def test_the_first_element_of_a_data_set_has_a_vr(letters):
    """Without one it is another transfer syntax."""
    implicit = b"\x08\0\x16\0\x1a\0\0\0" + b"1.2.840.10008.5.1.4.1.1.7\0"
    assert found(implicit, may_lack_vr=False) is None


def test_nothing_speaks_for_any_form():
    noise = b"\1\2\3\4" * 20
    assert found(b"\x21\0\1\x10??\4\0" + noise) is None
    # A VR to come has the long form; some have an invented one, with the short form.
    assert found(b"\x21\0\1\x10ZZ\4\0" + noise) == Header(8, 4, b"ZZ")
    assert found(b"\x21\0\1\x10ZZ\0\0\4\0\0\0" + noise) == Header(12, 4, b"ZZ")
    assert found(b"\x21\0\1\x10ZZ\xff\xff" + noise) is None
