"""The structure of a data set: which elements, where their values lie; the values stay in the file.

A reader for re-encoding. It keeps what an object model would tidy up: the form of each length,
the exact bytes of each value, VRs as they were sent. Unlike `walk`, which only looks for ends, it
goes into sequences of defined length as well, since these change their size with the encoding.
Only headers are read; the memory is that of one `Element` per element, whatever their size.

Every length is compared with the space that is left before anything is done with it, and nesting
is bounded. What can't be an encoded data set (PS3.5 7) is an `InvalidFile` that names the byte.
"""

from __future__ import annotations

from collections.abc import Callable

from dimse.errors import InvalidFile, Truncated
from dimse.objects.layout import EXPLICIT_BIG, HEADER_LENGTH, IMPLICIT_LITTLE, UNDEFINED, Layout
from dimse.objects.walk import MAXIMUM_DEPTH, Window
from dul.values import dataclass

__all__ = ["Element", "Item", "VRLookup", "parse"]

_ITEM = 0xFFFEE000
_ITEM_DELIMITATION = 0xFFFEE00D
_SEQUENCE_DELIMITATION = 0xFFFEE0DD

# The VR of a tag, given the private creator of its block: None if the dictionary doesn't know it;
# "US or SS" and the like if it depends on other elements.
VRLookup = Callable[[int, str | None], str | None]


@dataclass(slots=True)
class Item:
    """An item of a sequence: its elements, and whether its end is marked instead of counted."""

    elements: list[Element]
    undefined: bool


@dataclass(slots=True)
class Element:
    """A data element and where its value lies.

    Attributes:
        tag: group and element number, as 0xGGGGEEEE.
        vr: as sent (Explicit VR), or what the dictionary says (Implicit VR), which may be
            ambiguous; "UN" if nobody knows.
        offset: of the value, in bytes from the start of the file.
        length: of the value in bytes. A sequence of undefined length ends with a delimiter,
            which counts only where `items` is None.
        undefined: whether the length was sent as FFFFFFFFH.
        items: the content of a sequence that is to be re-encoded; None for any other value, and
            for an UN of undefined length, which stays as it is.
    """

    tag: int
    vr: str
    offset: int
    length: int
    undefined: bool = False
    items: list[Item] | None = None


def parse(window: Window, at: int, layout: Layout, vr_of: VRLookup) -> list[Element]:
    """Read the structure of a whole data set.

    Args:
        window: the file, ending where the data set ends.
        at: where the data set begins.
        layout: how it is encoded.
        vr_of: the dictionary, asked for each element of an Implicit VR data set.

    Raises:
        Truncated: an element, item or sequence has no end before the data set has.
        InvalidFile: something else that PS3.5 7 doesn't allow, or nesting beyond the bound.
    """
    elements, _ = _Parser(window, vr_of).elements(at, window.size, layout, 0, delimited=False)
    return elements


