"""A wire log in HTML: what dulspec sent and what the product sent, side by side, byte by byte."""

from collections.abc import Iterator, Sequence

from ..results import WireRow
from .markup import Markup, el, join

#: Annotations of at most this many lines are open from the start.
_SHORT = 8
_OFFSET_DIGITS = 6


def wire_table(wire: Sequence[WireRow], role: str) -> Markup:
    """Time, what dulspec sent, what the product, in the role of `role`, sent."""
    sides = {"scp": ("requestor", "acceptor"), "scu": ("acceptor", "requestor")}[role]
    head = el(
        "tr",
        el("th", "Time (s)", scope="col", role="columnheader"),
        el("th", f"dulspec, {sides[0]}", scope="col", role="columnheader"),
        el("th", f"product, {sides[1]}", scope="col", role="columnheader"),
        role="row",
    )
    many = len({row.connection for row in wire}) > 1
    rows = [_wire_row(row, many=many) for row in wire]
    # Roles are spelled out: on narrow screens the style turns rows into blocks, which would end
    # the table for screen readers.
    return el(
        "table",
        el("caption", "Wire log", class_="vh"),
        el("thead", head, role="rowgroup"),
        el("tbody", rows, role="rowgroup"),
        class_="wire",
        role="table",
    )


def _wire_row(row: WireRow, *, many: bool) -> Markup:
    time = el(
        "td",
        f"{row.time:.4f}",
        el("small", f"connection {row.connection}") if many else None,
        class_="time",
        role="cell",
    )
    if row.direction == "note":
        text = el("td", row.what or row.summary, colspan=2, class_="note", role="cell")
        return el("tr", time, text, role="row")
    empty = el("td", class_="empty", role="cell")
    entry = el("td", list(_entry(row)), class_=row.direction, role="cell")
    cells = (entry, empty) if row.direction == "sent" else (empty, entry)
    return el("tr", time, cells, role="row")


def _entry(row: WireRow) -> Iterator[Markup]:
    arrow = {"sent": "→", "received": "←"}[row.direction]
    yield el("span", arrow, class_="arrow", aria_hidden="true")
    yield el("span", f"{row.direction} ", class_="vh")
    if row.what and row.what != row.summary.partition(" (")[0]:
        yield el("span", row.what, class_="what")
    size = f"{row.size} byte{'s' if row.size != 1 else ''}"
    if not row.decoded:
        yield join(row.summary, " ", el("small", size))
        return
    lines = row.decoded
    yield el(
        "details",
        el("summary", row.summary, " ", el("small", size)),
        el("pre", [_line(line) for line in lines], tabindex=0),
        class_="bytes",
        open=len(lines) <= _SHORT,
    )


def _line(line: str) -> Markup:
    """One annotated line; its offset stands apart, since narrow screens leave it out."""
    offset, gap, rest = line.partition("  ")
    if len(offset) != _OFFSET_DIGITS:
        return join(line, "\n")
    return join(el("i", offset, gap), rest, "\n")
