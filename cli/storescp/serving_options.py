"""What storescp can be told about how it runs: its processes and its end."""

from __future__ import annotations

from cli.grammar import values as read
from cli.grammar.declaration import Settings, setting, value

__all__ = ["Indexing", "Monitoring", "Running"]


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


class Monitoring(Settings, title="monitoring"):
    """What is shown of it."""

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
