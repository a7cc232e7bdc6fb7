"""A data set in another form: the same elements, with other lengths, paddings, VRs (PS3.5 7).

None of it changes what an object says. It is what some receivers of files want, and what DCMTK's tools
have options for: lengths of sequences that are given or delimited, group lengths, trailing padding,
VRs that older software knows, and the VR of what came as UN.
"""

from __future__ import annotations

from collections.abc import Sequence

from dimse.objects.headers import header_of
from dimse.objects.implicit import Nesting
from dimse.objects.layout import (
    EXPLICIT_BIG,
    EXPLICIT_LITTLE,
    IMPLICIT_LITTLE,
    ITEM_DELIMITATION,
    SEQUENCE_DELIMITATION,
    UNDEFINED,
    Layout,
    tag_name,
)
from dimse.objects.reencode import Mark, Reencoder, Within
from dimse.objects.scratch import Scratch
from dimse.objects.sources import Splice
from dimse.objects.walk import Span
from dimse.objects.window import Window
from dul.values import TYPE_CHECKING, dataclass

if TYPE_CHECKING:
    from typing import Final, Literal, TypeAlias

__all__ = ["GroupLengths", "Lengths", "Rewriting", "rewrite"]

Lengths: TypeAlias = "Literal['explicit', 'undefined']"
"""Sequences and items say how long they are, or a delimiter ends them."""

GroupLengths: TypeAlias = "Literal['recalculate', 'create', 'remove']"
"""Elements (gggg,0000), which are retired: those that are there, corrected; one for each group; none."""

PADDING: Final = 0xFFFCFFFC
"""Data Set Trailing Padding."""

# What came to the VRs of 1993: PS3.5 has them in this order.
_NEW_VRS: Final = frozenset({b"UN", b"UT", b"OF", b"OD", b"OL", b"UC", b"UR", b"OV", b"SV", b"UV"})


@dataclass(frozen=True, slots=True)
class Rewriting:
    """What form a data set is given. Padding that it has is left out.

    Attributes:
        lengths: of sequences and items; None: as they are.
        group_lengths: what becomes of group lengths.
        multiple: the length of the whole, with what stands before it, becomes a multiple of it; 0:
            of nothing.
        item_multiple: so does the length of each item's content.
        known_vrs: an element of VR UN gets its real VR where the dictionary knows it.
        old_vrs: elements of VRs that came after 1993 get VR OB, with the same bytes.
    """

    lengths: Lengths | None = None
    group_lengths: GroupLengths = "recalculate"
    multiple: int = 0
    item_multiple: int = 0
    known_vrs: bool = False
    old_vrs: bool = False

    def __post_init__(self) -> None:
        if (
            self.multiple % 2
            or self.item_multiple % 2
            or min(self.multiple, self.item_multiple) < 0
        ):
            raise ValueError("lengths are padded to even ones")


def rewrite(
    window: Window,
    spans: Sequence[Span],
    source: Layout,
    target: Layout,
    form: Rewriting,
    *,
    before: int = 0,
) -> Splice:
    """Encode a data set anew, in this form.

    Args:
        window: the object.
        spans: where the data set lies in it, whole elements each.
        source: the layout that it has.
        target: the one that it is to have, which may be the same.
        form: what is changed.
        before: bytes that will stand before the data set.

    Raises:
        Truncated, InvalidFile: the data set is damaged; the error names the byte.
        OSError: a temporary file fails.
    """
    new = Scratch()
    try:
        writer = _Rewriter(window, spans, new, form, before)
        level = writer.level(source, None, spans)
        writer.begin()
        for begin, length in spans:
            writer.elements(Within(begin + length, source, target, level, 0), begin)
        writer.end(target)
    except BaseException:
        new.close()
        raise
    return writer.splice


class _Group:
    """The group that is being written, in one data set or item."""

    def __init__(self, before: int) -> None:
        self.before = before  # of all that is written, where the data set or item begins
        self.number = -1
        self.place = -1  # where its length stands among the new bytes; -1: it has none
        self.content = 0  # of all that is written, where what it counts begins


