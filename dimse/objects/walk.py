"""Walking through an encoded data set by its element headers (PS3.5 section 7).

No value is read but the two UIDs that a C-STORE-RQ names, so the cost goes with the number of
elements and not with their size. Bytes come through a `Window`, a movable look at an object of any
size; nothing here opens or reads a file by itself.

What the walk makes sure of, when it is told to walk the whole data set: every element, item and
fragment ends inside the object, sequences of undefined length are closed. Inside values of defined
length it doesn't look. What is wrong but leaves no doubt where the next element begins goes to
`Findings`; elements that have no business in a data set are cut out of its `spans`.
"""

from __future__ import annotations

import contextlib

from dimse.errors import InvalidFile, Part10Error, Truncated
from dimse.objects.bounds import MAXIMUM_CUTS, MAXIMUM_DEPTH, USUAL_PADDING
from dimse.objects.findings import Findings
from dimse.objects.headers import Header, unknown_vr
from dimse.objects.layout import (
    EXPLICIT_BIG,
    EXPLICIT_LITTLE,
    IMPLICIT_LITTLE,
    UNDEFINED,
    Layout,
    tag_name,
)
from dimse.objects.window import Window
from dimse.tables import uids
from dimse.tables.transfer_syntaxes import describe
from dimse.tables.vrs import ELEMENT_HEADER_LENGTH, FRAGMENTED, MAY_BE_UNDEFINED
from dul.values import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Final

__all__ = ["Span", "Walk", "detect", "look_of"]

Span = tuple[int, int]
"""Position and length, in bytes."""

_ITEM, _END_OF_ITEM, _END_OF_SEQUENCE = 0xE000, 0xE00D, 0xE0DD
# Groups that have no business at the top level of a data set: command, file meta, delimiters.
_FORBIDDEN: Final = frozenset({0x0000, 0x0002, 0xFFFE})
_LAST_GROUP: Final = 0xFFFD  # of those that need no second look
_SOP_CLASS_UID, _SOP_INSTANCE_UID = 0x0016, 0x0018
_WANTED: Final = frozenset({_SOP_CLASS_UID, _SOP_INSTANCE_UID})


