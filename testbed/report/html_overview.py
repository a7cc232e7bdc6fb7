"""One result in the HTML report: its outcome, root causes, areas, facts, times and the state table."""

from collections.abc import Sequence

from .. import causes
from ..results import CaseResult, Report
from . import figures
from .html_cases import badge
from .html_grid import state_table
from .html_tallies import bar, head, marks_of
from .markup import Markup, el, join, scrolling

#: A list of failures up to this long is unfolded from the start.
_SHORT_LIST = 25
#: The outcome of a run in a word.
HEADLINE = {
    "passed": "Passed",
    "failed": "Failed",
    "incomplete": "Incomplete",
    "empty": "Nothing ran",
}
_FACTS = {
    "name": "Product",
    "host": "Host",
    "port": "Port",
    "exec": "Command",
    "implementation_class": "Implementation Class UID",
    "implementation_version": "Implementation Version Name",
    "max_length": "Maximum length announced",
    "concurrent": "Serves two associations at a time",
    "artim": "ARTIM measured (s)",
}


_UNSET: tuple[object, ...] = ("", None, {}, False)


def overview(reports: Sequence[Report], number: int) -> Markup:
    """Outcome, areas, facts and the state table of one result."""
    report = reports[number]
    prefix = prefix_of(reports, number)
    inner = [
        _outcome(report),
        _root_causes(report, prefix),
        _failures(report, prefix),
        _area_table(report, prefix, reports),
        _facts(report),
        _timings(report),
        state_table(report, prefix),
    ]
    if len(reports) == 1:
        return el("section", el("h2", "Overview"), inner, id="overview")
    name = f"{figures.name_of(report)} as {figures.role_text(report.role)}"
    return el(
        "details",
        el("summary", el("h2", name), el("span", figures.outcome(report), class_="note")),
        inner,
        class_="product",
        id=f"{prefix}overview",
    )


def prefix_of(reports: Sequence[Report], number: int) -> str:
    """What ids of one result begin with, so that several fit on one page."""
    return f"r{number + 1}:" if len(reports) > 1 else ""


def _outcome(report: Report) -> Markup:
    word = figures.outcome(report)
    failures, others = figures.deviations(report)
    told = {
        "passed": f"{len(others)} deviations that do not fail the run"
        if others
        else "no deviation",
        "failed": f"{len(failures)} of {len(report.cases)} cases fail the run",
        "incomplete": "the run was interrupted, or the product did not stay usable",
        "empty": "no case was judged: none was played, or all were skipped",
    }
    problems = [
        el("p", f"{which} baseline: {text}", class_="problem")
        for which, text in report.baseline.items()
        if text != "pass"
    ]
    return el(
        "div",
        el("p", el("strong", HEADLINE[word]), el("span", told[word]), class_="verdict"),
        problems,
        _tiles(report),
        class_=f"outcome {word}",
    )


def _root_causes(report: Report, prefix: str) -> Markup | None:
    """What is wrong, each thing once, by harm, with what it does in a hospital."""
    rows = [
        el(
            "li",
            el("p", badge(root.verdict.value), el("strong", root.title), class_="cause"),
            el("p", root.consequence),
            el(
                "p",
                el("small", f"{causes.HARMS[root.harm]} · shown by "),
                [
                    [el("a", el("code", case.id), href=f"#{prefix}{case.id}"), " "]
                    for case in root.cases
                ],
                class_="shown",
            ),
            _behind(root, prefix),
        )
        for root in causes.roots(report.cases)
    ]
    if not rows:
        return None
    return el(
        "section", el("h3", "Root causes"), el("ol", rows, class_="causes"), class_="root-causes"
    )


def _behind(root: causes.Root, prefix: str) -> Markup | None:
    if not root.behind:
        return None
    links = [
        [el("a", el("code", case.id), href=f"#{prefix}{case.id}"), " "] for case in root.behind
    ]
    return el(
        "details",
        el("summary", f"{len(root.behind)} cases were not reached because of it"),
        el("p", links, class_="shown"),
    )


