"""Identifiers made up for a load test, in place of an object's own: patient, study, series, instance.

The tags, the texts and the counting are those of DCMTK's storescu +II, so that whoever clears such
objects out of an archive by these names still finds them; the UIDs are of our own making.
"""

from __future__ import annotations

import hashlib

from dimse.errors import InvalidValue
from dimse.objects.edit import SOP_INSTANCE_UID, ElementChange
from dimse.objects.layers import elements_of
from dimse.objects.sources import Encoded
from dimse.tables import uids
from dul.values import TYPE_CHECKING, dataclass

if TYPE_CHECKING:
    from typing import Final

__all__ = ["Invention", "suffixed", "suffixes"]

_STUDY_AND_SERIES: Final = frozenset({0x0020000D, 0x0020000E})
_LONGEST: Final = uids.MAXIMUM_UID_LENGTH + 1  # bytes; some writers pad what needs no padding


@dataclass(frozen=True, slots=True, kw_only=True)
class Invention:
    """How many of each are made up, before the next of what holds them begins.

    Attributes:
        instances: of a series; 1 or more.
        series: of a study.
        studies: of a patient.
        run: tells one run from another: the time in seconds at DCMTK, anything short here.
    """

    run: str
    instances: int = 100
    series: int = 50
    studies: int = 25

    def __post_init__(self) -> None:
        for name in ("instances", "series", "studies"):
            if getattr(self, name) < 1:
                raise InvalidValue(name, f"{getattr(self, name)} is no number from 1 on")

    def changes(self, number: int) -> list[ElementChange]:
        """What the object with this running number, from 0 on, is called."""
        series, instance = divmod(number, self.instances)
        study = series // self.series
        patient = study // self.studies
        own = [
            (0x00100010, f"OFFIS^TEST_PN_{self.run}{patient}"),
            (0x00100020, f"PID_{self.run}{patient}"),
            (0x0020000D, self._uid("study", study)),
            (0x00200010, f"SID_{self.run}{study}"),
            (0x0020000E, self._uid("series", series)),
            (0x00200011, str(series)),
            (0x00200013, str(instance)),
        ]
        changes = [ElementChange(tag, value, if_present=True) for tag, value in own]
        return [*changes, ElementChange(SOP_INSTANCE_UID, self._uid("instance", number))]

    def _uid(self, of: str, number: int) -> str:
        return _uid_for(f"{self.run} {of} {number}")


def suffixed(uid: str, suffix: str) -> str:
    """A UID with more components behind it; where it becomes too long, one that stands for that.

    The same UID and suffix give the same, so that a series stays a series.

    Args:
        uid: the UID.
        suffix: digits and dots, without a dot in front.
    """
    longer = f"{uid}.{suffix}"
    return longer if len(longer) <= uids.MAXIMUM_UID_LENGTH else _uid_for(longer)


def suffixes(encoded: Encoded, suffix: str) -> list[ElementChange]:
    """The changes that put a suffix behind Study and Series Instance UID of a data set.

    Raises:
        Part10Error: it is damaged.
    """
    window = encoded.window()
    changes = []
    for element in elements_of(encoded, window):
        if element.tag in _STUDY_AND_SERIES and element.header.length <= _LONGEST:
            value = window.take(element.value_at, element.header.length)
            uid = value.decode("latin-1").strip(" \0")
            if uid:
                changes.append(ElementChange(element.tag, suffixed(uid, suffix)))
    return changes


def _uid_for(text: str) -> str:
    """A UID that stands for a text: of a UUID that is made of its hash (PS3.5 B.2, RFC 9562 5.8)."""
    number = int.from_bytes(hashlib.sha256(text.encode()).digest()[:16])
    number = number & ~(0xF << 76) | 8 << 76  # version 8: made by a rule of one's own
    number = number & ~(0x3 << 62) | 2 << 62  # the variant that has versions
    return f"2.25.{number}"
