"""Results: what a run of the testbed leaves behind."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from . import annotate
from .model import Case, Cell
from .observe import LogEntry
from .timings import Timing
from .verdicts import Level, Sub, Verdict

#: Name of the run that shows the probe after a case, where the product was not alive.
LIVE = "LIVE"
#: Of one entry of the wire log, the bytes that are kept: in hex, and as annotated lines.
HEX_LIMIT = 64 * 1024
ANNOTATE_LIMIT = 1024 * 1024


@dataclass(slots=True)
class WireRow:
    """One row of the stored wire log.

    `hex` holds at most 65536 bytes of `size`, `decoded` the fields of the first MiB; its last line
    says so if there were more.
    """

    time: float
    direction: str
    what: str
    size: int
    hex: str
    summary: str
    decoded: list[str]
    connection: int = 1


@dataclass(slots=True)
class RunResult:
    """One run's verdict and evidence.

    `close` says how the connection ended ("peer FIN", "peer RST", "tester", "open"), `reported`
    what the product under test reported by its exit code ("success", "failure", "").
    """

    name: str
    verdict: Verdict
    sub: Sub = Sub.NONE
    message: str = ""
    seen: str = ""
    close: str = ""
    close_seconds: float | None = None
    reported: str = ""
    exit_code: int | None = None
    output: str = ""
    seconds: float = 0.0
    wire: list[WireRow] = field(default_factory=list)


@dataclass(slots=True)
class CaseResult:
    """One case's verdict: the worst of its runs, after the liveness probe.

    `digest` is of the case that was judged (`testbed.digest`), "" in files that have none yet.
    `cause` is the root cause of a deviation, `blocked` the one that kept the case from being reached
    (`testbed.causes`).
    """

    id: str
    role: str
    clause: str
    level: Level
    title: str
    requirement: str
    expected: list[str]
    verdict: Verdict
    sub: Sub = Sub.NONE
    message: str = ""
    seconds: float = 0.0
    why: str = ""
    tags: list[str] = field(default_factory=list)
    cell: Cell | None = None
    xfail: str | None = None
    attempts: list[Verdict] = field(default_factory=list)
    runs: list[RunResult] = field(default_factory=list)
    cause: str = ""
    blocked: str = ""
    digest: str = ""

    @property
    def group(self) -> str:
        """The id without its number."""
        return self.id.rpartition(".")[0]


@dataclass(slots=True)
class Unreached:
    """A cell of Table 9-10 no network peer can bring about, and why."""

    role: str
    cell: Cell
    reason: str


@dataclass(slots=True)
class Report:
    """A whole run: the target, the settings, the baseline, every case's result."""

    role: str
    target: dict[str, Any]
    settings: dict[str, Any]
    started: str
    seconds: float = 0.0
    complete: bool = False
    baseline: dict[str, str] = field(default_factory=dict)
    cases: list[CaseResult] = field(default_factory=list)
    unreached: list[Unreached] = field(default_factory=list)
    timings: list[Timing] = field(default_factory=list)
    #: Of the catalogue; files of the first have no word of it.
    edition: str = "1"

    def counts(self) -> dict[str, int]:
        """How many cases have each mark."""
        return dict(Counter(mark(case) for case in self.cases))

    def judged(self) -> bool:
        """Whether any case was judged: a run of skipped cases has not passed, nothing has."""
        moot = {Verdict.SKIP, Verdict.UNSUPPORTED}
        return any(case.verdict not in moot for case in self.cases)

    def failures(self, *, strict: bool = False) -> list[CaseResult]:
        """The cases that make the run fail."""
        return [case for case in self.cases if is_failure(case, strict=strict)]


def is_xfail(case: CaseResult) -> bool:
    """Whether a case failed and was expected to."""
    return case.xfail is not None and case.verdict in {Verdict.FAIL, Verdict.NON_STRICT}


def is_xpass(case: CaseResult) -> bool:
    """Whether a case was expected to fail and passed."""
    return case.xfail is not None and case.verdict is Verdict.PASS


def mark(case: CaseResult) -> str:
    """The verdict; "xfail" and "xpass" where a failure was expected, "blocked" if it was not reached."""
    if case.blocked:
        return "blocked"
    if is_xfail(case):
        return "xfail"
    return "xpass" if is_xpass(case) else case.verdict.value


def is_failure(case: CaseResult, *, strict: bool = False) -> bool:
    """Whether a case makes the run fail.

    Without `strict` a failed recommended case is shown and does not fail the run; with it, it does,
    and so does every non-strict verdict. A hang or a crash always fails. An unexpected pass
    (XPASS) fails: the list of expected failures is out of date. What was not reached fails nothing: its cause does.
    """
    if case.blocked:
        return False
    if case.xfail is not None:
        return is_xpass(case) or case.verdict is Verdict.ERROR
    if case.verdict is Verdict.ERROR or case.sub in {Sub.CRASH, Sub.FLAKY}:
        return True
    if case.verdict is Verdict.FAIL:
        return case.level is not Level.RECOMMENDED or strict or case.sub is Sub.HANG
    return strict and case.verdict is Verdict.NON_STRICT


def expected_lines(case: Case) -> list[str]:
    """The accepted outcomes of a case as text, for reports and `dulspec show`."""
    lines: list[str] = []
    for run in case.runs:
        prefix = f"[{run.name}] " if run.expectations and run.name else ""
        lines += [
            prefix + _outcome_text(entry.pattern, entry.verdict, entry.note)
            for entry in run.expectations
        ]
    lines += [
        _outcome_text(entry.pattern, entry.verdict, entry.note) for entry in case.expectations
    ]
    checks = [*case.checks, *(check for run in case.runs for check in run.checks)]
    for check in checks:
        text = (check.__doc__ or check.__name__).strip().splitlines()[0]
        lines.append(f"check: {text}")
    return list(dict.fromkeys(lines))


def _outcome_text(pattern: str, verdict: Verdict, note: str) -> str:
    return f"{verdict.value}: {pattern or '(nothing)'}" + (f"  - {note}" if note else "")


def wire_rows(log: Iterable[LogEntry], *, show_data: bool = False) -> list[WireRow]:
    """A wire log made fit for storing: hidden bytes zeroed, long entries cut."""
    return [_row(entry, show_data=show_data) for entry in log]


def _row(entry: LogEntry, *, show_data: bool) -> WireRow:
    seen = entry.data[:ANNOTATE_LIMIT]
    head = seen[:HEX_LIMIT] if show_data else annotate.redact(seen)[:HEX_LIMIT]
    decoded = annotate.render(seen, show_data=show_data) if seen else []
    if len(seen) < len(entry.data):
        decoded.append(f"... {len(entry.data) - len(seen)} more bytes are not kept")
    return WireRow(
        time=round(entry.time, 4),
        direction=entry.direction,
        what=entry.what,
        size=len(entry.data),
        hex=head.hex(),
        summary=annotate.summary(seen) if seen else entry.what,
        decoded=decoded,
        connection=entry.connection,
    )
