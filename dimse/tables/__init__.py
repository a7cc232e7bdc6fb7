"""The facts of the standard as tables: UIDs, SOP classes, transfer syntaxes, statuses, the data dictionary."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from dul.values import TypeVar

__all__ = ["TextTable"]

Row = TypeVar("Row")


class TextTable(Mapping[str, Row]):
    """Rows by their UID, the first word of their line. A row is made when it is first asked for.

    A run needs two rows of a table that has hundreds.
    """

    def __init__(self, text: str, read: Callable[[str], Row]) -> None:
        """The table of a text with a line for each row, and what makes a row of a line."""
        self._lines = {line.partition(" ")[0]: line for line in text.strip().splitlines()}
        self._read = read
        self._rows: dict[str, Row] = {}

    def __getitem__(self, uid: str) -> Row:
        row = self._rows.get(uid)
        if row is None:
            row = self._rows[uid] = self._read(self._lines[uid])
        return row

    def __contains__(self, uid: object) -> bool:
        return uid in self._lines

    def __iter__(self) -> Iterator[str]:
        return iter(self._lines)

    def __len__(self) -> int:
        return len(self._lines)
