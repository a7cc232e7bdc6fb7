"""`dulspec site`: a static site from result files, to be opened from a disk or put on any server."""

import argparse
from pathlib import Path

from .. import result_files
from ..report import html
from . import index, shelf

_TITLE = "Conformance of DICOM products"


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `site` to the subcommands of dulspec."""
    parser = commands.add_parser(
        "site",
        help="a static site from results: cases by products and versions, a page for each result",
    )
    parser.add_argument(
        "files", nargs="+", type=Path, metavar="RESULT",
        help="result files, or folders of them; several versions of a product stand side by side",
    )  # fmt: skip
    parser.add_argument(
        "--out", type=Path, required=True, metavar="FOLDER", help="where it is written"
    )
    parser.add_argument("--title", default=_TITLE, metavar="TEXT", help="its heading (%(default)s)")
    parser.set_defaults(tool=run)


def run(arguments: argparse.Namespace) -> int:
    """Write the site; 0.

    Raises:
        OSError: a file cannot be read or written.
        ValueError: a file is no dulspec result, or there is none.
    """
    paths = shelf.read(arguments.files)
    shelved = shelf.shelve(result_files.load(path) for path in paths)
    (arguments.out / "products").mkdir(parents=True, exist_ok=True)
    for old in (arguments.out / "products").glob("*.html"):
        old.unlink()
    entries = [entry for entries in shelved.values() for entry in entries]
    for entry in entries:
        text = html.page([entry.report], wire="deviations", home="../index.html")
        (arguments.out / entry.file).write_text(text, encoding="utf-8")
    page = arguments.out / "index.html"
    page.write_text(index.page(shelved, arguments.title), encoding="utf-8")
    print(f"{page}: {len(entries)} results")
    return 0
