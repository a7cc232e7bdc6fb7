"""Texts of a user's in the bytes of a VR: as pydicom reads them again."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dimse.errors import InvalidValue
from dimse.objects.values import encode_value
from dimse.tables.vrs import LONG_VRS, SHORT_VRS


@pytest.mark.parametrize(
    ("vr", "text", "value"),
    [
        (b"PN", "Doe^Jane", b"Doe^Jane"),
        (b"PN", "Doe^J", b"Doe^J "),
        (b"UI", "1.2.3", b"1.2.3\0"),
        (b"US", "1\\65535\\0x10", struct.pack("<3H", 1, 65535, 16)),
        (b"SS", "-1", b"\xff\xff"),
        (b"FD", "1.5", struct.pack("<d", 1.5)),
        (b"AT", "(0010,0020)\\0020,000D", struct.pack("<4H", 0x10, 0x20, 0x20, 0x0D)),
        (b"OB", "00\\ff\\7", b"\0\xff\7\0"),
        (b"OW", "ff01", b"\x01\xff"),
        (b"DA", "20261130", b"20261130"),
        (b"LT", "one\\value", b"one\\value "),
        (b"SQ", "", b""),
    ],
)
def test_a_value(vr, text, value):
    assert encode_value(vr, text) == value


@pytest.mark.parametrize(
    ("vr", "text", "why"),
    [
        (b"US", "65536", "no value of this VR"),
        (b"US", "many", "no value of this VR"),
        (b"UI", "1.2.x", "is no UID"),
        (b"UI", "1" * 65, "is no UID"),
        (b"AT", "0010", "no value of this VR"),
        (b"CS", "A" * 17, "more than 16"),
        (b"PN", "x" * 65, "more than 64"),
        (b"SQ", "something", "a sequence"),
        (b"CS", "Ä", "does not allow"),
        (b"PN", "Müller", "set it as well"),
    ],
)
def test_what_is_no_value(vr, text, why):
    with pytest.raises(InvalidValue, match=why):
        encode_value(vr, text)


@pytest.mark.parametrize(
    ("charset", "codec", "text"),
    [
        (b"ISO_IR 100", "latin-1", "Müller^Jörg"),
        (b"ISO_IR 192", "utf-8", "Yamada^Tarou=山田^太郎"),
        (b"ISO_IR 144", "iso8859_5", "Люкceмбypг"),  # noqa: RUF001 - PS3.5 H.3
    ],
)
def test_a_text_takes_the_character_set_of_its_data_set(charset, codec, text):
    value = encode_value(b"PN", text, charset)
    assert value.decode(codec).rstrip(" ") == text
    assert encode_value(b"LO", text, charset) == value


def test_what_the_character_set_has_not_is_an_error_and_no_question_mark():
    with pytest.raises(InvalidValue, match="ISO_IR 100"):
        encode_value(b"LO", "山田", b"ISO_IR 100")


@given(st.sampled_from([*SHORT_VRS, *LONG_VRS]), st.text(max_size=80))
def test_any_text_is_a_value_of_even_length_or_an_error(vr, text):
    for charset in (b"", b"ISO_IR 100", b"ISO_IR 192", b"nonsense"):
        try:
            value = encode_value(vr, text, charset)
        except InvalidValue:
            continue
        assert len(value) % 2 == 0
