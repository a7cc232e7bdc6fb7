"""Products side by side in the HTML report: cases by products, one table a role."""

from collections.abc import Sequence

from ..results import CaseResult, Report, mark
from . import figures
from .markup import Markup, el, join, scrolling


def matrices(reports: Sequence[Report]) -> Markup:
    """A table for each role that several products share; the roles have different cases."""
    return join(
        _matrix(reports, role, figures.by_role(reports)[role]) for role in compared(reports)
    )


def compared(reports: Sequence[Report]) -> list[str]:
    """The roles in which there is something to compare."""
    return [role for role, numbers in figures.by_role(reports).items() if len(numbers) > 1]


def _matrix(reports: Sequence[Report], role: str, numbers: Sequence[int]) -> Markup:
    rows = figures.matrix([reports[number] for number in numbers])
    head = el(
        "tr",
        el("th", "Case", scope="col"),
        [
            el(
                "th",
                figures.name_of(reports[number]),
                el("small", str(reports[number].target.get("implementation_version") or "")),
                scope="col",
            )
            for number in numbers
        ],
    )
    body = [_row(row, numbers) for row in rows]
    differing = sum(row.differs for row in rows)
    table = el("table", el("thead", head), el("tbody", body), class_="matrix")
    label = f"Products as {figures.role_text(role)}"
    return el(
        "section",
        el("h3", label),
        el("p", f"{len(rows)} cases; products differ in {differing} (marked ≠).", class_="note"),
        scrolling(table, label, tall=True),
        id=f"matrix-{role}",
    )


def _row(row: figures.MatrixRow, numbers: Sequence[int]) -> Markup:
    cells = [
        _cell(case, f"r{number + 1}:") for case, number in zip(row.cells, numbers, strict=True)
    ]
    sign = None
    if row.differs:
        sign = el("span", "≠", class_="differs-sign", title="products differ")
    marks = dict.fromkeys(mark(case) for case in row.cells if case is not None)
    return el(
        "tr",
        el("th", sign, el("code", row.id), el("span", row.title, class_="area"), scope="row"),
        cells,
        class_="differs" if row.differs else None,
        data_marks=" ".join(marks),
        data_level=row.level,
        data_group=row.area,
        data_text=f"{row.id} {row.title}".lower(),
    )


def _cell(case: CaseResult | None, prefix: str) -> Markup:
    if case is None:
        return el("td", "·", class_="nil")
    name = mark(case)
    return el(
        "td",
        el(
            "a",
            el("span", figures.SYMBOL[name], class_="sym", aria_hidden="true"),
            name,
            el("small", case.sub.value) if case.sub else None,
            href=f"#{prefix}{case.id}",
            title=case.message or None,
        ),
        class_=f"cell {name}",
    )
