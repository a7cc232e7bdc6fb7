"""The end of a transfer as a table of statuses, as dcmsend prints it."""

from __future__ import annotations

from collections import Counter
from typing import Final

from dimse.outcome import Outcome
from dimse.tables.status import SOP_CLASS_NOT_SUPPORTED, SUCCESS, StatusClass, meaning

__all__ = ["AnswerCounts", "StatusSummary"]

_NAMES: Final = {
    StatusClass.SUCCESS: "SUCCESS",
    StatusClass.WARNING: "WARNING",
    StatusClass.FAILURE: "ERROR",
}
_ORDER: Final = ("SUCCESS", "WARNING", "ERROR", "REFUSED")


class AnswerCounts:
    """How many objects were answered with which status, in one line."""

    def __init__(self) -> None:
        self._counts: Counter[int | None] = Counter()

    def add(self, outcome: Outcome) -> None:
        """An object was answered, or could not be sent."""
        self._counts[outcome.status] += 1

    @property
    def all_success(self) -> bool:
        """There was nothing else, so that nothing need be said of it."""
        return self._counts.keys() <= {SUCCESS}

    def text(self) -> str:
        """The line: success first, what has no answer last."""
        parts = [
            f"{count} {meaning(status, 'C-STORE')} ({status:04X}H)"
            for status, count in sorted(
                (key, value) for key, value in self._counts.items() if key is not None
            )
        ]
        if unanswered := self._counts[None]:
            parts.append(f"{unanswered} without an answer")
        return "By status: " + (", ".join(parts) or "nothing was answered")


class StatusSummary:
    """What came back, and over how many associations.

    Attributes:
        associations: how many were established.
        contexts: how many were proposed on them.
    """

    def __init__(self) -> None:
        self.associations = 0
        self.contexts = 0
        self._sent: Counter[str] = Counter()
        self._not_sent = 0

    def add(self, outcome: Outcome) -> None:
        """An object was answered, or could not be sent."""
        status = outcome.status
        if status is None:
            self._not_sent += 1
        elif status >> 8 == 0xA7 or status == SOP_CLASS_NOT_SUPPORTED:
            self._sent["REFUSED"] += 1
        else:
            self._sent[_NAMES.get(outcome.status_class, "unknown")] += 1

    def text(self) -> str:
        """The table."""
        sent = self._sent.total()
        lines = [
            "",
            "Status Summary",
            "--------------",
            f"Number of associations   : {self.associations}",
            f"Number of pres. contexts : {self.contexts}",
            f"Number of SOP instances  : {sent + self._not_sent}",
        ]
        if sent:
            lines.append(f"- sent to the peer       : {sent}")
        lines += [
            f"  * with status {name:8} : {self._sent[name]}" for name in _ORDER if self._sent[name]
        ]
        if self._sent["unknown"]:
            lines.append(f"  * with unknown status  : {self._sent['unknown']}")
        if self._not_sent:
            lines.append(f"- NOT sent to the peer   : {self._not_sent}")
        return "\n".join(lines)
