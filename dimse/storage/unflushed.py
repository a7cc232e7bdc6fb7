"""Files that are in their place, but not certainly on the disk yet."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterable
from pathlib import Path

from dimse.storage.grouped import Grouped
from dul.values import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Final

__all__ = ["MAXIMUM_UNFLUSHED", "Unflushed"]

MAXIMUM_UNFLUSHED: Final = 1000
"""Files that wait for their flush at most; who adds one more flushes them all."""


class Unflushed:
    """The files that wait for a flush, each with its owner. Threads may share it.

    One flush is for all that wait, whoever asked for it: owners who ask at the same time share one.
    What could not be flushed is told to its owner: the kernel says so once, and takes it for done.

    Args:
        top: the directory that all files are in, or in directories that are in it.
    """

    def __init__(self, top: Path) -> None:
        self._top = top
        self._lock = threading.Lock()  # guards the two below
        self._waiting: dict[Path, str] = {}
        self._lost: dict[str, OSError] = {}
        self._flushes: Grouped[None] = Grouped(self._flush)

    def add(self, path: Path, owner: str) -> None:
        """One more.

        Raises:
            OSError: there were so many that they were flushed, and that failed for the owner's.
        """
        with self._lock:
            self._waiting[path] = owner
            full = len(self._waiting) >= MAXIMUM_UNFLUSHED
        if full:
            self.flush(owner)

    def flush(self, owner: str) -> None:
        """Flush all that wait; returns when they are on the disk.

        Raises:
            OSError: some of the owner's may not be.
        """
        self._flushes.submit(None)
        with self._lock:
            error = self._lost.pop(owner, None)
        if error is not None:
            raise error

    def flush_all(self) -> None:
        """Flush all that wait, whoever they belong to.

        Raises:
            OSError: some may not be on the disk, and nobody has been told.
        """
        self._flushes.submit(None)
        with self._lock:
            errors, self._lost = list(self._lost.values()), {}
        if errors:
            raise errors[0]

    def _flush(self, _: list[None]) -> None:
        with self._lock:
            waiting, self._waiting = self._waiting, {}
        lost: dict[str, OSError] = {}
        for path, owner in waiting.items():
            try:
                _sync(path, os.O_NOFOLLOW)
            except OSError as error:
                lost[owner] = error
        for directory in self._directories(waiting):
            try:
                _sync(directory, os.O_DIRECTORY)
            except OSError as error:
                lost.update(dict.fromkeys(waiting.values(), error))
        with self._lock:
            if len(self._lost) > MAXIMUM_UNFLUSHED:  # of owners who are gone and never asked
                self._lost.clear()
            self._lost |= lost

    def _directories(self, paths: Iterable[Path]) -> list[Path]:
        """Those of the files, and those that these are in, the innermost first."""
        found = set()
        for path in paths:
            directory = path.parent
            while directory not in found:
                found.add(directory)
                if directory == self._top:
                    break
                directory = directory.parent
        return sorted(found, key=lambda each: len(each.parts), reverse=True)


def _sync(path: Path, flag: int) -> None:
    # Who moved or removed it since has seen that it was there.
    with contextlib.suppress(FileNotFoundError):
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | flag)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)