class _Parser:
    def __init__(self, window: Window, vr_of: VRLookup) -> None:
        self.window = window
        self.vr_of = vr_of

    def elements(
        self, at: int, end: int, layout: Layout, depth: int, *, delimited: bool
    ) -> tuple[list[Element], int]:
        """Read elements up to `end`, or if `delimited` to behind a delimiter that comes before."""
        if depth > MAXIMUM_DEPTH:
            raise self._invalid(at, f"more than {MAXIMUM_DEPTH} sequences in each other")
        found: list[Element] = []
        creators: dict[int, str] = {}
        begin = at
        while at < end:
            tag, length = self._head(at, end, layout)
            if tag == _ITEM_DELIMITATION and delimited:
                return found, at + 8
            if tag >> 16 == 0xFFFE:
                raise self._invalid(at, f"{_name(tag)} in the place of an element")
            if layout.explicit:
                vr, size, length = self._explicit(tag, at, end, layout)
            else:
                vr, size = self._implicit(tag, creators), 8
            element = Element(tag, vr, at + size, length)
            if length == UNDEFINED:
                at = self._undefined(element, end, layout, depth)
            else:
                at = self._defined(element, at, end, layout, depth)
                if tag >> 16 & 1 and 0x10 <= tag & 0xFFFF <= 0xFF and length <= 256:
                    creators[tag] = _text(self.window.take(element.offset, length))
            found.append(element)
        if delimited:
            raise self._beyond(begin, None, end, "an item")
        return found, at

    def _head(self, at: int, end: int, layout: Layout) -> tuple[int, int]:
        """Tag, and the length of an item, a delimiter or an Implicit VR element."""
        if end - at < 8:
            raise self._beyond(at, 8, end, "the header of an element")
        group, number, length = layout.item.unpack_from(self.window.take(at, 8))
        return group << 16 | number, length

    def _explicit(self, tag: int, at: int, end: int, layout: Layout) -> tuple[str, int, int]:
        """VR, header length and value length of an Explicit VR element."""
        head = self.window.take(at, 12)
        _, _, letters, short = layout.header.unpack_from(head)
        (long,) = layout.wide.unpack_from(head, 8)
        vr = letters.decode("latin-1")
        size = HEADER_LENGTH.get(letters)
        if size is None:
            # Long or short form, by the rule of `walk`. The letters can't be understood by the
            # receiver either: UN says so, but its value is little endian by definition.
            if not (letters.isalpha() and letters.isupper()) or layout is EXPLICIT_BIG:
                raise self._invalid(at, f"{_name(tag)} has the unknown VR {vr!r}")
            long_form = head[6:8] == b"\0\0" and at + 12 + long <= end
            return "UN", 12 if long_form else 8, long if long_form else short
        if size == 12 and end - at < 12:
            raise self._beyond(at, 12, end, _name(tag))
        return vr, size, long if size == 12 else short

    def _implicit(self, tag: int, creators: dict[int, str]) -> str:
        """VR by the dictionary; a private tag gg..,bbee belongs to the creator in (gg..,00bb)."""
        creator = creators.get(tag & 0xFFFF0000 | tag >> 8 & 0xFF) if tag >> 16 & 1 else None
        return self.vr_of(tag, creator) or "UN"

    def _defined(self, element: Element, at: int, end: int, layout: Layout, depth: int) -> int:
        after = element.offset + element.length
        if after > end:
            raise self._beyond(at, after - at, end, _name(element.tag))
        if element.vr == "SQ":
            if element.length and not layout.explicit and not self._is_item(element, layout):
                # The dictionary says sequence, the bytes say otherwise: they are right.
                element.vr = "UN"
            else:
                element.items, _ = self._items(
                    element.offset, after, layout, depth, delimited=False
                )
        return after

    def _is_item(self, element: Element, layout: Layout) -> bool:
        end = element.offset + element.length
        return element.length >= 8 and self._head(element.offset, end, layout)[0] == _ITEM

    def _undefined(self, element: Element, end: int, layout: Layout, depth: int) -> int:
        element.undefined = True
        if layout.explicit and element.vr == "UN":
            # Implicit VR Little Endian inside, whatever is around it (PS3.5 6.2.2).
            _, after = self._items(element.offset, end, IMPLICIT_LITTLE, depth, delimited=True)
            element.length = after - element.offset
            return after
        if element.vr == "SQ" or not (layout.explicit or "OB" in element.vr or "OW" in element.vr):
            # In Implicit VR only a sequence can be meant, known or not (PS3.5 7.5).
            element.vr = "SQ"
            element.items, after = self._items(element.offset, end, layout, depth, delimited=True)
            element.length = after - 8 - element.offset
            return after
        raise self._invalid(
            element.offset,
            f"{_name(element.tag)} of undefined length, which is only for compressed objects",
        )

    def _items(
        self, at: int, end: int, layout: Layout, depth: int, *, delimited: bool
    ) -> tuple[list[Item], int]:
        """Read items up to `end`, or if `delimited` to behind a delimiter that comes before."""
        found: list[Item] = []
        begin = at
        while at < end:
            tag, length = self._head(at, end, layout)
            if tag == _SEQUENCE_DELIMITATION and delimited:
                return found, at + 8
            if tag != _ITEM:
                raise self._invalid(at, f"{_name(tag)} in the place of an item")
            undefined = length == UNDEFINED
            after = end if undefined else at + 8 + length
            if after > end:
                raise self._beyond(at, 8 + length, end, "an item")
            elements, at = self.elements(at + 8, after, layout, depth + 1, delimited=undefined)
            found.append(Item(elements, undefined))
        if delimited:
            raise self._beyond(begin, None, end, "a sequence")
        return found, at

    def _beyond(
        self, at: int, declared: int | None, end: int, what: str
    ) -> InvalidFile | Truncated:
        """The error for what doesn't end in time: the file's end, or that of an item, comes first."""
        if end == self.window.size:
            return Truncated(self.window.path, at, declared, end)
        return self._invalid(at, f"{what} reaches beyond the sequence or item that holds it")

    def _invalid(self, at: int, what: str) -> InvalidFile:
        return InvalidFile(
            self.window.path, f"at byte {at}: {what}. Export the object again, or repair it"
        )


def _name(tag: int) -> str:
    return f"({tag >> 16:04X},{tag & 0xFFFF:04X})"


def _text(value: bytes) -> str:
    """A private creator, as the dictionaries spell it."""
    try:
        text = value.decode("utf-8")
    except UnicodeDecodeError:
        text = value.decode("latin-1")
    return text.strip(" \0")
