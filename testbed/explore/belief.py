"""What a product may be doing: every state of Table 9-10 that its behaviour so far allows.

A peer sees neither the product's state nor how far it has read. So the model is not one state but a set of
explanations: a state, how many of our inputs were taken, what the product's user owes. What is
seen must be explained by at least one of them; a product is free where the standard leaves it free (its user
may be slow, two PDUs may have arrived together), and nowhere else.

An explanation that has to overlook something is kept beside the others. If in the end only such are left, what
they overlook is what the product did.
"""

from dataclasses import replace
from typing import NamedTuple

from .moves import (
    LENIENCES,
    Debt,
    Explanation,
    Input,
    Machine,
    Seen,
    TableCell,
    fits,
    told,
)

_ORDER = list(LENIENCES)


class Pending(NamedTuple):
    """What was due: the cell that asks for it, and how it would look in the trace."""

    cell: TableCell
    sends: str


_Known = dict[Explanation, frozenset[TableCell]]


def _put(into: _Known, explanation: Explanation, cells: frozenset[TableCell]) -> bool:
    """Add an explanation; of two ways to the same one only the cells of both are certain."""
    before = into.get(explanation)
    into[explanation] = cells if before is None else before & cells
    return before is None


def _cost(explanation: Explanation) -> tuple[int, list[int]]:
    """How much an explanation overlooks."""
    return len(explanation.debts), [_ORDER.index(debt.lenience) for debt in explanation.debts]


class Belief:
    """The explanations of what one connection has shown so far.

    `role` is the product's; `artim_least` is how soon (s) after the connection its ARTIM may expire.
    """

    def __init__(self, role: str, artim_least: float) -> None:
        self._machine = Machine(role, artim_least)
        first = frozenset({(1, 5)} if role == "scp" else {(1, 1), (4, 2)})
        self._explanations: _Known = {Explanation(2 if role == "scp" else 5): first}

    @property
    def inputs(self) -> list[Input]:
        """What was sent so far."""
        return self._machine.inputs

    def add(self, *inputs: Input) -> None:
        """Something more has been sent."""
        self.inputs.extend(inputs)

    def cut_short(self) -> None:
        """Of the last input only the beginning was sent."""
        self.inputs[-1] = replace(self.inputs[-1], manner="cut")

    # -- questions

    def states(self) -> frozenset[int]:
        """The states the product may be in when it has taken everything (0: gone)."""
        likely = self._likely()
        settled = {
            explanation.state for explanation in likely if explanation.taken == len(self.inputs)
        }
        return frozenset(settled or {explanation.state for explanation in likely})

    def due(self) -> bool:
        """Whether the product has to do something: no likely explanation allows it to keep silent."""
        return not any(
            explanation.state == 0 or self._may_be_silent(explanation)
            for explanation in self._likely()
        )

    def pending(self) -> list[Pending]:
        """What was to be seen next, by the likely explanations that have taken most of the input."""
        found: dict[Pending, int] = {}
        for explanation in self._likely():
            behind = explanation.taken < len(self.inputs)
            if not behind and not self._machine.obliged(explanation):
                continue
            moves = list(
                self._machine.taking(explanation) if behind else self._machine.moves(explanation)
            )
            if not all(move.sends for move in moves):
                continue  # it may take the next input in silence
            for move in moves:
                cell = move.cell or explanation.last
                if move.sends and cell and not move.lenience:
                    found[Pending(cell, told(move))] = move.after.taken
        most = max(found.values(), default=0)
        return [entry for entry, taken in found.items() if taken == most]

    def last(self) -> TableCell:
        """The cell by which the last input was taken, in the explanation that has taken most; (state, 0) before."""
        furthest = max(self._likely(), key=lambda explanation: explanation.taken)
        return furthest.last or (furthest.state, 0)

    def certain(self) -> frozenset[TableCell]:
        """The cells of Table 9-10 that every likely explanation has gone through."""
        least = min(map(_cost, self._explanations))
        every = [
            cells
            for explanation, cells in self._explanations.items()
            if _cost(explanation) == least
        ]
        return frozenset.intersection(*every)

    def possible(self) -> frozenset[TableCell]:
        """The cells that some explanation has gone through."""
        return frozenset().union(*self._explanations.values())

    # -- seeing

    def observe(self, seen: Seen, elapsed: float, waited: float) -> bool:
        """Keep the explanations that fit what was seen; False, and all stay, if none does.

        `elapsed` and `waited` are the seconds since the connection was made and since the last input.
        """
        found: _Known = {}
        for explanation, cells in self._closure().items():
            for move in self._machine.moves(explanation, elapsed, waited):
                after = fits(move, seen)
                if after is not None:
                    _put(found, after, cells if move.cell is None else cells | {move.cell})
        return self._keep(found)

    def keep_silent(self) -> bool:
        """Keep the explanations by which nothing has to come now; False, and all stay, if there is none."""
        return self._keep(
            {
                explanation: cells
                for explanation, cells in self._closure().items()
                if self._may_be_silent(explanation)
            }
        )

    def _keep(self, found: _Known) -> bool:
        if found:
            # What overlooks much more than the best will hardly ever be needed.
            most = min(len(explanation.debts) for explanation in found) + 1
            self._explanations = {c: cells for c, cells in found.items() if len(c.debts) <= most}
        return bool(found)

    def debts(self) -> tuple[Debt, ...]:
        """What the likeliest explanation overlooks."""
        return min(self._explanations, key=_cost).debts

    def ignores(self, seen: Seen) -> bool:
        """Whether it would fit a product that overlooked an input it had to answer."""
        for explanation in self._likely():
            if explanation.taken < len(self.inputs) and not self.inputs[explanation.taken].urgent:
                skipped = Belief(self._machine.role, self._machine.artim_least)
                skipped.add(*self.inputs)
                skipped._explanations = {
                    replace(explanation, taken=explanation.taken + 1): frozenset()
                }
                if skipped.observe(seen, 0.0, 0.0) and skipped.debts() == explanation.debts:
                    return True
        return False

    def lost(self) -> bool:
        """Whether a reset may have swallowed what would explain it: something due, then the close.

        How many requests may have been swallowed with it has no end and decides nothing: one more is like none.
        """
        seen: set[Explanation] = set()
        todo = list(self._likely())
        while todo:
            explanation = todo.pop()
            if explanation in seen:
                continue
            seen.add(explanation)
            if explanation.state in {0, 13}:
                self._explanations = {Explanation(0, debts=explanation.debts): frozenset()}
                return True
            todo += [
                replace(move.after, asked=explanation.asked)
                for move in self._machine.moves(explanation)
                if not move.lenience
            ]
        return False

    # -- explanations

    def _may_be_silent(self, explanation: Explanation) -> bool:
        return explanation.taken == len(self.inputs) and not self._machine.obliged(explanation)

    def _likely(self) -> list[Explanation]:
        """The explanations that overlook least, with what comes of them by moves nobody sees."""
        closure = self._closure()
        least = min(map(_cost, closure))
        return [explanation for explanation in closure if _cost(explanation) == least]

    def _closure(self) -> _Known:
        """The explanations, and those that come of them by moves nobody sees."""
        known: _Known = {}
        todo = list(self._explanations.items())
        while todo:
            explanation, cells = todo.pop()
            if not _put(known, explanation, cells):
                continue
            todo += [
                (move.after, cells if move.cell is None else cells | {move.cell})
                for move in self._machine.moves(explanation)
                if not move.sends
            ]
        return known
