"""The service class provider's asyncio face: `dimse.server`, a task for each association."""

from __future__ import annotations

import socket
from collections.abc import (
    Awaitable,
    Callable,
    Mapping,
)

from dimse.messages.base import Request
from dimse.provider import MAXIMUM_MEMORY, Access, AsyncHandler, Observer, OpenSink, Provider
from dimse.requests import EchoRequest, Requestor, StoreRequest
from dimse.scp import conversation_for
from dimse.support import default_support
from dul import aio
from dul.association import Trace
from dul.limits import Limits
from dul.support import Support
from dul.values import TYPE_CHECKING

if TYPE_CHECKING:
    from ssl import SSLContext
    from typing import Any


__all__ = ["Server"]


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
        on_release: Callable[[Requestor], Awaitable[None] | None] | None = None,
        handlers: Mapping[type[Request[Any]], AsyncHandler] | None = None,
        support: Support | None = None,
        access: Access | None = None,
        observer: Observer | None = None,
        max_memory: int = MAXIMUM_MEMORY,
        strict: bool = False,
        host: str = "",
        port: int = 0,
        listener: socket.socket | None = None,
        limits: Limits | None = None,
        tls: SSLContext | None = None,
        tls_port: int | None = None,
        tls_listener: socket.socket | None = None,
        max_associations: int = 100,
        max_associations_per_peer: int | None = None,
        trace: Trace | None = None,
    ) -> None:
        provider = Provider(
            support=support or default_support(stores=bool(open_sink or on_store)),
            open_sink=open_sink,
            on_store=on_store,
            on_echo=on_echo,
            on_release=on_release,
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
            listener=listener,
            limits=limits,
            tls=tls,
            tls_port=tls_port,
            tls_listener=tls_listener,
            max_associations=max_associations,
            max_associations_per_peer=max_associations_per_peer,
            trace=trace,
        )
