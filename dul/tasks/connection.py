"""One association in a task: its conversations, and its end."""

from __future__ import annotations

import asyncio
from concurrent.futures import Executor
from types import TracebackType

from dul import conversations
from dul.association import Association, Role, Trace
from dul.conversations import POLL, Call, Conversation, Step
from dul.errors import DULError
from dul.events import DataIndication, ReleaseIndication
from dul.limits import Limits
from dul.negotiation import Negotiated
from dul.pdata import Source
from dul.pdu import AssociateRQ
from dul.tasks.calls import Performed, perform, resolve, resume
from dul.tasks.loop import Watch
from dul.transport.link import Link
from dul.transport.opening import requestor_link
from dul.transport.pump import (
    abort_connection,
    exchange,
    give_up_connection,
    handshake,
    is_to_be_released,
    pump,
    push,
    rest,
    serve_connection,
)
from dul.values import TYPE_CHECKING, TypeVar
from dul.wire import Buffer

if TYPE_CHECKING:
    from ssl import SSLContext
    from typing import Self

__all__ = ["Connection", "connect"]

T = TypeVar("T")


class Connection:
    """An association and its transport, driven by the task that awaits.

    Use it as an asynchronous context manager: leaving it releases an established association,
    or aborts it if an exception (a cancellation, too) is on its way, and closes the transport.

    Args:
        association: not begun.
        link: its transport.
        executor: where the user's functions run that are no coroutine functions; the event
            loop's default if None.
    """

    def __init__(
        self, association: Association, link: Link, executor: Executor | None = None
    ) -> None:
        self.association = association
        self._link = link
        self._executor = executor
        self._loop = asyncio.get_running_loop()
        self._watch = Watch(link, self._loop)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is not None:
            await self.abort()
        else:
            await self.close()

    @property
    def negotiated(self) -> Negotiated:
        """What was agreed; see `Association.agreed`."""
        return self.association.agreed

    async def run(self, conversation: Conversation[T]) -> T:
        """Drive a conversation to its end and give its outcome.

        Raises:
            DULError: whatever the conversation raises.
        """
        self.association.tick(self._loop.time())
        try:
            step = conversation.send(None)
            while True:
                step = resume(conversation, *await self.perform(step))
        except StopIteration as stop:
            outcome: T = stop.value
            return outcome
        finally:
            conversation.close()

    async def perform(self, step: Step) -> Performed:
        """Do one step of a conversation that somebody else drives; as a tuple."""
        if isinstance(step, Call):
            return await self._call(step)
        if step is POLL:
            exchange(self.association, self._link, self._loop.time)
            return None, None, None
        try:
            await self._watch.drive(pump(self.association, self._link, self._loop.time, step))
        except DULError as caught:
            return None, caught, None
        return None, None, None

    def tick(self) -> None:
        """The time since the last step was the user's own, and not the peer's."""
        self.association.tick(self._loop.time())

    async def rest(self, seconds: float) -> Performed:
        """Send nothing for a while, unless the peer says something; as a tuple."""
        until = self._loop.time() + seconds
        try:
            await self._watch.drive(rest(self.association, self._link, self._loop.time, until))
        except DULError as caught:
            return None, caught, None
        return None, None, None

    async def serve(self, conversation: Conversation[None]) -> None:
        """The acceptor's whole life: the TLS handshake, the conversation, the end."""
        await self._watch.drive(handshake(self.association, self._link, self._loop.time))
        await self.run(serve_connection(self.association, conversation))
        await self.close()

    async def give_up(self) -> None:
        """End what failed (see `conversations.give_up`)."""
        await self.run(give_up_connection(self.association, self._link))

    async def send(self, context_id: int, *, command: bool, source: Source | Buffer) -> None:
        """Send a command set or a data set (see `conversations.send`)."""
        await self.run(
            conversations.send(self.association, context_id, command=command, source=source)
        )

    async def receive(self) -> DataIndication | ReleaseIndication:
        """What the peer says next (see `conversations.receive`)."""
        return await self.run(conversations.receive(self.association))

    async def release(self) -> None:
        """Release the association and wait for its end (see `conversations.release`)."""
        try:
            await self.run(conversations.release(self.association))
        finally:
            await self.abort()

    async def abort(self) -> None:
        """Abort the association, whatever its state, and close the transport.

        The peer has `Limits.grace` to close it first. A task that waits for something of the
        association raises `Interrupted`.
        """
        self._watch.interrupt()
        try:
            await self.run(abort_connection(self.association, self._link, self._loop.time))
        finally:
            self._link.close()

    async def close(self) -> None:
        """Release if there is an association, and close the transport in any case.

        If the peer released it first, it gets its answer.
        """
        if is_to_be_released(self.association):
            await self.release()
        else:
            await self.abort()

    async def _call(self, call: Call) -> Performed:
        push(self.association, self._link, self._loop.time)
        performed = await perform(call, self._executor)
        self.association.tick(self._loop.time())
        return performed


async def connect(
    host: str,
    port: int,
    request: AssociateRQ,
    *,
    limits: Limits | None = None,
    tls: SSLContext | None = None,
    server_hostname: str | None = None,
    trace: Trace | None = None,
) -> Connection:
    """Establish an association as its requestor; arguments and errors of `blocking.connect`."""
    association = Association(Role.REQUESTOR, limits, trace=trace)
    addresses = await resolve(host, port)
    link = requestor_link(host, port, addresses, tls, server_hostname)
    connection = Connection(association, link)
    try:
        await connection.run(conversations.associate(association, request))
        return connection
    except BaseException:
        await connection.abort()
        raise
