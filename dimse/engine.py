"""The one way in which objects are sent: associate, send, resume, count losses, release.

A script that both faces play (`dul.conversations.Script`); its events are in `dimse.events`, what is
sent comes from a `Roster`. What is policy here and not protocol:

- An association that ends in between is no reason to stop: what was confirmed is confirmed, the
  object that was on its way has failed, and those behind it go on a new association. The peer may
  also release between two objects, or before it answers one; that one is tried once more.
- Of several objects that were on their way together nobody knows whose fault the end was: each is
  tried once more, alone.
- It is given up where no association is to be had, and where `max_losses` of them in a row were
  lost without a single response.
- An object counts as stored only if every byte of it left and its response is success or warning.
"""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

from dimse.dialogue import Dialogue
from dimse.errors import ReleasedByPeer
from dimse.events import Done, GivenUp, Lost, NotAssociated
from dimse.outcome import Outcome
from dimse.policy import How, Policy
from dimse.roster import Asked, Entry, Roster, Task, Verdict, examined, listed
from dimse.scu import Operations, Storing
from dul.conversations import Script
from dul.errors import DulcetError, Interrupted, SourceFailed

__all__ = [
    "Asked",
    "Entry",
    "How",
    "Policy",
    "Roster",
    "Sender",
    "Verdict",
    "examined",
    "listed",
]


class _Halt(Exception):
    """Go no further."""

    def __init__(self, *, abort: bool = False) -> None:
        super().__init__()
        self.abort = abort


class _Flight(NamedTuple):
    """A task on its way."""

    task: Task
    storing: Storing


