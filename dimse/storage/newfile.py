"""New files that get their name when they are whole: what the `spool` writes to.

Where the system has files without a name (O_TMPFILE of Linux), a new file is one, and is given its
name by a link: whatever ends the process, nothing is left of it. Where it has not, or the file system
has not, and for the moment in which a new file takes the place of an old one, it has a temporary name:
.dulcet-RANDOM.part. It is locked (flock) as long as its writer lives: the kernel drops the lock with
the process, however it ends. Whoever opens the directory next removes those that it can lock, for
their writers are certainly dead, and leaves the others to their writers, in this process or another.
On a file system without locks they are called .dulcet-RANDOM.unlocked, and nobody removes them but
their writer. Machines may share a directory over a network if its locks are shared too, as they are by
default with NFS (not with local_lock).
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
from collections.abc import Sequence

from dul.values import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Final, Literal, TypeAlias

__all__ = ["TEMPORARY", "NewFile", "NewFiles", "Published", "has_name"]

TEMPORARY: Final = ".dulcet-"
LOCKED, UNLOCKED = ".part", ".unlocked"
# How many temporary names are tried. One is enough unless somebody sweeps at this very moment.
ATTEMPTS: Final = 16

Published: TypeAlias = "Literal['new', 'replaced', 'taken']"
"""What became of a file that was to have a name: nobody had it; an older file did, and is gone; or did,
and keeps it."""

_NO_LOCKS: Final = frozenset({errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP})
_NAMELESS: Final[int | None] = getattr(os, "O_TMPFILE", None)
_IOV_MAX: Final = os.sysconf("SC_IOV_MAX") if "SC_IOV_MAX" in os.sysconf_names else 16


class NewFiles:
    """Makes new files in a directory. Threads may share it."""

    def __init__(self, fd: int, *, keep: bool) -> None:
        """Find out, with files that are removed at once, what works here; remove what dead writers left.

        Args:
            fd: of the directory, which is not ours.
            keep: whether a file that has the name already keeps it.

        Raises:
            OSError: no file can be made, or for `keep`, no hard link.
        """
        self._fd = fd
        self._keep = keep
        self._mode = 0o600
        self._locks = True
        self._nameless = _NAMELESS is not None and self._try_nameless(_NAMELESS)
        self._try_temporary()
        self._sweep()

    def make(self) -> NewFile:
        """A new file.

        Raises:
            OSError: it can't be made.
        """
        if self._nameless:
            assert _NAMELESS is not None
            # Nobody else can open it, so that it may have the permissions that it is to have.
            return NewFile(
                self, os.open(".", os.O_RDWR | os.O_CLOEXEC | _NAMELESS, 0o666, dir_fd=self._fd)
            )
        return NewFile(self, *self._create(0o600))

    def _try_nameless(self, flag: int) -> bool:
        """Whether files without a name can be made here, and be given one."""
        name = self._name(UNLOCKED)
        try:
            fd = os.open(".", os.O_RDWR | os.O_CLOEXEC | flag, 0o666, dir_fd=self._fd)
        except OSError:
            return False
        try:
            os.link(f"/proc/self/fd/{fd}", name, dst_dir_fd=self._fd)
        except OSError:
            return False
        finally:
            os.close(fd)
        self.remove(name)
        return True

    def _try_temporary(self) -> None:
        # Made with all permissions, it shows what the umask leaves of them. (Asking for the umask
        # means setting it, for all threads.)
        fd, name = self._create(0o666, probing=True)
        try:
            self._mode = os.fstat(fd).st_mode & 0o777
            if self._keep:
                # It relies on link(2), which unlike rename(2) never replaces.
                os.link(name, name + "2", src_dir_fd=self._fd, dst_dir_fd=self._fd)
                os.unlink(name + "2", dir_fd=self._fd)
        finally:
            self.remove(name)
            os.close(fd)

    def _name(self, kind: str) -> str:
        return TEMPORARY + os.urandom(8).hex() + kind

    def _create(self, mode: int, *, probing: bool = False) -> tuple[int, str]:
        """A file with a temporary name, locked: its descriptor and its name."""
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        for _ in range(ATTEMPTS):
            name = self._name(LOCKED if self._locks else UNLOCKED)
            fd = os.open(name, flags, mode, dir_fd=self._fd)
            try:
                if not self._locks or self._lock(fd, probing=probing):
                    return fd, name
            except BaseException:
                self.remove(name)
                os.close(fd)
                raise
            # A sweeper came between the two calls, and removes or has removed the file.
            os.close(fd)
        raise OSError(errno.EBUSY, "temporary files are taken away")

    def _lock(self, fd: int, *, probing: bool) -> bool:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError as error:
            if probing and error.errno in _NO_LOCKS:
                self._locks = False
                return True
            raise
        return os.fstat(fd).st_nlink > 0

    def _sweep(self) -> None:
        """Remove the temporary files of dead writers: those that nobody holds a lock on."""
        if not self._locks:
            return
        with os.scandir(self._fd) as entries:
            names = [entry.name for entry in entries]
        for name in names:
            if not (name.startswith(TEMPORARY) and name.endswith(LOCKED)):
                continue
            # Whatever goes wrong here: it is then not certain that the writer is dead.
            with contextlib.suppress(OSError):
                flags = os.O_WRONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
                fd = os.open(name, flags, dir_fd=self._fd)
                try:
                    fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    os.unlink(name, dir_fd=self._fd)
                finally:
                    os.close(fd)

    def remove(self, name: str) -> None:
        """Remove a temporary name."""
        # If it can't be removed now, the next one to sweep does it.
        with contextlib.suppress(OSError):
            os.unlink(name, dir_fd=self._fd)

    def show(self, fd: int) -> None:
        """A file that had a temporary name may be read by whom the umask lets."""
        os.fchmod(fd, self._mode)

    def replace(self, fd: int, name: str, into: int) -> Published:
        """Give a file without a name one that is taken, as `NewFile.publish`."""
        if self._keep:
            return "taken"
        # Only a rename replaces, and it takes another name for that.
        if self._locks:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        temporary = self._name(LOCKED if self._locks else UNLOCKED)
        os.link(f"/proc/self/fd/{fd}", temporary, dst_dir_fd=self._fd)
        try:
            os.rename(temporary, name, src_dir_fd=self._fd, dst_dir_fd=into)
        except BaseException:
            self.remove(temporary)
            raise
        return "replaced"

    def rename(self, temporary: str, name: str, into: int) -> Published:
        """Give a file with a temporary name its own, as `NewFile.publish`."""
        if not self._keep:
            there = has_name(name, into)
            os.rename(temporary, name, src_dir_fd=self._fd, dst_dir_fd=into)
            return "replaced" if there else "new"
        try:
            os.link(temporary, name, src_dir_fd=self._fd, dst_dir_fd=into)
        except FileExistsError:
            return "taken"
        self.remove(temporary)
        return "new"


class NewFile:
    """A new file; close it.

    Attributes:
        fd: its descriptor; -1 when it is closed.
    """

    def __init__(self, files: NewFiles, fd: int, temporary: str = "") -> None:
        """Made by `NewFiles.make`."""
        self.fd = fd
        self._files = files
        self._temporary = temporary

    def write(self, views: Sequence[memoryview | bytes], left: int) -> None:
        """Write these at the end, `left` bytes in all, in one system call if that takes all.

        Raises:
            OSError: they could not be written.
        """
        if not left:
            return
        written = os.writev(self.fd, views if len(views) <= _IOV_MAX else views[:_IOV_MAX])
        if written < left:
            self._write_rest(views, written)

    def _write_rest(self, views: Sequence[memoryview | bytes], written: int) -> None:
        pending = [memoryview(view) for view in views if len(view)]
        first = 0
        while True:
            if not written:
                raise OSError(errno.EIO, "Nothing was written")
            while first < len(pending) and written >= len(pending[first]):
                written -= len(pending[first])
                first += 1
            if first == len(pending):
                return
            pending[first] = pending[first][written:]
            written = os.writev(self.fd, pending[first : first + _IOV_MAX])

    def read(self, at: int, count: int) -> bytes:
        """So many bytes that have been written, from a position on; fewer at the end.

        Raises:
            OSError: they can't be read, or it is closed.
        """
        return os.pread(self.fd, count, at)

    def seal(self, *, durable: bool) -> None:
        """All is written: flush it to the disk, or at least find out whether there was room for it.

        Raises:
            OSError: it is not all there.
        """
        if self._temporary:
            self._files.show(self.fd)
        if durable:
            os.fsync(self.fd)
        else:
            # Some file systems say only at a close that there is no space; a duplicate's close
            # tells that, and keeps the lock.
            os.close(os.dup(self.fd))

    def publish(self, name: str, into: int) -> Published:
        """Give it its name, in one step.

        Args:
            name: of the file.
            into: descriptor of the directory of new files, or of one that is in it.

        Raises:
            OSError: it could not be done.
        """
        if not self._temporary:
            try:
                os.link(f"/proc/self/fd/{self.fd}", name, dst_dir_fd=into)
            except FileExistsError:
                return self._files.replace(self.fd, name, into)
            return "new"
        published = self._files.rename(self._temporary, name, into)
        if published != "taken":
            self._temporary = ""
        return published

    def close(self) -> None:
        """Let go of it; if it has no name yet, nothing is left of it. Idempotent; never raises."""
        if self._temporary:
            self._files.remove(self._temporary)
            self._temporary = ""
        fd, self.fd = self.fd, -1
        if fd >= 0:
            try:  # noqa: SIM105 - `suppress` costs more than the call
                os.close(fd)
            except OSError:
                pass  # what there was to be lost has been flushed, or is given up


def has_name(name: str, directory: int) -> bool:
    """Whether something has a name in a directory.

    Raises:
        OSError: that can't be known.
    """
    try:
        os.stat(name, dir_fd=directory, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True
