"""The options of how objects are sent: how many at a time, how fast, how often, and where it is noted."""

from __future__ import annotations

from dimse import LOOK_AHEAD, SLOWEST_BANDWIDTH

from ..grammar.declaration import Settings, setting, value
from ..grammar.values import integer, text

__all__ = ["Delivery"]

_MANY = 0xFFFF


def _rate(token: str) -> float:
    try:
        rate = float(token)
    except ValueError:
        rate = 0.0
    if not 0 < rate <= 1e6:
        raise ValueError(f"{token!r} is no number of objects per second, above 0")
    return rate


class Delivery(Settings, title="delivery"):
    """Several at a time, bounds on speed, what is tried again, and a journal."""

    associations: int = setting(
        1,
        value(
            "--associations",
            read=integer(1, 64),
            metavar="N",
            help="send on N associations at a time (default: {default}); with fewer, if the peer "
            "grants fewer",
        ),
    )
    max_ops: int = setting(
        1,
        value(
            "--max-ops",
            read=integer(1, _MANY),
            metavar="N",
            help="have up to N objects on their way on an association, if the peer grants an "
            "asynchronous operations window (default: {default})",
        ),
    )
    retry: int = setting(
        0,
        value(
            "--retry",
            read=integer(0, _MANY),
            metavar="N",
            help="try up to N times again, after a while: an association that broke or was refused "
            "for now, an object for which the peer had no room (default: {default})",
        ),
    )
    rate: float | None = setting(
        None,
        value(
            "--rate",
            read=_rate,
            metavar="N",
            help="send no more than N objects per second (default: no bound)",
        ),
    )
    bandwidth: int | None = setting(
        None,
        value(
            "--bandwidth",
            read=integer(SLOWEST_BANDWIDTH, 1 << 40),
            metavar="N",
            help="send no more than N bytes per second (default: no bound)",
        ),
    )
    look_ahead: int = setting(
        LOOK_AHEAD,
        value(
            "--look-ahead",
            read=integer(0, 0xFFFFFFFF),
            metavar="N",
            help="without -nh: look at N files before the first is sent, so that nothing is sent if "
            "one of them can't be read (default: {default}); 0: all",
        ),
    )
    journal: str | None = setting(
        None,
        value(
            "--journal",
            read=text,
            metavar="FILE",
            help="write down there what was stored; the same command started again sends the rest",
            excludes=["--repeat"],
        ),
    )
    list_failed: str | None = setting(
        None,
        value(
            "--list-failed",
            read=text,
            metavar="FILE",
            exits=True,
            help="list the files that failed, by this journal, one a line, and exit",
        ),
    )
