"""Judging the mini peers, clean or with a planted fault, and comparing what cases say of both.

A case catches a fault if its verdict or its sub-verdict differs from the clean peer's.
"""

import tempfile
from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from ..mini.acceptor import PartialKeeper
from ..mini.peer import Config
from ..mini.process import thread_launcher
from ..mini.server import MiniServer
from ..model import Case
from ..results import CaseResult, Report
from ..runner import Runner, Unusable
from ..settings import Settings
from ..trial import Trial
from ..verdicts import Level, Sub, Verdict
from .faults import PlantedFault

#: Patience that suits peers on the loopback interface whose own timers are short (1.1 and 1.2 s): what must come
#: has far longer, what must not come is watched for less.
FAST = Settings(
    timeout=2.0,
    slow_max=2.0,
    still=0.5,
    artim_max=3.0,
    idle=0.3,
    acse_max=3.0,
    dimse_max=3.0,
    live_max=2.0,
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
