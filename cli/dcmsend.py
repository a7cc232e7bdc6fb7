"""dcmsend: storescu as DCMTK's dcmsend has it: other defaults, other words, other exit codes."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from . import storescu, tool
from .storescu_options import DcmsendSettings

__all__ = ["DcmsendSettings", "main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the tool; gives its exit code. Default: the process's command line."""
    return tool.run(DcmsendSettings, argv, storescu.work)


if __name__ == "__main__":
    sys.exit(main())
