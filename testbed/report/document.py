"""What all our pages have in common: one file each, one style and one script in it, nothing fetched.

A Content-Security-Policy names the style and the script by their hashes, so that nothing a product sent
could ever run.
"""

import base64
import hashlib
from importlib import resources

from .markup import Child, Markup, el


def asset(name: str, package: str = __package__) -> str:
    """The text of a style sheet or script that ships with a package of the testbed."""
    return resources.files(package).joinpath(name).read_text(encoding="utf-8")


def document(title: str, *children: Child, style: str, script: str = "") -> str:
    """A whole page out of its body's children; `script` runs behind them."""
    last = el("script", Markup(script)) if script else None
    head = _head(title, style, script)
    return f'<!DOCTYPE html>\n<html lang="en">\n{head}\n{el("body", children, last)}\n</html>\n'


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"


def _head(title: str, style: str, script: str) -> Markup:
    allowed = f"script-src {_hash(script)}; " if script else ""
    policy = f"default-src 'none'; style-src {_hash(style)}; {allowed}base-uri 'none'; form-action 'none'"
    return el(
        "head",
        el("meta", charset="utf-8"),
        el("meta", http_equiv="Content-Security-Policy", content=policy),
        el("meta", name="viewport", content="width=device-width, initial-scale=1"),
        el("meta", name="color-scheme", content="light dark"),
        el("meta", name="generator", content="dulspec"),
        el("title", f"dulspec: {title}"),
        el("style", Markup(style)),
    )
