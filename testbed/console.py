"""The terminal: progress, failures as Requirement / Sent / Expected / Seen, the summary last."""

import sys
from collections import defaultdict
from collections.abc import Iterator
from functools import partial

from . import annotate
from .facts import Bytes, Facts, build
from .model import (
    Accept,
    Case,
    Establish,
    Fence,
    Fin,
    Mark,
    Quiet,
    Read,
    Rst,
    Send,
    Serve,
    Step,
)
from .report import figures, text
from .results import CaseResult, Report, expected_lines, is_failure, mark
from .settings import Settings
from .trace import legend
from .verdicts import Verdict

_COLOURS = {
    Verdict.PASS: "32", Verdict.INFO: "36", Verdict.SKIP: "2", Verdict.UNSUPPORTED: "2",
    Verdict.NON_STRICT: "33", Verdict.FAIL: "31", Verdict.ERROR: "35",
}  # fmt: skip
WIRE_LINES = 40


class Screen:
    """Prints what happens while a run goes on; colours only on a terminal."""

    def __init__(
        self, total: int, settings: Settings, *, quiet: bool = False, verbose: bool = False
    ) -> None:
        self.total = total
        self.settings = settings
        self.quiet = quiet
        self.verbose = verbose
        self.done = 0
        self.colour = sys.stdout.isatty()
        self.live = sys.stderr.isatty() and not quiet

    def paint(self, text: str, verdict: Verdict) -> str:
        """The text in the verdict's colour."""
        return f"\x1b[{_COLOURS[verdict]}m{text}\x1b[0m" if self.colour else text

    def case(self, result: CaseResult) -> None:
        """A case is done."""
        self.done += 1
        failed = is_failure(result, strict=self.settings.strict)
        if self.live:
            sys.stderr.write(f"\r\x1b[K{self.done}/{self.total} {result.id}")
            sys.stderr.flush()
        if self.quiet or (result.blocked and not self.verbose):
            return
        if not (failed or self.verbose or result.verdict is Verdict.FAIL):
            return
        if self.live:
            sys.stderr.write("\r\x1b[K")
        print(self.line(result))
        if mark(result) in {"xfail", "xpass"}:
            print(f"      {text.told(result)}")
        elif failed:
            print("\n".join([*text.account(result, wire_lines=WIRE_LINES)[1:], ""]))
        elif self.verbose and result.message:
            print(f"      {text.told(result)}")

    def notice(self, text: str) -> None:
        """Say what is being waited for."""
        if not self.quiet:
            print(f"dulspec: {text}", file=sys.stderr)

    def line(self, result: CaseResult) -> str:
        """One line about a case, in its verdict's colour."""
        word, rest = text.line(result)[:11], text.line(result)[11:]
        return f"{self.paint(word, result.verdict)}{rest}"

    def summary(self, report: Report, *, interrupted: bool = False) -> None:
        """The last lines: deviations by verdict, counts, baseline."""
        if self.live:
            sys.stderr.write("\r\x1b[K")
        if told := text.root_causes(report):
            print("\n" + "\n".join(told))
        failures = report.failures(strict=self.settings.strict)
        others = [
            case
            for case in report.cases
            if case not in failures
            and not case.blocked
            and case.verdict in {Verdict.NON_STRICT, Verdict.FAIL}
        ]
        for title, cases in (
            ("Failures", failures),
            ("Deviations that do not fail the run", others),
        ):
            if cases:
                print(f"\n{title}:")
            for case in cases:
                print(f"  {self.line(case)}\n      {text.told(case)}")
        if skipped := unjudged(report):
            print("\nNot judged:\n  " + "\n  ".join(skipped))
        if failures or others:
            texts = [
                t for c in (*failures, *others) for t in (*c.expected, *(r.seen for r in c.runs))
            ]
            print("\nNotation: " + "\n          ".join(legend(texts)))
        print("\n" + "  ".join(group_counts(report)))
        print(_total(report))
        baseline = [
            f"{which} baseline: {text}" for which, text in report.baseline.items() if text != "pass"
        ]
        print("\n".join(baseline) + "\n" if baseline else "", end="")
        print("\n".join(_last_lines(report, interrupted=interrupted, failed=bool(failures))))


