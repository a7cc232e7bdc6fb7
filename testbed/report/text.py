"""Reports as plain text: the summary for a terminal, the full account, the matrix of products."""

from collections.abc import Iterator, Sequence

from testbed.report import figures
from testbed.results import CaseResult, Report, RunResult, WireRow

_ARROWS = {"sent": "->", "received": "<-"}
_WIRE_ROWS = 12
_FIELDS = 12

_HEADLINES = {
    "passed": "PASSED",
    "failed": "FAILED",
    "incomplete": "INCOMPLETE: the run was interrupted, or the product did not stay usable",
    "empty": "EMPTY: no case could run",
}


def _clean(text: str) -> str:
    """Text from the wire must not steer a terminal."""
    return "".join(c if c.isprintable() else "�" for c in text)


def summary(report: Report) -> list[str]:
    """A screenful: the product, deviations, counts by area, the outcome last."""
    failures, others = figures.deviations(report)
    lines = _head(report)
    for title, cases in (("Failures", failures), ("Deviations that do not fail the run", others)):
        if cases:
            lines += ["", f"{title}:"]
        for case in cases:
            lines += [f"  {_line(case)}", f"      {_clean(case.message)}"]
    lines += ["", *_area_table(report), ""]
    return [*lines, *_foot(report)]


def full(report: Report) -> list[str]:
    """The whole account: every deviation with requirement, stimulus, expectation and what was seen."""
    failures, others = figures.deviations(report)
    lines = _head(report)
    for title, cases in (("Failures", failures), ("Deviations that do not fail the run", others)):
        if cases:
            lines += ["", title, "=" * len(title)]
        for case in cases:
            lines += ["", *account(case)]
    lines += ["", "All cases", "========="]
    for key, cases in figures.areas(report).items():
        area = figures.area(key)
        lines += ["", f"{key}  {area.title}" + (f"  [{area.clauses}]" if area.clauses else "")]
        lines += [f"  {_line(case)}" for case in cases]
    lines += ["", *_area_table(report), ""]
    return [*lines, *_foot(report)]


def matrix(reports: Sequence[Report], *, all_rows: bool = True) -> list[str]:
    """Cases by products, one table per role; `*` marks the rows where products differ."""
    lines: list[str] = []
    for role, numbers in figures.by_role(reports).items():
        chosen = [reports[number] for number in numbers]
        rows = figures.matrix(chosen)
        lines += [f"Products as {figures.role_text(role)}"]
        lines += [f"  {n}  {_clean(figures.name_of(r))}" for n, r in enumerate(chosen, start=1)]
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
    return figures.mark(case) + (f" {case.sub}" if case.sub else "")


def _head(report: Report) -> list[str]:
    target = report.target
    facts = [
        f"{label} {_clean(str(target[key]))}"
        for key, label in (
            ("implementation_version", "implementation version"),
            ("implementation_class", "implementation class"),
            ("max_length", "maximum length"),
            ("artim", "ARTIM"),
        )
        if target.get(key)
    ]
    lines = [f"{_clean(figures.name_of(report))} as {figures.role_text(report.role)}"]
    lines += [", ".join(facts)] if facts else []
    return [*lines, f"run {report.started}, {report.seconds:.0f} s"]


def _foot(report: Report) -> list[str]:
    counts = ", ".join(f"{n} {name}" for name, n in reversed(figures.tally(report.cases).items()))
    lines = [f"{len(report.cases)} cases: {counts or 'none'}"]
    lines += [
        f"{which} baseline: {_clean(text)}"
        for which, text in report.baseline.items()
        if text != "pass"
    ]
    return [*lines, _HEADLINES[figures.outcome(report)]]


def _line(case: CaseResult) -> str:
    sub = f" ({case.sub})" if case.sub else ""
    return f"{figures.mark(case):11} {case.id:16} {_clean(case.title)}{sub}"


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


def account(case: CaseResult) -> list[str]:
    """Requirement, Expected, Seen, and the end of the deciding run's wire log."""
    run = figures.worst_run(case)
    lines = [_line(case), *_field("Requirement", [f"{case.requirement}  [{case.clause}]"])]
    lines += _field("Level", [case.level.value])
    lines += _field("Why", [case.why] if case.why else [])
    lines += _field("Expected", case.expected)
    lines += _field("Seen", list(_seen(case, run)))
    lines += _field("Expected to fail", [case.xfail] if case.xfail else [])
    rows = run.wire[-_WIRE_ROWS:]
    if len(run.wire) > len(rows):
        lines.append(f"    ... {len(run.wire) - len(rows)} earlier rows in the JSON result")
    return [*lines, *(f"    {line}" for row in rows for line in _wire(row))]


def _seen(case: CaseResult, run: RunResult) -> Iterator[str]:
    name = f"[{run.name}] " if run.name else ""
    yield f"{name}{run.seen or 'nothing'}"
    if case.message and case.message != f"seen: {run.seen}":
        yield case.message
    if run.reported:
        yield f"the product reported {run.reported}, exit code {run.exit_code}"


def _field(name: str, texts: Sequence[str]) -> list[str]:
    return [f"  {name if not n else '':17}{_clean(text)}" for n, text in enumerate(texts)]


def _wire(row: WireRow) -> Iterator[str]:
    size = f" ({row.size} bytes)" if row.size else ""
    head = row.what or row.summary
    yield f"{row.time:9.4f} {_ARROWS.get(row.direction, '--')} {_clean(head)}{size}"
    if row.direction == "received":
        yield from (f"             {_clean(line)}" for line in row.decoded[:_FIELDS])
