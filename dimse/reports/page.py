"""The HTML report: a head with style and script, and rows behind it.

A browser ends by itself what a document leaves open, so that the page is whole after each row, also
where the process was killed. The script makes totals and pictures of the rows when the page is
opened; without it there is still the table.
"""

from __future__ import annotations

from functools import cache
from html import escape
from importlib.resources import files

from dimse.reports.rows import ReportRow
from dul.values import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Final

__all__ = ["html_head", "html_row"]

_HEADINGS: Final = (
    "#", "File", "Result", "Status", "SOP class and instance", "Transfer syntax", "Context",
    "Bytes", "Seconds", "Attempts",
)  # fmt: skip


def html_head(title: str) -> str:
    """All of a page up to the first row."""
    headings = "".join(f'<th scope="col">{each}</th>' for each in _HEADINGS)
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; \
script-src 'unsafe-inline'; img-src data:">
<link rel="icon" href="data:,">
<title>{escape(title)}</title>
<style>
{_part("page.css")}</style>
<script>
{_part("page.js")}</script>
</head>
<body>
<header><h1>{escape(title)}</h1><p id="verdict" role="status"></p></header>
<main>
<noscript><p>Totals and pictures need JavaScript; the table below does not.</p></noscript>
<section id="totals" aria-label="Totals"></section>
<section id="pictures" aria-label="Pictures"></section>
<section id="tools" aria-label="Filter"></section>
<div class="scroll" tabindex="0" role="region" aria-label="Objects">
<table><thead><tr>{headings}</tr></thead>
<tbody id="rows">
"""


def html_row(row: ReportRow) -> str:
    """One row."""
    syntax = _text(row.own_transfer_syntax)
    if row.sent_transfer_syntax and row.sent_transfer_syntax != row.own_transfer_syntax:
        syntax += f"<small>sent as {_text(row.sent_transfer_syntax)}</small>"
    why = " ".join(each for each in (row.meaning, row.comment and f"“{row.comment}”") if each)
    context = "" if row.presentation_context is None else str(row.presentation_context)
    if row.association:
        context += f"<small>association {row.association}</small>"
    what = _text(row.sop_class or row.sop_class_uid)
    cells = (
        str(row.number),
        _text(row.file),
        f"<b>{row.result}</b>",
        f"{row.status}<small>{_text(why)}</small>",
        f"{what}<small>{_text(row.sop_instance_uid)}</small>",
        syntax,
        context,
        f"{row.bytes:,}" if row.bytes else "",
        f"{row.seconds:.3f}" if row.attempts else "",
        str(row.attempts or ""),
    )
    data = f'data-at="{row.at}" data-bytes="{row.bytes}" data-seconds="{row.seconds}"'
    kind = row.result.replace(" ", "-")
    return f'<tr class="{kind}" {data}>{"".join(f"<td>{each}</td>" for each in cells)}</tr>\n'


def _text(words: str) -> str:
    """A text of a user's or a peer's; control characters are shown and not obeyed."""
    shown = "".join(each if each.isprintable() else ascii(each)[1:-1] for each in words)
    return escape(shown)


@cache
def _part(name: str) -> str:
    return files("dimse.reports").joinpath(name).read_text("utf-8")
