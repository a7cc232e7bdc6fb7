"""How Sphinx makes the site of these pages: `make docs`, into build/docs.

Furo and MyST fetch nothing from elsewhere: fonts are the reader's own, the search runs in the page.
"""

from __future__ import annotations

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
    app.connect("html-page-context", _open_pages)