#: What a run ends with. Skipped cases alone have not passed: nothing was judged.
_LAST_WORD = {
    "passed": "PASSED",
    "failed": "FAILED",
    "incomplete": "FAILED",
    "empty": "NOTHING JUDGED: every case was skipped or is unsupported",
}


def _last_lines(report: Report, *, interrupted: bool, failed: bool) -> Iterator[str]:
    """What the run comes to; of one that was interrupted nobody knows it, unless it failed already."""
    if interrupted:
        yield "INTERRUPTED: the result is incomplete"
    elif not report.complete:
        yield "INCOMPLETE: the product did not stay usable"
    if failed or not interrupted:
        yield _LAST_WORD[figures.outcome(report)]


def _total(report: Report) -> str:
    counts = report.counts()
    told = [f"{counts[name]} {name}" for name in reversed(figures.MARKS) if name in counts]
    line = f"{report.target.get('name', '')}: {len(report.cases)} cases in {report.seconds:.0f} s"
    return f"{line}: {', '.join(told)}" if told else line


def unjudged(report: Report) -> list[str]:
    """Why cases were not judged, each reason once, with the cases that it kept out."""
    reasons: dict[str, list[str]] = defaultdict(list)
    for case in report.cases:
        if case.verdict in {Verdict.SKIP, Verdict.UNSUPPORTED}:
            reasons[f"{case.verdict}: {case.message}"].append(case.id)
    return [f"{reason}\n      {' '.join(ids)}" for reason, ids in reasons.items()]


def group_counts(report: Report) -> list[str]:
    """`P.AC 12/13` for each group: cases without a deviation of all judged."""
    groups: dict[str, list[CaseResult]] = defaultdict(list)
    for case in report.cases:
        if case.verdict not in {Verdict.SKIP, Verdict.UNSUPPORTED}:
            groups[case.group.split(".Sta")[0]].append(case)
    good = {Verdict.PASS, Verdict.INFO}
    return [
        f"{name} {sum(c.verdict in good for c in cases)}/{len(cases)}"
        for name, cases in groups.items()
    ]


#: Lines of one stimulus that `dulspec show` prints, unless data is asked for.
SHOW_LINES = 400


def _stimulus(data: Bytes, *, show_data: bool) -> list[str]:
    limit = None if show_data else SHOW_LINES
    made = build(data, Facts())
    lines = annotate.render(made, show_data=show_data, whole=show_data, limit=limit)
    return [f"    {line}" for line in lines]


_PLAIN = {
    Quiet: "see that nothing comes and the connection stays open",
    Fence: "close our half and read to the end",
    Fin: "send a FIN",
    Rst: "send an RST",
}


def step_lines(step: Step, *, show_data: bool = False) -> list[str]:
    """A step as `dulspec show` tells it."""
    render = partial(_stimulus, show_data=show_data)
    match step:
        case Send():
            how = " one byte at a time" if step.by_byte else ""
            return [f"send {step.what}{how}", *render(step.data)]
        case Establish():
            return ["associate (A-ASSOCIATE-RQ, expect A-ASSOCIATE-AC)", *render(step.rq)]
        case Accept():
            return ["accept the association", *render(step.ac)]
        case Serve():
            return [f"serve to the end: {step.what}"]
        case Read():
            return [f"read until {step.until} (patience: {step.patience})"]
        case Quiet() | Fence() | Fin() | Rst():
            return [_PLAIN[type(step)]]
        case Mark():
            return [f"this must have been seen: {step.need}"] if step.need else []
        case _:
            return [getattr(step, "what", "read the product's A-ASSOCIATE-RQ")]


def show(case: Case, *, show_data: bool = False) -> list[str]:
    """All about a case: requirement, clause, why, every run's steps with annotated bytes, outcomes."""
    lines = [f"{case.id}  {case.title}", f"level        {case.level}", f"clause       {case.clause}",
             f"requirement  {case.requirement}"]  # fmt: skip
    lines += [f"why          {case.why}"] if case.why else []
    lines += [f"needs        {', '.join(case.needs)}"] if case.needs else []
    for run in case.runs:
        lines.append(f"\nrun {run.name}".rstrip())
        lines += [
            f"  {line}" for step in run.steps for line in step_lines(step, show_data=show_data)
        ]
    return [
        *lines,
        "\noutcomes (the first that fits)",
        *(f"  {line}" for line in expected_lines(case)),
    ]
