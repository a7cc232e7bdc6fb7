"""Element by element from one uncompressed layout into another, the values undecoded.

The rules are in `transcode`, which is the way in. Here a parsed data set becomes a list of parts:
new headers and short values as bytes, long values as places in the file with the size of the
words whose bytes are to be turned. Nothing long is read.
"""

from __future__ import annotations

import contextlib
from array import array
from collections.abc import Sequence
from typing import Final

from dimse.errors import InvalidFile
from dimse.objects.layout import EXPLICIT_BIG, HEADER_LENGTH, UNDEFINED, Layout
from dimse.objects.structure import Element, VRLookup, parse
from dimse.objects.walk import Window
from dul.values import dataclass

__all__ = ["Part", "reencode", "turn_words"]

# Values up to here are kept; what is longer is left in the file.
INLINE: Final = 1 << 10

# Bytes per word by VR, for the VRs whose values have a byte order (PS3.5 6.2, 7.3).
_WORD: Final = {
    **dict.fromkeys(("AT", "OW", "SS", "US"), 2),
    **dict.fromkeys(("FL", "OF", "OL", "SL", "UL"), 4),
    **dict.fromkeys(("FD", "OD", "OV", "SV", "UV"), 8),
}
_ARRAY_TYPE: Final = {2: "H", 4: "I", 8: "Q"}

_PIXEL_REPRESENTATION: Final = 0x00280103
_LUT_DESCRIPTOR: Final = 0x00283002


@dataclass(frozen=True, slots=True)
class Part:
    """Bytes of the result: `data` itself, or `length` bytes of the file from `offset`."""

    length: int
    data: bytes = b""
    offset: int = 0
    word: int = 1  # bytes in a word whose order is to be turned


def reencode(window: Window, start: int, source: Layout, target: Layout) -> list[Part]:
    """Re-encode the data set from `start` to the end of the window.

    Args:
        window: the file, ending where the data set ends.
        start: where the data set begins.
        source: the layout that it has.
        target: the one that it is to have; another one.

    Raises:
        Truncated, InvalidFile: the data set is damaged; the error names the byte.
    """
    writer = _Writer(window, source, target)
    writer.data_set(parse(window, start, source, _vr_lookup()), None)
    return writer.finish()


def turn_words(data: bytes | bytearray, word: int) -> bytes:
    """Turn the bytes of each word; what is left over, in a value of a wrong length, stays."""
    whole = len(data) - len(data) % word
    words = array(_ARRAY_TYPE[word], bytes(data[:whole]))
    words.byteswap()
    return words.tobytes() + data[whole:]


class _Level:
    """The elements of one data set or item, and of those around it, for the VRs that depend on them."""

    def __init__(self, elements: Sequence[Element], outer: _Level | None, window: Window) -> None:
        self._elements = elements
        self._outer = outer
        self._window = window
        self._known: dict[int, int | None] = {}

    def number(self, tag: int) -> int | None:
        """First value of an US or SS element, the nearest one outwards; None if there is none."""
        if tag not in self._known:
            self._known[tag] = self._find(tag)
        return self._known[tag]

    def _find(self, tag: int) -> int | None:
        for element in self._elements:
            if element.tag == tag and element.length >= 2:
                return int.from_bytes(self._window.take(element.offset, 2), "little")
        return None if self._outer is None else self._outer.number(tag)


# Where the length of a sequence or item stands (buffer, offset), and how long all was behind it.
_Mark = tuple[bytearray, int, int]


