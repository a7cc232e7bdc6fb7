"""Walking through an encoded data set by its element headers (PS3.5 section 7).

No value is read but the two UIDs that a C-STORE-RQ names, so the cost goes with the number of
elements and not with their size. Bytes come through a `Window`, a movable look at a file of any
size; nothing here opens or reads a file by itself.

What the walk makes sure of, when it is told to walk the whole data set: every element, item and
fragment ends inside the file, sequences of undefined length are closed, nothing of group 0000 or
0002 and no stray item stands at the top level. Inside values of defined length it doesn't look.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Final

from dimse.errors import FilePath, InvalidFile, Part10Error, Truncated
from dimse.objects.layout import (
    EXPLICIT_BIG,
    EXPLICIT_LITTLE,
    FRAGMENTED,
    HEADER_LENGTH,
    IMPLICIT_LITTLE,
    MAY_BE_UNDEFINED,
    UNDEFINED,
    Layout,
)
from dimse.tables import uids
from dimse.tables.transfer_syntaxes import describe

__all__ = ["Walk", "Window", "detect"]

# Sequences in sequences: the standard's own deepest structures have fewer than ten levels.
MAXIMUM_DEPTH: Final = 64

# Padding with NULs up to the block size of a medium is common; a longer run of them is a file
# that was allocated and never filled.
MAXIMUM_PADDING: Final = 1 << 16

HEAD: Final = 1 << 16  # one read that takes all of a small file, or all headers of most large ones
HOP: Final = 1 << 12  # after a jump over a large value little is needed

_ITEM, _END_OF_ITEM, _END_OF_SEQUENCE = 0xE000, 0xE00D, 0xE0DD
# Groups that have no business at the top level of a data set: command, file meta, delimiters.
_FORBIDDEN: Final = frozenset({0x0000, 0x0002, 0xFFFE})
_SOP_CLASS_UID, _SOP_INSTANCE_UID = 0x0016, 0x0018
_WANTED: Final = frozenset({_SOP_CLASS_UID, _SOP_INSTANCE_UID})


class Window:
    """A movable look at `size` bytes that are got by a function, a little at a time.

    Attributes:
        path: what the bytes are, for messages.
        size: how many there are.
        base: position of the first byte in `data`.
        data: the bytes in view; where they reach the end, four NULs stand after it, so that a
            header of 12 bytes can be read where one of 8 is the last.
    """

    __slots__ = ("_read", "base", "data", "path", "size")

    def __init__(
        self, path: FilePath, size: int, read: Callable[[int, int], bytes], first: int = HEAD
    ) -> None:
        self.path = path
        self.size = size
        self._read = read
        self.base = 0
        self.data = b""
        self._get(0, first)

    def _get(self, at: int, count: int) -> bytes:
        data = self._read(at, count)
        if len(data) < min(count, self.size - at):
            # Shorter than it was a moment ago: somebody writes to the file, or cut it.
            raise Truncated(self.path, at, min(count, self.size - at), at + len(data))
        self.base = at
        self.data = data + b"\0\0\0\0" if at + len(data) >= self.size else data
        return self.data

    def take(self, at: int, count: int) -> bytes:
        """Bytes of the file, at most `count` and one more header's worth of NULs at its end.

        The caller has judged `count`. Going on reads more ahead than jumping does.
        """
        start = at - self.base
        if start < 0 or start + count > len(self.data):
            ahead = HEAD if 0 <= start <= len(self.data) else HOP
            self._get(at, min(max(count, ahead), self.size - at))
            start = 0
        return self.data[start : start + count]


class Walk:
    """One walk through a data set.

    Attributes:
        sop_class_uid: the value of (0008,0016), None until it is found.
        sop_instance_uid: the value of (0008,0018), None until it is found.
        end: where the data set ends.
    """

    __slots__ = ("_begin", "_layout", "_window", "end", "sop_class_uid", "sop_instance_uid")

    def __init__(self, window: Window, layout: Layout) -> None:
        self._window = window
        self._layout = layout
        self._begin = 0
        self.end = window.size
        self.sop_class_uid: str | None = None
        self.sop_instance_uid: str | None = None

    def run(self, at: int, *, whole: bool) -> None:
        """Walk from `at` to the end of the file, or only to the end of group 0008.

        Raises:
            Truncated: something reaches past the end of the file.
            InvalidFile: this is no data set of this transfer syntax, or one that may not be sent.
        """
        last_group = 0xFFFF if whole else 0x0008
        self._window.take(at, 12)  # the window may be anywhere
        while True:
            at = self._plain(at, self._layout, last_group)
            if at >= self.end:
                return
            left = self.end - at
            head = self._window.take(at, 12)
            if left < 8:
                self._tail(at)
                return
            group, number, _ = self._layout.item.unpack_from(head)
            if group in _FORBIDDEN:
                self._tail(at)
                return
            if group > last_group:
                return
            self._begin = at
            header = self._header(at, head, self._layout)
            following = self._following(at, header, self._layout, 0)
            if group == 0x0008 and number in _WANTED:
                self._uid(number, at + header[0], header[1])
            at = following

    def _plain(self, at: int, layout: Layout, last_group: int) -> int:
        """Pass over the elements that need no second look, as far as they are in view.

        The loop that a file's walk consists of, nearly: everything rare is left to the caller.
        """
        data, base, end = self._window.data, self._window.base, self._window.size
        explicit, unpack, wide = layout.explicit, layout.header.unpack_from, layout.wide.unpack_from
        size, last = 8, base + len(data) - 12
        while at <= last:
            if explicit:
                group, number, vr, length = unpack(data, at - base)
                size = HEADER_LENGTH.get(vr, 0)
                if size == 12:
                    length = wide(data, at - base + 8)[0]
            else:
                group, number, length = unpack(data, at - base)
            following = at + size + length
            if (
                not size
                or length == UNDEFINED
                or following > end
                or group > last_group
                or group in _FORBIDDEN
                or (number in _WANTED and group == 0x0008)
            ):
                return at
            at = following
        return at

    def _header(self, at: int, head: bytes, layout: Layout) -> tuple[int, int, bytes]:
        """Header length, value length and VR of any element."""
        if not layout.explicit:
            return 8, layout.item.unpack_from(head)[2], b""
        _, _, vr, length = layout.header.unpack_from(head)
        size = HEADER_LENGTH.get(vr)
        if size is None:
            size, length = self._unknown_vr(at, head, layout)
        elif size == 12:
            length = layout.wide.unpack_from(head, 8)[0]
        return size, length, vr

    def _following(
        self, at: int, header: tuple[int, int, bytes], layout: Layout, depth: int
    ) -> int:
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
                at += 8 + length
            elif fragments:
                raise self._damaged(at, "a fragment of undefined length")
            else:
                at = self._item(at + 8, layout, depth)

    def _item(self, at: int, layout: Layout, depth: int) -> int:
        """From the first element of an item of undefined length to behind its delimiter."""
        while True:
            at = self._plain(at, layout, 0xFFFF)
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

    def _uid(self, number: int, at: int, length: int) -> None:
        """Take the value of SOP Class UID or SOP Instance UID."""
        what = "SOP Class UID" if number == _SOP_CLASS_UID else "SOP Instance UID"
        if length > uids.MAXIMUM_LENGTH + 1:  # some writers pad what needs no padding
            raise self._damaged(at, f"{what} of {length} bytes, where a UID has 64 at most")
        uid = self._window.take(at, length).rstrip(b"\0 ").decode("latin-1")
        if not uid:
            return  # as good as absent; the file meta may know
        if not uids.is_sendable(uid):
            raise self._damaged(at, f"{what} {uid!r}, which is no UID")
        if number == _SOP_CLASS_UID:
            self.sop_class_uid = uid
        else:
            self.sop_instance_uid = uid

    def _tail(self, at: int) -> None:
        """End the data set before a run of NULs, or say what stands there instead."""
        window = self._window
        left = window.size - at
        # One NUL in big endian is as likely the first byte of the next group number.
        ambiguous = left == 1 and self._layout is EXPLICIT_BIG
        if left <= MAXIMUM_PADDING and not ambiguous and not window.take(at, left).strip(b"\0"):
            self.end = at
            return
        if left < 8:
            raise Truncated(window.path, at, 8, window.size)
        group, number, _ = self._layout.item.unpack(window.take(at, 8))
        what = {
            0x0000: "an element of the command group",
            0x0002: "an element of the file meta information",
            0xFFFE: "an item or delimiter outside of a sequence",
        }[group]
        raise self._damaged(at, f"({group:04X},{number:04X}), {what}; it may not be sent")

    def _unknown_vr(self, at: int, head: bytes, layout: Layout) -> tuple[int, int]:
        """Header length and value length behind a VR that PS3.5 doesn't have.

        VRs to come have the long form (PS3.5 6.2), but some writers put invented letters before a
        short length. Two zero bytes and a length that fits mean the long one: read as a short
        length of zero they would be followed by a tag whose group and element make that number.
        """
        letters = head[4:6]
        if not (letters.isalpha() and letters.isupper()):
            raise self._damaged(
                at, f"no VR, so this is not {describe(layout.uid)}, which it is said to be"
            )
        length: int = layout.wide.unpack_from(head, 8)[0]
        if head[6:8] == b"\0\0" and at + 12 + length <= self._window.size:
            return 12, length
        short: int = layout.header.unpack_from(head)[3]
        return 8, short

    def _past_end(self, at: int, following: int, layout: Layout) -> Part10Error:
        """The error for an element that doesn't fit: truncated, unless its header tells more."""
        window = self._window
        head = window.take(at, 12)
        if not layout.explicit and head[4:6] in HEADER_LENGTH:
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


def detect(window: Window, at: int) -> Layout | None:
    """The layout of a data set that nothing describes, or None if there is none to be seen.

    A data set has no mark to know it by. What is asked for is strict enough that no text, picture
    or program passes: the first element is of group 0008, and the elements from there on lead to
    a SOP Class UID that is one. Every object that can be stored has it.
    """
    first = window.take(at, 6)
    if first[:2] == b"\0\x08":
        layout = EXPLICIT_BIG
    elif first[:2] == b"\x08\0":
        layout = EXPLICIT_LITTLE if first[4:6] in HEADER_LENGTH else IMPLICIT_LITTLE
    else:
        return None
    walk = Walk(window, layout)
    # What is wrong behind the UID is found, and said, by the walk through the whole data set.
    with contextlib.suppress(Part10Error):
        walk.run(at, whole=False)
    return layout if walk.sop_class_uid is not None and uids.is_uid(walk.sop_class_uid) else None
