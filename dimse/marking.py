"""Files that say by their names what became of them: ct.dcm.done, mr.dcm.bad, as DCMTK has it.

marker = Marker()
for outcome in client.store(paths):
marker.mark(outcome)
"""

from __future__ import annotations

import os

from dimse.errors import Unreadable
from dimse.outcome import Outcome
from dul.values import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Final

__all__ = ["BAD", "DONE", "Marker"]

DONE: Final = ".done"
"""Behind the name of a file that was stored, with a warning or without."""

BAD: Final = ".bad"
"""Behind that of one that was not, for whatever reason."""


class Marker:
    """Renames files when they have their outcome.

    Args:
        repeat: how often each is sent; it is renamed after the last time, and as bad if one of them
            failed.
    """

    def __init__(self, repeat: int = 1) -> None:
        self._repeat = repeat
        self._stored: dict[Path, list[bool]] = {}

    def mark(self, outcome: Outcome) -> Path | None:
        """Rename the file of an outcome.

        Returns:
            Its new name; None: there is no file, it could not be read, or it is to be sent again.

        Raises:
            OSError: it can't be renamed, or there is a file of the new name, which stays.
        """
        path = outcome.path
        if path is None or isinstance(outcome.error, Unreadable):
            return None
        stored = outcome.stored
        if self._repeat > 1 and outcome.attempts:
            so_far = self._stored.setdefault(path, [])
            so_far.append(stored)
            if len(so_far) < self._repeat:
                return None
            stored = all(self._stored.pop(path))
        return _rename(path, DONE if stored else BAD)


def _rename(path: Path, ending: str) -> Path:
    new = path.with_name(path.name + ending)
    if os.path.lexists(new):
        raise FileExistsError(None, "there is such a file", str(new))
    return path.rename(new)
