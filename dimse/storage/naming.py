"""Names for files: made of the SOP Instance UID, of a new UID, or of the time; DCMTK's patterns.

Each is a function from a `StoreRequest` to a name without extension. What they give is a file name
for every request that `identifiers` lets through.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from datetime import datetime

from dimse.requests import StoreRequest
from dimse.tables.storage_sops import prefix_of

__all__ = ["TimeNames", "dcmtk_name", "unique_name"]


def dcmtk_name(request: StoreRequest) -> str:
    """The name that DCMTK's storescp gives: CT.1.2.3, UNKNOWN.1.2.3."""
    return f"{prefix_of(request.sop_class_uid)}.{request.sop_instance_uid}"


def unique_name(request: StoreRequest) -> str:
    """A name that no other object has: MODALITY.X.UID, with a new UID (PS3.5 B.2)."""
    return f"{prefix_of(request.sop_class_uid)}.X.2.25.{secrets.randbits(128)}"


class TimeNames:
    """Names by the time when the request came: YYYYMMDDHHMMSSmmm.CT; local time.

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

    def __call__(self, request: StoreRequest) -> str:
        """The name for a request."""
        now = self._clock()
        with self._lock:
            stamp = f"{now:%Y%m%d%H%M%S}{now.microsecond // 1000:03}"
            # A clock that is set back must not give a name twice in a row either.
            self._count = self._count + 1 if stamp <= self._last else 0
            self._last = max(stamp, self._last)
            name = f"{self._last}_{self._count:04}" if self._count else stamp
        return f"{name}.{prefix_of(request.sop_class_uid)}"