class Sender:
    """Sends objects to one peer, on one association after the other.

    Args:
        dialogue: whose associations are used.
        roster: what to send.
        policy: how.
        keep: leave the last association open.
    """

    def __init__(
        self, dialogue: Dialogue, roster: Roster, policy: Policy, *, keep: bool = False
    ) -> None:
        self._dialogue = dialogue
        self._roster = roster
        self._policy = policy
        self._keep = keep
        self._mine: deque[Task] = deque()  # taken from the roster, and not on its way
        self._flights: list[_Flight] = []
        self._answered = False
        self._halt: _Halt | None = None  # as soon as nothing is on its way

    def run(self) -> Script[None]:
        """Send all of it; yields `dimse.events`.

        Raises:
            Interrupted: the wakeup was set.
        """
        abort = self._policy.abort
        try:
            yield from self._work()
        except _Halt as halt:
            self._roster.stop()
            yield from self._dialogue.end(abort=abort or halt.abort)
        else:
            if not self._keep or self._roster.halted:
                yield from self._dialogue.end(abort=abort)
        finally:
            for flight in self._flights:
                flight.storing.close()
        yield Done()

    def _work(self) -> Script[None]:
        while True:
            if not self._mine:
                task = yield from self._roster.next()
                if task is None:
                    return
                self._mine.append(task)
            before = self._dialogue.operations
            operations = yield from self._associate()
            try:
                yield from self._send_on(operations)
            except Interrupted:
                raise
            except DulcetError as error:
                # An association that was kept open may have died of old age.
                yield from self._lost(error, stale=operations is before)

    # ---------------------------------------------------------------------- associations --

    def _associate(self) -> Script[Operations]:
        need = self._mine[0].need
        try:
            return (yield from self._dialogue.associate(need.proposal.offers, need.offers))
        except Interrupted:
            raise
        except DulcetError as error:
            yield NotAssociated(error)
            self._roster.losses = 0
            yield GivenUp(error, 0, self._roster.left)
            raise _Halt(abort=True) from error

    def _lost(self, error: DulcetError, *, stale: bool) -> Script[None]:
        """The association ended while something was pending."""
        roster, association = self._roster, self._dialogue.operations
        flights, self._flights = self._flights, []
        unanswered = []
        for flight in flights:
            assert association is not None  # there is nothing on its way without one
            if flight.storing.operation.is_answered(association.association):
                yield from self._conclude(flight)
            else:
                flight.storing.close()
                unanswered.append(flight)
        yield from self._dialogue.drop()
        spared = [each for each in unanswered if self._is_spared(each, unanswered, error, stale)]
        self._mine.extendleft(flight.task for flight in reversed(spared))
        for flight in spared:
            roster.withdraw(flight.task)
        for task, storing in unanswered:
            if not any(task is each.task for each in spared):
                yield from self._told(
                    task, Outcome.of(storing.outgoing, error=error, attempts=storing.attempts)
                )
        # A file that can't be read any more is no loss of the peer's.
        roster.losses += not isinstance(error, SourceFailed)
        yield Lost(error, roster.losses, roster.left)
        if self._halt is not None:
            raise _Halt(abort=True)
        most = self._policy.max_losses
        if most is not None and roster.losses >= most and roster.left:
            yield GivenUp(error, roster.losses, roster.left)
            raise _Halt(abort=True)

    def _is_spared(
        self, flight: _Flight, all_lost: list[_Flight], error: DulcetError, stale: bool
    ) -> bool:
        """Whether an object that was lost with its association is tried once more."""
        task = flight.task
        if isinstance(error, SourceFailed):
            # The last one could not be read; those before it are out.
            return flight is not all_lost[-1]
        if len(all_lost) > 1:
            task.alone = True
            return True
        if task.again or not (isinstance(error, ReleasedByPeer) or (stale and not self._answered)):
            return False
        task.again = True
        return True

    # --------------------------------------------------------------------------- objects --

    def _send_on(self, operations: Operations) -> Script[None]:
        """Send what there is for this association."""
        self._answered = False
        while True:
            task = yield from self._next(operations)
            if task is not None:
                yield from self._begin(operations, task)
            elif self._flights:
                yield from self._settle(operations)
            elif self._halt is not None:
                raise self._halt
            else:
                return

    def _next(self, operations: Operations) -> Script[Task | None]:
        """What to begin now, if anything."""
        flights = self._flights
        if flights and not self._has_room(operations):
            return None
        if self._roster.stopped:
            return None
        task = self._mine.popleft() if self._mine else (yield from self._roster.next())
        if task is None:
            return None
        if (task.alone and flights) or not self._dialogue.serves(task.need.offers):
            self._mine.appendleft(task)
            return None
        return task

    def _has_room(self, operations: Operations) -> bool:
        """Whether another one may be begun beside those that are on their way."""
        last = self._flights[-1]
        return (
            len(self._flights) < operations.window
            and not last.task.alone
            and last.storing.operation.is_out(operations.association)
        )

    def _begin(self, operations: Operations, task: Task) -> Script[None]:
        policy = self._policy
        self._roster.begin(task)
        try:
            storing = yield from operations.begin_store(
                task.outgoing,
                self._dialogue.clock,
                priority=policy.priority,
                move_originator=policy.move_originator,
                attempts=task.attempts + 1,
            )
        except Interrupted:
            raise
        except DulcetError:
            self._roster.withdraw(task)  # nothing of it was sent
            self._mine.appendleft(task)
            raise
        task.attempts += 1
        if isinstance(storing, Storing):
            self._flights.append(_Flight(task, storing))
        else:
            yield from self._told(task, storing, abort=bool(operations.accepted))

    def _settle(self, operations: Operations) -> Script[None]:
        """Wait for one of those that are on their way."""
        flights, last = self._flights, self._flights[-1]
        more = (
            len(flights) < operations.window
            and not (last.task.alone or self._roster.stopped)
            and not last.storing.operation.is_out(operations.association)
        )
        storing = yield from operations.settle([each.storing for each in flights], more=more)
        for flight in flights:
            if flight.storing is storing:
                flights.remove(flight)
                yield from self._conclude(flight)
                return

    def _conclude(self, flight: _Flight) -> Script[None]:
        """It has its response."""
        operations = self._dialogue.operations
        assert operations is not None  # whose it is
        outcome = yield from operations.finish_store(flight.storing, self._dialogue.clock)
        if outcome.status is not None:
            self._roster.losses = 0
            self._answered = True
        yield from self._told(flight.task, outcome, abort=outcome.status is None)

    def _told(self, task: Task, outcome: Outcome, *, abort: bool = True) -> Script[None]:
        """It has its outcome."""
        self._roster.finish(task, stored=outcome.stored)
        yield outcome
        if not outcome.stored and self._policy.halt:
            self._roster.stop()
            self._halt = self._halt or _Halt(abort=abort)
