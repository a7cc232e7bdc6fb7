"""The asyncio face: the same names, the same order and the same conversations as `dul.blocking`.

It waits with the event loop's `add_reader` and `add_writer`, which the loops of POSIX systems
have (and uvloop's). Functions of the user's that block run in a thread; coroutine functions
are awaited.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import inspect
import logging
import socket
from collections.abc import AsyncGenerator, Iterable
from concurrent.futures import Executor, ThreadPoolExecutor
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

from dul import conversations
from dul.association import Association, Role, Trace
from dul.conversations import (
    POLL,
    Call,
    Connect,
    Conversation,
    Disconnect,
    Pause,
    Pump,
    Script,
    Step,
)
from dul.errors import DULError, TransportError
from dul.events import DataIndication, ReleaseIndication
from dul.limits import Limits
from dul.negotiation import Negotiated
from dul.outbox import Source
from dul.pdu import AssociateRQ
from dul.transport.admission import PAUSE, Admission, Guest, Serve
from dul.transport.descriptors import available, places
from dul.transport.link import Link
from dul.transport.listener import accept_connection, listen
from dul.transport.loop import Watch
from dul.transport.opening import bare, not_found, requestor_link
from dul.transport.pump import can_abort, exchange, handshake, hang_up, pump, push, rest
from dul.wire import Buffer

if TYPE_CHECKING:
    from ssl import SSLContext

__all__ = ["Connection", "Line", "Lines", "Server", "connect"]

T = TypeVar("T")
logger = logging.getLogger("dul")


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
                step = _resume(conversation, *await self.perform(step))
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
            await self._watch.drive(pump(self.association, self._link, self._loop.time))
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
        failure: DULError | None = None
        try:
            await self._watch.drive(handshake(self.association, self._link, self._loop.time))
        except DULError as error:
            failure = error  # the conversation finds the association over, and may say so
        await self.run(conversation)
        if failure is not None:
            raise failure
        await self.close()

    async def give_up(self) -> None:
        """End what failed (see `conversations.give_up`)."""
        if can_abort(self.association, self._link):
            await self.run(conversations.give_up(self.association))

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

        The peer has `Limits.grace` to close it first.
        """
        try:
            if can_abort(self.association, self._link):
                await self.run(conversations.abort(self.association))
            else:
                hang_up(self.association, self._link, self._loop.time)
        finally:
            self._link.close()

    async def close(self) -> None:
        """Release if there is an association, and close the transport in any case.

        If the peer released it first, it gets its answer.
        """
        if self.association.established or self.association.release_due:
            await self.release()
        else:
            await self.abort()

    async def _call(self, call: Call) -> Performed:
        push(self.association, self._link, self._loop.time)
        performed = await _call(call, self._executor)
        self.association.tick(self._loop.time())
        return performed


Performed = tuple[Any, Exception | None, asyncio.CancelledError | None]
"""What a step gave, what it raised, and whether the task was cancelled meanwhile."""


def _resume(
    conversation: Conversation[Any],
    reply: Any,
    error: Exception | None,
    cancelled: asyncio.CancelledError | None,
) -> Step:
    try:
        return conversation.throw(error) if error else conversation.send(reply)
    finally:
        if cancelled is not None:
            raise cancelled


async def _call(call: Call, executor: Executor | None = None) -> Performed:
    """Await a coroutine function; run any other in a thread."""
    reply = error = cancelled = None
    try:
        if inspect.iscoroutinefunction(call.function):
            reply = await call.function(*call.arguments)
        else:
            running, cancelled = await _in_thread(call, executor)
            reply = running.result()
            if inspect.isawaitable(reply):  # from a lambda or a callable object
                reply = await reply
    except Exception as caught:  # noqa: BLE001 - it is the conversation's to handle
        error = caught
    return reply, error, cancelled


async def _in_thread(
    call: Call, executor: Executor | None
) -> tuple[asyncio.Future[Any], asyncio.CancelledError | None]:
    """Like `asyncio.to_thread`, but a cancellation waits until the function has returned.

    A thread cannot be stopped. What it works on must not be taken from under it, and what it
    returns (an open file, perhaps) must come to the conversation, which cleans up.
    """
    context = contextvars.copy_context()
    loop = asyncio.get_running_loop()
    running = loop.run_in_executor(executor, context.run, _perform, call)
    cancelled: asyncio.CancelledError | None = None
    while not running.done():
        try:
            await asyncio.wait([running])
        except asyncio.CancelledError as error:
            cancelled = error
    return running, cancelled


