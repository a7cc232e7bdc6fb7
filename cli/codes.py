"""The exit codes of the tools; docs/cli.md has all of them in a table."""

from __future__ import annotations

from typing import Final

__all__ = ["FAILED", "LOST"]

FAILED: Final = 1
"""Whatever has no code of its own."""

LOST: Final = 10
"""The peer or the network ended the association while something was on its way."""
