"""Where threads wait together for who comes next."""

from __future__ import annotations

import contextlib
import select
import socket
from collections.abc import Sequence

from dul.transport.wakeup import Wakeup

__all__ = ["Door"]


class Door:
    """Where one of several threads waits for a connection to the listeners that they share.

    Linux wakes one of them for each connection, the one whose door was made first of those that wait
    (EPOLLEXCLUSIVE): who comes alone is served by one thread again and again, and the others sleep.
    Elsewhere, and where there is no descriptor for that, all wake, and all but one find nobody.

    Args:
        listeners: non-blocking.
        wakeup: ends the wait of all.
    """

    def __init__(self, listeners: Sequence[socket.socket], wakeup: Wakeup) -> None:
        self._listeners = {each.fileno(): each for each in listeners}
        self._epoll = _exclusive(listeners, wakeup)
        self._poll = select.poll()
        if self._epoll is None:
            for fd in (wakeup.fileno(), *self._listeners):
                self._poll.register(fd, select.POLLIN)

    def wait(self, seconds: float | None) -> socket.socket | None:
        """The listener that somebody has come to; None: nobody has in this time, or the wakeup was set."""
        if self._epoll is not None:
            # One at a time: where there is another, the next thread is woken for it, or finds it.
            ready = self._epoll.poll(seconds, 1)
        else:
            ready = self._poll.poll(None if seconds is None else seconds * 1000)
        for fd, _ in ready:
            if fd in self._listeners:
                return self._listeners[fd]
        return None

    def close(self) -> None:
        """Give the descriptor back."""
        if self._epoll is not None:
            self._epoll.close()


def _exclusive(listeners: Sequence[socket.socket], wakeup: Wakeup) -> select.epoll | None:
    if not hasattr(select, "EPOLLEXCLUSIVE"):
        return None
    with contextlib.suppress(OSError):  # no descriptor is left
        epoll = select.epoll()
        epoll.register(wakeup, select.EPOLLIN)
        for each in listeners:
            epoll.register(each, select.EPOLLIN | select.EPOLLEXCLUSIVE)
        return epoll
    return None
