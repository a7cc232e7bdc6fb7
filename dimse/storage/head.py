"""Values of a received data set that a name, a directory or a command is made of.

Only the head of the data set is looked at: the headers up to the elements that are asked for, and
no more than `MAXIMUM_ELEMENTS` of them. What can't be found or read counts as absent: the object is
stored all the same.
"""

from __future__ import annotations

import contextlib
import struct
import warnings
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence

from dimse.errors import Part10Error
from dimse.objects.bounds import HEAD
from dimse.objects.headers import Header
from dimse.objects.implicit import KnownVRs
from dimse.objects.layout import IMPLICIT_LITTLE, ITEM, UNDEFINED, Layout, is_deflated, layout_of
from dimse.objects.walk import Walk
from dimse.objects.window import Window
from dul.values import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Final, TypeAlias

__all__ = ["Head", "TagPath"]

TagPath: TypeAlias = tuple[int, ...]
"""A tag, as (0x0020000D,); or the sequences whose first items it is in, and the tag."""

MAXIMUM_ELEMENTS: Final = 10_000
"""Elements that are passed on the way to what is asked for; real objects have some hundred."""

MAXIMUM_VALUE: Final = 1024
"""Bytes of a value that are looked at."""

MAXIMUM_INFLATED_HEAD: Final = 4 * HEAD
"""Bytes of a deflated data set that are inflated."""

_CHARACTER_SET: Final = (0x00080005,)
_NUMBERS: Final = {
    b"US": "H", b"SS": "h", b"UL": "I", b"SL": "i", b"FL": "f", b"FD": "d", b"UV": "Q", b"SV": "q",
}  # fmt: skip
# Texts that names are made of most often: their VR need not be looked up.
_TEXTS: Final = frozenset(
    {0x00080005, 0x00080016, 0x00080018, 0x00080020, 0x00080021, 0x00080050, 0x00080060}
    | {0x00100010, 0x00100020, 0x0020000D, 0x0020000E, 0x00200010, 0x00200011, 0x00200013}
)
_NOT_ONE_VALUE: Final = frozenset({b"LT", b"ST", b"UT", b"UR"})


class Head:
    """The head of a data set.

    Args:
        transfer_syntax_uid: how it is encoded.
        size: bytes that it has.
        read: gives some of them, from a position on.
    """

    def __init__(
        self, transfer_syntax_uid: str, size: int, read: Callable[[int, int], bytes]
    ) -> None:
        self._syntax = transfer_syntax_uid
        self._size = size
        self._read = read

    def values(self, paths: Iterable[TagPath]) -> dict[TagPath, tuple[str, ...]]:
        """The values of some elements, as texts without padding; of what is absent, none.

        Texts are decoded by the Specific Character Set (0008,0005) of the data set, numbers are
        written out in digits. Only one walk is made, whatever is asked for.
        """
        wanted = list(paths)
        if not wanted:
            return {}
        found: dict[TagPath, tuple[bytes, bytes, Layout]] = {}
        with contextlib.suppress(Part10Error, OSError):  # what was found before is good
            for path, raw, vr, layout in self._find(self._window(), [_CHARACTER_SET, *wanted]):
                found[path] = raw, vr, layout
        named = found[_CHARACTER_SET][0] if _CHARACTER_SET in found else b""
        sets = [each.strip() for each in named.decode("latin-1").split("\\")]
        texts = {}
        for path in wanted:
            texts[path] = _texts(*found[path], path[-1], sets) if path in found else ()
        return texts

    def value(self, tag: int) -> str:
        """The first value of one element of the data set itself; "" where there is none."""
        return next(iter(self.values([(tag,)])[tag,]), "")

    def _window(self) -> Window:
        if not is_deflated(self._syntax):
            return Window("data set", self._size, self._read)
        stream = zlib.decompressobj(-zlib.MAX_WBITS)
        try:
            inflated = stream.decompress(
                self._read(0, min(self._size, MAXIMUM_INFLATED_HEAD)), MAXIMUM_INFLATED_HEAD
            )
        except zlib.error:
            inflated = b""
        return Window.over("data set", inflated)

    def _find(
        self, window: Window, paths: Sequence[TagPath]
    ) -> Iterator[tuple[TagPath, bytes, bytes, Layout]]:
        """Path, value, VR (b"" in Implicit VR) and layout of what is there."""
        for path, at, header, layout in _scan(
            window, layout_of(self._syntax), 0, window.size, paths
        ):
            if header.length != UNDEFINED:
                value = window.take(at, min(header.length, MAXIMUM_VALUE, window.size - at))
                yield path, value, header.letters, layout


