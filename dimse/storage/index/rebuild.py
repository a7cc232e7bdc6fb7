"""The index made anew of what is in the directory, or in the object store."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator, Mapping
from itertools import islice

from dimse.errors import IndexFailed
from dimse.storage.index.entry import INSERT, OF_THE_OBJECT, IndexEntry, row_of
from dimse.storage.index.index import Index, transaction
from dimse.storage.index.shelves import InBucket, InDirectory, Shelf, TellUnread
from dul.values import dataclass

__all__ = ["Rebuilt", "rebuild_index"]


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


def rebuild_index(
    index: Index,
    told: TellUnread | None = None,
    *,
    url: str | None = None,
    options: Mapping[str, object] | None = None,
) -> Rebuilt:
    """Look at all files of an index's directory, and make it say what is there.

    Objects may come meanwhile. Who sent one, and when, is taken from the row that it had, else from
    its file: its time, and the AE title in its file meta information.

    Args:
        index: it is written to.
        told: is told of each file that can't be used; other files than DICOM's are passed over.
        url: look at the objects of this store instead, as `ObjectStore` has it; memory grows with
            its listing.
        options: what the store's package takes besides, as for `ObjectStore`.

    Raises:
        IndexFailed: it could not be written.
        ObjectStoreUnusable: the store can't be read, or nothing is there.
    """
    shelf = InDirectory(index.directory) if url is None else InBucket(url, options)
    seen: set[str] = set()
    added = 0
    try:
        with contextlib.closing(index.connect()) as connection:
            for entries in _in_portions(shelf.entries(told)):
                with transaction(connection):
                    for entry in entries:
                        seen.add(entry.path)
                        added += _put_if_new(connection, entry)
            removed = _remove_gone(connection, shelf, seen)
    except (sqlite3.Error, OSError) as error:
        raise IndexFailed(index.file, str(error)) from error
    return Rebuilt(objects=len(seen), added=added, removed=removed)


def _remove_gone(connection: sqlite3.Connection, shelf: Shelf, seen: set[str]) -> int:
    """Remove rows whose objects are not there; gives how many."""
    rows = connection.execute("SELECT path FROM instances").fetchall()
    gone = [row for row in rows if row[0] not in seen and not shelf.has(row[0])]
    with transaction(connection):
        connection.executemany("DELETE FROM instances WHERE path = ?", gone)
    return len(gone)


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
