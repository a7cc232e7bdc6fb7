"""One sequence against the product: every step is sent, every answer held against the model."""

import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Self

from ..meeting import meet
from ..model import Case
from ..observe import Closed, Reset, Timeout
from ..parse import HEADER
from ..scene import Scene, Unmet
from ..trial import Trial
from ..verdicts import Level, Verdict
from . import causes
from .belief import Belief
from .causes import Cause, cause_of
from .moves import Input, Seen, TableCell
from .sequence import WAITS, WORDS, Sequence, Step, text
from .speech import Speech

#: Seconds to look for an answer that need not come, and the length of a pause.
GLANCE, PAUSE = 0.002, 0.02
#: What is longer than this is sent in two halves where byte by byte was asked for.
_BYTEWISE = 400
#: A product that keeps sending is left alone after this many tokens.
_LONGEST = 200
_CALL = Case("U.EXPLORE", "", Level.INFO, "", "", ())


class Busy(Exception):
    """The product rejected with "temporary congestion" or "local limit exceeded": no verdict."""


class Unreachable(Exception):
    """There is no connection to play a sequence on."""


class Departure(Exception):
    """What the model does not allow: its cause, what was due, the steps up to it, the trace."""

    def __init__(self, cause: Cause, due: list[str], sequence: Sequence, seen: str) -> None:
        super().__init__(f"{cause.key} after {text(sequence)}: {seen}")
        self.cause = cause
        self.due = due
        self.sequence = sequence
        self.seen = seen

    @property
    def last(self) -> str:
        """The last stimulus that was sent."""
        return last_word(self.sequence)


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds: how long an answer may take, how soon and how late ARTIM may expire (0: never waited for).

    `pace` is how long to see what the header of a PDU brings about.
    """

    answer: float
    artim_least: float
    artim_max: float = 0.0
    pace: float = 0.03


class Session:
    """One connection, played step by step. Use it as a context manager.

    `over` once nothing more can be said on it; `suspect` if a reset may have swallowed an answer;
    `trace` is what was seen; `deviations` are the lenient explanations it took.
    """

    def __init__(self, trial: Trial, patience: Patience) -> None:
        self.role = trial.role
        self.patience = patience
        self.scene = Scene(trial, "explore")
        self.belief = Belief(trial.role, patience.artim_least)
        self.speech = Speech(trial.role)
        self.done: list[Step] = []
        self.trace: list[str] = []
        self.deviations: list[Departure] = []
        self.over = self.suspect = False
        self.confirmed = 0
        self._held: list[tuple[bytes, Input]] = []
        self._started = self._sent_at = time.monotonic()

    def __enter__(self) -> Self:
        """Connect, or let the product call.

        Raises:
            Unreachable: there is no connection, or a product that calls does not begin as it must.
        """
        try:
            if self.role == "scp":
                self.scene.connect()
            else:
                self._be_called()
        except Unmet as reason:
            self.close()
            raise Unreachable(str(reason)) from reason
        self._started = self._sent_at = time.monotonic()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give connection and process back."""
        self.scene.close()
        if self.scene.handle is not None:
            self.scene.handle.kill()

    def _be_called(self) -> None:
        meet(self.scene, _CALL)
        self.scene.read_until("RQ", max(self.patience.answer, 5.0))
        if self.scene.tokens != ["RQ"]:
            seen = " ".join(self.scene.tokens) or "nothing"
            raise Unmet(Verdict.ERROR, f"no A-ASSOCIATE-RQ (seen: {seen})")

    # -- steps

    def play(self, sequence: Sequence) -> None:
        """Play a whole sequence to its end.

        Raises:
            Departure: the product did what the model does not allow.
            Busy: it does not take associations at the moment.
        """
        for step in sequence:
            self.perform(step)
        self.finish()

    def perform(self, step: Step) -> bool:
        """Do one step; False if it cannot be done here and was left out.

        Raises:
            Departure, Busy: as `play`.
        """
        if self.over or (self.speech.cut and step.name not in WAITS):
            return False
        if step.name == "idle" and not (
            self.patience.artim_max and self.belief.states() <= {2, 13}
        ):
            return False
        self.done.append(step)
        if step.name in WAITS:
            self._flush()
            self._wait(step.name)
        else:
            self._say(step)
        return True

    def _wait(self, name: str) -> None:
        if name == "pause":
            self._listen(PAUSE)
        elif name == "fin":
            self.belief.add(Input("fin", (17,), urgent=True))
            self.scene.wire.fin()
            self._listen(GLANCE)
        elif name == "idle":
            self._idle()
        else:
            self.scene.wire.rst()
            self.over = True

    def _idle(self) -> None:
        """Wait for the product's own timer."""
        states = self.belief.states()
        self._listen(self.patience.artim_max)
        if not self.over:
            raise self._departure(causes.NOTHING, (min(states), 18), ["CLOSE"])

    def _say(self, step: Step) -> None:
        data, told = WORDS[self.role][step.name].say(self.speech, self.scene.facts)
        self._held.append((data, told))
        if step.delivery == "joined":
            return
        front = sum(len(entry) for entry, _ in self._held[:-1])
        if step.delivery == "header" and len(data) > HEADER:
            self._flush(front + HEADER, self.patience.pace)
        elif step.delivery == "halves" or (step.delivery == "bytes" and len(data) > _BYTEWISE):
            self._flush(front + len(data) // 2, GLANCE)
        else:
            self._flush(by_byte=step.delivery == "bytes")

    def _flush(self, cut: int = 0, pace: float = 0.0, *, by_byte: bool = False) -> None:
        """Send what was kept back, in two segments if `cut` says where, and listen."""
        if self._held:
            data = b"".join(entry for entry, _ in self._held)
            told = [entry for _, entry in self._held]
            self._held.clear()
            self.belief.add(*told[:1], *(replace(each, joined=True) for each in told[1:]))
            self.confirmed += sum(bool(e.completes) and e.manner == "right" for e in told)
            what = " + ".join(WORDS[self.role][entry.stimulus].what for entry in told)
            self._sent_at = time.monotonic()
            if cut:
                self.scene.send(data[:cut], f"{what}: the beginning")
                self._listen(pace, answers=False)
                if self.over or (self.trace and self.trace[-1].startswith("AB")):
                    # It has answered: the rest would be lost on it, and make it reset the connection.
                    self.belief.cut_short()
                    self.speech.cut = True
                else:
                    self.scene.send(data[cut:], f"{what}: the rest")
            else:
                self.scene.send(data, what, by_byte=by_byte)
        self._listen(GLANCE)

    def finish(self) -> None:
        """Say what was kept back, close, and see the product close and report.

        Raises:
            Departure: as `play`.
        """
        if not self.over:
            self._flush()
        if not self.over and not self.scene.wire.shut:
            self._wait("fin")
        self.scene.close()
        if self.scene.handle is not None:
            self._reap()

    def _reap(self) -> None:
        """Let a product that calls end; what it reports must be true."""
        handle = self.scene.handle
        code = None if handle is None else handle.wait(self.scene.settings.exit_max)
        if code is not None and code < 0:
            raise self._departure(causes.CRASH, self.belief.last(), ["an exit code"])
        if code == 0 and not self.confirmed:
            raise self._departure(causes.FALSE_SUCCESS, self.belief.last(), ["a failure reported"])

    # -- answers

    def _listen(self, patience: float, *, answers: bool = True) -> None:
        """Read what comes, as long as something has to and `patience` seconds more.

        Without `answers` nothing has to come yet.
        """
        for _ in range(_LONGEST):
            if self.over:
                return
            due = answers and self.belief.due()
            self.scene.tokens.clear()
            known = len(self.scene.messages)
            event = self.scene.read_event(self.patience.answer if due else patience)
            if isinstance(event, Closed | Reset):
                self._ended(reset=isinstance(event, Reset))
            elif isinstance(event, Timeout):
                if due:
                    cell, told = self._place()
                    if not self.belief.keep_silent():
                        raise self._departure(causes.NOTHING, cell, told)
                    self._overlook(told)
                return
            else:
                self._take(known)

    def _take(self, known: int) -> None:
        """Judge the tokens of a PDU; a response is known by what it answers."""
        fresh = iter(self.scene.messages[known:])
        for token in self.scene.tokens:
            seen = Seen(token)
            if token.partition("(")[0].endswith(("-RQ", "-RSP")) or token == "BADMSG":  # noqa: S105
                message = next(fresh)
                seen = Seen(token, message.command.us(0x0120) or 0, message.context)
            self._judge(seen)

    def _judge(self, seen: Seen) -> None:
        self.trace.append(_short(seen.token))
        if seen.token.startswith("RJ(2,3,"):
            raise Busy(seen.token)
        cell, due = self._place()
        if not self.belief.observe(seen, *self._times()):
            ignored = self.belief.ignores(seen)
            raise self._departure(causes.NOTHING if ignored else seen.kind, cell, due)
        self._overlook(due)
        if seen.kind == "REQ":
            self.speech.unanswered += self.role == "scu"
        elif seen.kind == "RSP":
            self.speech.unanswered -= self.role == "scp"

    def _ended(self, *, reset: bool) -> None:
        """The product closed."""
        self.trace.append("CLOSE")
        self.over = True
        cell, due = self._place()
        if self.belief.observe(Seen("CLOSE"), *self._times()):
            self._overlook(due)
        elif reset and self.belief.lost():
            self.suspect = True
        else:
            raise self._departure("CLOSE", cell, due)

    def _overlook(self, due: list[str]) -> None:
        """Keep what only a lenience explains; the sequence goes on."""
        debts = self.belief.debts()
        for debt in debts[len(self.deviations) :]:
            self.deviations.append(self._departure(debt.lenience, debt.cell, due))

    def _times(self) -> tuple[float, float]:
        """Seconds since the connection, and since the last stimulus."""
        now = time.monotonic()
        return now - self._started, now - self._sent_at

    def _place(self) -> tuple[TableCell, list[str]]:
        """Where in Table 9-10 the product is, and what it has to do there."""
        pending = self.belief.pending()
        cell = pending[0].cell if pending else self.belief.last()
        return cell, [entry.sends for entry in pending]

    def _departure(self, seen: str, cell: TableCell, due: list[str]) -> Departure:
        cause = cause_of(cell, seen, last_word(self.done))
        return Departure(cause, due, tuple(self.done), " ".join(self.trace))


def last_word(steps: Iterable[Step]) -> str:
    """The last stimulus of some steps, "nothing" if there is none."""
    names = [step.name for step in steps if step.name not in WAITS]
    return names[-1] if names else "nothing"


def _short(token: str) -> str:
    """A token for the trace: of an A-ASSOCIATE-AC with many contexts the first few."""
    first, *rest = token.rstrip(")").split(";")
    return f"{';'.join([first, *rest[:3]])};...)" if len(rest) > 3 else token
