"""How far the work is: a display on a terminal, lines elsewhere; files, bytes, rate, time left, failures."""

from __future__ import annotations

import os
import sys
import time
from types import TracebackType

from dul.values import TYPE_CHECKING

from .report import Level, Report

if TYPE_CHECKING:
    from typing import Self

    from rich.progress import Progress, TaskID

__all__ = ["Display"]

# What is over before then needs no display, nor the time to load one.
_AFTER = 0.5
# Seconds between two lines, where there is no display.
_LINES = 10.0
_SHOW_CURSOR = b"\x1b[?25h"


class Display:
    """Shows how far the work is, if nothing else is said there.

    On a terminal, at the levels W and I, by rich; a line each ten seconds at the level I, or on a
    terminal without rich.

    Args:
        report: whose lines go above the display while there is one.
        files: how many there are to send, copies included, as far as that is known.
        length: how many bytes these have.
    """

    def __init__(self, report: Report, files: int = 0, length: int = 0) -> None:
        self._report = report
        terminal = report.level in {Level.WARN, Level.INFO} and sys.stderr.isatty()
        self._wanted = terminal or report.level is Level.INFO
        self._by_rich = terminal
        self._files = files
        self._length = length
        self._file = 0
        self._failed = 0
        self._sent = 0  # bytes of finished files
        self._partly = 0  # bytes of the present one
        self._since = self._told = time.monotonic()
        self._write = report.write
        self._progress: Progress | None = None
        self._task: TaskID | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def expect(self, files: int, length: int) -> None:
        """There are so many more."""
        self._files += files
        self._length += length
        if self._progress is not None and self._task is not None:
            self._progress.update(self._task, total=self._length)

    def reached(self, count: int) -> None:
        """So many bytes of the present file are out."""
        self._partly = count
        if self._wanted:
            self._update()

    def finish(self, length: int, *, failed: bool = False) -> None:
        """The present file, whose bytes were reckoned so many at the start, is over."""
        self._file += 1
        self._failed += failed
        self._sent += length
        self._partly = 0
        if self._wanted:
            self._update()

    def close(self) -> None:
        """Leave the terminal as it was."""
        if self._progress is not None:
            self._progress.stop()
            self._progress = None
            self._report.write = self._write
        self._wanted = False

    def at_once(self) -> None:
        """The process is about to end in a signal handler: give the cursor back."""
        if self._progress is not None:
            os.write(2, _SHOW_CURSOR + b"\n")

    def _update(self) -> None:
        now = time.monotonic()
        if self._by_rich and self._progress is None:
            if now - self._since < _AFTER:
                return
            self._by_rich = self._open()
        if not self._by_rich:
            if now - self._told >= _LINES:
                self._told = now
                self._tell(now - self._since)
            return
        assert self._progress is not None
        assert self._task is not None
        self._progress.update(
            self._task,
            completed=self._done,
            file=min(self._file + 1, self._files),
            files=self._files,
            failed=self._failures,
        )

    @property
    def wanted(self) -> bool:
        """Whether it may show something."""
        return self._wanted

    @property
    def _done(self) -> int:
        return min(self._sent + self._partly, self._length)

    @property
    def _failures(self) -> str:
        return f"{self._failed} failed" if self._failed else ""

    def _tell(self, elapsed: float) -> None:
        """Say it in a line."""
        rate = self._done / elapsed
        parts = [
            f"{self._file} of {self._files} files",
            f"{self._done / 1e6:.1f} of {self._length / 1e6:.1f} MB",
            f"{rate / 1e6:.1f} MB/s",
        ]
        if rate:
            parts.append(f"{(self._length - self._done) / rate:.0f} s left")
        if self._failed:
            parts.append(self._failures)
        self._report.say(min(self._report.level, Level.INFO), f"progress: {', '.join(parts)}")

    def _open(self) -> bool:
        """Begin the display; False if there can't be one."""
        # Loading rich takes as long as starting the tool; only a person at a terminal waits for it.
        try:
            from rich import progress  # noqa: PLC0415
            from rich.console import Console  # noqa: PLC0415
        except ImportError:
            return False

        console = Console(stderr=True)
        self._progress = progress.Progress(
            progress.TextColumn("file {task.fields[file]}/{task.fields[files]}"),
            progress.BarColumn(),
            progress.DownloadColumn(),
            progress.TransferSpeedColumn(),
            progress.TimeRemainingColumn(),
            progress.TextColumn("[bold red]{task.fields[failed]}"),
            console=console,
            transient=True,
        )
        self._task = self._progress.add_task(
            "sending",
            total=self._length,
            file=self._file + 1,
            files=self._files,
            failed=self._failures,
        )
        self._progress.start()

        def above(lines: str) -> None:
            console.print(lines, end="", markup=False, highlight=False, soft_wrap=True)

        self._report.write = above
        return True
