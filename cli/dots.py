"""DCMTK's line of dots on standard output, one for each PDU of a data set: "XMIT: ....".

It is there at level INFO only. On a terminal that shows our progress display it is not: that says more.
"""

from __future__ import annotations

import sys

from .report import Level, Report

__all__ = ["Dots"]


class Dots:
    """The dots of one object after the other.

    Attributes:
        fragment: the largest number of bytes that goes into a PDU.
    """

    def __init__(self, report: Report) -> None:
        terminal = sys.stdout.isatty() and sys.stderr.isatty()
        self._wanted = report.level is Level.INFO and not terminal
        self.fragment = 1
        self._shown = 0
        self._begun = False

    def begin(self) -> None:
        """An object is on its way."""
        self._begun = True
        self._shown = 0
        self._write("XMIT: ")

    def reached(self, count: int) -> None:
        """So many bytes of it are out."""
        dots = count // self.fragment - self._shown
        if dots > 0:
            self._shown += dots
            self._write("." * dots)

    def end(self, length: int | None) -> None:
        """It was answered, having been so long; None: it was not."""
        if self._begun and length is not None:
            self.reached(-(-length // self.fragment) * self.fragment)
            self._write("\n")
        self._begun = False

    def _write(self, text: str) -> None:
        if not self._wanted:
            return
        try:
            sys.stdout.write(text)
            sys.stdout.flush()
        except (OSError, ValueError):
            self._wanted = False  # nobody listens any more; the work goes on
