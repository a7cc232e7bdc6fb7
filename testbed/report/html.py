"""The HTML report: one file, nothing fetched, readable without JavaScript.

The script only filters and opens what a link points at. A Content-Security-Policy names the one style
and the one script by their hashes, so nothing that a product sent could ever run.
"""

from collections.abc import Sequence

from .. import causes
from ..results import CaseResult, Report
from . import figures
from .document import asset, document
from .html_cases import badge, case_lists
from .html_filters import filters
from .html_grid import state_table
from .html_matrix import compared, matrices
from .markup import Markup, el, join

#: A list of failures up to this long is unfolded from the start.
_SHORT_LIST = 25
_HEADLINE = {
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


def page(reports: Sequence[Report], *, wire: str | None = None, home: str = "") -> str:
    """The whole page; `home` is where its index stands, if it is part of a site.

    `wire` says which cases carry their wire log: "all", "deviations" or "none"; by default all of a
    single result, and of several only the cases that deviate.
    """
    wire = wire or ("all" if len(reports) == 1 else "deviations")
    several = len(reports) > 1
    title = f"{len(reports)} products compared" if several else figures.name_of(reports[0])
    return document(
        title,
        el("a", "Skip to the cases", class_="skip-link", href="#cases"),
        _header(reports, title, home),
        el(
            "main",
            _products(reports) if several else None,
            [_overview(reports, number) for number in range(len(reports))],
            el(
                "section",
                el("h2", "Cases"),
                filters(reports),
                matrices(reports) if several else None,
                case_lists(reports, wire),
                el("p", "No case fits the filter.", id="none", hidden=True),
                id="cases",
            ),
        ),
        _legend(),
        style=asset("page.css"),
        script=asset("filters.js") + asset("page.js"),
    )


def _header(reports: Sequence[Report], title: str, home: str) -> Markup:
    if len(reports) > 1:
        line: Markup | str = "Conformance to the DICOM Upper Layer, product by product"
        links = [("products", "Products"), *_part_links(reports), ("cases", "Cases")]
    else:
        report = reports[0]
        version = report.target.get("implementation_version") or ""
        line = join(
            f"Tested as {figures.role_text(report.role)}",
            f" · {version}" if version else "",
            f" · {report.started[:10]}",
        )
        links = [("overview", "Overview"), ("states", "State table"), ("cases", "Cases")]
    links.append(("legend", "Legend"))
    return el(
        "header",
        el("p", "dulspec · DICOM Upper Layer conformance", class_="brand"),
        el("p", el("a", "All products", href=home), class_="note") if home else None,
        el("h1", title),
        el("p", line, class_="lead"),
        el("nav", [el("a", text, href=f"#{id_}") for id_, text in links], aria_label="Sections"),
    )


def _part_links(reports: Sequence[Report]) -> list[tuple[str, str]]:
    return [(f"matrix-{role}", f"Matrix {role.upper()}") for role in compared(reports)]


def _outcome(report: Report) -> Markup:
    word = figures.outcome(report)
    failures, others = figures.deviations(report)
    told = {
        "passed": f"{len(others)} deviations that do not fail the run"
        if others
        else "no deviation",
        "failed": f"{len(failures)} of {len(report.cases)} cases fail the run",
        "incomplete": "the run was interrupted, or the product did not stay usable",
        "empty": "no case could run",
    }
    problems = [
        el("p", f"{which} baseline: {text}", class_="problem")
        for which, text in report.baseline.items()
        if text != "pass"
    ]
    return el(
        "div",
        el("p", el("strong", _HEADLINE[word]), el("span", told[word]), class_="verdict"),
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


def _overview(reports: Sequence[Report], number: int) -> Markup:
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


def _bar(cases: Sequence[CaseResult]) -> Markup:
    """Shares of the marks as a bar; a picture of the numbers beside it."""
    parts, at = [], 0.0
    for name, count in reversed(figures.tally(cases).items()):
        width = 100 * count / len(cases)
        parts.append(
            el("rect", x=f"{at:.2f}", width=f"{width:.2f}", height=10, class_=f"fill {name}")
        )
        at += width
    return el(
        "svg", parts, viewBox="0 0 100 10", preserveAspectRatio="none", class_="bar",
        aria_hidden="true",
    )  # fmt: skip


def _area_table(report: Report, prefix: str, reports: Sequence[Report]) -> Markup:
    total = figures.tally(report.cases)
    marks = [name for name in reversed(figures.MARKS) if name in total]
    head = el(
        "tr",
        el("th", "Area", scope="col"),
        el("th", el("span", "Shares", class_="vh"), scope="col", class_="barcell"),
        el("th", "Cases", scope="col", class_="num"),
        [el("th", badge(name), scope="col", class_="num") for name in marks],
    )
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
                el("td", _bar(cases), class_="barcell"),
                el("td", len(cases), class_="num"),
                [_count(tally.get(name, 0), name, key, reports) for name in marks],
            )
        )
    foot = el(
        "tr",
        el("th", "All", scope="row"),
        el("td", _bar(report.cases) if report.cases else None, class_="barcell"),
        el("td", len(report.cases), class_="num"),
        [el("td", total[name], class_="num") for name in marks],
    )
    table = el(
        "table", el("caption", "Cases by area"), el("thead", head), el("tbody", rows),
        el("tfoot", foot), class_="areas",
    )  # fmt: skip
    return el("div", table, class_="scroll", tabindex=0, role="region", aria_label="Cases by area")


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
    box = el("div", table, class_="scroll", tabindex=0, role="region", aria_label="Times")
    return el("details", el("summary", "Times of the product"), box, class_="facts-box")


