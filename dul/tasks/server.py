"""An association acceptor in tasks."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from types import TracebackType

from dul.association import Trace
from dul.limits import Limits
from dul.tasks.connection import Connection
from dul.transport.acceptor import PAUSE, Acceptor
from dul.transport.admission import Guest, Serve
from dul.values import TYPE_CHECKING

if TYPE_CHECKING:
    from ssl import SSLContext
    from typing import Self

__all__ = ["Server"]

logger = logging.getLogger("dul")


class Server(Acceptor):
    """An association acceptor: a task for each connection; arguments of `blocking.Server`.

    The user's functions that are no coroutine functions run in threads, as many as there may be
    associations, so that slow ones do not hold up each other.
    """

    def __init__(
        self,
        serve: Serve,
        *,
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
        super().__init__(
            serve,
            contextlib.nullcontext(),  # one thread does it all: there is nothing to be locked
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
        self._executor = ThreadPoolExecutor(max(1, self._places.associations), "dul-handler")
        self._tasks: set[asyncio.Task[None]] = set()
        self._resume: asyncio.TimerHandle | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

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

    def start(self) -> None:
        """Accept connections from now on."""
        self._loop = asyncio.get_running_loop()
        for each in self._listeners:
            self._loop.add_reader(each, self._accept, self._loop, each)

    async def serve_forever(self, grace: float = 0.0) -> None:
        """Serve until the task is cancelled.

        Args:
            grace: see `stop`.
        """
        self.start()
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            await self.stop(grace)

    async def stop(self, grace: float = 0.0) -> None:
        """Close the listener, then abort what is open, and wait for all of it.

        A peer that does not close its connection is waited for as long as `Limits.grace`, and a
        function of the user's until it returns. May be called again: without a grace it ends an
        earlier one.

        Args:
            grace: seconds that the associations which are established are given to come to their
                own end; they may do as before meanwhile. Then they are aborted.
        """
        if self._loop is not None:
            for each in self._listeners:
                self._loop.remove_reader(each)
            if self._resume is not None:
                self._resume.cancel()
            self._loop = None
        for each in self._listeners:
            each.close()
        tasks = self._tasks - {asyncio.current_task()}
        try:
            if tasks and grace > 0:
                self._admission.turn_away()
                await asyncio.wait(tasks, timeout=grace)
        finally:  # who has no patience cancels the waiting
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._executor.shutdown()

    def _accept(self, loop: asyncio.AbstractEventLoop, listener: socket.socket) -> None:
        try:
            link = self._next_link(listener)
        except OSError:
            for each in self._listeners:
                loop.remove_reader(each)
            if self._resume is not None:
                self._resume.cancel()
            self._resume = loop.call_later(PAUSE, self.start)
            return
        if link is not None:
            guest = self._admission.enter(link)
            task = loop.create_task(self._one(guest))
            self._tasks.add(task)
            # Not in the task: one that is cancelled before its first step never runs.
            task.add_done_callback(partial(self._over, guest))

    def _over(self, guest: Guest, task: asyncio.Task[None]) -> None:
        self._admission.leave(guest)
        self._tasks.discard(task)

    async def _one(self, guest: Guest) -> None:
        connection = Connection(guest.association, guest.link, self._executor)
        try:
            await connection.serve(self._conversation(guest))
        except Exception as error:  # noqa: BLE001 - it is said, and costs one association
            self._say_failed(guest, error)
            await connection.give_up()
        finally:  # however it ended; `stop` cancels it
            await connection.abort()
