"""An index of what was stored: patient, study, series, instance, file, when, and from whom.

    with Index("objects.sqlite", "incoming") as index, Spool("incoming") as spool:
        Server(index.over(spool.open), port=11112)

It is an SQLite database with one table, `instances`, and the views `series`, `studies` and
`patients`; any program may read it while objects come. A row is written, and flushed, before Success
is answered; the rows of associations that commit at the same time go together. Files that came while
no index was kept, or were moved or removed by hand, are found by `rebuild_index`.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

from dimse.errors import FilePath, IndexFailed, IndexUnusable
from dimse.requests import Content, Remote, StoreRequest
from dimse.storage.checked import Beginning
from dimse.storage.grouped import Grouped
from dimse.storage.index.entry import (
    APPLICATION,
    COLUMNS,
    INSERT,
    NAMED,
    SCHEMA,
    VERSION,
    IndexEntry,
    row_of,
    timestamp,
    values_in,
)
from dimse.storage.sink import Sink
from dul.values import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Final, Self

__all__ = ["Index", "transaction"]

PATIENCE: Final = 30.0
"""Seconds that another process may have the database for itself."""


class Index:
    """The index of a directory. Threads may share it, and processes that are forked after it.

    Args:
        file: the database; it is made if it is not there.
        directory: what is indexed: paths are relative to it; those in an object store are names.
        durable: whether a row is flushed to the disk before its object counts as stored.
        now: gives the time, in UTC.

    Raises:
        IndexUnusable: the file is no index, or can't be written.
    """

    def __init__(
        self,
        file: FilePath,
        directory: FilePath,
        *,
        durable: bool = True,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.file = Path(file)
        self.directory = Path(directory)
        self._durable = durable
        self._now = now
        self._rows: Grouped[tuple[str, IndexEntry]] = Grouped(self._write)
        # A connection must not come along through a fork: each process opens its own.
        self._connection: sqlite3.Connection | None = None
        self._process = 0
        try:
            with contextlib.closing(self.connect()) as connection:
                _prepare(connection)
        except (sqlite3.Error, OSError, ValueError) as error:
            raise IndexUnusable(file, str(error)) from error

    def over(self, open_sink: Callable[[StoreRequest], Sink]) -> Callable[[StoreRequest], Sink]:
        """The same as `open_sink`; what is committed is in the index before that is told."""

        def opened(request: StoreRequest) -> Sink:
            return _Indexed(self, request, open_sink(request))

        return opened

    def add(self, entry: IndexEntry, *, unless_there: bool = False) -> None:
        """Put a row in, in place of one for the same path; returns when it is flushed.

        Args:
            entry: the row.
            unless_there: leave a row alone that is there.

        Raises:
            IndexFailed: it could not be written.
        """
        try:
            self._rows.submit(("OR IGNORE" if unless_there else "OR REPLACE", entry))
        except (sqlite3.Error, OSError) as error:
            raise IndexFailed(self.file, str(error)) from error

    def entry_of(self, request: StoreRequest, path: str, head: bytes, length: int) -> IndexEntry:
        """The row for an object.

        Args:
            request: how it came.
            path: its file, relative to the directory.
            head: the beginning of its data set.
            length: bytes of its data set.
        """
        requestor = request.requestor
        return IndexEntry(
            path=path,
            sop_instance_uid=request.sop_instance_uid,
            sop_class_uid=request.sop_class_uid,
            transfer_syntax_uid=request.transfer_syntax_uid,
            **values_in(
                request.transfer_syntax_uid, len(head), lambda at, count: head[at : at + count]
            ),
            stored_at=timestamp(self._now()),
            length=length,
            calling_ae_title=requestor.calling_ae_title,
            called_ae_title=requestor.called_ae_title,
            address=requestor.address,
        )

    def entries(self, where: str = "", arguments: Sequence[str | int] = ()) -> Iterator[IndexEntry]:
        """Rows, the oldest first.

        Args:
            where: a condition in SQL, with a question mark for each argument.
            arguments: they stand for them.

        Raises:
            IndexFailed: it can't be read.
        """
        condition = f"WHERE {where} " if where else ""
        query = f"SELECT {NAMED} FROM instances {condition}ORDER BY stored_at, path"  # noqa: S608 - values are arguments
        try:
            with contextlib.closing(self.connect()) as connection:
                for row in connection.execute(query, arguments):
                    yield IndexEntry(**dict(zip(COLUMNS, row, strict=True)))
        except (sqlite3.Error, OSError) as error:
            raise IndexFailed(self.file, str(error)) from error

    def close(self) -> None:
        """Let go of the database. Idempotent."""
        connection, self._connection = self._connection, None
        if connection is not None and self._process == os.getpid():
            connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def connect(self) -> sqlite3.Connection:
        """A connection of its own to the database.

        Raises:
            sqlite3.Error: there is none to be had.
        """
        connection = sqlite3.connect(
            self.file, timeout=PATIENCE, isolation_level=None, check_same_thread=False
        )
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute(f"PRAGMA synchronous = {'FULL' if self._durable else 'OFF'}")
        except BaseException:
            connection.close()
            raise
        return connection

    def _write(self, rows: list[tuple[str, IndexEntry]]) -> None:
        """Write a group of rows in one transaction; one thread at a time does so."""
        if self._connection is None or self._process != os.getpid():
            self._connection, self._process = self.connect(), os.getpid()
        with transaction(self._connection) as connection:
            for how, entry in rows:
                connection.execute(f"INSERT {how} {INSERT}", row_of(entry))


@contextlib.contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """All of it or nothing; other writers wait."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield connection
        connection.execute("COMMIT")
    except BaseException:
        with contextlib.suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        raise


def _prepare(connection: sqlite3.Connection) -> None:
    """Make the tables of a new database; see that one which is there is an index."""
    with transaction(connection):
        (application,) = connection.execute("PRAGMA application_id").fetchone()
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if application == APPLICATION and version == VERSION:
            return
        if application or version or tables:
            raise ValueError("it is a database of something else, or of another version")
        for statement in SCHEMA.split(";"):
            connection.execute(statement)


class _Indexed:
    """A sink whose object is in the index when it is committed."""

    def __init__(self, index: Index, request: StoreRequest, sink: Sink) -> None:
        self._index = index
        self._request = request
        self._sink = sink
        self._beginning = Beginning()

    @property
    def warnings(self) -> tuple[str, ...]:
        """Those of the sink."""
        found: tuple[str, ...] = getattr(self._sink, "warnings", ())
        return found

    def write(self, views: Sequence[memoryview]) -> None:
        """Pass the bytes on; the first of them say what the object is."""
        self._beginning.note(views)
        self._sink.write(views)

    def commit(self) -> Content:
        """Commit the sink, then write the row.

        Raises:
            IndexFailed: the object is stored, but not in the index; it can be sent again.
            Exception: what the sink has to say.
        """
        content = self._sink.commit()
        if isinstance(content, Path | Remote):
            path = (
                content.name
                if isinstance(content, Remote)
                else os.path.relpath(content, self._index.directory)
            )
            entry = self._index.entry_of(
                self._request, path, bytes(self._beginning.content), self._beginning.length
            )
            self._index.add(entry, unless_there=getattr(self._sink, "kept", False))
        return content

    def discard(self) -> None:
        """Discard the sink."""
        self._sink.discard()
