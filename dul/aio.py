"""The asyncio face: the same names, the same order and the same conversations as `dul.blocking`.

It waits with the event loop's `add_reader` and `add_writer`, which the loops of POSIX systems
have (and uvloop's). Functions of the user's that block run in a thread; coroutine functions
are awaited.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import logging
import socket
import ssl
from collections.abc import Callable, Generator
from types import TracebackType
from typing import Any, Self, TypeVar

from dul import exchange
from dul.association import Association, Role, Trace
from dul.errors import DULError, LocalProtocolError
from dul.events import DataIndication, ReleaseIndication
from dul.exchange import Call, Conversation, Step
from dul.limits import Limits
from dul.link import Link, Wait, handshake, listen, pump, resolve_error
from dul.negotiation import Negotiated
from dul.pdata import Source
from dul.pdu import AssociateRJ, AssociateRQ
from dul.wire import Buffer

__all__ = ["Connection", "Server", "connect"]

T = TypeVar("T")
logger = logging.getLogger("dul")


class Connection:
    """An association and its transport, driven by the task that awaits.

    Use it as an asynchronous context manager: leaving it releases an established association,
    or aborts it if an exception (a cancellation, too) is on its way, and closes the transport.
    """

    def __init__(self, association: Association, link: Link) -> None:
        self.association = association
        self._link = link
        self._loop = asyncio.get_running_loop()

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
        """What was agreed.

        Raises:
            LocalProtocolError: no association was ever established.
        """
        if self.association.negotiated is None:
            raise LocalProtocolError("the association is not established")
        return self.association.negotiated

    async def run(self, conversation: Conversation[T]) -> T:
        """Drive a conversation to its end and give its outcome.

        Raises:
            DULError: whatever the conversation raises.
        """
        self.association.tick(self._loop.time())
        try:
            step = conversation.send(None)
            while True:
                if isinstance(step, Call):
                    step = await self._call(step, conversation)
                else:
                    await self._drive(pump(self.association, self._link, self._loop.time))
                    step = conversation.send(None)
        except StopIteration as stop:
            outcome: T = stop.value
            return outcome
        finally:
            conversation.close()

    async def serve(self, conversation: Conversation[None]) -> None:
        """The acceptor's whole life: the TLS handshake, the conversation, the end."""
        await self._drive(handshake(self.association, self._link, self._loop.time))
        await self.run(conversation)
        await self.close()

    async def send(self, context_id: int, *, command: bool, source: Source | Buffer) -> None:
        """Send a command set or a data set (see `exchange.send`)."""
        await self.run(exchange.send(self.association, context_id, command=command, source=source))

    async def receive(self) -> DataIndication | ReleaseIndication:
        """What the peer says next (see `exchange.receive`)."""
        return await self.run(exchange.receive(self.association))

    async def release(self) -> None:
        """Release the association and wait for its end."""
        try:
            await self.run(exchange.release(self.association))
        finally:
            await self.abort()

    async def abort(self) -> None:
        """Abort the association, whatever its state, and wait until the transport is closed."""
        if self._link.uncertain:
            self._link.close()
            return
        try:
            await self.run(exchange.abort(self.association))
        finally:
            self._link.close()

    async def close(self) -> None:
        """Release if there is an association, and close the transport in any case."""
        if self.association.established:
            await self.release()
        else:
            await self.abort()

    async def _call(self, call: Call, conversation: Conversation[Any]) -> Step:
        try:
            if inspect.iscoroutinefunction(call.function):
                reply = await call.function(*call.arguments)
            else:
                reply = await asyncio.to_thread(call.function, *call.arguments)
        except Exception as error:  # noqa: BLE001 - it is the conversation's to handle
            self.association.tick(self._loop.time())
            return conversation.throw(error)
        self.association.tick(self._loop.time())
        return conversation.send(reply)

    async def _drive(self, waiting: Generator[Wait, bool, None]) -> None:
        try:
            wait = next(waiting)
            while True:
                wait = waiting.send(await self._wait(wait))
        except StopIteration:
            pass
        finally:
            waiting.close()

    async def _wait(self, wait: Wait) -> bool:
        loop = self._loop
        ready: asyncio.Future[bool] = loop.create_future()
        timer = None
        if wait.until is not None:
            if wait.until <= loop.time():
                return False
            timer = loop.call_at(wait.until, _settle, ready, False)
        if wait.read:
            loop.add_reader(wait.fd, _settle, ready, True)
        if wait.write:
            loop.add_writer(wait.fd, _settle, ready, True)
        try:
            return await ready
        finally:
            if wait.read:
                loop.remove_reader(wait.fd)
            if wait.write:
                loop.remove_writer(wait.fd)
            if timer is not None:
                timer.cancel()


