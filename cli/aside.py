"""The frame of what `dulcet` has besides the tools: no log and no levels, so none of their options."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

from dul.values import TypeVar

from . import tool
from .codes import FAILED
from .grammar.declaration import Settings, UsageError, flag, setting
from .grammar.parsing import parse

__all__ = ["Aside", "run_aside"]


class Aside(Settings, title="options"):
    """Help, and nothing else."""

    help: bool = setting(False, flag("-h", "--help", exits=True, help="print this text and exit"))


S = TypeVar("S", bound=Aside)


def run_aside(kind: type[S], tokens: Sequence[str] | None, work: Callable[[S], int]) -> int:
    """Read the command line and do what it says; gives the exit code.

    Args:
        kind: the settings.
        tokens: the command line without the name; default: the process's.
        work: what to do with the settings.
    """
    declared = kind.__declaration__
    try:
        settings = parse(kind, sys.argv[1:] if tokens is None else tokens)
    except UsageError as error:
        sys.stderr.write(
            f"dulcet {declared.tool}: {error}\n'dulcet {declared.tool} --help' says more\n"
        )
        return FAILED
    if settings.help:
        return tool.show_usage(kind)
    return work(settings)
