"""The filter bar of the HTML report; its state lives in the URL's fragment (see page.js)."""

from collections.abc import Sequence

from testbed.report import figures
from testbed.report.html_cases import badge
from testbed.report.markup import Markup, el, join
from testbed.results import Report
from testbed.verdicts import Level


def filters(reports: Sequence[Report]) -> Markup:
    """Controls for verdict, level, group, text, and, of several results, product and difference."""
    cases = [case for report in reports for case in report.cases]
    several = len(reports) > 1
    marks = [name for name in reversed(figures.MARKS) if name in figures.tally(cases)]
    keys = dict.fromkeys(figures.area_of(case) for case in cases)
    levels = [level.value for level in Level if any(case.level is level for case in cases)]
    products = [
        (str(number), f"{figures.name_of(report)} ({report.role.upper()})")
        for number, report in enumerate(reports, start=1)
    ]
    form = el(
        "form",
        el(
            "fieldset",
            el("legend", "Verdict"),
            [
                el(
                    "label",
                    el("input", type="checkbox", name="verdict", value=name),
                    badge(name),
                    class_="chip",
                )
                for name in marks
            ],
        ),
        _select("level", "Level", [(level, level) for level in levels]),
        _select("group", "Area", [(key, f"{key}  {figures.area(key).title}") for key in keys]),
        _select("product", "Product", products) if several else None,
        el(
            "label",
            el("span", "Text"),
            el("input", type="search", name="text", placeholder="id, clause, words",
               autocomplete="off", spellcheck="false"),
            class_="field grow",
        ),
        el("label", el("input", type="checkbox", name="differs", value="1"), "only differences",
           class_="chip") if several else None,
        el(
            "span",
            el("button", "Clear", type="reset"),
            el("button", "Open all", type="button", id="open-all"),
            el("button", "Close all", type="button", id="close-all"),
            class_="buttons",
        ),
        id="filter",
        role="search",
        aria_label="Filter cases",
    )  # fmt: skip
    count = el("output", f"{len(cases)} cases", id="count", aria_live="polite", for_="filter")
    return el(
        "details",
        el("summary", join("Filter ", count)),
        form,
        class_="filterbox",
        id="filterbox",
        open=True,
    )


def _select(name: str, label: str, options: Sequence[tuple[str, str]]) -> Markup:
    return el(
        "label",
        el("span", label),
        el(
            "select",
            el("option", "any", value=""),
            [el("option", text, value=value) for value, text in options],
            name=name,
        ),
        class_="field",
    )
