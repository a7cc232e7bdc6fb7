"""The index made anew of what is in the directory."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from dimse.errors import DIMSEError, IndexFailed, NotDICOM, Unreadable
from dimse.objects.finder import Found, Unusable, find
from dimse.objects.part10 import contents_of
from dimse.objects.window import Window
from dimse.storage.index.entry import (
    INSERT,
    OF_THE_OBJECT,
    IndexEntry,
    row_of,
    timestamp,
    values_in,
)
from dimse.storage.index.index import Index, transaction
from dimse.storage.newfile import TEMPORARY
from dul.values import dataclass

__all__ = ["Rebuilt", "TellUnread", "rebuild_index"]

TellUnread = Callable[[Path, DIMSEError], None]
"""Is told of a file that can't be used, and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebuilt:
    """What became of an index.

    Attributes:
        objects: files that are objects.
        added: rows that were missing, or of another object.
        removed: rows whose file is gone.
    """

    objects: int
    added: int
    removed: int


def rebuild_index(index: Index, told: TellUnread | None = None) -> Rebuilt:
    """Look at all files of an index's directory, and make it say what is there.

    Objects may come meanwhile. Who sent one, and when, is taken from the row that it had, else from
    its file: its time, and the AE title in its file meta information.

    Args:
        index: it is written to.
        told: is told of each file that can't be used; other files than DICOM's are passed over.

    Raises:
        IndexFailed: it could not be written.
    """
    directory = index.directory
    seen: set[str] = set()
    added = 0
    try:
        with contextlib.closing(index.connect()) as connection:
            for entries in _in_portions(_entries_in(directory, told)):
                with transaction(connection):
                    for entry in entries:
                        seen.add(entry.path)
                        added += _put_if_new(connection, entry)
            rows = connection.execute("SELECT path FROM instances").fetchall()
            gone = [row for row in rows if row[0] not in seen and not (directory / row[0]).exists()]
            with transaction(connection):
                connection.executemany("DELETE FROM instances WHERE path = ?", gone)
    except (sqlite3.Error, OSError) as error:
        raise IndexFailed(index.file, str(error)) from error
    return Rebuilt(objects=len(seen), added=added, removed=len(gone))


def _entries_in(directory: Path, told: TellUnread | None) -> Iterator[IndexEntry]:
    """Rows for all objects that are in a directory and in those that are in it."""
    for found in find(directory, scan=True, recurse=True):
        error: DIMSEError | None = None
        if isinstance(found, Unusable):
            error = found.error
        elif isinstance(found, Found) and not found.path.name.startswith(TEMPORARY):
            try:
                yield _entry_of(found.path, os.path.relpath(found.path, directory))
            except NotDICOM:
                pass
            except DIMSEError as caught:
                error = caught
            except OSError as caught:
                error = Unreadable(found.path, caught.strerror or str(caught))
        if error is not None and told is not None:
            told(found.path, error)


def _entry_of(path: Path, name: str) -> IndexEntry:
    """The row for a file.

    Raises:
        Part10Error: it is no object.
        OSError: it can't be read.
    """
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        status = os.fstat(fd)
        if not status.st_size:
            raise NotDICOM(path, "it is empty")
        window = Window(path, status.st_size, lambda at, count: os.pread(fd, count, at))
        contents = contents_of(window, whole=False)
        start, length = contents.spans[0]
        sender = contents.meta and contents.meta.source_application_entity_title
        return IndexEntry(
            path=name,
            sop_instance_uid=contents.sop_instance_uid,
            sop_class_uid=contents.sop_class_uid,
            transfer_syntax_uid=contents.transfer_syntax_uid,
            **values_in(
                contents.transfer_syntax_uid,
                length,
                lambda at, count: os.pread(fd, count, start + at),
            ),
            stored_at=timestamp(datetime.fromtimestamp(status.st_mtime, UTC)),
            length=sum(count for _, count in contents.spans),
            calling_ae_title=sender or "",
            called_ae_title="",
            address="",
        )
    finally:
        os.close(fd)


def _put_if_new(connection: sqlite3.Connection, entry: IndexEntry) -> bool:
    """Put a row in, unless the one that is there says the same of the object."""
    found = connection.execute(
        f"SELECT {', '.join(OF_THE_OBJECT)} FROM instances WHERE path = ?",  # noqa: S608 - columns
        (entry.path,),
    ).fetchone()
    if found == tuple(getattr(entry, name) for name in OF_THE_OBJECT):
        return False
    connection.execute(f"INSERT OR REPLACE {INSERT}", row_of(entry))
    return True


def _in_portions(entries: Iterator[IndexEntry], most: int = 500) -> Iterator[list[IndexEntry]]:
    while portion := list(islice(entries, most)):
        yield portion
