"""A table of text: its rows are made when they are asked for."""

from __future__ import annotations

import pytest

from dimse.tables import TextTable

TEXT = """
1.2  N Two
1.2.3  Y Three
1.9  N Nine
"""


def test_a_row_is_made_once_and_when_it_is_asked_for():
    made = []

    def read(line: str) -> list[str]:
        made.append(line)
        return line.split()

    table = TextTable(TEXT, read)
    assert (list(table), len(table), "1.9" in table, "1" in table) == (
        ["1.2", "1.2.3", "1.9"],
        3,
        True,
        False,
    )
    assert not made
    assert table["1.2"] is table["1.2"]
    assert table.get("1") is None
    with pytest.raises(KeyError, match=r"1\.5"):
        _ = table["1.5"]
    assert made == ["1.2  N Two"]
    assert table == {
        "1.2": ["1.2", "N", "Two"],
        "1.2.3": ["1.2.3", "Y", "Three"],
        "1.9": ["1.9", "N", "Nine"],
    }
