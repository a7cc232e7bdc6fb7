"""One association of a service class user, established and used by hand: `dimse.session` for asyncio."""

from __future__ import annotations

import asyncio
from types import TracebackType

from dimse.asked import examined
from dimse.dialogue import Dialogue
from dimse.messages.base import Priority
from dimse.objects.outgoing import Outgoing, Sendable
from dimse.outcome import Outcome
from dimse.scu import Operations, Reply
from dimse.stores import Stores
from dul.aio import Line
from dul.conversations import Script
from dul.negotiation import Negotiated
from dul.values import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from typing import Self


__all__ = ["Session"]

T = TypeVar("T")


class Session:
    """One established association; leaving its `async with` block releases it.

    Made by `Client.associate`, which is awaited: `async with await client.associate(...) as session`.
    One task at a time may use it, but any may `abort` it; who waited for an answer then raises
    `Interrupted`.
    """

    def __init__(self, line: Line, dialogue: Dialogue, operations: Operations) -> None:
        self._line = line
        self._dialogue = dialogue
        self._operations = operations

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._line.__aexit__(kind, error, traceback)

    @property
    def negotiated(self) -> Negotiated:
        """What was agreed."""
        return self._operations.negotiated

    @property
    def operations(self) -> Operations:
        """Any operation, as conversations for `run`."""
        return self._operations

    async def run(self, script: Script[T]) -> T:
        """Play a conversation on this association, of `operations` for instance."""
        return await self._line.run(script)

    async def echo(self) -> Reply:
        """C-ECHO; errors are those of `Operations.echo`."""
        return await self._line.run(self._operations.echo(details=False))

    async def store(
        self,
        item: Sendable | Outgoing,
        *,
        priority: int = Priority.MEDIUM,
        move_originator: tuple[str, int] | None = None,
    ) -> Outcome:
        """C-STORE of one object; arguments and errors are those of `Stores`."""
        outgoing = await asyncio.to_thread(examined, item)
        stores = Stores(
            self._operations,
            self._dialogue.clock,
            priority=priority,
            move_originator=move_originator,
            details=False,
        )
        return await self._line.run(stores.store(outgoing))

    async def release(self) -> None:
        """End the association in order.

        Raises:
            DULError: it ended otherwise.
        """
        await self._line.release()

    async def abort(self) -> None:
        """End the association at once, with an A-ABORT."""
        await self._line.abort()
