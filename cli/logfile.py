"""Logs for machines: lines of JSON, and files that are rotated by somebody else."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime

from .report import Level

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

    Raises:
        OSError: it can't be written.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._fd = self._open()

    def _open(self) -> int:
        return os.open(self._name, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o640)

    def write(self, lines: str) -> None:
        """Add lines, in one piece. A full disk keeps nobody from their work."""
        content = lines.encode("utf-8", "backslashreplace")
        with contextlib.suppress(OSError):
            os.write(self._fd, content)

    def reopen(self) -> None:
        """Go on in a file of the same name; in the old one, if there can't be one."""
        with contextlib.suppress(OSError):
            fd = self._open()
            # The number stays, so that who writes at this moment writes to one of the two.
            os.dup2(fd, self._fd, inheritable=False)
            os.close(fd)
