"""What a worker hears of its supervisor, over a socket pair."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from typing import Final, TypeAlias

__all__ = ["REOPEN", "STOP", "Job", "Orders"]

STOP: Final = b"S"
"""Stop: seconds of grace follow, as text."""

REOPEN: Final = b"R"
"""Reopen log files."""


class Orders:
    """A worker's end of the line to its supervisor."""

    def __init__(self, line: socket.socket) -> None:
        """Made by `Workers`."""
        self._line = line

    def obey(self, stop: Callable[[float], None], reopen: Callable[[], None] | None = None) -> None:
        """Call these functions from a thread when the supervisor says so.

        Args:
            stop: with a grace in seconds, as `Server.request_stop` takes it; also when the
                supervisor is gone. May be called several times.
            reopen: log files are to be reopened, and what else is read again.
        """
        arguments = (self._line, stop, reopen)
        threading.Thread(target=_obey, args=arguments, name="orders", daemon=True).start()


def _obey(
    line: socket.socket, stop: Callable[[float], None], reopen: Callable[[], None] | None
) -> None:
    while order := line.recv(64):
        if order[:1] == STOP:
            stop(float(order[1:]))
        elif order[:1] == REOPEN and reopen is not None:
            reopen()
    stop(0.0)


Job: TypeAlias = Callable[[Orders], None]
"""What a worker does in its process; it ends when its orders say so."""
