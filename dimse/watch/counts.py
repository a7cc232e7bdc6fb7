"""What a server counts: associations, objects, bytes, statuses and times, over all its processes.

    counts = Counts()
    Server(spool.open, observer=Counting(counts), port=11112)
    print(counts.totals().objects_stored)

The numbers are in memory that processes share which are forked later, a row for each of them, so
that who reads them needs to ask nobody, and a process that dies takes no count along.
"""

from __future__ import annotations

import mmap
import threading
import time
from bisect import bisect_left
from collections.abc import Callable

from dimse.messages.base import Response
from dimse.messages.codec import message_of
from dimse.messages.composite import CStoreRQ
from dimse.provider import Observer
from dimse.requests import Requestor, ServiceRequest
from dimse.tables.status import is_pending, is_successful
from dul.pdu import AssociateRJ
from dul.values import TYPE_CHECKING, dataclass

if TYPE_CHECKING:
    from typing import Any, Final

__all__ = ["BOUNDS", "Counting", "Counts", "Times", "Totals"]

BOUNDS: Final = (
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0,
)  # fmt: skip
"""Upper bounds, in seconds, of the classes that times are counted in; what is longer has a last one."""

_NUMBERS: Final = (
    "associations_accepted",
    "associations_rejected",
    "associations_released",
    "associations_aborted",
    "connections_failed",
    "objects_stored",
    "objects_dropped",
    "objects_refused",
    "bytes_received",
    "processes_serving",
)
_AT: Final = {name: at for at, name in enumerate(_NUMBERS)}
# A class for each bound and one above; then the sum in microseconds.
_CLASSES: Final = len(BOUNDS) + 1
_ANSWER: Final = len(_NUMBERS)
_WHOLE: Final = _ANSWER + _CLASSES + 1
# Pairs of what a status was given to, and how often. A server gives a handful of them; what finds
# no room any more is counted in the last.
_STATUSES: Final = _WHOLE + _CLASSES + 1
_STATUS_ROOM: Final = 64
_ROW: Final = _STATUSES + 2 * _STATUS_ROOM


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """How long something took, each time.

    Attributes:
        classes: how often it took no longer than each of `BOUNDS`, but longer than the one before;
            the last number is of those beyond all bounds.
        seconds: all times together.
    """

    classes: tuple[int, ...]
    seconds: float

    @property
    def count(self) -> int:
        """How often."""
        return sum(self.classes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """What was counted, by all processes together.

    Attributes:
        associations_accepted: established.
        associations_rejected: answered with A-ASSOCIATE-RJ.
        associations_released: which their requestor released.
        associations_aborted: which ended otherwise.
        connections_failed: which ended before there was an association.
        objects_stored: C-STORE-RQs that were answered with Success or a warning.
        objects_dropped: those that were answered so although nothing of them was kept (`Discard`).
        objects_refused: those that were answered with a failure.
        bytes_received: of data sets that came to their end, refused ones included.
        processes_serving: that accept associations at present, see `Counts.serving`.
        statuses: how often a final status was given, by name of the response and status.
        answer: from the last byte of a C-STORE-RQ to its response: checks, the disk, handlers.
        whole: from the command of a C-STORE-RQ to its response: the network, too.
    """

    associations_accepted: int
    associations_rejected: int
    associations_released: int
    associations_aborted: int
    connections_failed: int
    objects_stored: int
    objects_dropped: int
    objects_refused: int
    bytes_received: int
    processes_serving: int
    statuses: dict[tuple[str, int], int]
    answer: Times
    whole: Times

    @property
    def associations_open(self) -> int:
        """Established, and not at their end."""
        ended = self.associations_released + self.associations_aborted
        return max(0, self.associations_accepted - ended)


class Counts:
    """Numbers in shared memory.

    Args:
        processes: how many will count. Each takes a row of its own; the threads of one share it.
    """

    def __init__(self, processes: int = 1) -> None:
        self._processes = processes
        self._memory = mmap.mmap(-1, 8 * _ROW * processes)
        self._numbers = memoryview(self._memory).cast("Q")
        self._row = 0
        self._places: dict[int, int] = {}  # of statuses in this row
        self._lock = threading.Lock()

    def take_row(self, number: int) -> None:
        """Count in this row from now on: 0 to `processes` - 1; called in a process that was forked.

        What the one before it left open is counted as aborted: it died.
        """
        with self._lock:
            self._row = number * _ROW
            self._places.clear()
        self.died(number)

    def died(self, number: int) -> None:
        """The process of this row is gone: so are its associations."""
        with self._lock:
            row = number * _ROW
            self._numbers[row + _AT["associations_aborted"]] += self._open(row)
            self._numbers[row + _AT["processes_serving"]] = 0

    def serving(self, *, now: bool) -> None:
        """This process accepts associations, or does so no longer."""
        with self._lock:
            self._numbers[self._row + _AT["processes_serving"]] = int(now)

    def add(self, name: str, count: int = 1) -> None:
        """Add `count` to a number of `Totals`, by its `name`."""
        with self._lock:
            self._numbers[self._row + _AT[name]] += count

    def add_status(self, operation: int, status: int) -> None:
        """One more final `status` of an `operation`, which is known by its Command Field."""
        with self._lock:
            self._add_status(operation, status)

    def add_store(self, name: str, status: int, answer: float, whole: float) -> None:
        """One more C-STORE that was answered.

        Args:
            name: what became of its object: "objects_stored", "objects_dropped" or "objects_refused".
            status: that it was answered with.
            answer: seconds that its answer took.
            whole: seconds that all of it took.
        """
        numbers = self._numbers
        with self._lock:
            self._add_status(CStoreRQ.COMMAND_FIELD, status)
            row = self._row
            numbers[row + _AT[name]] += 1
            numbers[row + _ANSWER + bisect_left(BOUNDS, answer)] += 1
            numbers[row + _ANSWER + _CLASSES] += int(answer * 1e6)
            numbers[row + _WHOLE + bisect_left(BOUNDS, whole)] += 1
            numbers[row + _WHOLE + _CLASSES] += int(whole * 1e6)

    def _add_status(self, operation: int, status: int) -> None:
        key = (operation << 16 | status) + 1
        if key not in self._places:
            self._places[key] = self._place_of(key)
        self._numbers[self._places[key] + 1] += 1

    def _place_of(self, key: int) -> int:
        """Where a status is counted in this row; what finds no room, in the last place."""
        first = self._row + _STATUSES
        last = first + 2 * (_STATUS_ROOM - 1)
        for at in range(first, last, 2):
            if self._numbers[at] in {0, key}:
                break
        else:
            at = last
        if not self._numbers[at]:
            self._numbers[at] = key
        return at

    def totals(self) -> Totals:
        """What all processes have counted up to now."""
        sums = [0] * _STATUSES
        statuses: dict[tuple[str, int], int] = {}
        for row in range(0, _ROW * self._processes, _ROW):
            for at in range(_STATUSES):
                sums[at] += self._numbers[row + at]
            for at in range(row + _STATUSES, row + _ROW, 2):
                key, count = self._numbers[at], self._numbers[at + 1]
                if key:
                    named = _operation(key - 1 >> 16), key - 1 & 0xFFFF
                    statuses[named] = statuses.get(named, 0) + count
        return Totals(
            **{name: sums[at] for name, at in _AT.items()},
            statuses=statuses,
            answer=_times(sums, _ANSWER),
            whole=_times(sums, _WHOLE),
        )

    def _open(self, first: int) -> int:
        row = self._numbers[first : first + len(_NUMBERS)]
        ended = row[_AT["associations_released"]] + row[_AT["associations_aborted"]]
        return max(0, row[_AT["associations_accepted"]] - ended)


def _times(sums: list[int], first: int) -> Times:
    classes = tuple(sums[first : first + _CLASSES])
    return Times(classes=classes, seconds=sums[first + _CLASSES] / 1e6)


def _operation(command_field: int) -> str:
    message = message_of(command_field)
    return f"{command_field:04X}H" if message is None else message.NAME.removesuffix("-RQ")


class Counting(Observer):
    """An observer that counts (see `Observer`). Threads may share it.

    Args:
        counts: where.
        clock: gives seconds that only grow.
    """

    def __init__(self, counts: Counts, clock: Callable[[], float] = time.monotonic) -> None:
        self._counts = counts
        self._clock = clock
        # When the C-STORE-RQ of each association came, and when its last byte did. They are served
        # one after the other, and each by one thread.
        self._begun: dict[str, tuple[float, float]] = {}

    def associated(self, requestor: Requestor) -> None:
        """An association was established."""
        self._counts.add("associations_accepted")
        self._begun[requestor.address] = 0.0, 0.0

    def rejected(self, requestor: Requestor, answer: AssociateRJ) -> None:
        """A request for one was rejected by us."""
        del requestor, answer
        self._counts.add("associations_rejected")

    def received(self, request: ServiceRequest[Any]) -> None:
        """A request came; its data set, if it has one, follows."""
        now = self._clock()
        self._begun[request.requestor.address] = now, now

    def arrived(self, request: ServiceRequest[Any], length: int) -> None:
        """The data set of a request has come to its end."""
        self._counts.add("bytes_received", length)
        begun, _ = self._begun[request.requestor.address]
        self._begun[request.requestor.address] = begun, self._clock()

    def refused(self, request: ServiceRequest[Any], error: Exception) -> None:
        """A request is refused; its response is what counts."""

    def answered(self, request: ServiceRequest[Any], response: Response) -> None:
        """A response was given."""
        status = response.status
        if type(request.message) is not CStoreRQ:
            if not is_pending(status):
                self._counts.add_status(request.message.COMMAND_FIELD, status)
            return
        if is_successful(status):
            became = "objects_dropped" if request.content is None else "objects_stored"
        elif is_pending(status):
            return
        else:
            became = "objects_refused"
        begun, complete = self._begun[request.requestor.address]
        now = self._clock()
        self._counts.add_store(became, status, now - complete, now - begun)

    def released(self, requestor: Requestor) -> None:
        """The peer released."""
        self._counts.add("associations_released")
        self._begun.pop(requestor.address, None)

    def ended(self, requestor: Requestor, error: Exception) -> None:
        """The association, or what was to become one, ended in another way."""
        del error
        established = self._begun.pop(requestor.address, None) is not None
        self._counts.add("associations_aborted" if established else "connections_failed")
