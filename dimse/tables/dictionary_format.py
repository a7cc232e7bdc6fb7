"""The grammar of DCMTK's data dictionary files; pure, no file is opened here.

One entry per line, the fields separated by single TABs:

    (gggg,eeee) VR NAME [VM [VERSION]]       (gggg,"CREATOR",ee) VR NAME [VM [VERSION]]

Group and element may be ranges: `6000-60FF` (even numbers only), or `0009-o-FFFF` with o, e or u
for odd, even or both. Lines that begin with # are comments. VR is one of the standard or one of
DCMTK's own (`PSEUDO_VRS`). White space inside a name, VR, VM or version is removed.

Where DCMTK stumbles, this doesn't: lines, tags and creators may have any length (there lines of
more than 2,047 bytes break apart and long tag fields overflow a buffer). Numbers of more than
four digits, reversed ranges and a multiplicity of 0 are bad fields, not garbage that is stored.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum

from dul.enumeration import Enum
from dul.values import TYPE_CHECKING, dataclass

if TYPE_CHECKING:
    from typing import Final

__all__ = [
    "PSEUDO_VRS",
    "VRS",
    "DictionaryEntry",
    "Fault",
    "NumberRange",
    "Parity",
    "Problem",
    "parse",
]

# After so many bad lines it is no dictionary, and nobody reads on.
MAXIMUM_PROBLEMS: Final = 1000

_STANDARD: Final = "AE AS AT CS DA DS DT FD FL IS LO LT OB OD OF OL OV OW PN SH SL SQ SS ST SV TM UC UI UL UN UR US UT UV"
VRS: Final = frozenset(_STANDARD.split())  # PS3.5 6.2
# DCMTK's names for VRs that depend on other attributes, and for what isn't a data element.
PSEUDO_VRS: Final[Mapping[str, str]] = {
    "ox": "OB or OW",
    "px": "OB or OW",  # pixel data, native or encapsulated
    "xs": "US or SS",
    "lt": "US or SS or OW",  # look-up tables
    "up": "UL",  # an offset in a DICOMDIR
    "na": "",  # item and sequence delimiters: no value representation
    "pi": "",  # an item of encapsulated pixel data
}


class Parity(Enum):
    """Which numbers of a range an entry is for."""

    ANY = "u"
    EVEN = "e"
    ODD = "o"


@dataclass(frozen=True, slots=True)
class NumberRange:
    """Group or element numbers `low` to `high`, both included, of one parity or of both."""

    low: int
    high: int
    parity: Parity = Parity.ANY

    @property
    def step(self) -> int:
        """From one number to the next: 2 if they have one parity."""
        return 1 if self.parity is Parity.ANY else 2

    def numbers(self) -> range:
        """The numbers of the span, in ascending order."""
        if self.parity is Parity.ANY:
            return range(self.low, self.high + 1)
        wanted = 1 if self.parity is Parity.ODD else 0
        return range(self.low + (self.low % 2 != wanted), self.high + 1, 2)


@dataclass(frozen=True, slots=True)
class DictionaryEntry:
    """One line of a dictionary.

    Attributes:
        group, element: the tags that it describes. With a creator, an element up to FFH stands
            for that low byte in whichever block the creator reserves (PS3.5 7.8.1).
        creator: private creator, None for a standard element.
        vr: a VR of PS3.5 or a key of `PSEUDO_VRS`.
        keyword: the name, without white space.
        vm: value multiplicity in the notation of PS3.6: "1", "2-6", "1-n", "2-2n".
        version: free text that says where the element comes from: "DICOM", "DICOM/retired".
    """

    group: NumberRange
    element: NumberRange
    creator: str | None
    vr: str
    keyword: str
    vm: str = "1"
    version: str = "DICOM"

    @property
    def representation(self) -> str:
        """The VR in the words of PS3.6, "OB or OW"; empty for a delimiter, which has none."""
        return PSEUDO_VRS.get(self.vr, self.vr)

    @property
    def retired(self) -> bool:
        """Whether the entry is marked as withdrawn from the standard."""
        return "retired" in self.version.lower()


class Fault(StrEnum):
    """What can be wrong with a dictionary; the texts of the first five are DCMTK's."""

    TOO_FEW_FIELDS = "too few fields"
    TOO_MANY_FIELDS = "too many fields"
    BAD_TAG = "bad Tag field"
    BAD_VR = "bad VR field"
    BAD_VM = "bad VM field"
    GIVEN_UP = "too many bad lines, the rest is ignored"
    UNREADABLE = "cannot be loaded"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: the file, the line (1 is the first; 0: the file as a whole)."""

    path: str
    line: int
    fault: Fault
    text: str

    def __str__(self) -> str:
        where = f" (line {self.line})" if self.line else ""
        what = f": {self.text}" if self.text else ""
        return f"{self.path}: {self.fault}{where}{what}"


# Compiled by who reads a dictionary, and not by all that might.
_TAG = r'\(([^,]*),(?:\s*"([^"]*)"\s*,)?([^,")]*)\)'
_PART = r"([0-9A-F]{1,4})(?:-(?:([OEU])-)?([0-9A-F]{1,4}))?"
_NUMBER = r"([1-9][0-9]{0,8})"
_VM = rf"{_NUMBER}(?:-{_NUMBER}(N)?|(-N)|(N))?|N"


def parse(text: str, path: str = "") -> tuple[list[DictionaryEntry], list[Problem]]:
    """Read a dictionary in DCMTK's format.

    Args:
        text: the whole of the file.
        path: its name, for the problems.

    Returns:
        The entries of the good lines, in order, and one problem for each bad line. After
        `MAXIMUM_PROBLEMS` bad lines the rest is not read, and a last problem says so.
    """
    entries: list[DictionaryEntry] = []
    problems: list[Problem] = []
    for number, line in enumerate(text.split("\n"), start=1):
        stripped = line.rstrip()
        if not stripped or stripped.lstrip().startswith("#"):
            continue
        if len(problems) == MAXIMUM_PROBLEMS:
            problems.append(Problem(path, number, Fault.GIVEN_UP, ""))
            break
        outcome = _entry(stripped.split("\t"))
        if isinstance(outcome, DictionaryEntry):
            entries.append(outcome)
        else:
            fault, what = outcome
            problems.append(Problem(path, number, fault, what[:200]))
    return entries, problems


def _entry(fields: list[str]) -> DictionaryEntry | tuple[Fault, str]:
    if len(fields) < 3:
        return Fault.TOO_FEW_FIELDS, ""
    if len(fields) > 5:
        return Fault.TOO_MANY_FIELDS, ""
    tag = _tag(fields[0])
    if tag is None:
        return Fault.BAD_TAG, fields[0]
    vr, keyword, *rest = ("".join(field.split()) for field in fields[1:])
    if not keyword:
        return Fault.TOO_FEW_FIELDS, "no name"
    if vr not in VRS and vr not in PSEUDO_VRS:
        return Fault.BAD_VR, vr
    vm = _multiplicity(rest[0]) if rest else "1"
    if vm is None:
        return Fault.BAD_VM, rest[0]
    version = rest[1] if len(rest) == 2 else "DICOM"
    return DictionaryEntry(*tag, vr, keyword, vm, version)


def _tag(field: str) -> tuple[NumberRange, NumberRange, str | None] | None:
    match = re.fullmatch(_TAG, field.strip())
    if match is None:
        return None
    group, element = _span(match[1]), _span(match[3])
    if group is None or element is None:
        return None
    return group, element, match[2] or None


def _span(part: str) -> NumberRange | None:
    match = re.fullmatch(_PART, "".join(part.split()), re.IGNORECASE)
    if match is None:
        return None
    low = int(match[1], 16)
    if match[3] is None:
        return NumberRange(low, low)
    parity = Parity(match[2].lower()) if match[2] else Parity.EVEN
    span = NumberRange(low, int(match[3], 16), parity)
    return span if span.numbers() else None


def _multiplicity(field: str) -> str | None:
    match = re.fullmatch(_VM, field, re.IGNORECASE)
    if match is None:
        return None
    low, high, times, or_more, repeated = match.groups()
    if low is None:  # "n"
        return "1-n"
    if or_more:  # "2-n"
        return f"{low}-n"
    if repeated:  # "2n"
        return f"{low}-{low}n"
    if high is None:  # "2"
        return str(low)
    if int(high) < int(low):
        return None
    return f"{low}-{high}n" if times else f"{low}-{high}"  # "2-2n", "2-6"
