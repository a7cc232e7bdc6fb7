"""Where received data sets go besides the `spool`, and the errors by which a sink refuses one.

Every refusal carries the status of the C-STORE-RSP that it leads to (PS3.4 B.2.3, PS3.7 C.5) and
a `comment` that may be sent with it: it never names files of this machine, as the message may.

A sink never raises while the data set arrives, so that the association goes on: what went wrong
is raised by `commit`, and until then the rest is swallowed.
"""

from __future__ import annotations

import errno
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, Protocol

from dimse.errors import DIMSEError, Part10Error, Truncated
from dimse.objects.layout import layout_of
from dimse.objects.walk import Walk, Window
from dimse.tables import status as statuses
from dimse.tables.transfer_syntaxes import TRANSFER_SYNTAXES

__all__ = [
    "NO_SPACE",
    "CannotUnderstand",
    "Checked",
    "DataSetMismatch",
    "Discard",
    "InvalidSOPInstance",
    "Memory",
    "OutOfResources",
    "Sink",
    "StorageRefused",
]

# In practice (0008,0016) and (0008,0018) stand in the first few hundred bytes.
HEAD: Final = 1 << 16

NO_SPACE: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""What the operating system says when there is no room: A700H."""


class StorageRefused(DIMSEError):
    """An object that is not stored.

    Attributes:
        status: of the C-STORE-RSP.
        comment: for its Error Comment (0000,0902).
    """

    status: int = statuses.CANNOT_UNDERSTAND

    def __init__(self, comment: str, message: str | None = None) -> None:
        super().__init__(message or comment)
        self.comment = comment


class OutOfResources(StorageRefused):
    """There is no room for it, or nothing to write it to. The peer may try again later."""

    status = statuses.OUT_OF_RESOURCES


class DataSetMismatch(StorageRefused):
    """The data set is not the object that the command names."""

    status = statuses.DATA_SET_DOES_NOT_MATCH_SOP_CLASS


class CannotUnderstand(StorageRefused):
    """The data set is none in its transfer syntax."""

    status = statuses.CANNOT_UNDERSTAND


class InvalidSOPInstance(StorageRefused):
    """The SOP Instance UID breaks the rules for UIDs: exactly what PS3.7 C.5.12 has 0117H for."""

    status = statuses.INVALID_SOP_INSTANCE


class Sink(Protocol):
    """Where a data set goes while it arrives."""

    def write(self, views: Sequence[memoryview], /) -> None:
        """Take fragments, in order; they are lent, and void after the return."""
        ...

    def commit(self) -> Path | None:
        """The data set is complete: make it durable. Raising refuses the object."""
        ...

    def discard(self) -> None:
        """The data set will not be complete: leave no trace. May be called at any time."""
        ...


class Discard:
    """Receives into nothing, and counts.

    Attributes:
        length: bytes received.
    """

    def __init__(self) -> None:
        self.length = 0

    def write(self, views: Sequence[memoryview]) -> None:
        """Count the bytes."""
        self.length += sum(map(len, views))

    def commit(self) -> None:
        """Nothing is to be made durable."""

    def discard(self) -> None:
        """Nothing is to be undone."""


class Memory:
    """Receives into memory, up to a bound.

    Attributes:
        length: bytes received, those beyond the bound included.
        data: the data set, once it is committed; empty before, and after `discard`.
    """

    def __init__(self, maximum: int) -> None:
        """Take data sets of up to `maximum` bytes."""
        self.length = 0
        self.data = b""
        self._maximum = maximum
        self._buffer = bytearray()

    def write(self, views: Sequence[memoryview]) -> None:
        """Take the bytes, or drop all of them once they are too many."""
        self.length += sum(map(len, views))
        if self.length > self._maximum:
            self._buffer = bytearray()
            return
        for view in views:
            self._buffer += view

    def commit(self) -> None:
        """Make the data set available.

        Raises:
            OutOfResources: it has more bytes than the bound.
        """
        if self.length > self._maximum:
            raise OutOfResources(
                f"the data set has {self.length} bytes, and {self._maximum} are allowed"
            )
        self.data, self._buffer = bytes(self._buffer), bytearray()

    def discard(self) -> None:
        """Forget it all."""
        self.data, self._buffer = b"", bytearray()


class Checked:
    """Looks whether the data set is whole, and the object that the command names.

    Both must name the same SOP Class and SOP Instance, and no element may reach past the end:
    what the peer cut off itself would otherwise count as stored. The first 64 KiB are kept for
    that; of a longer data set the element headers are read back, if the sink can (`read_back`).
    A deflated one is inflated to no more than 64 KiB, and not judged beyond that.
    """

    def __init__(
        self, sink: Sink, sop_class_uid: str, sop_instance_uid: str, transfer_syntax_uid: str
    ) -> None:
        """Compare with the UIDs of the command what goes through to `sink`."""
        self._sink = sink
        self._expected = sop_class_uid, sop_instance_uid
        self._transfer_syntax_uid = transfer_syntax_uid
        self._head = bytearray()
        self._length = 0

    def write(self, views: Sequence[memoryview]) -> None:
        """Pass the bytes on."""
        for view in views:
            self._length += len(view)
            wanted = HEAD - len(self._head)
            if wanted > 0:
                self._head += view[:wanted]
        self._sink.write(views)

    def commit(self) -> Path | None:
        """Check the data set, then commit the sink.

        Raises:
            DataSetMismatch: SOP Class or SOP Instance UID are not there, or not the command's.
            CannotUnderstand: the data set is cut off, or can't be read.
            StorageRefused: what the sink itself has to say.
        """
        try:
            self._check()
        except StorageRefused:
            self._sink.discard()
            raise
        return self._sink.commit()

    def discard(self) -> None:
        """Discard the sink."""
        self._sink.discard()

    def _check(self) -> None:
        window, whole = self._window()
        walk = Walk(window, layout_of(self._transfer_syntax_uid))
        try:
            walk.run(0, whole=whole)
        except Part10Error as error:
            if whole or not isinstance(error, Truncated):
                raise CannotUnderstand(f"the data set can't be read: {error.why}") from error
        except OSError:
            return  # the disk's fault, of which the sink will tell
        else:
            whole = True  # of group 0008 at least
        found = walk.sop_class_uid, walk.sop_instance_uid
        names = "SOP Class UID", "SOP Instance UID"
        for name, expected, own in zip(names, self._expected, found, strict=True):
            if own is None and whole:
                raise DataSetMismatch(f"the data set has no {name}, or is none")
            if own is not None and own != expected:
                raise DataSetMismatch(f"the data set's {name} is {own}, the command's {expected}")

    def _window(self) -> tuple[Window, bool]:
        """What can be seen of the data set, and whether that is all of it."""
        head = bytes(self._head)
        syntax = TRANSFER_SYNTAXES.get(self._transfer_syntax_uid)
        if syntax is not None and syntax.deflated:
            stream = zlib.decompressobj(-zlib.MAX_WBITS)
            try:
                head = stream.decompress(head, HEAD)
            except zlib.error as error:
                raise CannotUnderstand(f"no deflated data set: {error}") from error
            return _window_of(head), stream.eof
        if self._length <= HEAD:
            return _window_of(head), True
        read_back: Callable[[int, int], bytes] | None = getattr(self._sink, "read_back", None)
        if read_back is None:
            return _window_of(head), False

        def read(at: int, count: int) -> bytes:
            if at + count <= len(head):
                return head[at : at + count]
            return read_back(at, count)

        return Window("data set", self._length, read), True


def _window_of(data: bytes) -> Window:
    return Window("data set", len(data), lambda at, count: data[at : at + count])
