"""The file of --report: written while objects are sent, and no reason not to send them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dimse import Entry
from dimse.errors import Unreadable
from dimse.events import ClientEvent

from .report import Report

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dimse.reports import SendReport

__all__ = ["ReportFile"]


class ReportFile:
    """A report, if one is wanted. One that can't be written any more is said once, and left.

    Args:
        path: its name; None: there is none.
        title: of a page.
        report: where is said what goes wrong.

    Attributes:
        failed: it could not be written to its end.

    Raises:
        Unreadable: it can't be begun.
    """

    def __init__(self, path: str | None, title: str, report: Report) -> None:
        self._path = path
        self._report = report
        self._file: SendReport | None = None
        self.failed = False
        if path is not None:
            # Few want one.
            from dimse.reports import SendReport  # noqa: PLC0415

            try:
                self._file = SendReport(path, title=title)
            except OSError as error:
                raise Unreadable(path, f"cannot create report file: {error.strerror}") from error

    def tell(self, event: ClientEvent) -> None:
        """Write what there is to be written of an event."""
        if self._file is not None:
            try:
                self._file.tell(event)
            except OSError as error:
                self._fail(error)

    def finish(self, entries: Iterable[Entry]) -> None:
        """Write what was not sent, and close the file."""
        if self._file is not None:
            try:
                self._file.finish(entries)
            except OSError as error:
                self._fail(error)
        if self._file is not None:
            self._file.close()
            self._file = None

    def _fail(self, error: OSError) -> None:
        assert self._file is not None  # it has just failed
        self._file.close()
        self._file = None
        self.failed = True
        self._report.error(
            f"report file {self._path} can't be written: {error.strerror}; sending goes on without"
        )
