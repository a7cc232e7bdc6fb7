"""dulcet manual: a manual page as man takes it, where man does not find it itself."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence

from . import aside, tool
from .codes import FAILED
from .manual.installed import installed
from .manual.options import ManualSettings
from .manual.shared import files

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Print it; gives the exit code."""
    return aside.run_aside(ManualSettings, argv, _print)


def _print(settings: ManualSettings) -> int:
    pages = {
        place.rpartition("/")[2][:-2]: text
        for place, text in files(installed(), tool.number(), time.strftime("%Y-%m-%d"))
        if place.startswith("share/man/")
    }
    if settings.page not in pages:
        sys.stderr.write(f"dulcet manual: there is none of {settings.page}: {', '.join(pages)}\n")
        return FAILED
    return tool.show(pages[settings.page])
