"""Values as parts of file names."""

from __future__ import annotations

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from dimse.storage.cleaning import ABSENT, cleaned


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("..", "_."),
        (".", "_"),
        ("...", "_.."),
        ("a/../b", "a_.._b"),
        ("/etc/passwd", "_etc_passwd"),
        ("a\\b", "a_b"),
        ("a\0b\nc\x1b[1m", "a_b_c_[1m"),
        ("  ", ABSENT),
        ("", ABSENT),
        (".hidden", "_hidden"),
        ("C:*?", "C___"),
        ("\u5c71\u7530", "\u5c71\u7530"),
        ("M\u0075\u0308ller", "M\u00fcller"),
        ("a\u202eb", "a_b"),  # would turn what stands behind it on the screen
        ("a\ud800b", "a_b"),
    ],
)
def test_values_are_cleaned(value, text):
    assert cleaned(value) == text


def test_long_values_are_cut_and_stay_apart():
    one, two = cleaned("\u5c71" * 300 + "1"), cleaned("\u5c71" * 300 + "2")
    assert one != two
    assert len(one.encode()) <= 200


@settings(deadline=None)
@given(st.text(max_size=300))
def test_nothing_leads_out_of_the_directory(text):
    name = cleaned(text)
    assert name
    assert not {"/", "\0"} & set(name)
    assert name[0] != "."
    assert len(name.encode()) <= 200
