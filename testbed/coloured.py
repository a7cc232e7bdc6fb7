"""Help in colour on a terminal, which argparse does itself from Python 3.14 on."""

import argparse
import os
import re
import sys
from typing import IO

_BOLD, _CYAN, _GREEN = "1", "36", "32"


class Parser(argparse.ArgumentParser):
    """A parser whose help is coloured on a terminal, unless NO_COLOR is set; so are its commands'."""

    def print_help(self, file: IO[str] | None = None) -> None:  # type: ignore[override]
        """Print the help, as argparse does without a stream on standard output."""
        stream = sys.stdout if file is None else file
        text = self.format_help()
        stream.write(coloured(text) if wanted(stream) and sys.version_info < (3, 14) else text)


def wanted(stream: IO[str]) -> bool:
    """Whether a stream may be coloured (no-color.org)."""
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return stream.isatty()


def coloured(text: str) -> str:
    """A help text of argparse's: headings, option strings, what stands for values, commands."""
    return "\n".join(map(_line, text.split("\n")))


def _line(line: str) -> str:
    if re.fullmatch(r"\S.*:", line):
        return _paint(line, _BOLD)
    if line.startswith("usage: "):
        return _paint("usage:", _BOLD) + line.removeprefix("usage:")
    entry = re.match(r"(  )(-.*?)(?=  |$)|(    )([a-z]+)(?=  )", line)
    if entry is None:
        return line
    indent, words = entry[1] or entry[3], (entry[2] or entry[4]).split(" ")
    painted = (_paint(each, _CYAN if re.match(r"-|[a-z]+$", each) else _GREEN) for each in words)
    return f"{indent}{' '.join(painted)}{line[entry.end() :]}"


def _paint(text: str, colour: str) -> str:
    return f"\x1b[{colour}m{text}\x1b[0m" if text else text
