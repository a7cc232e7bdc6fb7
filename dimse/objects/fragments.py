"""Compressed pixel data, item by item (PS3.5 A.4), where one of them is of odd length.

A fragment that is padded moves all behind it by a byte, so the Basic Offset Table, which says
where each frame begins, is corrected as well.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterator
from struct import Struct

from dimse.errors import InvalidFile, Truncated
from dimse.objects.bounds import CHUNK
from dimse.objects.layout import ITEM, SEQUENCE_DELIMITATION, UNDEFINED, Layout, tag_name
from dimse.objects.scratch import Scratch
from dimse.objects.sources import Splice
from dimse.objects.window import Window

__all__ = ["Fragments"]


class Fragments:
    """The value of a pixel data element of undefined length.

    Args:
        window: the object.
        at: where its first item, the Basic Offset Table, begins.
        end: where the data set ends.
        layout: how it is encoded.

    Attributes:
        odd: where the fragments of odd length begin, in bytes from the first fragment on, as the
            Basic Offset Table counts.

    Raises:
        Truncated, InvalidFile: it is damaged.
    """

    def __init__(self, window: Window, at: int, end: int, layout: Layout) -> None:
        self._window = window
        self._begin = at
        self._end = end
        self._layout = layout
        items = self._items()
        self._table = next(items, None)
        first = at if self._table is None else sum(self._table)
        self.odd = array("Q", (item - 8 - first for item, length in items if length & 1))
        self._first = first

    def _items(self) -> Iterator[tuple[int, int]]:
        """Position and length of each item's value."""
        at, window = self._begin, self._window
        while True:
            if self._end - at < 8:
                raise Truncated(window.path, self._begin, None, self._end)
            group, number, length = self._layout.item.unpack_from(window.take(at, 8))
            tag = group << 16 | number
            if tag == SEQUENCE_DELIMITATION:
                return
            if tag != ITEM or length == UNDEFINED:
                what = "a fragment of undefined length" if tag == ITEM else tag_name(tag)
                raise InvalidFile(
                    window.path, f"at byte {at}: {what} among the fragments of the pixel data"
                )
            at += 8 + length
            if at > self._end:
                raise Truncated(window.path, self._begin, at - self._begin, self._end)
            yield at - length, length

    def write(self, splice: Splice, new: Scratch) -> int:
        """Put it all into a splice, in even lengths; gives the position behind its delimiter."""
        if self._table is not None:
            self._write_table(splice, new, *self._table)
        kept = at = self._first
        pack = self._layout.item.pack
        for item, length in self._items():
            at = item + length
            if length & 1 and item >= self._first:
                splice.set_in(kept, item - 8 - kept)
                new.append(pack(0xFFFE, 0xE000, length + 1))
                splice.set_in(item, length)
                new.append(b"\0")
                kept = at
        splice.set_in(kept, at - kept)
        new.append(pack(0xFFFE, 0xE0DD, 0))
        return at + 8

    def _write_table(self, splice: Splice, new: Scratch, at: int, length: int) -> None:
        new.append(self._layout.item.pack(0xFFFE, 0xE000, length + (length & 1)))
        if not self.odd:
            splice.set_in(at, length)
        else:
            for begin in range(at, at + length, CHUNK):
                piece = self._window.take(begin, min(CHUNK, at + length - begin))
                new.append(self._moved(piece))
        if length & 1:
            new.append(b"\0")

    def _moved(self, table: bytes) -> bytes:
        """Offsets with a byte more for each padded fragment before."""
        whole = len(table) & ~3
        numbers = Struct(("<" if self._layout.item.format[0] == "<" else ">") + f"{whole // 4}I")
        moved = [each + bisect_left(self.odd, each) for each in numbers.unpack(table[:whole])]
        if moved and max(moved) > 0xFFFFFFFF:
            raise InvalidFile(self._window.path, "the Basic Offset Table ends beyond 4 GiB")
        return numbers.pack(*moved) + table[whole:]
