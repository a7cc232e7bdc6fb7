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
- With `retry` the object that was on its way is tried again after a pause, and so are an association
  that is not to be had for now, and an object for which the peer has no room.
- Several senders may share a roster. One that gets no association leaves its work to the others.
- An object counts as stored only if every byte of it left and its response is success or warning.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from dimse.dialogue import Dialogue
from dimse.errors import JournalFailed, ReleasedByPeer
from dimse.events import Done, GivenUp, Lost, NotAssociated, Responded, Retrying
from dimse.objects.outgoing import Outgoing
from dimse.outcome import Outcome
from dimse.policy import Policy
from dimse.retry import Retry, is_out_of_resources, may_pass
from dimse.roster import Asked, Entry, Roster, Task, Unwritten, Verdict, examined, listed
from dimse.scu import Operations
from dimse.stores import Stores, Storing
from dimse.tables.status import SUCCESS
from dul.conversations import Call, Meanwhile, Pause, Script
from dul.errors import DulcetError, Interrupted, SourceFailed
from dul.values import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Final

__all__ = [
    "Asked",
    "Entry",
    "Policy",
    "Roster",
    "Sender",
    "Verdict",
    "examined",
    "listed",
]


_DOZE: Final = 1.0
"""Seconds: so often a sender that pauses looks whether the others have stopped."""


_IDLE: Final = 10.0
"""Seconds: no association is kept open longer than that without a word, only to keep to a rate."""


class _Halt(Exception):
    """Go no further."""

    def __init__(self, *, abort: bool = False) -> None:
        super().__init__()
        self.abort = abort


class _NoMore(Exception):
    """Whoever was to say what else to send has failed."""

    def __init__(self, error: DulcetError) -> None:
        super().__init__(str(error))
        self.error = error


class _GiveWay(Exception):
    """Leave what there is to do to the other senders."""


