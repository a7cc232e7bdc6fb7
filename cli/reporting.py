"""The files of --report and +crf: written while objects are sent, and no reason not to send them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

from dimse import Entry
from dimse.events import ClientEvent
from dul.values import Protocol

from .report import Report
from .storescu_options import StorescuSettings

__all__ = ["ReportFiles"]


class _File(Protocol):
    """A report that is written; its methods raise OSError."""

    def tell(self, event: ClientEvent) -> None: ...
    def finish(self, entries: Iterable[Entry]) -> None: ...
    def close(self) -> None: ...


class ReportFiles:
    """The reports that are wanted. One that can't be written any more is said once, and left.

    Args:
        settings: which they are.
        report: where is said what goes wrong.

    Attributes:
        failed: one could not be written to its end.
    """

    def __init__(self, settings: StorescuSettings, report: Report) -> None:
        self._settings = settings
        self._report = report
        self._files: dict[str, _File] = {}
        self.failed = False

    def begin(self) -> bool:
        """Open them; False: one can't be, which is said."""
        for path, opened in self._wanted():
            try:
                self._files[path] = opened()
            except OSError as error:
                self._report.fatal(f"{path}: cannot create report file: {error.strerror}")
                self._close()
                return False
        return True

    def tell(self, event: ClientEvent) -> None:
        """Write what there is to be written of an event."""
        if not self._files:
            return
        for path, file in list(self._files.items()):
            self._try(path, partial(file.tell, event))

    def finish(self, entries: Iterable[Entry]) -> None:
        """Write what was not sent, and close the files."""
        for path, file in list(self._files.items()):
            self._try(path, partial(file.finish, entries))
        self._close()

    def _wanted(self) -> Iterable[tuple[str, Callable[[], _File]]]:
        settings = self._settings
        if settings.report is not None:
            # Few want one.
            from dimse.reports import SendReport  # noqa: PLC0415

            path, title = settings.report, f"{settings.called_ae_title} at {settings.peer}"
            yield path, lambda: SendReport(path, title=f"Objects sent to {title}")
        if settings.create_report is not None:
            # Nor this.
            from .dcmsendreport import DcmsendReport  # noqa: PLC0415

            name = settings.create_report
            yield name, lambda: DcmsendReport(name, settings)

    def _try(self, path: str, act: Callable[[], None]) -> None:
        try:
            act()
        except OSError as error:
            self._files.pop(path).close()
            self.failed = True
            self._report.error(
                f"report file {path} can't be written: {error.strerror}; sending goes on without"
            )

    def _close(self) -> None:
        for each in self._files.values():
            each.close()
        self._files.clear()
