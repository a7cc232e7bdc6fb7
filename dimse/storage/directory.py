"""A directory in which files appear whole or not at all: what the `spool` stands on.

A directory is held by its descriptor, so that a file is made, named and flushed in one and the same
place. Directories in it are made and opened one by one beneath that descriptor, and a symbolic link in
the place of one is not followed: whatever a name is made of, it stays inside. What its path stands for is looked at for each object: if that has become another directory,
because it was removed and made again, or a file system was mounted over it, the new one is taken,
and the old one is left when its last file is done.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Sequence

from dimse.errors import FilePath, SpoolUnusable
from dimse.storage.grouped import Grouped
from dimse.storage.newfile import NewFiles, has_name
from dul.values import TYPE_CHECKING, dataclass

if TYPE_CHECKING:
    from typing import Final

__all__ = ["Folder", "Place", "SpoolDirectory", "SpoolUnusable", "reason"]

REMEMBERED: Final = 10_000
"""Directories that are known to be on the disk; beyond, all are flushed once again."""


class SpoolDirectory:
    """A directory by its path. Threads may share it."""

    def __init__(self, directory: FilePath, *, keep: bool) -> None:
        """Open it, try it, and remove what crashed writers left in it.

        Args:
            directory: where it is.
            keep: whether a new file leaves one alone that has the name already.

        Raises:
            SpoolUnusable: it is no directory, not writable, or for `keep`, without hard links.
        """
        # The process may change its working directory; the directory stays what it is now.
        self._path = os.path.abspath(directory)  # noqa: PTH100 - it may be bytes
        self._keep = keep
        self._lock = threading.Lock()  # of `_place`, and of who uses it
        try:
            self._place = Place(self._path, self._lock, keep=keep)
        except OSError as error:
            raise SpoolUnusable(directory, reason(error)) from error

    def enter(self) -> Place:
        """The directory that the path stands for now; to be left with `Place.leave`.

        Raises:
            OSError: there is none, or it can't be used.
        """
        with self._lock:
            place = self._place
            if place.fd >= 0 and not place.is_at(self._path):
                place = Place(self._path, self._lock, keep=self._keep)
                self._place.retire()
                self._place = place
            place.users += 1
            return place

    def close(self) -> None:
        """Let go of the directory. Idempotent."""
        with self._lock:
            self._place.close()


class Place:
    """A directory by its descriptor: what that stands for can't be exchanged.

    Attributes:
        fd: its descriptor; -1: it is closed, and no file can be made here any more.
        files: makes new files in it.
        sync: flushes a folder: after that the name of a file in it survives a crash of the machine. So
            do those of the directories on the way to it: who made one may be another thread or
            process, which has not come to flush it. Threads that come at the same time share a flush.
        users: files that are being written here.
    """

    def __init__(self, path: FilePath, lock: threading.Lock, *, keep: bool) -> None:
        """Open the directory, try it, and sweep it.

        Args:
            path: where it is.
            lock: of `users`.
            keep: see `SpoolDirectory`.

        Raises:
            OSError: it is none, or can't be used.
        """
        self.users = 0
        self._retired = False
        self._lock = lock
        self.sync: Callable[[Folder], None] = Grouped(self._sync_all).submit
        self._flushed: set[tuple[str, ...]] = set()  # directories whose names are on the disk
        self.fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            self._status = os.fstat(self.fd)
            identity = self._status.st_dev, self._status.st_ino
            self._itself = Folder(self, self.fd, identity, (), ())
            self.files = NewFiles(self.fd, keep=keep)
        except OSError:
            self.close()
            raise

    def is_at(self, path: FilePath) -> bool:
        """Whether a path stands for this very directory.

        Raises:
            OSError: it stands for nothing.
        """
        now, then = os.stat(path), self._status  # noqa: PTH116 - it may be bytes
        return now.st_ino == then.st_ino and now.st_dev == then.st_dev

    def leave(self) -> None:
        """One file less is being written here."""
        with self._lock:
            self.users -= 1
            if self._retired and not self.users:
                self.close()

    def retire(self) -> None:
        """No more files are made here: let go of it when the last one is done. Called under the lock."""
        self._retired = True
        if not self.users:
            self.close()

    def folder_of(self, path: str) -> tuple[Folder, str]:
        """Where a file of this path is to be, and its name there; directories on the way are made.

        Args:
            path: relative to this directory, "/" between its parts.

        Raises:
            OSError: a directory can't be made or opened; one that is a symbolic link is not.
        """
        if "/" not in path:
            return self._itself, path
        *directories, name = path.split("/")
        fd, made = self.fd, []
        try:
            for depth, each in enumerate(directories):
                with contextlib.suppress(FileExistsError):
                    os.mkdir(each, dir_fd=fd)
                    made.append("/".join(directories[: depth + 1]))
                    self._flushed.discard(tuple(directories[: depth + 1]))
                flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
                outer, fd = fd, os.open(each, flags, dir_fd=fd)
                if outer != self.fd:
                    os.close(outer)
            status = os.fstat(fd)
        except BaseException:
            if fd != self.fd:
                os.close(fd)
            self.unmake(made)
            raise
        identity = status.st_dev, status.st_ino
        return Folder(self, fd, identity, tuple(directories), tuple(made)), name

    def unmake(self, made: Sequence[str]) -> None:
        """Remove directories that were made for nothing, if nobody else has used them."""
        for path in reversed(made):
            with contextlib.suppress(OSError):
                os.rmdir(path, dir_fd=self.fd)

    def _sync_all(self, folders: list[Folder]) -> None:
        if len(folders) > 1:
            folders = list({each.identity: each for each in folders}.values())
        for folder in folders:
            os.fsync(folder.fd)
            if folder.directories:
                self._sync_way_to(folder)

    def _sync_way_to(self, folder: Folder) -> None:
        depth = len(folder.directories)
        unsafe = [n for n in range(depth) if folder.directories[: n + 1] not in self._flushed]
        for n in reversed(unsafe):
            self._flush(folder.directories[:n])
            if len(self._flushed) > REMEMBERED:
                self._flushed.clear()
            self._flushed.add(folder.directories[: n + 1])

    def _flush(self, directories: tuple[str, ...]) -> None:
        if not directories:
            os.fsync(self.fd)
            return
        flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
        fd = os.open("/".join(directories), flags, dir_fd=self.fd)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)

    def close(self) -> None:
        """Let go of the directory. Idempotent."""
        fd, self.fd = self.fd, -1
        if fd >= 0:
            os.close(fd)


@dataclass(eq=False, slots=True)
class Folder:
    """Where a file is to be: the directory itself, or one that is in it. Close it.

    Attributes:
        place: the directory that all is in.
        fd: of the one that the file is to be in.
        identity: which one it is, device and inode: its path may come to stand for another.
        directories: the way from the one to the other; none: it is the same.
        made: paths of directories that were made for the file, outermost first.
    """

    place: Place
    fd: int
    identity: tuple[int, int]
    directories: tuple[str, ...]
    made: tuple[str, ...]

    def open(self, name: str) -> int | None:
        """A descriptor for reading the regular file that has the name now; None: there is none."""
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        try:
            return os.open(name, flags, dir_fd=self.fd)
        except OSError:
            return None

    def has(self, name: str) -> bool:
        """Something has the name already."""
        return has_name(name, self.fd)

    def abandon(self) -> None:
        """Nothing will be there: remove the directories that were made for it."""
        self.place.unmake(self.made)

    def close(self) -> None:
        """Let go of a directory that is in the other. Idempotent."""
        if self.directories:
            fd, self.fd = self.fd, -1
            if fd >= 0:
                os.close(fd)


def reason(error: OSError) -> str:
    """What the operating system says, without the number and the file's name."""
    return error.strerror or type(error).__name__
