"""What all tools share: the general options, and the frame in which they run."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any

from cli import options as opt
from cli.options import Command, Group, Option, UsageError
from cli.report import Level, Report

__all__ = ["FAILED", "GENERAL", "GENERAL_DEFAULTS", "PDU_LENGTH", "max_pdu", "run"]

FAILED = 1
"""The exit code of whatever has no code of its own."""

# 8 is the least that leaves room for a fragment (PS3.8 D.1); a PDU is held in memory as a whole.
_LEAST_PDU, _LARGEST_PDU = 8, 16 << 20
PDU_LENGTH = opt.integer(_LEAST_PDU, _LARGEST_PDU)

GENERAL = Group(
    "general options",
    (
        Option(("-h", "--help"), "help", "print this text and exit"),
        Option(("--version",), "version", "print the version and exit"),
        Option(("-q", "--quiet"), "level", "say nothing but fatal errors", Level.FATAL),
        Option(("-v", "--verbose"), "level", "verbose mode: say what is done", Level.INFO),
        Option(
            ("-d", "--debug"),
            "level",
            "debug mode: say also what is negotiated and what goes over the association",
            Level.DEBUG,
        ),
        Option(
            ("-ll", "--log-level"),
            "level",
            "fatal, error, warn (default), info, debug or trace",
            read=opt.choice(**{level.name.lower(): level for level in Level}),
            metavar="LEVEL",
        ),
        Option(
            ("+v", "--verbose-pc"),
            "contexts",
            "show the presentation contexts in verbose mode, too",
        ),
    ),
)
GENERAL_DEFAULTS: dict[str, Any] = {
    "help": False,
    "version": False,
    "level": Level.WARN,
    "contexts": False,
}


def max_pdu(default: int) -> Option:
    """The option for the maximum length that is announced."""
    return Option(
        ("-b", "-pdu", "--max-pdu"),
        "max_pdu",
        f"set max receive pdu to N bytes, {_LEAST_PDU} to {_LARGEST_PDU}, or 0 for no maximum "
        f"(default: {default // 1024}K)",
        read=opt.integer(_LEAST_PDU, _LARGEST_PDU, 0),
        metavar="N",
    )


def run(
    command: Command,
    arguments: Sequence[str] | None,
    work: Callable[[dict[str, Any], Report], int],
) -> int:
    """A tool's frame: read the command line, do what it says, give the exit code.

    Args:
        command: its options.
        arguments: the command line without the tool's name; default: the process's.
        work: what to do with the settings; gives the exit code, or raises UsageError.
    """
    arguments = sys.argv[1:] if arguments is None else arguments
    if not arguments:
        return _print(command.usage())
    try:
        settings = command.parse(arguments)
        if settings.pop("help"):
            return _print(command.usage())
        if settings.pop("version"):
            return _print(f"{command.name} (dulcet) {_version()}\n")
        with Report(settings.pop("level")) as report:
            return work(settings, report)
    except UsageError as error:
        sys.stderr.write(
            f"{command.name}: {command.summary}\nerror: {error}\n"
            f"'{command.name} --help' lists the parameters and options\n"
        )
        return FAILED


def _print(words: str) -> int:
    try:
        sys.stdout.write(words)
        sys.stdout.flush()
    except BrokenPipeError:  # "| head"
        _forget_stdout()
    except OSError as error:
        _forget_stdout()
        sys.stderr.write(f"error: cannot write to standard output: {error.strerror}\n")
        return FAILED
    return 0


def _forget_stdout() -> None:
    """What is still buffered would fail again when the interpreter ends, with a traceback."""
    with contextlib.suppress(OSError, ValueError):  # no real file, as in a test
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _version() -> str:
    # Takes as long to import as half the tool, and only this option needs it.
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415

    try:
        return version("dulcet")
    except PackageNotFoundError:
        return "from a source tree that is not installed"
