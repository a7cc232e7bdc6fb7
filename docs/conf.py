"""How Sphinx makes the site of these pages: `make docs`, into build/docs.

Furo and MyST fetch nothing from elsewhere: fonts are the reader's own, the search runs in the page.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sphinx.application import Sphinx

project = "dulcet"
author = "the dulcet authors"
copyright = author  # noqa: A001 - Sphinx's name for it
extensions = ["myst_parser"]
exclude_patterns = ["_static"]
root_doc = "index"
nitpicky = True

myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 4  # links lead to headings by their words, here as on a code host

html_theme = "furo"
html_title = "dulcet"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sphinx = False
html_copy_source = False
smartquotes_action = "qe"  # of "--strict" no dash is made


FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]\n]*\]\([^)\n]*\)")
NAME = re.compile(r"`(?:[a-z_.]+\.)?([A-Z]\w*[a-z]\w*(?:\.\w+)?)`")
API = Path(__file__).parent / "api"


@cache
def _homes() -> dict[str, str]:
    """The page and anchor of each public class, and of its methods; those of dimse and dul first."""
    pages = sorted(API.glob("*.md"), key=lambda path: (path.stem.count("."), path.stem))
    found: dict[str, str] = {}
    for page in pages:
        for name in re.findall(r"^##+ ([A-Z][\w.]+)$", page.read_text("utf-8"), re.MULTILINE):
            found.setdefault(name, f"{page.name}#{name.replace('.', '').lower()}")
    return found


def _link_names(_app: object, docname: str, source: list[str]) -> None:
    """Names of the public API lead to their place in the reference, from every page."""
    folder = "../" * docname.count("/") + "api/"
    here = f"{docname.removeprefix('api/')}.md#"

    def linked(match: re.Match[str]) -> str:
        home = _homes().get(match[1])
        if home is None:
            return match[0]
        own = f"{here}{match[1].replace('.', '').lower()}"  # a face has names of its own
        is_own = docname.startswith("api/") and f"## {match[1]}\n" in source[0]
        return f"[{match[0]}]({folder}{own if is_own else home})"

    kept = sorted(
        match.span() for pattern in (FENCED, LINK) for match in pattern.finditer(source[0])
    )
    parts, end = [], 0
    for start, stop in kept:
        if start >= end:  # a link in a block is in the block
            parts += [NAME.sub(linked, source[0][end:start]), source[0][start:stop]]
            end = stop
    source[0] = "".join([*parts, NAME.sub(linked, source[0][end:])])


def _open_pages(
    _app: object, _name: str, _template: str, context: dict[str, Any], _: object
) -> None:
    """Linked HTML files, like the matrix of products, are to be read, not saved."""
    parts = context.get("body", "").split('<a class="reference download internal" download=""')
    for index, part in enumerate(parts[1:], 1):
        kept = "" if part.partition(">")[0].endswith('.html"') else ' download=""'
        parts[index] = f'<a class="reference download internal"{kept}{part}'
    if "body" in context:
        context["body"] = "".join(parts)


def setup(app: Sphinx) -> None:
    """Called by Sphinx."""
    app.connect("source-read", _link_names)
    app.connect("html-page-context", _open_pages)
