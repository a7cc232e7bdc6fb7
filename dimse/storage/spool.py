"""Where received objects land: one file each, complete and durable, or no trace at all.

An object is written to a temporary file in the same directory, file meta information first. On
`commit` it is flushed to the disk, renamed to its final name, and the directory is flushed; only
then may the sender be told of success. At any moment there is, under the final name, the whole of
the old object or the whole of the new one, or nothing. An interrupted transfer, a full disk or a
failing one leaves what was there before. (If the very last step fails, the flush of the directory,
the new object is in place and complete: it stays, and the sender is told to send it again.)

Names come from the SOP Instance UID alone, unless the user makes others; `identifiers` says what is
let through. `directory` says what becomes of temporary files when a process dies, and what if the
directory itself goes and comes.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Literal, Self

from dimse.errors import FilePath, SpoolError, SpoolUnusable
from dimse.requests import StoreRequest
from dimse.storage.checked import Checked
from dimse.storage.directory import Place, SpoolDirectory, reason
from dimse.storage.identifiers import check_identifiers
from dimse.storage.naming import dcmtk_name
from dimse.tables import uids

__all__ = [
    "Existing",
    "Fsync",
    "Spool",
    "SpoolFile",
    "SpoolUnusable",
]

Fsync = Literal["full", "file", "none"]
"""What is flushed to the disk before success is reported: file and directory; the file, whose name
a crash of the machine may then still lose; nothing, which is for data that exist elsewhere."""

Existing = Literal["replace", "keep"]
"""What happens to an object that is already there under the same name."""

MAXIMUM_NAME: Final = 255  # bytes, on every file system in use

_EXTENSION = re.compile(r"(?:\.[A-Za-z0-9_-]+)*")
_FILE_NAME = re.compile(r"[^./\x00-\x1f\x7f\ud800-\udfff][^/\x00-\x1f\x7f\ud800-\udfff]*")

_IOV_MAX: Final = os.sysconf("SC_IOV_MAX") if "SC_IOV_MAX" in os.sysconf_names else 16


class Spool:
    """A directory that takes received objects. Threads may share it; close it, or use `with`."""

    def __init__(
        self,
        directory: FilePath,
        *,
        fsync: Fsync = "full",
        existing: Existing = "replace",
        check: bool = True,
        strict: bool = False,
        naming: Callable[[StoreRequest], str] = dcmtk_name,
        extension: str = "",
        file_meta: bool = True,
        implementation_class_uid: str = uids.IMPLEMENTATION_CLASS_UID,
        implementation_version_name: str = uids.IMPLEMENTATION_VERSION_NAME,
    ) -> None:
        """Try the directory, and remove what crashed writers left in it.

        Args:
            directory: an existing directory.
            fsync: what is flushed before an object counts as stored.
            existing: whether a new object replaces one of the same name, or is dropped for it.
            check: whether the data set is looked at: its own UIDs are to be the command's, and it
                is to be whole. Without, whatever comes is stored.
            strict: refuse what `check` finds and tolerates otherwise.
            naming: gives the file name, without directory and extension.
            extension: put behind every name, with its dot: ".dcm".
            file_meta: whether a file begins with file meta information (PS3.10 7.1), or is the data
                set alone; then only who sent it knows its transfer syntax.
            implementation_class_uid: (0002,0012).
            implementation_version_name: (0002,0013).

        Raises:
            SpoolUnusable: it is no directory, not writable, or for "keep", without hard links.
            ValueError: an extension that isn't one.
        """
        if not _EXTENSION.fullmatch(extension):
            raise ValueError(f"{extension!r} is no file name extension such as '.dcm'")
        self.directory = Path(directory)
        self._fsync = fsync
        self._existing = existing
        self._check = check
        self._strict = strict
        self._naming = naming
        self._extension = extension
        self._file_meta = file_meta
        self._implementation = implementation_class_uid, implementation_version_name
        self._directory = SpoolDirectory(directory, keep=existing == "keep")

    def open(self, request: StoreRequest) -> SpoolFile | Checked:
        """The sink for a C-STORE request: a temporary file for its object.

        Raises:
            InvalidSOPInstance: the SOP Instance UID is none; status 0117H.
            UnknownSOPClass: the SOP Class UID is none; status 0122H.
            SpoolError: no file can be made; status A700H.
        """
        check_identifiers(request)
        name = self._naming(request) + self._extension
        path = self.directory / name
        if not _FILE_NAME.fullmatch(name) or len(os.fsencode(name)) > MAXIMUM_NAME:
            raise SpoolError(self.directory, f"{name!r} is no file name")
        head = b""
        if self._file_meta:
            class_uid, version_name = self._implementation
            head = request.file_meta(
                implementation_class_uid=class_uid, implementation_version_name=version_name
            )
        try:
            place = self._directory.enter()
            try:
                temporary = place.create()
            except BaseException:
                place.leave()
                raise
        except OSError as error:
            raise SpoolError(path, reason(error), error.errno) from error
        file = SpoolFile(place, path, temporary, head, self._fsync)
        if not self._check:
            return file
        return Checked(
            file,
            request.sop_class_uid,
            request.sop_instance_uid,
            request.transfer_syntax_uid,
            strict=self._strict,
        )

    def close(self) -> None:
        """Let go of the directory, when the last object is committed or discarded. Idempotent."""
        self._directory.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class SpoolFile:
    """An object on its way into the spool: a sink.

    Attributes:
        path: where it will be.
        length: bytes of the data set that have come, written or not.
        kept: after `commit`, whether an older object has kept the name.
    """

    def __init__(
        self,
        place: Place,
        path: Path,
        temporary: tuple[int, str],
        head: bytes,
        fsync: Fsync,
    ) -> None:
        """Made by `Spool.open`."""
        self.path = path
        self.length = 0
        self.kept = False
        self._place = place
        self._fd, self._temporary = temporary
        self._head = head  # goes with the first data, in one system call
        self._data_set = len(head)  # where the data set begins
        self._fsync = fsync
        self._failure: SpoolError | None = None
        self._committed = False

    def write(self, views: Sequence[memoryview]) -> None:
        """Write fragments of the data set. Never raises: a failure is reported by `commit`.

        After one the temporary file is gone, and what comes is only counted.
        """
        self.length += sum(map(len, views))
        if self._fd < 0:
            return
        try:
            self._write(views)
        except OSError as error:
            self._fail(error)

    def _write(self, views: Sequence[memoryview]) -> None:
        pending = [memoryview(self._head), *views]
        pending = [view for view in pending if len(view)]
        self._head = b""
        first = 0
        while first < len(pending):
            written = os.writev(self._fd, pending[first : first + _IOV_MAX])
            if not written:
                raise OSError(errno.EIO, "Nothing was written")
            while first < len(pending) and written >= len(pending[first]):
                written -= len(pending[first])
                first += 1
            if written:
                pending[first] = pending[first][written:]

    def read_back(self, at: int, count: int) -> bytes:
        """Bytes of the data set that have been written, for a check before `commit`.

        Raises:
            OSError: they can't be read; after a failed write, that they are gone.
        """
        return os.pread(self._fd, count, self._data_set + at)

    def commit(self) -> Path:
        """Make the object durable and give it its name.

        Returns:
            Where it is.

        Raises:
            SpoolError: writing failed, now or before; or the object was discarded.
        """
        if self._committed:
            return self.path
        if self._failure is None and self._fd < 0:
            self._failure = SpoolError(self.path, "it was discarded")
        if self._failure is not None:
            raise self._failure
        try:
            self._finish()
        except OSError as error:
            raise self._fail(error) from error
        self._committed = True
        return self.path

    def _finish(self) -> None:
        self._write([])  # the head, if there is no data set
        os.fchmod(self._fd, self._place.mode)
        if self._fsync == "none":
            # Some file systems say only at a close that there is no space; a duplicate's close
            # tells that, and keeps the lock.
            os.close(os.dup(self._fd))
        else:
            os.fsync(self._fd)
        self.kept = not self._place.publish(self._temporary, self.path.name)
        self._temporary = ""
        if self._fsync == "full":
            self._place.sync()
        self._close()

    def discard(self) -> None:
        """Remove the temporary file; after `commit`, nothing. Idempotent; never raises."""
        if self._temporary:
            self._place.remove(self._temporary)
            self._temporary = ""
        self._close()

    def _fail(self, error: OSError) -> SpoolError:
        self._failure = SpoolError(self.path, reason(error), error.errno)
        self.discard()
        return self._failure

    def _close(self) -> None:
        fd, self._fd = self._fd, -1
        if fd >= 0:
            self._place.leave()
            # What there was to be lost has been flushed, or is given up.
            with contextlib.suppress(OSError):
                os.close(fd)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Discard, unless it is committed."""
        self.discard()
