"""dcmrecv: receive DICOM objects and store them as files; storescp with another title."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from . import tool
from .storescp import serve_until_stopped
from .storescp.options import StorescpSettings

__all__ = ["DcmrecvSettings", "main"]


class DcmrecvSettings(
    StorescpSettings,
    tool="dcmrecv",
    summary="Simple DICOM storage SCP (receiver)",
    defaults={"ae_title": "DCMRECV"},
):
    """What a command line of dcmrecv comes to: all that storescp can be told."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the tool; gives its exit code. Default: the process's command line."""
    return tool.run(DcmrecvSettings, argv, serve_until_stopped)


if __name__ == "__main__":
    sys.exit(main())
