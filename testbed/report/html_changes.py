"""Two results of one product on a page: each change with both wire logs side by side."""

from collections.abc import Sequence

from ..results import CaseResult, Report, mark
from . import figures
from .changes import TOLD, Change, Compared, regressed, told, warnings
from .document import asset, document
from .html_cases import badge
from .html_wire import wire_table
from .markup import Markup, el

_LEADS = {
    Change.REGRESSION: "Worse than before, or no longer offered.",
    Change.UNJUDGED: "Judged before, and not now: nothing can be said of these.",
    Change.OTHER: "A deviation before and now, yet not the same one.",
    Change.NEW_DEVIATION: "Not judged before.",
    Change.IMPROVEMENT: "Better than before.",
}


def page(old: Report, new: Report, rows: Sequence[Compared]) -> str:
    """The whole page."""
    worse = regressed(rows, new)
    title = f"{figures.name_of(old)} and {figures.name_of(new)}"
    counts = {kind: [row for row in rows if row.change is kind] for kind in TOLD}
    summary = [
        el("li", el("a", el("b", len(some)), f" {kind.value}", href=f"#{_anchor(kind)}"))
        for kind, some in counts.items()
        if some
    ]
    same = sum(row.change is Change.SAME for row in rows)
    return document(
        f"changes from {title}",
        el(
            "header",
            el("p", "dulspec · what changed", class_="brand"),
            el("h1", title),
            el("p", f"{_run(old)} against {_run(new)}", class_="lead"),
        ),
        el(
            "main",
            el(
                "div",
                el(
                    "p",
                    el("strong", "Worse" if worse else "Not worse"),
                    el("span", f"{same} of {len(rows)} cases are as they were"),
                    class_="verdict",
                ),
                [el("p", text, class_="problem") for text in warnings(old, new)],
                el("ul", summary, class_="changes"),
                class_=f"outcome {'failed' if worse else 'passed'}",
            ),
            [_section(kind, some, old, new) for kind, some in counts.items() if some],
        ),
        style=asset("page.css"),
    )


def _run(report: Report) -> str:
    version = report.target.get("implementation_version")
    return f"{report.started[:16].replace('T', ' ')}{f' ({version})' if version else ''}"


def _anchor(kind: Change) -> str:
    return kind.value.replace(" ", "-").replace(",", "")


def _section(kind: Change, rows: Sequence[Compared], old: Report, new: Report) -> Markup:
    return el(
        "section",
        el("h2", f"{kind.value.capitalize()} ({len(rows)})"),
        el("p", _LEADS[kind], class_="note"),
        [_row(row, old, new) for row in rows],
        id=_anchor(kind),
    )


def _row(row: Compared, old: Report, new: Report) -> Markup:
    case = row.new or row.old
    names = _deciding(row)
    return el(
        "details",
        el(
            "summary",
            badge(mark(row.new)) if row.new is not None else None,
            el("code", row.id, class_="id"),
            el("span", row.title, class_="title"),
            el("span", f"{told(row.old)} → {told(row.new)}", class_="sub"),
        ),
        el(
            "div",
            el("p", case.requirement, " ", el("small", case.clause)) if case is not None else None,
            el(
                "div",
                _side("before", row.old, old, names),
                _side("now", row.new, new, names),
                class_="sides",
            ),
            class_="body",
        ),
        class_="case" + (" failing" if row.change is Change.REGRESSION else ""),
        id=row.id,
        open=row.change is Change.REGRESSION,
    )


def _deciding(row: Compared) -> set[str]:
    """Names of the runs that made the worse of the two verdicts: the same ones are shown on both sides."""
    sides = [case for case in (row.old, row.new) if case is not None]
    worse = max(sides, key=lambda case: case.verdict.weight)
    return {run.name for run in figures.deciding_runs(worse)}


def _side(when: str, case: CaseResult | None, report: Report, names: set[str]) -> Markup:
    head = el("h4", when, " ", badge(mark(case)) if case is not None else told(case))
    if case is None:
        return el("section", head)
    runs = [run for run in case.runs if run.name in names] or figures.deciding_runs(case)
    return el(
        "section",
        head,
        el("p", case.message) if case.message else None,
        [
            [
                el(
                    "p",
                    f"{run.name + ': ' if run.name else ''}{run.seen or 'nothing'}",
                    class_="note",
                ),
                wire_table(run.wire, report.role) if run.wire else None,
            ]
            for run in runs
        ],
    )
