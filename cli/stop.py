"""Ctrl-C and SIGTERM: the first ends the work in order, the second ends the process.

A handler in Python runs only when the main thread gets round to it; a signal that comes just
before a system call that waits is not seen until the call is over. So the handlers do nothing, and
a thread waits for the byte that the interpreter's own handler in C writes for each signal.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import threading
from collections.abc import Callable
from types import FrameType, TracebackType

from dul.values import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Self

__all__ = ["Stop", "name_of"]

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def name_of(number: int | None) -> str:
    """A signal as its sender knows it."""
    return "Ctrl-C" if number == signal.SIGINT else "SIGTERM"


class Stop:
    """Catches the two signals while it is entered.

    Args:
        request: called at the first signal, from a thread.
        hurry: called at the second one; then it is the third that ends the process.
        reload: called at each SIGHUP; without, that is not caught.

    Attributes:
        signal: the first signal that came, or None.
        told: called, from a thread, at the first signal, before `request`: to say what comes.
        at_once: called, from a thread, before the second ends the process.
    """

    def __init__(
        self,
        request: Callable[[], None],
        *,
        hurry: Callable[[], None] | None = None,
        reload: Callable[[], None] | None = None,
    ) -> None:
        self.signal: int | None = None
        self.told: Callable[[], None] | None = None
        self.at_once: Callable[[], None] | None = None
        self._request = request
        self._hurry = hurry
        self._reload = reload
        self._leave = contextlib.ExitStack()

    @property
    def exit_code(self) -> int:
        """What a shell says of a process that the signal ended: 130, 143."""
        return 128 + (self.signal or 0)

    @property
    def name(self) -> str:
        """The signal as its sender knows it."""
        return name_of(self.signal)

    def __enter__(self) -> Self:
        # Only the main thread may set handlers; elsewhere nobody presses Ctrl-C.
        if threading.current_thread() is threading.main_thread():
            with contextlib.ExitStack() as stack:
                self._catch(stack)
                self._leave = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._leave.close()

    def _catch(self, stack: contextlib.ExitStack) -> None:
        """Set all up; the stack takes it down again, in the opposite order."""
        reader, writer = socket.socketpair()
        stack.enter_context(reader)
        thread = threading.Thread(target=self._watch, args=(reader,), name="stop", daemon=True)
        thread.start()
        stack.callback(thread.join)
        stack.enter_context(writer)  # closing it ends the thread
        writer.setblocking(False)
        before = signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
        stack.callback(signal.set_wakeup_fd, before)
        if self._reload is not None:  # from nohup as well: it means a log here
            stack.callback(signal.signal, signal.SIGHUP, signal.signal(signal.SIGHUP, _do_nothing))
        for each in _SIGNALS:
            # Who started us with a signal ignored (nohup, a shell's "&") wants it ignored.
            if signal.getsignal(each) is not signal.SIG_IGN:
                stack.callback(signal.signal, each, signal.signal(each, _do_nothing))

    def _watch(self, reader: socket.socket) -> None:
        while numbers := reader.recv(64):
            for number in numbers:
                if number in _SIGNALS:
                    self._take(number)
                elif number == signal.SIGHUP and self._reload is not None:
                    with contextlib.suppress(Exception):
                        self._reload()

    def _take(self, number: int) -> None:
        if self.signal is None:
            self.signal = number
            with contextlib.suppress(Exception):
                if self.told is not None:
                    self.told()
            self._request()
            return
        if self._hurry is not None:
            hurry, self._hurry = self._hurry, None
            hurry()
            return
        with contextlib.suppress(Exception):
            if self.at_once is not None:
                self.at_once()
        os._exit(128 + number)


def _do_nothing(_: int, __: FrameType | None) -> None:
    """A signal whose handler is this one is told by the interpreter's byte."""