class Walk:
    """One walk through a data set.

    Args:
        window: the object.
        layout: how the data set is encoded.
        findings: takes what is wrong with it and tolerated; by default nobody hears of it.

    Attributes:
        sop_class_uid: the value of (0008,0016), None until it is found.
        sop_instance_uid: the value of (0008,0018), None until it is found.
        spans: where the data set lies, without what is not to be sent.
        odd: whether a value or fragment of odd length was passed.
    """

    __slots__ = (
        "_begin",
        "_findings",
        "_layout",
        "_start",
        "_window",
        "odd",
        "sop_class_uid",
        "sop_instance_uid",
        "spans",
    )

    def __init__(self, window: Window, layout: Layout, findings: Findings | None = None) -> None:
        self._window = window
        self._layout = layout
        self._findings = findings or Findings(window.path)
        self._start = 0
        self._begin = 0  # of the present element of the top level
        self.sop_class_uid: str | None = None
        self.sop_instance_uid: str | None = None
        self.spans: list[Span] = []
        self.odd = False

    @property
    def end(self) -> int:
        """Where the data set ends, once it has been walked."""
        return sum(self.spans[-1]) if self.spans else self._start

    def run(self, at: int, *, whole: bool) -> None:
        """Walk from `at` to the end of the object, or only to the end of group 0008.

        Raises:
            Truncated: something reaches past the end of the object.
            InvalidFile: this is no data set of this transfer syntax, or one that may not be sent.
        """
        last_group = _LAST_GROUP if whole else 0x0008
        window, size = self._window, self._window.size
        self._start = kept = at
        window.take(at, 12)  # the window may be anywhere
        while True:
            at = self._plain(at, self._layout, last_group, top=True)
            if at >= size:
                break
            if size - at < 8:
                size = self._tail(at)
                break
            head = window.take(at, 12)
            group, number, _ = self._layout.item.unpack_from(head)
            if group in _FORBIDDEN:
                if self._is_padding(at, head):
                    size = at
                    break
                following = self._stray(at, head)
                self._keep(kept, at)
                at = kept = following
                continue
            if group > last_group and not whole:
                break
            self._begin = at
            header = self._header(at, head, self._layout)
            following = self._following(at, header, self._layout, 0)
            if group == 0x0008 and number in _WANTED:
                self._uid(number, at + header.size, header.length)
            at = following
        self._keep(kept, size)

    def element(self, at: int) -> tuple[Header, int]:
        """The header of the one element at `at`, and where it ends. At least 8 bytes are there.

        Raises:
            Truncated, InvalidFile: it doesn't.
        """
        header = self._header(at, self._window.take(at, 12), self._layout)
        return header, self._following(at, header, self._layout, 0)

    def _keep(self, begin: int, end: int) -> None:
        if end > begin:
            self.spans.append((begin, end - begin))
            if len(self.spans) > MAXIMUM_CUTS:
                raise self._damaged(end, "more stray elements than a data set by accident has")

    def _plain(self, at: int, layout: Layout, last_group: int, *, top: bool = False) -> int:
        """Pass over the elements that need no second look, as far as they are in view.

        The loop that a file's walk consists of, nearly: everything rare is left to the caller.

        Args:
            at: where they begin.
            layout: their encoding.
            last_group: those of later groups are left.
            top: they are not in a sequence, so the UIDs among them are the object's.
        """
        data, base, end = self._window.data, self._window.base, self._window.size
        explicit, unpack, wide = layout.explicit, layout.header.unpack_from, layout.wide.unpack_from
        size, last = 8, base + len(data) - 12
        while base <= at <= last:
            if explicit:
                group, number, vr, length = unpack(data, at - base)
                size = ELEMENT_HEADER_LENGTH.get(vr, 0)
                if size == 12:
                    length = wide(data, at - base + 8)[0]
            else:
                group, number, length = unpack(data, at - base)
            following = at + size + length
            if (
                not size
                or length & 1  # UNDEFINED is one of these
                or following > end
                or group > last_group
                or group <= 0x0002
            ):
                return at
            if top and group == 0x0008 and number in _WANTED:
                if following > last + 12:
                    return at
                self._uid(number, at + size, length)
            at = following
        return at

    def _header(self, at: int, head: bytes, layout: Layout) -> Header:
        """The header of any element."""
        if not layout.explicit:
            return Header(8, layout.item.unpack_from(head)[2], b"")
        _, _, vr, length = layout.header.unpack_from(head)
        size = ELEMENT_HEADER_LENGTH.get(vr)
        if size is None:
            return self._unknown(at, head, layout)
        return Header(size, layout.wide.unpack_from(head, 8)[0] if size == 12 else length, vr)

    def _unknown(self, at: int, head: bytes, layout: Layout) -> Header:
        header = unknown_vr(
            self._window, at, self._window.size, layout, may_lack_vr=at != self._start
        )
        name = _name(head, layout)
        if header is None:
            if at == self._start:
                raise self._damaged(
                    at, f"no VR, so this is not {describe(layout.uid)}, which it is said to be"
                )
            raise self._damaged(at, f"{name} has no VR, and it can't be told where it ends")
        if header.letters:
            letters = header.letters.decode("latin-1")
            self._findings.tolerate(at, f"{name} has the unknown VR {letters!r}")
        else:
            self._findings.tolerate(at, f"{name} has no VR, as if this were Implicit VR")
        return header

    def _following(self, at: int, header: Header, layout: Layout, depth: int) -> int:
        """Where the element at `at` ends."""
        size, length, vr = header
        if length == UNDEFINED:
            if layout.explicit and vr not in MAY_BE_UNDEFINED:
                raise self._damaged(at, f"VR {vr.decode('latin-1')} with undefined length")
            if depth == MAXIMUM_DEPTH:
                raise self._damaged(at, f"more than {MAXIMUM_DEPTH} sequences in each other")
            # A sequence that is called UN is Implicit VR Little Endian inside (PS3.5 6.2.2).
            inside = IMPLICIT_LITTLE if vr == b"UN" else layout
            return self._sequence(at + size, inside, vr in FRAGMENTED, depth + 1)
        following = at + size + length
        if following > self._window.size:
            raise self._past_end(at, following, layout)
        if length & 1:
            self._odd(at, _name(self._window.take(at, 8), layout), length)
        return following

    def _sequence(self, at: int, layout: Layout, fragments: bool, depth: int) -> int:
        """From the first item of a sequence of undefined length to behind its delimiter."""
        while True:
            group, number, length = layout.item.unpack_from(self._inner(at))
            if group != 0xFFFE or number not in {_ITEM, _END_OF_SEQUENCE}:
                raise self._damaged(at, f"({group:04X},{number:04X}) in the place of an item")
            if number == _END_OF_SEQUENCE:
                return at + 8
            if length != UNDEFINED:
                if length & 1:
                    self._odd(at, "a fragment" if fragments else "an item", length)
                at += 8 + length
            elif fragments:
                raise self._damaged(at, "a fragment of undefined length")
            else:
                at = self._item(at + 8, layout, depth)

    def _item(self, at: int, layout: Layout, depth: int) -> int:
        """From the first element of an item of undefined length to behind its delimiter."""
        while True:
            at = self._plain(at, layout, _LAST_GROUP)
            head = self._inner(at)
            group, number, _ = layout.item.unpack_from(head)
            if group == 0xFFFE:
                if number != _END_OF_ITEM:
                    raise self._damaged(at, f"(FFFE,{number:04X}) in the place of an element")
                return at + 8
            at = self._following(at, self._header(at, head, layout), layout, depth)

    def _inner(self, at: int) -> bytes:
        """The header at `at`, somewhere inside a value whose delimiter is yet to come."""
        left = self._window.size - at
        if left < 8:
            declared = at - self._begin if left < 0 else None
            raise Truncated(self._window.path, self._begin, declared, self._window.size)
        return self._window.take(at, 12)

    def _odd(self, at: int, what: str, length: int) -> None:
        self.odd = True
        self._findings.tolerate(at, f"{what} has the odd length {length}")

    def _uid(self, number: int, at: int, length: int) -> None:
        """Take the value of SOP Class UID or SOP Instance UID."""
        what = "SOP Class UID" if number == _SOP_CLASS_UID else "SOP Instance UID"
        if length > uids.MAXIMUM_UID_LENGTH + 1:  # some writers pad what needs no padding
            raise self._damaged(at, f"{what} of {length} bytes, where a UID has 64 at most")
        uid = self._window.take(at, length).strip(b"\0 ").decode("latin-1")
        if not uid:
            return  # as good as absent; the file meta may know
        if not uids.is_sendable(uid):
            raise self._damaged(at, f"{what} {uid!r}, which is no UID")
        if number == _SOP_CLASS_UID:
            self.sop_class_uid = uid
        else:
            self.sop_instance_uid = uid

    def _tail(self, at: int) -> int:
        """What the data set ends before, where less is left than a header needs."""
        left = self._window.size - at
        # One NUL in big endian is as likely the first byte of the next group number.
        ambiguous = left == 1 and self._layout is EXPLICIT_BIG
        if ambiguous or self._window.take(at, left).strip(b"\0"):
            raise Truncated(self._window.path, at, 8, self._window.size)
        return at

    def _is_padding(self, at: int, head: bytes) -> bool:
        """Whether the data set ends here, and only NULs follow, which are the file's."""
        if head[:8].strip(b"\0") or not self._window.are_nuls(at):
            return False
        left = self._window.size - at
        if left > USUAL_PADDING:
            self._findings.leave_out(at, f"{left} NULs behind the data set")
        return True

    def _stray(self, at: int, head: bytes) -> int:
        """Where an element ends that doesn't belong to a data set, so that it can be left out."""
        group, number, length = self._layout.item.unpack_from(head)
        name = f"({group:04X},{number:04X})"
        if not head[:8].strip(b"\0"):
            raise self._damaged(at, "NULs, and then something else")
        if group == 0xFFFE:
            if number != _ITEM and length == 0:
                self._findings.leave_out(at, f"{name}, a delimiter without a sequence")
                return at + 8
            raise self._damaged(at, f"{name}, an item or delimiter outside of a sequence")
        of = "the file meta information" if group else "the command group"
        if self._layout.explicit and head[4:6] not in ELEMENT_HEADER_LENGTH:
            raise self._damaged(at, f"{name}, neither an element of {of} nor the end")
        header = self._header(at, head, self._layout)
        following = at + header.size + header.length
        if header.length == UNDEFINED or following > self._window.size:
            raise self._damaged(at, f"{name}, neither an element of {of} nor the end")
        self._findings.leave_out(at, f"{name}, an element of {of}")
        return following

    def _past_end(self, at: int, following: int, layout: Layout) -> Part10Error:
        """The error for an element that doesn't fit: truncated, unless its header tells more."""
        window = self._window
        head = window.take(at, 12)
        if not layout.explicit and head[4:6] in ELEMENT_HEADER_LENGTH:
            looks = "Explicit VR"
        elif head[:2] == (b"\x08\0" if layout is EXPLICIT_BIG else b"\0\x08"):
            looks = "the other byte order"
        else:
            return Truncated(window.path, self._begin, following - self._begin, window.size)
        return self._damaged(
            at, f"what looks like {looks}, but is said to be {describe(layout.uid)}"
        )

    def _damaged(self, at: int, what: str) -> InvalidFile:
        return InvalidFile(
            self._window.path,
            f"damaged at byte {at}: {what}. Export the object again, or repair it with a DICOM tool",
        )


def _name(head: bytes, layout: Layout) -> str:
    group, number, _ = layout.item.unpack_from(head)
    return tag_name(group << 16 | number)


def look_of(window: Window, at: int) -> Layout | None:
    """The layout that the first element of a data set seems to have, if it is one of group 0008."""
    first = window.take(at, 6)
    if first[:2] == b"\0\x08":
        return EXPLICIT_BIG
    if first[:2] == b"\x08\0":
        return EXPLICIT_LITTLE if first[4:6] in ELEMENT_HEADER_LENGTH else IMPLICIT_LITTLE
    return None


def detect(window: Window, at: int) -> Layout | None:
    """The layout of a data set that nothing describes, or None if there is none to be seen.

    A data set has no mark to know it by. What is asked for is strict enough that no text, picture
    or program passes: the first element is of group 0008, and the elements from there on lead to
    a SOP Class UID that is one. Every object that can be stored has it.
    """
    layout = look_of(window, at)
    if layout is None:
        return None
    walk = Walk(window, layout)
    # What is wrong behind the UID is found, and said, by the walk through the whole data set.
    with contextlib.suppress(Part10Error):
        walk.run(at, whole=False)
    return layout if walk.sop_class_uid is not None and uids.is_uid(walk.sop_class_uid) else None
