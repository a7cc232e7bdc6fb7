"""Values that a user gives as text, in the bytes of a VR (PS3.5 6.2)."""

from __future__ import annotations

import struct
import warnings
from collections.abc import Callable

from dimse.errors import InvalidValue
from dimse.tables import uids
from dimse.tables.vrs import padding_of
from dul.values import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Final

__all__ = ["encode_value"]

_WHOLE: Final = {b"US": "H", b"SS": "h", b"UL": "I", b"SL": "i", b"UV": "Q", b"SV": "q"}
_DECIMAL: Final = {b"FL": "f", b"FD": "d", b"OF": "f", b"OD": "d"}
_OTHER: Final = {b"OB": "B", b"UN": "B", b"OW": "H", b"OL": "I", b"OV": "Q"}

# The VRs whose texts the Specific Character Set governs (PS3.5 6.1.2.3).
_CHARACTERS: Final = frozenset({b"SH", b"LO", b"ST", b"LT", b"PN", b"UC", b"UT"})
_SINGLE: Final = frozenset({b"ST", b"LT", b"UT", b"UR"})  # a backslash is a character in these
_LONGEST: Final = {
    b"AE": 16, b"AS": 4, b"CS": 16, b"DA": 8, b"DS": 16, b"DT": 26, b"IS": 12, b"LO": 64,
    b"SH": 16, b"TM": 14,
}  # fmt: skip


def encode_value(vr: bytes, text: str, charset: bytes = b"") -> bytes:
    """Encode a value, several of them between backslashes; little endian, of even length.

    Args:
        vr: the VR.
        text: the value as text; numbers in decimal or, with 0x, in hexadecimal digits, bytes and
            words of OB, OW, OL, OV and UN in hexadecimal digits, tags as gggg,eeee.
        charset: the value of (0008,0005) of the data set.

    Raises:
        InvalidValue: it is no value of this VR.
    """
    try:
        value = _encode(vr, text, charset)
    except (ValueError, OverflowError, struct.error) as error:
        if isinstance(error, InvalidValue):
            raise
        raise InvalidValue(vr.decode(), f"{text!r} is no value of this VR") from error
    return value + padding_of(vr) * (len(value) % 2)


def _encode(vr: bytes, text: str, charset: bytes) -> bytes:
    if not text:
        return b""
    if vr in _WHOLE:
        return _packed(_WHOLE[vr], text, lambda each: int(each, 0))
    if vr in _DECIMAL:
        return _packed(_DECIMAL[vr], text, float)
    if vr in _OTHER:
        return _packed(_OTHER[vr], text, lambda each: int(each, 16))
    if vr == b"AT":
        pairs = [each.strip("()").split(",") for each in text.split("\\")]
        return b"".join(struct.pack("<HH", int(g, 16), int(e, 16)) for g, e in pairs)
    if vr == b"SQ":
        raise InvalidValue("SQ", "a sequence can be emptied or removed, or an element in it be set")
    _judge(vr, text)
    if text.isascii():
        return text.encode("ascii")
    if vr not in _CHARACTERS:
        raise InvalidValue(vr.decode(), f"{text!r} has characters that this VR does not allow")
    return _in_charset(text, charset, person=vr == b"PN")


def _packed(code: str, text: str, read: Callable[[str], int | float]) -> bytes:
    values = [read(each) for each in text.split("\\")]
    return struct.pack(f"<{len(values)}{code}", *values)


def _judge(vr: bytes, text: str) -> None:
    """What a receiver would stumble over: lengths and UIDs."""
    values = [text] if vr in _SINGLE else text.split("\\")
    for each in values:
        if vr == b"UI" and each and not uids.is_sendable(each):
            raise InvalidValue("UI", f"{each!r} is no UID: 1 to 64 digits and dots")
        if len(each) > _LONGEST.get(vr, len(each)):
            raise InvalidValue(vr.decode(), f"{each!r} has more than {_LONGEST[vr]} characters")
    if vr == b"PN" and any(len(part) > 64 for each in values for part in each.split("=")):
        raise InvalidValue("PN", f"{text!r} has more than 64 characters in a component group")


def _in_charset(text: str, charset: bytes, *, person: bool) -> bytes:
    """A text that is not ASCII, in the data set's Specific Character Set."""
    # Only pydicom knows them all, and most values are ASCII.
    from pydicom.charset import convert_encodings, encode_string  # noqa: PLC0415
    from pydicom.valuerep import PersonName  # noqa: PLC0415

    name = charset.decode("ascii", "replace").strip(" \0")
    try:
        if not name:
            text.encode("ascii")  # pydicom would take Latin-1
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # else what can't be encoded becomes question marks
            encodings = convert_encodings(name.split("\\"))
            if not person:
                return encode_string(text, encodings)
            names = [PersonName(each).encode(encodings) for each in text.split("\\")]
            return b"\\".join(names)
    except (UserWarning, UnicodeError, LookupError) as error:
        said = (
            f"the data set's Specific Character Set, {name!r},"
            if name
            else "ASCII, which it is in,"
        )
        raise InvalidValue(
            "SpecificCharacterSet", f"{said} has not all characters of {text!r}; set it as well"
        ) from error
