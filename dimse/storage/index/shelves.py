"""Shelves: where objects are that an index is made anew of: a directory, or a place in an object store."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from dimse.errors import DIMSEError, NotDICOM, ObjectStoreUnusable, Unreadable
from dimse.objects.bounds import HEAD
from dimse.objects.finder import Found, Unusable, find
from dimse.objects.part10 import contents_of
from dimse.objects.window import Window
from dimse.storage.bucket import Bucket, open_bucket, said
from dimse.storage.index.entry import IndexEntry, timestamp, values_in
from dimse.storage.newfile import TEMPORARY
from dul.values import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any, Final, TypeAlias

__all__ = ["InBucket", "InDirectory", "Shelf", "TellUnread"]

TellUnread: TypeAlias = Callable[[Path | str, DIMSEError], None]
"""Is told of a file that can't be used, by its path, or of an object in a store, by its URL; and why."""

AT_A_TIME: Final = 16
"""Objects of a store that are read at a time: what takes long is the way to it and back."""

_Read: TypeAlias = Callable[[int, int], bytes]


class Shelf(Protocol):
    """Where objects are."""

    def entries(self, told: TellUnread | None) -> Iterator[IndexEntry]:
        """Rows for all that are there; what is no DICOM is passed over."""

    def has(self, path: str) -> bool:
        """Whether there is one of a row's path."""


class InDirectory:
    """A directory, with those that are in it."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def entries(self, told: TellUnread | None) -> Iterator[IndexEntry]:
        """See `Shelf`."""
        for found in find(self._directory, scan=True, recurse=True):
            error: DIMSEError | None = None
            if isinstance(found, Unusable):
                error = found.error
            elif isinstance(found, Found) and not found.path.name.startswith(TEMPORARY):
                try:
                    yield _of_file(found.path, os.path.relpath(found.path, self._directory))
                except NotDICOM:
                    pass
                except DIMSEError as caught:
                    error = caught
                except OSError as caught:
                    error = Unreadable(found.path, caught.strerror or str(caught))
            if error is not None and told is not None:
                told(found.path, error)

    def has(self, path: str) -> bool:
        """See `Shelf`."""
        return (self._directory / path).exists()


class InBucket:
    """A place in an object store, with all that is beneath it.

    Its listing is held in memory; of each object the beginning is read.

    Args:
        url: "s3://BUCKET/PREFIX" and so on, as for `ObjectStore`.
        options: as for `ObjectStore`.

    Raises:
        ObjectStoreUnusable: it can't be reached, or nothing is there: an index would lose all its
            rows for a name that is misspelt.
    """

    def __init__(self, url: str, options: Mapping[str, object] | None = None) -> None:
        self._bucket: Bucket = open_bucket(url.rstrip("/"), options or {})
        try:
            listing: dict[str, dict[str, Any]] = self._bucket.fs.find(
                self._bucket.root, detail=True
            )
        except Exception as error:
            raise ObjectStoreUnusable(url, said(error)) from error
        if not listing:
            raise ObjectStoreUnusable(url, "nothing is there")
        prefix = f"{self._bucket.root}/"
        self._listing = {
            path.removeprefix(prefix): facts
            for path, facts in listing.items()
            if not path.rpartition("/")[2].startswith(TEMPORARY)
        }

    def entries(self, told: TellUnread | None) -> Iterator[IndexEntry]:
        """See `Shelf`."""
        # Whoever makes an index anew of a directory needs no threads.
        from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415

        names = iter(self._listing)
        with ThreadPoolExecutor(AT_A_TIME) as pool:
            while portion := list(islice(names, 4 * AT_A_TIME)):
                yield from _usable(pool.map(self._look_at, portion), told)

    def has(self, path: str) -> bool:
        """See `Shelf`."""
        return path in self._listing or self._bucket.has(path)

    def _look_at(self, name: str) -> IndexEntry | tuple[str, DIMSEError]:
        url = f"{self._bucket.url}/{name}"
        try:
            return self._entry(url, name)
        except DIMSEError as error:
            return url, error
        except Exception as error:  # noqa: BLE001 - whatever the store's package raises
            return url, Unreadable(url, said(error))

    def _entry(self, url: str, name: str) -> IndexEntry:
        facts = self._listing[name]
        path = f"{self._bucket.root}/{name}"

        def fetch(at: int, end: int) -> bytes:
            return bytes(self._bucket.fs.cat_file(path, start=at, end=end))

        size = int(facts["size"])
        return _entry_of(url, name, size, _Ahead(fetch, size), self._modified(path, facts))

    def _modified(self, path: str, facts: Mapping[str, Any]) -> datetime:
        # Each store's package has a name of its own for it.
        for key in ("LastModified", "last_modified", "mtime", "updated", "created"):
            if isinstance(facts.get(key), datetime):
                found: datetime = facts[key]
                break
        else:
            found = self._bucket.fs.modified(path)
        return found.astimezone(UTC)


def _usable(
    found: Iterable[IndexEntry | tuple[str, DIMSEError]], told: TellUnread | None
) -> Iterator[IndexEntry]:
    for each in found:
        if isinstance(each, IndexEntry):
            yield each
        elif told is not None and not isinstance(each[1], NotDICOM):
            told(*each)


class _Ahead:
    """Reads more than it is asked for, and remembers that: each reading is a request."""

    def __init__(self, fetch: _Read, size: int) -> None:
        self._fetch = fetch
        self._size = size
        self._at = 0
        self._data = b""

    def __call__(self, at: int, count: int) -> bytes:
        if not self._at <= at <= at + count <= self._at + len(self._data):
            self._at = at
            self._data = self._fetch(at, min(at + max(count, HEAD), self._size))
        start = at - self._at
        return self._data[start : start + count]


def _of_file(path: Path, name: str) -> IndexEntry:
    """The row for a file.

    Raises:
        Part10Error: it is no object.
        OSError: it can't be read.
    """
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        status = os.fstat(fd)
        modified = datetime.fromtimestamp(status.st_mtime, UTC)
        return _entry_of(
            path, name, status.st_size, lambda at, count: os.pread(fd, count, at), modified
        )
    finally:
        os.close(fd)


def _entry_of(
    path: Path | str, name: str, size: int, read: _Read, modified: datetime
) -> IndexEntry:
    """The row for what is in `size` bytes.

    Raises:
        Part10Error: it is no object.
    """
    if not size:
        raise NotDICOM(path, "it is empty")
    contents = contents_of(Window(path, size, read), whole=False)
    start, length = contents.spans[0]
    sender = contents.meta and contents.meta.source_application_entity_title
    return IndexEntry(
        path=name,
        sop_instance_uid=contents.sop_instance_uid,
        sop_class_uid=contents.sop_class_uid,
        transfer_syntax_uid=contents.transfer_syntax_uid,
        **values_in(
            contents.transfer_syntax_uid, length, lambda at, count: read(start + at, count)
        ),
        stored_at=timestamp(modified),
        length=sum(count for _, count in contents.spans),
        calling_ae_title=sender or "",
        called_ae_title="",
        address="",
    )
