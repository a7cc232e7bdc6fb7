"""The usage text of a tool, from its declaration; no line is wider than a terminal."""

from __future__ import annotations

import re
import textwrap

from dul.values import TYPE_CHECKING

from ..colours import BOLD, CYAN, GREEN, paint, wanted
from .declaration import Option, Settings

if TYPE_CHECKING:
    from typing import IO, Any

__all__ = ["explanation", "synopsis", "usage"]

_COLUMN = 31  # where explanations begin
_WIDTH = 80


def usage(kind: type[Settings], stream: IO[str] | None = None) -> str:
    """The invocation syntax summary: parameters, and options by their groups.

    In colour, if the stream that it is for is a terminal that is to have it. Files are shown as the historic synopsis has them, though other options may name them instead.
    """
    declared = kind.__declaration__
    parameters = " ".join(
        each.shown + "..." * each.many if each.required or each.many else f"[{each.shown}]"
        for each in declared.parameters
    )
    lines = [
        f"{declared.tool}: {declared.summary}",
        f"usage: {declared.tool} [options] {parameters}",
        "",
        "parameters:",
    ]
    for parameter in declared.parameters:
        lines += _entry(parameter.shown, parameter.help)
    for group in declared.groups:
        lines += ["", f"{group.title}:"]
        for option, name in group.options:
            lines += _entry(synopsis(option), explanation(option, declared.defaults.get(name)))
    if stream is not None and wanted(stream):
        lines = list(map(_painted, lines))
    return "\n".join(lines) + "\n"


def synopsis(option: Option[Any]) -> str:
    """The spellings, and what follows them."""
    return ", ".join(option.names) + f" {option.metavar}" * bool(option.metavar)


def explanation(option: Option[Any], default: object) -> str:
    """What an option does, with its setting's default where the text names it."""
    if isinstance(default, float):
        default = f"{default:g}"
    text = option.help.replace("{default}", "none" if default is None else str(default))
    if option.needs:
        text += f" (only with {' or '.join(option.needs)})"
    return text


def _entry(left: str, text: str) -> list[str]:
    right = textwrap.wrap(text, _WIDTH - _COLUMN, break_on_hyphens=False)
    if len(left) > _COLUMN - 4:
        return [f"  {left}", *(" " * _COLUMN + line for line in right)]
    first, *others = right
    return [f"  {left}".ljust(_COLUMN) + first, *(" " * _COLUMN + line for line in others)]


def _painted(line: str) -> str:
    """A heading, or the spellings of an option and what stands for its values."""
    if not line.startswith(" "):
        return paint(line, BOLD)
    entry = re.match(r"  ([^ ].*?)(?=   |  $|$)", line)
    if entry is None:
        return line
    words = [
        word if word == "" else paint(word, CYAN if word[0] in "-+" or word.islower() else GREEN)
        for word in entry[1].split(" ")
    ]
    return f"  {' '.join(words)}{line[entry.end() :]}"
