"""Processes that serve one port together, and the supervisor that keeps them running.

    def work(listener: socket.socket, number: int, orders: Orders) -> None:
        with Spool("incoming") as spool:
            server = Server(spool.open, listener=listener)
            orders.obey(server.request_stop)
            server.serve_forever()

    Workers(work, count=4, port=11112).run()

Each worker has a listening socket of its own (SO_REUSEPORT), and the kernel deals connections out.
The supervisor keeps all of them open as well: what waits at the socket of a worker that died is
served by the one that takes its place. It has no thread, so that it may fork at any time, and talks
to its workers over socket pairs: a worker whose supervisor is gone reads the end of its own, and
stops; a supervisor whose worker is gone reads the end of that one's, and makes another.
"""

from __future__ import annotations

import contextlib
import logging
import os
import select
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import count as numbers
from types import FrameType
from typing import Final

from dimse.workers.events import Ending, WorkerEnded, WorkerEvent, WorkerStarted
from dimse.workers.orders import REOPEN, STOP, Job, Orders
from dul.transport.listener import listen
from dul.values import dataclass

__all__ = [
    "Backoff",
    "Workers",
    "listeners",
]

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_ENDS: Final = (signal.SIGINT, signal.SIGTERM)
_CAUGHT: Final = (*_SIGNALS, signal.SIGCHLD)  # that one only ends the waiting
LAST_WORDS: Final = 10.0
"""Seconds beyond its grace that a worker is given to end, before it is killed."""


@dataclass(frozen=True, slots=True)
class Backoff:
    """How long a dead worker is waited for to be made anew.

    Attributes:
        first: seconds after the first death; each further one doubles them,
        most: up to so many.
        healthy: who lived for so many seconds had no trouble starting, and counts as the first.
    """

    first: float = 0.2
    most: float = 30.0
    healthy: float = 60.0

    def after(self, lived: float, before: float) -> float:
        """Seconds to wait after a life of `lived` seconds, if `before` were waited for it."""
        if lived >= self.healthy or not before:
            return self.first
        return min(2 * before, self.most)


def listeners(host: str, port: int, count: int) -> list[socket.socket]:
    """Listening sockets of one address, among which the kernel deals connections out.

    Args:
        host: the address to listen on; "": every interface.
        port: TCP port; 0 for any free one, the same for all.
        count: how many.

    Raises:
        TransportError: it can't be listened on.
    """
    first = listen(host, port, shared=True)
    found = [first]
    try:
        port = first.getsockname()[1]
        found += [listen(host, port, shared=True) for _ in range(count - 1)]
    except BaseException:
        for each in found:
            each.close()
        raise
    return found


class _Worker:
    """One of the processes, or the room for it."""

    def __init__(
        self, name: str, number: int | None, job: Job, listeners: tuple[socket.socket, ...] = ()
    ) -> None:
        self.name = name
        self.number = number
        self.job = job
        self.listeners = listeners
        self.pid = 0  # 0: there is none at present
        self.line: socket.socket | None = None
        self.born = 0.0
        self.due = 0.0  # when it is to be made
        self.waited = 0.0  # how long it was waited for last time


