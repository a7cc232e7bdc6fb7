"""How long the product takes: measured in every run, judged in none.

A time runs from our last stimulus to the first PDU that follows it, and is filed under both names. After
what ends an association (A-ASSOCIATE-RJ, A-RELEASE-RP, A-ABORT) it runs to the close.
"""

import threading
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from .names import PDU_NAMES
from .parse import HEADER

#: The types after which the next thing to come is the close.
ENDING = frozenset({3, 6, 7})


@dataclass(frozen=True, slots=True)
class Timing:
    """The times of one kind, in seconds; `p99` is the value that 99 of 100 do not exceed."""

    what: str
    count: int
    median: float
    p99: float
    longest: float


def timing(what: str, seconds: Sequence[float]) -> Timing:
    """The summary of some times, at least one."""
    ordered = sorted(seconds)
    # The smallest value with at least 99 % of the values at or below it (nearest rank).
    p99 = ordered[-(-99 * len(ordered) // 100) - 1]
    shown = (round(value, 6) for value in (median(ordered), p99, ordered[-1]))
    return Timing(what, len(ordered), *shown)


class Stopwatch:
    """Collects times from runs that may go on side by side."""

    def __init__(self) -> None:
        self._times: dict[str, list[float]] = defaultdict(list)
        self._lock = threading.Lock()

    def note(self, what: str, seconds: float) -> None:
        """Add one time."""
        with self._lock:
            self._times[what].append(seconds)

    def summary(self, more: Mapping[str, Iterable[float]] | None = None) -> list[Timing]:
        """The times by kind, in order of their names; `more` come last."""
        with self._lock:
            found = [timing(what, times) for what, times in sorted(self._times.items())]
        later = ((what, list(times)) for what, times in (more or {}).items())
        return [*found, *(timing(what, times) for what, times in later if times)]


def last_type(data: bytes) -> int | None:
    """The type of the last whole PDU in some bytes; None if they do not end with one."""
    at, found = 0, None
    while at < len(data):
        end = at + HEADER + int.from_bytes(data[at + 2 : at + HEADER], "big")
        if len(data) - at < HEADER or end > len(data):
            return None
        at, found = end, data[at]
    return found


def pdu_name(type_: int | None) -> str:
    """The name under which a stimulus is filed."""
    return PDU_NAMES.get(type_ or 0, "no PDU of PS3.8")
