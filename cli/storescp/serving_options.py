"""What storescp can be told about how it runs: its processes and its end."""

from __future__ import annotations

from dul.values import TYPE_CHECKING

from ..grammar import values as read
from ..grammar.declaration import Settings, setting, value

if TYPE_CHECKING:
    from typing import Literal, TypeAlias

__all__ = ["Indexing", "Monitoring", "Running"]

LogFormat: TypeAlias = "Literal['text', 'json']"
"""How what is said is written."""


class Running(Settings, title="running"):
    """Processes, and how they end."""

    workers: int = setting(
        1,
        value(
            "--workers",
            read=read.integer(1, 64),
            metavar="N",
            help="serve with N processes that share the port; one that dies is replaced "
            "(default: {default})",
        ),
    )
    grace: float | None = setting(
        5.0,
        value(
            "--grace",
            read=read.seconds,
            metavar="S",
            help="after SIGTERM let running associations come to their end for up to S seconds; "
            "0: abort them at once, as after Ctrl-C (default: {default})",
        ),
    )


class Indexing(Settings, title="index"):
    """A database of what was stored."""

    index: str | None = setting(
        None,
        value(
            "--index",
            read=read.text,
            metavar="FILE",
            help="note in this SQLite database what is stored: patient, study, series, instance, "
            "file, when, from whom; storeindex makes it anew of the files",
        ),
    )


class Monitoring(Settings, title="logs and monitoring"):
    """What is written down, and what is shown of it."""

    log_file: str | None = setting(
        None,
        value(
            "--log-file",
            read=read.text,
            metavar="FILE",
            help="add what is said to this file instead of saying it on standard error; SIGHUP opens "
            "it anew",
        ),
    )
    log_format: LogFormat = setting(
        "text",
        value(
            "--log-format",
            read=read.choice(text="text", json="json"),
            metavar="FORM",
            help="text (default), as DCMTK says it; json, an object for each message",
        ),
    )

    metrics: tuple[str, int] | None = setting(
        None,
        value(
            "--metrics",
            read=read.local_address,
            metavar="[A:]P",
            help="show /metrics for Prometheus and /healthz at this port, of the loopback interface "
            "unless another address stands before it (needs dulcet[metrics])",
        ),
    )
    web: tuple[str, int] | None = setting(
        None,
        value(
            "--web",
            read=read.local_address,
            metavar="[A:]P",
            help="show a page at this port: who is connected, what arrives, what goes wrong and why "
            "(needs dulcet[web])",
        ),
    )
