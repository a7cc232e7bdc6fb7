"""Colour on a terminal, by the sequences that all of them know; none for who has set NO_COLOR."""

from __future__ import annotations

import os

from dul.values import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import IO, Final

__all__ = ["BOLD", "CYAN", "DIM", "GREEN", "RED", "YELLOW", "paint", "wanted"]

BOLD: Final = "1"
DIM: Final = "2"
RED: Final = "31"
GREEN: Final = "32"
YELLOW: Final = "33"
CYAN: Final = "36"


def wanted(stream: IO[str]) -> bool:
    """Whether what is written there may be coloured: a terminal that can, and no NO_COLOR (no-color.org)."""
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return stream.isatty()


def paint(text: str, *colours: str) -> str:
    """A text in these colours; as it is without any."""
    return f"\x1b[{';'.join(colours)}m{text}\x1b[0m" if colours and text else text
