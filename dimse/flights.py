"""The objects of one sender on one association: which is begun when, and what becomes of it.

Scripts, as `dimse.engine` has them, which goes from one association to the next. One object is begun when
the one before it is out, if the operations window has room and the rate allows it; the next one is opened
while the peer is busy. What an object's outcome means for those behind it is told here, too: none is begun
any more, or it is tried again after a pause.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from dimse.dialogue import Dialogue
from dimse.errors import JournalFailed
from dimse.events import GivenUp, Responded, Retrying
from dimse.objects.outgoing import Outgoing
from dimse.outcome import Outcome
from dimse.policy import Policy
from dimse.retry import Retry, is_out_of_resources
from dimse.roster import Roster, Task, Unwritten
from dimse.scu import Operations
from dimse.stores import Stores, Storing
from dimse.tables.status import SUCCESS
from dul.conversations import Call, Meanwhile, Pause, Script
from dul.errors import DulcetError, Interrupted
from dul.values import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Final

__all__ = ["Flight", "Flights", "Halt", "NoMore"]


_DOZE: Final = 1.0
"""Seconds: so often a sender that pauses looks whether the others have stopped."""


_IDLE: Final = 10.0
"""Seconds: no association is kept open longer than that without a word, only to keep to a rate."""


class Halt(Exception):
    """Go no further."""

    def __init__(self, *, abort: bool = False) -> None:
        super().__init__()
        self.abort = abort


class NoMore(Exception):
    """Whoever was to say what else to send has failed."""

    def __init__(self, error: DulcetError) -> None:
        super().__init__(str(error))
        self.error = error


class Flight:
    """A task on its way."""

    __slots__ = ("storing", "task")

    def __init__(self, task: Task, storing: Storing) -> None:
        self.task = task
        self.storing = storing


class Flights:
    """What one sender has taken of a roster and not brought to its end.

    Args:
        dialogue: whose associations are used.
        roster: where it is taken from.
        policy: how it is sent.

    Attributes:
        waiting: tasks that were taken, and are not on their way.
        on_their_way: the others, in the order in which they were begun.
        answered: the association has had a response.
        halt: go no further as soon as nothing is on its way.
        troubles: in a row, without an object that was stored.
        refused: associations in a row that were not to be had, or good for nothing.
        pause: seconds, before the next association.
    """

    def __init__(self, dialogue: Dialogue, roster: Roster, policy: Policy) -> None:
        self._dialogue = dialogue
        self._roster = roster
        self._policy = policy
        self.waiting: deque[Task] = deque()
        self.on_their_way: list[Flight] = []
        self.answered = False
        self.halt: Halt | None = None
        self.troubles = 0
        self.refused = 0
        self.pause = 0.0

    def send_on(self, stores: Stores) -> Script[None]:
        """Send what there is for this association."""
        self.answered = False
        while True:
            yield from self._send_usual(stores)
            task = yield from self._next(stores.operations)
            if task is not None:
                yield from self._begin(stores, task)
            elif self.on_their_way:
                yield from self._settle(stores)
            elif self.halt is not None:
                raise self.halt
            else:
                return

    def _send_usual(self, stores: Stores) -> Script[None]:
        """The usual case of `send_on`: one object on its way at a time, the next one open meanwhile,
        and of each no more to be said than that it is stored.

        It comes back where that is not so, before it has begun with what is otherwise.
        """
        flights, roster, operations = self.on_their_way, self._roster, stores.operations
        meanwhile = Meanwhile(lambda: self._open_kept(stores))
        while not flights:
            flight = self._begin_usual(stores)
            if flight is None:
                return
            flights.append(flight)
            storing = flight.storing
            if storing.kept:
                yield from operations.settle(storing.operation, meanwhile)
            elif (yield from stores.settle((storing,), more=True)) is None:
                yield from self._open_next(stores)
                yield from stores.settle((storing,))
            flights.clear()
            outcome = stores.conclude(storing)
            if outcome.status == SUCCESS and roster.page is None:
                # No trouble, no loss has to be thought of any more.
                roster.losses = self.refused = self.troubles = 0
                self.answered = True
                roster.finish(flight.task, stored=True)
                yield outcome
            else:
                yield from self._judge(flight, outcome)

    def _begin_usual(self, stores: Stores) -> Flight | None:
        """Begin the next object, if that is as simple as can be."""
        policy, waiting = self._policy, self.waiting
        if (
            self.pause
            or self.halt is not None
            or self._roster.stopped
            or policy.rate
            or policy.details
            or stores.operations.window != 1
        ):
            return None
        if not waiting:
            at_hand = self._roster.at_hand()
            if at_hand is None:
                return None
            waiting.append(at_hand)
        task = waiting[0]
        # What is open has been found to have its contexts on this association (`_next_at_hand`).
        if not stores.has_opened(task.outgoing) and not (
            self._dialogue.serves(task.need.offers) and stores.ahead_kept(task.outgoing)
        ):
            return None
        storing = stores.begin_opened(task.outgoing, task.attempts + 1)
        if storing is None:
            return None
        waiting.popleft()
        self._roster.begin(task)
        task.attempts += 1
        return Flight(task, storing)

    def _next(self, operations: Operations) -> Script[Task | None]:
        """What to begin now, if anything."""
        flights = self.on_their_way
        if flights and not self._has_room(operations):
            return None
        if self._roster.stopped or self.pause:
            return None
        if self._roster.wait_for_turn() > 0 and (
            flights or not (yield from self.wait_for_turn(operations))
        ):
            return None
        task = self.waiting.popleft() if self.waiting else (yield from self.take())
        if task is None:
            return None
        if (task.alone and flights) or not self._dialogue.serves(task.need.offers):
            self.waiting.appendleft(task)
            return None
        return task

    def wait_for_turn(self, operations: Operations | None) -> Script[bool]:
        """Until the rate allows the next object; False: not on this association."""
        roster = self._roster
        while (wait := roster.wait_for_turn()) > 0 and not roster.stopped:
            if operations is not None:
                if wait > _IDLE:
                    yield from self._dialogue.end()
                    return False
                if not (yield from operations.look()):
                    raise operations.lost()
            yield Pause(min(wait, _DOZE))
        return not roster.stopped

    def wait_out(self) -> Script[None]:
        """Until it is time for the next association."""
        pause, self.pause = self.pause, 0.0
        yield from self._dialogue.end()
        while pause > 0 and not self._roster.stopped:
            yield Pause(min(pause, _DOZE))
            pause -= _DOZE

    def _has_room(self, operations: Operations) -> bool:
        """Whether another one may be begun beside those that are on their way."""
        last = self.on_their_way[-1]
        return (
            len(self.on_their_way) < operations.window
            and not last.task.alone
            and last.storing.operation.is_out(operations.association)
        )

    def _begin(self, stores: Stores, task: Task) -> Script[None]:
        self._roster.begin(task)
        try:
            storing = yield from stores.begin(task.outgoing, attempts=task.attempts + 1)
        except Interrupted:
            raise
        except DulcetError:
            self._roster.withdraw(task)  # nothing of it was sent
            self.waiting.appendleft(task)
            raise
        task.attempts += 1
        if isinstance(storing, Storing):
            self.on_their_way.append(Flight(task, storing))
        else:
            yield from self.told(task, storing, abort=bool(stores.operations.accepted))

    def _settle(self, stores: Stores) -> Script[None]:
        """Wait for one of those that are on their way; when they are out, open the next one."""
        flights, last = self.on_their_way, self.on_their_way[-1]
        on_its_way = not last.storing.operation.is_out(stores.operations.association)
        more = on_its_way and not (last.task.alone or self._roster.stopped)
        storing = yield from stores.settle([each.storing for each in flights], more=more)
        if storing is None:
            if len(flights) >= stores.operations.window:
                yield from self._open_next(stores)
            return
        for flight in flights:
            if flight.storing is storing:
                flights.remove(flight)
                yield from self.conclude(stores, flight)
                return

    def _open_next(self, stores: Stores) -> Script[None]:
        """While the peer is busy: what is known to be next, and can be sent on this association."""
        outgoing = self._next_at_hand()
        if outgoing is not None:
            yield from stores.ahead(outgoing)

    def _open_kept(self, stores: Stores) -> None:
        """The usual case of `_open_next`: it is in memory, and nobody need wait for it."""
        outgoing = self._next_at_hand()
        if outgoing is not None:
            stores.ahead_kept(outgoing)

    def _next_at_hand(self) -> Outgoing | None:
        """What is known to be next, if it can be sent on this association.

        Of several senders none takes an object that it can't begin: another one could.
        """
        waiting = self.waiting
        if not waiting and self._policy.associations == 1:
            task = self._roster.at_hand()
            if task is None:
                return None
            waiting.append(task)
        if waiting and self._dialogue.serves(waiting[0].need.offers):
            return waiting[0].outgoing
        return None

    def conclude(self, stores: Stores, flight: Flight) -> Script[None]:
        """It has its response."""
        yield from self._judge(flight, stores.conclude(flight.storing))

    def _judge(self, flight: Flight, outcome: Outcome) -> Script[None]:
        """It has its outcome: whether that is the last word, and what it means for the others."""
        response = flight.storing.operation.final
        if outcome.status is not None:
            self._roster.losses = 0
            self.refused = 0
            self.answered = True
        task, retry = flight.task, self._policy.retry
        full = is_out_of_resources(outcome.status)
        responded = []
        if self._policy.details and response is not None:
            responded.append(Responded(response))
        if retry is not None and full and task.retries < retry.times:
            task.retries += 1
            self._roster.withdraw(task)
            self.waiting.appendleft(task)
            assert outcome.status is not None  # it says so
            yield from responded
            yield self.again(retry, outcome.status, [task], task.retries)
            return
        if outcome.stored:
            self.troubles = 0
        yield from self.told(task, outcome, *responded, abort=outcome.status is None)

    def told(
        self, task: Task, outcome: Outcome, *before: Responded, abort: bool = True
    ) -> Script[None]:
        """It has its outcome: written down first, then told."""
        roster = self._roster
        failed: JournalFailed | None = None
        if roster.page is not None:
            try:
                yield Call(roster.page.record, (task.outgoing, outcome))
            except JournalFailed as error:
                failed = error
        roster.finish(task, stored=outcome.stored)
        yield from before
        yield outcome
        if not outcome.stored and self._policy.halt:
            roster.stop()
            self.halt = self.halt or Halt(abort=abort)
        if failed is not None:
            yield from self._stop(failed)

    def again(
        self, retry: Retry, cause: DulcetError | int, tasks: Sequence[Task], tried: int
    ) -> Retrying:
        """Pause before the next association, and what to tell of it."""
        self.troubles += 1
        self.pause = retry.delay(self.troubles)
        return Retrying(
            cause,
            tuple(each.outgoing.name for each in tasks),
            seconds=self.pause,
            attempt=tried + 1,
            attempts=retry.times + 1,
        )

    def take(self) -> Script[Task | None]:
        """The next task of the roster's, if it has one."""
        try:
            return (yield from self._roster.next())
        except Unwritten as unwritten:
            yield from self._stop(unwritten.error)
            return None
        except Interrupted:
            raise
        except DulcetError as error:
            raise NoMore(error) from error

    def _stop(self, error: JournalFailed) -> Script[None]:
        """Begin nothing more, since it could not be written down."""
        self.halt = self.halt or Halt()
        if not self._roster.stopped:
            self._roster.stop()
            yield GivenUp(error, 0, self._roster.left)
