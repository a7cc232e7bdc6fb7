"""The blocking face: sockets, threads and the monotonic clock.

Same names, same order as `dul.aio`. Everything that is protocol is in `dul.conversations` and
below; a face connects, listens, waits, and runs conversations.
"""

from __future__ import annotations

import contextlib
import logging
import select
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
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
from dul.errors import DULError, Interrupted
from dul.events import DataIndication, ReleaseIndication
from dul.limits import Limits
from dul.negotiation import Negotiated
from dul.outbox import Source
from dul.pdu import AssociateRQ
from dul.transport.admission import PAUSE, Admission, Guest, Serve
from dul.transport.descriptors import available, places
from dul.transport.link import Link, Wait, Waiting
from dul.transport.listener import accept_connection, listen
from dul.transport.opening import bare, not_found, requestor_link
from dul.transport.player import NOWHERE, Player, Telling
from dul.transport.pump import can_abort, exchange, handshake, hang_up, pump, push, rest
from dul.transport.wakeup import Wakeup
from dul.wire import Buffer

if TYPE_CHECKING:
    from ssl import SSLContext

__all__ = ["Connection", "Interrupted", "Line", "Lines", "Server", "Wakeup", "connect"]

T = TypeVar("T")
logger = logging.getLogger("dul")

LONGEST_POLL = 3600.0  # seconds; poll() takes milliseconds in a C int


