"""One association after the other in a thread: what a client's scripts are played on."""

from __future__ import annotations

from collections.abc import Generator
from types import TracebackType

from dul.conversations import Call, Connect, Disconnect, Meanwhile, Pause, Pump, Script, Step
from dul.threads.connection import Connection
from dul.threads.polling import link_for, pause, raise_if_set
from dul.transport.wakeup import Wakeup
from dul.values import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from typing import Any, Self

__all__ = ["Line"]

T = TypeVar("T")

_EXCHANGES = frozenset({Pump, Meanwhile, Call})
"""What an open connection does."""

_STEPS = _EXCHANGES | {Connect, Disconnect, Pause}
"""What is done here; all else that a script yields is its events."""


class Line:
    """Plays scripts: conversations over one association after the other, to one peer.

    An association that a script leaves open stays open for the next script. Use it as a context
    manager: leaving it releases what is open, or aborts it if an exception is on its way.

    Args:
        wakeup: ends whatever waits.
    """

    def __init__(self, wakeup: Wakeup | None = None) -> None:
        self._wakeup = wakeup
        self._connection: Connection | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.__exit__(kind, error, traceback)

    def play(self, script: Script[T]) -> Generator[Any, Any, T]:
        """Play a script, and hand out its events; gives its outcome.

        What is open is aborted if the script raises, or if its events are not taken to the end.

        Raises:
            Interrupted: the wakeup was set.
            Exception: whatever the script raises.
        """
        if self._connection is not None:
            self._connection.tick()
        try:
            step = script.send(None)
            while True:
                try:
                    kind = type(step)
                    if kind in _EXCHANGES and self._connection is not None:
                        reply = self._connection.perform(step)
                    elif kind in _STEPS:
                        reply = self._perform(step)
                    else:
                        reply = yield step
                        if self._connection is not None:
                            self._connection.tick()
                except Exception as error:  # noqa: BLE001 - it is the script's to handle
                    step = script.throw(error)
                else:
                    step = script.send(reply)
        except StopIteration as stop:
            outcome: T = stop.value
            return outcome
        except BaseException:
            script.close()
            self.abort()
            raise

    def run(self, script: Script[T]) -> T:
        """Play a script whose events nobody wants to know."""
        playing = self.play(script)
        try:
            while True:
                next(playing)
        except StopIteration as stop:
            outcome: T = stop.value
            return outcome

    def release(self) -> None:
        """Release what is open, and wait for its end.

        Raises:
            DULError: it ended otherwise.
        """
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.release()

    def abort(self) -> None:
        """Abort what is open, and wait until its transport is closed."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.abort()

    def _perform(self, step: Step | Connect | Disconnect | Pause) -> Any:
        match step:
            case Connect():
                self.abort()
                link = link_for(step, self._wakeup)
                self._connection = Connection(step.association, link, self._wakeup)
                self._connection.tick()
                return None
            case Disconnect():
                return self.abort()
            case Pause(seconds):
                return self._pause(seconds)
            case Call():
                raise_if_set(self._wakeup)
                return step.function(*step.arguments)
        raise AssertionError("PUMP comes after Connect")

    def _pause(self, seconds: float) -> None:
        if self._connection is not None:
            self._connection.rest(seconds)
            return
        pause(seconds, self._wakeup)
