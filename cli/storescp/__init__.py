"""storescp: receive DICOM objects and store them as files."""

from __future__ import annotations

from collections.abc import Sequence

from .. import tool
from ..grammar.declaration import UsageError
from ..report import Report
from .admitting import policy_words
from .options import StorescpSettings
from .serving import serve_alone

__all__ = ["StorescpSettings", "main", "serve_until_stopped"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the tool; gives its exit code. Default: the process's command line."""
    return tool.run(StorescpSettings, argv, serve_until_stopped)


def serve_until_stopped(settings: StorescpSettings, report: Report) -> int:
    """Do what a command line says; gives the exit code."""
    if settings.hash_user is not None:
        # Few servers have users.
        from .users import hash_line  # noqa: PLC0415

        return tool.show(hash_line(settings.hash_user))
    if settings.check_policy:
        return tool.show(policy_words(settings))
    if (settings.port < 0) is not settings.inetd:
        raise UsageError(
            "Unexpected parameter port" if settings.inetd else "Missing parameter port"
        )
    _set_up_log(settings, report)
    if settings.workers > 1:
        # What only a supervisor needs.
        from .workers import serve_with_workers  # noqa: PLC0415

        return serve_with_workers(settings, report)
    return serve_alone(settings, report)


def _set_up_log(settings: StorescpSettings, report: Report) -> None:
    """Write what is said where and as it is wanted.

    Raises:
        UsageError: the log file can't be written.
    """
    if settings.log_format == "text" and settings.log_file is None:
        return
    # A terminal needs neither.
    from ..logfile import LogFile, json_lines  # noqa: PLC0415

    if settings.log_format == "json":
        report.form = json_lines
    if settings.log_file is not None:
        try:
            log = LogFile(settings.log_file, report.write)
        except OSError as error:
            raise UsageError(
                f"cannot write log file {settings.log_file}: {error.strerror}"
            ) from error
        report.write, report.reopened = log.write, log.reopen
