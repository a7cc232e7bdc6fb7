"""The generated faults: in each cell of Table 9-10 that has a case, a mini peer that does each other thing.

The other things are nothing, a close, an A-ABORT of each source, a PDU out of place, and what the table
has for the state that usually follows. A mutant is caught if the cell's own case judges it otherwise than
the clean peer. Those that pass are listed in `testbed.selftest.survivors`, each with the reason.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace

from .. import catalogue
from ..matrix import ROLE_LETTER
from ..mini.acceptor import Acceptor
from ..mini.mutation import ABORTS, CLOSE, FOLLOWING, NOTHING, PDUS, name
from ..mini.peer import HESITANT, Config
from ..mini.process import thread_launcher
from ..mini.server import MiniServer
from ..model import Case
from ..results import CaseResult
from ..runner import Runner
from ..table import TABLE
from ..trial import Trial
from ..verdicts import Sub, Verdict
from .judging import FAST

#: The deed that an action is, as far as a peer can see: no other thing, so no mutant. An action that only
#: tells the user is what the user then does.
DONE_BY = {
    "AE-1": "", "AE-2": "sends-rq", "AE-3": "", "AE-4": CLOSE, "AE-5": "", "AE-6": "sends-ac",
    "AE-7": "sends-ac", "AE-8": "sends-rj", "DT-1": "sends-data", "DT-2": "sends-data",
    "AR-1": "sends-release", "AR-2": "sends-rp", "AR-3": CLOSE, "AR-4": "sends-rp", "AR-5": CLOSE,
    "AR-6": NOTHING, "AR-8": "sends-rp", "AR-9": "sends-rp", "AA-1": "abort-user", "AA-2": CLOSE,
    "AA-3": CLOSE, "AA-4": CLOSE, "AA-5": CLOSE, "AA-6": NOTHING, "AA-7": "abort-provider",
    "AA-8": "abort-provider",
}  # fmt: skip
#: Patience for mutants: the mini peers answer at once or not at all.
QUICK = replace(FAST, timeout=0.5, slow_max=0.5, exit_max=1.5)
#: Mutants are waited for rather than worked on: so many at a time in a process.
TOGETHER = 24
Outcome = tuple[Verdict, Sub]


@dataclass(frozen=True, slots=True)
class Mutant:
    """A mini peer of a role that does `deed` in a cell of Table 9-10, and the case that is to catch it."""

    role: str
    state: int
    event: int
    deed: str

    @property
    def name(self) -> str:
        """As the mini peers know it."""
        return name(self.state, self.event, self.deed)

    @property
    def case(self) -> str:
        """The id of the cell's case."""
        return f"M.{ROLE_LETTER[self.role]}.Sta{self.state}.Evt{self.event}"


def deeds(role: str, state: int, event: int) -> Iterator[str]:
    """What a peer might do in a cell instead of the action written there."""
    action = TABLE[state, event]
    right = DONE_BY[action]
    if event == 1 or (state, event) == (4, 17):
        yield NOTHING  # there is no connection yet on which it could do anything else
        return
    others = [
        NOTHING,
        CLOSE,
        *(f"abort-{each}" for each in ABORTS),
        *(f"sends-{each}" for each in PDUS),
    ]
    yield from (deed for deed in others if deed != right)
    if action == "AA-8":
        yield "abort-reason-0"
    following = FOLLOWING[role].get(state, 0)
    then = TABLE.get((following, event), "")
    # What the table has there may be a thing that is on the list already.
    if then and then != action and DONE_BY[then] not in {NOTHING, CLOSE, *others[2:5]}:
        yield f"as-sta{following}"


def mutants() -> tuple[Mutant, ...]:
    """All of them, by role and in the order of the catalogue."""
    return tuple(
        Mutant(role, case.cell.state, case.cell.event, deed)
        for role in ("scp", "scu")
        for case in catalogue.cases(role)
        if case.cell is not None
        for deed in deeds(role, case.cell.state, case.cell.event)
    )


def sample(count: int, seed: int) -> list[Mutant]:
    """Some of them, the same for the same seed."""
    return random.Random(seed).sample(mutants(), min(count, len(mutants())))  # noqa: S311 - no secret


def _config(state: int, faults: frozenset[str] = frozenset()) -> Config:
    """States that last as long as their user takes are only met if the user takes a moment."""
    return Config(faults, deliberate=state in HESITANT, linger=4.0)


def judge(case: Case, config: Config) -> CaseResult:
    """What a case says of a mini peer, by itself."""
    with ExitStack() as stack:
        settings = QUICK
        if case.role == "scp":
            server = stack.enter_context(MiniServer(config, Acceptor))
            trial = Trial(replace(settings, port=server.port), "scp")
        else:
            told = replace(settings, exec="mini", exec_echo="mini echo")
            trial = Trial(told, "scu", thread_launcher(config))
            trial.target["requests"] = ["C-ECHO-RQ", "C-STORE-RQ"]
        stack.callback(trial.close)
        return Runner(trial, [case]).judge(case)


def _outcome(case_id: str, config: Config) -> Outcome:
    case = catalogue.find(case_id)
    if case is None:
        raise ValueError(f"no case {case_id}")
    result = judge(case, config)
    return result.verdict, result.sub


def clean(mutant: Mutant) -> Outcome:
    """What a mutant's case says of the peer that it was made of."""
    return _outcome(mutant.case, _config(mutant.state))


def mutated(mutant: Mutant) -> Outcome:
    """What a mutant's case says of it."""
    return _outcome(mutant.case, _config(mutant.state, frozenset([mutant.name])))


def survivors(chosen: Sequence[Mutant]) -> list[Mutant]:
    """Those that their cases do not tell from the clean peer.

    In threads, for all of it is waiting. Those left are tried once more, one after the other: on a busy
    machine the clean peer may come too late, and fail as the mutant does.
    """
    with ThreadPoolExecutor(TOGETHER) as pool:
        left = _alike(chosen, pool.map)
    return _alike(left, map)


def _alike(chosen: Sequence[Mutant], each: Callable[..., Iterator[Outcome]]) -> list[Mutant]:
    """The mutants whose outcome is the clean peer's, where `each` is `map` or a pool's."""
    cases = {mutant.case: mutant for mutant in chosen}
    usual = dict(zip(cases, each(clean, cases.values()), strict=True))
    found = list(each(mutated, chosen))
    return [
        mutant
        for mutant, outcome in zip(chosen, found, strict=True)
        if outcome == usual[mutant.case]
    ]
