"""One of the processes that a supervisor keeps running, and how long it waits to make it anew."""

from __future__ import annotations

import logging
import os
import signal
import socket
from collections.abc import Callable
from types import FrameType

from dimse.workers.orders import Job
from dimse.workers.signals import HEEDED
from dul.values import TYPE_CHECKING, dataclass

if TYPE_CHECKING:
    from typing import NoReturn

__all__ = ["Backoff", "Life", "how_ended", "live"]


@dataclass(frozen=True, slots=True)
class Backoff:
    """How long a dead worker is waited for to be made anew.

    Attributes:
        first: seconds after the first death; each further one doubles them,
        most: up to so many.
        healthy: who lived for so many seconds had no trouble starting, and counts as the first.
    """

    first: float = 0.2
    most: float = 30.0
    healthy: float = 60.0

    def after(self, lived: float, before: float) -> float:
        """Seconds to wait after a life of `lived` seconds, if `before` were waited for it."""
        if lived >= self.healthy or not before:
            return self.first
        return min(2 * before, self.most)


class Life:
    """One of the processes, or the room for it."""

    def __init__(
        self, name: str, number: int | None, job: Job, listeners: tuple[socket.socket, ...] = ()
    ) -> None:
        self.name = name
        self.number = number
        self.job = job
        self.listeners = listeners
        self.pid = 0  # 0: there is none at present
        self.line: socket.socket | None = None
        self.born = 0.0
        self.due = 0.0  # when it is to be made
        self.waited = 0.0  # how long it was waited for last time


def live(name: str, let_go: Callable[[], None], job: Callable[[], None]) -> NoReturn:
    """What a process does that was just made; never returns."""
    code = 1
    try:
        signal.set_wakeup_fd(-1)
        for each in HEEDED:
            # A terminal, or who ends a whole group, sends them to all of us; the supervisor tells us.
            # Not ignored, which commands that are run would inherit.
            signal.signal(each, _leave_to_supervisor)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        let_go()
        job()
        code = 0
    except BaseException:  # it ends here, whatever it is
        logging.getLogger("dimse").exception("%s failed", name)
    finally:
        os._exit(code)


def _leave_to_supervisor(_: int, __: FrameType | None) -> None:
    pass


def how_ended(status: int) -> str:
    """A process's end in words, by what waitpid(2) said of it."""
    if os.WIFSIGNALED(status):
        return f"signal {signal.Signals(os.WTERMSIG(status)).name}"
    return f"exit code {os.WEXITSTATUS(status)}"
