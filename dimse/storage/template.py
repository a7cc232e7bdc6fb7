"""Paths by a template, in dcm4che's language: "{PatientID}/{StudyInstanceUID}/{SOPInstanceUID}.dcm".

What stands in braces is replaced, the rest stays. A field is

    {element}  {element[n]}  {element,kind}  {element,kind,detail}  {now,date,detail}  {rnd,kind}

`element` is a keyword of PS3.6 or a tag in hexadecimal, 0020000D; elements of the first item of a
sequence stand behind a "/": {00400275/00400009}. `n` counts the values from 0. The kinds:

    hash, md5     a checksum of the value: of 32 bits in 8 digits, of 128 bits in 26
    urlencoded    the value as in a URL
    number        with a pattern of 0 and #: {InstanceNumber,number,0000}
    offset        the value as a whole number, plus one that is given: {InstanceNumber,offset,-1}
    date, time    with a pattern of letters: {StudyDate,date,yyyy/MM/dd}
    rnd           8 random digits; {rnd,uuid} and {rnd,uid} give a UUID, a UID
    now           the time when the object came: {now,date,yyyyMMdd}

A value never makes a directory by itself, only the template does: what is in it of separators,
control characters, leading dots is replaced (`cleaning.cleaned`). The last part has to tell objects
apart: by {SOPInstanceUID}, or by something random.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Callable
from datetime import date, datetime, time

from dimse.requests import StoreRequest
from dimse.storage.cleaning import ABSENT, cleaned
from dimse.storage.head import Head, TagPath
from dul.values import TYPE_CHECKING, dataclass

if TYPE_CHECKING:
    from typing import Final

__all__ = ["PathTemplate"]

_SOP_INSTANCE_UID: Final = 0x00080018
# What most templates name, so that no dictionary is loaded for them.
_KEYWORDS: Final = {
    "SOPClassUID": 0x00080016, "SOPInstanceUID": _SOP_INSTANCE_UID, "StudyDate": 0x00080020,
    "SeriesDate": 0x00080021, "StudyTime": 0x00080030, "AccessionNumber": 0x00080050,
    "Modality": 0x00080060, "PatientName": 0x00100010, "PatientID": 0x00100020,
    "StudyInstanceUID": 0x0020000D, "SeriesInstanceUID": 0x0020000E, "StudyID": 0x00200010,
    "SeriesNumber": 0x00200011, "InstanceNumber": 0x00200013,
}  # fmt: skip
_KINDS: Final = frozenset(
    {"", "hash", "md5", "urlencoded", "number", "offset", "date", "time", "uuid", "uid"}
)
_BASE_32: Final = "0123456789abcdefghijklmnopqrstuv"
_LETTERS: Final = re.compile(r"([A-Za-z])\1*|'[^']*'|.", re.DOTALL)
_DATES: Final = re.compile(r"(\d{4})\.?(\d\d)?\.?(\d\d)?")
_TIMES: Final = re.compile(r"(\d\d):?(\d\d)?:?(\d\d)?(?:\.(\d{1,6}))?")


@dataclass(frozen=True, slots=True)
class _Field:
    """What stands in braces: "now", "rnd", or the path of an element."""

    source: str
    path: TagPath
    index: int
    kind: str
    detail: str

    @property
    def tells_apart(self) -> bool:
        """Whether two objects never have the same, as far as anybody can tell."""
        if self.source == "rnd":
            return self.kind in {"uuid", "uid"}
        return self.path == (_SOP_INSTANCE_UID,) and self.kind in {"", "md5", "urlencoded"}


class PathTemplate:
    """Makes the paths of objects; a `dimse.storage.naming.Naming`.

    Args:
        template: see above. Directories are separated by "/"; it is relative.
        clock: gives the time for {now}.

    Raises:
        ValueError: it is none, or would give many objects the same name.
    """

    def __init__(self, template: str, clock: Callable[[], datetime] = datetime.now) -> None:
        self.template = template
        self._clock = clock
        self._parts = [_parsed(part) for part in _split(template)]
        self._paths = {
            piece.path
            for part in self._parts
            for piece in part
            if isinstance(piece, _Field) and piece.path
        }
        if not any(isinstance(each, _Field) and each.tells_apart for each in self._parts[-1]):
            raise ValueError(
                "objects would replace one another: the file's name needs {SOPInstanceUID}, or "
                "{rnd,uid}"
            )

    def __call__(self, request: StoreRequest, head: Head) -> str:
        """The path of one object."""
        values = head.values(self._paths)
        # The command's, which is checked, even if the data set should have another.
        values[_SOP_INSTANCE_UID,] = (request.sop_instance_uid,)
        return "/".join(
            _component([self._text(piece, values) for piece in part]) for part in self._parts
        )

    def _text(self, piece: str | _Field, values: dict[TagPath, tuple[str, ...]]) -> str:
        if isinstance(piece, str):
            return piece
        if piece.source == "now":
            return _dated(self._clock(), piece.detail)
        if piece.source == "rnd":
            return _random(piece.kind)
        found = values[piece.path]
        text = found[piece.index] if piece.index < len(found) else ""
        text = text.replace(_SEPARATOR, "_")
        return _formatted(piece, text) if text else ABSENT


def _component(texts: list[str]) -> str:
    """One name in the path: cleaned as a whole, but for directories that a date's pattern makes."""
    return "/".join(cleaned(each) for each in "".join(texts).split(_SEPARATOR))


