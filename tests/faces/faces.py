"""Both faces behind one synchronous interface, so that a test is written once.

What a face does runs in another thread (blocking: one for each operation; asyncio: one with the
event loop), and a test gets an `Operation`: it goes on, and takes the result when it wants it.
A result that does not come within `GUARD` fails the test instead of hanging it.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import Any

from rawpeer import GUARD, RQ, Listener, RawPeer, associate_ac

from dul import aio, blocking, conversations
from dul.association import Association
from dul.conversations import Conversation
from dul.events import ReleaseIndication
from dul.fsm import Transition
from dul.limits import Limits
from dul.negotiation import Negotiated, context_offers, request
from dul.pdu import AssociateAC, AssociateRJ, AssociateRQ
from dul.support import Support, answer
from dul.tasks import server as tasks_server
from dul.threads import server as threads_server

VERIFICATION = "1.2.840.10008.1.1"
IMPLICIT = "1.2.840.10008.1.2"
SUPPORT = Support({VERIFICATION: (IMPLICIT,)})

QUICK = Limits(
    artim=0.2, connect=0.2, tls_handshake=0.2, associate=0.2, release=0.2, pdu=0.2, write=0.2
)
"""Every time bound short: for tests that let one pass."""


def rq(limits: Limits | None = None) -> AssociateRQ:
    """A request for one Verification context."""
    offers = context_offers([(VERIFICATION, [IMPLICIT])])
    return request("ANY-SCP", "DULCET", offers, limits or Limits())


class Operation:
    """What a face does meanwhile."""

    def __init__(self, future: Future[Any], interrupt: Callable[[], None]) -> None:
        self._future = future
        self.interrupt = interrupt

    def result(self) -> Any:
        return self._future.result(GUARD)

    def error(self) -> BaseException | None:
        return self._future.exception(GUARD)

    def done(self) -> bool:
        return self._future.done()


class End:
    """A `Connection` of a face. `end.start(name, ...)` is an operation, `end.do(...)` its result."""

    def __init__(self, face: Face, connection: Any, wakeup: blocking.Wakeup | None) -> None:
        self._face = face
        self._wakeup = wakeup
        self.connection = connection
        self.association: Association = connection.association

    @property
    def fd(self) -> int:
        return self.connection._link.fileno()

    def start(self, name: str, *arguments: Any, **options: Any) -> Operation:
        method = getattr(self.connection, name)
        return self._face.start(method, *arguments, wakeup=self._wakeup, **options)

    def do(self, name: str, *arguments: Any, **options: Any) -> Any:
        return self.start(name, *arguments, **options).result()

    def take(self) -> Any:
        """What the peer says next, copied out of the receive buffer."""
        return self.do("run", take(self.association))


def take(association: Association) -> Conversation[Any]:
    """`conversations.receive`, as (context id, control header, bytes) of each PDV, or "release"."""
    event = yield from conversations.receive(association)
    if isinstance(event, ReleaseIndication):
        return "release"
    return [(each.context_id, each.control, bytes(each.fragment)) for each in event.pdvs]


class Face:
    """What both have in common."""

    name: str
    Interrupted: type[BaseException]
    module: Any

    def start(
        self,
        function: Callable[..., Any],
        *arguments: Any,
        wakeup: blocking.Wakeup | None = None,
        **options: Any,
    ) -> Operation:
        raise NotImplementedError

    def connect(
        self, address: tuple[str, int], request: AssociateRQ | None = None, **options: Any
    ) -> Operation:
        """Establish an association; the result is an `End`."""
        raise NotImplementedError

    @contextlib.contextmanager
    def server(self, serve: Any, **options: Any) -> Iterator[Any]:
        """A started server; stopped in the end."""
        options.setdefault("host", "127.0.0.1")
        server = self.start(self._make_server, serve, options).result()
        try:
            yield server
        finally:
            self.start(server.stop).result()

    def _make_server(self, serve: Any, options: dict[str, Any]) -> Any:
        raise NotImplementedError

    def close(self) -> None:
        """Nothing of it may be left running."""
        raise NotImplementedError


class BlockingFace(Face):
    name = "blocking"
    Interrupted = blocking.Interrupted
    module = blocking
    servers = threads_server

    def __init__(self) -> None:
        self._threads: list[threading.Thread] = []
        self._wakeups: list[blocking.Wakeup] = []

    def start(self, function, *arguments, wakeup=None, **options):
        future: Future[Any] = Future()

        def body() -> None:
            try:
                future.set_result(function(*arguments, **options))
            except BaseException as error:
                future.set_exception(error)

        thread = threading.Thread(target=body, name="operation", daemon=True)
        self._threads = [each for each in self._threads if each.is_alive()]
        self._threads.append(thread)
        thread.start()
        return Operation(future, wakeup.set if wakeup else _no_interrupt)

    def connect(self, address, request=None, **options):
        wakeup = blocking.Wakeup()
        self._wakeups.append(wakeup)

        def body() -> End:
            connection = blocking.connect(
                *address, request or rq(options.get("limits")), wakeup=wakeup, **options
            )
            return End(self, connection, wakeup)

        return self.start(body, wakeup=wakeup)

    def _make_server(self, serve, options):
        server = blocking.Server(serve, **options)
        server.start()
        return server

    def close(self) -> None:
        for thread in self._threads:
            thread.join(GUARD)
            assert not thread.is_alive(), "an operation hangs"
        for wakeup in self._wakeups:
            wakeup.close()


class AioFace(Face):
    name = "aio"
    Interrupted = asyncio.CancelledError
    module = aio
    servers = tasks_server

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="loop", daemon=True)
        self._thread.start()

    def start(self, function, *arguments, wakeup=None, **options):
        future: Future[Any] = Future()
        tasks: queue.SimpleQueue[asyncio.Task[Any]] = queue.SimpleQueue()

        async def body() -> None:
            # Not run_coroutine_threadsafe: a cancelled operation is over when it has cleaned up.
            try:
                outcome = function(*arguments, **options)
                future.set_result(await outcome if asyncio.iscoroutine(outcome) else outcome)
            except BaseException as error:
                future.set_exception(error)

        self._loop.call_soon_threadsafe(lambda: tasks.put(self._loop.create_task(body())))
        task = tasks.get(timeout=GUARD)
        return Operation(future, lambda: self._loop.call_soon_threadsafe(task.cancel))

    def connect(self, address, request=None, **options):
        async def body() -> End:
            connection = await aio.connect(
                *address, request or rq(options.get("limits")), **options
            )
            return End(self, connection, None)

        return self.start(body)

    def _make_server(self, serve, options):
        server = aio.Server(serve, **options)
        server.start()
        return server

    def close(self) -> None:
        async def body() -> list[asyncio.Task[Any]]:
            # A task whose future is set may need one more turn of the loop to be done.
            while others := asyncio.all_tasks() - {asyncio.current_task()}:
                if not (await asyncio.wait(others, timeout=GUARD))[0]:
                    return list(others)
            await self._loop.shutdown_default_executor()
            return []

        hung = asyncio.run_coroutine_threadsafe(body(), self._loop).result(2 * GUARD)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(GUARD)
        self._loop.close()
        assert not hung, f"tasks hang: {hung}"


def _no_interrupt() -> None:
    raise AssertionError("this operation cannot be interrupted")


def established(
    face: Face, listener: Listener, maximum: int = 0, **options: Any
) -> tuple[RawPeer, End]:
    """An association of the face as requestor, with the raw peer that accepted it."""
    connecting = face.connect(listener.address, **options)
    peer = listener.accept()
    peer.expect(RQ)
    peer.send(associate_ac(maximum=maximum))
    return peer, connecting.result()


FACES: dict[str, type[Face]] = {"blocking": BlockingFace, "aio": AioFace}


@contextlib.contextmanager
def opened(name: str) -> Iterator[Face]:
    face = FACES[name]()
    try:
        yield face
    finally:
        face.close()


class Acceptor:
    """What a server does with each association: accepts it, talks, and notes how it ended."""

    def __init__(
        self,
        talk: Callable[[Association], Conversation[Any]] | None = None,
        decide: Callable[[AssociateRQ], AssociateAC | AssociateRJ] | None = None,
        limits: Limits | None = None,
    ) -> None:
        self._talk = talk or mirror
        self._decide = decide or (lambda request: answer(request, SUPPORT, limits or Limits()))
        self._outcomes: queue.Queue[tuple[Association, Any]] = queue.Queue()
        self.peers: list[str] = []

    def __call__(self, association: Association, peer: str) -> Conversation[None]:
        try:
            self.peers.append(peer)
            negotiated: Negotiated | None = yield from conversations.accept(
                association, self._decide
            )
            outcome = None if negotiated is None else (yield from self._talk(association))
        except BaseException as error:
            self._outcomes.put((association, error))
            raise
        self._outcomes.put((association, outcome))

    def ended(self) -> tuple[Association, Any]:
        """The next association that ended, and what its conversation returned or raised."""
        return self._outcomes.get(timeout=GUARD)

    def outcome(self) -> Any:
        return self.ended()[1]

    def none_ended(self) -> bool:
        return self._outcomes.empty()


def mirror(association: Association) -> Conversation[str]:
    """Sends each message back when it is complete; answers a release. Returns "released"."""
    parts: list[bytes] = []
    while True:
        event = yield from conversations.receive(association)
        if isinstance(event, ReleaseIndication):
            yield from conversations.respond_to_release(association)
            return "released"
        for pdv in event.pdvs:
            parts.append(bytes(pdv.fragment))
            if pdv.is_last:
                association.send(pdv.context_id, command=pdv.is_command, source=b"".join(parts))
                parts.clear()


class Zeros:
    """A source of any length that needs no memory."""

    def __init__(self, length: int) -> None:
        self._length = length
        self.read = 0

    def __len__(self) -> int:
        return self._length

    def readinto(self, view: memoryview, /) -> int:
        count = min(len(view), self._length - self.read)
        self.read += count
        return count


class Trace(list[Transition]):
    """A trace hook that keeps what it is told, and can wait for a state or an action."""

    def __init__(self) -> None:
        super().__init__()
        self._told = threading.Condition()

    def __call__(self, transition: Transition) -> None:
        with self._told:
            self.append(transition)
            self._told.notify_all()

    def lines(self) -> list[str]:
        return [str(each) for each in self]

    def wait_for(self, text: str) -> None:
        """Until a transition's line has this text in it."""
        until = time.monotonic() + GUARD
        with self._told:
            while not any(text in str(each) for each in self):
                assert self._told.wait(until - time.monotonic()), f"no {text} in {self.lines()}"
