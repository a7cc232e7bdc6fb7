"""What `dul` and `dimse` have to say through `logging`, in the tools' form."""

from __future__ import annotations

import logging
from types import TracebackType

from dul.values import TYPE_CHECKING

from .report import Level, Report

if TYPE_CHECKING:
    from typing import Self

__all__ = ["Logs"]

_PACKAGES = ("dul", "dimse")


class Logs(logging.Handler):
    """While it is entered, a report also says what is logged.

    Args:
        report: says it.
    """

    def __init__(self, report: Report) -> None:
        super().__init__(logging.WARNING)  # what is below is said by the tools, in their own words
        self._report = report

    def __enter__(self) -> Self:
        for name in _PACKAGES:
            logging.getLogger(name).addHandler(self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for name in _PACKAGES:
            logging.getLogger(name).removeHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        """Say one thing that was logged."""
        level = Level.ERROR if record.levelno >= logging.ERROR else Level.WARN
        self._report.say(level, self.format(record))
