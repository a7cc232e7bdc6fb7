"""`dulspec selftest`: the testbed judged by peers that are wrong on purpose.

A clean mini peer must pass every case; each planted fault must be caught by the case meant for it and by
no unrelated case. A case catches a fault if its verdict or its sub-verdict differs from the clean peer's.
"""

import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from fnmatch import fnmatchcase
from multiprocessing import get_context
from pathlib import Path

from testbed import catalogue
from testbed.faults import SCP_FAULTS, SCU_FAULTS, PlantedFault
from testbed.mini.acceptor import PartialKeeper
from testbed.mini.peer import Config, MiniServer
from testbed.mini.requestor import thread_launcher
from testbed.model import Case
from testbed.results import CaseResult, Report
from testbed.runner import Runner, Unusable
from testbed.settings import Settings
from testbed.trial import Trial
from testbed.verdicts import Level, Sub, Verdict

#: Patience that suits peers on the loopback interface whose own timers are short.
FAST = Settings(
    timeout=0.8,
    slow_max=2.0,
    artim_max=2.5,
    idle=0.3,
    acse_max=2.5,
    dimse_max=2.5,
    live_max=0.5,
    exit_max=3.0,
    max_assoc=20,
    big=1 << 20,
    called="MINI",
    checks_called=True,
    checks_calling=True,
    bad_user="mallory:guess",
)


def judge_scp(fault: str | None, cases: Sequence[Case], **over: object) -> Report:
    """Run cases against the mini acceptor, clean or with one fault."""
    with tempfile.TemporaryDirectory(prefix="dulspec-selftest-") as folder:
        store = Path(folder) / "outer" / "store"
        store.mkdir(parents=True)
        config = Config(frozenset([fault] if fault else []), store_dir=store)
        with MiniServer(config, PartialKeeper) as server:
            fields = {name: getattr(FAST, name) for name in Settings.__dataclass_fields__}
            fields |= {"port": server.port, "store_dir": store, **over}
            return _report(Runner(Trial(Settings(**fields), "scp"), cases))


def judge_scu(fault: str | None, cases: Sequence[Case], **over: object) -> Report:
    """Run cases against the mini requestor, clean or with one fault."""
    config = Config(frozenset([fault] if fault else []))
    fields = {name: getattr(FAST, name) for name in Settings.__dataclass_fields__}
    fields |= {"exec": "mini", "exec_echo": "mini echo", **over}
    return _report(Runner(Trial(Settings(**fields), "scu", thread_launcher(config)), cases))


def _report(runner: Runner) -> Report:
    try:
        return runner.run()
    except Unusable:
        # A fault so coarse that the baseline fails is caught, but by no case.
        return runner.report


Judged = dict[str, tuple[Verdict, Sub]]


def judged(report: Report) -> Judged:
    """Verdict and sub-verdict of each case that ran."""
    return {
        case.id: (case.verdict, case.sub)
        for case in report.cases
        if not case.message.startswith("not run:")
    }


def reactions(report: Report | Judged, clean: Report | Judged) -> set[str]:
    """Ids of the cases that judged this peer otherwise than the clean one."""
    seen = judged(report) if isinstance(report, Report) else report
    usual = judged(clean) if isinstance(clean, Report) else clean
    return {id_ for id_, verdicts in seen.items() if verdicts != usual[id_]}


def missed(fault: PlantedFault, seen: set[str]) -> set[str]:
    """Cases that were meant to catch the fault and did not."""
    return set(fault.caught_by) - seen


def unrelated(fault: PlantedFault, seen: set[str]) -> set[str]:
    """Cases that reacted without a reason."""
    globs = (*fault.caught_by, *fault.also)
    return {id_ for id_ in seen if not any(fnmatchcase(id_, glob) for glob in globs)}


def clean_deviations(report: Report) -> list[CaseResult]:
    """What the clean peer should not have: anything but pass, info, a skip for a missing declaration."""
    good = {Verdict.PASS, Verdict.INFO, Verdict.SKIP, Verdict.UNSUPPORTED}
    return [
        case
        for case in report.cases
        if case.verdict not in good and not (case.level is Level.TOLERATED and not case.sub)
    ]


GROUPS = (("scp", SCP_FAULTS, judge_scp), ("scu", SCU_FAULTS, judge_scu))


def _print_faults() -> int:
    for role, faults, _ in GROUPS:
        for fault in faults:
            print(f"{role}  {fault.name:34} {' '.join(fault.caught_by)}")
    return 0


def _tell(fault: PlantedFault, seen: set[str], *, verbose: bool) -> bool:
    """Print how a fault fared; whether the testbed was wrong about it."""
    lost, false = missed(fault, seen), unrelated(fault, seen)
    if lost or false or verbose:
        word = "WRONG" if lost or false else "ok"
        print(f"{word:6} {fault.name}: caught by {' '.join(sorted(seen)) or 'nothing'}", flush=True)
    if lost:
        print(f"       missed by {' '.join(sorted(lost))}")
    if false:
        print(f"       unrelated: {' '.join(sorted(false))}")
    return bool(lost or false)


def _clean(role: str, report: Report) -> int:
    """Print the clean peer's result; how many deviations it has."""
    deviations = clean_deviations(report)
    print(
        f"{role}: clean peer: {len(report.cases)} cases, {len(deviations)} deviations", flush=True
    )
    for case in deviations:
        print(f"  {case.verdict} {case.id} {case.message}")
    return len(deviations)


def _judge_fault(role: str, name: str) -> Judged:
    """What all the cases of a role say of one fault; run in a process of its own."""
    judge = next(judge for group, _, judge in GROUPS if group == role)
    return judged(judge(name, catalogue.cases(role)))


def _judge_all(role: str, faults: Sequence[PlantedFault], jobs: int) -> Iterator[Judged]:
    """The verdicts on each fault in order, `jobs` faults at a time."""
    names = [fault.name for fault in faults]
    if jobs <= 1:
        yield from (_judge_fault(role, name) for name in names)
        return
    # Threads are running in this process: children start afresh.
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        yield from pool.map(_judge_fault, [role] * len(names), names)


def main(
    names: Sequence[str], *, list_faults: bool = False, verbose: bool = False, jobs: int = 2
) -> int:
    """Run the self-test, `jobs` faults at a time; 0 if the testbed is right, 1 if not.

    Raises:
        Unusable: there is no fault of a given name.
    """
    if list_faults:
        return _print_faults()
    everything = {fault.name for _, faults, _ in GROUPS for fault in faults}
    if unknown := set(names) - everything:
        raise Unusable(f"no such fault: {', '.join(sorted(unknown))}")
    wrong, started, count = 0, time.monotonic(), 0
    for role, faults, judge in GROUPS:
        chosen = [fault for fault in faults if not names or fault.name in names]
        if not chosen:
            continue
        clean = judge(None, catalogue.cases(role))
        wrong += _clean(role, clean)
        count += len(chosen)
        for fault, found in zip(chosen, _judge_all(role, chosen, jobs), strict=True):
            wrong += _tell(fault, reactions(found, clean), verbose=verbose)
    seconds = time.monotonic() - started
    print(f"{count} planted faults in {seconds:.0f} s: {'FAILED' if wrong else 'PASSED'}")
    return 1 if wrong else 0
