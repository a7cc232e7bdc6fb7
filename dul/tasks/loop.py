"""How the asyncio face waits: an event loop's reader, writer and timer for one connection."""

from __future__ import annotations

import asyncio

from dul.errors import Interrupted, LocalProtocolError
from dul.transport.link import Link, Wait, Waiting

__all__ = ["Watch", "in_use"]

_NONE = -1


def in_use() -> LocalProtocolError:
    """For a task that asks while another one waits."""
    return LocalProtocolError("another task is using this association; only one at a time can")


class Watch:
    """Drives pumps by what happens at a link's descriptor.

    The reader stays registered from one wait to the next, and a pump goes on in its callback. To
    register it anew for each wait, and to wake a task that then receives, costs a quarter of
    the CPU time of a round trip (measured).
    """

    def __init__(self, link: Link, loop: asyncio.AbstractEventLoop) -> None:
        self._link = link  # held while the loop has our callbacks, lest its descriptor be reused
        self._loop = loop
        self._reader = _NONE
        self._writer = _NONE
        self._timer: asyncio.TimerHandle | None = None
        self._until: float | None = None
        self._waiting: Waiting[None] | None = None  # the pump that waits, if one does
        self._done: asyncio.Future[None] | None = None  # its end
        link.on_close = self._forget

    async def drive(self, waiting: Waiting[None]) -> None:
        """Run a pump to its end. Raises what it raises.

        Raises:
            LocalProtocolError: another task's pump runs; one of the two would never come to its end.
            Interrupted: another task called `interrupt`.
        """
        if self._waiting is not None:
            raise in_use()
        try:
            wait = next(waiting)
        except StopIteration:
            return
        done = self._done = self._loop.create_future()
        self._waiting = waiting
        try:
            self._watch(wait)
            await done
        except BaseException:
            if self._done is done:
                self._forget()
            raise
        finally:
            if self._done is done:  # else another task's pump runs by now
                self._waiting = None
                self._until = None
                self._remove_writer()
            waiting.close()

    def interrupt(self) -> None:
        """Another task ends the association: who waits for something of it need not any more."""
        waiting, self._waiting = self._waiting, None
        if waiting is not None and self._done is not None and not self._done.done():
            self._done.set_exception(Interrupted("another task aborted the association"))

    def _watch(self, wait: Wait) -> None:
        if not wait.read:
            self._remove_reader()
        elif self._reader == _NONE:
            self._loop.add_reader(wait.fd, self._readable)
            self._reader = wait.fd
        if not wait.write:
            self._remove_writer()
        elif self._writer == _NONE:
            self._loop.add_writer(wait.fd, self._go_on, True)
            self._writer = wait.fd
        # Most deadlines are never met, and move on with each message: the timer is left where
        # it is, and set anew when it finds that it came too early.
        self._until = wait.until
        if wait.until is not None and (self._timer is None or wait.until < self._timer.when()):
            self._set_timer(wait.until)

    def _readable(self) -> None:
        if self._waiting is None:
            # Nobody waits, and the loop would call again at once: the next wait will tell.
            self._remove_reader()
        else:
            self._go_on(True)

    def _time_is_over(self) -> None:
        self._timer = None
        if self._until is None:
            return
        if self._until > self._loop.time():
            self._set_timer(self._until)
        else:
            self._go_on(False)

    def _go_on(self, ready: bool) -> None:
        waiting, done = self._waiting, self._done
        if waiting is None or done is None or done.done():
            return  # a second event of the same turn of the loop, or the task was cancelled
        try:
            self._watch(waiting.send(ready))
        except StopIteration:
            self._waiting = None
            done.set_result(None)
        except Exception as error:  # noqa: BLE001 - it is the task's
            self._waiting = None
            done.set_exception(error)

    def _set_timer(self, until: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_at(until, self._time_is_over)

    def _remove_reader(self) -> None:
        if self._reader != _NONE:
            self._loop.remove_reader(self._reader)
            self._reader = _NONE

    def _remove_writer(self) -> None:
        if self._writer != _NONE:
            self._loop.remove_writer(self._writer)
            self._writer = _NONE

    def _forget(self) -> None:
        """The descriptor is about to be closed, or nobody waits for it any more."""
        self._remove_reader()
        self._remove_writer()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
