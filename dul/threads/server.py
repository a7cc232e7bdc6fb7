"""An association acceptor in threads."""

from __future__ import annotations

import logging
import select
import socket
import threading
import time
from types import TracebackType

from dul.association import Trace
from dul.errors import Interrupted
from dul.limits import Limits
from dul.threads.connection import Connection
from dul.threads.door import Door
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
"""Seconds for which a thread waits for a connection to serve, if another waits as well."""

MOST_WAITING = 8
"""Threads that wait at a time: each has a descriptor for that. One that comes behind them ends."""

AT_THE_DOOR = "dul-waiting"
"""The name of a thread that serves nobody."""


class Server(Acceptor):
    """An association acceptor: a thread serves each connection.

    Threads that have nobody to serve wait for who comes, each for itself, so that no connection is handed
    from one to another: to wake a second thread takes longer than to serve an association. One at least
    always waits, and is started if the others are busy: nobody waits for a slow function of somebody else's.
    What a function of the user's keeps in a `threading.local` may be there at another association.

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
        self._leaving: set[threading.Thread] = set()  # and others that are about to end
        self._doors: list[Door] = []  # where nobody waits
        self._waiting = 0  # threads at the others
        self._full_until = 0.0  # no descriptor or memory is left: when to try again
        self._guests = 0  # connections that are served
        self._lock = threading.Lock()  # guards these, and whether the guests are waited for
        self._all_left = threading.Condition(self._lock)  # told when nobody waits any more
        self._waited_for = False
        self._fault: BaseException | None = None  # what has ended the listening
        self._stop = Wakeup()  # ends the listening
        self._grace = 0.0
        self._no_grace = Wakeup()  # ends the wait for those who are in
        self._wakeup = Wakeup()  # then ends the associations
        self._serving = threading.RLock()  # held while this server serves
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
        self._start_thread()
        attentive(poll)
        if self._fault is not None:
            raise self._fault

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
        while threads := self._others():
            for thread in threads:
                thread.join()
        for door in self._doors:
            door.close()
        self._stop.close()
        self._no_grace.close()
        self._wakeup.close()

    def _others(self) -> list[threading.Thread]:
        me = threading.current_thread()
        with self._lock:
            return [
                each for each in self._threads | self._leaving if each is not me and each.is_alive()
            ]

    def _end_associations(self) -> None:
        """Nobody comes in any more; then those who are in are told to go."""
        self._stop.set()  # it is not yet if Ctrl-C has ended the wait for it
        with self._all_left:
            self._all_left.wait_for(lambda: not self._waiting)
        for each in self._listeners:
            each.close()
        if self._grace and not self._wakeup.is_set:
            self._let_finish(self._grace)
        self._wakeup.set()

    def _let_finish(self, grace: float) -> None:
        self._admission.turn_away()
        with self._lock:
            self._waited_for = True
            if not self._guests:
                return
        poll = select.poll()
        poll.register(self._no_grace, select.POLLIN)
        attentive(poll, min(grace, LONGEST_POLL))

    def _attend(self) -> None:
        """What a thread does: wait with others for who comes, serve, and come back."""
        try:
            while (guest := self._next_guest()) is not None:
                self._one(guest)
                del guest  # it is large, and over
        finally:
            thread = threading.current_thread()
            with self._lock:
                self._threads.discard(thread)
                self._leaving = {each for each in self._leaving if each.is_alive()}
                self._leaving.add(thread)

    def _next_guest(self) -> Guest | None:
        """Wait for somebody to serve, and leave the waiting to another thread.

        None: this one is not needed any more.
        """
        thread = threading.current_thread()
        try:
            while (link := self._wait()) is not None:
                thread.name = f"dul-{link.peer}"
                guest = self._admission.enter(link)
                with self._lock:
                    self._guests += 1
                    relieved = self._waiting > 0 or self._stop.is_set
                if relieved:
                    return guest
                try:
                    self._start_thread()
                    return guest
                except RuntimeError as error:  # the system gives no more threads
                    logger.warning("connection from %s closed: %s", link.peer, error)
                    self._over(guest)
        except BaseException as error:  # nobody else would tell that nobody listens
            self._fault = error
            self._stop.set()
            raise
        return None

    def _start_thread(self) -> None:
        """Have one thread more.

        Raises:
            RuntimeError: the system gives no more.
        """
        thread = threading.Thread(target=self._attend, name=AT_THE_DOOR, daemon=True)
        with self._lock:
            self._threads.add(thread)
        try:
            thread.start()
        except RuntimeError:
            with self._lock:
                self._threads.discard(thread)
            raise

    def _wait(self) -> Link | None:
        """Wait at a door for the next connection; None: this thread is not needed any more."""
        door = self._free_door()
        if door is None:
            return None
        counted = True
        try:
            while not self._stop.is_set:
                listener = door.wait(None if self._waiting == 1 else THREAD_RESTS)
                if listener is None:
                    counted = not self._may_go()
                    if not counted:
                        return None
                elif (link := self._accept(listener)) is not None:
                    return link
            return None
        finally:
            with self._lock:
                self._waiting -= counted
                self._doors.append(door)
                if not self._waiting:
                    self._all_left.notify_all()

    def _free_door(self) -> Door | None:
        """Where this thread may wait, which is counted; None: enough others do, or nobody comes any more."""
        with self._lock:
            if self._stop.is_set or self._waiting >= MOST_WAITING:
                return None
            self._waiting += 1
            return self._doors.pop() if self._doors else Door(self._listeners, self._stop)

    def _may_go(self) -> bool:
        """Whether another one waits, so that this one need not; then it is counted no more."""
        with self._lock:
            spare = self._waiting > 1
            self._waiting -= spare
        return spare

    def _accept(self, listener: socket.socket) -> Link | None:
        if self._full_until:  # another thread has found that there is no room for one more
            self._pause(self._full_until - time.monotonic())
            self._full_until = 0.0
        try:
            return self._next_link(listener)
        except OSError:
            self._full_until = time.monotonic() + PAUSE
            self._pause(PAUSE)
            return None

    def _pause(self, seconds: float) -> None:
        poll = select.poll()
        poll.register(self._stop, select.POLLIN)
        poll.poll(max(0.0, seconds) * 1000)

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