class Connection:
    """An association and its transport, driven by the thread that calls.

    Use it as a context manager: leaving it releases an established association, or aborts it
    if an exception is on its way, and closes the transport.

    Args:
        association: not begun.
        link: its transport.
        wakeup: ends whatever waits, with `Interrupted`.
    """

    def __init__(self, association: Association, link: Link, wakeup: Wakeup | None = None) -> None:
        self.association = association
        self._link = link
        self._wakeup = wakeup
        self._resting = True  # not in the middle of a step: in a wait, or in the user's code
        self._poll = select.poll()
        self._polled: tuple[int, int] = (-1, 0)
        self._wakeup_fd = -1 if wakeup is None else wakeup.fileno()
        if wakeup is not None:
            self._poll.register(self._wakeup_fd, select.POLLIN)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is not None:
            self.abort()
        else:
            self.close()

    @property
    def negotiated(self) -> Negotiated:
        """What was agreed; see `Association.agreed`."""
        return self.association.agreed

    def run(self, conversation: Conversation[T]) -> T:
        """Drive a conversation to its end and give its outcome.

        Raises:
            Interrupted: the wakeup was set.
            DULError: whatever the conversation raises.
        """
        with self._working():
            self.association.tick(time.monotonic())
            try:
                step = conversation.send(None)
                while True:
                    try:
                        reply = self._perform(step)
                    except Exception as error:  # noqa: BLE001 - it is the conversation's to handle
                        step = conversation.throw(error)
                    else:
                        step = conversation.send(reply)
            except StopIteration as stop:
                outcome: T = stop.value
                return outcome
            finally:
                conversation.close()

    def perform(self, step: Step) -> Any:
        """Do one step of a conversation that somebody else drives; gives what is to be sent in.

        Raises:
            Exception: what is to be raised at the conversation's `yield`.
        """
        with self._working():
            return self._perform(step)

    def tick(self) -> None:
        """The time since the last step was the user's own, and not the peer's."""
        self.association.tick(time.monotonic())

    def rest(self, seconds: float) -> None:
        """Send nothing for a while, unless the peer says something."""
        with self._working():
            until = time.monotonic() + seconds
            self._drive(rest(self.association, self._link, time.monotonic, until))

    def serve(self, conversation: Conversation[None]) -> None:
        """The acceptor's whole life: the TLS handshake, the conversation, the end."""
        failure: DULError | None = None
        try:
            with self._working():
                self._drive(handshake(self.association, self._link, time.monotonic))
        except DULError as error:
            failure = error  # the conversation finds the association over, and may say so
        self.run(conversation)
        if failure is not None:
            raise failure
        self.close()

    def give_up(self) -> None:
        """End what failed (see `conversations.give_up`)."""
        if can_abort(self.association, self._link):
            self.run(conversations.give_up(self.association))

    def send(self, context_id: int, *, command: bool, source: Source | Buffer) -> None:
        """Send a command set or a data set (see `conversations.send`)."""
        self.run(conversations.send(self.association, context_id, command=command, source=source))

    def receive(self) -> DataIndication | ReleaseIndication:
        """What the peer says next (see `conversations.receive`)."""
        return self.run(conversations.receive(self.association))

    def release(self) -> None:
        """Release the association and wait for its end (see `conversations.release`)."""
        try:
            self.run(conversations.release(self.association))
        finally:
            self.abort()

    def abort(self) -> None:
        """Abort the association, whatever its state, and close the transport.

        The peer has `Limits.grace` to close it first.
        """
        try:
            # What called for the end must not cut it short; the grace bounds it.
            self._ignore_wakeup()
            if can_abort(self.association, self._link):
                self.run(conversations.abort(self.association))
            else:
                hang_up(self.association, self._link, time.monotonic)
        finally:
            self._link.close()

    def close(self) -> None:
        """Release if there is an association, and close the transport in any case.

        If the peer released it first, it gets its answer.
        """
        if self.association.established or self.association.release_due:
            self.release()
        else:
            self.abort()

    def _ignore_wakeup(self) -> None:
        if self._wakeup is not None:
            self._poll.unregister(self._wakeup_fd)  # it may be closed already
            self._wakeup = None

    @contextlib.contextmanager
    def _working(self) -> Iterator[None]:
        """What is no `Exception` (Ctrl-C) in the middle of a step leaves nothing certain."""
        try:
            self._resting = False
            yield
        except Exception:
            raise
        except BaseException:
            self._link.uncertain |= not self._resting
            raise

    def _perform(self, step: Step) -> Any:
        if step is POLL:
            if self._wakeup is not None and self._wakeup.is_set:
                raise Interrupted("interrupted")
            exchange(self.association, self._link, time.monotonic)
            return None
        if not isinstance(step, Call):
            self._drive(pump(self.association, self._link, time.monotonic))
            return None
        push(self.association, self._link, time.monotonic)
        self._resting = True
        try:
            reply = step.function(*step.arguments)
        except Exception:
            self._back()
            raise
        self._back()
        return reply

    def _back(self) -> None:
        """A function of the user's is over; its time is not the peer's."""
        self._resting = False
        self.association.tick(time.monotonic())

    def _drive(self, waiting: Waiting[None]) -> None:
        try:
            wait = next(waiting)
            while True:
                wait = waiting.send(self._wait(wait))
        except StopIteration:
            pass
        finally:
            waiting.close()

    def _wait(self, wait: Wait) -> bool:
        mask = (select.POLLIN if wait.read else 0) | (select.POLLOUT if wait.write else 0)
        if self._polled != (wait.fd, mask):
            if self._polled[0] not in {-1, wait.fd}:
                self._poll.unregister(self._polled[0])
            self._poll.register(wait.fd, mask)
            self._polled = (wait.fd, mask)
        while True:
            timeout = None
            if wait.until is not None:
                left = wait.until - time.monotonic()
                if left <= 0:
                    return False
                timeout = int(min(left, LONGEST_POLL) * 1000) + 1
            self._resting = True
            ready = self._poll.poll(timeout)
            self._resting = False
            if ready:
                if self._wakeup is not None and self._wakeup.is_set:
                    raise Interrupted("interrupted")
                return True


def _resolve(host: str, port: int, wakeup: Wakeup | None) -> list[Any]:
    if not 0 < port < 1 << 16:
        raise not_found(host, port)
    if wakeup is not None and wakeup.is_set:
        raise Interrupted("interrupted")
    look_up = partial(socket.getaddrinfo, bare(host), port, type=socket.SOCK_STREAM)
    try:
        return look_up() if wakeup is None else _beside(look_up, wakeup)
    except (OSError, UnicodeError) as error:
        raise not_found(host, port, error) from error


def _link_for(step: Connect, wakeup: Wakeup | None) -> Link:
    addresses = _resolve(step.host, step.port, wakeup)
    link = requestor_link(step.host, step.port, addresses, step.tls, step.server_hostname)
    link.pace = step.pace
    return link