class _Flight:
    """A task on its way."""

    __slots__ = ("storing", "task")

    def __init__(self, task: Task, storing: Storing) -> None:
        self.task = task
        self.storing = storing


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
        self._troubles = 0  # in a row, without an object that was stored
        self._refused = 0  # associations in a row
        self._pause = 0.0  # seconds, before the next association
        roster.at_work += 1
        roster.present += 1

    def run(self) -> Script[None]:
        """Send all of it; yields `dimse.events`.

        Raises:
            Interrupted: the wakeup was set.
            DulcetError: of the iterator that says what to send.
        """
        roster, dialogue, abort = self._roster, self._dialogue, self._policy.abort
        try:
            while True:
                yield from self._work()
                if not self._keep or roster.halted:
                    yield from dialogue.end(abort=abort)
                # Meanwhile another one may have left its work to us.
                if not roster.has_work:
                    roster.at_work -= 1
                    break
        except _GiveWay:
            pass
        except _NoMore as no_more:
            raise no_more.error from None
        except _Halt as halt:
            roster.stop()
            yield from dialogue.end(abort=abort or halt.abort)
        finally:
            for flight in self._flights:
                flight.storing.close()
        roster.present -= 1
        if not roster.present:
            yield Done()

    def _work(self) -> Script[None]:
        while (yield from self._has_task()):
            before = self._dialogue.operations
            operations = yield from self._associate()
            if operations is None:
                continue
            policy = self._policy
            stores = Stores(
                operations,
                self._dialogue.clock,
                priority=policy.priority,
                move_originator=policy.move_originator,
                details=policy.details,
            )
            try:
                yield from self._send_on(stores)
            except Interrupted:
                raise
            except DulcetError as error:
                # An association that was kept open may have died of old age.
                yield from self._lost(stores, error, stale=operations is before)
            finally:
                stores.close()

    def _has_task(self) -> Script[bool]:
        """Whether there is something to be sent, and it is time to."""
        if self._pause:
            yield from self._wait_out()
        if not self._mine and not self._roster.stopped:
            task = yield from self._take()
            if task is not None:
                self._mine.append(task)
        if self._dialogue.operations is None and self._mine:
            yield from self._wait_for_turn(None)
        if self._halt is not None:
            raise self._halt
        return bool(self._mine) and not self._roster.stopped

    def _wait_out(self) -> Script[None]:
        """Until it is time to try again."""
        pause, self._pause = self._pause, 0.0
        yield from self._dialogue.end()
        while pause > 0 and not self._roster.stopped:
            yield Pause(min(pause, _DOZE))
            pause -= _DOZE

    # ---------------------------------------------------------------------- associations --

    def _associate(self) -> Script[Operations | None]:
        """Have an association; None: there is none now, but there may be."""
        roster, need = self._roster, self._mine[0].need
        try:
            operations = yield from self._dialogue.associate(need.proposal.offers, need.offers)
        except Interrupted:
            raise
        except DulcetError as error:
            retry = self._policy.retry
            if retry is not None and may_pass(error) and self._refused < retry.times:
                self._refused += 1
                yield self._again(retry, error, (), self._refused)
                return None
            roster.at_work -= 1
            if roster.at_work:  # they look for work once more before they leave
                roster.give_back(self._mine)
                yield NotAssociated(error, roster.at_work)
                raise _GiveWay from error
            yield NotAssociated(error)
            roster.losses = 0
            yield from self._give_up(error)
            return None
        return operations

    def _give_up(self, error: DulcetError) -> Script[None]:
        """Leave what is left; who is the first to do so says it."""
        roster = self._roster
        if not roster.stopped:
            roster.stop()
            yield GivenUp(error, roster.losses, roster.left)
        raise _Halt(abort=True)

    def _again(
        self, retry: Retry, cause: DulcetError | int, tasks: Sequence[Task], tried: int
    ) -> Retrying:
        """Pause before the next association, and what to tell of it."""
        self._troubles += 1
        self._pause = retry.delay(self._troubles)
        return Retrying(
            cause,
            tuple(each.outgoing.name for each in tasks),
            seconds=self._pause,
            attempt=tried + 1,
            attempts=retry.times + 1,
        )

    def _lost(self, stores: Stores, error: DulcetError, *, stale: bool) -> Script[None]:
        """The association ended while something was pending."""
        roster, association = self._roster, stores.operations.association
        flights, self._flights = self._flights, []
        unanswered = []
        for flight in flights:
            if flight.storing.operation.is_answered(association):
                yield from self._conclude(stores, flight)
            else:
                flight.storing.close()
                unanswered.append(flight)
        yield from self._dialogue.drop()
        again = yield from self._sort_out(unanswered, error, stale=stale)
        retry = self._policy.retry
        tried = max((task.retries for task in again), default=0)
        if retry is not None and not unanswered and may_pass(error):
            self._refused += 1  # an association that was good for nothing
            tried = self._refused if self._refused <= retry.times else 0
        # A file that can't be read any more is no loss of the peer's.
        roster.losses += not (isinstance(error, SourceFailed) or tried)
        yield Lost(error, roster.losses, roster.left)
        if self._halt is not None:
            raise _Halt(abort=True)
        if retry is not None and tried:
            yield self._again(retry, error, again, tried)
        most = 1 if self._policy.single else self._policy.max_losses
        if most is not None and roster.losses >= most and roster.left:
            yield from self._give_up(error)

    def _sort_out(
        self, lost: Sequence[_Flight], error: DulcetError, *, stale: bool
    ) -> Script[list[Task]]:
        """What becomes of objects that were lost with their association.

        Returns:
            Those that are tried again because of `Policy.retry`.
        """
        retry = self._policy.retry
        back: list[Task] = []
        retried: list[Task] = []
        for flight in lost:
            task, storing = flight.task, flight.storing
            if self._is_spared(flight, lost, error, stale=stale):
                back.append(task)
            elif retry is not None and may_pass(error) and task.retries < retry.times:
                task.retries += 1
                retried.append(task)
                back.append(task)
            else:
                failed = Outcome.of(storing.outgoing, error=error, attempts=storing.attempts)
                yield from self._told(task, failed)
        for task in back:
            self._roster.withdraw(task)
        self._mine.extendleft(reversed(back))
        return retried

    def _is_spared(
        self, flight: _Flight, lost: Sequence[_Flight], error: DulcetError, *, stale: bool
    ) -> bool:
        """Whether an object is tried once more in any case, as it need not be to blame."""
        task = flight.task
        if isinstance(error, SourceFailed):
            # The last one could not be read; those before it are out.
            return flight is not lost[-1]
        if len(lost) > 1:
            task.alone = True
            return True
        if task.again or not (isinstance(error, ReleasedByPeer) or (stale and not self._answered)):
            return False
        task.again = True
        return True

    # --------------------------------------------------------------------------- objects --

    def _send_on(self, stores: Stores) -> Script[None]:
        """Send what there is for this association."""
        self._answered = False
        while True:
            yield from self._send_usual(stores)
            task = yield from self._next(stores.operations)
            if task is not None:
                yield from self._begin(stores, task)
            elif self._flights:
                yield from self._settle(stores)
            elif self._halt is not None:
                raise self._halt
            else:
                return

    def _send_usual(self, stores: Stores) -> Script[None]:
        """The usual case of `_send_on`: one object on its way at a time, the next one open meanwhile,
        and of each no more to be said than that it is stored.

        It comes back where that is not so, before it has begun with what is otherwise.
        """
        flights, roster, operations = self._flights, self._roster, stores.operations
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
                roster.losses = self._refused = self._troubles = 0
                self._answered = True
                roster.finish(flight.task, stored=True)
                yield outcome
            else:
                yield from self._judge(flight, outcome)

    def _begin_usual(self, stores: Stores) -> _Flight | None:
        """Begin the next object, if that is as simple as can be."""
        policy, mine = self._policy, self._mine
        if (
            self._pause
            or self._halt is not None
            or self._roster.stopped
            or policy.rate
            or policy.details
            or stores.operations.window != 1
        ):
            return None
        if not mine:
            at_hand = self._roster.at_hand()
            if at_hand is None:
                return None
            mine.append(at_hand)
        task = mine[0]
        # What is open has been found to have its contexts on this association (`_next_at_hand`).
        if not stores.has_opened(task.outgoing) and not (
            self._dialogue.serves(task.need.offers) and stores.ahead_kept(task.outgoing)
        ):
            return None
        storing = stores.begin_opened(task.outgoing, task.attempts + 1)
        if storing is None:
            return None
        mine.popleft()
        self._roster.begin(task)
        task.attempts += 1
        return _Flight(task, storing)

    def _next(self, operations: Operations) -> Script[Task | None]:
        """What to begin now, if anything."""
        flights = self._flights
        if flights and not self._has_room(operations):
            return None
        if self._roster.stopped or self._pause:
            return None
        if self._roster.wait_for_turn() > 0 and (
            flights or not (yield from self._wait_for_turn(operations))
        ):
            return None
        task = self._mine.popleft() if self._mine else (yield from self._take())
        if task is None:
            return None
        if (task.alone and flights) or not self._dialogue.serves(task.need.offers):
            self._mine.appendleft(task)
            return None
        return task

    def _wait_for_turn(self, operations: Operations | None) -> Script[bool]:
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

    def _has_room(self, operations: Operations) -> bool:
        """Whether another one may be begun beside those that are on their way."""
        last = self._flights[-1]
        return (
            len(self._flights) < operations.window
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
            self._mine.appendleft(task)
            raise
        task.attempts += 1
        if isinstance(storing, Storing):
            self._flights.append(_Flight(task, storing))
        else:
            yield from self._told(task, storing, abort=bool(stores.operations.accepted))

    def _settle(self, stores: Stores) -> Script[None]:
        """Wait for one of those that are on their way; when they are out, open the next one."""
        flights, last = self._flights, self._flights[-1]
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
                yield from self._conclude(stores, flight)
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
        mine = self._mine
        if not mine and self._policy.associations == 1:
            task = self._roster.at_hand()
            if task is None:
                return None
            mine.append(task)
        if mine and self._dialogue.serves(mine[0].need.offers):
            return mine[0].outgoing
        return None

    def _conclude(self, stores: Stores, flight: _Flight) -> Script[None]:
        """It has its response."""
        yield from self._judge(flight, stores.conclude(flight.storing))

    def _judge(self, flight: _Flight, outcome: Outcome) -> Script[None]:
        """It has its outcome: whether that is the last word, and what it means for the others."""
        response = flight.storing.operation.final
        if outcome.status is not None:
            self._roster.losses = 0
            self._refused = 0
            self._answered = True
        task, retry = flight.task, self._policy.retry
        full = is_out_of_resources(outcome.status)
        responded = []
        if self._policy.details and response is not None:
            responded.append(Responded(response))
        if retry is not None and full and task.retries < retry.times:
            task.retries += 1
            self._roster.withdraw(task)
            self._mine.appendleft(task)
            assert outcome.status is not None  # it says so
            yield from responded
            yield self._again(retry, outcome.status, [task], task.retries)
            return
        if outcome.stored:
            self._troubles = 0
        yield from self._told(task, outcome, *responded, abort=outcome.status is None)

    def _told(
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
            self._halt = self._halt or _Halt(abort=abort)
        if failed is not None:
            yield from self._stop(failed)

    def _take(self) -> Script[Task | None]:
        """The next task of the roster's, if it has one."""
        try:
            return (yield from self._roster.next())
        except Unwritten as unwritten:
            yield from self._stop(unwritten.error)
            return None
        except Interrupted:
            raise
        except DulcetError as error:
            raise _NoMore(error) from error

    def _stop(self, error: JournalFailed) -> Script[None]:
        """Begin nothing more, since it could not be written down."""
        self._halt = self._halt or _Halt()
        if not self._roster.stopped:
            self._roster.stop()
            yield GivenUp(error, 0, self._roster.left)
