"""What may be chosen when objects are sent, and what may not."""

from __future__ import annotations

from typing import Any

import pytest

from dimse.errors import InvalidValue
from dimse.policy import Policy


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
        {"rate": "5"},
        {"bandwidth": "1000000"},
        {"retry": 3},
        {"journal": "night.journal"},
        {"preparation": {}},
    ],
)
def test_what_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidValue, match=next(iter(wrong))):
        Policy(**wrong)
