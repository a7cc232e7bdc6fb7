"""The blocking face: sockets, threads and the monotonic clock.

Same names, same order as `dul.aio`. Everything that is protocol is in `dul.conversations` and
below; a face connects, listens, waits, and runs conversations. `Server` is loaded when it is first
asked for, and `Lines` where several associations are wanted at a time: a client needs neither.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from dul.errors import Interrupted
from dul.threads.connection import Connection, connect
from dul.threads.line import Line
from dul.transport.wakeup import Wakeup

if TYPE_CHECKING:
    from dul.threads.lines import Lines
    from dul.threads.server import Server

__all__ = ["Connection", "Interrupted", "Line", "Lines", "Server", "Wakeup", "connect"]

_LATE = {"Lines": "dul.threads.lines", "Server": "dul.threads.server"}


def __getattr__(name: str) -> object:
    """A name that is not always needed, from its module (PEP 562)."""
    if name not in _LATE:
        raise AttributeError(f"module 'dul.blocking' has no attribute {name!r}")
    value: object = getattr(import_module(_LATE[name]), name)
    globals()[name] = value
    return value
