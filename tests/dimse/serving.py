"""The servers of both faces, and a requestor that says what a test tells it."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, Self

from dimse import aio
from dimse.messages.assembly import Assembler, DataSetPart, Received
from dimse.messages.base import Message
from dul import blocking
from dul.events import DataIndication
from dul.limits import Limits
from dul.negotiation import context_offers, request
from dul.user_items import RoleSelection, UserIdentity

IMPLICIT, EXPLICIT = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1"
DEFLATED = "1.2.840.10008.1.2.1.99"
VERIFICATION = "1.2.840.10008.1.1"
CT = "1.2.840.10008.5.1.4.1.1.2"
FIND = "1.2.840.10008.5.1.4.1.2.2.1"


class AsyncioServer:
    """The asyncio server in a thread with an event loop."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self._ready = threading.Event()
        self._stop: Callable[[], object] = lambda: None
        self._arguments = (arguments, options)
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()))
        self._error: Exception | None = None
        self.address: tuple[str, int] = ("", 0)

    async def _run(self) -> None:
        arguments, options = self._arguments
        loop, stop = asyncio.get_running_loop(), asyncio.Event()
        try:
            async with aio.Server(*arguments, **options) as server:
                self.address = server.address
                self._stop = lambda: loop.call_soon_threadsafe(stop.set)
                self._ready.set()
                await stop.wait()
        except Exception as error:
            self._error = error
        finally:
            self._ready.set()

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(30)
        if self._error is not None:
            raise self._error
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()
        self._thread.join()


class Caller:
    """An association requestor that says what a test tells it; use it in a `with` block."""

    def __init__(
        self,
        port: int,
        *offers: tuple[str, Sequence[str]],
        roles: Sequence[RoleSelection] = (),
        identity: UserIdentity | None = None,
        limits: Limits | None = None,
    ) -> None:
        limits = limits or Limits()
        asked = request(
            "CALLED",
            "CALLING",
            context_offers(offers or [(VERIFICATION, [IMPLICIT])]),
            limits,
            roles=tuple(roles),
            user_identity=identity,
        )
        self.connection = blocking.connect("127.0.0.1", port, asked, limits=limits)
        self._assembler = Assembler()
        self._parts: deque[Received | DataSetPart] = deque()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.connection.__exit__(kind, error, traceback)

    def say(self, message: Message, data_set: bytes | None = None, context_id: int = 1) -> None:
        """Send a message."""
        self.connection.send(context_id, command=True, source=message.encode())
        if data_set is not None:
            self.connection.send(context_id, command=False, source=data_set)

    def hear(self) -> tuple[Any, bytes | None]:
        """The next message and its data set."""
        received = self._part()
        assert isinstance(received, Received)
        if not received.message.data_set_follows:
            return received.message, None
        content, last = b"", False
        while not last:
            part = self._part()
            assert isinstance(part, DataSetPart)
            content += b"".join(part.fragments)
            last = part.last
        return received.message, content

    def ask(self, message: Message, data_set: bytes | None = None, context_id: int = 1) -> Any:
        """Send a request, and give its one response."""
        self.say(message, data_set, context_id)
        return self.hear()[0]

    def _part(self) -> Received | DataSetPart:
        while not self._parts:
            event = self.connection.receive()
            assert isinstance(event, DataIndication), event
            for part in self._assembler.feed(event.pdvs):
                if isinstance(part, DataSetPart):
                    copies = tuple(memoryview(bytes(each)) for each in part.fragments)
                    self._parts.append(DataSetPart(copies, part.last))
                else:
                    self._parts.append(part)
        return self._parts.popleft()
