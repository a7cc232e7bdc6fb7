"""What systemd asks of a service: sockets that it opened, word of readiness, a sign of life.

The protocol is a few environment variables and datagrams (sd_listen_fds(3), sd_notify(3)), and needs
no library.
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from collections.abc import Iterator

__all__ = ["activated_sockets", "notify", "signs_of_life", "watchdog_interval"]

FIRST = 3
"""The first descriptor that is passed (SD_LISTEN_FDS_START)."""


ANSWER_WITHIN = 0.2
"""Seconds that systemd has to take a message."""


def activated_sockets() -> list[tuple[str, socket.socket]]:
    """The listening sockets that this process was started with, each with the name that its unit gives.

    There are none if systemd did not start it so. A name is "" where none is known.
    """
    if os.environ.get("LISTEN_PID") != str(os.getpid()):
        return []
    count = int(os.environ.pop("LISTEN_FDS", "0"))
    names = os.environ.get("LISTEN_FDNAMES", "").split(":")
    for name in ("LISTEN_PID", "LISTEN_FDNAMES"):
        os.environ.pop(name, None)
    found = []
    for number in range(count):
        os.set_inheritable(FIRST + number, False)
        name = names[number] if number < len(names) else ""
        found.append((name, socket.socket(fileno=FIRST + number)))
    return found


def notify(*states: str) -> bool:
    """Tell systemd, if it wants to be told: "READY=1", "STOPPING=1", "WATCHDOG=1"."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return False
    if address.startswith("@"):  # in the abstract namespace
        address = "\0" + address[1:]
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        line.settimeout(ANSWER_WITHIN)  # who does not listen holds nobody up
        line.connect(address)
        line.sendall("\n".join(states).encode())
        return True
    return False


def watchdog_interval() -> float | None:
    """Seconds after which a sign of life is due, half of what is allowed; None: none is wanted."""
    microseconds = os.environ.get("WATCHDOG_USEC", "")
    owner = os.environ.get("WATCHDOG_PID", str(os.getpid()))
    if not microseconds.isdigit() or owner != str(os.getpid()):
        return None
    return int(microseconds) / 2e6


@contextlib.contextmanager
def signs_of_life() -> Iterator[None]:
    """Give them from a thread while this lasts, if systemd wants any: the interpreter still runs."""
    interval = watchdog_interval()
    if interval is None:
        yield
        return
    over = threading.Event()

    def give() -> None:
        notify("WATCHDOG=1")
        while not over.wait(interval):
            notify("WATCHDOG=1")

    thread = threading.Thread(target=give, name="watchdog", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
