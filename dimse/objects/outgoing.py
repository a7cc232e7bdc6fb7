"""What a user wants to send: DICOM files and pydicom data sets, made ready for C-STORE.

    item = examine("ct.dcm")
    source = item.open(item.transfer_syntax_uid)
    ...                                # every byte to the transport
    source.finish()                    # the file is still the one that was examined
    source.close()

Two passes: `examine` opens each file once, to find out what it is and that it is whole; `open`
opens it again when its turn comes. So thousands of files need no open descriptors. Small files
that a `Cache` has room for are read in the first pass and not again.
"""

from __future__ import annotations

import os
import stat
import sys

from dimse.errors import InvalidFile, NotDICOM, Truncated, Unreadable
from dimse.objects.bounds import DEFAULT_LEVEL
from dimse.objects.cache import Cache
from dimse.objects.codecs import obstacle_to_conversion
from dimse.objects.datasets import DataSetObject, examine_data_set
from dimse.objects.layout import is_deflated
from dimse.objects.part10 import FileForm, contents_of
from dimse.objects.sources import (
    Encoded,
    FileOrigin,
    MemoryOrigin,
    Origin,
    OutgoingSource,
    SplicedSource,
    Stamp,
    WholeSource,
    stamp_of,
    straight,
)
from dimse.objects.walk import Span
from dimse.objects.window import Window
from dimse.tables.uids import is_uid
from dul.values import TYPE_CHECKING, Protocol, dataclass, field

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Final, TypeAlias

    from pydicom.dataset import Dataset

    from dimse.objects.rewrite import Rewriting

__all__ = [
    "Cache",
    "DataSetObject",
    "FileObject",
    "Outgoing",
    "OutgoingSource",
    "Sendable",
    "examine",
    "examine_file",
    "opened",
    "refuse_invalid_uids",
]

Sendable: TypeAlias = "os.PathLike[str] | str | Dataset"
"""What a user names to have it sent: a path, or a pydicom data set."""

_PATHS: Final = (str, os.PathLike)
# Opening a pipe must not wait for somebody to write to it; on a regular file this changes nothing.
_FLAGS: Final = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK


