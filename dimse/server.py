"""The service class provider's blocking face; `dimse.aio` has the same for asyncio.

    with Spool("incoming") as spool, Server(spool.open, port=11112):
        ...

What they do is a `dimse.provider.Provider`; how they talk is `dimse.scp.serve`.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Mapping

from dimse.messages.base import Request
from dimse.provider import MAXIMUM_MEMORY, Access, Handler, Observer, OpenSink, Provider
from dimse.requests import EchoRequest, Requestor, StoreRequest
from dimse.scp import conversation_for
from dimse.support import default_support
from dul import blocking
from dul.association import Trace
from dul.limits import Limits
from dul.support import Support
from dul.values import TYPE_CHECKING

if TYPE_CHECKING:
    from ssl import SSLContext
    from typing import Any

__all__ = ["Server"]


class Server(blocking.Server):
    """A storage and verification SCP, a thread for each association.

    A slow sink or handler holds up its own requestor, which can send no more than the network
    buffers, and nobody else.

    Args:
        open_sink: where objects go: makes a sink for each, for instance `Spool.open`. An exception,
            then or from the sink, refuses the object: with the status of a `dimse.errors.Refused`,
            with A700H for a full disk, else with 0110H. None: they are received into memory for
            `on_store`.
        on_store: called with each object that is stored: `request.dataset()`, `request.data`,
            `request.file()`, `request.path`. What it returns is the status; None: Success.
        on_echo: called for each C-ECHO; returns the same.
        on_release: called before a release is answered, for instance `Spool.flush`; what it raises
            aborts the association instead.
        handlers: answer the requests of other classes; see `dimse.provider.Handler`. Their SOP
            classes are to be in `support`.
        support: what is accepted; None: Verification, and every storage SOP class in every transfer
            syntax if there is an `open_sink` or `on_store`.
        access: called before anything is answered; judges who calls, see `dimse.provider.Access`.
        observer: is told what happens.
        max_memory: bytes of the data sets that are in memory at a time; what finds no room is
            refused with A700H.
        strict: refuse objects that come into memory for what is tolerated otherwise (C000H); for
            others their sink decides, for instance `Spool(strict=True)`.
        host: the address to listen on; every interface by default.
        port: TCP port; 0 for any free one, see `address`.
        listener: a listening socket that is used instead of host and port: of a service manager,
            or one of several that share a port. It is closed in the end.
        limits: bounds and times of each association.
        tls: a server context, for TLS; it may be replaced, for connections to come.
        tls_port: a port of its own for TLS; then `port` is for plain DICOM. 0 for any free one; see
            `tls_address`. None: `port` is for TLS if there is a context.
        tls_listener: a listening socket that is used instead.
        max_associations: the ones beyond are rejected, "local limit exceeded" (2/3/2).
        max_associations_per_peer: those of one host beyond are rejected likewise; None: no bound.
        trace: is told every transition of every state machine.

    Raises:
        TransportError: the address can't be listened on.
        InvalidValue: a handler that is no function, or of something that is no request.
    """

    def __init__(
        self,
        open_sink: OpenSink[StoreRequest] | None = None,
        *,
        on_store: Callable[[StoreRequest], int | None] | None = None,
        on_echo: Callable[[EchoRequest], int | None] | None = None,
        on_release: Callable[[Requestor], None] | None = None,
        handlers: Mapping[type[Request[Any]], Handler] | None = None,
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
            conversation_for(provider, threading.Lock()),
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
