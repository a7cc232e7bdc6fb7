"""One association after the other in a task: what a client's scripts are played on."""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import AsyncGenerator
from types import TracebackType

from dul.conversations import Call, Connect, Disconnect, Meanwhile, Pause, Pump, Script, Step
from dul.errors import TransportError
from dul.tasks.calls import Performed, perform, resolve, resume
from dul.tasks.connection import Connection
from dul.tasks.loop import in_use
from dul.transport.opening import requestor_link
from dul.values import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from typing import Any, Self

__all__ = ["Line"]

T = TypeVar("T")

_EXCHANGES = frozenset({Pump, Meanwhile, Call})
"""What an open connection does."""

_STEPS = _EXCHANGES | {Connect, Disconnect, Pause}
"""What is done here; all else that a script yields is its events."""


class _Playing:
    """A script that has begun and is not over.

    Attributes:
        events: who takes them; dead if they were dropped.
        over: for who waits for its end, None if nobody does.
    """

    __slots__ = ("events", "over")

    def __init__(self) -> None:
        self.events: weakref.ref[AsyncGenerator[Any, None]]
        self.over: asyncio.Event | None = None


class Line:
    """Plays scripts: conversations over one association after the other; see `blocking.Line`.

    One task at a time: a script that is begun while another one waits for the peer raises
    `LocalProtocolError`. `abort` may be called by any task; who waited then raises `Interrupted`.
    """

    def __init__(self) -> None:
        self._connection: Connection | None = None
        self._waits = False  # a script does: for the peer, for a function of the user's, for a time
        self._begun: set[_Playing] = set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.__aexit__(kind, error, traceback)

    def play(self, script: Script[Any]) -> AsyncGenerator[Any, None]:
        """Play a script, and hand out its events; see `blocking.Line.play`.

        Raises:
            LocalProtocolError: another task's script waits.
        """
        playing = _Playing()
        events = self._play(script, playing)
        playing.events = weakref.ref(events)
        return events

    async def _play(self, script: Script[Any], playing: _Playing) -> AsyncGenerator[Any, None]:
        await self._begin(playing)
        if self._connection is not None:
            self._connection.tick()
        try:
            step = script.send(None)
            while True:
                kind = type(step)
                if kind in _STEPS:
                    self._waits = True
                    try:
                        if kind in _EXCHANGES and self._connection is not None:
                            performed = await self._connection.perform(step)
                        else:
                            performed = await self._perform(step)
                    finally:
                        self._waits = False
                else:
                    performed = (yield step), None, None
                    if self._connection is not None:
                        self._connection.tick()
                step = resume(script, *performed)
        except StopIteration:
            return
        except BaseException:
            script.close()
            await self.abort()
            raise
        finally:
            self._begun.remove(playing)
            if playing.over is not None:
                playing.over.set()

    async def _begin(self, playing: _Playing) -> None:
        # The events of a script that somebody broke out of are dropped, and then the event loop ends
        # it, some time later. That aborts what is open: not under the hands of the next script.
        for each in tuple(self._begun):
            if each.events() is None:
                each.over = each.over or asyncio.Event()
                await each.over.wait()
        if self._waits:
            raise in_use()
        self._begun.add(playing)

    async def run(self, script: Script[T]) -> T:
        """Play a script whose events nobody wants to know; gives its outcome."""
        outcome: list[T] = []

        def noted() -> Script[None]:
            outcome.append((yield from script))

        async for _ in self.play(noted()):
            pass
        return outcome[0]

    async def release(self) -> None:
        """Release what is open, and wait for its end; see `blocking.Line.release`."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.release()

    async def abort(self) -> None:
        """Abort what is open, and wait until its transport is closed."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.abort()

    async def _perform(self, step: Step | Connect | Disconnect | Pause) -> Performed:
        match step:
            case Connect(association, host, port, tls, server_hostname, pace, family):
                await self.abort()
                try:
                    addresses = await resolve(host, port, family)
                except TransportError as error:
                    return None, error, None
                link = requestor_link(host, port, addresses, tls, server_hostname)
                link.pace = pace
                self._connection = Connection(association, link)
                self._connection.tick()
            case Disconnect():
                await self.abort()
            case Pause(seconds):
                if self._connection is not None:
                    return await self._connection.rest(seconds)
                await asyncio.sleep(seconds)
            case Call():
                return await perform(step)
            case _:
                raise AssertionError("PUMP comes after Connect")
        return None, None, None
