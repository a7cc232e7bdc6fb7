"""The objects that were asked for: looked at, planned, and handed out one after the other.

One roster serves all associations of a call. It takes what was asked for from an iterator, some at a
time: so the first object is sent while the last is not found yet, and of 100,000 files only some
are held with all that is known of them.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sized
from contextlib import AbstractContextManager

from dimse.asked import PATHS, Asked, examined, named
from dimse.errors import DIMSEError, JournalFailed
from dimse.events import Confirmed, Planned, Warned
from dimse.objects.cache import Cache
from dimse.objects.finder import Found, LeftOut, Unusable
from dimse.objects.outgoing import FileObject, Outgoing, Sendable
from dimse.outcome import Outcome
from dimse.plan import Need, Planning
from dimse.policy import LOOK_AHEAD, Policy
from dul.conversations import Call, Script
from dul.enumeration import Enum
from dul.values import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

    from dimse.journal import Page

__all__ = ["Entry", "Roster", "Task", "Unwritten", "Verdict"]

_SOON = 0.5  # seconds: so long a look may take when nothing need be known of the other objects
_PART = 0.1  # seconds: so long it takes in one go; an interrupt waits for it
_END = object()


class Verdict(Enum):
    """What became of an object so far."""

    STORED = "stored"
    FAILED = "failed"
    CONFIRMED = "stored before"
    BEGUN = "begun"
    NOT_SENT = "not sent"


# By names of this module: see `dul.association`.
_NOT_SENT, _BEGUN, _STORED = Verdict.NOT_SENT, Verdict.BEGUN, Verdict.STORED


class Entry:
    """An object that was asked for.

    Attributes:
        item: as it was named; of what the finder found, its name.
        outgoing: the examined object; None if it can't be sent, was not looked at yet, or is a
            file that is done with.
        verdict: what became of it.
    """

    __slots__ = ("item", "outgoing", "undone", "verdict")

    def __init__(self, item: Sendable | Outgoing) -> None:
        self.item = item
        self.outgoing: Outgoing | None = None
        self.verdict = _NOT_SENT
        self.undone = 0  # copies without an outcome

    @property
    def name(self) -> str:
        """How messages name it."""
        return named(self.item) if self.outgoing is None else self.outgoing.name


class Task:
    """A copy of an object that is to be sent.

    Attributes:
        entry: what was asked for.
        outgoing: the object.
        need: what it needs of an association.
        number: of this copy among all that are sent, from 0 on.
        attempts: how often it was begun.
        retries: how often it was tried again because of `Policy.retry`.
        again: it was tried once more already, as nobody knew whose fault the end was.
        alone: it is not to be on its way with others.
    """

    __slots__ = (
        "again", "alone", "attempts", "entry", "need", "number", "outgoing", "retries",
    )  # fmt: skip

    def __init__(self, entry: Entry, outgoing: Outgoing, need: Need, number: int) -> None:
        self.entry = entry
        self.outgoing = outgoing
        self.need = need
        self.number = number
        self.attempts = self.retries = 0
        self.again = False
        self.alone = False


class Unwritten(Exception):
    """The journal failed.

    Attributes:
        error: how.
    """

    def __init__(self, error: JournalFailed) -> None:
        super().__init__(str(error))
        self.error = error


class Roster:
    """Hands out what is to be sent.

    Args:
        items: what was asked for.
        policy: how it is sent.
        clock: seconds.
        lock: held while objects are looked at; a face that has them looked at in threads gives a
            real one.
        page: what a journal says of the peer; None: there is none.

    Attributes:
        page: the same.
        entries: what was asked for, as far as it was looked at, in order.
        losses: associations that were lost in a row, without a response in between.
        halted: an object can't be read, and those behind it are not to be sent.
        stopped: nothing more is to be handed out.
        complete: all that was asked for was looked at.
        at_work: how many senders will still take what there is.
        present: how many are not at their end.
    """

    def __init__(
        self,
        items: Iterable[Asked],
        policy: Policy,
        clock: Callable[[], float],
        lock: AbstractContextManager[Any],
        page: Page | None = None,
    ) -> None:
        self.page = page
        self.entries: list[Entry] = []
        self.losses = 0
        self.halted = False
        self.stopped = False
        self.complete = False
        self.at_work = self.present = 0
        self._asked = len(items) if isinstance(items, Sized) else None
        self._items: Iterator[Asked] = iter(items)
        self._policy = policy
        self._preparation = policy.preparation
        self._clock = clock
        self._lock = lock
        self._planning = Planning(policy.base_contexts, policy.rules, single=policy.single)
        self._seen: list[Entry] = []  # found to be good in the present look
        self._looked = 0  # how many were looked at in it
        self._first = True  # it is the first
        self._since: float | None = None  # when it began
        self._cache = Cache()
        self._ready: deque[tuple[Entry, Outgoing, Need]] = deque()
        self._handed = 0
        self._returned: deque[Task] = deque()
        self._finished = 0
        self._turn = 0.0  # when the next object may be begun

    # ------------------------------------------------------------------------ handing out --

    def next(self) -> Script[Task | None]:
        """The next object's turn, or None if there is nothing more to be sent; tells what is seen."""
        while True:
            task = self.at_hand()
            if task is not None or self.stopped or self.complete:
                return task
            try:
                told = yield Call(self._look_on)
            except JournalFailed as error:
                raise Unwritten(error) from error
            yield from told

    def at_hand(self) -> Task | None:
        """The next object's turn, if it was looked at already."""
        if self.stopped:
            return None
        if self._returned:
            return self._returned.popleft()
        return self._hand_out() if self._ready else None

    def _hand_out(self) -> Task:
        entry, outgoing, need = self._ready[0]
        number = self._handed
        prepared = self._preparation.copy(outgoing, number, number % self._policy.repeat)
        task = Task(entry, prepared, need, number)
        self._handed += 1
        if self._handed % self._policy.repeat == 0:
            self._ready.popleft()
        return task

    def begin(self, task: Task) -> None:
        """A task is on its way."""
        if self._policy.rate:
            self._turn = max(self._turn, self._clock()) + 1 / self._policy.rate
        if task.entry.verdict is _NOT_SENT:
            task.entry.verdict = _BEGUN

    def withdraw(self, task: Task) -> None:
        """It is not any more, and will be begun anew."""
        entry = task.entry
        if entry.verdict is _BEGUN and entry.undone == self._policy.repeat:
            entry.verdict = _NOT_SENT

    def finish(self, task: Task, *, stored: bool) -> None:
        """A task has its outcome."""
        entry = task.entry
        entry.undone -= 1
        if not stored:
            entry.verdict = Verdict.FAILED
        elif not entry.undone and entry.verdict is _BEGUN:
            entry.verdict = _STORED
        if not entry.undone:
            self._done_with(entry)

    def _done_with(self, entry: Entry) -> None:
        self._finished += 1
        if isinstance(entry.item, PATHS):
            entry.outgoing = None

    def wait_for_turn(self) -> float:
        """Seconds until the next object may be begun, by `Policy.rate`."""
        return self._turn - self._clock() if self._policy.rate else 0.0

    def give_back(self, tasks: Iterable[Task]) -> None:
        """For another sender: they are still to be sent."""
        self._returned.extend(tasks)

    @property
    def has_work(self) -> bool:
        """Whether something can be handed out, or given back, at once."""
        return not self.stopped and bool(self._returned or self._ready)

    def stop(self) -> None:
        """Hand out nothing more."""
        self.stopped = True

    @property
    def left(self) -> int:
        """Objects that are still to be sent, as far as they are known."""
        return (self._asked or len(self.entries)) - self._finished

    # ---------------------------------------------------------------------------- looking --

    def _look_on(self) -> list[Any]:
        """Look at some more objects; gives what there is to be told of them.

        When enough are known, they are planned and can be handed out.
        """
        with self._lock:
            if self._ready or self.complete:  # somebody else was faster
                return []
            told: list[Any] = []
            begun = now = self._clock()
            if self._since is None:
                self._since = begun
            while not self._is_enough(now):
                item = next(self._items, _END)
                if item is _END:
                    self.complete = True
                    break
                self._see(item, told)
                now = self._clock()
                if now - begun >= _PART or (self.halted and not self._first):
                    break
            if self._is_enough(now):
                self._publish(told)
            return told

    def _is_enough(self, now: float) -> bool:
        """Whether the look is over."""
        policy = self._policy
        if self.complete or (self.halted and not self._first):
            return True
        if policy.single:
            return False
        if self._first and policy.halt:
            return policy.look_ahead is not None and self._looked >= policy.look_ahead
        assert self._since is not None  # it has begun
        return self._looked >= LOOK_AHEAD or now - self._since >= _SOON

    def _see(self, item: Any, told: list[Any]) -> None:
        """Look at one."""
        self._looked += 1
        entry = Entry(item)
        if type(item) is Found:
            entry.item = item.name
            item = self._preparation.look(item, cache=self._cache)
        if type(item) is FileObject:  # nearly always
            self.entries.append(entry)
            self._take_up(entry, item, told)
            return
        if isinstance(item, LeftOut):
            if self._asked is not None:
                self._asked -= 1
            told.append(item)
            return
        self.entries.append(entry)
        try:
            if isinstance(item, Unusable):
                entry.item = str(item.path)
                raise item.error
            outgoing = examined(item, self._preparation, cache=self._cache)
        except DIMSEError as error:
            entry.verdict = Verdict.FAILED
            self._finished += 1
            self.halted = self._policy.halt
            path = getattr(item, "path", None) or getattr(error, "path", None)
            file = None if path is None else os.fspath(path)
            outcome = Outcome(file=file, name=entry.name, error=error)
            if self.page is not None:
                self.page.record(None, outcome)
            told.append(outcome)
            return
        self._take_up(entry, outgoing, told)

    def _take_up(self, entry: Entry, outgoing: Outgoing, told: list[Any]) -> None:
        """It can be sent."""
        entry.outgoing = outgoing
        when = None if self.page is None else self.page.confirmed(outgoing)
        if when is not None:
            entry.verdict = Verdict.CONFIRMED
            self._done_with(entry)
            told.append(Confirmed(outgoing, when))
            return
        entry.undone = self._policy.repeat
        if outgoing.warnings:
            told.append(Warned(outgoing))
        self._seen.append(entry)

    def _publish(self, told: list[Any]) -> None:
        """The look is over: plan what was seen, so that it can be handed out."""
        seen, self._seen = self._seen, []
        first, self._first = self._first, False
        self._since = None
        self._looked = 0
        self._cache = Cache()
        if self.halted:
            self.complete = True
            if first:
                return
        proposals = set()
        length = 0
        for entry in seen:
            assert entry.outgoing is not None  # the others are not in the look
            need = self._planning.add(self._preparation.copy(entry.outgoing))
            proposals.add(need.proposal)
            self._ready.append((entry, entry.outgoing, need))
            length += entry.outgoing.length
        told.append(Planned(len(seen), len(proposals), length=length, complete=self.complete))
