"""The HTML report: one file, nothing fetched, readable without JavaScript.

The script only filters and opens what a link points at. A Content-Security-Policy names the one style
and the one script by their hashes, so nothing that a product sent could ever run.
"""

from collections.abc import Sequence

from ..results import Report
from . import figures
from .document import asset, document
from .html_cases import badge, case_lists
from .html_filters import filters
from .html_matrix import compared, matrices
from .html_overview import HEADLINE, overview, prefix_of
from .html_tallies import bar, head, marks_of
from .markup import Markup, el, join, scrolling


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
            [overview(reports, number) for number in range(len(reports))],
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


def _products(reports: Sequence[Report]) -> Markup:
    """One row a product."""
    marks = marks_of(*(report.cases for report in reports))
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
                el("td", HEADLINE[word], class_=f"word {word}"),
                bar(report.cases),
                [el("td", tally.get(name, "·"), class_=f"num {name}") for name in marks],
            )
        )
    columns = head(["Product", "Role", "Run", "Outcome"], marks)
    table = el("table", el("thead", columns), el("tbody", rows), class_="areas")
    return el("section", el("h2", "Products"), scrolling(table, "Products"), id="products")


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