# Stands for a "/" of a pattern, which is the template's and no value's; no text has this character.
_SEPARATOR: Final = "\ufdd0"


def _split(template: str) -> list[str]:
    """The template's parts, at each "/" that is outside of braces."""
    if not template or template.startswith("/"):
        raise ValueError("a template is relative to the directory, and not empty")
    parts, depth, begin = [], 0, 0
    for at, char in enumerate(template):
        if char in "{}":
            depth += 1 if char == "{" else -1
            if depth not in {0, 1}:
                raise ValueError(f"a brace too many at character {at + 1}")
        elif char == "/" and not depth:
            parts.append(template[begin:at])
            begin = at + 1
    parts.append(template[begin:])
    if depth:
        raise ValueError("a brace is not closed")
    for part in parts:
        if not part or part.startswith("."):
            raise ValueError(f"{part!r} is no name for a directory or file")
    return parts


def _parsed(part: str) -> list[str | _Field]:
    pieces = re.split(r"\{([^{}]*)\}", part)
    for text in pieces[::2]:
        if text and cleaned(f"x{text}x") != f"x{text}x":
            raise ValueError(f"{text!r} has characters that no file name should have")
    return [_field(piece) if index % 2 else piece for index, piece in enumerate(pieces)]


def _field(text: str) -> _Field:
    source, _, rest = text.partition(",")
    kind, _, detail = rest.partition(",")
    if kind not in _KINDS:
        raise ValueError(f"{{{text}}}: {kind!r} is none of {', '.join(sorted(_KINDS - {''}))}")
    if source == "rnd":
        if kind not in {"", "uuid", "uid"} or detail:
            raise ValueError(f"{{{text}}}: random are {{rnd}}, {{rnd,uuid}} and {{rnd,uid}}")
        return _Field("rnd", (), 0, kind, "")
    if source == "now":
        if kind not in {"date", "time"}:
            raise ValueError(f"{{{text}}}: the time is {{now,date,PATTERN}}")
        _dated(datetime(2000, 1, 1), detail)  # noqa: DTZ001 - a time of day has no zone
        return _Field("now", (), 0, kind, detail)
    if kind in {"uuid", "uid"}:
        raise ValueError(f"{{{text}}}: only {{rnd,{kind}}} is")
    name, index = source, 0
    counted = re.fullmatch(r"(.*)\[(\d{1,3})\]", source)
    if counted:
        name, index = counted[1], int(counted[2])
    path = tuple(_tag(each, text) for each in name.split("/"))
    _check_detail(kind, detail, text)
    return _Field("", path, index, kind, detail)


def _check_detail(kind: str, detail: str, text: str) -> None:
    match kind:
        case "number":
            fits = re.fullmatch(r"[#,]*0*", detail) is not None and bool(detail)
        case "offset":
            fits = re.fullmatch(r"[+-]?\d{1,9}", detail) is not None
        case "date" | "time":
            _dated(datetime(2000, 1, 1), detail)  # noqa: DTZ001 - it is tried only
            fits = True
        case _:
            fits = not detail
    if not fits:
        raise ValueError(f"{{{text}}}: {detail!r} does not go with {kind or 'a plain value'}")


def _tag(name: str, text: str) -> int:
    if re.fullmatch(r"[0-9A-Fa-f]{8}", name):
        return int(name, 16)
    if name in _KEYWORDS:
        return _KEYWORDS[name]
    from pydicom.datadict import tag_for_keyword  # noqa: PLC0415 - it is heavy

    tag = tag_for_keyword(name) if name else None
    if tag is None:
        raise ValueError(f"{{{text}}}: {name!r} is neither a tag nor a keyword")
    return int(tag)


