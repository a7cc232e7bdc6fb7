"""The command set: group 0000 as bytes (PS3.7 6.3.1 and Annex E).

A command set is always Implicit VR Little Endian, whatever was negotiated for data sets: per
element a tag (2 x 16 bits), a 32-bit length and the value, ascending, each tag at most once,
every length even. The first element, (0000,0000), counts the bytes after itself.

What is sent keeps to that by the letter. What is received is judged by one question: can it be
understood in more than one way? If not, it is taken.

Taken, and why:
  - no group length, or a wrong one: the end of a command set is marked by the last-fragment bit
    of its PDV (PS3.8 Annex E.2), so nothing hangs on the number;
  - elements out of order: a tag says which element it is, not its place;
  - retired and unknown elements of group 0000: skipped, as PS3.7 gives them no meaning;
  - padding of UIDs with NUL or space, no padding at all (odd lengths of text), blanks around
    text; an element of length zero counts as absent, since it says nothing.

Refused, as `InvalidCommandSet`:
  - an element twice: two readers might believe different ones;
  - a group other than 0000; a header cut short; a length past the end, undefined length
    (FFFFFFFFH) included; a number of the wrong length. Command sets in Explicit VR or in Big
    Endian end up here, as their lengths read as far too long, and are named in the message.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Mapping, Sequence

from dimse.errors import InvalidCommandSet, InvalidValue
from dimse.tables import uids
from dimse.tables.command_elements import ELEMENTS
from dul.remembered import Remembered
from dul.values import TYPE_CHECKING, dataclass

if TYPE_CHECKING:
    from typing import Final

__all__ = [
    "MAXIMUM_COMMAND_LENGTH",
    "NO_DATA_SET",
    "Value",
    "comment",
    "decode_command",
    "encode_command",
    "even",
    "frame",
    "value_places",
    "writer",
]

Value = int | str | tuple[int, ...]
Writer = Callable[[Value], bytes]
ReadValue = Callable[[bytes], Value | None]

NO_DATA_SET: Final = 0x0101  # Command Data Set Type: nothing follows; any other value: it does

MAXIMUM_COMMAND_LENGTH: Final = 1 << 16
"""Bytes of a command set, judged before they are kept. The largest real ones, with lists of
attributes, have a few thousand; decoded values take up to nine times the bytes of such a list."""


_HEADER = struct.Struct("<HHI")  # group, element, length
_US = struct.Struct("<H")
_TAG = struct.Struct("<HH")
_GROUP_LENGTH = struct.Struct("<HHII")

# PS3.7 E.1 leaves no other values.
_PRIORITIES = frozenset({0, 1, 2})


# ----------------------------------------------------------------------------------------- sending


def _number(keyword: str, number: int) -> Writer:
    head = _HEADER.pack(0, number, 2)

    def write(value: Value) -> bytes:
        try:
            return head + _US.pack(value)
        except struct.error:
            raise InvalidValue(keyword, f"must be 0 to 65535, not {value!r}") from None

    def write_priority(value: Value) -> bytes:
        if value not in _PRIORITIES:
            raise InvalidValue(keyword, f"must be 0 medium, 1 high or 2 low, not {value!r}")
        return write(value)

    return write_priority if keyword == "Priority" else write


def even(uid: str) -> bytes:
    """The bytes of a UID as a value: of even length, as all values are (PS3.5 9.1)."""
    raw = uid.encode("latin-1")
    return raw + b"\0" if len(raw) & 1 else raw


def _uid(keyword: str, number: int) -> Writer:
    def write(value: Value) -> bytes:
        if not isinstance(value, str) or not uids.is_sendable(value):
            raise InvalidValue(keyword, f"must be a UID of 1 to 64 digits and dots, not {value!r}")
        raw = even(value)
        return _HEADER.pack(0, number, len(raw)) + raw

    return write


def _is_text(value: str, most: int) -> bool:
    """Of the default repertoire, without control characters and without the backslash, which
    separates values (PS3.5 Table 6.2-1).
    """
    return len(value) <= most and value.isascii() and value.isprintable() and "\\" not in value


def _text(number: int, value: str) -> bytes:
    raw = value.encode("ascii")
    if len(raw) & 1:
        raw += b" "
    return _HEADER.pack(0, number, len(raw)) + raw


def _title(keyword: str, number: int) -> Writer:
    def write(value: Value) -> bytes:
        # Blanks around a title don't count, and a title of blanks only is none (PS3.5 Table 6.2-1).
        if not isinstance(value, str) or not _is_text(value, 16) or not value.strip(" "):
            raise InvalidValue(
                keyword, f"must be an AE title: 1 to 16 ASCII characters, no backslash: {value!r}"
            )
        return _text(number, value.strip(" "))

    return write


def _long_text(keyword: str, number: int) -> Writer:
    def write(value: Value) -> bytes:
        if not isinstance(value, str) or not _is_text(value, 64):
            raise InvalidValue(
                keyword,
                f"must be up to 64 ASCII characters, no backslash; see comment(): {value!r}",
            )
        return _text(number, value) if value else b""  # no text, no element

    return write


def _packed_tags(value: Value) -> bytes | None:
    if isinstance(value, int | str):
        return None
    try:
        # A tag is two 16-bit numbers, the group first, each little endian (PS3.5 6.2, AT).
        return b"".join([_TAG.pack(tag >> 16, tag & 0xFFFF) for tag in value])
    except (TypeError, struct.error):
        return None


def _tags(keyword: str, number: int) -> Writer:
    def write(value: Value) -> bytes:
        raw = _packed_tags(value)
        if raw is None:
            raise InvalidValue(
                keyword, f"must be a tuple of tags, 00000000H to FFFFFFFFH each, not {value!r}"
            )
        return _HEADER.pack(0, number, len(raw)) + raw if raw else b""  # no tags, no element

    return write


_WRITERS: Final = {"US": _number, "UI": _uid, "AE": _title, "LO": _long_text, "AT": _tags}
_BY_KEYWORD: Final[dict[str, tuple[int, Writer]]] = {
    element.keyword: (element.tag, _WRITERS[element.vr](element.keyword, element.tag))
    for element in ELEMENTS[1:]  # the group length is worked out by frame()
}


def writer(keyword: str) -> Writer:
    """The function that turns a value of this element into its bytes, header included.

    Raises:
        KeyError: no element that a caller may set has this keyword.
    """
    return _BY_KEYWORD[keyword][1]


def frame(elements: bytes) -> bytes:
    """Put (0000,0000), the group length, before encoded elements."""
    return _GROUP_LENGTH.pack(0, 0, 4, len(elements)) + elements


def encode_command(elements: Mapping[str, Value]) -> bytes:
    """Encode a command set (PS3.7 6.3.1): group length first, ascending, padded.

    An empty text or an empty list of tags is left out: an element without a value says nothing.

    Args:
        elements: values by keyword, in any order, without CommandGroupLength, which is worked
            out. Numbers are int, UI, AE and LO are str, AT is a tuple of group << 16 | element.

    Raises:
        InvalidValue: an unknown keyword, or a value its VR can't hold.
    """
    try:
        rows = sorted([(_BY_KEYWORD[keyword], keyword) for keyword in elements])
    except KeyError as error:
        raise InvalidValue(
            str(error.args[0]), "no element of the command set that a caller may set"
        ) from None
    return frame(b"".join([write(elements[keyword]) for (_, write), keyword in rows]))


def comment(text: str) -> str:
    """Any text as a legal Error Comment: ASCII, no control character or backslash, cut at 64."""
    legal = "".join(c if " " <= c <= "~" and c != "\\" else "?" for c in " ".join(text.split()))
    return legal[:64].rstrip(" ")


# --------------------------------------------------------------------------------------- receiving
# A reader gives the value, or None when the length is wrong for the VR.


def _read_us(raw: bytes) -> Value | None:
    return raw[0] | raw[1] << 8 if len(raw) == 2 else None


def _read_ul(raw: bytes) -> Value | None:
    return int.from_bytes(raw, "little") if len(raw) == 4 else None


def _read_uid(raw: bytes) -> Value | None:
    # The grammar is not judged here: a bad UID deserves a status, not the end of the association.
    return raw.rstrip(b"\0 ").decode("latin-1")


def _read_text(raw: bytes) -> Value | None:
    # ISO 8859-1 gives every byte a character, so reading never fails; only ASCII is legal, as
    # group 0000 has no Specific Character Set.
    return raw.strip(b"\0 ").decode("latin-1")


def _read_tags(raw: bytes) -> Value | None:
    if len(raw) % 4:
        return None
    return tuple([group << 16 | element for group, element in _TAG.iter_unpack(raw)])


_READERS: Final[dict[str, ReadValue]] = {
    "US": _read_us,
    "UL": _read_ul,
    "UI": _read_uid,
    "AE": _read_text,
    "LO": _read_text,
    "AT": _read_tags,
}
_LENGTHS: Final = {"US": "2 bytes", "UL": "4 bytes", "AT": "a multiple of 4 bytes"}
_BY_NUMBER: Final = {
    element.tag: (element.keyword, _READERS[element.vr], element) for element in ELEMENTS
}
_VRS: Final = frozenset({b"US", b"UL", b"UI", b"AE", b"LO", b"AT"})


@dataclass(frozen=True, slots=True)
class _Shape:
    """Where everything lies in a command set.

    The command sets of an association are alike: a few values differ, and have the same length. If
    all element headers stand where they stood in one that was judged, they need not be judged again.

    Attributes:
        split: cuts a command set of this length into header, value, header, value ...
        headers: what the headers must be for that to make sense.
        readers: of the values that mean something: which one, its keyword, and how it is read.
    """

    split: Callable[[bytes], tuple[bytes, ...]]
    headers: tuple[bytes, ...]
    readers: tuple[tuple[int, str, ReadValue], ...]


_MAXIMUM_SHAPES: Final = 64
_SHAPES: Final[Remembered[int, _Shape]] = Remembered(_MAXIMUM_SHAPES)
"""By the length of the command set."""
_LONGEST_SHAPE: Final = 512  # bytes of the command set; what is longer has lists, and is rare


def decode_command(data: bytes | bytearray | memoryview) -> dict[str, Value]:
    """Decode a command set; see the module's text for what is tolerated.

    Args:
        data: the whole command set, all fragments together.

    Returns:
        Values by keyword in the order of the wire; the group length is left out, since it
        describes the encoding and not the message.

    Raises:
        InvalidCommandSet: nothing else, whatever the bytes.
    """
    raw = bytes(data)  # no copy when it is bytes already
    shape = _SHAPES.get(len(raw))
    if shape is not None:
        parts = shape.split(raw)
        if parts[::2] == shape.headers:
            found = {keyword: read(parts[at]) for at, keyword, read in shape.readers}
            return {key: value for key, value in found.items() if value != "" and value is not None}
    elements, headers = _judge(raw)
    if len(raw) <= _LONGEST_SHAPE and len({header[:4] for header in headers}) == len(headers):
        _SHAPES.keep(len(raw), _shape_of(headers))
    return elements


def _judge(raw: bytes) -> tuple[dict[str, Value], list[bytes]]:
    """The values of any command set, and its element headers.

    Raises:
        InvalidCommandSet: it is none.
    """
    end = len(raw)
    if end > MAXIMUM_COMMAND_LENGTH:
        raise InvalidCommandSet(
            f"a command set of {end} bytes",
            f"more than {MAXIMUM_COMMAND_LENGTH} bytes are not accepted",
        )
    elements: dict[str, Value] = {}
    headers: list[bytes] = []
    at = 0
    while at < end:
        if end - at < 8:
            raise InvalidCommandSet(f"byte {at}", f"{end - at} bytes are no element header")
        group, number, length = _HEADER.unpack_from(raw, at)
        start = at + 8
        if group:
            raise InvalidCommandSet(
                f"({group:04X},{number:04X}) at byte {at}", "a command set has group 0000 only"
            )
        if length > end - start:
            raise _overrun(raw, at, number, length)
        known = _BY_NUMBER.get(number)
        if known is not None and length:
            keyword, read, element = known
            value = read(raw[start : start + length])
            if value is None:
                raise InvalidCommandSet(
                    f"(0000,{number:04X}) {element.name} at byte {at}",
                    f"{length} bytes long, but a value of VR {element.vr} has {_LENGTHS[element.vr]}",
                )
            if keyword in elements:
                raise InvalidCommandSet(
                    f"(0000,{number:04X}) {element.name} at byte {at}", "the element comes twice"
                )
            if value != "":  # nothing but padding: as absent as length zero
                elements[keyword] = value
        headers.append(raw[at:start])
        at = start + length
    elements.pop("CommandGroupLength", None)
    return elements, headers


def value_places(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Of each element of a command set that is one: its number, and position and length of its value."""
    at = 0
    while at < len(data):
        _, number, length = _HEADER.unpack_from(data, at)
        yield number, at + 8, length
        at += 8 + length


