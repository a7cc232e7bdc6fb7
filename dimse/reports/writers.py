"""Reports as files, a whole document after each row: who kills the process keeps what was written.

- JSON: an array. Its closing bracket is overwritten by the next row, in one call of the operating
  system, so that the file is an array at any time and needs no reader for JSON lines.
- CSV: a line a row.
- HTML: rows behind a page that is complete without its end; see `page`.
"""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Callable
from pathlib import Path

from dimse.reports.page import html_head, html_row
from dimse.reports.rows import REPORT_COLUMNS, ReportRow
from dul.values import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from typing import IO

__all__ = ["REPORT_KINDS", "RowWriter", "open_writer"]


class RowWriter(Protocol):
    """Writes rows; raises OSError where the file can't be written."""

    def write(self, row: ReportRow) -> None:
        """Add a row."""
        ...

    def close(self) -> None:
        """Close the file. Idempotent."""
        ...


class _Json:
    def __init__(self, file: IO[bytes], title: str) -> None:  # noqa: ARG002 - it has none
        self._file = file
        self._end = _put(file, 0, b"[\n]\n") - len(b"\n]\n")

    def write(self, row: ReportRow) -> None:
        values = {name: getattr(row, name) for name in REPORT_COLUMNS}
        separator = "\n" if row.number == 1 else ",\n"
        text = f"{separator}{json.dumps(values)}\n]\n"
        self._end = _put(self._file, self._end, text.encode("ascii")) - len(b"\n]\n")

    def close(self) -> None:
        self._file.close()


class _Csv:
    def __init__(self, file: IO[bytes], title: str) -> None:  # noqa: ARG002 - it has none
        self._file = file
        self._end = self._line(0, REPORT_COLUMNS)

    def write(self, row: ReportRow) -> None:
        self._end = self._line(self._end, [_cell(getattr(row, name)) for name in REPORT_COLUMNS])

    def _line(self, at: int, values: object) -> int:
        line = io.StringIO(newline="")
        csv.writer(line).writerow(values)  # type: ignore[arg-type] # a list or a tuple
        # A name of any bytes stays what it is.
        return _put(self._file, at, line.getvalue().encode("utf-8", "surrogateescape"))

    def close(self) -> None:
        self._file.close()


def _cell(value: object) -> object:
    """A value that no spreadsheet takes for a formula: what a peer says is not to be run."""
    if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")):
        return f"'{value}"
    return value


class _Html:
    def __init__(self, file: IO[bytes], title: str) -> None:
        self._file = file
        self._end = _put(file, 0, html_head(title).encode("utf-8", "backslashreplace"))

    def write(self, row: ReportRow) -> None:
        data = html_row(row).encode("utf-8", "backslashreplace")
        self._end = _put(self._file, self._end, data)

    def close(self) -> None:
        self._file.close()


def _put(file: IO[bytes], at: int, data: bytes) -> int:
    """Write at a position, with one call if the system lets us; gives the position behind it."""
    view = memoryview(data)
    while view:
        count = os.pwrite(file.fileno(), view, at)
        at += count
        view = view[count:]
    return at


REPORT_KINDS: dict[str, Callable[[IO[bytes], str], RowWriter]] = {
    ".json": _Json,
    ".csv": _Csv,
    ".html": _Html,
    ".htm": _Html,
}
"""The kinds of reports, by the ends of their names."""


def open_writer(path: Path, title: str) -> RowWriter:
    """A report that is begun; what was in the file is gone.

    Args:
        path: the file; its suffix is one of `REPORT_KINDS`, in either case.
        title: of a page.

    Raises:
        KeyError: it has another suffix.
        OSError: it can't be written.
    """
    kind = REPORT_KINDS[path.suffix.lower()]
    file = path.open("wb", buffering=0)
    try:
        return kind(file, title)
    except BaseException:
        file.close()
        raise
