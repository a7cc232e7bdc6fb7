"""The bytes of a data set on their way out, put together from where they lie.

`Origin` is where an object lies: a file, memory, or what was inflated from one of these. A `Splice`
says which stretches of it are sent, and which new bytes between them. `SplicedSource` gives both
in order, once; it is every source that `Outgoing.open` gives, converted or not.
"""

from __future__ import annotations

import os
import warnings
from array import array
from collections.abc import Iterator, Sequence

from dimse.errors import FilePath, Truncated, Unreadable
from dimse.objects.bounds import CHUNK
from dimse.objects.layout import is_deflated
from dimse.objects.walk import Span
from dimse.objects.window import Window
from dul.pdata import Source
from dul.values import TYPE_CHECKING, Protocol, dataclass
from dul.wire import IOV_MAX

if TYPE_CHECKING:
    from typing import Final

__all__ = [
    "Encoded",
    "FileOrigin",
    "FixedBytes",
    "MemoryOrigin",
    "Origin",
    "OutgoingSource",
    "Splice",
    "SplicedSource",
    "Stamp",
    "WholeSource",
    "compare_file",
    "stamp_of",
    "straight",
    "turn_words",
]

Stamp = tuple[int, int, int]
"""Size, time of modification and inode of a file: if one differs, it is another file, or changed."""

_NOTHING: Final = memoryview(b"")
_ARRAY_TYPE: Final = {2: "H", 4: "I", 8: "Q"}


def stamp_of(status: os.stat_result) -> Stamp:
    """The stamp of a file."""
    return status.st_size, status.st_mtime_ns, status.st_ino


class OutgoingSource(Source, Protocol):
    """The bytes of a data set on its way out: an even number of them, read once."""

    def close(self) -> None:
        """Give back what is open for it. Idempotent."""
        ...

    def finish(self) -> None:
        """To be called when every byte was handed to the transport, before `close`.

        Raises:
            Unreadable: the file changed since it was examined (size, time of modification or
                inode), so that nobody knows what was sent.
        """
        ...


class Origin(Protocol):
    """Where the bytes of an object lie."""

    def read(self, at: int, view: memoryview, /) -> int:
        """Fill the view from this position; gives how many bytes there were, 0 at the end.

        Raises:
            OSError, Unreadable: they can't be read.
        """
        ...

    def finish(self) -> None:
        """See `OutgoingSource`."""
        ...

    def close(self) -> None:
        """See `OutgoingSource`."""
        ...


