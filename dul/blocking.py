"""The blocking face: sockets, threads and the monotonic clock.

Same names, same order as `dul.aio`. Everything that is protocol is in `dul.conversations` and
below; a face connects, listens, waits, and runs conversations. `Server` is loaded when it is first
asked for, and `Lines` where several associations are wanted at a time: a client needs neither.
"""

from __future__ import annotations

from dul.errors import Interrupted
from dul.ondemand import on_demand
from dul.threads.connection import Connection, connect
from dul.threads.line import Line
from dul.transport.wakeup import Wakeup
from dul.values import TYPE_CHECKING

if TYPE_CHECKING:
    from dul.threads.lines import Lines
    from dul.threads.server import Server
    from dul.transport.descriptors import free_descriptors
    from dul.transport.listener import OneConnection, listen

__all__ = [
    "Connection",
    "Interrupted",
    "Line",
    "Lines",
    "OneConnection",
    "Server",
    "Wakeup",
    "connect",
    "free_descriptors",
    "listen",
]

_HOMES = {
    "Lines": "dul.threads.lines",
    "OneConnection": "dul.transport.listener",
    "Server": "dul.threads.server",
    "free_descriptors": "dul.transport.descriptors",
    "listen": "dul.transport.listener",
}

if not TYPE_CHECKING:  # or a misspelt name would pass for one that is had on demand
    __getattr__ = on_demand(__name__, _HOMES)
