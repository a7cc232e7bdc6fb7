"""Signals that a supervisor waits for, as numbers that it reads from a socket."""

from __future__ import annotations

import contextlib
import signal
import socket
import threading
from collections.abc import Iterator
from types import FrameType

from dul.values import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Final

__all__ = ["HEEDED", "caught"]

HEEDED: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Those that mean something to it."""

_ENDS: Final = (signal.SIGINT, signal.SIGTERM)
_CAUGHT: Final = (*HEEDED, signal.SIGCHLD)  # that one only ends the waiting


@contextlib.contextmanager
def caught(writer: socket.socket) -> Iterator[None]:
    """Let the interpreter write the signals' numbers to a socket.

    Elsewhere than in the main thread, `request_stop` alone ends anything.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    with contextlib.ExitStack() as stack:
        before = signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
        stack.callback(signal.set_wakeup_fd, before)
        for each in _CAUGHT:
            # Who started us with a signal ignored (nohup, a shell's "&") wants it ignored.
            if each not in _ENDS or signal.getsignal(each) is not signal.SIG_IGN:
                stack.callback(signal.signal, each, signal.signal(each, _do_nothing))
        yield


def _do_nothing(_: int, __: FrameType | None) -> None:
    """A signal whose handler is this one is told by the interpreter's byte."""
