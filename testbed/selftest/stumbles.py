"""The faults that belong to no cell and to no rule: a mini peer that stumbles over what a case sends.

For each case that neither a planted fault nor a mutant is meant for: at each of its stimuli, a peer that does
each of some things it should not do there. What such a case tolerates is wide, so not every stumble must be
caught; but a case that catches none could as well not be played.
"""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace

from .. import catalogue
from ..mini.acceptor import Acceptor
from ..mini.mutation import ABORTS, CLOSE, NOTHING, PDUS
from ..mini.peer import Config
from ..mini.process import thread_launcher
from ..mini.server import MiniServer
from ..mini.stumble import Stumble
from ..model import Accept, Case, Do, Fence, Fin, Rst, Run, Send, Serve, Step
from ..runner import Runner
from ..scene import Scene
from ..trial import Trial
from .faults import SCP_FAULTS, SCU_FAULTS
from .mutants import QUICK, TOGETHER, Outcome
from .tls_faults import TLS_SCP_FAULTS, TLS_SCU_FAULTS

DEEDS = (
    NOTHING,
    CLOSE,
    *(f"abort-{each}" for each in ABORTS),
    *(f"sends-{each}" for each in PDUS),
)


@dataclass(frozen=True, slots=True)
class Stumbling:
    """A mini peer that does `deed` instead of what the case's stimulus (counted from 1) asks for."""

    case: str
    stimulus: int
    deed: str

    @property
    def role(self) -> str:
        """The role of the peer: "scp" or "scu"."""
        return _case(self.case).role

    @property
    def name(self) -> str:
        """As it is told and asked for."""
        return f"{self.case}/{self.stimulus}:{self.deed}"


def uncovered(role: str) -> list[Case]:
    """The cases that no planted fault and no mutant is meant for."""
    faults = (*SCP_FAULTS, *SCU_FAULTS, *TLS_SCP_FAULTS, *TLS_SCU_FAULTS)
    meant = {id_ for fault in faults for id_ in fault.caught_by}
    return [case for case in catalogue.cases(role) if case.cell is None and case.id not in meant]


def _is_stimulus(step: Step) -> bool:
    match step:
        case Send() | Accept() | Fin() | Rst() | Fence() | Do():
            return True
        case Serve():
            return step.reply is not None or step.release is not None
        case _:
            return False


def _places(run: Run) -> list[int]:
    """Where in a run the stimuli are."""
    return [place for place, step in enumerate(run.steps) if _is_stimulus(step)]


def stumblings(cases: Iterable[Case]) -> Iterator[Stumbling]:
    """Every stumble over every stimulus of these cases."""
    for case in cases:
        most = max(len(_places(run)) for run in case.runs)
        for stimulus in range(1, most + 1):
            yield from (Stumbling(case.id, stimulus, deed) for deed in DEEDS)


def _armed(case: Case, stimulus: int, stumble: Stumble) -> Case:
    """The case, its peer told when the stimulus is about to come."""

    def arm(_scene: Scene) -> None:
        stumble.arm()

    def with_arm(run: Run) -> Run:
        places = _places(run)
        if stimulus > len(places):
            return run
        at = places[stimulus - 1]
        return replace(run, steps=(*run.steps[:at], Do("stumble", arm), *run.steps[at:]))

    return replace(case, runs=tuple(map(with_arm, case.runs)))


def _outcome(case: Case, config: Config) -> Outcome:
    with ExitStack() as stack:
        if case.role == "scp":
            server = stack.enter_context(MiniServer(config, Acceptor))
            trial = Trial(replace(QUICK, port=server.port), "scp")
            trial.target["concurrent"] = True
        else:
            told = replace(QUICK, exec="mini", exec_echo="mini echo")
            trial = Trial(told, "scu", thread_launcher(config))
            trial.target["requests"] = ["C-ECHO-RQ", "C-STORE-RQ"]
        stack.callback(trial.close)
        result = Runner(trial, [case]).judge(case)
    return result.verdict, result.sub


def _case(id_: str) -> Case:
    case = catalogue.find(id_)
    if case is None:
        raise ValueError(f"no case {id_}")
    return case


def clean(id_: str) -> Outcome:
    """What a case says of a peer that does not stumble."""
    return _outcome(_case(id_), Config(linger=4.0))


def stumbled(one: Stumbling) -> Outcome:
    """What a case says of a peer that does."""
    stumble = Stumble(one.deed)
    return _outcome(
        _armed(_case(one.case), one.stimulus, stumble), Config(linger=4.0, stumble=stumble)
    )


def caught(chosen: Sequence[Stumbling]) -> list[Stumbling]:
    """Those that their case judges otherwise than a peer that does not stumble; in threads, for it is waiting."""
    with ThreadPoolExecutor(TOGETHER) as pool:
        ids = list(dict.fromkeys(one.case for one in chosen))
        usual = dict(zip(ids, pool.map(clean, ids), strict=True))
        found = list(pool.map(stumbled, chosen))
    return [one for one, outcome in zip(chosen, found, strict=True) if outcome != usual[one.case]]


@dataclass(frozen=True, slots=True)
class Exemption:
    """Why no fault of a mini peer can show what cases would catch."""

    cases: tuple[str, ...]
    text: str


EXEMPTIONS = (
    Exemption(
        ("P.AC.13", "P.STA6.16", "P.STO.21"),
        "they tell what a product does, and judge nothing but that it lives",
    ),
    Exemption(
        ("P.TLS.11",),
        "Python's TLS library neither compresses nor lets a client renegotiate, whatever it is told",
    ),
    Exemption(
        ("P.B10.02", "P.B11.02", "P.B13.02", "P.B13.03"),
        "the mini acceptor's TLS library lacks one of these suites as it is: one more that is missing changes"
        " what is told, not the verdict",
    ),
)  # fmt: skip


def explained_cases() -> set[str]:
    """The cases that no fault is to be caught by."""
    return {id_ for reason in EXEMPTIONS for id_ in reason.cases}


def all_stumblings() -> list[Stumbling]:
    """Those of every case that could catch one."""
    told = explained_cases()
    cases = [case for role in ("scp", "scu") for case in uncovered(role) if case.id not in told]
    return list(stumblings(cases))


def blind(chosen: Iterable[Stumbling], found: Iterable[Stumbling]) -> list[str]:
    """Stimuli ("P.RQ.13/1") at which every stumble that was tried went unnoticed."""
    seen = {(one.case, one.stimulus) for one in found}
    tried = dict.fromkeys((one.case, one.stimulus) for one in chosen)
    return [f"{case}/{stimulus}" for case, stimulus in tried if (case, stimulus) not in seen]
