"""A report, made of the events of a run."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType

from dimse.engine import Entry, Verdict
from dimse.errors import InvalidValue
from dimse.events import Associated, ClientEvent
from dimse.objects.finder import LeftOut
from dimse.outcome import Outcome
from dimse.reports.rows import ReportRow
from dimse.reports.writers import REPORT_KINDS, open_writer
from dul.values import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Self

__all__ = ["SendReport"]


class SendReport:
    """Writes a row for each object, at once. A context manager.

    Args:
        path: the file, which is overwritten: .json, .csv or .html.
        title: of a page.

    Raises:
        InvalidValue: a name with another end.
        OSError: the file can't be written. So do its methods.
    """

    def __init__(self, path: str | os.PathLike[str], *, title: str = "Objects sent") -> None:
        path = Path(path)
        if path.suffix.lower() not in REPORT_KINDS:
            raise InvalidValue(
                "path", f"{path}: a report's name ends with {', '.join(REPORT_KINDS)}"
            )
        began = time.strftime("%Y-%m-%d %H:%M:%S %z")
        self._writer = open_writer(path, f"{title}, {began}")
        self._since = time.monotonic()
        self._rows = 0
        self._associations = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def tell(self, event: ClientEvent) -> None:
        """Write what an event says of an object, if it does."""
        match event:
            case Outcome():
                self._rows += 1
                at = time.monotonic() - self._since
                self._writer.write(ReportRow.of(event, self._rows, at, self._associations))
            case LeftOut():
                self._add(str(event.path), "left out", event.reason.value)
            case Associated():
                self._associations += 1

    def finish(self, entries: Iterable[Entry]) -> None:
        """Add what was asked for and has no outcome.

        Args:
            entries: those of the `Sending`, at its end.
        """
        for entry in entries:
            if entry.verdict is Verdict.BEGUN:
                self._add(entry.name, "not sent", "interrupted in it")
            elif entry.verdict is Verdict.NOT_SENT:
                self._add(entry.name, "not sent", "not tried")

    def close(self) -> None:
        """Close the file. Idempotent."""
        self._writer.close()

    def _add(self, file: str, result: str, meaning: str) -> None:
        self._rows += 1
        at = round(time.monotonic() - self._since, 3)
        row = ReportRow(number=self._rows, at=at, file=file, result=result, meaning=meaning)
        self._writer.write(row)
