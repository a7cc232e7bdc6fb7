"""The one way in which objects are sent: plan, associate, send, resume, count losses, release.

A script that both faces play (`dul.conversations.Script`); its events are in `dimse.events`. What is
policy here and not protocol:

- An association that ends in between is no reason to stop: what was confirmed is confirmed, the
  object that was on its way has failed, and those behind it go on a new association. The peer may
  also release between two objects, or before it answers one; that one is tried once more.
- It is given up where no association is to be had, and where `max_losses` of them in a row were
  lost without a single response.
- An object counts as stored only if every byte of it left and its response is success or warning.
"""

from __future__ import annotations

import os
import sys
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from enum import Enum
from itertools import islice
from typing import Any

from dimse.dialogue import Dialogue
from dimse.errors import DIMSEError, InvalidValue, ReleasedByPeer
from dimse.events import Done, GivenUp, Lost, NotAssociated, Planned
from dimse.messages.base import Priority
from dimse.objects.outgoing import Outgoing, Sendable, examine
from dimse.offers import OFFERS, ContextOffer, Offers
from dimse.outcome import Outcome
from dimse.plan import plan
from dimse.scu import Operations
from dul.conversations import Call, Script
from dul.errors import DulcetError, Interrupted, SourceFailed
from dul.values import dataclass

__all__ = ["PLANNED_AT_ONCE", "Entry", "Policy", "Sender", "Verdict", "examined", "listed"]

PLANNED_AT_ONCE = 1000
"""Objects that are examined and planned at a time, so that the first of many leaves soon."""

_EXAMINED_AT_ONCE = 50


class Verdict(Enum):
    """What became of an object so far."""

    STORED = "stored"
    FAILED = "failed"
    BEGUN = "begun"
    NOT_SENT = "not sent"


