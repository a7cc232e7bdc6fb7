"""One association after the other in a task: what a client's scripts are played on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from types import TracebackType

from dul.conversations import Call, Connect, Disconnect, Meanwhile, Pause, Pump, Script, Step
from dul.errors import TransportError
from dul.tasks.calls import Performed, perform, resolve, resume
from dul.tasks.connection import Connection
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


class Line:
    """Plays scripts: conversations over one association after the other; see `blocking.Line`."""

    def __init__(self) -> None:
        self._connection: Connection | None = None

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

    async def play(self, script: Script[Any]) -> AsyncGenerator[Any, None]:
        """Play a script, and hand out its events; see `blocking.Line.play`."""
        if self._connection is not None:
            self._connection.tick()
        try:
            step = script.send(None)
            while True:
                kind = type(step)
                if kind in _EXCHANGES and self._connection is not None:
                    performed = await self._connection.perform(step)
                elif kind in _STEPS:
                    performed = await self._perform(step)
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
