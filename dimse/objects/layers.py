"""A data set laid over another: most of it stays where it lies, a little is new.

`Patch` collects what the upper one is made of, front to back; `Patch.encoded` gives it as an
`Encoded` like any other, so that changes, decompression and conversion can follow each other
without anything long being read before it is sent.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterator, Sequence

from dimse.objects.headers import Header
from dimse.objects.layout import Layout, layout_of
from dimse.objects.scratch import Scratch
from dimse.objects.sources import Encoded, Origin, Splice
from dimse.objects.walk import Span, Walk
from dimse.objects.window import Window
from dul.values import NamedTuple

__all__ = ["Patch", "PlacedElement", "elements_of", "placed_elements"]


class PlacedElement(NamedTuple):
    """An element of the top level: tag, position, header, and the position behind it, in bytes."""

    tag: int
    at: int
    header: Header
    end: int

    @property
    def value_at(self) -> int:
        """Where its value begins."""
        return self.at + self.header.size


def elements_of(encoded: Encoded, window: Window | None = None) -> Iterator[PlacedElement]:
    """The elements of an encoded data set's top level, by their headers alone.

    Raises:
        Truncated, InvalidFile: it is damaged.
    """
    window = encoded.window() if window is None else window
    return placed_elements(window, layout_of(encoded.transfer_syntax_uid), encoded.spans)


def placed_elements(
    window: Window, layout: Layout, spans: Sequence[Span], *, delimited: bool = False
) -> Iterator[PlacedElement]:
    """The elements of a data set or an item, by their headers alone.

    Args:
        window: what they lie in.
        layout: how they are encoded.
        spans: where they lie: positions and lengths, in bytes.
        delimited: whether a delimiter ends them.

    Raises:
        Truncated, InvalidFile: it is damaged.
    """
    walk = Walk(window, layout)
    for begin, length in spans:
        at, end = begin, begin + length
        while at < end:
            group, number, _ = layout.item.unpack_from(window.take(at, 8))
            if delimited and group == 0xFFFE:
                return
            header, following = walk.element(at)
            yield PlacedElement(group << 16 | number, at, header, following)
            at = following


class Patch:
    """What a data set is to be: stretches of the one beneath, and new bytes. Close it, or what it gives.

    Args:
        beneath: the data set beneath, whose origin is closed with the upper one.
    """

    def __init__(self, beneath: Encoded) -> None:
        self._beneath = beneath
        self._new = Scratch()
        self._splice = Splice(self._new)
        self._kept = self._kept_to = 0  # a stretch that may yet become longer

    def __len__(self) -> int:
        """How many bytes there are."""
        return len(self._splice) + self._kept_to - self._kept

    def keep(self, at: int, end: int) -> None:
        """Take these bytes of the data set beneath as they are."""
        if at != self._kept_to:
            self._flush()
            self._kept = at
        self._kept_to = end

    def add(self, data: bytes | bytearray | memoryview) -> None:
        """Put new bytes behind."""
        self._flush()
        self._new.append(data)

    def place(self) -> tuple[int, int]:
        """Where the last four new bytes stand, for `correct`, and how long all is."""
        return len(self._new) - 4, len(self)

    def correct(self, place: tuple[int, int], layout: Layout) -> None:
        """Have a length that was added at a place be that of what has come since."""
        at, before = place
        self._new.correct(at, layout.wide.pack(len(self) - before))

    def mark(self) -> int:
        """Where the next new bytes come to stand, for `replace`."""
        return len(self._new)

    def replace(self, mark: int, data: bytes) -> None:
        """Write over new bytes that were added behind a mark."""
        self._new.correct(mark, data)

    def encoded(self, transfer_syntax_uid: str, *, odd: bool) -> Encoded:
        """The data set that has come of it."""
        self._flush()
        origin = _LayeredOrigin(self._beneath.origin, self._splice)
        spans = ((0, len(self._splice)),)
        return Encoded(self._beneath.path, origin, spans, transfer_syntax_uid, odd)

    def close(self) -> None:
        """Give back the room of the new bytes; the data set beneath stays open."""
        self._new.close()

    def _flush(self) -> None:
        if self._kept_to > self._kept:
            self._splice.set_in(self._kept, self._kept_to - self._kept)
        self._kept = self._kept_to = -1


class _LayeredOrigin:
    """A splice that can be read from any position."""

    def __init__(self, beneath: Origin, splice: Splice) -> None:
        self._beneath = beneath
        self._splice = splice
        self._begins = array("Q")
        self._pieces: list[tuple[int, bool]] = []  # position, and whether it is one beneath
        at = 0
        for position, length, word in splice.pieces():
            self._begins.append(at)
            self._pieces.append((position, bool(word)))
            at += length
        self._begins.append(at)
        self.finish = beneath.finish

    def read(self, at: int, view: memoryview) -> int:
        """Fill the view from this position, as far as one piece reaches."""
        if at >= self._begins[-1]:
            return 0
        index = bisect_right(self._begins, at) - 1
        position, beneath = self._pieces[index]
        begin, end = self._begins[index], self._begins[index + 1]
        origin = self._beneath if beneath else self._splice.new
        return origin.read(position + at - begin, view[: end - at])

    def close(self) -> None:
        """Close both."""
        self._beneath.close()
        self._splice.new.close()
