"""Tables with a row of tallies: how many cases have each mark, as numbers and as a bar."""

from collections.abc import Sequence

from ..results import CaseResult
from . import figures
from .html_cases import badge
from .markup import Markup, el


def marks_of(*groups: Sequence[CaseResult]) -> list[str]:
    """The marks that any of these cases have, as they are shown."""
    found = [figures.tally(cases) for cases in groups]
    return [name for name in reversed(figures.MARKS) if any(name in tally for tally in found)]


def head(first: Sequence[str], marks: Sequence[str], then: Sequence[str] = ()) -> Markup:
    """The head of such a table: columns before the bar, the bar, columns of numbers, one for each mark."""
    return el(
        "tr",
        [el("th", text, scope="col") for text in first],
        el("th", el("span", "Shares", class_="vh"), scope="col", class_="barcell"),
        [el("th", text, scope="col", class_="num") for text in then],
        [el("th", badge(name), scope="col", class_="num") for name in marks],
    )


def bar(cases: Sequence[CaseResult]) -> Markup:
    """The cell with the shares of the marks as a bar; a picture of the numbers beside it."""
    parts, at = [], 0.0
    for name, count in reversed(figures.tally(cases).items()):
        width = 100 * count / len(cases)
        parts.append(
            el("rect", x=f"{at:.2f}", width=f"{width:.2f}", height=10, class_=f"fill {name}")
        )
        at += width
    picture = el(
        "svg", parts, viewBox="0 0 100 10", preserveAspectRatio="none", class_="bar",
        aria_hidden="true",
    )  # fmt: skip
    return el("td", picture if cases else None, class_="barcell")