def _failures(report: Report, prefix: str) -> Markup | None:
    """What to look at first: the cases that fail the run, each a link."""
    failures, _ = figures.deviations(report)
    if not failures:
        return None
    rows = [
        el(
            "li",
            el("a", el("code", case.id), href=f"#{prefix}{case.id}"),
            el("span", case.title),
            el("span", case.sub.value, class_="sub") if case.sub else None,
            el("small", "; ".join(_briefly(case))),
        )
        for case in failures
    ]
    return el(
        "details",
        el("summary", f"{len(rows)} case{'s' if len(rows) != 1 else ''} to look at"),
        el("ul", rows, class_="todo"),
        open=len(rows) <= _SHORT_LIST,
        class_="todo-box",
    )


def _briefly(case: CaseResult) -> list[str]:
    meaning = figures.SUB_MEANING.get(case.sub.value, "")
    return [text for text in (meaning, case.message) if text]


def _tiles(report: Report) -> Markup:
    tally = figures.tally(report.cases)
    return el(
        "ul",
        [
            el(
                "li",
                el("a", el("b", tally[name]), badge(name), href=f"#?verdict={name}"),
            )
            for name in reversed(tally)
        ],
        class_="tiles",
    )


def _area_table(report: Report, prefix: str, reports: Sequence[Report]) -> Markup:
    total, marks = figures.tally(report.cases), marks_of(report.cases)
    rows = []
    for key, cases in figures.areas(report).items():
        tally, area = figures.tally(cases), figures.area(key)
        rows.append(
            el(
                "tr",
                el(
                    "th",
                    el("a", el("code", key), href=f"#{prefix}{key}"),
                    el("span", area.title, class_="area"),
                    el("small", area.clauses),
                    scope="row",
                ),
                bar(cases),
                el("td", len(cases), class_="num"),
                [_count(tally.get(name, 0), name, key, reports) for name in marks],
            )
        )
    foot = el(
        "tr",
        el("th", "All", scope="row"),
        bar(report.cases),
        el("td", len(report.cases), class_="num"),
        [el("td", total[name], class_="num") for name in marks],
    )
    table = el(
        "table",
        el("caption", "Cases by area"),
        el("thead", head(["Area"], marks, ["Cases"])),
        el("tbody", rows),
        el("tfoot", foot),
        class_="areas",
    )
    return scrolling(table, "Cases by area")


def _count(count: int, name: str, key: str, reports: Sequence[Report]) -> Markup:
    if not count:
        return el("td", "·", class_="num nil")
    shown: Markup | int = count
    if len(reports) == 1:
        shown = el("a", count, href=f"#?verdict={name}&group={key}")
    return el("td", shown, class_=f"num {name}")


def _facts(report: Report) -> Markup:
    """What was tested and how, folded away."""
    target = [
        (label, report.target[key])
        for key, label in _FACTS.items()
        if report.target.get(key) not in ("", None)
    ]
    settings = [(key, value) for key, value in report.settings.items() if value not in _UNSET]
    times = [("Started", report.started), ("Duration (s)", f"{report.seconds:.1f}")]
    rows = [join(el("dt", label), el("dd", _plain(value))) for label, value in (*target, *times)]
    options = [join(el("dt", el("code", key)), el("dd", _plain(value))) for key, value in settings]
    return el(
        "details",
        el("summary", "Product and settings"),
        el("dl", rows, class_="facts"),
        el("h3", "Settings of the run"),
        el("dl", options, class_="facts"),
        class_="facts-box",
    )


def _timings(report: Report) -> Markup | None:
    """The times that were measured, folded away."""
    if not report.timings:
        return None
    head = [
        el("th", text, scope="col", class_="num") for text in ("Count", "Median", "99 %", "Longest")
    ]
    rows = [
        el(
            "tr",
            el("th", entry.what, scope="row"),
            el("td", entry.count, class_="num"),
            [
                el("td", f"{value * 1000:.1f}", class_="num")
                for value in (entry.median, entry.p99, entry.longest)
            ],
        )
        for entry in report.timings
    ]
    table = el(
        "table", el("caption", "Times in milliseconds, measured and not judged"),
        el("thead", el("tr", el("th", "From and to", scope="col"), head)), el("tbody", rows), class_="areas",
    )  # fmt: skip
    return el(
        "details",
        el("summary", "Times of the product"),
        scrolling(table, "Times"),
        class_="facts-box",
    )


def _plain(value: object) -> str:
    return {"True": "yes", "False": "no"}.get(str(value), str(value))
