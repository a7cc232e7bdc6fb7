"""Elements set or removed in an encoded data set, while all around them stays as it lies.

    encoded = edit(encoded, [ElementChange.parse("PatientID", "0815")])

The headers of the level that an element is in are walked; whatever is not to be changed becomes a
stretch of the data set beneath. Sequences on the way to a changed element get their new lengths.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from dimse.errors import CannotChange, InvalidValue
from dimse.objects.headers import Header, header_of
from dimse.objects.implicit import KnownVRs
from dimse.objects.layers import Patch, PlacedElement, placed_elements
from dimse.objects.layout import (
    EXPLICIT_BIG,
    ITEM,
    ITEM_DELIMITATION,
    SEQUENCE_DELIMITATION,
    UNDEFINED,
    Layout,
    layout_of,
    tag_name,
)
from dimse.objects.sources import Encoded, turn_words
from dimse.objects.values import encode_value
from dimse.objects.window import Window
from dimse.tables.vrs import ELEMENT_HEADER_LENGTH, WORD_LENGTH
from dul.values import TYPE_CHECKING, NamedTuple, dataclass

if TYPE_CHECKING:
    from typing import Final, Self

__all__ = ["SOP_CLASS_UID", "SOP_INSTANCE_UID", "ElementChange", "edit"]

SOP_CLASS_UID: Final = 0x00080016
SOP_INSTANCE_UID: Final = 0x00080018
_CHARACTER_SET: Final = 0x00080005
_LONGEST_CHARACTER_SET: Final = 1024
_PIXEL_DATA: Final = frozenset({0x7FE00008, 0x7FE00009, 0x7FE00010})
_NUMBER = re.compile(r"\(?([0-9A-Fa-f]{4}),?([0-9A-Fa-f]{4})\)?").fullmatch
_STEP = re.compile(r"([^\[\].]+)(?:\[(\d+|\*)\])?").fullmatch


class Into(NamedTuple):
    """A step on the way to an element: a sequence, and which of its items; None: all of them."""

    tag: int
    item: int | None


@dataclass(frozen=True, slots=True)
class ElementChange:
    """What is to become of one element.

    Attributes:
        tag: the element.
        value: its new value, as `dimse.objects.values.encode_value` reads it; None: it is removed.
        within: the sequences on the way to it, the outermost first.
        if_present: leave a data set that has no such element as it is.
    """

    tag: int
    value: str | None
    within: tuple[Into, ...] = ()
    if_present: bool = False

    def __post_init__(self) -> None:
        name = tag_name(self.tag)
        if self.tag >> 16 in {0x0000, 0x0002, 0xFFFE} or not self.tag & 0xFFFF:
            raise InvalidValue(name, "belongs to no data set, and can't be changed in one")
        if self.tag in _PIXEL_DATA and not self.within:
            raise InvalidValue(name, "is the pixel data, which is not changed here")
        if self.tag in {SOP_CLASS_UID, SOP_INSTANCE_UID} and not self.within and not self.value:
            raise InvalidValue(name, "is what names the object, and can't be left out")

    @classmethod
    def parse(cls, path: str, value: str | None) -> Self:
        """A change, of the element as a user names it.

        Args:
            path: a keyword, or gggg,eeee; behind sequences with the index of an item, from 0 on,
                or `*` for all: "PatientID", "0010,0020",
                "RequestAttributesSequence[0].ScheduledProcedureStepID".
            value: as `value` of the class.

        Raises:
            InvalidValue: it names no element, or one that can't be changed.
        """
        steps = []
        for part in path.split("."):
            match = _STEP(part)
            if match is None:
                raise InvalidValue(path, "names no element: give a keyword, or gggg,eeee")
            tag = _tag_of(match[1])
            steps.append(Into(tag, None if match[2] in {None, "*"} else int(match[2])))
        if "[" in path.rsplit(".", maxsplit=1)[-1]:
            raise InvalidValue(path, "ends with an item; name an element in it")
        return cls(steps[-1].tag, value, tuple(steps[:-1]))

    @property
    def name(self) -> str:
        """As messages name it: (0010,0020), or (0040,0275)[0].(0040,0009)."""
        way = "".join(f"{tag_name(t)}[{'*' if i is None else i}]." for t, i in self.within)
        return way + tag_name(self.tag)


def _tag_of(name: str) -> int:
    number = _NUMBER(name.strip())
    if number is not None:
        return int(number[1] + number[2], 16)
    # pydicom is heavy, and knows all keywords.
    from pydicom.datadict import tag_for_keyword  # noqa: PLC0415

    tag = tag_for_keyword(name.strip())
    if tag is None:
        raise InvalidValue(name, "is no keyword of the data dictionary; give gggg,eeee instead")
    return tag


def edit(encoded: Encoded, changes: Sequence[ElementChange]) -> Encoded:
    """A data set with changes; the origin is closed with the result, or else stays open.

    Raises:
        CannotChange: a value does not fit the data set, or what it is to be set in is not there.
        Part10Error: the data set is damaged.
        OSError: a temporary file fails.
    """
    patch = Patch(encoded)
    try:
        editor = _Editor(encoded, patch)
        layout = layout_of(encoded.transfer_syntax_uid)
        editor.level(
            _Level(layout, encoded.spans), [_Pending(each, each.within) for each in changes]
        )
    except BaseException:
        patch.close()
        raise
    return patch.encoded(encoded.transfer_syntax_uid, odd=encoded.odd)


class _Pending(NamedTuple):
    """A change, and the steps that are left to it from the present level."""

    change: ElementChange
    steps: tuple[Into, ...]

    @property
    def tag(self) -> int:
        """Which element of the present level it is, or is in."""
        return self.steps[0].tag if self.steps else self.change.tag


class _Level(NamedTuple):
    """A data set or an item: where it lies, how it is encoded; with the character set around it."""

    layout: Layout
    spans: Sequence[tuple[int, int]]
    charset: bytes = b""
    delimited: bool = False


class _Editor:
    def __init__(self, encoded: Encoded, patch: Patch) -> None:
        self._path = encoded.path
        self._window: Window = encoded.window()
        self._patch = patch
        self._dictionary = KnownVRs()

    def level(self, level: _Level, pending: Sequence[_Pending]) -> int:
        """Write a data set or item with its changes; gives the position behind it."""
        wanted: dict[int, list[_Pending]] = {}
        for each in pending:
            wanted.setdefault(each.tag, []).append(each)
        present, creators, charset = self._look(level, wanted)
        level = level._replace(charset=charset)
        groups = {tag >> 16 for tag in wanted}
        absent = sorted(wanted.keys() - present)
        end = level.spans[0][0]
        for element in self._elements(level):
            while absent and absent[0] < element.tag:
                self._insert(level, creators, wanted[absent.pop(0)])
            if element.tag in wanted:
                self._change(level, creators, element, wanted[element.tag])
            elif element.tag & 0xFFFF or element.tag >> 16 not in groups:
                self._patch.keep(element.at, element.end)
            # else a group length, which would be wrong now; they are retired (PS3.5 7.2)
            end = element.end
        for tag in absent:
            self._insert(level, creators, wanted[tag])
        return end

    # -------------------------------------------------------------------------- looking --

    def _elements(self, level: _Level) -> Iterable[PlacedElement]:
        return placed_elements(self._window, level.layout, level.spans, delimited=level.delimited)

    def _look(
        self, level: _Level, wanted: Mapping[int, list[_Pending]]
    ) -> tuple[set[int], dict[int, str], bytes]:
        """Which wanted elements are there, the private creators, the character set."""
        present: set[int] = set()
        creators: dict[int, str] = {}
        charset = level.charset
        for tag, at, header, end in self._elements(level):
            if tag in wanted:
                present.add(tag)
            if tag == _CHARACTER_SET:
                count = min(end - at - header.size, _LONGEST_CHARACTER_SET)
                charset = self._window.take(at + header.size, count)
            elif tag >> 16 & 1 and 0x10 <= tag & 0xFFFF <= 0xFF:
                value = self._window.take(at + header.size, min(end - at - header.size, 256))
                creators[tag] = value.decode("latin-1").strip(" \0")
        for each in wanted.get(_CHARACTER_SET, ()):
            charset = (each.change.value or "").encode("ascii", "replace")
        return present, creators, charset

    # ------------------------------------------------------------------------- changing --

    def _change(
        self,
        level: _Level,
        creators: Mapping[int, str],
        element: PlacedElement,
        asked: list[_Pending],
    ) -> None:
        deeper = [each for each in asked if each.steps]
        last = next((each.change for each in reversed(asked) if not each.steps), None)
        if last is not None:
            if last.value is not None:
                self._write(level, creators, last, element.header)
        elif self._is_sequence(level, element):
            self._sequence(level, element, deeper)
        else:
            raise self._cannot(deeper[0].change, f"{tag_name(element.tag)} is no sequence")

    def _insert(
        self, level: _Level, creators: Mapping[int, str], asked: Sequence[_Pending]
    ) -> None:
        """An element that is not there."""
        for each in asked:
            change = each.change
            if each.steps and change.value is not None and not change.if_present:
                raise self._cannot(change, f"there is no {tag_name(each.tag)}")
        last = next((each.change for each in reversed(asked) if not each.steps), None)
        if last is not None and last.value is not None and not last.if_present:
            self._write(level, creators, last, None)

    def _write(
        self,
        level: _Level,
        creators: Mapping[int, str],
        change: ElementChange,
        header: Header | None,
    ) -> None:
        layout = level.layout
        assert change.value is not None
        vr = header.letters if header is not None else b""
        if vr not in ELEMENT_HEADER_LENGTH or vr == b"UN":
            vr = self._vr_of(change, creators, vr)
        try:
            value = encode_value(vr, change.value, level.charset)
        except InvalidValue as error:
            raise self._cannot(change, str(error)) from error
        word = WORD_LENGTH.get(vr, 1)
        if layout is EXPLICIT_BIG and word > 1:
            value = turn_words(value, word)
        if layout.explicit and ELEMENT_HEADER_LENGTH[vr] == 8 and len(value) > 0xFFFF:
            raise self._cannot(change, f"{len(value)} bytes are too many for a {vr.decode()}")
        self._patch.add(header_of(layout, change.tag, vr, len(value)) + value)

    def _vr_of(self, change: ElementChange, creators: Mapping[int, str], own: bytes) -> bytes:
        """The VR of an element that names none, or that is to be inserted."""
        tag = change.tag
        creator = creators.get(tag & 0xFFFF0000 | tag >> 8 & 0xFF) if tag >> 16 & 1 else None
        vr = self._dictionary.vr_of(tag, creator)
        if vr.startswith("US or SS"):
            vr = "SS" if (change.value or "").lstrip().startswith("-") else "US"
        elif " or " in vr:
            vr = "OW"
        if vr == "UN" and not own:
            raise self._cannot(change, "the data dictionary does not know its VR")
        return vr.encode()

    # ------------------------------------------------------------------------ sequences --

    def _is_sequence(self, level: _Level, element: PlacedElement) -> bool:
        if level.layout.explicit and element.header.letters:
            return element.header.letters == b"SQ"
        length = element.header.length
        if length == UNDEFINED or not length:
            return True
        group, number, _ = level.layout.item.unpack_from(self._window.take(element.value_at, 8))
        return bool((group << 16 | number) == ITEM)

    def _sequence(self, level: _Level, element: PlacedElement, asked: Sequence[_Pending]) -> None:
        """Write a sequence with changes in its items, every length as it was: said, or undefined."""
        layout, patch = level.layout, self._patch
        vr = element.header.letters if layout.explicit else b"SQ"
        undefined = element.header.length == UNDEFINED
        patch.add(header_of(layout, element.tag, vr, UNDEFINED if undefined else 0))
        mark = patch.place()
        at, index = element.value_at, 0
        hit: set[int] = set()
        while at < element.end:
            group, number, length = layout.item.unpack_from(self._window.take(at, 8))
            if group << 16 | number == SEQUENCE_DELIMITATION:
                break
            if group << 16 | number != ITEM:
                raise self._cannot(asked[0].change, f"{tag_name(element.tag)} is damaged")
            inner = [
                _Pending(each.change, each.steps[1:])
                for each in asked
                if each.steps[0].item in {None, index}
            ]
            hit.update(id(each.change) for each in inner)
            at = self._item(level, at, length, element.end, inner)
            index += 1
        for each in asked:
            if id(each.change) not in hit and each.change.value is not None:
                raise self._cannot(each.change, f"{tag_name(element.tag)} has no such item")
        if undefined:
            patch.add(layout.item.pack(0xFFFE, 0xE0DD, 0))
        else:
            patch.correct(mark, layout)

    def _item(
        self, level: _Level, at: int, length: int, end: int, asked: Sequence[_Pending]
    ) -> int:
        """Write one item; gives the position behind it."""
        layout, patch = level.layout, self._patch
        undefined = length == UNDEFINED
        after = end if undefined else at + 8 + length
        if after > end:
            raise self._cannot(asked[0].change, "an item reaches beyond its sequence")
        patch.add(layout.item.pack(0xFFFE, 0xE000, UNDEFINED if undefined else 0))
        mark = patch.place()
        inside = _Level(layout, ((at + 8, after - at - 8),), level.charset, undefined)
        behind = self.level(inside, asked)
        if not undefined:
            patch.correct(mark, layout)
            return after
        delimiter = layout.item.unpack_from(self._window.take(behind, 8))
        if delimiter[0] << 16 | delimiter[1] != ITEM_DELIMITATION:
            raise self._cannot(asked[0].change, "an item has no end")
        patch.add(layout.item.pack(0xFFFE, 0xE00D, 0))
        return behind + 8

    def _cannot(self, change: ElementChange, why: str) -> CannotChange:
        return CannotChange(self._path, change.name, why)
