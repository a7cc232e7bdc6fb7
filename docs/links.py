"""Follow every link of the built site, and of the Markdown pages outside of it: `make docs`.

    python docs/links.py build/docs README.md CONTRIBUTING.md ...

A link leads to a file that is there, and its anchor to an element of that file. What a page loads
(styles, scripts, pictures) is the site's own. Of links to elsewhere only the form is looked at.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

EXTERNAL = re.compile(r"https?://[a-z0-9.-]+\.[a-z]{2,}(:\d+)?(/[^\s]*)?|mailto:[^@\s]+@[^@\s]+")
LOADED = {("link", "href"), ("script", "src"), ("img", "src"), ("source", "src"), ("iframe", "src")}
MARKDOWN_LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#{1,6} (.+?)\s*$", re.MULTILINE)
FENCED = re.compile(r"^(`{3,}|~{3,}).*?^\1`*$", re.MULTILINE | re.DOTALL)


class Page(HTMLParser):
    """What a page links to, what it loads, and what may be linked to in it."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.anchors: set[str] = set()
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element's links and its name."""
        for name, value in attrs:
            if not value:
                continue
            if name == "id" or (tag == "a" and name == "name"):
                self.anchors.add(value)
            elif (tag, name) in LOADED:
                self.loaded.append(value)
            elif name in {"href", "src"}:
                self.links.append(value)


FETCHED = re.compile(r"(?:url\(|@import )\s*[\"']?((?:https?:)?//[^\"')\s]+)")


def faults_of_site(site: Path) -> Iterator[str]:
    """What is wrong with the links of a built site."""
    for path in sorted([*site.rglob("*.css"), *site.rglob("*.svg")]):
        for link in FETCHED.findall(path.read_text("utf-8")):
            yield f"{path.relative_to(site)}: fetches {link} from elsewhere"
    pages = {path.resolve(): Page(path) for path in sorted(site.rglob("*.html"))}
    if not pages:
        yield f"{site}: no page"
    for path, page in pages.items():
        here = path.relative_to(site.resolve())
        for link in page.loaded:
            if urlsplit(link).scheme not in {"", "data"} or link.startswith("//"):
                yield f"{here}: loads {link} from elsewhere"
        for link in {*page.loaded, *page.links}:
            if fault := _fault(link, path, pages):
                yield f"{here}: {link}: {fault}"


def _fault(link: str, path: Path, pages: dict[Path, Page]) -> str | None:
    parts = urlsplit(link)
    if parts.scheme == "data":
        return None
    if parts.scheme or parts.netloc:
        return None if EXTERNAL.fullmatch(link) else "this is no address"
    target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
    if target.is_dir():
        target /= "index.html"
    if not target.exists():
        return "there is no such file"
    anchor = unquote(parts.fragment)
    if anchor.startswith("?"):  # what a page's own script reads
        return None
    if anchor and target in pages and anchor not in pages[target].anchors:
        return "there is no such anchor"
    return None


def slug(heading: str) -> str:
    """The anchor that a code host gives to a heading."""
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
    return re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")


def faults_of_markdown(path: Path) -> Iterator[str]:
    """What is wrong with the links of a page as it is shown on a code host."""
    text = path.read_text("utf-8")
    for link in MARKDOWN_LINK.findall(FENCED.sub("", text)):
        parts = urlsplit(link)
        if parts.scheme:
            if not EXTERNAL.fullmatch(link):
                yield f"{path}: {link}: this is no address"
            continue
        target = (path.parent / unquote(parts.path)) if parts.path else path
        if not target.exists():
            yield f"{path}: {link}: there is no such file"
        elif parts.fragment and target.suffix == ".md":
            there = FENCED.sub("", target.read_text("utf-8"))
            if parts.fragment not in {slug(each) for each in HEADING.findall(there)}:
                yield f"{path}: {link}: there is no such heading"


def main(site: str, *documents: str) -> int:
    """Tell all faults; 1 if there are some."""
    faults = list(faults_of_site(Path(site)))
    for each in documents:
        faults += faults_of_markdown(Path(each))
    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
