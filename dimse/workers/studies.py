"""Studies whose objects come to several workers: their supervisor knows which are open.

A worker asks it for the study of each object, which says what its directory is called by, and tells
it of each that is stored, before that one's Success is answered. So what a sender saw confirmed is
part of its study, also if the worker is killed in the same moment. What is to happen when a study
has ended happens once, in a process beside the workers.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections import deque
from collections.abc import Callable
from functools import partial
from pathlib import Path

from dimse.requests import Requestor
from dimse.storage.studies import Studies, Study
from dimse.workers.attendant import StartAside
from dimse.workers.orders import Orders
from dul.values import TYPE_CHECKING, dataclass, field

if TYPE_CHECKING:
    from typing import Any, Final, TypeAlias

__all__ = ["SharedStudies", "StudyLine"]

AGAIN: Final = 1.0
"""Seconds after which a process is tried to be made again that there was no room for."""


class StudyLine:
    """A worker's line to the `SharedStudies` of its supervisor: a `StudyLog`. Threads may share it.

    `enter` and `stored` raise OSError when the supervisor is gone, so that nothing is confirmed then.

    Args:
        orders: the worker's; obeyed by the time that something comes.
        timed: whether studies end by time. Only then is it said that objects are on their way.
        waits: whether `stored` returns only when what the object has ended is dealt with.
    """

    def __init__(self, orders: Orders, *, timed: bool = True, waits: bool = False) -> None:
        self._orders = orders
        self._timed = timed
        self._waits = waits

    def receiving(self, requestor: Requestor) -> None:
        """An object is on its way."""
        if self._timed:
            self._tell(_words("receiving", requestor))

    def received(self, requestor: Requestor) -> None:
        """The object has come, or what has come of it is dropped."""
        if self._timed:
            self._tell(_words("received", requestor))

    def enter(self, uid: str, requestor: Requestor) -> Study:
        """See `StudyLog.enter`; gives the study as far as its name goes."""
        stamp = self._orders.ask(_words("enter", requestor, uid=uid)).decode()
        return Study(uid, stamp, requestor)

    def stored(self, requestor: Requestor, path: Path) -> None:
        """See `StudyLog.stored`."""
        words = _words("stored", requestor, path=str(path))
        if self._waits:
            self._orders.ask(words)
        else:
            self._orders.tell(words)

    def left(self, requestor: Requestor) -> None:
        """An association is over."""
        self._tell(_words("left", requestor))

    def _tell(self, words: bytes) -> None:
        """Tell what no confirmation depends on."""
        with contextlib.suppress(OSError):  # a supervisor that is gone needs not know
            self._orders.tell(words)


def _words(what: str, requestor: Requestor, **more: str) -> bytes:
    of = [requestor.address, requestor.calling_ae_title, requestor.called_ae_title]
    return json.dumps({"what": what, "of": of, **more}).encode()  # any text, as ASCII


@dataclass(slots=True)
class _Waiting:
    """Who waits for some studies to be dealt with."""

    answer: Callable[[bytes], None]
    left: int


@dataclass(slots=True)
class _Ended:
    study: Study
    waiting: _Waiting | None = field(default=None)

    def over(self) -> None:
        if self.waiting is not None:
            self.waiting.left -= 1
            if not self.waiting.left:
                self.waiting.answer(b"")


Failed: TypeAlias = Callable[[Study, str], None]
"""Is told of a study that was not dealt with, and why."""


class SharedStudies:
    """The studies of all workers: an `Attendant` of their supervisor.

    Args:
        at_end: what happens when a study has ended, in a process of its own; may block.
        failed: is told in the supervisor's process of studies for which it did not come to its end.
        timeout: seconds without an object after which a study has ended; None: no matter how long.
        remember_paths: keep `Study.paths`.
        maximum: for how many studies `at_end` runs at a time; others wait for their turn.
        grace: seconds that those which wait at the end of all workers are given.
        clock: gives seconds that only grow.
    """

    def __init__(
        self,
        at_end: Callable[[Study], None],
        *,
        failed: Failed | None = None,
        timeout: float | None = None,
        remember_paths: bool = False,
        maximum: int = 4,
        grace: float = 5.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._at_end = at_end
        self._failed = failed or _nobody
        self._studies = Studies(
            self._ended, timeout=timeout, remember_paths=remember_paths, clock=clock
        )
        self._maximum = maximum
        self._grace = grace
        self._clock = clock
        self._start_aside: StartAside = _nowhere
        self._at: dict[int, dict[str, Requestor]] = {}  # associations, by worker and address
        self._queue: deque[_Ended] = deque()
        self._running: list[_Ended] = []
        self._last: list[_Ended] = []  # those that ended by what is being heard
        self._until: float | None = None  # when nobody waits any longer

    def begin(self, start_aside: StartAside) -> None:
        """The supervisor begins to run."""
        self._start_aside = start_aside

    def told(self, number: int, words: bytes) -> None:
        """See `Attendant.told`."""
        self._hear(number, words)
        self._start()

    def asked(self, number: int, words: bytes, answer: Callable[[bytes], None]) -> None:
        """See `Attendant.asked`: for a study, or to wait for those that it has ended to be dealt with."""
        stamp = self._hear(number, words)
        if stamp is None and self._last:
            waiting = _Waiting(answer, len(self._last))
            for each in self._last:
                each.waiting = waiting
        else:
            answer((stamp or "").encode())
        self._start()

    def _hear(self, number: int, words: bytes) -> str | None:
        fact: dict[str, Any] = json.loads(words)
        requestor = Requestor(*fact["of"])
        self._last = []
        match fact["what"]:
            case "receiving":
                self._studies.receiving(requestor)
            case "received":
                self._studies.received(requestor)
            case "stored":
                self._studies.stored(requestor, Path(fact["path"]))
            case "left":
                self._at.get(number, {}).pop(requestor.address, None)
                self._studies.left(requestor)
                return None
            case "enter":
                self._at.setdefault(number, {})[requestor.address] = requestor
                return self._studies.enter(fact["uid"], requestor).stamp
        self._at.setdefault(number, {})[requestor.address] = requestor
        return None

    def gone(self, number: int) -> None:
        """A worker is dead, and with it its associations; what it has stored stays."""
        for requestor in self._at.pop(number, {}).values():
            self._studies.left(requestor)
        self._start()

    def attend(self) -> float | None:
        """End studies whose time is over; gives seconds until the next one's is, if nothing comes."""
        self._studies.expire()
        self._start()
        if self._until is not None:
            return max(0.0, self._until - self._clock())
        due = self._studies.due()
        if self._queue and len(self._running) < self._maximum:  # there was no room for a process
            return AGAIN if due is None else min(AGAIN, due)
        return due

    def end(self) -> bool:
        """Nothing comes any more: all that are open have ended. Gives whether all were dealt with."""
        if self._until is None:
            self._until = self._clock() + self._grace
            self._studies.close()
            self._start()
        if self._clock() < self._until and (self._queue or self._running):
            return False
        for each in self._queue:
            self._failed(each.study, "the server ends")
        self._queue.clear()
        return True

    def _ended(self, study: Study) -> None:
        ended = _Ended(study)
        self._last.append(ended)
        self._queue.append(ended)

    def _start(self) -> None:
        while self._queue and len(self._running) < self._maximum:
            ended = self._queue[0]
            job, over = partial(self._at_end, ended.study), partial(self._over, ended)
            if not self._start_aside(job, over):
                return  # `attend` tries again
            self._running.append(self._queue.popleft())

    def _over(self, ended: _Ended, how: str) -> None:
        self._running.remove(ended)
        if how:
            self._failed(ended.study, how)
        ended.over()
        self._start()


def _nobody(_: Study, __: str) -> None:
    pass


def _nowhere(_: Callable[[], None], __: Callable[[str], None]) -> bool:
    return False
