"""The asyncio face: the same names, the same order and the same conversations as `dul.blocking`.

It waits with the event loop's `add_reader` and `add_writer`, which the loops of POSIX systems
have (and uvloop's). Functions of the user's that block run in a thread; coroutine functions
are awaited.
"""

from __future__ import annotations

from dul.tasks.connection import Connection, connect
from dul.tasks.line import Line
from dul.tasks.lines import Lines
from dul.tasks.server import Server

__all__ = ["Connection", "Line", "Lines", "Server", "connect"]
