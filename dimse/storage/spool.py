"""Where received objects land: one file each, complete and durable, or no trace at all.

An object is written to a new file without a name, file meta information first. On `commit` it is
flushed to the disk, given its name, and the directory is flushed; only then may the sender be told of success. At any moment there is, under the final name, the whole of
the old object or the whole of the new one, or nothing. An interrupted transfer, a full disk or a
failing one leaves what was there before. (If the very last step fails, the flush of the directory,
the new object is in place and complete: it stays, and the sender is told to send it again.)

Names come from the SOP Instance UID alone, unless the user makes others (`naming`, `template`,
`sorting`); they are made when an object has come whole, for they may need values of it. `identifiers`
says what is let through. `newfile` says what becomes of new files when a process dies, `directory` what
if the directory itself goes and comes.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType

from dimse.errors import (
    FilePath,
    SpoolError,
    SpoolUnusable,
    StorageRefused,
)
from dimse.requests import Requestor, StoreRequest
from dimse.storage.appearance import Appearance, Existing, give_way
from dimse.storage.checked import Checked, Checking
from dimse.storage.content import Bytes
from dimse.storage.converting import WriteAs
from dimse.storage.directory import Folder, Place, SpoolDirectory, reason
from dimse.storage.head import Head
from dimse.storage.identifiers import check_identifiers
from dimse.storage.naming import Naming, dcmtk_name
from dimse.storage.newfile import NewFile
from dimse.storage.unflushed import Unflushed
from dimse.tables import uids
from dul.values import TYPE_CHECKING, dataclass

if TYPE_CHECKING:
    from typing import Literal, Self, TypeAlias

__all__ = [
    "Fsync",
    "Spool",
    "SpoolFile",
    "SpoolUnusable",
    "ToldOfExisting",
]

Fsync: TypeAlias = "Literal['file', 'study', 'none']"
"""When what is stored survives a crash of the machine: each file, with its name, before its Success is
answered; the objects of an association together, before its release is answered (`Spool.flush`); when
the operating system likes, which is for data that exist elsewhere. A crash of the process harms
nothing in any case."""

ToldOfExisting = Callable[[Path, str], None]
"""Is told of a file that was there already, and what became of the new object: "replaced", "kept",
"identical"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Policy:
    """How a spool writes; see its arguments."""

    directory: Path
    fsync: Fsync
    existing: Existing
    appearance: Appearance
    told: ToldOfExisting | None
    write_as: WriteAs | None
    unflushed: Unflushed


