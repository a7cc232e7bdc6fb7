"""Who is connected, what came lately, and what went wrong: as much as fits on a page."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable

from dimse.watch.visits import Fact
from dul.values import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

__all__ = ["Overview"]

VISITS = 50
"""Associations that are over and still shown."""

FAILURES = 50
OBJECTS = 24
SECONDS = 120
"""How far back the rate is shown."""

OPEN = 2000
"""Associations that are taken for open: facts may be lost on their way."""


_NOTHING: Fact = {
    "implementation": "", "words": (), "agreed": 0,
    "objects": 0, "dropped": 0, "refused": 0, "bytes": 0, "echoes": 0, "how": "",
}  # fmt: skip
"""An association of which nothing is known yet."""


class Overview:
    """Keeps the latest facts. Threads may share it.

    Args:
        clock: gives the time, in seconds since 1970.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._open: OrderedDict[str, Fact] = OrderedDict()
        self._over: deque[Fact] = deque(maxlen=VISITS)
        self._failures: deque[Fact] = deque(maxlen=FAILURES)
        self._objects: deque[Fact] = deque(maxlen=OBJECTS)
        self._number = 0
        self._rate: deque[list[int]] = deque(maxlen=SECONDS)  # second, objects, bytes

    def take(self, fact: Fact) -> None:
        """One more fact."""
        with self._lock:
            match fact["kind"]:
                case "associated":
                    visit = {**_NOTHING, **fact}
                    self._open[fact["visit"]] = visit
                    if not fact["agreed"]:
                        self._fail(fact, "no presentation context was accepted", fact["words"])
                    while len(self._open) > OPEN:
                        self._open.popitem(last=False)
                case "answered":
                    self._answered(fact)
                case "refused":
                    self._fail(fact, f"{fact['what']} refused: {fact['why']}")
                case "rejected":
                    over = {"how": f"rejected: {fact['why']}", "until": fact["time"]}
                    self._over.append({**_NOTHING, **fact, **over})
                    self._fail(fact, f"association rejected: {fact['why']}")
                case "failed":
                    self._fail(fact, fact["why"])
                case "ended":
                    self._ended(fact)

    def _answered(self, fact: Fact) -> None:
        visit = self._open.get(fact["visit"])
        if visit is not None:
            visit["latest"] = fact["time"]
            visit["bytes"] += fact["length"]
            if not fact["stores"]:
                visit["echoes"] += 1
            elif fact["good"]:
                visit["objects" if fact["kept"] else "dropped"] += 1
            else:
                visit["refused"] += 1
        if fact["stores"] and fact["good"]:
            second = int(fact["time"])
            if not self._rate or self._rate[-1][0] != second:
                self._rate.append([second, 0, 0])
            self._rate[-1][1] += 1
            self._rate[-1][2] += fact["length"]
            if fact["path"]:
                self._number += 1
                who = visit["calling"] if visit else ""
                self._objects.append({**fact, "number": self._number, "calling": who})

    def _ended(self, fact: Fact) -> None:
        visit = self._open.pop(fact["visit"], None)
        if visit is None:
            return
        visit |= {"how": fact["how"], "until": fact["time"]}
        self._over.append(visit)
        if fact.get("advice"):
            self._fail({**visit, **fact}, f"association ended: {fact['how']}")

    def _fail(self, fact: Fact, why: str, words: object = ()) -> None:
        self._failures.append(
            {
                "time": fact["time"],
                "address": fact.get("address", ""),
                "calling": fact.get("calling", ""),
                "why": why,
                "words": words,
                "advice": fact.get("advice")
                or "Configure the other end to propose what is taken here, or this server to take it",
            }
        )

    def path_of(self, number: int) -> str | None:
        """The file of an object that is shown."""
        with self._lock:
            return next((each["path"] for each in self._objects if each["number"] == number), None)

    def state(self) -> dict[str, Any]:
        """All of it, the latest first; no path and nothing of a patient's."""
        now = self._clock()
        with self._lock:
            return {
                "now": now,
                "open": [dict(each) for each in reversed(self._open.values())],
                "over": [dict(each) for each in reversed(self._over)],
                "failures": list(reversed(self._failures)),
                "objects": [
                    {name: each[name] for name in ("number", "time", "what", "length", "calling")}
                    for each in reversed(self._objects)
                ],
                "rate": [each for each in self._rate if each[0] > now - SECONDS],
            }