def _settle(future: asyncio.Future[bool], result: bool) -> None:
    if not future.done():
        future.set_result(result)


async def _resolve(host: str, port: int) -> list[Any]:
    try:
        return await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise resolve_error(host, port, error) from error


async def connect(
    host: str,
    port: int,
    request: AssociateRQ,
    *,
    limits: Limits | None = None,
    tls: ssl.SSLContext | None = None,
    server_hostname: str | None = None,
    trace: Trace | None = None,
) -> Connection:
    """Establish an association as its requestor; arguments and errors of `blocking.connect`."""
    association = Association(Role.REQUESTOR, limits, trace=trace)
    link = Link(
        addresses=await _resolve(host, port),
        tls=tls,
        server_hostname=server_hostname or host,
        peer=f"{host}:{port}",
    )
    connection = Connection(association, link)
    try:
        await connection.run(exchange.associate(association, request))
    except BaseException:
        await connection.abort()
        raise
    return connection


Serve = Callable[[Association, str], Conversation[None]]
"""What an acceptor does with an association: a conversation from Sta2 to the end."""


class Server:
    """An association acceptor: a task for each connection; arguments of `blocking.Server`."""

    SPARE_CONNECTIONS = 64
    """Connections beyond `max_associations` that may still be served a rejection."""

    def __init__(
        self,
        serve: Serve,
        *,
        host: str = "",
        port: int = 0,
        limits: Limits | None = None,
        tls: ssl.SSLContext | None = None,
        max_associations: int = 100,
        trace: Trace | None = None,
    ) -> None:
        self._serve = serve
        self._limits = limits or Limits()
        self._tls = tls
        self._max = max_associations
        self._trace = trace
        self._tasks: set[asyncio.Task[None]] = set()
        self._associations = 0
        self._listener = listen(host, port)
        self._listening = False

    async def __aenter__(self) -> Self:
        self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.stop()

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens."""
        host, port = self._listener.getsockname()[:2]
        return host, port

    def start(self) -> None:
        """Accept connections from now on."""
        asyncio.get_running_loop().add_reader(self._listener, self._accept)
        self._listening = True

    async def serve_forever(self) -> None:
        """Serve until the task is cancelled."""
        self.start()
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            await self.stop()

    async def stop(self) -> None:
        """Accept no more, abort what is open, wait for all of it, close the listener."""
        if self._listening:
            asyncio.get_running_loop().remove_reader(self._listener)
            self._listening = False
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            sock, address = self._listener.accept()
            peer = f"{address[0]}:{address[1]}"
            if len(self._tasks) >= self._max + self.SPARE_CONNECTIONS:
                sock.close()
                logger.warning("connection from %s closed: %d are open", peer, len(self._tasks))
                return
            task = asyncio.get_running_loop().create_task(self._one(sock, peer))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _one(self, sock: socket.socket, peer: str) -> None:
        admitted = False

        def check(_: AssociateRQ) -> AssociateRJ | None:
            nonlocal admitted
            admitted = self._associations < self._max
            self._associations += admitted
            return None if admitted else AssociateRJ(2, 3, 2)

        association = Association(
            Role.ACCEPTOR, self._limits, provider_check=check, trace=self._trace
        )
        connection = Connection(association, Link(sock, tls=self._tls, peer=peer))
        try:
            await connection.serve(self._serve(association, peer))
        except asyncio.CancelledError:
            await connection.abort()
            raise
        except DULError as error:
            logger.info("association with %s ended: %s", peer, error)
            await connection.abort()
        except Exception:
            logger.exception("association with %s failed", peer)
            await connection.abort()
        finally:
            self._associations -= admitted
