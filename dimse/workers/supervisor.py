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
stops; a supervisor whose worker is gone reads the end of that one's, and makes another. What workers
have to say to one another goes over the same pairs to an `Attendant` in the supervisor's process; what
takes time of that is done aside, in a process of its own.
"""

from __future__ import annotations

import contextlib
import logging
import os
import select
import signal
import socket
import time
from collections.abc import Callable, Sequence
from functools import partial
from itertools import count as numbers

from dimse.workers.attendant import Attendant
from dimse.workers.events import Ending, WorkerEnded, WorkerEvent, WorkerStarted
from dimse.workers.lives import Backoff, Life, how_ended, live
from dimse.workers.orders import ANSWER, LONGEST, QUESTION, REOPEN, STOP, Job, Orders
from dimse.workers.signals import HEEDED, caught
from dul.transport.listener import listen
from dul.values import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Final, NoReturn

__all__ = [
    "Workers",
    "listeners",
]

LAST_WORDS: Final = 10.0
"""Seconds beyond its grace that a worker is given to end, before it is killed."""

ENOUGH: Final = 3
"""Who asks for the end so often does not want to wait for anything."""


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
        attendant: is told, in the supervisor's process, what workers say.
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
        attendant: Attendant | None = None,
        told: Callable[[WorkerEvent], None] | None = None,
        reopen: Callable[[], None] | None = None,
        tick: Callable[[], object] | None = None,
        every: float | None = None,
        backoff: Backoff | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        sockets = _listeners(host, port, count) if listeners is None else list(listeners)
        self._attendant = attendant
        self._asides: dict[int, Callable[[str], None]] = {}  # by process: who is told of its end
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
                Life(f"worker {number + 1}", number, _bound(work, own, number), (own, *more))
            )
        for number, job in zip(numbers(1), beside, strict=False):
            self._workers.append(Life(f"helper {number}", None, job))
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
        with caught(self._writer):
            try:
                if self._attendant is not None:
                    self._attendant.begin(self._start_aside)
                while not self._ends or self.pids or self._attended():
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

    def _attended(self) -> bool:
        """Whether what workers told is not over, although they are."""
        return self._attendant is not None and self._ends < ENOUGH and not self._attendant.end()

    # ------------------------------------------------------------------ lives and deaths --

    def _make_due(self) -> None:
        for each in self._workers:
            if not (self._ends or each.pid) and self._clock() >= each.due:
                self._make(each)

    def _make(self, worker: Life) -> None:
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

    def _live(self, worker: Life, line: socket.socket) -> NoReturn:
        """What the new process does."""
        live(
            worker.name, partial(self._let_go, worker.listeners), partial(worker.job, Orders(line))
        )

    def _let_go(self, kept: Sequence[socket.socket] = ()) -> None:
        """In a new process: close what belongs to the supervisor and to others."""
        self._reader.close()
        self._writer.close()
        for each in self._workers:
            if each.line is not None:
                each.line.close()
            for listener in each.listeners:
                if listener not in kept:
                    listener.close()

    def _start_aside(self, job: Callable[[], None], ended: Callable[[str], None]) -> bool:
        """Let a job run in a process of its own, which nobody waits for or restarts."""
        try:
            pid = os.fork()
        except OSError:
            return False
        if pid == 0:
            live("a process beside the workers", self._let_go, job)
        self._asides[pid] = ended
        return True

    def _bury_dead(self) -> None:
        for each in self._workers:
            if not each.pid:
                continue
            pid, status = os.waitpid(each.pid, os.WNOHANG)
            if pid:
                self._bury(each, status)
        for aside in list(self._asides):
            pid, status = os.waitpid(aside, os.WNOHANG)
            if pid:
                self._asides.pop(pid)(how_ended(status) if status else "")

    def _bury(self, worker: Life, status: int) -> None:
        pid, worker.pid = worker.pid, 0
        if worker.line is not None:
            while self._hear(worker):  # its last words
                pass
            worker.line.close()
            worker.line = None
        if self._attendant is not None and worker.number is not None:
            self._attendant.gone(worker.number)
        again_in = None
        if not self._ends:
            now = self._clock()
            again_in = worker.waited = self._backoff.after(now - worker.born, worker.waited)
            worker.due = now + again_in
        self._told(WorkerEnded(worker.name, worker.number, pid, how_ended(status), again_in))

    # ---------------------------------------------------------------------------- the end --

    def _end(self, asked_by: signal.Signals) -> None:
        self._ends += 1
        if self._ends >= ENOUGH:
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
        lines = {each.line.fileno(): each for each in self._workers if each.line is not None}
        for line in lines:
            poll.register(line, select.POLLIN)
        times = [e.due for e in self._workers if not e.pid]
        if self._ends:
            times = [self._until] if self.pids else []
        in_seconds = [each - self._clock() for each in times]
        attend_in = None if self._attendant is None else self._attendant.attend()
        if attend_in is not None:
            in_seconds.append(attend_in)
        timeout = max(0, int(min(in_seconds) * 1000) + 1) if in_seconds else None
        if self._tick is not None and self._every is not None:
            self._tick()
            most = max(1, int(self._every * 1000))
            timeout = most if timeout is None else min(timeout, most)
        for ready, _ in poll.poll(timeout):
            if ready in lines:
                self._hear(lines[ready])
        with contextlib.suppress(BlockingIOError):
            return [number for number in self._reader.recv(64) if number in HEEDED]
        return []

    def _hear(self, worker: Life) -> bool:
        """Take a message of a worker's, if there is one; gives whether there was."""
        assert worker.line is not None
        try:
            message = worker.line.recv(LONGEST, socket.MSG_DONTWAIT)
        except OSError:
            return False
        if message and self._attendant is not None and worker.number is not None:
            if message[:1] == QUESTION:
                answer = partial(_answer, worker.line, message[1:9])
                self._attendant.asked(worker.number, message[9:], answer)
            else:
                self._attendant.told(worker.number, message[1:])
        return bool(message)


def _answer(line: socket.socket, number: bytes, words: bytes) -> None:
    with contextlib.suppress(OSError):  # who asked is gone
        line.send(ANSWER + number + words, socket.MSG_DONTWAIT)


_listeners = listeners  # the function, beside an argument of its name


def _bound(
    work: Callable[[socket.socket, int, Orders], None], listener: socket.socket, number: int
) -> Job:
    def job(orders: Orders) -> None:
        work(listener, number, orders)

    return job


def _untold(_: WorkerEvent) -> None:
    pass
