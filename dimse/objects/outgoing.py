"""What a user wants to send: DICOM files and pydicom data sets, made ready for C-STORE.

Two passes: `examine` opens each file once, to find out what it is and that it is whole; `open`
opens it again when its turn comes. So thousands of files need no open descriptors.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeAlias

from dimse.errors import DIMSEError, Unreadable
from dimse.objects.part10 import FileSource, open_object
from dimse.tables.storage_sops import STORAGE_SOP_CLASSES
from dimse.tables.uids import EXPLICIT_VR_LITTLE_ENDIAN
from dul.outbox import Source
from dul.values import dataclass, field

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

__all__ = ["DataSetObject", "FileObject", "Outgoing", "OutgoingSource", "Sendable", "examine"]

Sendable: TypeAlias = "os.PathLike[str] | str | Dataset"
"""What a user names to have it sent: a path, or a pydicom data set."""

Stamp = tuple[int, int, int]
"""Size, time of modification and inode of a file: another one is another file, or changed."""


class OutgoingSource(Source, Protocol):
    """The bytes of a data set on its way out: an even number of them, read once."""

    def close(self) -> None:
        """Give back what is open for it. Idempotent."""
        ...

    def finish(self) -> None:
        """To be called when every byte was handed to the transport.

        Raises:
            Unreadable: the file changed since it was examined (size, time of modification or
                inode), so that nobody knows what was sent.
        """
        ...


class Outgoing(Protocol):
    """An examined object, ready for C-STORE; `FileObject` and `DataSetObject` are."""

    @property
    def path(self) -> Path | None:
        """The file, if it is one."""
        ...

    @property
    def name(self) -> str:
        """How messages name it: the path, or "data set 1.2.3 (CT Image Storage)"."""
        ...

    @property
    def sop_class_uid(self) -> str:
        """What the object is."""
        ...

    @property
    def sop_instance_uid(self) -> str:
        """Which one it is."""
        ...

    @property
    def transfer_syntax_uid(self) -> str:
        """How it is encoded."""
        ...

    @property
    def length(self) -> int:
        """Bytes of the data set as it lies there; 0 if that is not known before it is encoded."""
        ...

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is wrong with it and tolerated; each names the byte and the element."""
        ...

    def open(self, transfer_syntax_uid: str) -> OutgoingSource:
        """The data set in this syntax, of even length. Close it.

        Raises:
            DIMSEError: it can't be had.
        """
        ...


