"""What a user wants to send: DICOM files and pydicom data sets, made ready for C-STORE.

Two passes: `examine` opens each file once, to find out what it is and that it is whole; `open`
opens it again when its turn comes. So thousands of files need no open descriptors.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from dimse.errors import DIMSEError, Unreadable
from dimse.objects.part10 import FileSource, open_object
from dimse.tables.uids import EXPLICIT_VR_LITTLE_ENDIAN
from dul.outbox import Source

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

__all__ = ["DataSetObject", "FileObject", "Sendable", "examine"]

Opened = tuple[Source, Callable[[], None]]
"""The bytes of a data set, and how to close them."""


@dataclass(frozen=True, slots=True)
class FileObject:
    """A DICOM file that was examined, and is whole.

    Attributes:
        path: the file.
        sop_class_uid: that of the data set.
        sop_instance_uid: that of the data set.
        transfer_syntax_uid: how it is encoded.
        data_set: offset and length of the data set in the file, in bytes.
    """

    path: Path
    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    data_set: tuple[int, int]
    stamp: tuple[int, int] = field(repr=False)  # size and time of modification when examined

    def open(self, transfer_syntax_uid: str) -> Opened:
        """The data set in this syntax.

        Raises:
            Unreadable: the file is gone, or not the one that was examined.
            CannotTranscode: it cannot be converted.
        """
        if transfer_syntax_uid != self.transfer_syntax_uid:
            # Needs pydicom, which a file that goes out as it is must not load.
            from dimse.objects.transcode import transcode  # noqa: PLC0415

            converted = transcode(self.path, transfer_syntax_uid)
            return converted, converted.close
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
        source = FileSource(self.path, fd, start, length, padded=length % 2 == 1)
        return source, lambda: os.close(fd)


@dataclass(frozen=True, slots=True)
class DataSetObject:
    """A pydicom data set in memory, encoded when it is sent."""

    data_set: Dataset
    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    path: Path | None = None

    def open(self, transfer_syntax_uid: str) -> Opened:
        """The data set in this syntax.

        Raises:
            DIMSEError: pydicom cannot encode it, or it cannot be converted.
        """
        # By way of a temporary file, so that a data set is converted and checked as a file is.
        with tempfile.NamedTemporaryFile(suffix=".dcm", delete=False) as file:
            path = Path(file.name)
        try:
            self._save(path)
            source, close = _examine_file(path).open(transfer_syntax_uid)
        finally:
            # An open file needs no name.
            path.unlink(missing_ok=True)
        return source, close

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


class Sendable(Protocol):
    """What can be sent; `FileObject` and `DataSetObject` are, and whatever stands in for them."""

    @property
    def path(self) -> Path | None:
        """The file, if it is one."""
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

    def open(self, transfer_syntax_uid: str) -> Opened:
        """The data set in this syntax, and how to close it; DIMSEError if that can't be had."""
        ...


def examine(item: os.PathLike[str] | str | Dataset) -> Sendable:
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


def _stamp(status: os.stat_result) -> tuple[int, int]:
    return status.st_size, status.st_mtime_ns
