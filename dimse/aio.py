"""The asyncio face of DIMSE: `Client` and `Server`, the same names as the blocking ones.

A module of its own, because importing asyncio takes longer than sending a small object.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from types import TracebackType
from typing import Any, Self

from dimse.client import VERIFICATION_CONTEXT, Item, Peer, examine_all
from dimse.messages.base import Request
from dimse.objects.outgoing import Outgoing
from dimse.outcome import Outcome
from dimse.plan import ContextOffer, plan
from dimse.provider import MAXIMUM_MEMORY, Access, AsyncHandler, Observer, OpenSink, Provider
from dimse.requests import EchoRequest, StoreRequest
from dimse.scp import conversation_for
from dimse.scu import Reply
from dimse.sending import Operations
from dimse.support import default_support
from dul import aio
from dul.association import Trace
from dul.limits import Limits
from dul.negotiation import Support

__all__ = ["Client", "Server", "Session"]


class Session:
    """One established association of a `Client`; leaving it releases."""

    def __init__(self, connection: aio.Connection) -> None:
        self.connection = connection
        self.negotiated = connection.negotiated
        self._operations = Operations(connection.association, self.negotiated, time.monotonic)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.connection.__aexit__(kind, error, traceback)

    async def echo(self, **options: Any) -> Reply:
        """C-ECHO; see `dimse.client.Session.echo`."""
        return await self.connection.run(self._operations.echo(**options))

    async def store(self, item: Outgoing, **options: Any) -> Outcome:
        """C-STORE of one examined object; see `dimse.client.Session.store`."""
        return await self.connection.run(self._operations.store(item, **options))

    async def release(self) -> None:
        """End the association in order."""
        await self.connection.release()

    async def abort(self) -> None:
        """End it at once."""
        await self.connection.abort()


class Client:
    """C-ECHO and C-STORE to one peer, awaited; arguments are those of `Peer`."""

    def __init__(self, host: str, port: int, **options: Any) -> None:
        self.peer = Peer(host, port, **options)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Nothing is open between the calls."""

    async def associate(self, contexts: Sequence[ContextOffer]) -> Session:
        """Establish an association that proposes these contexts; see `dimse.client.Client.associate`."""
        peer = self.peer
        connection = await aio.connect(
            peer.host,
            peer.port,
            peer.request(contexts),
            **peer.association_options(),
        )
        return Session(connection)

    async def echo(self) -> Reply:
        """One C-ECHO on an association of its own; see `dimse.client.Client.echo`."""
        async with await self.associate([VERIFICATION_CONTEXT]) as session:
            return await session.echo()

    async def store(
        self, items: Iterable[Item], *, base_contexts: Sequence[ContextOffer] = (), **options: Any
    ) -> AsyncIterator[Outcome]:
        """C-STORE of files and data sets; see `dimse.client.Client.store`."""
        good, bad = await asyncio.to_thread(examine_all, items)
        for outcome in bad:
            yield outcome
        for planned in plan(good, base_contexts=base_contexts):
            async with await self.associate(planned.offers) as session:
                for item in planned.objects:
                    yield await session.store(item, **options)


class Server(aio.Server):
    """A storage and verification SCP, a task for each association.

    Handlers may be coroutine functions and asynchronous generators; other functions run in threads.
    A slow sink or handler holds up its own requestor, and nobody else. Arguments and errors are
    those of `dimse.server.Server`.
    """

    def __init__(
        self,
        open_sink: OpenSink[StoreRequest] | None = None,
        *,
        on_store: Callable[[StoreRequest], int | Awaitable[int | None] | None] | None = None,
        on_echo: Callable[[EchoRequest], int | Awaitable[int | None] | None] | None = None,
        handlers: Mapping[type[Request[Any]], AsyncHandler] | None = None,
        support: Support | None = None,
        access: Access | None = None,
        observer: Observer | None = None,
        max_memory: int = MAXIMUM_MEMORY,
        strict: bool = False,
        host: str = "",
        port: int = 0,
        limits: Limits | None = None,
        tls: ssl.SSLContext | None = None,
        max_associations: int = 100,
        trace: Trace | None = None,
    ) -> None:
        provider = Provider(
            support=support or default_support(stores=bool(open_sink or on_store)),
            open_sink=open_sink,
            on_store=on_store,
            on_echo=on_echo,
            handlers=handlers or {},
            access=access,
            observer=observer or Observer(),
            max_memory=max_memory,
            strict=strict,
        )
        super().__init__(
            conversation_for(provider),
            host=host,
            port=port,
            limits=limits,
            tls=tls,
            max_associations=max_associations,
            trace=trace,
        )
