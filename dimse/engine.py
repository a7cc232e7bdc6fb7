"""The one way in which objects are sent: associate, send, resume, count losses, release.

A script that both faces play (`dul.conversations.Script`); its events are in `dimse.events`, what is
sent comes from a `Roster`. Here is what goes on from one association to the next; the objects on one of
them are in `dimse.flights`. What is policy and not protocol:

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

from collections.abc import Sequence

from dimse.dialogue import Dialogue
from dimse.errors import ReleasedByPeer
from dimse.events import Done, GivenUp, Lost, NotAssociated
from dimse.flights import Flight, Flights, Halt, NoMore
from dimse.outcome import Outcome
from dimse.policy import Policy
from dimse.retry import may_pass
from dimse.roster import Entry, Roster, Task, Verdict
from dimse.scu import Operations
from dimse.stores import Stores
from dul.conversations import Script
from dul.errors import DulcetError, Interrupted, SourceFailed

__all__ = [
    "Entry",
    "Policy",
    "Roster",
    "Sender",
    "Verdict",
]


class _GiveWay(Exception):
    """Leave what there is to do to the other senders."""


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
        self._flights = Flights(dialogue, roster, policy)
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
        except NoMore as no_more:
            raise no_more.error from None
        except Halt as halt:
            roster.stop()
            yield from dialogue.end(abort=abort or halt.abort)
        finally:
            for flight in self._flights.on_their_way:
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
                yield from self._flights.send_on(stores)
            except Interrupted:
                raise
            except DulcetError as error:
                # An association that was kept open may have died of old age.
                yield from self._lost(stores, error, stale=operations is before)
            finally:
                stores.close()

    def _has_task(self) -> Script[bool]:
        """Whether there is something to be sent, and it is time to."""
        if self._flights.pause:
            yield from self._flights.wait_out()
        if not self._flights.waiting and not self._roster.stopped:
            task = yield from self._flights.take()
            if task is not None:
                self._flights.waiting.append(task)
        if self._dialogue.operations is None and self._flights.waiting:
            yield from self._flights.wait_for_turn(None)
        if self._flights.halt is not None:
            raise self._flights.halt
        return bool(self._flights.waiting) and not self._roster.stopped

    # ---------------------------------------------------------------------- associations --

    def _associate(self) -> Script[Operations | None]:
        """Have an association; None: there is none now, but there may be."""
        roster, need = self._roster, self._flights.waiting[0].need
        try:
            operations = yield from self._dialogue.associate(need.proposal.offers, need.offers)
        except Interrupted:
            raise
        except DulcetError as error:
            retry = self._policy.retry
            if retry is not None and may_pass(error) and self._flights.refused < retry.times:
                self._flights.refused += 1
                yield self._flights.again(retry, error, (), self._flights.refused)
                return None
            roster.at_work -= 1
            if roster.at_work:  # they look for work once more before they leave
                roster.give_back(self._flights.waiting)
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
        raise Halt(abort=True)

    def _lost(self, stores: Stores, error: DulcetError, *, stale: bool) -> Script[None]:
        """The association ended while something was pending."""
        roster, association = self._roster, stores.operations.association
        flights, self._flights.on_their_way = self._flights.on_their_way, []
        unanswered = []
        for flight in flights:
            if flight.storing.operation.is_answered(association):
                yield from self._flights.conclude(stores, flight)
            else:
                flight.storing.close()
                unanswered.append(flight)
        yield from self._dialogue.drop()
        again = yield from self._sort_out(unanswered, error, stale=stale)
        retry = self._policy.retry
        tried = max((task.retries for task in again), default=0)
        if retry is not None and not unanswered and may_pass(error):
            self._flights.refused += 1  # an association that was good for nothing
            tried = self._flights.refused if self._flights.refused <= retry.times else 0
        # A file that can't be read any more is no loss of the peer's.
        roster.losses += not (isinstance(error, SourceFailed) or tried)
        yield Lost(error, roster.losses, roster.left)
        if self._flights.halt is not None:
            raise Halt(abort=True)
        if retry is not None and tried:
            yield self._flights.again(retry, error, again, tried)
        most = 1 if self._policy.single else self._policy.max_losses
        if most is not None and roster.losses >= most and roster.left:
            yield from self._give_up(error)

    def _sort_out(
        self, lost: Sequence[Flight], error: DulcetError, *, stale: bool
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
                yield from self._flights.told(task, failed)
        for task in back:
            self._roster.withdraw(task)
        self._flights.waiting.extendleft(reversed(back))
        return retried

    def _is_spared(
        self, flight: Flight, lost: Sequence[Flight], error: DulcetError, *, stale: bool
    ) -> bool:
        """Whether an object is tried once more in any case, as it need not be to blame."""
        task = flight.task
        if isinstance(error, SourceFailed):
            # The last one could not be read; those before it are out.
            return flight is not lost[-1]
        if len(lost) > 1:
            task.alone = True
            return True
        if task.again or not (
            isinstance(error, ReleasedByPeer) or (stale and not self._flights.answered)
        ):
            return False
        task.again = True
        return True
