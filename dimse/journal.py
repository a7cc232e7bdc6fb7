"""What became of each object, written down so that no confirmation is lost: SQLite in one file.

    with Journal("morning.journal") as journal:
        for outcome in client.store(paths, journal=journal): ...

An outcome is on the disk before anybody is told of it. The same call made again, after a crash or a
power cut, sends what is not confirmed yet, and repeats at most what was on its way.

An object is the same if it goes to the same peer (title, host and port), under the same absolute
path, with the same size, time of modification and SOP Instance UID. A file that was written anew is
another object, and is sent; and so is one that differs in its UID alone, as in archives that were
unpacked over one another with all times set to the same.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from types import TracebackType

from dimse.errors import JournalFailed
from dimse.objects.outgoing import Outgoing
from dimse.outcome import Outcome
from dul.values import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any, Self

__all__ = ["Journal", "Page"]

_APPLICATION = 0x64756C63  # "dulc": whose file it is
_VERSION = 1
_PATIENCE = 10.0  # seconds, for another process that writes
_SCHEMA = """
CREATE TABLE IF NOT EXISTS outcomes (
    peer TEXT, path BLOB, size INTEGER, modified INTEGER, instance TEXT,
    stored INTEGER, status INTEGER, why TEXT, attempts INTEGER, told REAL,
    PRIMARY KEY (peer, path, size, modified, instance)
) WITHOUT ROWID
"""
_RECORD = "INSERT OR REPLACE INTO outcomes VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_CONFIRMED = """
SELECT told FROM outcomes
WHERE peer = ? AND path = ? AND size = ? AND modified = ? AND instance = ? AND stored
"""
# Of a path that was tried in several states, the latest counts.
_FAILED = """
SELECT path, max(told), stored FROM outcomes GROUP BY peer, path HAVING NOT stored ORDER BY told
"""

_Identity = tuple[bytes, int, int, str]
"""Path, size, time of modification in nanoseconds, SOP Instance UID."""


class Journal:
    """A file of outcomes. Several processes may have it open.

    Args:
        path: the file; made if there is none.

    Raises:
        JournalFailed: it can't be opened, or is something else.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = os.fspath(path)
        self._lock = threading.Lock()  # the asyncio face writes from threads
        try:
            self._base = sqlite3.connect(
                self.path, timeout=_PATIENCE, isolation_level=None, check_same_thread=False
            )
        except sqlite3.Error as error:
            raise JournalFailed(self.path, f"can't be opened: {error}") from error
        try:
            self._prepare()
        except sqlite3.Error as error:
            self._base.close()
            raise JournalFailed(self.path, f"can't be used: {error}") from error
        except JournalFailed:
            self._base.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file. Idempotent."""
        self._base.close()

    def page(self, called_ae_title: str, host: str, port: int, *, writes: bool = True) -> Page:
        """The part that is about one peer.

        Args:
            called_ae_title: what it is called.
            host: where it is.
            port: its TCP port there.
            writes: whether what it is told of is written down; else it is forgotten.
        """
        return Page(self, f"{called_ae_title}@{host}:{port}", writes=writes)

    def failed(self) -> Iterator[str]:
        """The files of which the latest outcome is a failure, each once, in order of time.

        Raises:
            JournalFailed: it can't be read.
        """
        yield from dict.fromkeys(os.fsdecode(path) for path, *_ in self.run(_FAILED, ()))

    def run(self, statement: str, values: tuple[object, ...]) -> list[tuple[Any, ...]]:
        """One statement, which is durable when this returns.

        Args:
            statement: in SQL.
            values: for its placeholders.

        Raises:
            JournalFailed: the disk is full, the file is damaged ...
        """
        try:
            with self._lock:
                return self._base.execute(statement, values).fetchall()
        except sqlite3.Error as error:
            raise JournalFailed(self.path, str(error)) from error

    def _prepare(self) -> None:
        (owner,) = self._base.execute("PRAGMA application_id").fetchone()
        (version,) = self._base.execute("PRAGMA user_version").fetchone()
        (tables,) = self._base.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        if tables and owner != _APPLICATION:
            raise JournalFailed(self.path, "is no journal. Give another file")
        if version > _VERSION:
            raise JournalFailed(self.path, f"is of version {version}, which is newer than this one")
        # One file more beside it, and one flush for each outcome instead of three.
        self._base.execute("PRAGMA journal_mode = WAL")
        self._base.execute("PRAGMA synchronous = FULL")
        if not tables:
            self._base.execute(f"PRAGMA application_id = {_APPLICATION}")
            self._base.execute(f"PRAGMA user_version = {_VERSION}")
            self._base.execute(_SCHEMA)


class Page:
    """What a journal says of one peer, and is told of it.

    Args:
        journal: the file.
        peer: whom it is about.
        writes: whether what is recorded is written down.
    """

    def __init__(self, journal: Journal, peer: str, *, writes: bool = True) -> None:
        self._journal = journal
        self._peer = peer
        self._writes = writes

    def confirmed(self, outgoing: Outgoing) -> float | None:
        """When this object was confirmed, in seconds since 1970; None: it was not.

        Raises:
            JournalFailed: the file can't be read.
        """
        rows = self._journal.run(_CONFIRMED, (self._peer, *_identity(outgoing)))
        return rows[0][0] if rows else None

    def record(self, outgoing: Outgoing | None, outcome: Outcome) -> None:
        """Write down what became of an object; it is on the disk when this returns.

        Args:
            outgoing: the object; None of a file that could not be read.
            outcome: what became of it.

        Raises:
            JournalFailed: it is not written down.
        """
        if not self._writes:
            return
        if outgoing is not None:
            identity = _identity(outgoing)
        else:
            identity = _named(outcome.file, outcome.name), 0, 0, ""
        values = outcome.stored, outcome.status, outcome.meaning, outcome.attempts, time.time()
        self._journal.run(_RECORD, (self._peer, *identity, *values))


def _identity(outgoing: Outgoing) -> _Identity:
    size, modified = outgoing.length, 0
    stamp = getattr(outgoing, "stamp", None)
    if stamp is not None:
        size, modified, _ = stamp
    elif outgoing.file is not None:
        try:
            status = os.stat(outgoing.file)  # noqa: PTH116 - a Path costs more than the call
        except OSError:
            pass  # it will not be sent
        else:
            size, modified = status.st_size, status.st_mtime_ns
    return _named(outgoing.file, outgoing.name), size, modified, outgoing.sop_instance_uid


def _named(file: str | None, name: str) -> bytes:
    """The absolute path; what is in it and not a file of its own has the rest of its name behind."""
    if file is None:
        return os.fsencode(name)
    return os.fsencode(os.path.abspath(file) + name.removeprefix(file))  # noqa: PTH100