def _perform(call: Call) -> Any:
    try:
        return call.function(*call.arguments)
    except (StopIteration, SystemExit) as error:
        # A future cannot carry the one, and the other would end the event loop.
        raise RuntimeError(f"{call.function!r} raised {error!r}") from error


async def _resolve(host: str, port: int) -> list[Any]:
    if not 0 < port < 1 << 16:
        raise not_found(host, port)
    try:
        return await asyncio.get_running_loop().getaddrinfo(
            bare(host), port, type=socket.SOCK_STREAM
        )
    except (OSError, UnicodeError) as error:
        raise not_found(host, port, error) from error


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
    addresses = await _resolve(host, port)
    link = requestor_link(host, port, addresses, tls, server_hostname)
    connection = Connection(association, link)
    try:
        await connection.run(conversations.associate(association, request))
        return connection
    except BaseException:
        await connection.abort()
        raise


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
                if isinstance(step, Pump | Call | Connect | Disconnect | Pause):
                    performed = await self._perform(step)
                else:
                    performed = (yield step), None, None
                    if self._connection is not None:
                        self._connection.tick()
                step = _resume(script, *performed)
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
            case Connect(association, host, port, tls, server_hostname, pace):
                await self.abort()
                try:
                    addresses = await _resolve(host, port)
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
            case Call() if self._connection is None:
                return await _call(step)
            case _:
                assert self._connection is not None  # PUMP comes after Connect
                return await self._connection.perform(step)
        return None, None, None


class Lines:
    """Plays several scripts at a time, each with a `Line` of its own; see `blocking.Lines`."""

    async def play(self, scripts: Iterable[Script[None]]) -> AsyncGenerator[Any, None]:
        """Play them to their ends, and hand out their events in the order in which they come.

        A script goes on when its event has been taken.
        """
        playing = [Line().play(each) for each in scripts]
        waiting = {asyncio.ensure_future(anext(each)): each for each in playing}
        try:
            while waiting:
                done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
                for task in [each for each in waiting if each in done]:
                    events = waiting.pop(task)
                    try:
                        event = task.result()
                    except StopAsyncIteration:
                        continue
                    yield event
                    waiting[asyncio.ensure_future(anext(events))] = events
        finally:
            for task in waiting:
                task.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)
            await asyncio.gather(*(each.aclose() for each in playing))


class Server:
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
        max_associations: int = 100,
        max_associations_per_peer: int | None = None,
        trace: Trace | None = None,
    ) -> None:
        self._serve = serve
        self.tls = tls
        # One thread does it all: there is nothing to be locked.
        bounds = places(max_associations, available())
        self._admission = Admission(
            bounds, contextlib.nullcontext(), limits, trace, per_peer=max_associations_per_peer
        )
        self._executor = ThreadPoolExecutor(max(1, bounds.associations), "dul-handler")
        self._tasks: set[asyncio.Task[None]] = set()
        self._listener = listen(host, port) if listener is None else listener
        self._listener.setblocking(False)
        self._address: tuple[str, int] = self._listener.getsockname()[:2]
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

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens, or did before it was stopped."""
        return self._address

    def start(self) -> None:
        """Accept connections from now on."""
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._listener, self._accept, self._loop)

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
            self._loop.remove_reader(self._listener)
            if self._resume is not None:
                self._resume.cancel()
            self._loop = None
        self._listener.close()
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

    def _accept(self, loop: asyncio.AbstractEventLoop) -> None:
        try:
            link = accept_connection(self._listener, self.tls)
        except OSError as error:
            logger.warning("no connections are accepted for %s s: %s", PAUSE, error)
            loop.remove_reader(self._listener)
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
        peer = guest.link.peer
        connection = Connection(guest.association, guest.link, self._executor)
        try:
            await connection.serve(self._serve(guest.association, peer))
        except DULError as error:
            logger.info("association with %s ended: %s", peer, error)
            await connection.give_up()
        except Exception:
            logger.exception("association with %s failed", peer)
            await connection.give_up()
        finally:  # however it ended; `stop` cancels it
            await connection.abort()
