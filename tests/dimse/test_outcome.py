"""What an outcome says of an object, from its status alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dimse.errors import CannotEncode
from dimse.outcome import Outcome
from dimse.tables.status import StatusClass


@given(st.integers(0, 0xFFFF))
def test_stored_is_success_or_a_warning_and_nothing_else(status: int):
    """PS3.7 Annex C: 0000H; 0001H, 0107H, 0116H and BxxxH."""
    outcome = Outcome(file=None, status=status)
    warning = status in {1, 0x0107, 0x0116} or 0xB000 <= status <= 0xBFFF
    assert outcome.stored is (status == 0 or warning)
    assert (outcome.status_class is StatusClass.WARNING) is warning


def test_without_an_answer_it_is_a_failure_and_the_error_is_what_it_means():
    error = CannotEncode("it", "for a reason")
    outcome = Outcome(file=None, error=error)
    assert not outcome.stored
    assert outcome.status_class is StatusClass.FAILURE
    assert outcome.meaning == str(error)
    assert "for a reason" in outcome.meaning


@pytest.mark.parametrize(("status", "words"), [(0x0000, "Success"), (0xA700, "Out of Resources")])
def test_a_status_has_the_standards_words(status: int, words: str):
    assert words.lower() in Outcome(file=None, status=status).meaning.lower()
