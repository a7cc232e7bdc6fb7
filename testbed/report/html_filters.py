"""The filter bar of the HTML report; its state lives in the URL's fragment (see filters.js and page.js)."""

from collections.abc import Sequence

from ..results import Report
from ..verdicts import Level
from . import figures
from .html_cases import badge
from .markup import Child, Markup, el, join


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
    return filterbox(
        f"{len(cases)} cases",
        verdict_boxes(marks),
        select("level", "Level", [(level, level) for level in levels]),
        select("group", "Area", [(key, f"{key}  {figures.area(key).title}") for key in keys]),
        select("product", "Product", products) if several else None,
        text_field(),
        tick_box("differs", "only differences") if several else None,
        el(
            "span",
            el("button", "Clear", type="reset"),
            el("button", "Open all", type="button", id="open-all"),
            el("button", "Close all", type="button", id="close-all"),
            class_="buttons",
        ),
    )


def filterbox(said: str, *controls: Child) -> Markup:
    """The bar: its controls, and how many cases are shown."""
    form = el("form", controls, id="filter", role="search", aria_label="Filter cases")
    count = el("output", said, id="count", aria_live="polite", for_="filter")
    return el(
        "details",
        el("summary", join("Filter ", count)),
        form,
        class_="filterbox",
        id="filterbox",
        open=True,
    )


def verdict_boxes(marks: Sequence[str]) -> Markup:
    """A box to tick for each mark."""
    boxes = [
        el("label", el("input", type="checkbox", name="verdict", value=name), badge(name), class_="chip")
        for name in marks
    ]  # fmt: skip
    return el("fieldset", el("legend", "Verdict"), boxes)


def tick_box(name: str, label: str) -> Markup:
    """A box to tick."""
    return el("label", el("input", type="checkbox", name=name, value="1"), label, class_="chip")


def text_field() -> Markup:
    """The field for words."""
    field = el("input", type="search", name="text", placeholder="id, clause, words",
               autocomplete="off", spellcheck="false")  # fmt: skip
    return el("label", el("span", "Text"), field, class_="field grow")


def select(name: str, label: str, options: Sequence[tuple[str, str]]) -> Markup:
    """A choice of one, or of any; options are values and texts."""
    every = el("option", "any", value="")
    told = [el("option", text, value=value) for value, text in options]
    return el("label", el("span", label), el("select", every, told, name=name), class_="field")
