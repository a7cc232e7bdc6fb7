"""Re-encode a data set between the uncompressed transfer syntaxes, value by value, undecoded.

Implicit VR Little Endian, Explicit VR Little Endian, Explicit VR Big Endian and Deflated Explicit
VR Little Endian, each into each. Pixel data that are compressed stay as they are: `CannotTranscode`.

pydicom's dictionary, with whatever `dictionary` installed in it, says which VR an element of an
Implicit VR data set has. pydicom's object model is not used: on writing it would decode and
encode again texts, numbers and ambiguous elements, leave the byte order of OW values as it was,
and hold the object in memory. Here a value's bytes reach the other side as they are, or with the
bytes of each word, of the size that the VR gives, in the opposite order. What changes beyond that:

- Group length elements (gggg,0000) are left out. They are retired but for groups 0000 and 0002,
  and would be wrong (PS3.5 7.2).
- An element that the dictionary doesn't know, or a value too long for its VR, becomes UN in
  Explicit VR, with the same bytes (PS3.5 6.2.2). UN values are little endian by definition.
- VRs that depend on other elements are decided as PS3.5 Annex A says: OW where OB or OW is
  allowed, as it is in Implicit VR; US or SS by Pixel Representation; LUT Data US if it is one
  entry, else OW.

Memory: one small record per element, and the values of up to 1 KiB; larger ones are read from
the file when they are sent. For the deflated syntax a temporary file takes the inflated or the
deflated data set (in memory up to 8 MiB).
"""

from __future__ import annotations

import tempfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from types import TracebackType
from typing import Final, Protocol, Self

from dimse.errors import CannotTranscode, FilePath, InvalidFile, Truncated
from dimse.objects.layout import EXPLICIT_BIG, EXPLICIT_LITTLE, IMPLICIT_LITTLE
from dimse.objects.part10 import StoredObject, open_object
from dimse.objects.reencode import Part, reencode, turn_words
from dimse.objects.walk import Window
from dimse.tables.transfer_syntaxes import UNCOMPRESSED, describe

__all__ = ["CannotTranscode", "TranscodedDataSet", "transcode"]

CHUNK: Final = 1 << 16
SPOOL_IN_MEMORY: Final = 8 << 20
# A data set may not inflate without end: 1 MB of deflated zeros makes 1 GB.
MAXIMUM_INFLATED: Final = 4 << 30

_IMPLICIT, _EXPLICIT, _BIG_ENDIAN, _DEFLATED = UNCOMPRESSED
_LAYOUTS: Final = {
    _IMPLICIT: IMPLICIT_LITTLE,
    _EXPLICIT: EXPLICIT_LITTLE,
    _BIG_ENDIAN: EXPLICIT_BIG,
    _DEFLATED: EXPLICIT_LITTLE,
}


class _File(Protocol):
    """A file, raw or temporary."""

    def seek(self, offset: int, /) -> int: ...
    def readinto(self, buffer: memoryview, /) -> int | None: ...
    def close(self) -> None: ...


