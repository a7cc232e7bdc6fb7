"""The index of the site: how the products compare, what is wrong with them, case by case."""

from collections.abc import Sequence
from datetime import UTC, datetime

from .. import catalogue, causes
from ..report import figures
from ..report.document import asset, document
from ..report.html_cases import badge
from ..report.html_filters import filterbox, select, text_field, tick_box, verdict_boxes
from ..report.markup import Markup, el, join, scrolling
from ..results import CaseResult, mark
from .shelf import CaseRow, ShelfEntry, rows

_ROLES = {"scp": "Acceptors (SCP)", "scu": "Requestors (SCU)"}
_BAD = {"fail", "error", "non-strict", "blocked"}


def page(shelf: dict[str, list[ShelfEntry]], title: str) -> str:
    """The whole page; `title` is its heading."""
    tables = {role: rows(entries) for role, entries in shelf.items()}
    style = asset("page.css") + asset("site.css", __package__)
    return document(
        title,
        el("a", "Skip to the matrix", class_="skip-link", href="#matrix"),
        _header(shelf, title),
        el(
            "main",
            el(
                "section",
                el("h2", "Products"),
                [_products(r, e) for r, e in shelf.items()],
                id="products",
            ),
            _shared(shelf),
            el(
                "section",
                el("h2", "Case by case"),
                _filters(shelf, tables),
                [_matrix(role, shelf[role], table) for role, table in tables.items()],
                el("p", "No case fits the filter.", id="none", hidden=True),
                id="matrix",
            ),
            _legend(),
        ),
        style=style,
        script=asset("filters.js") + asset("site.js", __package__),
    )


def _header(shelf: dict[str, list[ShelfEntry]], title: str) -> Markup:
    links = [
        ("products", "Products"),
        ("shared", "What is wrong"),
        ("matrix", "Case by case"),
        ("legend", "Legend"),
    ]
    count = len({entry.product for entries in shelf.values() for entry in entries})
    days = sorted({entry.report.started[:10] for entries in shelf.values() for entry in entries})
    return el(
        "header",
        el("p", "dulspec · DICOM Upper Layer conformance", class_="brand"),
        el("h1", title),
        el("p", f"{count} products, judged {' to '.join(dict.fromkeys((days[0], days[-1])))},"
                f" catalogue edition {catalogue.EDITION}", class_="lead"),
        el("p", "A deviation here is a difference between a product and the text of the standard, often in a situation that"
                " a well-behaved peer never brings about: read the row before the number.", class_="note"),
        el("nav", [el("a", text, href=f"#{id_}") for id_, text in links], aria_label="Sections"),
    )  # fmt: skip


def _products(role: str, entries: Sequence[ShelfEntry]) -> Markup:
    head = el(
        "tr",
        [el("th", text, scope="col") for text in ("Product", "Version", "Judged", "Edition")],
        [el("th", text, scope="col", class_="num") for text in ("Pass", "Root causes")],
    )
    body = [
        el(
            "tr",
            el("th", el("a", entry.product, href=entry.file), scope="row"),
            el("td", entry.version or "-"),
            el("td", entry.report.started[:10]),
            el("td", entry.report.edition),
            el("td", _meter(entry), class_="num"),
            el("td", len(entry.roots), class_="num"),
            class_=None if entry.latest else "older",
        )
        for entry in entries
    ]
    table = el(
        "table", el("caption", _ROLES[role]), el("thead", head), el("tbody", body), class_="areas"
    )
    return scrolling(table, _ROLES[role])


def _meter(entry: ShelfEntry) -> Markup:
    good, judged = entry.score
    share = 100 * good / judged if judged else 0.0
    bar = el(
        "svg", el("rect", x=0, width=f"{share:.1f}", height=10, class_="fill pass"),
        el("rect", x=f"{share:.1f}", width=f"{100 - share:.1f}", height=10, class_="fill fail"),
        viewBox="0 0 100 10", preserveAspectRatio="none", class_="meter", aria_hidden="true",
    )  # fmt: skip
    return join(f"{good}/{judged} ", bar)


def _shared(shelf: dict[str, list[ShelfEntry]]) -> Markup:
    """Root causes, each once, with the products that fail for it: what most have in common comes first."""
    found: dict[str, tuple[causes.Root, list[ShelfEntry]]] = {}
    for entries in shelf.values():
        for entry in entries:
            for root in entry.roots if entry.latest else ():
                found.setdefault(root.key, (root, []))[1].append(entry)
    ordered = sorted(found.values(), key=lambda pair: (pair[0].harm, -len(pair[1]), pair[0].key))
    items = [
        el(
            "li",
            el("p", el("strong", root.title), class_="cause"),
            el("p", root.consequence),
            el(
                "p",
                el("small", f"{causes.HARMS[root.harm]} · "),
                _links(entries, root),
                class_="shown",
            ),
        )
        for root, entries in ordered
    ]
    note = el(
        "p",
        "Each thing once, the most harmful first, with the products that fail for it.",
        class_="note",
    )
    return el(
        "section",
        el("h2", "What is wrong, and what it does"),
        note,
        el("ol", items, class_="causes"),
        id="shared",
    )


