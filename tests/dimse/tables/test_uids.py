"""The grammar of UIDs (PS3.5 9.1), and what travels all the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dimse.tables import uids

components = st.integers(0, 10**6).map(str)
texts = st.text(st.sampled_from("0123456789."), max_size=70)


@given(st.lists(components, min_size=1, max_size=9).map(".".join))
def test_components_without_leading_zeros_are_a_uid(uid: str):
    assert uids.is_uid(uid) is (len(uid) <= uids.MAXIMUM_UID_LENGTH)


@given(texts)
def test_digits_and_dots_travel_as_long_as_they_fit(text: str):
    assert uids.is_sendable(text) is (1 <= len(text) <= uids.MAXIMUM_UID_LENGTH)


@given(texts)
def test_what_is_a_uid_travels(text: str):
    assert not uids.is_uid(text) or uids.is_sendable(text)
    by_the_letter = all(each == "0" or each[:1] not in {"", "0"} for each in text.split("."))
    assert uids.is_uid(text) is (by_the_letter and len(text) <= uids.MAXIMUM_UID_LENGTH)


@pytest.mark.parametrize("text", ["", "1.2.x", "1.2 ", "1.2\0", "1,2", "-1.2", "1.2\n", "\u0661.2"])
def test_other_characters_are_no_uid(text: str):
    assert not uids.is_uid(text)
    assert not uids.is_sendable(text)


@pytest.mark.parametrize("text", ["1..2", "1.02", ".1", "1."])
def test_a_careless_uid_travels_and_is_none(text: str):
    assert uids.is_sendable(text)
    assert not uids.is_uid(text)


def test_our_own_are_by_the_letter():
    ours = [getattr(uids, name) for name in uids.__all__ if name.isupper()]
    checked = [each for each in ours if isinstance(each, str) and each[0].isdigit()]
    assert len(checked) >= 6
    assert all(map(uids.is_uid, checked))
    assert 1 <= len(uids.IMPLEMENTATION_VERSION_NAME) <= 16  # PS3.7 D.3.3.2.3