_UNSET: tuple[object, ...] = ("", None, {}, False)


def _plain(value: object) -> str:
    return {"True": "yes", "False": "no"}.get(str(value), str(value))


def _products(reports: Sequence[Report]) -> Markup:
    """One row a product."""
    marks = [
        name
        for name in reversed(figures.MARKS)
        if any(name in figures.tally(report.cases) for report in reports)
    ]
    head = el(
        "tr",
        [el("th", text, scope="col") for text in ("Product", "Role", "Run", "Outcome")],
        el("th", el("span", "Shares", class_="vh"), scope="col", class_="barcell"),
        [el("th", badge(name), scope="col", class_="num") for name in marks],
    )
    rows = []
    for number, report in enumerate(reports):
        tally = figures.tally(report.cases)
        word = figures.outcome(report)
        rows.append(
            el(
                "tr",
                el(
                    "th",
                    el("a", figures.name_of(report), href=f"#{prefix_of(reports, number)}overview"),
                    el("small", str(report.target.get("implementation_version") or "")),
                    scope="row",
                ),
                el("td", report.role.upper()),
                el("td", report.started[:10]),
                el("td", _HEADLINE[word], class_=f"word {word}"),
                el("td", _bar(report.cases) if report.cases else None, class_="barcell"),
                [el("td", tally.get(name, "·"), class_=f"num {name}") for name in marks],
            )
        )
    table = el("table", el("thead", head), el("tbody", rows), class_="areas")
    return el(
        "section",
        el("h2", "Products"),
        el("div", table, class_="scroll", tabindex=0, role="region", aria_label="Products"),
        id="products",
    )


def _legend() -> Markup:
    def entries(words: dict[str, str], *, badges: bool = False) -> Markup:
        return el(
            "dl",
            [
                join(el("dt", badge(word) if badges else word), el("dd", meaning))
                for word, meaning in words.items()
            ],
            class_="facts",
        )

    return el(
        "footer",
        el("h2", "Legend", id="legend"),
        el("h3", "Verdicts"),
        entries(figures.MEANING, badges=True),
        el("h3", "Kinds of deviation"),
        entries(figures.SUB_MEANING),
        el("h3", "What was seen"),
        entries(figures.TRACE_MEANING),
        el("h3", "Levels"),
        entries(figures.LEVEL_MEANING),
        el("p", "Bytes of data sets and of credentials are zeroed and shown as ** unless the run "
                "was made with --show-data."),
    )  # fmt: skip
