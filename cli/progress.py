"""A progress display on a terminal: files, bytes, rate, time left."""

from __future__ import annotations

import os
import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, Self

from cli.report import Level, Report

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

__all__ = ["Display"]

# What is over before then needs no display, nor the time to load one.
_AFTER = 0.5
_SHOW_CURSOR = b"\x1b[?25h"


class Display:
    """Shows how far the work is, if standard error is a terminal and nothing else is said there.

    Args:
        report: whose lines go above the display while there is one.
        files: how many there are to send, copies included, as far as that is known.
        length: how many bytes these have.
    """

    def __init__(self, report: Report, files: int = 0, length: int = 0) -> None:
        self._report = report
        self._wanted = report.level in {Level.WARN, Level.INFO} and sys.stderr.isatty()
        self._files = files
        self._length = length
        self._file = 0
        self._sent = 0  # bytes of finished files
        self._partly = 0  # bytes of the present one
        self._since = time.monotonic()
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
        self._update()

    def finish(self, length: int) -> None:
        """The present file, whose bytes were reckoned so many at the start, is over."""
        self._file += 1
        self._sent += length
        self._partly = 0
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
        if not self._wanted:
            return
        if self._progress is None:
            if time.monotonic() - self._since < _AFTER:
                return
            self._open()
        assert self._progress is not None
        assert self._task is not None
        done = min(self._sent + self._partly, self._length)
        self._progress.update(
            self._task, completed=done, file=min(self._file + 1, self._files), files=self._files
        )

    def _open(self) -> None:
        # Loading rich takes as long as starting the tool; only a person at a terminal waits for it.
        from rich import progress  # noqa: PLC0415
        from rich.console import Console  # noqa: PLC0415

        console = Console(stderr=True)
        self._progress = progress.Progress(
            progress.TextColumn("file {task.fields[file]}/{task.fields[files]}"),
            progress.BarColumn(),
            progress.DownloadColumn(),
            progress.TransferSpeedColumn(),
            progress.TimeRemainingColumn(),
            console=console,
            transient=True,
        )
        self._task = self._progress.add_task(
            "sending", total=self._length, file=self._file + 1, files=self._files
        )
        self._progress.start()

        def above(lines: str) -> None:
            console.print(lines, end="", markup=False, highlight=False, soft_wrap=True)

        self._report.write = above
