"""What may be chosen when objects are sent, and what may not."""

from __future__ import annotations

from typing import Any

import pytest

from dimse.errors import InvalidValue
from dimse.policy import How, Policy
from dul.values import fields


@pytest.mark.parametrize(
    "wrong",
    [
        {"repeat": 0},
        {"max_losses": 0},
        {"look_ahead": "all"},
        {"base_contexts": ["CT"]},
        {"associations": 0},
        {"rate": 0.0},
        {"bandwidth": 100.0},
    ],
)
def test_what_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidValue, match=next(iter(wrong))):
        Policy(**wrong)


def test_the_keywords_of_a_client_are_the_attributes_of_a_policy() -> None:
    attributes = {each.name: each.type for each in fields(Policy)}
    hints = {name: hint.__forward_arg__ for name, hint in How.__annotations__.items()}
    assert hints == attributes