def _shape_of(headers: Sequence[bytes]) -> _Shape:
    """The shape of a command set that is one, and has no element twice."""
    layout = "<"
    readers: list[tuple[int, str, ReadValue]] = []
    for at, header in enumerate(headers):
        _, number, length = _HEADER.unpack(header)
        layout += f"8s{length}s"
        known = _BY_NUMBER.get(number)
        if known is not None and length and known[0] != "CommandGroupLength":
            readers.append((2 * at + 1, known[0], known[1]))
    return _Shape(struct.Struct(layout).unpack, tuple(headers), tuple(readers))


def _overrun(raw: bytes, at: int, number: int, length: int) -> InvalidCommandSet:
    """Say why a length can't be right, with the likely cause if there is one."""
    start = at + 8
    left = len(raw) - start
    if length == 0xFFFFFFFF:
        why = "undefined length, which a command set does not have"
    elif raw[at + 4 : at + 6] in _VRS:
        why = "Explicit VR, but a command set is always Implicit VR Little Endian"
    elif int.from_bytes(raw[at + 4 : start], "big") <= left:
        why = "Big Endian, but a command set is always Implicit VR Little Endian"
    else:
        why = f"{length} bytes declared, {left} left"
    return InvalidCommandSet(f"(0000,{number:04X}) at byte {at}", why)
