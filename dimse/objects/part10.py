"""DICOM files (PS3.10): where the data set begins, what it is, and whether it is all there.

    with open_object("ct.dcm") as found:
        found.transfer_syntax_uid, found.sop_class_uid, found.sop_instance_uid
        source = found.source()      # the data set's bytes, exactly as they lie in the file

A file is never read as a whole, never decoded and never mapped into memory (a mapped file that
somebody cuts kills the process). What is read are headers: see `walk`.

Decisions where the standard is silent or practice is wider than it:
  - A file without file meta information, with or without the preamble, is a bare data set; its
    layout is found out (`walk.detect`). One whose file meta names no transfer syntax, likewise.
  - The SOP Class and Instance UIDs are those of the data set, (0008,0016) and (0008,0018), as a
    C-STORE-RQ must name what it carries; those of the file meta stand in where the data set has
    none. Where they disagree the data set's win.
  - A run of NULs (up to 64 KiB) behind the last element is padding of the file, not part of the
    data set, and is not sent. Anything else that is no element is an error. Data Set Trailing
    Padding (FFFC,FFFC) is an element like any other.
  - A data set of odd length is an error, since no fragment may be odd (PS3.8 E.1 via PS3.5 7.1),
    but for a deflated one, which gets the NUL that PS3.5 A.5 puts behind it.
  - A deflated data set can't be checked for completeness without inflating all of it, so it
    isn't; only its head is inflated, for the UIDs.
"""

from __future__ import annotations

import contextlib
import os
import stat
import warnings
import zlib
from types import TracebackType
from typing import Final, Self

from dimse.errors import (
    FilePath,
    InvalidFile,
    NotDICOM,
    Truncated,
    Unreadable,
)
from dimse.objects import filemeta
from dimse.objects.filemeta import FileMeta, encode_file_meta
from dimse.objects.layout import EXPLICIT_LITTLE, HEADER_LENGTH, Layout, layout_of
from dimse.objects.walk import Walk, Window, detect
from dimse.tables import uids
from dimse.tables.transfer_syntaxes import TRANSFER_SYNTAXES

__all__ = ["FileMeta", "FileSource", "StoredObject", "encode_file_meta", "open_object"]

# How much of a deflated data set is inflated in search of its UIDs, which stand at its beginning.
_INFLATED_HEAD: Final = 1 << 16

# Opening a pipe must not wait for somebody to write to it; on a regular file this changes nothing.
_FLAGS: Final = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK


class FileSource:
    """The bytes of a data set in a file, once through: what a C-STORE sends.

    Several sources of one object don't disturb each other, as each keeps its own position and
    the file descriptor's is not used. A source is valid as long as its `StoredObject` is open.

    Attributes:
        position: byte of the file that comes next. Whoever sends with `os.sendfile(out, fileno(),
            position, count)` adds what was sent; when that is nothing, calling `readinto` raises
            the error that says so.
    """

    __slots__ = ("_end", "_fd", "_padded", "_path", "_start", "position")

    def __init__(self, path: FilePath, fd: int, start: int, length: int, *, padded: bool) -> None:
        self._path = path
        self._fd = fd
        self._start = start
        self._end = start + length
        self._padded = padded
        self.position = start

    def __len__(self) -> int:
        """All bytes, sent or not."""
        return self._end - self._start + self._padded

    @property
    def remaining(self) -> int:
        """Bytes not yet handed out."""
        return self._end + self._padded - self.position

    def fileno(self) -> int | None:
        """The descriptor for `os.sendfile`; None if a NUL follows that is not in the file."""
        return None if self._padded else self._fd

    def rewind(self) -> None:
        """Begin again, for another copy of the object."""
        self.position = self._start

    def readinto(self, view: memoryview) -> int:
        """Fill the view from the current position and move on.

        Returns:
            The number of bytes; 0 at the end, and for an empty view.

        Raises:
            Truncated: the file has become shorter since it was opened.
            Unreadable: the operating system can't read it.
        """
        count = min(len(view), self._end - self.position)
        if count > 0:
            try:
                got = os.preadv(self._fd, [view[:count]], self.position)
            except OSError as error:
                raise _unreadable(self._path, error) from error
            if not got:
                raise Truncated(self._path, self.position, self._end - self.position, self.position)
        elif self._padded and self.position == self._end and len(view):
            view[0] = 0
            got = 1
        else:
            return 0
        self.position += got
        return got


