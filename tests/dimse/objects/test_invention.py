"""Identifiers that are made up: counted as DCMTK does, and UIDs that keep their relations."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dimse.errors import InvalidValue
from dimse.objects.invention import Invention, suffixed
from dimse.tables.uids import is_uid


def invented(number, **counts):
    changes = Invention(run="17960497640", **counts).changes(number)
    return {change.tag: change.value for change in changes}


def test_the_texts_and_numbers_are_dcmtks():
    """What `storescu +II +IR 2 +IS 2 +IP 1` of DCMTK 3.6.7 wrote into the 6th object."""
    own = invented(5, instances=2, series=2, studies=1)
    assert own[0x00100010] == "OFFIS^TEST_PN_179604976401"
    assert own[0x00100020] == "PID_179604976401"
    assert own[0x00200010] == "SID_179604976401"
    assert (own[0x00200011], own[0x00200013]) == ("2", "1")


def test_each_level_ends_where_it_is_full():
    numbers = range(24)
    all_of = [invented(n, instances=2, series=3, studies=2) for n in numbers]
    for tag, each in [(0x0020000E, 2), (0x0020000D, 6), (0x00100020, 12), (0x00080018, 1)]:
        values = [own[tag] for own in all_of]
        assert len(set(values)) == 24 // each
        assert all(values[n] == values[n // each * each] for n in numbers)


def test_only_the_instance_uid_is_put_where_there_is_none():
    changes = Invention(run="1").changes(0)
    assert [change.tag for change in changes if not change.if_present] == [0x00080018]


@pytest.mark.parametrize("count", ["instances", "series", "studies"])
def test_there_is_at_least_one_of_each(count):
    with pytest.raises(InvalidValue, match=count):
        Invention(run="1", **{count: 0})


@given(st.integers(0, 10**9), st.text(min_size=1, max_size=20))
def test_what_is_made_up_is_a_uid_and_the_same_again(number, run):
    own = invented(number)
    for tag in (0x0020000D, 0x0020000E, 0x00080018):
        assert is_uid(own[tag])
    assert own == invented(number)
    assert Invention(run=run).changes(number) == Invention(run=run).changes(number)


def test_a_suffix_is_put_behind_and_where_it_is_too_long_something_stands_for_it():
    assert suffixed("1.2.3", "7") == "1.2.3.7"
    long = "1." + "2" * 60
    assert is_uid(suffixed(long, "77"))
    assert suffixed(long, "77") == suffixed(long, "77") != suffixed(long, "78")
