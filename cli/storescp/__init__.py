"""storescp: receive DICOM objects and store them as files."""

from __future__ import annotations

from collections.abc import Sequence

from cli import tool
from cli.grammar.declaration import UsageError
from cli.report import Report
from cli.storescp.options import StorescpSettings
from cli.storescp.serving import serve_alone
from cli.storescp.users import hash_line

__all__ = ["StorescpSettings", "main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the tool; gives its exit code. Default: the process's command line."""
    return tool.run(StorescpSettings, argv, _work)


def _work(settings: StorescpSettings, report: Report) -> int:
    if settings.hash_user is not None:
        return tool.show(hash_line(settings.hash_user))
    if (settings.port < 0) is not settings.inetd:
        raise UsageError(
            "Unexpected parameter port" if settings.inetd else "Missing parameter port"
        )
    if settings.workers > 1:
        # What only a supervisor needs.
        from cli.storescp.workers import serve_with_workers  # noqa: PLC0415

        return serve_with_workers(settings, report)
    return serve_alone(settings, report)
