"""Which cases: the options that choose them, the same for every command that has to do with cases."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from .. import catalogue, result_files
from ..model import Case
from ..verdicts import Level


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the group "selection"."""
    group = parser.add_argument_group("selection")
    group.add_argument("selectors", nargs="*", metavar="ID", help="case id, id prefix, or glob")
    group.add_argument(
        "--exclude", action="append", default=[], metavar="ID", help="leave out: id, prefix or glob"
    )
    group.add_argument(
        "--clause", action="append", default=[], metavar="TEXT",
        help="cases whose clause has this text, as 'PS3.8 9.3'",
    )  # fmt: skip
    group.add_argument(
        "--level", action="append", default=[], choices=[level.value for level in Level],
        help="cases of this level; may be given several times",
    )  # fmt: skip
    group.add_argument(
        "--tag", action="append", default=[], help="artim, security, matrix, observed, ..."
    )
    group.add_argument(
        "--exclude-tag", action="append", default=[], metavar="TAG", help="leave out these"
    )
    group.add_argument(
        "--only-failed", metavar="RESULT.json", type=Path,
        help="the cases that failed or deviated there",
    )  # fmt: skip


def selected(arguments: argparse.Namespace, pool: Sequence[Case]) -> list[Case]:
    """The cases of the pool that the options choose.

    Raises:
        OSError: the result of `--only-failed` cannot be read.
        ValueError: it is no result.
    """
    chosen = catalogue.select(
        pool,
        arguments.selectors,
        excludes=arguments.exclude,
        clauses=arguments.clause,
        levels=arguments.level,
        tags=arguments.tag,
        without_tags=arguments.exclude_tag,
    )
    if arguments.only_failed is not None:
        before = result_files.load(arguments.only_failed)
        failed = {case.id for case in before.failures(strict=True)}
        chosen = [case for case in chosen if case.id in failed]
    return chosen
