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
from collections.abc import Sequence

from dimse.errors import FilePath, SpoolUnusable
from dimse.storage.grouped import Grouped
from dimse.storage.newfile import NewFiles, has_name
from dul.values import TYPE_CHECKING, dataclass

if TYPE_CHECKING:
    from typing import Final

__all__ = ["Place", "SpoolDirectory", "SpoolUnusable", "Target", "reason"]

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
        self._lock = threading.Lock()
        try:
            self._place = Place(self._path, keep=keep)
        except OSError as error:
            raise SpoolUnusable(directory, reason(error)) from error

    def enter(self) -> Place:
        """The directory that the path stands for now; to be left with `Place.leave`.

        Raises:
            OSError: there is none, or it can't be used.
        """
        with self._lock:
            place = self._place
            if not place.closed and not place.is_at(self._path):
                place = Place(self._path, keep=self._keep)
                self._place.retire()
                self._place = place
            place.enter()
            return place

    def close(self) -> None:
        """Let go of the directory. Idempotent."""
        with self._lock:
            self._place.close()


class Place:
    """A directory by its descriptor: what that stands for can't be exchanged.

    Attributes:
        files: makes new files in it.
    """

    def __init__(self, path: FilePath, *, keep: bool) -> None:
        """Open the directory, try it, and sweep it.

        Raises:
            OSError: it is none, or can't be used.
        """
        self._users = 0
        self._retired = False
        self._guard = threading.Lock()  # of the two above
        self._flushes = Grouped(self._sync_all)
        self._flushed: set[tuple[str, ...]] = set()  # directories whose names are on the disk
        self._fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            self._status = os.fstat(self._fd)
            self._identity = self._status.st_dev, self._status.st_ino
            self.files = NewFiles(self._fd, keep=keep)
        except OSError:
            self.close()
            raise

    @property
    def closed(self) -> bool:
        """Its descriptor is closed: no file can be made here any more."""
        return self._fd < 0

    def is_at(self, path: FilePath) -> bool:
        """Whether a path stands for this very directory.

        Raises:
            OSError: it stands for nothing.
        """
        now, then = os.stat(path), self._status  # noqa: PTH116 - it may be bytes
        return now.st_ino == then.st_ino and now.st_dev == then.st_dev

    def enter(self) -> None:
        """Keep the directory open for one more file that is being written."""
        with self._guard:
            self._users += 1

    def leave(self) -> None:
        """One file less is being written here."""
        with self._guard:
            self._users -= 1
            if self._retired:
                self._close_if_left()

    def retire(self) -> None:
        """No more files are made here: let go of it when the last one is done."""
        with self._guard:
            self._retired = True
            self._close_if_left()

    def _close_if_left(self) -> None:
        if self._retired and not self._users:
            self.close()

    def target(self, path: str) -> Target:
        """Where a file of this path is to be; directories on the way are made.

        Args:
            path: relative to this directory, "/" between its parts.

        Raises:
            OSError: a directory can't be made or opened; one that is a symbolic link is not.
        """
        if "/" not in path:
            return Target(self, self._fd, self._identity, (), path, ())
        *directories, name = path.split("/")
        fd, made = self._fd, []
        try:
            for depth, each in enumerate(directories):
                with contextlib.suppress(FileExistsError):
                    os.mkdir(each, dir_fd=fd)
                    made.append("/".join(directories[: depth + 1]))
                    self._flushed.discard(tuple(directories[: depth + 1]))
                flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
                outer, fd = fd, os.open(each, flags, dir_fd=fd)
                if outer != self._fd:
                    os.close(outer)
            status = self._status if fd == self._fd else os.fstat(fd)
        except BaseException:
            if fd != self._fd:
                os.close(fd)
            self.unmake(made)
            raise
        identity = status.st_dev, status.st_ino
        return Target(self, fd, identity, tuple(directories), name, tuple(made))

    def unmake(self, made: Sequence[str]) -> None:
        """Remove directories that were made for nothing, if nobody else has used them."""
        for path in reversed(made):
            with contextlib.suppress(OSError):
                os.rmdir(path, dir_fd=self._fd)

    def sync(self, target: Target) -> None:
        """Flush its directory: after that the name survives a crash of the machine.

        So are those that hold a directory whose own name may not have survived yet; who made it
        may be another thread or process, which has not come to flush it. Threads that come at the
        same time share a flush.
        """
        self._flushes.submit(target)

    def _sync_all(self, targets: list[Target]) -> None:
        if len(targets) == 1:
            self._sync(targets[0])
            return
        for target in {each.identity: each for each in targets}.values():
            self._sync(target)

    def _sync(self, target: Target) -> None:
        os.fsync(target.fd)
        if not target.directories:
            return
        depth = len(target.directories)
        unsafe = [n for n in range(depth) if target.directories[: n + 1] not in self._flushed]
        for n in reversed(unsafe):
            self._flush(target.directories[:n])
            if len(self._flushed) > REMEMBERED:
                self._flushed.clear()
            self._flushed.add(target.directories[: n + 1])

    def _flush(self, directories: tuple[str, ...]) -> None:
        if not directories:
            os.fsync(self._fd)
            return
        flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
        fd = os.open("/".join(directories), flags, dir_fd=self._fd)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)

    def close(self) -> None:
        """Let go of the directory. Idempotent."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)


@dataclass(eq=False, slots=True)
class Target:
    """Where a file is to be. Close it.

    Attributes:
        place: the directory that all is in.
        fd: the directory that the file is to be in, which may be that one.
        identity: which one it is, device and inode: its path may come to stand for another.
        directories: the way from the one to the other.
        name: of the file.
        made: paths of directories that were made for it, outermost first.
    """

    place: Place
    fd: int
    identity: tuple[int, int]
    directories: tuple[str, ...]
    name: str
    made: tuple[str, ...]

    def open(self) -> int | None:
        """A descriptor for reading the regular file that has the name now; None: there is none."""
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        try:
            return os.open(self.name, flags, dir_fd=self.fd)
        except OSError:
            return None

    @property
    def exists(self) -> bool:
        """Something has the name already."""
        return has_name(self.name, self.fd)

    def abandon(self) -> None:
        """Nothing will be there: remove the directories that were made for it."""
        self.place.unmake(self.made)

    def close(self) -> None:
        """Let go of the directory. Idempotent."""
        fd, self.fd = self.fd, -1
        if fd >= 0 and fd != self.place._fd:  # noqa: SLF001 - its own place
            os.close(fd)


def reason(error: OSError) -> str:
    """What the operating system says, without the number and the file's name."""
    return error.strerror or type(error).__name__
