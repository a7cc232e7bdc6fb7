"""Logs for machines: lines of JSON, and files that are rotated by somebody else."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from .report import Level, lettered

__all__ = ["LogFile", "json_lines"]


def json_lines(level: Level, message: str, about: Mapping[str, str | int | None]) -> str:
    """A message as one line of JSON, in ASCII: nothing of a peer's goes out as it came."""
    now = datetime.now(UTC)
    record = {
        "time": f"{now:%Y-%m-%dT%H:%M:%S}.{now.microsecond // 1000:03}Z",
        "level": level.name.lower(),
        "process": os.getpid(),
        **{name: value for name, value in about.items() if value is not None},
        "message": message,
    }
    return json.dumps(record) + "\n"


class LogFile:
    """A file that lines are added to; several processes may write to it.

    Args:
        name: of the file; it is made if it is not there.
        otherwise: takes the lines that can't be added, and what keeps them out.

    Raises:
        OSError: it can't be opened.
    """

    def __init__(self, name: str, otherwise: Callable[[str], None]) -> None:
        self._name = name
        self._otherwise = otherwise
        self._trouble: str | None = (
            None  # what was wrong last time; it is told once, not with each line
        )
        self._fd = self._open()

    def _open(self) -> int:
        return os.open(self._name, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o640)

    def write(self, lines: str) -> None:
        """Add lines, in one piece. A full disk keeps nobody from their work."""
        content = lines.encode("utf-8", "backslashreplace")
        try:
            written = os.write(self._fd, content)
        except OSError as error:
            if error.strerror != self._trouble:
                self._complain(f"cannot write on log file {self._name}: {error.strerror}")
            self._trouble = error.strerror
            self._otherwise(lines)
        else:
            self._trouble = None
            if written < len(content):  # the disk became full
                self._otherwise(content[written:].decode("utf-8", "replace"))

    def reopen(self) -> None:
        """Go on in a file of the same name; in the old one, if there can't be one."""
        try:
            fd = self._open()
        except OSError as error:
            self._complain(
                f"cannot open log file {self._name} anew: {error.strerror}; what is said goes on to the old one"
            )
            return
        # The number stays, so that who writes at this moment writes to one of the two.
        os.dup2(fd, self._fd, inheritable=False)
        os.close(fd)

    def _complain(self, words: str) -> None:
        self._otherwise(lettered(Level.ERROR, words, {}))
