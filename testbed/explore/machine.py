"""The generator: hypothesis' rule-based state machine draws the sequences, one rule for each class of stimuli.

What is drawn does not depend on what the product does, so a seed gives the same sequences every time; a step
that cannot be done in the product's state is left out. The machine never fails: departures are booked.
"""

import sys
import tempfile
from typing import Any

import hypothesis
from hypothesis import HealthCheck, Phase, Verbosity, settings
from hypothesis import strategies as st
from hypothesis.configuration import set_hypothesis_home_dir
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from .hunt import Hunt
from .sequence import WORDS, Delivery, Step, parse

#: Sequences drawn by one run of hypothesis; then comes the next seed. Many of them can be told beforehand to be
#: like one that was played: hypothesis likes to vary what it drew, and what is said after the end is not heard.
ROUND = 500
#: Rounds in a row without a new sequence, after which there is none to be expected.
IDLE_ROUNDS = 5
#: How a sequence begins: with what leads into a state, most often that of an association.
_OPENINGS = {
    "scp": [
        "", "rq", "rq", "rq", "rq-many", "rq-reserved", "rq/joined",
        "rq release", "rq release/joined", "rq echo release", "rq-application", "unknown-08", "rq rq",
    ],
    "scu": [
        "", "ac", "ac", "ac", "ac-reserved", "ac-none", "ac success-begins", "ac release/joined",
        "ac success", "ac success", "ac success release", "ac success release/joined", "ac release", "ac rq",
    ],
}  # fmt: skip
#: Rule -> the groups of stimuli it draws from. Three are for messages in order: with fewer, most sequences
#: would leave the association at their second step.
_RULES = {
    "message": ("message",),
    "part": ("part",),
    "goes_on": ("message", "part"),
    "associates": ("request",),
    "releases": ("release",),
    "errs": ("wrong-data",),
    "strays": ("stray",),
    "ends": ("end", "cut"),
}
_WAITS = {"closes": ("fin", "rst"), "waits": ("pause", "idle")}
_WAYS: list[Delivery] = ["whole", "whole", "whole", "joined", "header", "halves", "bytes"]


class _Enough(BaseException):
    """Leave hypothesis: the hunt is over, or `error` ends it. Any Exception it would take for a finding of its own."""

    def __init__(self, error: Exception | None = None) -> None:
        super().__init__(error)
        self.error = error


class _Machine(RuleBasedStateMachine):
    """One sequence; its rules come from `machine`."""

    hunt: Hunt
    #: What whoever called the hunt was handling: it is none of hypothesis' exceptions.
    handled: BaseException | None = None

    def __init__(self) -> None:
        super().__init__()
        self.drawn: list[Step] = []

    def teardown(self) -> None:
        """Play what was drawn, unless hypothesis gave up on the draw."""
        if sys.exception() is not self.handled:
            return
        try:
            self.hunt.attempt(tuple(self.drawn))
        except Exception as error:
            raise _Enough(error) from error
        if self.hunt.over():
            raise _Enough


def _stimulus(role: str, groups: tuple[str, ...]) -> Any:
    names = [word.name for word in WORDS[role].values() if word.group in groups]

    @rule(name=st.sampled_from(names), way=st.sampled_from(_WAYS))
    def act(self: _Machine, name: str, way: Delivery) -> None:
        self.drawn.append(Step(name, way))

    return act


def _wait(names: tuple[str, ...]) -> Any:
    @rule(name=st.sampled_from(names))
    def act(self: _Machine, name: str) -> None:
        self.drawn.append(Step(name))

    return act


def _opening(role: str) -> Any:
    @initialize(line=st.sampled_from(_OPENINGS[role]))
    def act(self: _Machine, line: str) -> None:
        self.drawn += parse(line, role)

    return act


def machine(hunt: Hunt) -> type[RuleBasedStateMachine]:
    """The state machine for a hunt."""
    role = hunt.trial.role
    rules = {name: _stimulus(role, groups) for name, groups in _RULES.items()}
    rules |= {name: _wait(names) for name, names in _WAITS.items()}
    known = {"hunt": hunt, "handled": sys.exception()}
    return type("Exploration", (_Machine,), {**known, "opens": _opening(role), **rules})


def explore(hunt: Hunt) -> None:
    """Draw sequences until the hunt is over, or nothing new is drawn any more.

    Raises:
        Ended: as `Hunt.attempt`.
    """
    with tempfile.TemporaryDirectory(prefix="dulspec-explore-") as home:
        set_hypothesis_home_dir(home)
        chosen = settings(
            max_examples=ROUND,
            stateful_step_count=hunt.budget.steps,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
            verbosity=Verbosity.quiet,
        )
        number = idle = 0
        while not hunt.over() and idle < IDLE_ROUNDS:
            before = hunt.ledger.sequences
            seeded = hypothesis.seed(hunt.seed * 1_000_003 + number)(machine(hunt))
            try:
                run_state_machine_as_test(seeded, settings=chosen)
            except _Enough as enough:
                if enough.error is not None:
                    raise enough.error from None
            idle = idle + 1 if hunt.ledger.sequences == before else 0
            number += 1