@dataclass(frozen=True, slots=True)
class FileObject:
    """A DICOM file that was examined, and is whole.

    Attributes:
        path: the file.
        sop_class_uid: that of the data set.
        sop_instance_uid: that of the data set.
        transfer_syntax_uid: how it is encoded.
        data_set: offset and length of the data set in the file, in bytes.
        warnings: what is wrong with it and tolerated.
    """

    path: Path
    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    data_set: tuple[int, int]
    stamp: Stamp = field(repr=False)  # of the file when it was examined
    warnings: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The path."""
        return str(self.path)

    @property
    def length(self) -> int:
        """Bytes of the data set in the file."""
        return self.data_set[1]

    def open(self, transfer_syntax_uid: str) -> OutgoingSource:
        """The data set in this syntax.

        Raises:
            Unreadable: the file is gone, or not the one that was examined.
            CannotTranscode: it cannot be converted.
        """
        if transfer_syntax_uid != self.transfer_syntax_uid:
            # Needs pydicom, which a file that goes out as it is must not load.
            from dimse.objects.transcode import transcode  # noqa: PLC0415

            return _Unchanged(transcode(self.path, transfer_syntax_uid), self.path, self.stamp)
        try:
            fd = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
            stamp = _stamp(os.fstat(fd))
        except OSError as error:
            raise Unreadable(self.path, f"cannot be opened: {error.strerror}") from error
        if stamp != self.stamp:
            os.close(fd)
            raise Unreadable(self.path, "has changed since it was examined; send it again")
        start, length = self.data_set
        # Of odd length are only deflated data sets (`dimse.objects.part10`); they get a NUL (PS3.5 A.5).
        source = _OwnedFile(self.path, fd, start, length, padded=length % 2 == 1)
        return _Unchanged(source, self.path, self.stamp)


@dataclass(frozen=True, slots=True)
class DataSetObject:
    """A pydicom data set in memory, encoded when it is sent."""

    data_set: Dataset
    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    path: Path | None = None
    length: int = 0
    warnings: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """What it is, as it has no path."""
        known = STORAGE_SOP_CLASSES.get(self.sop_class_uid)
        return f"data set {self.sop_instance_uid} ({known.name if known else self.sop_class_uid})"

    def open(self, transfer_syntax_uid: str) -> OutgoingSource:
        """The data set in this syntax.

        Raises:
            DIMSEError: pydicom cannot encode it, or it cannot be converted.
        """
        # By way of a temporary file, so that a data set is converted and checked as a file is.
        with tempfile.NamedTemporaryFile(suffix=".dcm", delete=False) as file:
            path = Path(file.name)
        try:
            self._save(path)
            source = _examine_file(path).open(transfer_syntax_uid)
        finally:
            # An open file needs no name.
            path.unlink(missing_ok=True)
        return _Nameless(source)

    def _save(self, path: Path) -> None:
        import pydicom  # noqa: PLC0415 - it is pydicom's data set
        from pydicom.dataset import FileMetaDataset  # noqa: PLC0415

        copy = pydicom.Dataset(self.data_set)
        copy.file_meta = FileMetaDataset()
        copy.file_meta.TransferSyntaxUID = pydicom.uid.UID(self.transfer_syntax_uid)
        try:
            pydicom.dcmwrite(path, copy, enforce_file_format=True)
        except (ValueError, TypeError, AttributeError, KeyError) as error:
            raise DIMSEError(f"the data set cannot be encoded: {error}") from error


class _Closable(Source, Protocol):
    def close(self) -> None: ...


class _Nameless:
    """A source that nobody else can change."""

    def __init__(self, source: _Closable) -> None:
        self._source = source

    def __len__(self) -> int:
        return len(self._source)

    def readinto(self, view: memoryview) -> int:
        return self._source.readinto(view)

    def close(self) -> None:
        self._source.close()

    def finish(self) -> None:
        pass


class _OwnedFile(FileSource):
    def close(self) -> None:
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)


class _Unchanged(_Nameless):
    """A source from a file that others may write to: `finish` compares its stamp."""

    def __init__(self, source: _Closable, path: Path, stamp: Stamp) -> None:
        super().__init__(source)
        self._path = path
        self._stamp = stamp

    def finish(self) -> None:
        try:
            stamp = _stamp(self._path.stat())
        except OSError as error:
            raise Unreadable(self._path, f"is gone: {error.strerror}") from error
        if stamp != self._stamp:
            raise Unreadable(self._path, "changed while it was sent; send it again")


def examine(item: Sendable) -> Outgoing:
    """Find out what an object is, and that it is whole.

    Raises:
        Part10Error: it is no DICOM file, cut off, or not readable.
        DIMSEError: a data set without SOP Class or Instance UID.
    """
    if isinstance(item, str | os.PathLike):
        return _examine_file(Path(item))
    sop_class, sop_instance = (
        str(item.get(keyword) or "") for keyword in ("SOPClassUID", "SOPInstanceUID")
    )
    if not (sop_class and sop_instance):
        raise DIMSEError("a data set without SOP Class UID or SOP Instance UID cannot be stored")
    meta = getattr(item, "file_meta", None)
    syntax = str(meta.get("TransferSyntaxUID") or "") if meta is not None else ""
    return DataSetObject(item, sop_class, sop_instance, syntax or EXPLICIT_VR_LITTLE_ENDIAN)


def _examine_file(path: Path) -> FileObject:
    with open_object(path) as found:
        return FileObject(
            path,
            found.sop_class_uid,
            found.sop_instance_uid,
            found.transfer_syntax_uid,
            (found.data_set_offset, found.data_set_length),
            _stamp(path.stat()),
        )


def _stamp(status: os.stat_result) -> Stamp:
    return status.st_size, status.st_mtime_ns, status.st_ino
