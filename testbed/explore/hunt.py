"""The hunt: sequence after sequence until time or number are used up; each new departure is shortened at once."""

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from .. import catalogue
from ..clock import Clock
from ..engine import play
from ..launch import Process, expand, wait_for_port
from ..liveness import probe
from ..matrix import ROLE_LETTER
from ..observe import LogEntry
from ..results import wire_rows
from ..trial import Trial
from . import causes
from .causes import cause_of
from .ledger import Find, Ledger
from .sequence import WAITS, Sequence, Step, heard
from .session import Busy, Departure, Patience, Session, Unreachable, last_word
from .shrink import shortest

#: Times a sequence is played again; its departure must show in all of them but one.
CONFIRM = 3
#: Seconds beyond the end in which what was found may still be shortened.
GRACE = 30.0
#: Seconds for the header alone, where a reset may have hidden an answer.
PACED = 0.3
_START = 20.0


class Ended(Exception):
    """The product is gone and cannot be brought back: the exploration ends here."""


@dataclass(frozen=True, slots=True)
class Budget:
    """How long to go on: seconds (0: no limit), sequences (0: no limit), steps of a sequence."""

    seconds: float = 0.0
    sequences: int = 0
    steps: int = 12


@dataclass(slots=True)
class Played:
    """What one playing of a sequence showed."""

    departures: list[Departure]
    log: list[LogEntry]
    seen: str

    def shows(self, key: str) -> Departure | None:
        """The departure of this cause, if it was among them."""
        return next((entry for entry in self.departures if entry.cause.key == key), None)