def _beside(function: Callable[[], T], wakeup: Wakeup) -> T:
    """Call what can't be interrupted, in a thread that is left behind if need be.

    A resolver may take a minute, and while it does not even a signal handler runs.

    Raises:
        Interrupted: the wakeup was set.
        Exception: whatever the function raises.
    """
    results: list[T] = []
    errors: list[Exception] = []
    reader, writer = socket.socketpair()

    def call() -> None:
        with writer:  # closing it says "done"; the thread alone uses it
            try:
                results.append(function())
            except Exception as error:  # noqa: BLE001 - it is the caller's to handle
                errors.append(error)

    with reader:
        thread = threading.Thread(target=call, name="dul-resolver", daemon=True)
        thread.start()
        poll = select.poll()
        poll.register(reader, select.POLLIN)
        poll.register(wakeup, select.POLLIN)
        if any(fd == wakeup.fileno() for fd, _ in poll.poll()):
            raise Interrupted("interrupted")
    thread.join()  # it has said "done", and is about to end
    if errors:
        raise errors[0]
    return results[0]


def connect(
    host: str,
    port: int,
    request: AssociateRQ,
    *,
    limits: Limits | None = None,
    tls: SSLContext | None = None,
    server_hostname: str | None = None,
    trace: Trace | None = None,
    wakeup: Wakeup | None = None,
) -> Connection:
    """Establish an association as its requestor.

    Args:
        host: name or address of the peer, an IPv6 one in brackets or not; all its addresses are
            tried.
        port: TCP port.
        request: the A-ASSOCIATE-RQ; see `dul.negotiation.request`.
        limits: bounds and times.
        tls: a client context, for TLS.
        server_hostname: whom the peer's certificate must name; default: the host.
        trace: is told every transition of the state machine.
        wakeup: ends whatever waits.

    Raises:
        AssociationRejected: the peer said no.
        AssociationAborted: the peer aborted.
        TransportError: no such host, no connection, no TLS.
        TimedOut: nobody answered in time.
    """
    association = Association(Role.REQUESTOR, limits, trace=trace)
    addresses = _resolve(host, port, wakeup)
    link = requestor_link(host, port, addresses, tls, server_hostname)
    connection = Connection(association, link, wakeup)
    try:
        connection.run(conversations.associate(association, request))
        return connection
    except BaseException:
        connection.abort()
        raise


