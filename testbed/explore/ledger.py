"""What an exploration has found: each cause once, how often it was met, which cells were visited."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from ..results import WireRow
from ..verdicts import Verdict
from .causes import Cause
from .moves import TableCell
from .sequence import Sequence
from .session import Departure


@dataclass(slots=True)
class Find:
    """One cause: the shortest sequence that shows it, and what was seen then.

    `count` is how often it was met, `stimuli` by which last stimuli; `repeats` is false if it was seen
    once and not again; `catalogue` tells what the catalogue's case for the cell says of the product.
    """

    cause: Cause
    sequence: Sequence
    due: list[str]
    seen: str
    count: int = 0
    stimuli: Counter[str] = field(default_factory=Counter)
    repeats: bool = True
    known: bool = False
    catalogue: str = ""
    number: int = 0
    wire: list[WireRow] = field(default_factory=list)

    @property
    def fails(self) -> bool:
        """Whether it makes the exploration fail: a failure that can be repeated and was not known."""
        return self.cause.verdict is Verdict.FAIL and self.repeats and not self.known


@dataclass(slots=True)
class Ledger:
    """The book an exploration keeps; `sequences` counts those played to find, not to shorten."""

    known: frozenset[str] = frozenset()
    finds: dict[str, Find] = field(default_factory=dict)
    visited: Counter[TableCell] = field(default_factory=Counter)
    perhaps: Counter[TableCell] = field(default_factory=Counter)
    sequences: int = 0
    steps: int = 0
    replays: int = 0
    busy: int = 0
    restarts: int = 0
    _tried: Counter[tuple[str, str]] = field(default_factory=Counter)
    _departed: Counter[tuple[str, str]] = field(default_factory=Counter)

    def enter(self, departure: Departure) -> Find | None:
        """Count a departure; the new entry if its cause was not met before."""
        cause = departure.cause
        last = departure.last
        find = self.finds.get(cause.key)
        fresh = find is None
        if find is None:
            find = Find(cause, departure.sequence, departure.due, departure.seen)
            find.known = cause.key in self.known
            find.number = self.sequences
            self.finds[cause.key] = find
        find.count += 1
        find.stimuli[last] += 1
        return find if fresh else None

    def visit(self, certain: Iterable[TableCell], possible: Iterable[TableCell]) -> None:
        """Count the cells a sequence went through."""
        sure = set(certain)
        self.visited.update(sure)
        self.perhaps.update(set(possible) - sure)

    # -- what need not be tried again

    def tried(self, states: str, stimulus: str, *, departed: bool) -> None:
        """Remember what a stimulus led to in some states."""
        self._tried[states, stimulus] += 1
        self._departed[states, stimulus] += departed

    def hopeless(self, states: str, stimulus: str) -> bool:
        """Whether a stimulus has always ended in a departure here, three times and more."""
        tried = self._tried[states, stimulus]
        return tried >= 3 and self._departed[states, stimulus] == tried

    # -- sums

    def ordered(self) -> list[Find]:
        """The finds: failures first, then by cell."""
        return sorted(
            self.finds.values(),
            key=lambda find: (not find.fails, -find.cause.verdict.weight, find.cause.key),
        )

    def failures(self, *, strict: bool = False) -> list[Find]:
        """The finds that make the exploration fail."""
        return [
            find
            for find in self.finds.values()
            if find.fails or (strict and find.repeats and not find.known)
        ]
