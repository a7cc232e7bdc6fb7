"""Reports as plain text: the summary for a terminal, the full account, the matrix of products."""

from collections.abc import Iterator, Sequence

from .. import causes
from ..results import CaseResult, Report, RunResult, WireRow, mark
from . import figures

_ARROWS = {"sent": "->", "received": "<-"}
#: How many of the last stimuli the field "Sent" names; the wire log has them all.
_SENT = 6
#: How many of the cases that show a cause are named.
_SHOWN = 6

_HEADLINES = {
    "passed": "PASSED",
    "failed": "FAILED",
    "incomplete": "INCOMPLETE: the run was interrupted, or the product did not stay usable",
    "empty": "EMPTY: no case could run",
}


def clean(text: str) -> str:
    """Text from the wire must not steer a terminal."""
    return "".join(c if c.isprintable() else "�" for c in text)


def timings(report: Report) -> list[str]:
    """The times that were measured, in milliseconds; none is judged."""
    if not report.timings:
        return []
    width = max(len(entry.what) for entry in report.timings)
    head = f"  {'':{width}} {'count':>6} {'median':>10} {'99 %':>10} {'longest':>10}"
    rows = (
        f"  {entry.what:{width}} {entry.count:6}"
        + "".join(f" {value * 1000:10.1f}" for value in (entry.median, entry.p99, entry.longest))
        for entry in report.timings
    )
    return ["Times in ms, measured and not judged:", head, *rows, ""]


def root_causes(report: Report) -> list[str]:
    """The causes of all deviations by harm, each with what it does in a hospital and the cases that show it."""
    lines: list[str] = []
    harm = None
    for root in causes.roots(report.cases):
        if not lines:
            lines.append("Root causes, the most harmful first:")
        if (fails := _root_fails(report, root), root.harm) != harm:
            harm = (fails, root.harm)
            told = causes.HARMS[root.harm]
            lines += ["", f"  {told}:" if fails else f"  {told} (does not fail the run):"]
        lines.append(f"    {root.verdict.value:11} {clean(root.title)}")
        lines.append(f"                {clean(root.consequence)}")
        shown = " ".join(case.id for case in root.cases[:_SHOWN])
        more = f" and {len(root.cases) - _SHOWN} more" if len(root.cases) > _SHOWN else ""
        lines.append(f"                shown by {shown}{more}")
        if root.behind:
            lines.append(f"                not reached because of it: {len(root.behind)} cases")
    return lines


def _root_fails(report: Report, root: causes.Root) -> bool:
    return any(figures.fails(report, case) for case in root.cases)


def summary(report: Report) -> list[str]:
    """A screenful: the product, its root causes, deviations, counts by area, the outcome last."""
    failures, others = figures.deviations(report)
    lines = [*_head(report), "", *root_causes(report)]
    for title, cases in (("Failures", failures), ("Deviations that do not fail the run", others)):
        if cases:
            lines += ["", f"{title}:"]
        for case in cases:
            lines += [f"  {line(case)}", f"      {told(case)}"]
    lines += ["", *_area_table(report), "", *timings(report)]
    return [*lines, *_foot(report)]


def full(report: Report) -> list[str]:
    """The whole account: every deviation with requirement, stimulus, expectation and what was seen."""
    failures, others = figures.deviations(report)
    lines = [*_head(report), "", *root_causes(report)]
    for title, cases in (("Failures", failures), ("Deviations that do not fail the run", others)):
        if cases:
            lines += ["", title, "=" * len(title)]
        for case in cases:
            lines += ["", *account(case)]
    lines += ["", "All cases", "========="]
    for key, cases in figures.areas(report).items():
        area = figures.area(key)
        lines += ["", f"{key}  {area.title}" + (f"  [{area.clauses}]" if area.clauses else "")]
        lines += [f"  {line(case)}" for case in cases]
    lines += ["", *_area_table(report), "", *timings(report)]
    return [*lines, *_foot(report)]


def matrix(reports: Sequence[Report], *, all_rows: bool = True) -> list[str]:
    """Cases by products, one table per role; `*` marks the rows where products differ."""
    lines: list[str] = []
    for role, numbers in figures.by_role(reports).items():
        chosen = [reports[number] for number in numbers]
        rows = figures.matrix(chosen)
        lines += [f"Products as {figures.role_text(role)}"]
        lines += [f"  {n}  {clean(figures.name_of(r))}" for n, r in enumerate(chosen, start=1)]
        width = 22
        head = "".join(f"{n:<{width}}" for n in range(1, len(chosen) + 1))
        lines += ["", f"  {'case':16} {head}".rstrip()]
        for row in rows:
            if all_rows or row.differs:
                cells = "".join(f"{_cell(cell):<{width}}" for cell in row.cells)
                lines.append(f"{'*' if row.differs else ' '} {row.id:16} {cells}".rstrip())
        differing = sum(row.differs for row in rows)
        lines += ["", f"{len(rows)} cases, {differing} with different outcomes", ""]
    return lines


