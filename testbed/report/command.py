"""`dulspec report`: stored results to terminal, text, JUnit XML, HTML."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from .. import result_files
from ..results import Report
from . import figures, html, junit, statement, text

OK, FAILED = 0, 1


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `report` to the subcommands of dulspec."""
    parser = commands.add_parser("report", help="reports from stored results, one product or many")
    parser.add_argument(
        "files", nargs="+", type=Path, metavar="RESULT.json", help="what --json wrote"
    )
    parser.add_argument("--html", type=Path, metavar="FILE", help="write one self-contained page")
    parser.add_argument("--junit", type=Path, metavar="FILE", help="write JUnit XML")
    parser.add_argument("--text", action="store_true", help="print the full account")
    parser.add_argument("--matrix", action="store_true", help="print cases by products")
    parser.add_argument(
        "--differences", action="store_true", help="of the matrix, only rows that differ"
    )
    parser.add_argument(
        "--statement", action="store_true", help="print paragraphs for a conformance statement"
    )
    parser.add_argument(
        "--wire", choices=["all", "deviations", "none"], default=None,
        help="wire logs in the HTML page (default: all of one product, deviations of several)",
    )  # fmt: skip
    parser.add_argument(
        "--without-tag", action="append", default=[], metavar="TAG",
        help="leave out cases with this tag: `security` for what is told to a maker first",
    )  # fmt: skip
    parser.add_argument(
        "--check", action="store_true", help="exit 1 unless every run is complete and passed"
    )
    parser.set_defaults(tool=run)


def run(arguments: argparse.Namespace) -> int:
    """Load the results, make what was asked for; a summary if nothing is printed otherwise.

    Raises:
        OSError: a file cannot be read or written.
        ValueError: a file is no dulspec result.
    """
    reports = [result_files.load(path) for path in arguments.files]
    hidden = set(arguments.without_tag)
    for report in reports:
        report.cases = [case for case in report.cases if not hidden & set(case.tags)]
    if arguments.html is not None:
        page = html.page(reports, wire=arguments.wire)
        arguments.html.write_text(page, encoding="utf-8")
    if arguments.junit is not None:
        junit.write(reports, arguments.junit)
    print("\n".join(_printed(arguments, reports)))
    passed = all(figures.outcome(report) == "passed" for report in reports)
    return FAILED if arguments.check and not passed else OK


def _printed(arguments: argparse.Namespace, reports: Sequence[Report]) -> list[str]:
    blocks: list[list[str]] = []
    if arguments.text:
        blocks += [text.full(report) for report in reports]
    if arguments.statement:
        blocks += [statement.statement(report) for report in reports]
    if arguments.matrix or arguments.differences:
        blocks.append(text.matrix(reports, all_rows=not arguments.differences))
    if not blocks:
        blocks = [text.summary(report) for report in reports]
    return "\n\n".join("\n".join(block).rstrip() for block in blocks).split("\n")