class TranscodedDataSet:
    """A data set in its new encoding: a source for a C-STORE.

    Reads what it needs when it is asked; the file must not change meanwhile.
    """

    def __init__(self, path: FilePath, file: _File, parts: Sequence[Part]) -> None:
        self._path = path
        self._file = file
        self._parts = parts
        self._length = sum(part.length for part in parts)
        self.rewind()

    def __len__(self) -> int:
        """The whole length in bytes."""
        return self._length

    def fileno(self) -> None:
        """None: there is no file that holds just these bytes."""
        return

    @property
    def position(self) -> int:
        """How many bytes have been read."""
        return self._position

    def rewind(self) -> None:
        """Begin again, to send the same data set once more."""
        self._position = 0
        self._part = 0
        self._done = 0  # bytes of the present part
        self._turned = b""  # a stretch of the present part in its new order,
        self._turned_at = 0  # which begins so many bytes into the part
        self._sought = -1

    def readinto(self, view: memoryview) -> int:
        """Fill the view from the present position.

        Returns:
            The number of bytes written to it: its length, or less at the end, then 0.

        Raises:
            Truncated: the file has become shorter in the meantime.
        """
        filled = 0
        while filled < len(view) and self._part < len(self._parts):
            part = self._parts[self._part]
            count = min(part.length - self._done, len(view) - filled)
            self._copy(part, view[filled : filled + count])
            filled += count
            self._done += count
            if self._done == part.length:
                self._part += 1
                self._done = 0
                self._turned = b""
        self._position += filled
        return filled

    def _copy(self, part: Part, view: memoryview) -> None:
        if part.data:
            view[:] = part.data[self._done : self._done + len(view)]
        elif part.word == 1:
            self._read(part.offset + self._done, view)
        else:
            self._turn(part, view)

    def _turn(self, part: Part, view: memoryview) -> None:
        done, filled = self._done, 0
        while filled < len(view):
            begin = done - self._turned_at
            if not 0 <= begin < len(self._turned):
                chunk = bytearray(min(CHUNK, part.length - done))
                self._read(part.offset + done, memoryview(chunk))
                self._turned, self._turned_at, begin = turn_words(chunk, part.word), done, 0
            count = min(len(view) - filled, len(self._turned) - begin)
            view[filled : filled + count] = self._turned[begin : begin + count]
            filled += count
            done += count

    def _read(self, offset: int, view: memoryview) -> None:
        if offset != self._sought:
            self._file.seek(offset)
        filled = _fill(self._file, view)
        self._sought = offset + filled
        if filled < len(view):
            raise Truncated(self._path, offset, len(view), offset + filled)

    def close(self) -> None:
        """Close the file below. Idempotent."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def transcode(stored: StoredObject | FilePath, to_uid: str) -> TranscodedDataSet:
    """Re-encode the data set of a file.

    Args:
        stored: an open object, which has to stay open as long as the result is read; or the path
            of a file, which is opened, and closed with the result.
        to_uid: the transfer syntax that the data set is to have.

    Raises:
        CannotTranscode: this transfer syntax, or the file's own, is none that can be converted.
        Part10Error: the file can't be used, or its data set is damaged.
    """
    if not isinstance(stored, StoredObject):
        owned = open_object(stored)
        try:
            return _transcode(owned, to_uid, owned)
        except BaseException:
            owned.close()
            raise
    return _transcode(stored, to_uid, None)


def _transcode(stored: StoredObject, to_uid: str, owned: StoredObject | None) -> TranscodedDataSet:
    path, from_uid = stored.path, stored.transfer_syntax_uid
    for uid in (from_uid, to_uid):
        if uid not in _LAYOUTS:
            why = f"{describe(uid)} is not one of the uncompressed transfer syntaxes"
            raise CannotTranscode(path, from_uid, [to_uid], why)
    file: _File = _Stored(stored, owned)
    start = stored.data_set_offset
    end = start + stored.data_set_length
    if from_uid == to_uid:
        return TranscodedDataSet(path, file, [Part(len(stored.source()), offset=start)])
    try:
        if from_uid == _DEFLATED:
            file, start, end = _replace(file, _spooled(_inflated(path, file, start, end)))
        result = TranscodedDataSet(path, file, _parts(path, file, start, end, from_uid, to_uid))
        if to_uid == _DEFLATED:
            file, start, end = _replace(file, _spooled(_deflated(result)))
            result = TranscodedDataSet(path, file, [Part(end, offset=start)])
    except OSError as error:
        # Reading the file raises errors of its own; this is the temporary one.
        file.close()
        why = f"a temporary file in {tempfile.gettempdir()} fails: {error.strerror}"
        raise CannotTranscode(path, from_uid, [to_uid], why) from error
    except BaseException:
        file.close()
        raise
    return result


class _Stored:
    """The file of a stored object, as far as its data set reaches."""

    def __init__(self, stored: StoredObject, owned: StoredObject | None) -> None:
        self._source = stored.source()
        self._owned = owned

    def seek(self, offset: int) -> int:
        self._source.position = offset
        return offset

    def readinto(self, buffer: memoryview) -> int:
        return self._source.readinto(buffer)

    def close(self) -> None:
        if self._owned is not None:
            self._owned.close()


def _replace(file: _File, other: tuple[_File, int]) -> tuple[_File, int, int]:
    file.close()
    return other[0], 0, other[1]


def _parts(  # noqa: PLR0917 (two places, two syntaxes)
    path: FilePath, file: _File, start: int, end: int, from_uid: str, to_uid: str
) -> list[Part]:
    source, target = _LAYOUTS[from_uid], _LAYOUTS[to_uid]
    if source is target:  # only the deflating differs
        return [Part(end - start, offset=start)]

    def read(at: int, count: int) -> bytes:
        buffer = bytearray(count)
        file.seek(at)
        return bytes(buffer[: _fill(file, memoryview(buffer))])

    return reencode(Window(path, end, read), start, source, target)


def _fill(file: _File, view: memoryview) -> int:
    filled = 0
    while filled < len(view) and (count := file.readinto(view[filled:])):
        filled += count
    return filled


def _spooled(pieces: Iterable[bytes]) -> tuple[_File, int]:
    """A temporary file with these pieces, and how long it is."""
    output = tempfile.SpooledTemporaryFile(SPOOL_IN_MEMORY)  # noqa: SIM115 (it is the result)
    try:
        for piece in pieces:
            output.write(piece)
    except BaseException:
        output.close()
        raise
    return output, output.tell()


def _inflated(path: FilePath, file: _File, start: int, end: int) -> Iterator[bytes]:
    """What a deflated data set inflates to (RFC 1951; PS3.5 A.5)."""
    stream = zlib.decompressobj(-zlib.MAX_WBITS)
    chunk = memoryview(bytearray(CHUNK))
    at, size = start, 0
    file.seek(start)
    while not stream.eof:
        data = stream.unconsumed_tail
        if not data:
            count = _fill(file, chunk[: min(CHUNK, end - at)])
            at += count
            data = bytes(chunk[:count])
        try:
            piece = stream.decompress(data, CHUNK)
        except zlib.error as error:
            raise InvalidFile(path, f"the deflated data set is damaged: {error}") from error
        if not data and not piece:
            raise Truncated(path, start, None, end)
        size += len(piece)
        if size > MAXIMUM_INFLATED:
            raise InvalidFile(path, f"the data set inflates to more than {MAXIMUM_INFLATED} bytes")
        yield piece


def _deflated(source: TranscodedDataSet) -> Iterator[bytes]:
    """The data set deflated, padded with one NUL to an even length (PS3.5 A.5)."""
    stream = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    chunk = memoryview(bytearray(CHUNK))
    size = 0
    while count := source.readinto(chunk):
        piece = stream.compress(chunk[:count])
        size += len(piece)
        yield piece
    piece = stream.flush()
    yield piece + b"\0" * ((size + len(piece)) % 2)
