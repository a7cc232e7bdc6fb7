"""The terminal: progress, failures as Requirement / Sent / Expected / Seen, the summary last."""

import sys
from collections import defaultdict

from testbed import annotate
from testbed.facts import Facts, build
from testbed.model import (
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
from testbed.results import (
    CaseResult,
    Report,
    RunResult,
    WireRow,
    expected_lines,
    is_failure,
    is_xfail,
    is_xpass,
)
from testbed.settings import Settings
from testbed.trace import legend
from testbed.verdicts import Verdict

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
        if self.quiet or not (failed or self.verbose or result.verdict is Verdict.FAIL):
            return
        if self.live:
            sys.stderr.write("\r\x1b[K")
        print(self.line(result))
        if failed and not is_xpass(result):
            print("\n".join(failure_lines(result)))

    def line(self, result: CaseResult) -> str:
        """One line about a case."""
        mark = (
            "xfail" if is_xfail(result) else "XPASS" if is_xpass(result) else result.verdict.value
        )
        sub = f" ({result.sub})" if result.sub else ""
        text = self.paint(f"{mark:11}", result.verdict)
        return f"{text} {result.id:16} {result.title}{sub}"

    def summary(self, report: Report, *, interrupted: bool = False) -> None:
        """The last lines: deviations by verdict, counts, baseline."""
        if self.live:
            sys.stderr.write("\r\x1b[K")
        failures = report.failures(strict=self.settings.strict)
        others = [
            case
            for case in report.cases
            if case not in failures and case.verdict in {Verdict.NON_STRICT, Verdict.FAIL}
        ]
        for title, cases in (
            ("Failures", failures),
            ("Deviations that do not fail the run", others),
        ):
            if cases:
                print(f"\n{title}:")
            for case in cases:
                print(f"  {self.line(case)}\n      {case.message}")
        if failures or others:
            texts = [
                t for c in (*failures, *others) for t in (*c.expected, *(r.seen for r in c.runs))
            ]
            print("\nNotation: " + "\n          ".join(legend(texts)))
        print("\n" + "  ".join(group_counts(report)))
        counts = report.counts()
        order = [*(verdict.value for verdict in Verdict), "xfail"]
        total = ", ".join(f"{counts[name]} {name}" for name in order if name in counts)
        name, seconds = report.target.get("name", ""), report.seconds
        print(f"{name}: {len(report.cases)} cases in {seconds:.0f} s: {total}")
        baseline = [
            f"{which} baseline: {text}" for which, text in report.baseline.items() if text != "pass"
        ]
        print("\n".join(baseline) + "\n" if baseline else "", end="")
        if interrupted:
            print("INTERRUPTED: the result is incomplete")
        elif not report.complete:
            print("INCOMPLETE: the product did not stay usable")
        print("FAILED" if failures or interrupted or not report.complete else "PASSED")


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


def failure_lines(result: CaseResult) -> list[str]:
    """Requirement, Sent, Expected, Seen of a case's worst run."""
    run = max(
        result.runs, key=lambda run: run.verdict.weight, default=RunResult("", result.verdict)
    )
    lines = [f"  Requirement  {result.requirement}  [{result.clause}]"]
    lines += [f"  {'Sent' if not n else '':12} {text}" for n, text in enumerate(_sent(run))]
    lines += [
        f"  {'Expected' if not n else '':12} {text}" for n, text in enumerate(result.expected)
    ]
    lines.append(
        f"  Seen         {run.seen or 'nothing'}" + (f"  [{run.name}]" if run.name else "")
    )
    if run.message:
        lines.append(f"               {run.message}")
    wire = [text for row in run.wire for text in _row_lines(row)]
    lines += [f"    {text}" for text in wire[:WIRE_LINES]]
    if len(wire) > WIRE_LINES:
        lines.append(f"    ... {len(wire) - WIRE_LINES} more lines in the JSON result")
    return [*lines, ""]


def _sent(run: RunResult) -> list[str]:
    return [
        f"{row.what or row.summary} ({row.size} bytes)"
        for row in run.wire
        if row.direction == "sent"
    ][-6:]


def _row_lines(row: WireRow) -> list[str]:
    arrow = {"sent": "->", "received": "<-"}.get(row.direction, "--")
    head = f"{row.time:8.3f} {arrow} {row.what or row.summary}"
    if row.direction != "received":
        return [head]
    return [head, *(f"           {line}" for line in row.decoded[:12])]


_PLAIN = {
    Quiet: "see that nothing comes and the connection stays open",
    Fence: "close our half and read to the end",
    Fin: "send a FIN",
    Rst: "send an RST",
}


def step_lines(step: Step) -> list[str]:
    """A step as `dulspec show` tells it."""
    facts = Facts()
    match step:
        case Send():
            how = " one byte at a time" if step.by_byte else ""
            return [
                f"send {step.what}{how}",
                *(f"    {line}" for line in annotate.render(build(step.data, facts))),
            ]
        case Establish():
            lines = annotate.render(build(step.rq, facts))
            return [
                "associate (A-ASSOCIATE-RQ, expect A-ASSOCIATE-AC)",
                *(f"    {line}" for line in lines),
            ]
        case Accept():
            return [
                "accept the association",
                *(f"    {line}" for line in annotate.render(build(step.ac, facts))),
            ]
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


def show(case: Case) -> list[str]:
    """All about a case: requirement, clause, why, every run's steps with annotated bytes, outcomes."""
    lines = [f"{case.id}  {case.title}", f"level        {case.level}", f"clause       {case.clause}",
             f"requirement  {case.requirement}"]  # fmt: skip
    lines += [f"why          {case.why}"] if case.why else []
    lines += [f"needs        {', '.join(case.needs)}"] if case.needs else []
    for run in case.runs:
        lines.append(f"\nrun {run.name}".rstrip())
        lines += [f"  {line}" for step in run.steps for line in step_lines(step)]
    return [
        *lines,
        "\noutcomes (the first that fits)",
        *(f"  {line}" for line in expected_lines(case)),
    ]