class Line:
    """Plays scripts: conversations over one association after the other, to one peer.

    An association that a script leaves open stays open for the next script. Use it as a context
    manager: leaving it releases what is open, or aborts it if an exception is on its way.

    Args:
        wakeup: ends whatever waits.
    """

    def __init__(self, wakeup: Wakeup | None = None) -> None:
        self._wakeup = wakeup
        self._connection: Connection | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.__exit__(kind, error, traceback)

    def play(self, script: Script[T]) -> Generator[Any, Any, T]:
        """Play a script, and hand out its events; gives its outcome.

        What is open is aborted if the script raises, or if its events are not taken to the end.

        Raises:
            Interrupted: the wakeup was set.
            Exception: whatever the script raises.
        """
        if self._connection is not None:
            self._connection.tick()
        try:
            step = script.send(None)
            while True:
                try:
                    if isinstance(step, Pump | Call | Connect | Disconnect | Pause):
                        reply = self._perform(step)
                    else:
                        reply = yield step
                        if self._connection is not None:
                            self._connection.tick()
                except Exception as error:  # noqa: BLE001 - it is the script's to handle
                    step = script.throw(error)
                else:
                    step = script.send(reply)
        except StopIteration as stop:
            outcome: T = stop.value
            return outcome
        except BaseException:
            script.close()
            self.abort()
            raise

    def run(self, script: Script[T]) -> T:
        """Play a script whose events nobody wants to know."""
        playing = self.play(script)
        try:
            while True:
                next(playing)
        except StopIteration as stop:
            outcome: T = stop.value
            return outcome

    def release(self) -> None:
        """Release what is open, and wait for its end.

        Raises:
            DULError: it ended otherwise.
        """
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.release()

    def abort(self) -> None:
        """Abort what is open, and wait until its transport is closed."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.abort()

    def _perform(self, step: Step | Connect | Disconnect | Pause) -> Any:
        match step:
            case Connect():
                self.abort()
                link = _link_for(step, self._wakeup)
                self._connection = Connection(step.association, link, self._wakeup)
                self._connection.tick()
                return None
            case Disconnect():
                return self.abort()
            case Pause(seconds):
                return self._pause(seconds)
            case Call() if self._connection is None:
                if self._wakeup is not None and self._wakeup.is_set:
                    raise Interrupted("interrupted")
                return step.function(*step.arguments)
        assert self._connection is not None  # PUMP comes after Connect
        return self._connection.perform(step)

    def _pause(self, seconds: float) -> None:
        if self._connection is not None:
            self._connection.rest(seconds)
            return
        if self._wakeup is None:
            time.sleep(seconds)
            return
        poll = select.poll()
        poll.register(self._wakeup, select.POLLIN)
        poll.poll(int(seconds * 1000))
        if self._wakeup.is_set:
            raise Interrupted("interrupted")


class Lines:
    """Plays several scripts at a time, in one thread: while one waits, the others go on.

    Args:
        wakeup: ends whatever waits.
    """

    def __init__(self, wakeup: Wakeup | None = None) -> None:
        self._wakeup = wakeup

    def play(self, scripts: Iterable[Script[None]]) -> Generator[Any, Any, None]:
        """Play them to their ends, and hand out their events in the order in which they come.

        What is open is aborted if one of them raises, or if the events are not taken to the end.

        Raises:
            Interrupted: the wakeup was set.
            Exception: whatever a script raises.
        """
        players = [
            Player(each, time.monotonic, lambda step: _link_for(step, self._wakeup))
            for each in scripts
        ]
        try:
            for event in self._go_on({each: each.steps() for each in players}, self._wakeup):
                yield event
                for each in players:
                    each.tick()
        except BaseException:
            for each in players:
                each.close()
            # What called for the end must not cut it short; the grace bounds it.
            deque(self._go_on({each: each.abort() for each in players}, None), maxlen=0)
            raise

    def _go_on(
        self, running: dict[Player, Generator[Wait | Telling, Any, None]], wakeup: Wakeup | None
    ) -> Iterator[Any]:
        """Let each go on when what it waits for has come; gives the events."""
        ready = deque((each, None) for each in running)
        waits: dict[Player, Wait] = {}
        while running:
            while ready:
                player, reply = ready.popleft()
                try:
                    step = running[player].send(reply)
                except StopIteration:
                    del running[player]
                except Exception:
                    raise
                except BaseException:
                    player.doubt()
                    raise
                else:
                    if isinstance(step, Wait):
                        waits[player] = step
                    else:
                        yield step.event
                        ready.append((player, None))
            if waits:
                ready.extend(_ready(waits, wakeup))


def _ready(waits: dict[Player, Wait], wakeup: Wakeup | None) -> list[tuple[Player, Any]]:
    """Wait for the first of them; takes those out whose time has come, with what they are told."""
    poll = select.poll()
    if wakeup is not None:
        poll.register(wakeup, select.POLLIN)
    for wait in waits.values():
        if wait.fd != NOWHERE:
            mask = (select.POLLIN if wait.read else 0) | (select.POLLOUT if wait.write else 0)
            poll.register(wait.fd, mask)
    times = [wait.until for wait in waits.values() if wait.until is not None]
    timeout = None
    if times:
        left = max(0.0, min(times) - time.monotonic())
        timeout = int(min(left, LONGEST_POLL) * 1000) + 1
    found = {fd for fd, _ in poll.poll(timeout)}
    if wakeup is not None and wakeup.is_set:
        raise Interrupted("interrupted")
    now = time.monotonic()
    over = [
        (player, wait.fd in found)
        for player, wait in waits.items()
        if wait.fd in found or (wait.until is not None and wait.until <= now)
    ]
    for player, _ in over:
        del waits[player]
    return over


class Server:
    """An association acceptor: one thread listens, one thread serves each connection.

    Args:
        serve: makes the conversation for an association and the peer's address.
        host: the address to listen on; every interface by default.
        port: 0 for any free one; see `address`.
        listener: a listening socket that is used instead of host and port: of a service manager,
            or one of several that share a port. It is closed in the end.
        limits: bounds and times of each association.
        tls: a server context, for TLS; it may be replaced, for connections to come.
        max_associations: the ones beyond are rejected, "local limit exceeded" (2/3/2). Fewer, with
            a warning, if the process may not open the files that they need (`ulimit -n`).
        max_associations_per_peer: those of one host beyond are rejected likewise; None: no bound.
        trace: is told every transition of every state machine.
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
        bounds = places(max_associations, available())
        self._admission = Admission(
            bounds, threading.Lock(), limits, trace, per_peer=max_associations_per_peer
        )
        self._threads: set[threading.Thread] = set()
        self._lock = threading.Lock()  # guards the threads, and whether they are waited for
        self._waited_for = False
        self._listener = listen(host, port) if listener is None else listener
        self._listener.setblocking(False)
        self._address: tuple[str, int] = self._listener.getsockname()[:2]
        self._stop = Wakeup()  # ends the listening
        self._grace = 0.0
        self._no_grace = Wakeup()  # ends the wait for those who are in
        self._wakeup = Wakeup()  # then ends the associations
        self._serving = threading.RLock()  # held while somebody listens
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens, or did before it was stopped."""
        return self._address

    def start(self) -> None:
        """Serve in a thread of its own."""
        self._thread = threading.Thread(target=self.serve_forever, name="dul-listener", daemon=True)
        self._thread.start()

    def serve_forever(self) -> None:
        """Serve in this thread until `stop` is called from another, or from a signal handler."""
        with self._serving:
            try:
                if not self._stop.is_set:
                    self._listen()
            finally:
                self._end_associations()

    def _listen(self) -> None:
        poll = select.poll()
        poll.register(self._stop, select.POLLIN)
        poll.register(self._listener, select.POLLIN)
        pause = select.poll()
        pause.register(self._stop, select.POLLIN)
        while not self._stop.is_set:
            poll.poll()
            try:
                link = accept_connection(self._listener, self.tls)
            except OSError as error:
                logger.warning("no connections are accepted for %s s: %s", PAUSE, error)
                pause.poll(PAUSE * 1000)
                continue
            if link is not None:
                self._begin(link)

    def request_stop(self, grace: float = 0.0) -> None:
        """Let `serve_forever` close the listener, end all associations and return; does not wait.

        May be called from a signal handler, and again: without a grace it ends an earlier one.

        Args:
            grace: seconds that the associations which are established are given to come to their
                own end; they may do as before meanwhile. Then they are aborted.
        """
        if grace <= 0:
            self._no_grace.set()
        elif not self._stop.is_set:
            self._grace = grace
        self._stop.set()

    def stop(self, grace: float = 0.0) -> None:
        """Close the listener, then abort what is open, and wait for all of it.

        A peer that does not close its connection is waited for as long as `Limits.grace`, and a
        function of the user's until it returns.

        Args:
            grace: see `request_stop`.
        """
        self.request_stop(grace)
        if self._thread is not None:
            self._thread.join()
        with self._serving:  # who listens in a thread of the caller's, or nobody if it never did
            self._end_associations()
        with self._lock:
            threads = self._threads - {threading.current_thread()}
        for thread in threads:
            thread.join()
        self._stop.close()
        self._no_grace.close()
        self._wakeup.close()

    def _end_associations(self) -> None:
        """Nobody comes in any more; then those who are in are told to go."""
        self._listener.close()
        if self._grace and not self._wakeup.is_set:
            self._let_finish(self._grace)
        self._wakeup.set()

    def _let_finish(self, grace: float) -> None:
        self._admission.turn_away()
        with self._lock:
            self._waited_for = True
            if not self._threads:
                return
        poll = select.poll()
        poll.register(self._no_grace, select.POLLIN)
        poll.poll(min(grace, LONGEST_POLL) * 1000)

    def _begin(self, link: Link) -> None:
        guest = self._admission.enter(link)
        thread = threading.Thread(
            target=self._one, args=(guest,), name=f"dul-{link.peer}", daemon=True
        )
        with self._lock:
            self._threads.add(thread)
        try:
            thread.start()
        except RuntimeError as error:  # the system gives no more threads
            logger.warning("connection from %s closed: %s", link.peer, error)
            self._over(guest, thread)

    def _one(self, guest: Guest) -> None:
        peer = guest.link.peer
        connection = Connection(guest.association, guest.link, self._wakeup)
        try:
            try:
                connection.serve(self._serve(guest.association, peer))
            except DULError as error:
                logger.info("association with %s ended: %s", peer, error)
                connection.give_up()
            except Interrupted:
                raise
            except (Exception, SystemExit):
                logger.exception("association with %s failed", peer)
                connection.give_up()
        except Interrupted:
            pass
        finally:
            connection.abort()
            self._over(guest, threading.current_thread())

    def _over(self, guest: Guest, thread: threading.Thread) -> None:
        self._admission.leave(guest)
        with self._lock:
            self._threads.discard(thread)
            last = self._waited_for and not self._threads
        if last:
            self._no_grace.set()