class Workers:
    """The supervisor.

    Args:
        work: what a worker does in its process, with its listening socket, its number from 0 on,
            and its orders; it ends when its orders say so.
        count: how many workers there are.
        host: the address to listen on; every interface by default.
        port: TCP port; 0 for any free one, see `address`.
        listeners: listening sockets that are used instead, one for each worker or one for all.
        more_listeners: those of another port, likewise: worker `number` has the one at `number`,
            modulo how many there are. Its supervisor keeps them open and closes them as it does the
            others.
        beside: what further processes do, each kept running as a worker is.
        told: is told what happens, in the supervisor's process.
        reopen: called there at SIGHUP, before the workers are told.
        tick: called there again and again: a sign of life.
        every: seconds between two calls; None: none.
        backoff: when dead workers are made anew.
        clock: gives seconds that only grow.

    Raises:
        TransportError: the address can't be listened on.
    """

    def __init__(
        self,
        work: Callable[[socket.socket, int, Orders], None],
        *,
        count: int,
        host: str = "",
        port: int = 0,
        listeners: Sequence[socket.socket] | None = None,
        more_listeners: Sequence[socket.socket] = (),
        beside: Sequence[Job] = (),
        told: Callable[[WorkerEvent], None] | None = None,
        reopen: Callable[[], None] | None = None,
        tick: Callable[[], object] | None = None,
        every: float | None = None,
        backoff: Backoff | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        sockets = _listeners(host, port, count) if listeners is None else list(listeners)
        self._told = told or _untold
        self._reopen = reopen
        self._tick = tick
        self._every = every
        self._backoff = backoff or Backoff()
        self._clock = clock
        self._address: tuple[str, int] = sockets[0].getsockname()[:2]
        self._workers = []
        for number in range(count):
            own = sockets[number % len(sockets)]
            more = more_listeners and [more_listeners[number % len(more_listeners)]]
            self._workers.append(
                _Worker(f"worker {number + 1}", number, _bound(work, own, number), (own, *more))
            )
        for number, job in zip(numbers(1), beside, strict=False):
            self._workers.append(_Worker(f"helper {number}", None, job))
        self._reader, self._writer = socket.socketpair()
        self._reader.setblocking(False)
        self._writer.setblocking(False)
        self._ends = 0  # how often the end was asked for
        self._grace = 0.0
        self._dismissed = False  # what runs beside was told to end, too
        self._until = 0.0  # when who has not ended is killed

    @property
    def address(self) -> tuple[str, int]:
        """Where they listen."""
        return self._address

    @property
    def pids(self) -> list[int]:
        """The processes that run at present."""
        return [each.pid for each in self._workers if each.pid]

    def request_stop(self) -> None:
        """Do as if SIGTERM had come; may be called from another thread."""
        with contextlib.suppress(OSError):
            self._writer.send(bytes([signal.SIGTERM]))

    def run(self, grace: float = 0.0) -> signal.Signals | None:
        """Keep the workers running until SIGTERM or SIGINT comes, then end them; gives the signal.

        A second signal ends the grace, a third one the workers at once. SIGHUP is passed on: log
        files are reopened. To be called in the main thread of a process that has no other.

        Args:
            grace: seconds that associations which are established are given to come to their own
                end after SIGTERM. Who presses Ctrl-C does not want to wait.
        """
        self._grace = grace
        asked_by: signal.Signals | None = None
        with _caught(self._writer):
            try:
                while not self._ends or self.pids:
                    self._make_due()
                    for number in self._wait():
                        if number == signal.SIGHUP:
                            if self._reopen is not None:
                                self._reopen()
                            self._tell_all(REOPEN)
                        else:
                            asked_by = asked_by or signal.Signals(number)
                            self._end(signal.Signals(number))
                    self._bury_dead()
                    if self._ends and not self._dismissed:
                        self._dismiss_helpers()
                    if self._ends and self._clock() >= self._until:
                        self._kill_all()
            finally:
                self._kill_all()
                self._close()
        return asked_by

    # ------------------------------------------------------------------ lives and deaths --

    def _make_due(self) -> None:
        for each in self._workers:
            if not (self._ends or each.pid) and self._clock() >= each.due:
                self._make(each)

    def _make(self, worker: _Worker) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            pid = os.fork()
        except OSError:  # no room for one more process: try again as after a death
            ours.close()
            theirs.close()
            worker.waited = self._backoff.after(0.0, worker.waited)
            worker.due = self._clock() + worker.waited
            logging.getLogger("dimse").exception("%s can't be made", worker.name)
            return
        if pid == 0:
            ours.close()
            self._live(worker, theirs)
        theirs.close()
        worker.pid, worker.line, worker.born = pid, ours, self._clock()
        self._told(WorkerStarted(worker.name, pid))

    def _live(self, worker: _Worker, line: socket.socket) -> None:
        """What the new process does; never returns."""
        code = 1
        try:
            signal.set_wakeup_fd(-1)
            for each in (signal.SIGINT, signal.SIGHUP):  # a terminal sends them to all of us
                signal.signal(each, signal.SIG_IGN)
            for each in (signal.SIGTERM, signal.SIGCHLD):
                signal.signal(each, signal.SIG_DFL)
            self._reader.close()
            self._writer.close()
            for other in self._workers:
                if other.line is not None:
                    other.line.close()
                for listener in other.listeners:
                    if listener not in worker.listeners:
                        listener.close()
            worker.job(Orders(line))
            code = 0
        except BaseException:  # it ends here, whatever it is
            logging.getLogger("dimse").exception("%s failed", worker.name)
        finally:
            os._exit(code)

    def _bury_dead(self) -> None:
        for each in self._workers:
            if not each.pid:
                continue
            pid, status = os.waitpid(each.pid, os.WNOHANG)
            if pid:
                self._bury(each, status)

    def _bury(self, worker: _Worker, status: int) -> None:
        pid, worker.pid = worker.pid, 0
        if worker.line is not None:
            worker.line.close()
            worker.line = None
        again_in = None
        if not self._ends:
            now = self._clock()
            again_in = worker.waited = self._backoff.after(now - worker.born, worker.waited)
            worker.due = now + again_in
        self._told(WorkerEnded(worker.name, worker.number, pid, _how(status), again_in))

    # ---------------------------------------------------------------------------- the end --

    def _end(self, asked_by: signal.Signals) -> None:
        self._ends += 1
        if self._ends > 2:
            self._kill_all()
            return
        grace = self._grace if self._ends == 1 and asked_by == signal.SIGTERM else 0.0
        self._until = self._clock() + grace + LAST_WORDS
        self._close_listeners()
        self._told(Ending(asked_by, grace))
        self._tell_all(STOP + str(grace).encode())

    def _dismiss_helpers(self) -> None:
        """What runs beside may do so for the grace, but no longer than there are workers."""
        if any(each.pid for each in self._workers if each.number is not None):
            return
        self._dismissed = True
        self._tell_all(STOP + b"0.0")

    def _kill_all(self) -> None:
        for each in self._workers:
            if each.pid:
                os.kill(each.pid, signal.SIGKILL)
                _, status = os.waitpid(each.pid, 0)
                self._ends = self._ends or 1
                self._bury(each, status)

    def _tell_all(self, order: bytes) -> None:
        for each in self._workers:
            if each.line is not None:
                with contextlib.suppress(OSError):  # it is dying
                    each.line.send(order)

    def _close_listeners(self) -> None:
        for each in self._workers:
            for listener in each.listeners:
                listener.close()

    def _close(self) -> None:
        self._close_listeners()
        self._reader.close()
        self._writer.close()

    # ---------------------------------------------------------------------------- waiting --

    def _wait(self) -> list[int]:
        """Wait for a signal, a death or a birth that is due; gives the signals that came."""
        poll = select.poll()
        poll.register(self._reader, select.POLLIN)
        for each in self._workers:
            if each.line is not None:
                poll.register(each.line, select.POLLIN)
        times = [self._until] if self._ends else [e.due for e in self._workers if not e.pid]
        timeout = None
        if times:
            timeout = max(0, int((min(times) - self._clock()) * 1000) + 1)
        if self._tick is not None and self._every is not None:
            self._tick()
            most = max(1, int(self._every * 1000))
            timeout = most if timeout is None else min(timeout, most)
        poll.poll(timeout)
        with contextlib.suppress(BlockingIOError):
            return [number for number in self._reader.recv(64) if number in _SIGNALS]
        return []


_listeners = listeners  # the function, beside an argument of its name


def _bound(
    work: Callable[[socket.socket, int, Orders], None], listener: socket.socket, number: int
) -> Job:
    def job(orders: Orders) -> None:
        work(listener, number, orders)

    return job


@contextlib.contextmanager
def _caught(writer: socket.socket) -> Iterator[None]:
    """Let the interpreter write the signals' numbers to a socket.

    Elsewhere than in the main thread, `request_stop` alone ends anything.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    with contextlib.ExitStack() as stack:
        before = signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
        stack.callback(signal.set_wakeup_fd, before)
        for each in _CAUGHT:
            # Who started us with a signal ignored (nohup, a shell's "&") wants it ignored.
            if each not in _ENDS or signal.getsignal(each) is not signal.SIG_IGN:
                stack.callback(signal.signal, each, signal.signal(each, _do_nothing))
        yield


def _do_nothing(_: int, __: FrameType | None) -> None:
    """A signal whose handler is this one is told by the interpreter's byte."""


def _untold(_: WorkerEvent) -> None:
    pass


def _how(status: int) -> str:
    if os.WIFSIGNALED(status):
        return f"signal {signal.Signals(os.WTERMSIG(status)).name}"
    return f"exit code {os.WEXITSTATUS(status)}"
