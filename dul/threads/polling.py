"""How a thread waits: with a poll object, and a wakeup that ends the wait."""

from __future__ import annotations

import select
import socket
import threading
import time
from collections.abc import Callable
from functools import partial

from dul.conversations import Connect
from dul.errors import Interrupted
from dul.transport.link import Link, Wait, Waiting
from dul.transport.opening import not_found, requestor_link, resolvable
from dul.transport.wakeup import Wakeup
from dul.values import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from typing import Any

__all__ = ["LONGEST_POLL", "Polling", "attentive", "link_for", "pause", "raise_if_set", "resolve"]

T = TypeVar("T")

LONGEST_POLL = 3600.0  # seconds; poll() takes milliseconds in a C int

SIGNALS = 1.0
"""Seconds after which a main thread that waits lets Python look at its signals."""


def raise_if_set(wakeup: Wakeup | None) -> None:
    """Go on, unless the wakeup is set.

    Raises:
        Interrupted: it is.
    """
    if wakeup is not None and wakeup.is_set:
        raise Interrupted("interrupted")


def attentive(poll: select.poll, seconds: float | None = None) -> list[tuple[int, int]]:
    """Wait for one of several, for at most so many seconds; None: for as long as it takes.

    The kernel may give a signal to a thread that serves a connection. Its handler runs in the main
    thread, which a wait without end would keep from it.
    """
    if threading.current_thread() is not threading.main_thread():
        return poll.poll(None if seconds is None else seconds * 1000)
    end = None if seconds is None else time.monotonic() + seconds
    while True:
        left = SIGNALS if end is None else min(SIGNALS, end - time.monotonic())
        ready = poll.poll(max(0.0, left) * 1000)
        if ready or (end is not None and time.monotonic() >= end):
            return ready


class Polling:
    """Drives pumps by what happens at a link's descriptor, in the thread that calls.

    Attributes:
        resting: nothing is half done: it waits, or the user's own code runs.
    """

    def __init__(self, wakeup: Wakeup | None = None) -> None:
        self.resting = True
        self._wakeup = wakeup
        self._poll = select.poll()
        self._polled: tuple[int, int] = (-1, 0)
        self._wakeup_fd = -1 if wakeup is None else wakeup.fileno()
        if wakeup is not None:
            self._poll.register(self._wakeup_fd, select.POLLIN)

    def check(self) -> None:
        """See `raise_if_set`."""
        raise_if_set(self._wakeup)

    def ignore_wakeup(self) -> None:
        """From now on nothing ends a wait but what is waited for."""
        if self._wakeup is not None:
            self._poll.unregister(self._wakeup_fd)  # it may be closed already
            self._wakeup = None

    def drive(self, waiting: Waiting[None]) -> None:
        """Run a pump to its end. Raises what it raises.

        Raises:
            Interrupted: the wakeup was set.
        """
        try:
            wait = next(waiting)
            while True:
                wait = waiting.send(self.wait(wait))
        except StopIteration:
            pass
        finally:
            waiting.close()

    def wait(self, wait: Wait) -> bool:
        """Wait; gives whether the descriptor became ready before the time was over.

        Raises:
            Interrupted: the wakeup was set.
        """
        mask = (select.POLLIN if wait.read else 0) | (select.POLLOUT if wait.write else 0)
        if self._polled != (wait.fd, mask):
            if self._polled[0] not in {-1, wait.fd}:
                self._poll.unregister(self._polled[0])
            self._poll.register(wait.fd, mask)
            self._polled = (wait.fd, mask)
        while True:
            timeout = None
            if wait.until is not None:
                left = wait.until - time.monotonic()
                if left <= 0:
                    return False
                left = min(left, LONGEST_POLL)
                timeout = int(left * 1000) + 1
            self.resting = True
            ready = self._poll.poll(timeout)
            self.resting = False
            if ready:
                if self._wakeup is not None and self._wakeup.is_set:
                    raise_if_set(self._wakeup)
                return True


def resolve(host: str, port: int, wakeup: Wakeup | None, family: int = 0) -> list[Any]:
    """The addresses of a host, as `socket.getaddrinfo` gives them.

    Raises:
        TransportError: there are none, or no such port.
        Interrupted: the wakeup was set.
    """
    if not 0 < port < 1 << 16:
        raise not_found(host, port)
    raise_if_set(wakeup)
    look_up = partial(
        socket.getaddrinfo, resolvable(host), port, family=family, type=socket.SOCK_STREAM
    )
    try:
        return look_up() if wakeup is None else _beside(look_up, wakeup)
    except (OSError, UnicodeError) as error:
        raise not_found(host, port, error) from error


def link_for(step: Connect, wakeup: Wakeup | None) -> Link:
    """The link of an association that is to be connected; errors are those of `resolve`."""
    addresses = resolve(step.host, step.port, wakeup, step.family)
    link = requestor_link(step.host, step.port, addresses, step.tls, step.server_hostname)
    link.pace = step.pace
    return link


def _beside(function: Callable[[], T], wakeup: Wakeup) -> T:
    """Call what can't be interrupted, in a thread that is left behind if need be.

    A resolver may take a minute, and while it does not even a signal handler runs.

    Raises:
        Interrupted: the wakeup was set.
        Exception: whatever the function raises.
    """
    results: list[T] = []
    errors: list[Exception] = []
    reader, writer = socket.socketpair()

    def call() -> None:
        with writer:  # closing it says "done"; the thread alone uses it
            try:
                results.append(function())
            except Exception as error:  # noqa: BLE001 - it is the caller's to handle
                errors.append(error)

    with reader:
        thread = threading.Thread(target=call, name="dul-resolver", daemon=True)
        thread.start()
        poll = select.poll()
        poll.register(reader, select.POLLIN)
        poll.register(wakeup, select.POLLIN)
        if any(fd == wakeup.fileno() for fd, _ in poll.poll()):
            raise Interrupted("interrupted")
    thread.join()  # it has said "done", and is about to end
    if errors:
        raise errors[0]
    return results[0]


def pause(seconds: float, wakeup: Wakeup | None) -> None:
    """Wait for this time.

    Raises:
        Interrupted: the wakeup was set.
    """
    if wakeup is None:
        time.sleep(seconds)
        return
    poll = select.poll()
    poll.register(wakeup, select.POLLIN)
    poll.poll(int(seconds * 1000))
    raise_if_set(wakeup)