class Entry:
    """An object that was asked for.

    Attributes:
        item: as it was named.
        outgoing: the examined object; None if it can't be sent, or was not looked at yet.
        verdict: what became of it.
    """

    __slots__ = ("again", "item", "outgoing", "verdict")

    def __init__(self, item: Sendable | Outgoing) -> None:
        self.item = item
        self.outgoing: Outgoing | None = None
        self.verdict = Verdict.NOT_SENT
        self.again = False

    @property
    def name(self) -> str:
        """How messages name it."""
        return str(self.item) if self.outgoing is None else self.outgoing.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How objects are sent.

    Attributes:
        base_contexts: proposed on each association, besides those that the objects need.
        rules: which those are.
        priority: of the C-STORE-RQ; see `dimse.messages.base.Priority`.
        move_originator: AE title and message ID of the C-MOVE that this is a part of.
        repeat: how often each object is sent.
        halt: stop at the first object that is not stored; then nothing is sent if one of them
            cannot be read.
        abort: end associations with an A-ABORT instead of a release.
        max_losses: associations lost in a row, without a response, after which the rest is not
            tried; None: as long as there are associations to be had.
    """

    base_contexts: Sequence[ContextOffer] = ()
    rules: Offers = OFFERS
    priority: int = Priority.MEDIUM
    move_originator: tuple[str, int] | None = None
    repeat: int = 1
    halt: bool = False
    abort: bool = False
    max_losses: int | None = 10

    def __post_init__(self) -> None:
        for each in self.base_contexts:
            if not isinstance(each, ContextOffer):
                raise InvalidValue("base_contexts", f"{each!r} is no ContextOffer")
        for name in ("repeat", "max_losses"):
            value = getattr(self, name)
            if value is not None and (not isinstance(value, int) or value < 1):
                raise InvalidValue(name, f"{value!r} is no number from 1 on")


class _Halt(Exception):
    """Go no further."""

    def __init__(self, *, abort: bool = False) -> None:
        super().__init__()
        self.abort = abort


class Sender:
    """Sends objects to one peer.

    Args:
        dialogue: whose associations are used.
        items: paths, pydicom data sets, and objects that were examined already.
        policy: how.
        keep: leave the last association open.

    Attributes:
        entries: what was asked for, as far as it was looked at, in order, each with its verdict.
    """

    def __init__(
        self,
        dialogue: Dialogue,
        items: Iterable[Sendable | Outgoing],
        policy: Policy,
        *,
        keep: bool = False,
    ) -> None:
        self.entries: list[Entry] = []
        self._dialogue = dialogue
        self._items = items
        self._policy = policy
        self._keep = keep
        self._losses = 0

    def run(self) -> Script[None]:
        """Send all of it; yields `dimse.events`.

        Raises:
            Interrupted: the wakeup was set.
        """
        abort = self._policy.abort
        try:
            for chunk in self._chunks():
                yield from self._send_chunk(chunk)
        except _Halt as halt:
            yield from self._dialogue.end(abort=abort or halt.abort)
        else:
            if not self._keep:
                yield from self._dialogue.end(abort=abort)
        yield Done()

    def _chunks(self) -> Iterator[list[Entry]]:
        entries = map(Entry, self._items)
        # To halt at a file that can't be read, before anything is sent, takes looking at all.
        size = None if self._policy.halt else PLANNED_AT_ONCE
        while chunk := list(islice(entries, size)):
            self.entries += chunk
            yield chunk

    # ------------------------------------------------------------------------- planning --

    def _send_chunk(self, chunk: list[Entry]) -> Script[None]:
        yield from self._examine(chunk)
        good = [_Planned(each, each.outgoing) for each in chunk if each.outgoing is not None]
        if self._policy.halt and len(good) < len(chunk):
            raise _Halt
        associations = plan(
            good, base_contexts=self._policy.base_contexts, rules=self._policy.rules
        )
        yield Planned(len(good), len(associations))
        for planned in associations:
            pending = deque(each.entry for each in planned.objects)
            while pending:
                yield from self._one_association(planned.offers, pending)

    def _examine(self, chunk: Sequence[Entry]) -> Script[None]:
        """Look at files, some at a time: an event loop has them looked at in a thread."""
        for first in range(0, len(chunk), _EXAMINED_AT_ONCE):
            some = chunk[first : first + _EXAMINED_AT_ONCE]
            outcomes: list[Outcome] = yield Call(_examine_all, (some,))
            yield from outcomes

    # ---------------------------------------------------------------------- associations --

    def _one_association(
        self, offers: Sequence[ContextOffer], pending: deque[Entry]
    ) -> Script[None]:
        """Send what is pending until it is done or the association is over."""
        dialogue = self._dialogue
        before = dialogue.operations
        try:
            operations = yield from dialogue.associate(offers)
        except Interrupted:
            raise
        except DulcetError as error:
            yield NotAssociated(error)
            self._losses = 0
            yield from self._give_up(error, len(pending))
        try:
            yield from self._send_pending(operations, pending)
        except Interrupted:
            raise
        except DulcetError as error:
            # An association that was kept open may have died of old age.
            yield from self._lost(error, pending, stale=operations is before)

    def _lost(self, error: DulcetError, pending: deque[Entry], *, stale: bool) -> Script[None]:
        """The association ended while something was pending."""
        entry = pending[0]
        yield from self._dialogue.drop()
        failed = False
        if entry.verdict is Verdict.BEGUN:
            innocent = isinstance(error, ReleasedByPeer) or (stale and not self._answered)
            if innocent and not entry.again:
                entry.again = True
                entry.verdict = Verdict.NOT_SENT
            else:
                failed = True
                entry.verdict = Verdict.FAILED
                pending.popleft()
                assert entry.outgoing is not None  # it was sent
                yield Outcome.of(entry.outgoing, error=error)
        # A file that can't be read any more is no loss of the peer's.
        self._losses += not isinstance(error, SourceFailed)
        yield Lost(error, self._losses, len(pending))
        if failed and self._policy.halt:
            raise _Halt(abort=True)
        most = self._policy.max_losses
        if most is not None and self._losses >= most and pending:
            yield from self._give_up(error, len(pending))

    def _give_up(self, error: DulcetError, left: int) -> Script[None]:
        yield GivenUp(error, self._losses, left)
        raise _Halt(abort=True)

    # --------------------------------------------------------------------------- objects --

    def _send_pending(self, operations: Operations, pending: deque[Entry]) -> Script[None]:
        self._answered = False
        while pending:
            if not (yield from operations.look()):
                raise operations.lost()
            entry = pending[0]
            stored = True
            for _ in range(self._policy.repeat):
                entry.verdict = Verdict.BEGUN
                outcome = yield from self._send_one(operations, entry)
                stored = stored and outcome.stored
                if not stored and self._policy.halt:
                    break
            entry.verdict = Verdict.STORED if stored else Verdict.FAILED
            pending.popleft()
            if not stored and self._policy.halt:
                raise _Halt(abort=outcome.status is None and bool(operations.accepted))

    def _send_one(self, operations: Operations, entry: Entry) -> Script[Outcome]:
        assert entry.outgoing is not None  # the others are not planned
        policy = self._policy
        outcome = yield from operations.store(
            entry.outgoing,
            self._dialogue.clock,
            priority=policy.priority,
            move_originator=policy.move_originator,
        )
        if outcome.status is not None:
            self._losses = 0
            self._answered = True
        yield outcome
        return outcome


@dataclass(frozen=True, slots=True)
class _Planned:
    """An entry, as `plan` wants to know it."""

    entry: Entry
    outgoing: Outgoing

    @property
    def sop_class_uid(self) -> str:
        return self.outgoing.sop_class_uid

    @property
    def transfer_syntax_uid(self) -> str:
        return self.outgoing.transfer_syntax_uid


def listed(items: Sendable | Outgoing | Iterable[Sendable | Outgoing]) -> Iterable[Any]:
    """The objects that are meant: a single path, data set or examined object is one.

    Raises:
        InvalidValue: it is none of these, and nothing to iterate over.
    """
    if isinstance(items, str | os.PathLike) or _is_outgoing(items) or _is_data_set(items):
        return [items]
    if isinstance(items, bytes | bytearray) or not isinstance(items, Iterable):
        raise InvalidValue(
            "items", f"{type(items).__name__} is no path, no data set, and no series of those"
        )
    return items


def _is_outgoing(item: object) -> bool:
    return hasattr(item, "transfer_syntax_uid") and hasattr(item, "open")


def _is_data_set(item: object) -> bool:
    # Whoever has one has loaded pydicom; nobody else need load it for this question.
    module = sys.modules.get("pydicom.dataset")
    return module is not None and isinstance(item, module.Dataset)


def examined(item: Any) -> Outgoing:
    """An object that is ready to be sent, of whatever a user may name.

    Raises:
        InvalidValue: it is none of those.
        DIMSEError: as `examine`.
    """
    if _is_outgoing(item):
        outgoing: Outgoing = item
        return outgoing
    if isinstance(item, str | os.PathLike) or _is_data_set(item):
        return examine(item)
    raise InvalidValue("items", f"{item!r} is no path and no data set")


def _examine_all(entries: Sequence[Entry]) -> list[Outcome]:
    """Look at what was named; gives the outcomes of what cannot be sent."""
    outcomes = []
    for entry in entries:
        try:
            entry.outgoing = examined(entry.item)
        except DIMSEError as error:
            entry.verdict = Verdict.FAILED
            path = getattr(error, "path", None)
            outcomes.append(Outcome(path=path, name=entry.name, error=error))
    return outcomes