class Outgoing(Protocol):
    """An examined object, ready for C-STORE; `FileObject` and `DataSetObject` are."""

    @property
    def file(self) -> str | None:
        """The file's name, if it is one."""
        ...

    @property
    def name(self) -> str:
        """How messages name it: the path, or "data set 1.2.3 (CT Image Storage)"."""
        ...

    @property
    def sop_class_uid(self) -> str:
        """Its SOP Class UID (0008,0016): what kind of object it is."""
        ...

    @property
    def sop_instance_uid(self) -> str:
        """Its SOP Instance UID (0008,0018): which object it is."""
        ...

    @property
    def transfer_syntax_uid(self) -> str:
        """The transfer syntax in which it lies: how it is encoded."""
        ...

    @property
    def length(self) -> int:
        """Bytes of the data set as it lies there; 0 if that is not known before it is encoded."""
        ...

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is wrong with it and tolerated; each names the byte and the element."""
        ...

    def obstacle(self, transfer_syntax_uid: str) -> str | None:
        """What is in the way of converting it to another syntax than its own; None: nothing is."""
        ...

    def encoded(self) -> Encoded:
        """The data set as it lies there. Close its origin.

        Raises:
            DIMSEError: it can't be had.
        """
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
        file: its name.
        sop_class_uid: that of the data set.
        sop_instance_uid: that of the data set.
        transfer_syntax_uid: how it is encoded.
        spans: where the data set lies in the file: positions and lengths, in bytes.
        odd: whether elements of odd length were seen in it.
        proven: whether it is known to be whole.
        warnings: what is wrong with it and tolerated.
        stamp: of the file when it was examined.
        content: the whole file, if it was kept.
    """

    file: str
    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    spans: tuple[Span, ...]
    odd: bool
    proven: bool
    warnings: tuple[str, ...]
    stamp: Stamp = field(repr=False)
    content: bytes | None = field(repr=False, compare=False)

    @property
    def name(self) -> str:
        """The file's."""
        return self.file

    @property
    def path(self) -> Path:
        """The file's name as a path."""
        # Most are never asked, and it takes as long to import as three files to send.
        from pathlib import Path  # noqa: PLC0415

        return Path(self.file)

    @property
    def length(self) -> int:
        """Bytes of the data set in the file."""
        spans = self.spans
        return spans[0][1] if len(spans) == 1 else sum([length for _, length in spans])

    def open(self, transfer_syntax_uid: str) -> OutgoingSource:
        """The data set in this syntax.

        It is the file's very bytes if that is its own syntax and their number is even. Else it is
        encoded anew, with even lengths; one of odd length is sent only so, as DCMTK does.

        Raises:
            Unreadable: the file is gone, or not the one that was examined.
            CannotTranscode: it cannot be converted.
            Part10Error: it is damaged within, so that it can't be encoded anew.
        """
        return self.kept(transfer_syntax_uid) or opened(self.encoded(), transfer_syntax_uid)

    def kept(self, transfer_syntax_uid: str) -> WholeSource | None:
        """The same, if it is in memory in one piece, as nearly all small ones are; None: it is not.

        Only the status of the file is asked for, which takes less than a change of thread.

        Raises:
            Unreadable: the file is gone, or not the one that was examined.
        """
        content, spans = self.content, self.spans
        if (
            content is None
            or transfer_syntax_uid != self.transfer_syntax_uid
            or len(spans) != 1
            or spans[0][1] & 1
        ):
            return None
        try:
            status = os.stat(self.file)  # noqa: PTH116 - as cheap as it can be
        except OSError as error:
            raise self._not_opened(error) from error
        self._judge(status)
        return WholeSource(self.file, content, spans[0], self.stamp)

    def obstacle(self, transfer_syntax_uid: str) -> str | None:
        """Uncompressed ones are converted into each other, or compressed without loss."""
        own = self.transfer_syntax_uid
        return obstacle_to_conversion(own, transfer_syntax_uid, proven=self.proven)

    def encoded(self) -> Encoded:
        """The data set as it lies in the file.

        Raises:
            Unreadable: the file is gone, or not the one that was examined.
        """
        own = self.transfer_syntax_uid
        return Encoded(self.file, self._origin(), self.spans, own, self.odd, self.proven)

    def _origin(self) -> Origin:
        try:
            if self.content is not None:
                self._judge(os.stat(self.file))  # noqa: PTH116 - the same
                return MemoryOrigin(self.file, self.content, self.stamp)
            fd = os.open(self.file, _FLAGS)
            origin = FileOrigin(self.file, fd, self.stamp)
            status = os.fstat(fd)
        except OSError as error:
            raise self._not_opened(error) from error
        try:
            self._judge(status)
        except BaseException:
            origin.close()
            raise
        return origin

    def _not_opened(self, error: OSError) -> Unreadable:
        return Unreadable(self.file, f"cannot be opened: {error.strerror}")

    def _judge(self, status: os.stat_result) -> None:
        if stamp_of(status) != self.stamp:
            raise Unreadable(self.file, "has changed since it was examined; send it again")


def opened(
    encoded: Encoded,
    transfer_syntax_uid: str,
    *,
    compression_level: int = DEFAULT_LEVEL,
    form: Rewriting | None = None,
) -> SplicedSource:
    """An encoded data set in this syntax: as it lies there if that is even, else encoded anew.

    With a form it is always encoded anew.

    Raises:
        CannotTranscode: it can't be converted.
        Part10Error: it is damaged within, so that it can't be encoded anew.
    """
    own = encoded.transfer_syntax_uid
    as_it_lies = len(encoded) % 2 == 0 or is_deflated(own) or not encoded.proven
    if transfer_syntax_uid == own and as_it_lies and form is None:
        return straight(encoded)
    # With what only a conversion needs: a file that goes out as it is must not load it.
    from dimse.objects.transcode import transcode  # noqa: PLC0415

    return transcode(encoded, transfer_syntax_uid, level=compression_level, form=form)


