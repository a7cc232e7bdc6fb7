"""storescu with a journal is killed at some moments; `make kills` does it a hundred times for each."""

from __future__ import annotations

import pytest
from killing import hunt


@pytest.mark.parametrize(("options", "flying"), [((), 1), (("--associations", "3"), 3)])
def test_a_kill_loses_no_confirmation_and_repeats_at_most_what_was_on_its_way(
    options: tuple[str, ...], flying: int
) -> None:
    account = hunt(3, *options, count=12, flying=flying)
    assert account.kills == 3
    assert account.finished >= 1
