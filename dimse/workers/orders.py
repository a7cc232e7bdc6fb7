"""A worker's line to its supervisor, over a socket pair: it hears orders, and tells and asks.

What a worker has told, its supervisor hears, also if the worker dies in the next moment: it lies in
the supervisor's socket by then.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from itertools import count

from dul.values import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Final, TypeAlias

__all__ = ["ANSWER", "LONGEST", "QUESTION", "REOPEN", "STOP", "TOLD", "Job", "Orders"]

STOP: Final = b"S"
"""Stop: seconds of grace follow, as text."""

REOPEN: Final = b"R"
"""Reopen log files."""

ANSWER: Final = b"A"
"""The answer to a question: the question's number follows, then what is answered."""

TOLD: Final = b"T"
"""From a worker: what it tells follows."""

QUESTION: Final = b"Q"
"""From a worker: the question's number follows (8 bytes), then what is asked."""

LONGEST: Final = 65536
"""Bytes of the longest message, either way."""


class _Question:
    def __init__(self) -> None:
        self.answered = threading.Event()
        self.answer: bytes | None = None  # None behind `answered`: nobody is there to answer


class Orders:
    """A worker's end of the line to its supervisor. Threads may share it."""

    def __init__(self, line: socket.socket) -> None:
        """Made by `Workers`."""
        self._line = line
        self._numbers = count(1)
        self._lock = threading.Lock()  # guards the two below
        self._asked: dict[bytes, _Question] = {}
        self._over = False

    def obey(self, stop: Callable[[float], None], reopen: Callable[[], None] | None = None) -> None:
        """Call these functions from a thread when the supervisor says so.

        Args:
            stop: with a grace in seconds, as `Server.request_stop` takes it; also when the
                supervisor is gone. May be called several times.
            reopen: log files are to be reopened, and what else is read again.
        """
        arguments = (stop, reopen)
        threading.Thread(target=self._obey, args=arguments, name="orders", daemon=True).start()

    def tell(self, words: bytes) -> None:
        """Tell the supervisor's `Attendant`; what was told is heard, whatever becomes of this process.

        Args:
            words: up to `LONGEST` bytes, less 9.

        Raises:
            OSError: the supervisor is gone, or they are too many.
        """
        self._line.send(TOLD + words)

    def ask(self, words: bytes) -> bytes:
        """Ask the supervisor's `Attendant`, and wait for its answer; only while orders are obeyed.

        Args:
            words: as for `tell`.

        Raises:
            OSError: the supervisor is gone, or they are too many.
        """
        question = _Question()
        number = next(self._numbers).to_bytes(8, "big")
        with self._lock:
            if self._over:
                raise ConnectionError("the supervisor is gone")
            self._asked[number] = question
        try:
            self._line.send(QUESTION + number + words)
            question.answered.wait()
        finally:
            with self._lock:
                self._asked.pop(number, None)
        if question.answer is None:
            raise ConnectionError("the supervisor is gone")
        return question.answer

    def _obey(self, stop: Callable[[float], None], reopen: Callable[[], None] | None) -> None:
        while order := self._line.recv(LONGEST):
            match order[:1]:
                case b"S":
                    stop(float(order[1:]))
                case b"R" if reopen is not None:
                    reopen()
                case b"A":
                    self._answered(order[1:9], order[9:])
        with self._lock:
            self._over = True
            for question in self._asked.values():
                question.answered.set()
        stop(0.0)

    def _answered(self, number: bytes, words: bytes) -> None:
        with self._lock:
            question = self._asked.get(number)
        if question is not None:
            question.answer = words
            question.answered.set()


Job: TypeAlias = Callable[[Orders], None]
"""What a worker does in its process; it ends when its orders say so."""