def _cell(case: CaseResult | None) -> str:
    if case is None:
        return "."
    return mark(case) + (f" {case.sub}" if case.sub else "")


def _head(report: Report) -> list[str]:
    target = report.target
    facts = [
        f"{label} {clean(str(target[key]))}"
        for key, label in (
            ("implementation_version", "implementation version"),
            ("implementation_class", "implementation class"),
            ("max_length", "maximum length"),
            ("artim", "ARTIM"),
        )
        if target.get(key)
    ]
    lines = [f"{clean(figures.name_of(report))} as {figures.role_text(report.role)}"]
    lines += [", ".join(facts)] if facts else []
    return [*lines, f"run {report.started}, {report.seconds:.0f} s"]


def _foot(report: Report) -> list[str]:
    counts = ", ".join(f"{n} {name}" for name, n in reversed(figures.tally(report.cases).items()))
    lines = [f"{len(report.cases)} cases: {counts or 'none'}"]
    lines += [
        f"{which} baseline: {clean(text)}"
        for which, text in report.baseline.items()
        if text != "pass"
    ]
    return [*lines, _HEADLINES[figures.outcome(report)]]


def line(case: CaseResult) -> str:
    """A case in one line: mark, id, title, kind of deviation."""
    sub = f" ({case.sub})" if case.sub else ""
    return f"{mark(case):11} {case.id:16} {clean(case.title)}{sub}"


def told(case: CaseResult) -> str:
    """What there is to say of a case's outcome, and of the expectation that it met or missed."""
    parts = [clean(case.message)]
    if case.blocked:
        parts.insert(0, f"not reached because of: {causes.title(case.blocked)}")
    elif mark(case) == "xfail":
        parts.append(f"expected to fail: {case.xfail}")
    elif mark(case) == "xpass":
        parts.append(f"was expected to fail ({case.xfail}), and passes: take it off the list")
    return "; ".join(part for part in parts if part)


def _area_table(report: Report) -> list[str]:
    """A row for each area, a column for each mark that occurs."""
    marks = [name for name in reversed(figures.MARKS) if name in figures.tally(report.cases)]
    head = "".join(f"{name:>12}" for name in marks)
    lines = [f"{'':8} {'area':40}{'cases':>6}{head}"]
    for key, cases in figures.areas(report).items():
        tally = figures.tally(cases)
        row = "".join(f"{tally.get(name, '.'):>12}" for name in marks)
        lines.append(f"{key:8} {figures.area(key).title:40}{len(cases):>6}{row}")
    return lines


def account(case: CaseResult, *, wire_lines: int | None = None) -> list[str]:
    """Requirement, Sent, Expected, Seen of the runs that decided, with their wire logs.

    `wire_lines` is how much of each wire log a terminal shows; what is left out is counted.
    """
    lines = [line(case), *_field("Requirement", [f"{case.requirement}  [{case.clause}]"])]
    lines += _field("Level", [case.level.value])
    lines += _field("Why", [case.why] if case.why else [])
    lines += _field("Expected", case.expected)
    if case.xfail:
        lines += _field("Known", [case.xfail])
    runs = figures.deciding_runs(case)
    for run in runs:
        lines += _field("Sent", list(_sent(run)))
        lines += _field("Seen", list(_seen(case, run)))
        wire = [text for row in run.wire for text in _wire(row)]
        cut = len(wire) if wire_lines is None else wire_lines
        lines += [f"    {text}" for text in wire[:cut]]
        if len(wire) > cut:
            lines.append(f"    ... {len(wire) - cut} more lines: see --html or --json")
    return lines


def _sent(run: RunResult) -> Iterator[str]:
    sent = [row for row in run.wire if row.direction == "sent"]
    if len(sent) > _SENT:
        yield f"({len(sent) - _SENT} before these)"
    yield from (f"{row.what or row.summary} ({row.size} bytes)" for row in sent[-_SENT:])


def _seen(case: CaseResult, run: RunResult) -> Iterator[str]:
    name = f"  [{run.name}]" if run.name else ""
    yield f"{run.seen or 'nothing'}{name}"
    message = run.message or (case.message if len(case.runs) < 2 else "")
    if message and message != f"seen: {run.seen}":
        yield message
    if run.reported:
        yield f"the product reported {run.reported}, exit code {run.exit_code}"


def _field(name: str, texts: Sequence[str]) -> list[str]:
    return [f"  {name if not n else '':13}{clean(text)}" for n, text in enumerate(texts)]


def _wire(row: WireRow) -> Iterator[str]:
    size = f" ({row.size} bytes)" if row.size else ""
    head = row.what or row.summary
    yield f"{row.time:9.4f} {_ARROWS.get(row.direction, '--')} {clean(head)}{size}"
    if row.direction == "received":
        yield from (f"             {clean(line)}" for line in row.decoded)