class _Writer:
    def __init__(self, window: Window, source: Layout, target: Layout) -> None:
        self._window = window
        self._source = source
        self._target = target
        # Only between EXPLICIT_BIG and the others; there are no more layouts here.
        self._turns = EXPLICIT_BIG in {source, target}
        self._parts: list[Part | bytearray] = []
        self._data = bytearray()
        self._length = 0

    def finish(self) -> list[Part]:
        self._flush()
        return [
            part if isinstance(part, Part) else Part(len(part), bytes(part)) for part in self._parts
        ]

    def data_set(self, elements: Sequence[Element], outer: _Level | None) -> None:
        level = _Level(elements, outer, self._window)
        for element in elements:
            if element.tag & 0xFFFF == 0:
                continue  # group length
            if element.items is not None:
                self._sequence(element, level)
            elif element.undefined:
                self._header(element.tag, "UN", UNDEFINED)
                self._value(element, 1)
            else:
                vr = element.vr if self._source.explicit else _decide(element.vr, level)
                if HEADER_LENGTH[vr.encode()] == 8 and element.length > 0xFFFF:
                    vr = "UN"
                self._header(element.tag, vr, element.length)
                self._value(element, _WORD.get(vr, 1) if self._turns else 1)

    def _sequence(self, element: Element, level: _Level) -> None:
        begin = self._begin(element.tag, "SQ", undefined=element.undefined)
        for item in element.items or ():
            mark = self._begin(0xFFFEE000, None, undefined=item.undefined)
            self.data_set(item.elements, level)
            self._end(mark, 0xFFFEE00D)
        self._end(begin, 0xFFFEE0DD)

    def _begin(self, tag: int, vr: str | None, *, undefined: bool) -> _Mark | None:
        self._header(tag, vr, UNDEFINED if undefined else 0)
        return None if undefined else (self._data, len(self._data) - 4, self._length)

    def _end(self, mark: _Mark | None, delimiter: int) -> None:
        if mark is None:
            self._header(delimiter, None, 0)
            return
        buffer, place, before = mark
        length = self._length - before
        if length >= UNDEFINED:
            raise InvalidFile(self._window.path, "a sequence grows beyond 4 GiB by the conversion")
        self._target.wide.pack_into(buffer, place, length)

    def _header(self, tag: int, vr: str | None, length: int) -> None:
        """The header of an element, or with no VR of an item or a delimiter."""
        target, group, number = self._target, tag >> 16, tag & 0xFFFF
        if vr is None or not target.explicit:
            header = target.item.pack(group, number, length)
        elif HEADER_LENGTH[vr.encode()] == 8:
            header = target.header.pack(group, number, vr.encode(), length)
        else:
            header = target.header.pack(group, number, vr.encode(), 0) + target.wide.pack(length)
        self._data += header
        self._length += len(header)

    def _value(self, element: Element, word: int) -> None:
        self._length += element.length
        if element.length <= INLINE:
            value = self._window.take(element.offset, element.length)
            self._data += value if word == 1 else turn_words(value, word)
        else:
            self._flush()
            self._parts.append(Part(element.length, offset=element.offset, word=word))

    def _flush(self) -> None:
        if self._data:
            self._parts.append(self._data)
            self._data = bytearray()


def _decide(vr: str, level: _Level) -> str:
    """The VR in Explicit VR of what the dictionary gives more than one (PS3.5 A.1, A.2)."""
    if vr.encode() in HEADER_LENGTH:
        return vr
    if "OB" in vr:
        return "OW"
    if "OW" in vr:  # a look-up table; PS3.3 C.11.1.1.1
        return "US" if level.number(_LUT_DESCRIPTOR) == 1 else "OW"
    if "SS" in vr:
        return "SS" if level.number(_PIXEL_REPRESENTATION) == 1 else "US"
    return "UN"


def _vr_lookup() -> VRLookup:
    # pydicom is heavy, and this is the one thing that only it can do.
    from pydicom.datadict import dictionary_VR, private_dictionary_VR  # noqa: PLC0415

    def look_up(tag: int, creator: str | None) -> str | None:
        number, private = tag & 0xFFFF, tag >> 16 & 1
        if number == 0:
            return "UL"
        if private and 0x10 <= number <= 0xFF:
            return "LO"
        if private and creator:
            with contextlib.suppress(KeyError):
                return private_dictionary_VR(tag, creator)
        with contextlib.suppress(KeyError):
            return dictionary_VR(tag)
        return None

    # Asked once per tag: objects repeat theirs a thousand times.
    known: dict[tuple[int, str | None], str | None] = {}

    def vr_of(tag: int, creator: str | None) -> str | None:
        key = (tag, creator)
        if key not in known:
            known[key] = look_up(tag, creator)
        return known[key]

    return vr_of