@dataclass(slots=True)
class Hunt:
    """An exploration of one product. `exec` starts an acceptor anew when it has died."""

    trial: Trial
    patience: Patience
    budget: Budget
    seed: int
    exec: str = ""
    ledger: Ledger = field(default_factory=Ledger)
    tell: Callable[["Hunt", Find | None], None] = lambda _hunt, _find: None
    ended: str = ""
    seconds: float = 0.0
    _product: Process | None = None
    _began: float = 0.0
    _suspects: set[tuple[str, str]] = field(default_factory=set)
    _played: set[Sequence] = field(default_factory=set)
    _ended: set[Sequence] = field(default_factory=set)

    # -- the whole of it

    def run(self) -> None:
        """Hunt until the budget is used up; `ended` tells if it had to end before.

        Raises:
            ImportError: hypothesis is not installed.
            Unreachable: the product does not serve to begin with.
        """
        from .machine import explore  # noqa: PLC0415 - hypothesis is an extra

        try:
            self.start()
            self._began = time.monotonic()
            explore(self)
        except Ended as error:
            self.ended = str(error)
        finally:
            self.seconds = time.monotonic() - self._began if self._began else 0.0
            self.close()

    def close(self) -> None:
        """End the product, if it is ours, and give the trial's files back."""
        if self._product is not None:
            self._product.kill()
        self.trial.close()

    def start(self) -> None:
        """Start the product if it is ours to start, and see that it serves.

        Raises:
            Unreachable: it does not.
        """
        if self.trial.role == "scp":
            if self.exec:
                self._start()
            if reason := self._absence():
                raise Unreachable(f"the product does not serve: {reason}")
        else:
            with Session(self.trial, self.patience):
                pass

    def over(self) -> bool:
        """Whether the budget is used up."""
        budget = self.budget
        late = bool(budget.seconds) and time.monotonic() - self._began >= budget.seconds
        return late or bool(budget.sequences and self.ledger.sequences >= budget.sequences)

    # -- one sequence

    def attempt(self, drawn: Sequence) -> None:
        """Play a sequence that was drawn, unless it can only be one that was played before."""
        drawn = heard(drawn, self.trial.role, idle=bool(self.patience.artim_max))
        if self.over() or drawn in self._played or self._spent(drawn):
            return
        self.ledger.sequences += 1
        session = Session(self.trial, self.patience)
        try:
            with session:
                departures = self._play(session, drawn)
        except Unreachable as error:
            self._revive(str(error))
        except Busy:
            self.ledger.busy += 1
        else:
            self._settle(session, [*session.deviations, *departures])

    def _spent(self, drawn: Sequence) -> bool:
        """Whether it begins with one that ended there: what follows would not be played."""
        return any(drawn[:length] in self._ended for length in range(1, len(drawn) + 1))

    def _play(self, session: Session, drawn: Sequence) -> list[Departure]:
        """Play step by step, but for those that have only ever led to what is known."""
        ledger = self.ledger
        for place, step in enumerate(drawn):
            states = str(sorted(session.belief.states()))
            if ledger.hopeless(states, step.name):
                continue
            before = len(session.done)
            departed: list[Departure] = []
            try:
                session.perform(step)
            except Departure as departure:
                departed.append(departure)
            if len(session.done) > before:
                ledger.tried(states, step.name, departed=bool(departed))
            if departed or session.over:
                self._ended.add(drawn[: place + 1])
                return departed
        self._played.add(drawn)
        try:
            session.finish()
        except Departure as departure:
            return [departure]
        return []

    def _settle(self, session: Session, departures: list[Departure]) -> None:
        """Book what a sequence showed, and look whether the product has survived it."""
        ledger = self.ledger
        ledger.steps += len(session.done)
        ledger.visit(session.belief.certain(), session.belief.possible())
        if session.suspect and not departures:
            departures = self._paced(session)
        gone: Ended | None = None
        if reason := self._absence():
            departures = [*departures, self._death(session, reason)]
            try:
                self._revive(reason)
            except Ended as error:
                gone = error
        for departure in departures if gone else self._unjoined(departures):
            find = ledger.enter(departure)
            if find is not None:
                try:
                    self._shorten(find, session, gone=gone is not None)
                finally:
                    self.tell(self, find)
        if gone is not None:
            raise gone
        self.tell(self, None)

    @staticmethod
    def _death(session: Session, reason: str) -> Departure:
        dead = cause_of(session.belief.last(), causes.DEAD, last_word(session.done))
        seen = f"{' '.join(session.trace)} ({reason})"
        return Departure(dead, ["service"], tuple(session.done), seen)

    def _unjoined(self, departures: list[Departure]) -> list[Departure]:
        """New departures, as they show when every stimulus is sent alone.

        Of two that went out in one segment it is not seen which one was answered wrongly. One that
        shows only in company is left as it is.
        """
        found: list[Departure] = []
        for departure in departures:
            alone = tuple(Step(step.name) for step in departure.sequence)
            known = departure.cause.key in self.ledger.finds
            again = [] if known or alone == departure.sequence else self.replay(alone).departures
            found += again or [departure]
        return found

    # -- again

    def replay(self, sequence: Sequence, patience: Patience | None = None) -> Played:
        """Play a sequence by itself; the product serves again afterwards.

        Raises:
            Ended: it does not.
        """
        self.ledger.replays += 1
        session = Session(self.trial, patience or self.patience)
        departures: list[Departure] = []
        try:
            with session, contextlib.suppress(Busy):
                session.play(sequence)
        except Departure as departure:
            departures.append(departure)
        except Unreachable as error:
            self._revive(str(error))
        departures += session.deviations
        if reason := self._absence():
            departures.append(self._death(session, reason))
            self._revive(reason)
        return Played(departures, session.scene.log, " ".join(session.trace))

    def _shorten(self, find: Find, session: Session, *, gone: bool) -> None:
        """Find the shortest sequence with the same cause; `repeats` is false if it is not shown again.

        Of a product that is gone it stays as it was found.
        """
        key = find.cause.key
        find.wire = wire_rows(session.scene.log, show_data=self.trial.settings.show_data)
        if gone:
            return
        tries = (self.replay(find.sequence).shows(key) for _ in range(CONFIRM))
        find.repeats = sum(departure is not None for departure in tries) >= CONFIRM - 1
        if not find.repeats:
            return

        def shows(sequence: Sequence) -> bool:
            if self._too_late():
                return False
            played = self.replay(sequence)
            departure = played.shows(key)
            if departure is not None:
                find.due, find.seen = departure.due, departure.seen
                find.wire = wire_rows(played.log, show_data=self.trial.settings.show_data)
            return departure is not None

        find.sequence = shortest(find.sequence, self.trial.role, shows)
        find.catalogue = self._catalogue(find)

    def _too_late(self) -> bool:
        limit = self.budget.seconds
        return bool(limit) and time.monotonic() - self._began >= limit + GRACE

    def _paced(self, session: Session) -> list[Departure]:
        """Play a sequence that ended in a reset again, its last PDU header first.

        A peer that closes with unread bytes resets the connection, and the reset may overtake its A-ABORT.
        """
        place = (str(sorted(session.belief.states())), last_word(session.done))
        if place in self._suspects:
            return []
        self._suspects.add(place)
        steps = list(session.done)
        for at in reversed(range(len(steps))):
            if steps[at].name not in WAITS:
                steps[at] = Step(steps[at].name, "header")
                break
        return self.replay(tuple(steps), replace(self.patience, pace=PACED)).departures

    def _catalogue(self, find: Find) -> str:
        """What the catalogue's case for the cell says of the product: whether the find lies beyond it."""
        state, event = find.cause.cell
        case = catalogue.find(f"M.{ROLE_LETTER[self.trial.role]}.Sta{state}.Evt{event}")
        if case is None or case.artim:
            return ""
        result = play(case, case.runs[0], self.trial)
        if reason := self._absence():
            self._revive(reason)
        return f"{case.id}: {result.verdict}"

    # -- the product

    def _start(self) -> None:
        settings = self.trial.settings
        if self._product is not None:
            self._product.kill()
            self.ledger.restarts += 1
        self._product = Process(expand(self.exec, settings.host, settings.port, []))
        wait_for_port(settings.host, settings.port, _START)

    def _absence(self, limit: float = 0.0) -> str:
        """Why an acceptor does not serve, "" if it does; asked for `live_max` seconds, or `limit`."""
        if self.trial.role == "scu":
            return ""
        settings = self.trial.settings
        clock = Clock()
        while True:
            reason, _ = probe(self.trial, clock=clock)
            if not reason or clock.now() >= (limit or settings.live_max):
                return reason
            clock.sleep(0.1)  # it says nothing when it is ready again

    def _revive(self, why: str) -> None:
        """Start the product again; one that is not ours has `artim_max` to come back by itself."""
        if self.trial.role == "scp":
            if self.exec:
                self._start()
            if not self._absence(0.0 if self.exec else self.trial.settings.artim_max):
                return
        raise Ended(why)
