"""Names for files: made of the SOP Instance UID, of a new UID, or of the time; DCMTK's patterns.

Each is a `Naming`: a function from a request and the head of its data set to a name without
extension, which may begin with directories: "1.2.3/CT.1.2.4". What they give is a file name for
every request that `identifiers` lets through. Names are made when an object has come whole.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from datetime import datetime

from dimse.requests import StoreRequest
from dimse.storage.head import Head
from dimse.tables.storage_sops import prefix_of
from dul.values import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Final, TypeAlias

__all__ = [
    "Naming",
    "SystemTimeNames",
    "TimeNames",
    "dcmtk_name",
    "in_series_date",
    "short_unique_name",
    "unique_name",
]

Naming: TypeAlias = Callable[[StoreRequest, Head], str]
"""Makes the name of a file, with "/" behind each directory that it is to be in."""

_SERIES_DATE: Final = 0x00080021


def dcmtk_name(request: StoreRequest, _: Head) -> str:
    """The name that DCMTK's storescp gives: CT.1.2.3, UNKNOWN.1.2.3; a `Naming`, as `unique_name`."""
    message = request.message
    return f"{prefix_of(message.affected_sop_class_uid)}.{message.affected_sop_instance_uid}"


def unique_name(request: StoreRequest, _: Head) -> str:
    """A name that no other object has: MODALITY.X.UID, with a new UID (PS3.5 B.2); as `dcmtk_name`."""
    return f"{prefix_of(request.sop_class_uid)}.X.2.25.{int.from_bytes(os.urandom(16), 'big')}"


def short_unique_name(request: StoreRequest, _: Head) -> str:
    """A short name that hardly any other object has: MODALITY_16 hexadecimal digits; as `dcmtk_name`."""
    return f"{prefix_of(request.sop_class_uid)}_{os.urandom(8).hex()}"


class TimeNames:
    """Names by the time when the object came: YYYYMMDDHHMMSSmmm.CT; local time.

    Of several in one millisecond the second has _0001 behind the time, and so on. Threads may
    share it; processes that write to one directory should not use it.

    Args:
        clock: gives the time.
    """

    def __init__(self, clock: Callable[[], datetime] = datetime.now) -> None:
        self._clock = clock
        self._lock = threading.Lock()  # guards the two below
        self._last = ""
        self._count = 0

    def __call__(self, request: StoreRequest, _: Head) -> str:
        """The name for a request."""
        now = self._clock()
        with self._lock:
            stamp = self.stamp(now)
            # A clock that is set back must not give a name twice in a row either.
            self._count = self._count + 1 if stamp <= self._last else 0
            self._last = max(stamp, self._last)
            name = f"{self._last}_{self._count:04}" if self._count else stamp
        return f"{name}.{prefix_of(request.sop_class_uid)}"

    @staticmethod
    def stamp(now: datetime) -> str:
        """A time as it stands in a name."""
        return f"{now:%Y%m%d%H%M%S}{now.microsecond // 1000:03}"


class SystemTimeNames(TimeNames):
    """The same to the microsecond, as dcmrecv writes it: YYYYMMDDHHMMSS.mmmmmm.CT."""

    @staticmethod
    def stamp(now: datetime) -> str:
        """A time as it stands in a name."""
        return f"{now:%Y%m%d%H%M%S.%f}"


def in_series_date(naming: Naming, clock: Callable[[], datetime] = datetime.now) -> Naming:
    """Names in directories by Series Date (0008,0021), as dcmrecv makes them: data/2003/05/05/.

    Without one, or where it is no date, in undef/ and the date of today.

    Args:
        naming: gives the names of the files in them.
        clock: gives the date of today.
    """

    def name(request: StoreRequest, head: Head) -> str:
        date = head.value(_SERIES_DATE).replace(".", "")  # 2003.05.05 was allowed once
        try:
            day = datetime.strptime(date, "%Y%m%d")  # noqa: DTZ007 - a date has no zone
            directory = f"data/{day:%Y/%m/%d}"
        except ValueError:
            directory = f"undef/{clock():%Y%m%d}"
        return f"{directory}/{naming(request, head)}"

    return name