def examine(
    item: Sendable,
    *,
    strict: bool = False,
    unproven: bool = False,
    form: FileForm = "any",
    check_uids: bool = False,
    cache: Cache | None = None,
) -> Outgoing:
    """Find out what an object is, and that it is whole.

    Args:
        item: a path, or a pydicom data set.
        strict: refuse what is wrong and could be tolerated; else it is in `Outgoing.warnings`.
        unproven: take what can't be told to be whole as well, as it lies there, with a warning.
        form: what a file may be; see `dimse.objects.part10.FileForm`.
        check_uids: refuse a file whose SOP Class or Instance UID breaks PS3.5 9.1, though it could be
            sent: one with leading zeros, say.
        cache: lets small files be read only once; give the same one for all objects of a run.

    Raises:
        Part10Error: it is no DICOM file, cut off, or not readable.
        CannotEncode: a data set without SOP Class or Instance UID.
    """
    if isinstance(item, _PATHS):
        found = examine_file(
            os.fspath(item), strict=strict, unproven=unproven, form=form, cache=cache
        )
        if check_uids:
            refuse_invalid_uids(found)
        return found
    return examine_data_set(item, strict=strict)


def refuse_invalid_uids(item: Outgoing) -> None:
    """Refuse an object whose UIDs break PS3.5 9.1, though they can be sent.

    Raises:
        InvalidFile: it is one.
    """
    for what, uid in ("Class", item.sop_class_uid), ("Instance", item.sop_instance_uid):
        if not is_uid(uid):
            raise InvalidFile(item.name, f"Invalid SOP {what} UID: {uid}")


def examine_file(
    path: str, *, strict: bool, unproven: bool, form: FileForm, cache: Cache | None
) -> FileObject:
    """`examine` of a file.

    Raises:
        Part10Error: as `examine`.
    """
    fd = -1
    try:
        fd = os.open(path, _FLAGS)
        # Before anything is read: what is written from now on changes it.
        status = os.fstat(fd)
        size = _size_of(path, status)
        content = _read_whole(path, fd, size) if cache is not None and cache.take(size) else None
        window = None
        if content is not None:
            data = content
        else:
            window = Window(path, size, lambda at, n: os.pread(fd, n, at))
            data = window.data
        alike = cache.shapes.find(size, data) if cache and form != "data set" else None
        if alike is None:
            window = window or Window.over(path, data)
            found = contents_of(window, strict=strict, unproven=unproven, form=form)
            # The same in thousands of files.
            sop_class, syntax = (
                sys.intern(found.sop_class_uid),
                sys.intern(found.transfer_syntax_uid),
            )
            instance = found.sop_instance_uid
            if cache is not None and not window.base:
                cache.shapes.learn(size, window.data, found)
        else:
            found, instance = alike
            sop_class, syntax = found.sop_class_uid, found.transfer_syntax_uid
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise Unreadable(
            path, f"can't be read: {why}. Check the name and the permissions"
        ) from error
    except ValueError as error:
        if fd >= 0:
            raise
        # No file can have this name: there is a NUL in it, or half of a surrogate pair.
        raise Unreadable(path, f"can't be read: {error}. Check the name") from error
    finally:
        if fd >= 0:
            os.close(fd)
    return FileObject(
        path,
        sop_class,
        instance,
        syntax,
        found.spans,
        found.odd,
        found.proven,
        found.warnings,
        stamp_of(status),
        content,
    )


def _size_of(path: str, status: os.stat_result) -> int:
    """The size of what can be a DICOM file by its kind."""
    if not stat.S_ISREG(status.st_mode):
        if stat.S_ISDIR(status.st_mode):
            raise NotDICOM(path, "is a directory. Name the files in it")
        raise NotDICOM(path, "is a device or a pipe. Copy its content to a file first")
    if not status.st_size:
        raise NotDICOM(path, "is empty. Copy or export the file again")
    return status.st_size


def _read_whole(path: str, fd: int, size: int) -> bytes:
    content = os.pread(fd, size, 0)
    if len(content) < size:
        raise Truncated(path, 0, size, len(content))
    return content
