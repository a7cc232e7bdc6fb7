"""How it is measured: whole processes, in alternation, and what is made of the figures."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

# DCMTK reads it: without it, its Nagle's algorithm waits 40 ms per message for our acknowledgement.
FAIR = {"TCP_NODELAY": "1"}
CALM = {
    key: value
    for key, value in os.environ.items()
    if key not in {"DCMDICTPATH", "TCP_NODELAY"} and not key.startswith("PYTHON")
}

LISTEN = "0A"  # a state in /proc/net/tcp
LIMIT = 120.0  # seconds for one run, of which the longest takes some 20


@dataclass(frozen=True)
class Figure:
    """What one run took.

    Attributes:
        seconds: the time that counts: of a whole process, or of what a process says itself.
        cpu: seconds of processor time of the processes that were started for the run.
        memory: MiB, the largest resident set among them, where it was watched.
    """

    seconds: float
    cpu: float = 0.0
    memory: float = 0.0


Run = Callable[[], Figure]


class Failed(Exception):
    """A program did not do what it was to do, so that there is nothing to compare."""


def run(
    *commands: Sequence[str], nagle: bool = False, limit: float = LIMIT, watched: bool = False
) -> Figure:
    """The wall time from the first start to the last end of processes that run at once.

    Args:
        commands: one for each process.
        nagle: leave Nagle's algorithm as the programs have it.
        limit: seconds for all of them together; who still runs then is killed.
        watched: look at the resident sets, every few milliseconds. (What the kernel tells at the
            end of a process knows no better: it begins with what we had when we started it.)

    Raises:
        Failed: one of them ended with another code than 0, or not in time.
    """
    environment = CALM if nagle else CALM | FAIR
    cpu = memory = 0.0
    with tempfile.TemporaryFile() as errors:
        started = time.perf_counter()
        processes = [
            subprocess.Popen(each, stdout=subprocess.DEVNULL, stderr=errors, env=environment)
            for each in commands
        ]
        in_time = True
        for process in processes:
            while watched and not _ends(process, time.perf_counter() + 0.005):
                memory = max(memory, peak(process.pid))
                if time.perf_counter() > started + limit:
                    break
            if in_time and not _ends(process, started + limit):
                in_time = False
                for each in processes:
                    if each.returncode is None:
                        each.kill()
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            cpu += usage.ru_utime + usage.ru_stime
        seconds = time.perf_counter() - started
        codes = [process.returncode for process in processes]
        if any(codes):
            errors.seek(0)
            said = errors.read().decode(errors="replace")[-2000:]
            how = f"ended with {codes}" if in_time else f"was killed after {limit:g} s"
            raise Failed(f"{' '.join(commands[0][:4])} {how}:\n{said}")
    return Figure(seconds, cpu, memory)


def _ends(process: subprocess.Popen[bytes], deadline: float) -> bool:
    """Whether a process has ended by then; it is left to be waited for."""
    watched = os.pidfd_open(process.pid)
    try:
        left = max(0.0, deadline - time.perf_counter())
        return bool(select.select([watched], [], [], left)[0])
    finally:
        os.close(watched)


def output(command: Sequence[str], *, limit: float = LIMIT) -> str:
    """What a program prints.

    Raises:
        Failed: it ended with another code than 0, or not within so many seconds.
    """
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, env=CALM | FAIR, check=False, timeout=limit
        )
    except subprocess.TimeoutExpired:
        raise Failed(f"{' '.join(command)} was killed after {limit:g} s") from None
    if done.returncode:
        raise Failed(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr[-2000:]}")
    return done.stdout


# ---------------------------------------------------------------------------------- receivers --


@dataclass(frozen=True)
class Listening:
    """A program that listens.

    Attributes:
        port: where.
        pid: of its process.
    """

    port: int
    pid: int

    def peak(self) -> float:
        """MiB of its resident set, at most so far."""
        found = peak(self.pid)
        if not found:
            raise Failed("its process is gone")
        return found


def peak(pid: int) -> float:
    """MiB of a process's resident set, at most so far; 0 if it has ended."""
    for line in Path(f"/proc/{pid}/status").read_text("ascii", "replace").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return 0.0


@contextlib.contextmanager
def listening(
    command: Callable[[int], Sequence[str]], *, nagle: bool = False
) -> Iterator[Listening]:
    """Start a program that listens on the port that it is given; end it."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
    process = subprocess.Popen(
        command(port),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=CALM if nagle else CALM | FAIR,
    )
    try:
        _await_listener(process, port)
        yield Listening(port, process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _await_listener(process: subprocess.Popen[bytes], port: int) -> None:
    # Looked up, not tried: a connection without an association is an event for some receivers.
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        for table in ("tcp", "tcp6"):
            for line in Path(f"/proc/{process.pid}/net/{table}").read_text("ascii").splitlines():
                words = line.split()
                if words[1].endswith(f":{port:04X}") and words[3] == LISTEN:
                    return
        time.sleep(0.01)
    raise Failed(f"{process.args!r} does not listen")


# -------------------------------------------------------------------------------- comparisons --


def alternate(
    runs: Mapping[str, Run], rounds: int, *, warm: bool = True
) -> dict[str, list[Figure]]:
    """All runs in turn, and that so many times: A B C A B C. With `warm` the first round doesn't count."""
    figures: dict[str, list[Figure]] = {name: [] for name in runs}
    for number in range(rounds + warm):
        for name, each in runs.items():
            figure = each()
            if number or not warm:
                figures[name].append(figure)
    return figures


@dataclass(frozen=True)
class Row:
    """A row of the table: ours beside somebody else's.

    Attributes:
        work: what is done.
        ours: the run of ours.
        theirs: the run that it is compared with.
        target: the ratio that is to be reached; None: no target.
    """

    work: str
    ours: str
    theirs: str
    target: float | None = None


@dataclass(frozen=True)
class Compared:
    """A row with its figures, of the same rounds.

    The ratio is worked out for each round, since the load of the machine changes from round to
    round; its median counts, lowest and highest show how far to trust it.
    """

    row: Row
    ours: list[Figure]
    theirs: list[Figure]
    ratios: list[float] = field(init=False)

    def __post_init__(self) -> None:
        pairs = zip(self.ours, self.theirs, strict=True)
        ratios = [ours.seconds / theirs.seconds for ours, theirs in pairs]
        object.__setattr__(self, "ratios", ratios)

    @property
    def ratio(self) -> float:
        return statistics.median(self.ratios)

    @property
    def reached(self) -> bool | None:
        return None if self.row.target is None else self.ratio <= self.row.target


def median(figures: Sequence[Figure]) -> Figure:
    """The median of each column."""
    columns = zip(*((each.seconds, each.cpu, each.memory) for each in figures), strict=True)
    return Figure(*(statistics.median(column) for column in columns))
