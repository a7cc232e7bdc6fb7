"""The option for a report of what was sent."""

from __future__ import annotations

from ..grammar.declaration import Settings, setting, value
from ..grammar.values import text

__all__ = ["Reporting"]

_ENDS = (".json", ".csv", ".html", ".htm")


def _report(token: str) -> str:
    if not text(token).lower().endswith(_ENDS):
        raise ValueError(f"{token}: its name ends with {', '.join(_ENDS)}")
    return token


class Reporting(Settings, title="reports"):
    """What is written of the objects that are sent."""

    report: str | None = setting(
        None,
        value(
            "--report",
            read=_report,
            metavar="FILE",
            help="write a row for each object into FILE while sending, as JSON, CSV or a page "
            "for a browser, by the end of its name; what was in it is overwritten",
        ),
    )
    create_report: str | None = setting(
        None,
        value(
            "+crf",
            "--create-report-file",
            read=text,
            metavar="FILE",
            help="write a report in the form of DCMTK's dcmsend, a paragraph for each object",
        ),
    )
