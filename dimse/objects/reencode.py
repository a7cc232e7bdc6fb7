"""Element by element from one layout into another, or into the same with even lengths.

The rules are in `transcode`, which is the way in. Here an encoded data set becomes a `Splice`: new
headers and short values as new bytes, long values as stretches of the object, with the size of
the words whose bytes are to be turned. Nothing long is read, and nothing is kept of an element
once it is written; the length of a sequence or item is corrected when its end has come.

It keeps what an object model would tidy up: the form of each length, the bytes of each value, the
order of the elements. Unlike `walk`, which only looks for ends, it goes into sequences of defined
length as well, since these change their size with the encoding. A value of odd length is padded.

Every length is compared with the space that is left before anything is done with it, and nesting
is bounded. What can't be an encoded data set (PS3.5 7) is an `InvalidFile` that names the byte.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from functools import partial

from dimse.errors import InvalidFile, Part10Error, Truncated
from dimse.objects.bounds import INLINE, MAXIMUM_DEPTH
from dimse.objects.fragments import Fragments
from dimse.objects.headers import Header, header_of, unknown_vr
from dimse.objects.implicit import DECIDING, KnownVRs, Nesting
from dimse.objects.layout import (
    EXPLICIT_BIG,
    IMPLICIT_LITTLE,
    ITEM,
    ITEM_DELIMITATION,
    SEQUENCE_DELIMITATION,
    UNDEFINED,
    Layout,
    tag_name,
)
from dimse.objects.scratch import Scratch
from dimse.objects.sources import Splice, turn_words
from dimse.objects.walk import Span, Walk
from dimse.objects.window import Window
from dimse.tables.vrs import ELEMENT_HEADER_LENGTH, FRAGMENTED, WORD_LENGTH, padding_of
from dul.values import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from typing import Final

__all__ = ["Mark", "Reencoder", "Within", "reencode"]

_ITEM_BYTES: Final = b"\xfe\xff\x00\xe0"
_LONGEST_CREATOR: Final = 256  # bytes; a LO has 64 characters, of up to four bytes each
_EXTENDED_OFFSET_TABLE: Final = frozenset({0x7FE00001, 0x7FE00002})
_PIXEL_DATA: Final = 0x7FE00010


def reencode(window: Window, spans: Sequence[Span], source: Layout, target: Layout) -> Splice:
    """Encode a data set anew.

    Args:
        window: the object.
        spans: where the data set lies in it, whole elements each.
        source: the layout that it has.
        target: the one that it is to have; the same one, to make odd lengths even.

    Raises:
        Truncated, InvalidFile: the data set is damaged; the error names the byte.
        OSError: a temporary file fails.
    """
    new = Scratch()
    try:
        writer = Reencoder(window, spans, new)
        level = writer.level(source, None, spans)
        for begin, length in spans:
            writer.elements(Within(begin + length, source, target, level, 0), begin)
    except BaseException:
        new.close()
        raise
    return writer.splice


class Within(NamedTuple):
    """A data set, or an item or sequence in it: where it ends, and how it is encoded anew."""

    end: int
    source: Layout
    target: Layout
    level: Nesting | None  # of an Implicit VR one
    depth: int
    delimited: bool = False  # ends with a delimiter, which comes before `end`

    @property
    def turns(self) -> bool:
        """Whether the byte order changes."""
        return self.source is not self.target and EXPLICIT_BIG in {self.source, self.target}


# Where the length of a sequence or item stands among the new bytes, and how long all was then.
Mark = tuple[int, int]


class Reencoder:
    """Encodes one data set; what it writes can be told otherwise in a class of its own (`rewrite`)."""

    def __init__(self, window: Window, spans: Sequence[Span], new: Scratch) -> None:
        self._window = window
        self._end = sum(spans[-1]) if spans else 0
        self._new = new
        self._dictionary = KnownVRs()
        self.splice = Splice(new)

    # ------------------------------------------------------------------------- elements --

    def elements(self, place: Within, at: int) -> int:
        """Encode the elements from `at` on; gives the position behind them and their delimiter."""
        if place.depth > MAXIMUM_DEPTH:
            raise self._invalid(at, f"more than {MAXIMUM_DEPTH} sequences in each other")
        begin, end, source = at, place.end, place.source
        while True:
            at = self._plain(place, at)
            if at >= end:
                break
            if end - at < 8:
                raise self._beyond(at, 8, end, "the header of an element")
            head = self._window.take(at, 12)
            group, number, _ = source.item.unpack_from(head)
            tag = group << 16 | number
            if tag == ITEM_DELIMITATION and place.delimited:
                return at + 8
            if group == 0xFFFE:
                raise self._invalid(at, f"{tag_name(tag)} in the place of an element")
            at = self._element(place, tag, at, head)
        if place.delimited:
            raise self._beyond(begin, None, end, "an item")
        return at

    def _plain(self, place: Within, at: int) -> int:
        """Encode the elements that need no second look, as far as they are in view.

        Nearly all are of that kind: short, even, known. The others are left to `_element`.
        """
        data, base = self._window.data, self._window.base
        explicit, unpack = place.source.explicit, place.source.header.unpack_from
        wide, same = place.source.wide.unpack_from, place.source is place.target
        plain, turns = self._dictionary.plain, place.turns
        end, out, run = min(place.end, base + len(data)), bytearray(), at
        last = min(place.end - 8, base + len(data) - 12)
        while base <= at <= last:
            if explicit:
                group, number, vr, length = unpack(data, at - base)
                size = ELEMENT_HEADER_LENGTH.get(vr, 0)
                if size == 12:
                    length = wide(data, at - base + 8)[0]
            else:
                group, number, length = unpack(data, at - base)
                size = 8
                # Private creators have to be seen, even where all stays as it is.
                vr = plain.get(group << 16 | number, b"UN" if same and not group & 1 else b"")
            following = at + size + length
            if (
                not (size and vr and number)
                or length & 1
                or length > INLINE
                or following > end
                or group >= 0x7FE0  # pixel data, and items
                or vr == b"SQ"
                or (same and length and data[at - base + 8 : at - base + 12] == _ITEM_BYTES)
            ):
                break
            if not same:
                out += header_of(place.target, group << 16 | number, vr, length)
                value = data[at - base + size : following - base]
                word = WORD_LENGTH.get(vr, 1) if turns and length else 1
                out += value if word == 1 else turn_words(value, word)
            at = following
        if same:
            self._copy(run, at - run)
        elif out:
            self._new.append(out)
        return at

    def _element(self, place: Within, tag: int, at: int, head: bytes) -> int:
        """Encode any element; gives the position behind it."""
        header = self._header(place, tag, at, head)
        begin, length = at + header.size, header.length
        vr = self._vr(place, tag, header)
        if length == UNDEFINED:
            return self._undefined(place, tag, vr, begin)
        after = begin + length
        if after > place.end:
            raise self._beyond(at, after - at, place.end, tag_name(tag))
        if tag & 0xFFFF == 0 or self._is_outdated(place, tag, at):
            return after
        level = place.level
        if level is not None and tag >> 16 & 1 and 0x10 <= tag & 0xFFFF <= 0xFF:
            level.creator(tag, self._window.take(begin, min(length, _LONGEST_CREATOR)))
        if vr == b"SQ" and (place.source.explicit or not length or self._is_item(begin, length)):
            mark = self._open(place.target, tag, b"SQ", undefined=False)
            self._items(place._replace(end=after, delimited=False), begin)
            self._close(place.target, mark, SEQUENCE_DELIMITATION)
        else:
            # Where the dictionary says sequence and the bytes say otherwise, these are right.
            self._value(place, tag, b"UN" if vr == b"SQ" else vr, begin, length)
        return after

    def _header(self, place: Within, tag: int, at: int, head: bytes) -> Header:
        source, end = place.source, place.end
        if not source.explicit:
            return Header(8, source.item.unpack_from(head)[2], b"")
        _, _, vr, length = source.header.unpack_from(head)
        size = ELEMENT_HEADER_LENGTH.get(vr)
        if size is None:
            header = unknown_vr(self._window, at, end, source, may_lack_vr=True)
            if header is None:
                what = f"{tag_name(tag)} has the unknown VR {vr.decode('latin-1')!r}"
                raise self._invalid(at, f"{what}, and it can't be told where it ends")
            return header
        if size == 12:
            if end - at < 12:
                raise self._beyond(at, 12, end, tag_name(tag))
            length = source.wide.unpack_from(head, 8)[0]
        return Header(size, length, vr)

    def _vr(self, place: Within, tag: int, header: Header) -> bytes:
        """The VR that is written: letters that nobody knows become UN (PS3.5 6.2.2)."""
        if header.letters in ELEMENT_HEADER_LENGTH:
            return header.letters
        return b"UN" if place.level is None else place.level.vr_of(tag)

    def _is_item(self, at: int, length: int) -> bool:
        return length >= 8 and self._window.take(at, 4) == _ITEM_BYTES

    def _value(self, place: Within, tag: int, vr: bytes, at: int, length: int) -> None:
        """Encode an element with a value of its own, padded to an even length (PS3.5 7.1)."""
        padding = padding_of(vr) if length & 1 else b""
        padded = length + len(padding)
        if place.target.explicit and ELEMENT_HEADER_LENGTH[vr] == 8 and padded > 0xFFFF:
            vr = b"UN"  # PS3.5 6.2.2: also for a value too long for its VR
        self._new.append(header_of(place.target, tag, self._written(vr), padded))
        word = WORD_LENGTH.get(vr, 1) if place.turns else 1
        # What is short is copied; of the rest, whatever fills no word.
        short = length if length <= INLINE else length % word
        if length > short:
            self.splice.set_in(at, length - short, word)
        value = self._window.take(at + length - short, short) + padding
        self._new.append(value if word == 1 else turn_words(value, word))

    def _written(self, vr: bytes) -> bytes:
        """The VR that is written for this one."""
        return vr

    def _copy(self, at: int, length: int) -> None:
        """What stays as it is."""
        if length > INLINE:
            self.splice.set_in(at, length)
        elif length:
            self._new.append(self._window.take(at, length))

    # ------------------------------------------------------------------------ sequences --

    def _undefined(self, place: Within, tag: int, vr: bytes, at: int) -> int:
        """Encode what is in an element of undefined length; gives the position behind it."""
        explicit = place.source.explicit
        if explicit and vr in FRAGMENTED and place.source is place.target:
            self._new.append(header_of(place.target, tag, vr, UNDEFINED))
            fragments = Fragments(self._window, at, place.end, place.source)
            return fragments.write(self.splice, self._new)
        if explicit and vr == b"UN":
            # Implicit VR Little Endian inside, whatever is around it (PS3.5 6.2.2).
            inside = place._replace(source=IMPLICIT_LITTLE, target=IMPLICIT_LITTLE, delimited=True)
            return self._sequence(place, tag, b"UN", at, inside)
        if vr == b"SQ" or not (explicit or vr in FRAGMENTED):
            # In Implicit VR only a sequence can be meant, known or not (PS3.5 7.5).
            return self._sequence(place, tag, b"SQ", at, place._replace(delimited=True))
        what = f"{tag_name(tag)} of undefined length"
        raise self._invalid(at, f"{what}, which is only for compressed objects")

    def _sequence(self, place: Within, tag: int, vr: bytes, at: int, inside: Within) -> int:
        """Encode a sequence of undefined length; gives the position behind its delimiter."""
        mark = self._open(place.target, tag, vr, undefined=True)
        after = self._items(inside, at)
        self._close(inside.target, mark, SEQUENCE_DELIMITATION)
        return after

    def _items(self, place: Within, at: int) -> int:
        """Encode the items from `at` on; gives the position behind them and their delimiter."""
        begin, end, target = at, place.end, place.target
        while at < end:
            if end - at < 8:
                raise self._beyond(at, 8, end, "the header of an element")
            group, number, length = place.source.item.unpack_from(self._window.take(at, 8))
            tag = group << 16 | number
            if tag == SEQUENCE_DELIMITATION and place.delimited:
                return at + 8
            if tag != ITEM:
                raise self._invalid(at, f"{tag_name(tag)} in the place of an item")
            undefined = length == UNDEFINED
            after = end if undefined else at + 8 + length
            if after > end:
                raise self._beyond(at, 8 + length, end, "an item")
            mark = self._open(target, ITEM, None, undefined=undefined)
            inside = Within(
                after,
                place.source,
                target,
                self.level(place.source, place.level, ((at + 8, after - at - 8),)),
                place.depth + 1,
                undefined,
            )
            at = self.elements(inside, at + 8)
            self._close(target, mark, ITEM_DELIMITATION)
        if place.delimited:
            raise self._beyond(begin, None, end, "a sequence")
        return at

    def _open(self, target: Layout, tag: int, vr: bytes | None, *, undefined: bool) -> Mark | None:
        """Begin a sequence, or with no VR an item."""
        length = UNDEFINED if undefined else 0
        if vr is None:
            self._new.append(target.item.pack(tag >> 16, tag & 0xFFFF, length))
        else:
            self._new.append(header_of(target, tag, vr, length))
        return None if undefined else (len(self._new) - 4, len(self.splice))

    def _close(self, target: Layout, mark: Mark | None, delimiter: int) -> None:
        """End what was begun: with a delimiter, or by correcting its length."""
        if mark is None:
            self._new.append(target.item.pack(delimiter >> 16, delimiter & 0xFFFF, 0))
            return
        place, before = mark
        length = len(self.splice) - before
        if length >= UNDEFINED:
            raise InvalidFile(self._window.path, "a sequence grows beyond 4 GiB by the conversion")
        self._new.correct(place, target.wide.pack(length))

    # ------------------------------------------------------------- looking ahead, and errors --

    def level(self, source: Layout, outer: Nesting | None, spans: Sequence[Span]) -> Nesting | None:
        """What VRs depend on in the data set or item that lies in these spans, if it names none."""
        if source.explicit:
            return None
        return Nesting(self._dictionary, outer, partial(self._deciding, spans))

    def _deciding(self, spans: Sequence[Span]) -> Mapping[int, int]:
        """The first values of the elements that decide about VRs, in this data set or item alone."""
        found: dict[int, int] = {}
        for tag, begin, length in self._ahead(spans, IMPLICIT_LITTLE):
            if tag in DECIDING and 2 <= length < UNDEFINED:
                value = int.from_bytes(self._window.take(begin, 2), "little")
                found.setdefault(tag, value)
        return found

    def _is_outdated(self, place: Within, tag: int, at: int) -> bool:
        """Whether this is an Extended Offset Table, and fragments behind it are to be padded.

        There is one frame to a fragment then, and the table, which is optional, says no more than
        these do (PS3.3 C.7.6.3.1.8).
        """
        if tag not in _EXTENDED_OFFSET_TABLE or place.source is not place.target or place.depth:
            return False
        for found, begin, length in self._ahead(((at, place.end - at),), place.source):
            if found == _PIXEL_DATA and length == UNDEFINED:
                return bool(Fragments(self._window, begin, place.end, place.source).odd)
        return False

    def _ahead(self, spans: Sequence[Span], layout: Layout) -> Iterator[tuple[int, int, int]]:
        """Tag, position and length of the value of each element that is yet to come in a place.

        Ends early where something is damaged: that will be said when its turn has come.
        """
        walk = Walk(self._window, layout)
        for begin, length in spans:
            at, end = begin, begin + length
            with contextlib.suppress(Part10Error):
                while end - at >= 8:
                    group, number, _ = layout.item.unpack_from(self._window.take(at, 8))
                    if group == 0xFFFE:  # the delimiter of this item
                        break
                    header, following = walk.element(at)
                    yield group << 16 | number, at + header.size, header.length
                    at = following

    def _beyond(
        self, at: int, declared: int | None, end: int, what: str
    ) -> InvalidFile | Truncated:
        """The error for what doesn't end in time: the end of all, or that of an item, comes first."""
        if end == self._end:
            return Truncated(self._window.path, at, declared, end)
        return self._invalid(at, f"{what} reaches beyond the sequence or item that holds it")

    def _invalid(self, at: int, what: str) -> InvalidFile:
        return InvalidFile(
            self._window.path, f"at byte {at}: {what}. Export the object again, or repair it"
        )
