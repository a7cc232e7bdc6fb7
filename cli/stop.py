"""Ctrl-C and SIGTERM: the first ends the work in order, the second ends the process."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Self

__all__ = ["Stop"]

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Stop:
    """Catches the two signals while it is entered.

    Args:
        request: called by the first signal, in the signal handler: it must do no more than set
            a flag or write a byte.

    Attributes:
        signal: the first signal that came, or None.
        at_once: called before the second ends the process.
    """

    def __init__(self, request: Callable[[], None]) -> None:
        self.signal: int | None = None
        self.at_once: Callable[[], None] | None = None
        self._request = request
        self._before: dict[int, Callable[[int, FrameType | None], object] | int | None] = {}

    @property
    def exit_code(self) -> int:
        """What a shell says of a process that the signal ended: 130, 143."""
        return 128 + (self.signal or 0)

    @property
    def name(self) -> str:
        """The signal as its sender knows it."""
        return "Ctrl-C" if self.signal == signal.SIGINT else "SIGTERM"

    def __enter__(self) -> Self:
        # Only the main thread may set handlers; elsewhere nobody presses Ctrl-C.
        if threading.current_thread() is threading.main_thread():
            for each in _SIGNALS:
                # Who started us with a signal ignored (nohup, a shell's "&") wants it ignored.
                if signal.getsignal(each) is not signal.SIG_IGN:
                    self._before[each] = signal.signal(each, self._handle)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for each, handler in self._before.items():
            signal.signal(each, handler)
        self._before.clear()

    def _handle(self, number: int, _: FrameType | None) -> None:
        if self.signal is None:
            self.signal = number
            self._request()
            return
        with contextlib.suppress(Exception):
            if self.at_once is not None:
                self.at_once()
        os._exit(128 + number)
