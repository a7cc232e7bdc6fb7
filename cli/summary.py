"""The end of a transfer by statuses: in a line, or in the table that dcmsend prints."""

from __future__ import annotations

from collections import Counter

from dimse import Outcome
from dimse.tables.status import SOP_CLASS_NOT_SUPPORTED, SUCCESS, StatusClass, classify, meaning
from dul.values import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Final

__all__ = ["AnswerCounts"]

_NAMES: Final = {
    StatusClass.SUCCESS: "SUCCESS",
    StatusClass.WARNING: "WARNING",
    StatusClass.FAILURE: "ERROR",
}
_ORDER: Final = ("SUCCESS", "WARNING", "ERROR", "REFUSED")


class AnswerCounts:
    """How many objects were answered with which status.

    Attributes:
        associations: how many were established.
        contexts: how many were proposed on them.
    """

    def __init__(self) -> None:
        self.associations = 0
        self.contexts = 0
        self._counts: Counter[int | None] = Counter()

    def add(self, outcome: Outcome) -> None:
        """An object was answered, or could not be sent."""
        self._counts[outcome.status] += 1

    @property
    def all_success(self) -> bool:
        """There was nothing else, so that nothing need be said of it."""
        return self._counts.keys() <= {SUCCESS}

    def text(self) -> str:
        """In one line: success first, what has no answer last."""
        parts = [
            f"{count} {meaning(status, 'C-STORE')} ({status:04X}H)"
            for status, count in self._answered()
        ]
        if unanswered := self._counts[None]:
            parts.append(f"{unanswered} without an answer")
        return "By status: " + (", ".join(parts) or "nothing was answered")

    def table(self) -> str:
        """As dcmsend prints it."""
        sent: Counter[str] = Counter()
        for status, count in self._answered():
            sent[_name(status)] += count
        lines = [
            "",
            "Status Summary",
            "--------------",
            f"Number of associations   : {self.associations}",
            f"Number of pres. contexts : {self.contexts}",
            f"Number of SOP instances  : {self._counts.total()}",
        ]
        if total := sent.total():
            lines.append(f"- sent to the peer       : {total}")
        lines += [f"  * with status {name:8} : {sent[name]}" for name in _ORDER if sent[name]]
        if sent["unknown"]:
            lines.append(f"  * with unknown status  : {sent['unknown']}")
        if not_sent := self._counts[None]:
            lines.append(f"- NOT sent to the peer   : {not_sent}")
        return "\n".join(lines)

    def _answered(self) -> list[tuple[int, int]]:
        """Each status with its count, in the order of the statuses."""
        return sorted((key, value) for key, value in self._counts.items() if key is not None)


def _name(status: int) -> str:
    if status >> 8 == 0xA7 or status == SOP_CLASS_NOT_SUPPORTED:
        return "REFUSED"
    return _NAMES.get(classify(status), "unknown")