class StoredObject:
    """An open DICOM file: what is in it, and access to its data set. Close it, or use `with`.

    Attributes:
        path: as it was given.
        size: bytes in the file.
        data_set_offset: byte at which the data set begins.
        data_set_length: bytes of the data set, without padding of the file.
        transfer_syntax_uid: of the data set, from the file meta or found out.
        sop_class_uid: what the object is.
        sop_instance_uid: which one it is.
        meta: the file meta information, None if the file has none.
    """

    __slots__ = (
        "_fd",
        "data_set_length",
        "data_set_offset",
        "meta",
        "path",
        "size",
        "sop_class_uid",
        "sop_instance_uid",
        "transfer_syntax_uid",
    )

    def __init__(self, path: FilePath, *, check: bool) -> None:
        """See `open_object`."""
        self.path = path
        self._fd = -1
        try:
            self._fd = os.open(path, _FLAGS)
            self.size = _regular_size(path, self._fd)
            self._examine(check=check)
        except OSError as error:
            self.close()
            raise _unreadable(path, error) from error
        except BaseException:
            self.close()
            raise

    def _examine(self, *, check: bool) -> None:
        fd = self._fd
        window = Window(self.path, self.size, lambda at, count: os.pread(fd, count, at))
        self.meta, start = _file_meta(window)
        if start == self.size:
            # Eight bytes are the shortest element there is.
            raise Truncated(self.path, start, 8, self.size)
        named = self.meta.transfer_syntax_uid if self.meta is not None else None
        layout = layout_of(named) if named is not None else _detected(window, start)
        self.transfer_syntax_uid = named if named is not None else layout.uid
        if self._is_deflated():
            walk = _walk_inflated_head(window, start)
            end = self.size
        else:
            walk = Walk(window, layout)
            walk.run(start, whole=check)
            end = walk.end
            if (end - start) % 2:
                raise InvalidFile(
                    self.path,
                    f"the data set from byte {start} on has {end - start} bytes, an odd number, "
                    "which can't be sent. Write the file anew with a DICOM tool",
                )
        self.data_set_offset = start
        self.data_set_length = end - start
        meta = self.meta or FileMeta()
        self.sop_class_uid = _which(
            self.path,
            "SOP Class UID (0008,0016)",
            walk.sop_class_uid,
            meta.media_storage_sop_class_uid,
        )
        self.sop_instance_uid = _which(
            self.path,
            "SOP Instance UID (0008,0018)",
            walk.sop_instance_uid,
            meta.media_storage_sop_instance_uid,
        )

    def _is_deflated(self) -> bool:
        syntax = TRANSFER_SYNTAXES.get(self.transfer_syntax_uid)
        return syntax is not None and syntax.deflated

    @property
    def has_file_meta(self) -> bool:
        """Whether the file has a group 0002."""
        return self.meta is not None

    def source(self) -> FileSource:
        """The data set's bytes from the beginning, independent of any other source."""
        return FileSource(
            self.path,
            self._fd,
            self.data_set_offset,
            self.data_set_length,
            padded=self.data_set_length % 2 == 1,  # of deflated ones only, see _examine
        )

    def close(self) -> None:
        """Close the file; a second time does nothing."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __del__(self) -> None:
        if self._fd >= 0:
            warnings.warn(
                f"{os.fspath(self.path)!r} was not closed",
                ResourceWarning,
                stacklevel=2,
                source=self,
            )
            self.close()


def open_object(path: FilePath, *, check: bool = True) -> StoredObject:
    """Open a DICOM file for sending.

    Args:
        path: the file.
        check: walk through the whole data set, so that a truncated or damaged file is found
            before a byte of it is sent. Without, only the head is looked at, and padding behind
            the data set goes unnoticed.

    Raises:
        Unreadable: the operating system doesn't let us.
        NotDICOM: it is something else.
        Truncated: it ends before what it declares.
        InvalidFile: it is DICOM, but may not or can't be sent as it is.
        All of them are `Part10Error`.
    """
    return StoredObject(path, check=check)


def _unreadable(path: FilePath, error: OSError) -> Unreadable:
    why = error.strerror or type(error).__name__
    return Unreadable(path, f"can't be read: {why}. Check the name and the permissions")


def _regular_size(path: FilePath, fd: int) -> int:
    status = os.fstat(fd)
    if stat.S_ISDIR(status.st_mode):
        raise NotDICOM(path, "is a directory. Name the files in it")
    if not stat.S_ISREG(status.st_mode):
        raise NotDICOM(path, "is a device or a pipe. Copy its content to a file first")
    if not status.st_size:
        raise NotDICOM(path, "is empty. Copy or export the file again")
    return status.st_size


def _file_meta(window: Window) -> tuple[FileMeta | None, int]:
    """The file meta information if there is one, and where the data set begins."""
    start = 132 if window.size >= 132 and window.take(128, 4) == b"DICM" else 0
    head = window.take(start, 6)
    # Without a preamble, group 0002 is recognized by its first element, which has a VR. (The same
    # bytes are no beginning of a data set, as that may not have a group 0002.)
    if head[:2] == b"\x02\0" and (start or head[4:6] in HEADER_LENGTH):
        return filemeta.decode_file_meta(window, start)
    return None, start


def _detected(window: Window, start: int) -> Layout:
    layout = detect(window, start)
    if layout is not None:
        return layout
    if start:
        raise InvalidFile(
            window.path,
            "the file names no transfer syntax, and none can be recognized. "
            "Export the object again",
        )
    raise NotDICOM(window.path, "is not a DICOM file: neither the prefix DICM nor a data set")


def _walk_inflated_head(window: Window, start: int) -> Walk:
    """Look for the UIDs in a deflated data set (PS3.5 A.5: no zlib header, RFC 1951 alone)."""
    deflated = window.take(start, min(_INFLATED_HEAD, window.size - start))
    try:
        head = zlib.decompressobj(-zlib.MAX_WBITS).decompress(deflated, _INFLATED_HEAD)
    except zlib.error as error:
        raise InvalidFile(
            window.path,
            f"the data set from byte {start} on is no deflate stream ({error}), though the "
            "transfer syntax says so. Export the object again",
        ) from None
    walk = Walk(
        Window(window.path, len(head), lambda at, count: head[at : at + count]), EXPLICIT_LITTLE
    )
    with contextlib.suppress(Truncated):  # by us: what is behind the head was not inflated
        walk.run(0, whole=False)
    return walk


def _which(path: FilePath, what: str, own: str | None, of_meta: str | None) -> str:
    uid = own if own is not None else of_meta
    if uid is None or not uids.is_sendable(uid):
        raise InvalidFile(
            path,
            f"neither the data set nor the file meta has a {what}, so it can't be stored "
            "anywhere. It may be no image or document at all; leave it out",
        )
    return uid
