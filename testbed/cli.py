"""The command line of dulspec: its subcommands, each a module of its own, and what they end with."""

import argparse
import importlib.metadata
import os
import sys
from collections.abc import Sequence
from functools import partial

from . import catalogue
from .coloured import Parser
from .commands import browsing, comparing, judging, watching
from .commands.judging import INTERRUPTED, UNUSABLE
from .decode import command as decode_command
from .explore import command as explore_command
from .proxy import command as proxy_command
from .report import command as report_command
from .runner import Unusable
from .selftest import command as selftest_command
from .site import command as site_command

#: What a shell says of a program that ended because its output was no longer read (128 + SIGPIPE).
READER_LEFT = 141


def version() -> str:
    """The line of `--version`: the program's version, and the edition of its catalogue."""
    try:
        number = importlib.metadata.version("dulcet")
    except importlib.metadata.PackageNotFoundError:
        number = "(not installed)"
    edition, cases = catalogue.EDITION, len(catalogue.all_cases())
    return f"dulspec {number}, catalogue edition {edition} ({cases} cases)"


class _Version(argparse.Action):
    """Counts the cases only if asked."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        print(version())
        parser.exit()


def parser(command: str = "", **defaults: object) -> argparse.ArgumentParser:
    """The whole command line; `defaults` replace those of one command's options."""
    whole: argparse.ArgumentParser = Parser(
        prog="dulspec",
        description="Conformance tests for the DICOM Upper Layer.",
        epilog="Begin with `dulspec scp HOST PORT` for a product that listens, or with"
        " `dulspec scu --exec 'PROGRAM {host} {port} {file}'` for one that calls;"
        " `dulspec COMMAND --help` tells the options.",
    )
    whole.add_argument(
        "--version", action=_Version, nargs=0, help="the version and the catalogue's edition"
    )
    commands = whole.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for add in (
        judging.add_parsers, browsing.add_parsers, comparing.add_parser, watching.add_parser, report_command.add_parser, site_command.add_parser,
        explore_command.add_parser, proxy_command.add_parsers, decode_command.add_parser,
        selftest_command.add_parser,
    ):  # fmt: skip
        add(commands)
    if command:
        commands.choices[command].set_defaults(**defaults)
    return whole


def parse(argv: Sequence[str] | None, command: str = "", **defaults: object) -> argparse.Namespace:
    """The arguments; `again` in them parses the same words with other defaults for the command."""
    whole = parser(command, **defaults)
    arguments, rest = whole.parse_known_args(argv)
    # argparse takes no positional argument behind an option: case ids may stand there all the same.
    if rest and (any(word.startswith("-") for word in rest) or not hasattr(arguments, "selectors")):
        whole.error(f"unrecognized arguments: {' '.join(rest)}")
    if rest:
        arguments.selectors += rest
    arguments.judge = _run
    arguments.again = partial(parse, argv, arguments.command)
    return arguments


def main(argv: Sequence[str] | None = None) -> int:
    """Run dulspec; the exit code: 0 passed, 1 failures, 2 unusable target or usage, 3 interrupted."""
    try:
        try:
            return _run(argv)
        finally:
            sys.stdout.flush()
    except BrokenPipeError:
        # The reader, `head` perhaps, has seen enough; Python's own flush at exit must not fail either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return READER_LEFT


def _run(argv: Sequence[str] | None) -> int:
    arguments = parse(argv)
    try:
        return int(arguments.tool(arguments))
    except BrokenPipeError:
        raise  # our reader left: what talks to products never lets its own broken pipes out
    except (Unusable, OSError, ValueError) as error:
        print(f"dulspec: {error}", file=sys.stderr)
        return UNUSABLE
    except KeyboardInterrupt:
        print("dulspec: interrupted", file=sys.stderr)
        return INTERRUPTED
