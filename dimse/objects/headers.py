"""Where an element begins its value and where it ends, when its VR is none that PS3.5 has.

VRs to come have the long form of header, two reserved bytes and four of length (PS3.5 6.2). But
devices write invented letters, blanks, NULs or "??" as well, mostly with the short form, and some
leave the VR out of an element here and there, as if it were Implicit VR. Which form it is shows
behind the value: where another element begins.
"""

from __future__ import annotations

from dimse.objects.layout import UNDEFINED, Layout
from dimse.objects.window import Window
from dimse.tables.vrs import ELEMENT_HEADER_LENGTH
from dul.values import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from typing import Final

__all__ = ["Header", "cutting", "header_of", "places_of", "plain_elements", "unknown_vr"]

_MOST_ELEMENTS: Final = 1000
"""That many are listed at most: of a data set that has more there is no shape."""


class Header(NamedTuple):
    """The form that an element's header has: its length, that of the value, the letters of its VR.

    `letters` are b"" where there is no VR.
    """

    size: int
    length: int
    letters: bytes


def header_of(layout: Layout, tag: int, vr: bytes, length: int) -> bytes:
    """The header of an element (PS3.5 7.1.2, 7.1.3)."""
    if not layout.explicit:
        return layout.item.pack(tag >> 16, tag & 0xFFFF, length)
    if ELEMENT_HEADER_LENGTH[vr] == 8:
        return layout.header.pack(tag >> 16, tag & 0xFFFF, vr, length)
    return layout.header.pack(tag >> 16, tag & 0xFFFF, vr, 0) + layout.wide.pack(length)


def unknown_vr(
    window: Window, at: int, end: int, layout: Layout, *, may_lack_vr: bool
) -> Header | None:
    """The header of an Explicit VR element whose VR PS3.5 doesn't have, as far as one can know.

    Args:
        window: the object.
        at: where the element begins; 8 bytes are there.
        end: what the element has to end before: of the data set, or of what holds it.
        layout: one with explicit VRs.
        may_lack_vr: whether the Implicit VR form is possible as well. It is not for the first
            element of a data set: that is then Implicit VR as a whole.

    Returns:
        None if it can't be told where the element ends.
    """
    head = window.take(at, 12)
    letters = head[4:6]
    short = Header(8, layout.header.unpack_from(head)[3], letters)
    long = Header(12, layout.wide.unpack_from(head, 8)[0], letters)
    bare = Header(8, layout.item.unpack_from(head)[2], b"")
    # DCMTK decides by the letters alone: upper case is a VR to come. Here they say which form is
    # tried first, and whether one is taken for which nothing speaks: bytes that can't be printed
    # are rather the lower half of a length.
    to_come = letters.isalpha() and letters.isupper()
    if to_come:
        candidates = [long, short, bare]
    elif letters.isascii() and letters.decode("ascii").isprintable():
        candidates = [short, long, bare]
    else:
        candidates = [bare, short, long]
    if head[6:8] != b"\0\0":
        candidates.remove(long)
    if not may_lack_vr:
        candidates.remove(bare)
    tag = _tag(head, layout)
    fitting = [each for each in candidates if at + each.size + each.length <= end]
    for each in fitting:
        if _element_follows(window, at + each.size + each.length, end, layout, tag, each):
            return each
    return fitting[0] if fitting and to_come else None


def _tag(head: bytes, layout: Layout) -> int:
    group, number, _ = layout.item.unpack_from(head)
    return int(group << 16 | number)


def _element_follows(  # noqa: PLR0917 (a place, its bounds, and what is before it)
    window: Window, at: int, end: int, layout: Layout, before: int, form: Header
) -> bool:
    """Whether an element, item or delimiter begins here, behind an element of this form."""
    if at == end:
        return True
    if end - at < 8:
        return False
    head = window.take(at, 12)
    tag = _tag(head, layout)
    if head[4:6] in ELEMENT_HEADER_LENGTH or tag >> 16 == 0xFFFE or not head[:8].strip(b"\0"):
        return True
    if tag <= before:
        return False
    # A device that writes no VR, or a wrong one, does so in the next element too.
    if form.letters:
        return head[4:6] == form.letters
    return bool(at + 8 + layout.item.unpack_from(head)[2] <= end)


def plain_elements(
    data: bytes, at: int, size: int, layout: Layout
) -> list[tuple[int, int, int, int]] | None:
    """Tag, position, length of header and value of each element; None: not all of them are in view,
    or plain.
    """
    found: list[tuple[int, int, int, int]] = []
    if len(data) == size:
        data += bytes(4)  # the last header may be a short one
    while at < size:
        if at + 12 > len(data) or len(found) == _MOST_ELEMENTS:
            return None
        group, number, length = layout.item.unpack_from(data, at)
        header = 8
        if layout.explicit:
            _, _, vr, length = layout.header.unpack_from(data, at)
            header = ELEMENT_HEADER_LENGTH.get(vr, 0)
            if header == 12:
                length = layout.wide.unpack_from(data, at + 8)[0]
        if not header or length == UNDEFINED or length & 1:
            return None
        found.append((group << 16 | number, at, header, length))
        at += header + length
    return found if at == size else None


def places_of(tag: int, elements: list[tuple[int, int, int, int]]) -> list[slice]:
    """Where the values of the elements with this tag lie, of those that `plain_elements` found."""
    return [
        slice(at + header, at + header + length)
        for found, at, header, length in elements
        if found == tag
    ]


def cutting(elements: list[tuple[int, int, int, int]], whole: int) -> str:
    """What `struct` needs to take the headers out of elements, and all of the one with this tag.

    Args:
        elements: from `plain_elements`; of the last one no more than the header need be in view.
        whole: the tag.
    """
    parts = [
        f"{header + length}s" if tag == whole else f"{header}s{length}x"
        for tag, _, header, length in elements
    ]
    tag, _, header, _ = elements[-1]
    if tag != whole:
        parts[-1] = f"{header}s"
    return "".join(parts)
