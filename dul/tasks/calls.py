"""How a task lets functions of the user's run, and how conversations go on behind them."""

from __future__ import annotations

import asyncio
import contextvars
import inspect
import socket
from concurrent.futures import Executor

from dul.conversations import Call, Conversation, Step
from dul.transport.opening import not_found, resolvable
from dul.values import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any, TypeAlias

__all__ = ["Performed", "perform", "resolve", "resume"]

Performed: TypeAlias = "tuple[Any, Exception | None, asyncio.CancelledError | None]"
"""What a step gave, what it raised, and whether the task was cancelled meanwhile."""


def resume(
    conversation: Conversation[Any],
    reply: Any,
    error: Exception | None,
    cancelled: asyncio.CancelledError | None,
) -> Step:
    """Let a conversation go on with what its last step came to; a cancellation comes behind."""
    try:
        return conversation.throw(error) if error else conversation.send(reply)
    finally:
        if cancelled is not None:
            raise cancelled


async def perform(call: Call, executor: Executor | None = None) -> Performed:
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
    running = loop.run_in_executor(executor, context.run, _plainly, call)
    cancelled: asyncio.CancelledError | None = None
    while not running.done():
        try:
            await asyncio.wait([running])
        except asyncio.CancelledError as error:
            cancelled = error
    return running, cancelled


def _plainly(call: Call) -> Any:
    try:
        return call.function(*call.arguments)
    except (StopIteration, SystemExit) as error:
        # A future cannot carry the one, and the other would end the event loop.
        raise RuntimeError(f"{call.function!r} raised {error!r}") from error


async def resolve(host: str, port: int, family: int = 0) -> list[Any]:
    """The addresses of a host, as `socket.getaddrinfo` gives them.

    Raises:
        TransportError: there are none, or no such port.
    """
    if not 0 < port < 1 << 16:
        raise not_found(host, port)
    try:
        return await asyncio.get_running_loop().getaddrinfo(
            resolvable(host), port, family=family, type=socket.SOCK_STREAM
        )
    except (OSError, UnicodeError) as error:
        raise not_found(host, port, error) from error
