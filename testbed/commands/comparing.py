"""`dulspec compare`: two results of one product, older and newer."""

import argparse
from pathlib import Path

from .. import result_files
from ..report import changes, html_changes
from .outputs import check_writable

OK, WORSE = 0, 1


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `compare` to the subcommands of dulspec."""
    parser = commands.add_parser(
        "compare",
        help="what changed between two versions of a product",
        description="Exit code 1 if the newer result is worse or incomplete, 0 if not.",
    )
    parser.add_argument("old", type=Path, metavar="OLD.json", help="the older result")
    parser.add_argument(
        "new", type=Path, metavar="NEW.json", help="the newer one, of the same role"
    )
    parser.add_argument(
        "--html", type=Path, metavar="FILE", help="write a page with both wire logs side by side"
    )
    parser.set_defaults(tool=run)


def run(arguments: argparse.Namespace) -> int:
    """Compare, print, write the page; whether the product became worse.

    Raises:
        Unusable: the page cannot be written.
        OSError: a result cannot be read.
        ValueError: a file is no result, or the results are of different roles.
    """
    if arguments.html is not None:
        check_writable(arguments.html, "--html")
    old, new = result_files.load(arguments.old), result_files.load(arguments.new)
    rows = changes.compare(old, new)
    if arguments.html is not None:
        arguments.html.write_text(html_changes.page(old, new, rows), encoding="utf-8")
    print("\n".join(changes.lines(old, new, rows)))
    return WORSE if changes.regressed(rows, new) else OK
