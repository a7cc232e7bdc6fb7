"""The programs as they are installed here, dulspec with them."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import entry_points

from .programs import Program, of_parser
from .shared import programs

__all__ = ["installed"]


def installed() -> list[Program]:
    """All of them. The testbed judges what is in here, so it is found as anybody finds it."""
    (found,) = (
        each
        for each in entry_points(group="console_scripts", name="dulspec")
        if each.module.startswith("dulcet.")
    )
    return programs(of_parser(import_module(found.module).parser()))
