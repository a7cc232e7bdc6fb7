"""Hypothesis strategies that the tests of the message layer share."""

from __future__ import annotations

from hypothesis import strategies as st

from dimse.tables.command_elements import ELEMENTS

_printable = st.characters(min_codepoint=0x20, max_codepoint=0x7E, exclude_characters="\\")


def _text(most: int) -> st.SearchStrategy[str]:
    """Text in the form in which the wire gives it back: no blanks around it, not empty."""
    return st.text(_printable, min_size=1, max_size=most).map(lambda s: s.strip(" ")).filter(bool)


_BY_VR = {
    "US": st.integers(0, 0xFFFF),
    "UI": st.from_regex(r"[0-9.]{1,64}", fullmatch=True),
    "AE": _text(16),
    "LO": _text(64),
    "AT": st.lists(st.integers(0, 0xFFFFFFFF), min_size=1, max_size=20).map(tuple),
}

# Per keyword, every value that may be sent. The group length is not for the caller to choose.
COMMAND_VALUES = {e.keyword: _BY_VR[e.vr] for e in ELEMENTS[1:]} | {
    "Priority": st.sampled_from([0, 1, 2])
}
COMMAND_SETS = st.fixed_dictionaries({}, optional=COMMAND_VALUES)