class _Rewriter(Reencoder):
    def __init__(
        self, window: Window, spans: Sequence[Span], new: Scratch, form: Rewriting, before: int
    ) -> None:
        super().__init__(window, spans, new)
        self._form = form
        self._before = before
        self._groups: list[_Group] = []

    # ------------------------------------------------------------------ group lengths, padding --

    def begin(self) -> None:
        """A data set or item begins."""
        self._groups.append(_Group(len(self.splice)))

    def end(self, target: Layout) -> None:
        """It ends: what it lacks yet."""
        group = self._groups[-1]
        self._end_group(target)
        top = len(self._groups) == 1
        multiple = self._form.multiple if top else self._form.item_multiple
        if multiple:
            length = len(self.splice) - group.before + (self._before if top else 0)
            if length % multiple:
                header = len(header_of(target, PADDING, b"OB", 0))
                value = -(length + header) % multiple
                self._new.append(header_of(target, PADDING, b"OB", value) + bytes(value))
        self._groups.pop()

    def _end_group(self, target: Layout) -> None:
        group = self._groups[-1]
        if group.place >= 0:
            self._new.correct(group.place, target.wide.pack(len(self.splice) - group.content))
        group.place = -1

    def _begin_group(self, target: Layout, tag: int) -> None:
        """An element is next; if it is the first of its group, that has a length or not."""
        group, number = self._groups[-1], tag >> 16
        if number == group.number:
            return
        self._end_group(target)
        group.number = number
        wanted = self._form.group_lengths
        if number == PADDING >> 16:
            return
        if wanted == "create" or (wanted == "recalculate" and not tag & 0xFFFF):
            self._new.append(header_of(target, number << 16, b"UL", 4) + bytes(4))
            group.place, group.content = len(self._new) - 4, len(self.splice)

    # --------------------------------------------------------------------------- elements --

    def elements(self, place: Within, at: int) -> int:
        """As the other, one after the other, for each may be the first of a group."""
        begin, end, item = at, place.end, place.depth > 0
        if item:
            self.begin()
        while at < end:
            if end - at < 8:
                raise self._beyond(at, 8, end, "the header of an element")
            head = self._window.take(at, 12)
            group, number, _ = place.source.item.unpack_from(head)
            tag = group << 16 | number
            if tag == ITEM_DELIMITATION and place.delimited:
                self.end(place.target)
                return at + 8
            if group == 0xFFFE:
                raise self._invalid(at, f"{tag_name(tag)} in the place of an element")
            self._begin_group(place.target, tag)
            at = self._element(place, tag, at, head)
        if place.delimited:
            raise self._beyond(begin, None, end, "an item")
        if item:
            self.end(place.target)
        return at

    def _element(self, place: Within, tag: int, at: int, head: bytes) -> int:
        header = self._header(place, tag, at, head)
        begin, undefined = at + header.size, header.length == UNDEFINED
        after = place.end if undefined else begin + header.length
        if after > place.end:
            return super()._element(place, tag, at, head)  # which says what is wrong
        if tag == PADDING and not undefined:
            return after  # what is padded is padded anew
        if not (self._form.known_vrs and header.letters == b"UN" and place.level):
            return super()._element(place, tag, at, head)
        # Implicit VR Little Endian inside, whatever is around it (PS3.5 6.2.2).
        inside = place._replace(source=IMPLICIT_LITTLE, end=after, delimited=undefined)
        vr = place.level.vr_of(tag)
        if undefined:
            return self._sequence(place, tag, b"SQ", begin, inside)
        if vr == b"SQ" and (not header.length or self._is_item(begin, header.length)):
            mark = self._open(place.target, tag, b"SQ", undefined=False)
            self._items(inside, begin)
            self._close(place.target, mark, SEQUENCE_DELIMITATION)
        else:
            self._value(inside, tag, b"UN" if vr == b"SQ" else vr, begin, header.length)
        return after

    def _undefined(self, place: Within, tag: int, vr: bytes, at: int) -> int:
        if vr == b"UN" and self._form.old_vrs:  # what was a sequence all the time
            inside = place._replace(source=IMPLICIT_LITTLE, delimited=True)
            return self._sequence(place, tag, b"SQ", at, inside)
        return super()._undefined(place, tag, vr, at)

    def _value(self, place: Within, tag: int, vr: bytes, at: int, length: int) -> None:
        if self._form.old_vrs and vr in _NEW_VRS and place.target is EXPLICIT_BIG:
            # OB has no byte order; as with UN, the bytes are those of little endian.
            if place.source is EXPLICIT_BIG:
                place = place._replace(source=EXPLICIT_LITTLE)  # so that they are turned
            else:
                vr = b"OB"
        super()._value(place, tag, vr, at, length)

    def _written(self, vr: bytes) -> bytes:
        return b"OB" if self._form.old_vrs and vr in _NEW_VRS else vr

    def _open(self, target: Layout, tag: int, vr: bytes | None, *, undefined: bool) -> Mark | None:
        if self._form.lengths is not None:
            undefined = self._form.lengths == "undefined"
        return super()._open(target, tag, vr, undefined=undefined)

    def level(self, source: Layout, outer: Nesting | None, spans: Sequence[Span]) -> Nesting | None:
        """What VRs depend on; in Explicit VR too, for what came as UN, which has nobody to ask."""
        if source.explicit and self._form.known_vrs:
            return Nesting(self._dictionary, outer, dict)
        return super().level(source, outer, spans)