class FileOrigin:
    """An open file, which is closed with it."""

    def __init__(self, path: FilePath, fd: int, stamp: Stamp) -> None:
        self._path = path
        self._fd = fd
        self._stamp = stamp

    def read(self, at: int, view: memoryview) -> int:
        """Fill the view from this position."""
        return self.readv(at, (view,))

    def readv(self, at: int, views: Sequence[memoryview]) -> int:
        """Fill the views from this position, one after the other; gives how many bytes there were."""
        try:
            return os.preadv(self._fd, views[:IOV_MAX], at)
        except OSError as error:
            why = error.strerror or type(error).__name__
            raise Unreadable(self._path, f"can't be read: {why}") from error

    def finish(self) -> None:
        """Compare the stamp of the file that was read."""
        if stamp_of(os.fstat(self._fd)) != self._stamp:
            raise _changed(self._path)

    def close(self) -> None:
        """Close the file."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)

    def __del__(self) -> None:
        if self._fd >= 0:
            said = f"{os.fspath(self._path)!r} was not closed"
            warnings.warn(said, ResourceWarning, stacklevel=2, source=self)
            self.close()


class MemoryOrigin:
    """A file that was read whole; or with no stamp, something that is in memory alone."""

    def __init__(self, path: FilePath, data: bytes, stamp: Stamp | None) -> None:
        self._path = path
        self._data = data
        self._stamp = stamp

    def read(self, at: int, view: memoryview) -> int:
        """Fill the view from this position."""
        piece = self._data[at : at + len(view)]
        view[: len(piece)] = piece
        return len(piece)

    def finish(self) -> None:
        """Compare the stamp of the file that has the name now."""
        if self._stamp is not None:
            compare_file(self._path, self._stamp)

    def close(self) -> None:
        """Forget the bytes."""
        self._data = b""


class WholeSource:
    """A data set that lies in memory in one piece, and goes out as it lies there.

    Args:
        path: the file, for messages.
        data: the whole file.
        span: where the data set lies in it; of even length.
        stamp: of the file.

    Attributes:
        view: the data set.
    """

    def __init__(self, path: FilePath, data: bytes, span: Span, stamp: Stamp) -> None:
        at, length = span
        self.view = memoryview(data)[at : at + length]
        self._path = path
        self._stamp = stamp
        self._length = length
        self._at = 0

    def __len__(self) -> int:
        """All bytes, handed out or not."""
        return self._length

    def readinto(self, view: memoryview) -> int:
        """See `SplicedSource`; who sends from memory takes `view`."""
        piece = self.view[self._at : self._at + len(view)]
        view[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)

    def finish(self) -> None:
        """Compare the stamp of the file that has the name now."""
        compare_file(self._path, self._stamp)

    def close(self) -> None:
        """Forget the bytes."""
        self.view = _NOTHING


def compare_file(path: FilePath, stamp: Stamp) -> None:
    """Make sure that the file of this name is still the one that has been sent.

    Raises:
        Unreadable: it is not.
    """
    try:
        status = os.stat(path)  # noqa: PTH116 - a Path costs more than the call
    except OSError as error:
        raise Unreadable(path, f"is gone: {error.strerror}") from error
    if stamp_of(status) != stamp:
        raise _changed(path)


def _changed(path: FilePath) -> Unreadable:
    return Unreadable(path, "changed while it was sent; send it again")


@dataclass(frozen=True, slots=True)
class Encoded:
    """An encoded data set: where it lies, and how it is encoded.

    Attributes:
        path: the file, or what a data set in memory is called; for messages.
        origin: what it lies in; closed by whoever is given this.
        spans: where it lies there, whole elements each, in order.
        transfer_syntax_uid: how it is encoded.
        odd: whether elements or fragments of odd length are known to be in it.
        proven: whether it is whole; what can't be told to be is sent only as it lies there.
    """

    path: FilePath
    origin: Origin
    spans: tuple[Span, ...]
    transfer_syntax_uid: str
    odd: bool = False
    proven: bool = True

    def __len__(self) -> int:
        """How many bytes it has."""
        return sum(length for _, length in self.spans)

    def window(self) -> Window:
        """A window over it, as far as it reaches."""
        return Window(self.path, sum(self.spans[-1]), self._read)

    def _read(self, at: int, count: int) -> bytes:
        buffer = bytearray(count)
        view = memoryview(buffer)
        while view and (got := self.origin.read(at, view)):
            at += got
            view = view[got:]
        return bytes(buffer[: count - len(view)])


def straight(encoded: Encoded) -> SplicedSource:
    """A data set as it lies there.

    One of odd length can be sent only if it is deflated, with the NUL that PS3.5 A.5 wants, or not
    proven to be whole, so that nobody knows which element lacks its padding.
    """
    splice = Splice(FixedBytes())
    for at, length in encoded.spans:
        splice.set_in(at, length)
    padded = is_deflated(encoded.transfer_syntax_uid) or not encoded.proven
    if len(splice) & 1 and padded:
        splice.new = FixedBytes(b"\0")
    return SplicedSource(encoded.path, encoded.origin, splice)


class NewBytes(Protocol):
    """The new bytes of a splice: `FixedBytes`, or a `dimse.objects.scratch.Scratch`."""

    def __len__(self) -> int: ...
    def read(self, at: int, view: memoryview, /) -> int: ...
    def close(self) -> None: ...


class FixedBytes(bytes):
    """A few new bytes that are in memory."""

    __slots__ = ()

    def read(self, at: int, view: memoryview) -> int:
        """Fill the view from this position."""
        piece = self[at : at + len(view)]
        view[: len(piece)] = piece
        return len(piece)

    def close(self) -> None:
        """Nothing is open."""


class Splice:
    """What is sent: new bytes, into which stretches of an object are set."""

    def __init__(self, new: NewBytes) -> None:
        self.new: NewBytes = new
        # Four numbers a stretch, of which there can be millions: how many new bytes are before it,
        # where it lies, its length, the bytes in a word whose order is to be turned.
        self._stretches = array("Q")
        self._stretched = 0

    def __len__(self) -> int:
        """All bytes."""
        return len(self.new) + self._stretched

    def set_in(self, offset: int, length: int, word: int = 1) -> None:
        """Set a stretch of the object behind the new bytes that there are."""
        self._stretches.extend((len(self.new), offset, length, word))
        self._stretched += length

    def pieces(self) -> Iterator[tuple[int, int, int]]:
        """Position, length and word of each piece, in order; those with word 0 are new bytes."""
        done = 0
        numbers = self._stretches
        for index in range(0, len(numbers), 4):
            place, offset, length, word = numbers[index : index + 4]
            if place > done:
                yield done, place - done, 0
                done = place
            yield offset, length, word
        if len(self.new) > done:
            yield done, len(self.new) - done, 0


class SplicedSource:
    """A splice of an object, read once from front to back. Closing it closes both.

    Raises ValueError for an odd number of bytes: no fragment may have one (PS3.8 E.1), and who
    makes a splice has padded it.

    Attributes:
        path: the object, for messages.
        origin: where the stretches lie.
        splice: what is sent.
    """

    def __init__(self, path: FilePath, origin: Origin, splice: Splice) -> None:
        self.path = path
        self.origin = origin
        self.splice = splice
        self._length = len(splice)
        if self._length & 1:
            raise ValueError(f"{path}: {self._length} bytes, an odd number")
        self._pieces = splice.pieces()
        self._at = self._left = self._word = 0  # the present piece
        self._turned = b""  # bytes of it in their new order, not handed out yet

    def __len__(self) -> int:
        """All bytes, handed out or not."""
        return self._length

    def readinto(self, view: memoryview) -> int:
        """Fill the view from the present position.

        Returns:
            The number of bytes written to it: its length, or less at the end, then 0.

        Raises:
            Truncated: the file has become shorter in the meantime.
            Unreadable, OSError: it can't be read.
        """
        filled = 0
        while filled < len(view) and self._has_piece():
            count = min(self._left, len(view) - filled)
            count = self._copy(view[filled : filled + count])
            filled += count
            self._left -= count
        return filled

    def readv(self, views: Sequence[memoryview]) -> int:
        """Fill the views, one after the other, with one call of the system.

        Returns:
            How many bytes there were; 0 where that can't be done, and `readinto` can.

        Raises:
            Unreadable: the file can't be read.
        """
        origin = self.origin
        if not (
            isinstance(origin, FileOrigin)
            and self._has_piece()
            and self._word == 1
            and self._left >= sum(map(len, views))
        ):
            return 0
        count = origin.readv(self._at, views)
        self._at += count
        self._left -= count
        return count

    def _has_piece(self) -> bool:
        """There is more of the present piece, or another one."""
        if not self._left:
            piece = next(self._pieces, None)
            if piece is None:
                return False
            self._at, self._left, self._word = piece
        return True

    def _copy(self, view: memoryview) -> int:
        if self._word > 1:
            if not self._turned:
                chunk = bytearray(min(CHUNK, self._left))
                self._fill(self.origin, memoryview(chunk))
                self._turned = turn_words(chunk, self._word)
            count = min(len(view), len(self._turned))
            view[:count] = self._turned[:count]
            self._turned = self._turned[count:]
            return count
        self._fill(self.origin if self._word else self.splice.new, view)
        return len(view)

    def _fill(self, origin: Origin | NewBytes, view: memoryview) -> None:
        while view:
            count = origin.read(self._at, view)
            if not count:
                raise Truncated(self.path, self._at, len(view), self._at)
            self._at += count
            view = view[count:]

    def finish(self) -> None:
        """Make sure that the object is still the one that was examined."""
        self.origin.finish()

    def close(self) -> None:
        """Close what is open. Idempotent."""
        self.origin.close()
        self.splice.new.close()


def turn_words(data: bytes | bytearray, word: int) -> bytes:
    """Turn the bytes of each word; what is left over, in a value of a wrong length, stays."""
    whole = len(data) - len(data) % word
    words = array(_ARRAY_TYPE[word], bytes(data[:whole]))
    words.byteswap()
    return words.tobytes() + data[whole:]