class Spool:
    """A directory that takes received objects. Threads may share it; close it, or use `with`."""

    def __init__(
        self,
        directory: FilePath,
        *,
        fsync: Fsync = "file",
        existing: Existing = "replace",
        check: bool = True,
        strict: bool = False,
        keep_mismatched: bool = False,
        naming: Naming = dcmtk_name,
        extension: str = "",
        file_meta: bool = True,
        implementation_class_uid: str = uids.IMPLEMENTATION_CLASS_UID,
        implementation_version_name: str = uids.IMPLEMENTATION_VERSION_NAME,
        told: ToldOfExisting | None = None,
        write_as: WriteAs | None = None,
    ) -> None:
        """Try the directory, and remove what crashed writers left in it.

        Args:
            directory: an existing directory.
            fsync: when objects are flushed to the disk.
            existing: what happens to an object whose name is taken.
            check: whether the data set is looked at: its own UIDs are to be the command's, and it
                is to be whole. Without, whatever comes is stored.
            strict: refuse what `check` finds and tolerates otherwise.
            keep_mismatched: store also a data set whose UIDs are not the command's; it is answered
                with A900H all the same.
            naming: gives the file name, without extension; directories in it are made.
            extension: put behind every name, with its dot: ".dcm".
            file_meta: whether a file begins with file meta information (PS3.10 7.1), or is the data
                set alone; then only who sent it knows its transfer syntax.
            implementation_class_uid: (0002,0012).
            implementation_version_name: (0002,0013).
            told: is told of files that were there already.
            write_as: convert it, when it has come whole and has been checked;
                None: keep the bytes as they come.

        Raises:
            SpoolUnusable: it is no directory, not writable, or unless files are to be replaced,
                without hard links.
            ValueError: an extension that isn't one.
        """
        appearance = Appearance(
            naming=naming,
            extension=extension,
            file_meta=file_meta,
            implementation=(implementation_class_uid, implementation_version_name),
        )
        self.directory = Path(directory)
        self._checking = Checking(check, strict, keep_mismatched)
        self._policy = _Policy(
            directory=self.directory,
            fsync=fsync,
            existing=existing,
            appearance=appearance,
            told=told,
            write_as=write_as,
            unflushed=Unflushed(self.directory),
        )
        self._directory = SpoolDirectory(directory, keep=existing != "replace")

    def open(self, request: StoreRequest) -> SpoolFile | Checked:
        """The sink for a C-STORE request: a new file for its object.

        Raises:
            InvalidSOPInstance: the SOP Instance UID is none; status 0117H.
            UnknownSOPClass: the SOP Class UID is none; status 0122H.
            SpoolError: no file can be made; status A700H.
        """
        check_identifiers(request)
        head = self._policy.appearance.head_of(request, request.context.transfer_syntax)
        try:
            place = self._directory.enter()
            try:
                new = place.files.make()
            except BaseException:
                place.leave()
                raise
        except OSError as error:
            path = self.directory / request.sop_instance_uid
            raise SpoolError(path, reason(error), error.errno) from error
        file = SpoolFile(self._policy, place, request, new, head)
        return self._checking.over(file, request)

    def flush(self, requestor: Requestor) -> None:
        """Flush what "study" has left unflushed: a server's `on_release`.

        Raises:
            OSError: objects of this requestor's may not be on the disk, although their Success was
                answered.
        """
        self._policy.unflushed.flush(requestor.address)

    def close(self) -> None:
        """Let go of the directory, when the last object is committed or discarded. Idempotent.

        Raises:
            OSError: what was stored may not be on the disk.
        """
        try:
            self._policy.unflushed.flush_all()
        finally:
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
        length: bytes of the data set that have come, written or not.
        kept: after `commit`, whether an older object has kept the name.
    """

    def __init__(
        self,
        policy: _Policy,
        place: Place,
        request: StoreRequest,
        new: NewFile,
        head: bytes,
    ) -> None:
        """Made by `Spool.open`."""
        self.length = 0
        self.kept = False
        self._policy = policy
        self._place = place
        self._request = request
        self._new = new
        self._head = head  # goes with the first data, in one system call
        self._data_set = len(head)  # where the data set begins
        self._syntax = request.context.transfer_syntax
        self._path: Path | None = None
        self._failure: StorageRefused | None = None
        self._committed = False

    @property
    def path(self) -> Path:
        """Where it is, after `commit`; before, what messages call it."""
        if self._path is None:
            self._path = self._policy.directory / self._request.sop_instance_uid
        return self._path

    def write(self, views: Sequence[memoryview]) -> None:
        """Write fragments of the data set. Never raises: a failure is reported by `commit`.

        After one the new file is gone, and what comes is only counted.
        """
        count = sum(map(len, views))
        self.length += count
        if self._new.fd < 0:
            return
        try:
            if self._head:
                count += len(self._head)
                self._new.write([self._head, *views], count)
                self._head = b""
            else:
                self._new.write(views, count)
        except OSError as error:
            self._fail(error)

    def _write(self, piece: bytes | memoryview) -> None:
        self._new.write([piece], len(piece))

    def read_back(self, at: int, count: int) -> bytes:
        """Bytes of the data set that have been written, for a check before `commit`.

        Raises:
            OSError: they can't be read; after a failed write, that they are gone.
        """
        return self._new.read(self._data_set + at, count)

    def commit(self) -> Path:
        """Make the object durable and give it its name.

        Returns:
            Where it is.

        Raises:
            SpoolError: writing failed, now or before; or the object was discarded.
            AlreadyStored: another object has the name, and is not to be replaced.
        """
        if self._committed:
            return self.path
        if self._failure is None and self._new.fd < 0:
            self._failure = SpoolError(self.path, "it was discarded")
        if self._failure is not None:
            raise self._failure
        try:
            if self._head:  # there is no data set
                self._write(self._head)
            self._finish()
        except OSError as error:
            raise self._fail(error) from error
        except StorageRefused as error:
            self._failure = error
            self.discard()
            raise
        self._committed = True
        assert self._path is not None
        return self._path

    def _finish(self) -> None:
        head = Head(self._syntax, self.length, self.read_back)
        try:
            name = self._policy.appearance.name_of(self._request, head)
        except ValueError as error:
            raise SpoolError(self._policy.directory, str(error)) from error
        self._path = self._policy.directory / name
        write_as = self._policy.write_as
        if write_as is not None and write_as.concerns(self._syntax):
            self._convert(write_as)
        folder, name = self._place.folder_of(name)
        try:
            if self._policy.existing != "replace" and folder.has(name):
                self._give_way(folder, name)  # before anything is flushed for nothing
            else:
                self._publish(folder, name)
        except BaseException:
            folder.abandon()
            raise
        finally:
            folder.close()
        self.discard()

    def _convert(self, write_as: WriteAs) -> None:
        """Put another new file in the place of the one that was received."""
        old, begin, came = self._new, self._data_set, self._syntax
        self._syntax = write_as.target(came)
        self._head = self._policy.appearance.head_of(self._request, self._syntax)
        self._data_set = len(self._head)
        received = Bytes(self.length, lambda at, count: old.read(begin + at, count))
        self._new = self._place.files.make()
        try:
            self._write(self._head)
            for piece in write_as.pieces(self.path, received, came, before=self._data_set):
                self._write(piece)
        finally:
            old.close()

    def _publish(self, folder: Folder, name: str) -> None:
        fsync = self._policy.fsync
        self._new.seal(durable=fsync == "file")
        published = self._new.publish(name, folder.fd)
        if published == "taken":  # somebody else's came in between
            self._give_way(folder, name)
            return
        if fsync == "file":
            self._place.sync(folder)
        elif fsync == "study":
            self._policy.unflushed.add(self.path, self._request.requestor.address)
        if published == "replaced":
            self._tell("replaced")

    def _give_way(self, folder: Folder, name: str) -> None:
        """Another file has the name: drop the new one, if that is not to be called a failure.

        Raises:
            AlreadyStored: it is.
        """
        what = give_way(self._policy.existing, str(self.path), lambda: self._is_same(folder, name))
        self.kept = True
        if self._policy.fsync == "file":
            self._place.sync(folder)  # whose name may not have been flushed yet
        self._tell(what)

    def _is_same(self, folder: Folder, name: str) -> bool:
        # Few servers compare.
        from dimse.storage.identical import same_object  # noqa: PLC0415

        old = folder.open(name)
        if old is None:
            return False
        try:
            return same_object(
                Bytes.in_file(old),
                Bytes.in_file(self._new.fd),
                self._data_set,
                transfer_syntax_uid=self._syntax,
                file_meta=self._policy.appearance.file_meta,
            )
        finally:
            os.close(old)

    def _tell(self, what: str) -> None:
        if self._policy.told is not None:
            self._policy.told(self.path, what)

    def discard(self) -> None:
        """Leave nothing of it; after `commit`, nothing happens. Idempotent; never raises."""
        if self._new.fd >= 0:
            self._new.close()
            self._place.leave()

    def _fail(self, error: OSError) -> SpoolError:
        self._failure = SpoolError(self.path, reason(error), error.errno)
        self.discard()
        return self._failure

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