def _links(entries: Sequence[ShelfEntry], root: causes.Root) -> list[Markup]:
    anchor = root.cases[0].id
    return [
        join(
            el(
                "a", f"{entry.product} ({entry.report.role.upper()})", href=f"{entry.file}#{anchor}"
            ),
            " ",
        )
        for entry in entries
    ]


# -- the matrix -----------------------------------------------------------------------------------------------


def _filters(shelf: dict[str, list[ShelfEntry]], tables: dict[str, list[CaseRow]]) -> Markup:
    cells = [
        cell for table in tables.values() for row in table for cell in row.cells if cell is not None
    ]
    marks = [name for name in reversed(figures.MARKS) if name in figures.tally(cells)]
    areas = dict.fromkeys(row.area for table in tables.values() for row in table)
    products = sorted(
        {entry.product for entries in shelf.values() for entry in entries}, key=str.lower
    )
    older = any(not entry.latest for entries in shelf.values() for entry in entries)
    return filterbox(
        "",
        select("role", "Role", [(role, _ROLES[role]) for role in tables]),
        verdict_boxes(marks),
        select("level", "Level", [(name, name) for name in figures.LEVEL_MEANING]),
        select("area", "Area", [(key, f"{key}  {figures.area(key).title}") for key in areas]),
        select("product", "Product", [(name, name) for name in products]),
        text_field(),
        tick_box("differs", "only differences"),
        tick_box("older", "older versions") if older else None,
        el("span", el("button", "Clear", type="reset"), class_="buttons"),
    )


def _matrix(role: str, entries: Sequence[ShelfEntry], table: Sequence[CaseRow]) -> Markup:
    heads = [
        el(
            "th",
            el("a", entry.product, href=entry.file),
            el("small", entry.version),
            scope="col",
            data_product=entry.product,
            class_=None if entry.latest else "older",
        )
        for entry in entries
    ]
    head = el("tr", el("th", "Case", scope="col"), heads)
    body = [_row(row, entries) for row in table]
    inner = el("table", el("thead", head), el("tbody", body), class_="matrix")
    box = el("div", inner, class_="scroll tall", tabindex=0, role="region", aria_label=_ROLES[role])
    return el("section", el("h3", _ROLES[role]), box, class_="role", data_role=role)


def _row(row: CaseRow, entries: Sequence[ShelfEntry]) -> Markup:
    marks = dict.fromkeys(mark(cell) for cell in row.cells if cell is not None)
    searched = (row.id, row.title, row.clause, row.means, row.breaks)
    sign = el("span", "≠", class_="differs-sign", title="products differ") if row.differs else None
    about = el(
        "details",
        el("summary", sign, el("code", row.id), el("span", row.title, class_="area")),
        el(
            "dl",
            _term("What it means", row.means),
            _term("What breaks in practice", row.breaks),
            _term("Clause", f"{row.clause} ({row.level})"),
            _deviating(row, entries),
        ),
        class_="told",
    )
    return el(
        "tr",
        el("th", about, scope="row"),
        [_cell(cell, entry) for cell, entry in zip(row.cells, entries, strict=True)],
        id=row.id,
        class_="differs" if row.differs else None,
        data_marks=" ".join(marks),
        data_level=row.level,
        data_area=row.area,
        data_text=" ".join(searched).lower(),
    )


def _term(name: str, text: str) -> Markup | None:
    return join(el("dt", name), el("dd", text)) if text else None


def _deviating(row: CaseRow, entries: Sequence[ShelfEntry]) -> Markup | None:
    """Who deviates here, and for which cause."""
    items = [
        el(
            "li",
            el("a", f"{entry.product} {entry.version}".strip(), href=f"{entry.file}#{row.id}"),
            f": {_said(cell)}",
        )
        for cell, entry in zip(row.cells, entries, strict=True)
        if cell is not None and mark(cell) in _BAD
    ]
    return join(el("dt", "Who deviates"), el("dd", el("ul", items))) if items else None


def _said(cell: CaseResult) -> str:
    cause = causes.title(cell.cause) if cell.cause and cell.cause != cell.id else cell.message
    return f"{'not reached: ' if cell.blocked else ''}{cause or mark(cell)}"


def _cell(cell: CaseResult | None, entry: ShelfEntry) -> Markup:
    older = "" if entry.latest else " older"
    if cell is None:
        return el(
            "td",
            "·",
            class_=f"nil{older}",
            data_product=entry.product,
            title="not published, or not in its edition",
        )
    name = mark(cell)
    symbol = el("span", figures.SYMBOL[name], class_="sym", aria_hidden="true")
    link = el(
        "a",
        symbol,
        el("span", name, class_="word"),
        href=f"{entry.file}#{cell.id}",
        title=cell.message or None,
    )
    return el("td", link, class_=f"cell {name}{older}", data_product=entry.product, data_mark=name)


def _legend() -> Markup:
    marks = [
        join(el("dt", badge(name)), el("dd", meaning)) for name, meaning in figures.MEANING.items()
    ]
    levels = [
        join(el("dt", name), el("dd", meaning)) for name, meaning in figures.LEVEL_MEANING.items()
    ]
    made = datetime.now(UTC).strftime("%Y-%m-%d")
    return el(
        "section", el("h2", "Legend"), el("dl", marks, levels, class_="about"),
        el("p", f"Made on {made} by dulspec site.", class_="note"), id="legend",
    )  # fmt: skip
