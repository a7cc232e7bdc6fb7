"""dulcet completion: the scripts that complete command lines, for a shell that does not find them itself."""

from __future__ import annotations

from collections.abc import Sequence

from . import aside, tool
from .manual.installed import installed
from .manual.options import CompletionSettings
from .manual.shells import SHELLS

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Print them; gives the exit code."""
    return aside.run_aside(CompletionSettings, argv, _print)


def _print(settings: CompletionSettings) -> int:
    script, _ = SHELLS[settings.shell]
    return tool.show_lines(script(each) for each in installed())
