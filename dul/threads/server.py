"""An association acceptor in threads."""

from __future__ import annotations

import logging
import select
import socket
import threading
from collections.abc import Callable
from types import TracebackType

from dul.association import Trace
from dul.errors import Interrupted
from dul.limits import Limits
from dul.threads.connection import Connection
from dul.threads.polling import LONGEST_POLL, attentive
from dul.transport.acceptor import PAUSE, Acceptor
from dul.transport.admission import Guest, Serve
from dul.transport.link import Link
from dul.transport.wakeup import Wakeup
from dul.values import TYPE_CHECKING

if TYPE_CHECKING:
    from ssl import SSLContext
    from typing import Self

__all__ = ["Server"]

logger = logging.getLogger("dul")

THREAD_RESTS = 10.0
"""Seconds for which a thread that has served a connection waits for another one to serve."""


class _Attendant(threading.Thread):
    """Serves one connection after the other: to start a thread for each takes longer than to serve it.

    Args:
        attend: what it does; is given the attendant.
    """

    def __init__(self, attend: Callable[[_Attendant], None]) -> None:
        super().__init__(target=attend, args=(self,), daemon=True)
        self._guest: Guest | None = None
        self._called = threading.Lock()  # released once for each call
        self._called.acquire()

    def call(self, guest: Guest | None) -> None:
        """Have it serve this one; None: have it end."""
        if guest is not None:
            self.name = f"dul-{guest.link.peer}"
        self._guest = guest
        self._called.release()

    def wait(self, seconds: float = -1) -> bool:
        """Whether it was called in time; without a time, as soon as it is."""
        return self._called.acquire(timeout=seconds)

    def take(self) -> Guest | None:
        """Whom it was called for; it is kept no longer."""
        guest, self._guest = self._guest, None
        return guest


class Server(Acceptor):
    """An association acceptor: one thread listens, one thread serves each connection.

    A thread whose connection is over serves the next one that comes within `THREAD_RESTS` seconds, so what
    a function of the user's keeps in a `threading.local` may be there at another association.

    Args:
        serve: makes the conversation for an association and the peer's address.
        host: the address to listen on; every interface by default.
        port: 0 for any free one; see `address`.
        listener: a listening socket that is used instead of host and port: of a service manager,
            or one of several that share a port. It is closed in the end.
        limits: bounds and times of each association.
        tls: a server context, for TLS; it may be replaced, for connections to come.
        tls_port: a port of its own for TLS; then `port` is for plain DICOM. 0 for any free one; see
            `tls_address`. None: `port` is for TLS if there is a context.
        tls_listener: a listening socket that is used instead.
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
        tls_port: int | None = None,
        tls_listener: socket.socket | None = None,
        max_associations: int = 100,
        max_associations_per_peer: int | None = None,
        trace: Trace | None = None,
    ) -> None:
        super().__init__(
            serve,
            threading.Lock(),
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
        self._threads: set[threading.Thread] = set()
        self._resting: list[_Attendant] = []  # those of them that have nobody to serve
        self._leaving: set[threading.Thread] = set()  # and others that are about to end
        self._guests = 0  # connections that are served
        self._lock = threading.Lock()  # guards these, and whether the guests are waited for
        self._waited_for = False
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
        doors = {each.fileno(): each for each in self._listeners}
        for fd in doors:
            poll.register(fd, select.POLLIN)
        pause = select.poll()
        pause.register(self._stop, select.POLLIN)
        while not self._stop.is_set:
            ready = [doors[fd] for fd, _ in attentive(poll) if fd in doors]
            for listener in ready:
                try:
                    link = self._next_link(listener)
                except OSError:
                    pause.poll(PAUSE * 1000)
                    break
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
            threads = (self._threads | self._leaving) - {threading.current_thread()}
        for thread in threads:
            thread.join()
        self._stop.close()
        self._no_grace.close()
        self._wakeup.close()

    def _end_associations(self) -> None:
        """Nobody comes in any more; then those who are in are told to go."""
        for each in self._listeners:
            each.close()
        if self._grace and not self._wakeup.is_set:
            self._let_finish(self._grace)
        self._wakeup.set()
        with self._lock:
            resting, self._resting = self._resting, []
        for attendant in resting:
            attendant.call(None)

    def _let_finish(self, grace: float) -> None:
        self._admission.turn_away()
        with self._lock:
            self._waited_for = True
            if not self._guests:
                return
        poll = select.poll()
        poll.register(self._no_grace, select.POLLIN)
        attentive(poll, min(grace, LONGEST_POLL))

    def _begin(self, link: Link) -> None:
        guest = self._admission.enter(link)
        with self._lock:
            self._guests += 1
            attendant = self._resting.pop() if self._resting else None
        if attendant is not None:
            attendant.call(guest)
            return
        attendant = _Attendant(self._attend)
        attendant.call(guest)
        with self._lock:
            self._threads.add(attendant)
        try:
            attendant.start()
        except RuntimeError as error:  # the system gives no more threads
            logger.warning("connection from %s closed: %s", link.peer, error)
            attendant.take()
            with self._lock:
                self._threads.discard(attendant)
            self._over(guest)

    def _attend(self, attendant: _Attendant) -> None:
        try:
            while self._is_called(attendant) and (guest := attendant.take()) is not None:
                self._one(guest)
                del guest  # it is large, and over
        finally:
            with self._lock:
                self._threads.discard(attendant)
                self._leaving = {each for each in self._leaving if each.is_alive()}
                self._leaving.add(attendant)

    def _is_called(self, attendant: _Attendant) -> bool:
        """Have an attendant ready, for a while; gives whether it was called meanwhile."""
        if attendant.wait(0):  # its first call comes before its start
            return True
        attendant.name = "dul-resting"
        with self._lock:
            if self._wakeup.is_set:
                return False
            self._resting.append(attendant)
        if attendant.wait(THREAD_RESTS):
            return True
        with self._lock:
            if attendant in self._resting:
                self._resting.remove(attendant)
                return False
        return attendant.wait()  # it was chosen at this very moment

    def _one(self, guest: Guest) -> None:
        connection = Connection(guest.association, guest.link, self._wakeup)
        try:
            try:
                connection.serve(self._conversation(guest))
            except Interrupted:
                raise
            except (Exception, SystemExit) as error:  # noqa: BLE001 - it is said, and costs one association
                self._say_failed(guest, error)
                connection.give_up()
        except Interrupted:
            pass
        finally:
            try:
                connection.abort()
            finally:
                self._over(guest)

    def _over(self, guest: Guest) -> None:
        self._admission.leave(guest)
        with self._lock:
            self._guests -= 1
            last = self._waited_for and not self._guests
        if last:
            self._no_grace.set()