# ---------------------------------------------------------------------------------- kinds --


def _formatted(piece: _Field, text: str) -> str:
    match piece.kind:
        case "hash":
            return f"{_java_hash(text):08X}"
        case "md5":
            return _md5(text)
        case "urlencoded":
            return "".join(map(_url_byte, text.encode()))
        case "number":
            try:
                return f"{round(float(text)):0{piece.detail.count('0')}}"
            except (ValueError, OverflowError):
                return ABSENT
        case "offset":
            try:
                return str(int(text) + int(piece.detail))
            except ValueError:
                return ABSENT
        case "date" | "time":
            moment = _moment(text, time_first=piece.kind == "time")
            return ABSENT if moment is None else _dated(moment, piece.detail)
    return text


def _java_hash(text: str) -> int:
    """What Java's String.hashCode gives, so that trees of dcm4che's can be gone on with."""
    number = 0
    units = text.encode("utf-16-be", "surrogatepass")
    for at in range(0, len(units), 2):
        number = (31 * number + int.from_bytes(units[at : at + 2], "big")) & 0xFFFFFFFF
    return number


def _md5(text: str) -> str:
    """The MD5 sum in 26 digits of five bits, the lowest first, as dcm4che writes it."""
    digest = hashlib.md5(text.encode(), usedforsecurity=False).digest()
    high, low = int.from_bytes(digest[:8], "big"), int.from_bytes(digest[8:], "big")
    bits = high | low << 64
    return "".join(_BASE_32[bits >> shift & 31] for shift in range(0, 130, 5))


def _url_byte(byte: int) -> str:
    char = chr(byte)
    if byte < 0x80 and (char.isalnum() or char in "*-._"):
        return char
    return "+" if char == " " else f"%{byte:02X}"


def _random(kind: str) -> str:
    match kind:
        case "uuid":
            bits = (
                secrets.randbits(128) & ~(0xF << 76 | 3 << 62) | 4 << 76 | 2 << 62
            )  # RFC 9562 5.4
            digits = f"{bits:032x}"
            return "-".join(digits[a:b] for a, b in ((0, 8), (8, 12), (12, 16), (16, 20), (20, 32)))
        case "uid":
            return f"2.25.{secrets.randbits(128)}"
    return secrets.token_hex(4).upper()


def _moment(text: str, *, time_first: bool) -> datetime | None:
    """A DA, TM or DT value; None if it is none."""
    clock = _TIMES.fullmatch(text) if time_first else None
    found = _DATES.match(text)
    try:
        if clock:
            return datetime.combine(date(1970, 1, 1), _time(clock))
        if not found:
            return None
        year, month, day = (int(each or 1) for each in found.groups())
        clock = _TIMES.match(text, found.end())
        return datetime.combine(date(year, month, day), _time(clock) if clock else time())
    except ValueError:
        return None


def _time(found: re.Match[str]) -> time:
    hour, minute, second, fraction = found.groups()
    micro = int((fraction or "").ljust(6, "0"))
    return time(int(hour), int(minute or 0), min(int(second or 0), 59), micro)


def _dated(moment: datetime, pattern: str) -> str:
    """A time by a pattern of letters: yyyy MM dd HH mm ss SSS, and texts between quotes."""
    if not pattern:
        raise ValueError("a date needs a pattern, such as yyyyMMdd")
    out = []
    for found in _LETTERS.finditer(pattern):
        run = found[0]
        if run == "/":
            out.append(_SEPARATOR)
        elif run[0] == "'":
            out.append(run[1:-1] or "'")
        elif run[0].isalpha():
            out.append(_dated_part(moment, run))
        else:
            out.append(run)
    return "".join(out)


def _dated_part(moment: datetime, run: str) -> str:
    numbers = {
        "y": moment.year, "M": moment.month, "d": moment.day, "H": moment.hour,
        "m": moment.minute, "s": moment.second, "S": moment.microsecond // 1000,
        "D": moment.timetuple().tm_yday, "u": moment.isoweekday(), "w": moment.isocalendar().week,
    }  # fmt: skip
    letter = run[0]
    if letter not in numbers:
        raise ValueError(f"{run!r} is no part of a date: y M d H m s S D u w are")
    if letter == "y" and len(run) == 2:
        return f"{moment.year % 100:02}"
    return f"{numbers[letter]:0{len(run)}}"