_Found: TypeAlias = tuple[TagPath, int, Header, Layout]
"""The path of an element, where its value begins, its header, and the layout that it has."""


def _scan(
    window: Window, layout: Layout, at: int, end: int, paths: Sequence[TagPath]
) -> Iterator[_Found]:
    """What is found of some elements, in a data set or item that lies there."""
    inside: dict[int, list[TagPath]] = {}
    for path in paths:
        inside.setdefault(path[0], []).append(path[1:])
    last = max(inside)
    walk = Walk(window, layout)
    for _ in range(MAXIMUM_ELEMENTS):
        if end - at < 8:
            return
        group, number, _length = layout.item.unpack_from(window.take(at, 8))
        tag = group << 16 | number
        if group == 0xFFFE or tag > last:
            return
        header, following = walk.element(at)
        rests = inside.get(tag, [])
        if () in rests:
            yield (tag,), at + header.size, header, layout
        deeper = [rest for rest in rests if rest]
        if deeper:
            inner = IMPLICIT_LITTLE if header.letters == b"UN" else layout
            item = _first_item(window, inner, at + header.size, following, deeper)
            yield from (((tag, *path), begin, head, how) for path, begin, head, how in item)
        at = following


def _first_item(
    window: Window, layout: Layout, at: int, end: int, paths: Sequence[TagPath]
) -> Iterator[_Found]:
    """The same of the first item of a sequence."""
    if end - at < 8:
        return
    group, number, length = layout.item.unpack_from(window.take(at, 8))
    if group << 16 | number == ITEM:
        yield from _scan(window, layout, at + 8, min(end, at + 8 + length), paths)


def _texts(
    raw: bytes, vr: bytes, layout: Layout, tag: int, character_sets: Sequence[str]
) -> tuple[str, ...]:
    """The values of an element, as texts."""
    if not vr:
        vr = b"LO" if tag in _TEXTS else KnownVRs().vr_of(tag, None)[:2].encode()
    if vr in _NUMBERS:
        letter = _NUMBERS[vr]
        size = struct.calcsize(letter)
        order = layout.item.format[0]
        count = len(raw) // size
        numbers = struct.unpack_from(f"{order}{count}{letter}", raw)
        return tuple(
            f"{number:g}" if isinstance(number, float) else str(number) for number in numbers
        )
    if vr in {b"OB", b"OW", b"OD", b"OF", b"OL", b"OV", b"SQ", b"AT"}:
        return ()
    text = _decoded(raw, vr, character_sets)
    parts = (text,) if vr in _NOT_ONE_VALUE else tuple(text.split("\\"))
    stripped = tuple(part.strip(" \0") for part in parts)
    return stripped if any(stripped) else ()


def _decoded(raw: bytes, vr: bytes, character_sets: Sequence[str]) -> str:
    """A text in the character sets of its data set."""
    if raw.isascii() and b"\x1b" not in raw:
        return raw.decode("ascii")
    # pydicom knows the escape sequences of ISO 2022; it is heavy, and most names are ASCII.
    from pydicom import charset  # noqa: PLC0415

    delimiters = set(b"\\^=" if vr == b"PN" else b"\\\r\n\f\t")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            encodings = charset.convert_encodings(list(character_sets) or [""])
            return charset.decode_bytes(raw, encodings, delimiters)
    except Exception:  # noqa: BLE001 - what the peer says its character set is may be anything
        return raw.decode("latin-1")
