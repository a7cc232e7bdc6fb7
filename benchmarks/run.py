"""`make bench`: the same work through us and through peers, as ratios in one run.

    python -m benchmarks.run [--quick] [--workload NAME]... [--repeat N]

Every figure is that of whole processes, start-up included, as the operating system accounts
for them: wall time of the sender; processor time and peak resident memory of both ends. The
files lie in shared memory, to leave the disk out. A ratio is the other tool's time over ours
with the same partner at the other end.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.objects import WORKLOADS, Workload, make
from benchmarks.tools import RECEIVERS, SENDERS, Receiver, Sender, installed

# What is worth comparing: sender, receiver. Ours against each peer, then the peers themselves.
PAIRS = [
    ("dulcet", "dcmtk"),
    ("dcmtk", "dcmtk"),
    ("dcmsend", "dcmtk"),
    ("pynetdicom", "dcmtk"),
    ("dulcet", "dcmtk+B"),
    ("dcmtk", "dcmtk+B"),
    ("dcmtk", "dulcet"),
    ("dcmtk", "pynetdicom"),
    ("pynetdicom", "dulcet"),
    ("pynetdicom", "pynetdicom"),
    ("dulcet", "dulcet"),
]


MAXIMUM_LOST = 3


@dataclass(frozen=True)
class Figure:
    """One transfer; times in seconds, memory in MiB."""

    wall: float
    sender_cpu: float
    sender_memory: float
    receiver_cpu: float
    receiver_memory: float


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


def await_listener(port: int, process: subprocess.Popen[bytes]) -> None:
    """Return when somebody listens; raise when the process is gone or nobody ever does."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.02)
    raise RuntimeError(f"{process.args!r} does not listen")


def finish(process: subprocess.Popen[bytes]) -> tuple[float, float, int]:
    """Wait for a process: its processor seconds, peak MiB and exit code."""
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, process.returncode


@contextlib.contextmanager
def receiving(
    receiver: Receiver, out: Path
) -> Iterator[tuple[int, list[tuple[float, float, int]]]]:
    """A running receiver: its port, and a list that gets its accounts when it ends."""
    port = free_port()
    accounts: list[tuple[float, float, int]] = []
    process = subprocess.Popen(
        receiver.command(port, out), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        await_listener(port, process)
        yield port, accounts
    finally:
        process.send_signal(signal.SIGTERM)
        accounts.append(finish(process))


def transfer(sender: Sender, receiver: Receiver, folder: Path, count: int) -> Figure:
    """Send the folder once; all objects must arrive."""
    with tempfile.TemporaryDirectory(dir=folder.parent) as name:
        out = Path(name)
        with receiving(receiver, out) as (port, accounts):
            started = time.perf_counter()
            process = subprocess.Popen(
                sender.command(port, folder), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
            )
            assert process.stderr is not None
            errors = process.stderr.read()
            process.stderr.close()
            cpu, memory, code = finish(process)
            wall = time.perf_counter() - started
        arrived = sum(1 for path in out.iterdir() if path.is_file())
        if code or arrived != count:
            raise RuntimeError(
                f"{sender.name} to {receiver.name}: exit {code}, {arrived} of {count} arrived\n"
                + errors.decode(errors="replace")[-2000:]
            )
        return Figure(wall, cpu, memory, accounts[0][0], accounts[0][1])


def transfers(
    sender: Sender, receiver: Receiver, folder: Path, count: int, repeat: int
) -> list[Figure]:
    """Send the folder several times; what a peer loses by its own fault is sent once more."""
    figures: list[Figure] = []
    lost = 0
    while len(figures) < repeat:
        try:
            figures.append(transfer(sender, receiver, folder, count))
        except RuntimeError as error:
            # pynetdicom's storescu loses a fast response now and then, and ends with 0.
            lost += 1
            if "pynetdicom" not in sender.name:
                raise
            print(str(error).splitlines()[0] + (": repeated" if lost < MAXIMUM_LOST else ""))
            if lost == MAXIMUM_LOST:
                return []
    return figures


def median(figures: list[Figure]) -> Figure:
    """The median of each column."""
    columns = zip(*(tuple(vars(figure).values()) for figure in figures), strict=True)
    return Figure(*(statistics.median(column) for column in columns))


def compare(workload: Workload, root: Path, repeat: int) -> None:
    """Run all pairs of a workload and print them."""
    folder = root / workload.name
    make(workload, folder)
    total = workload.count * workload.pixels / 1e6
    print(f"\n{workload.name}: {workload.what}")
    print(
        f"{'sender':20} {'receiver':20} {'wall s':>8} {'MB/s':>7}"
        f" | sender {'cpu s':>6} {'MiB':>5} | receiver {'cpu s':>6} {'MiB':>5}"
    )
    walls: dict[tuple[str, str], float] = {}
    for pair in PAIRS:
        sender, receiver = SENDERS[pair[0]], RECEIVERS[pair[1]]
        if not (installed(sender) and installed(receiver)):
            print(f"{sender.name:20} {receiver.name:20} not installed")
            continue
        figures = transfers(sender, receiver, folder, workload.count, repeat)
        if not figures:
            print(f"{sender.name:20} {receiver.name:20} it lost objects each time")
            continue
        figure = median(figures)
        walls[pair] = figure.wall
        print(
            f"{sender.name:20} {receiver.name:20} {figure.wall:8.2f} {total / figure.wall:7.0f}"
            f" |        {figure.sender_cpu:6.2f} {figure.sender_memory:5.0f}"
            f" |          {figure.receiver_cpu:6.2f} {figure.receiver_memory:5.0f}",
            flush=True,
        )
    print_ratios(walls)


def print_ratios(walls: dict[tuple[str, str], float]) -> None:
    """How many times as long others take as we do, with the same partner."""
    for (sender, receiver), wall in walls.items():
        if sender != "dulcet" and ("dulcet", receiver) in walls and receiver != "dulcet":
            ratio = wall / walls["dulcet", receiver]
            print(f"  sending to {receiver}: {sender} takes {ratio:.2f} times as long as dulcet")
        if receiver != "dulcet" and (sender, "dulcet") in walls and sender != "dulcet":
            ratio = wall / walls[sender, "dulcet"]
            print(
                f"  receiving from {sender}: {receiver} takes {ratio:.2f} times as long as dulcet"
            )


def main() -> int:
    """Parse the arguments and run."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--workload", action="append", choices=[*WORKLOADS], help="default: all")
    parser.add_argument(
        "--repeat", type=int, default=1, help="runs of each pair; medians are shown"
    )
    parser.add_argument("--quick", action="store_true", help="a tenth of the objects")
    arguments = parser.parse_args()
    base = Path("/dev/shm") if Path("/dev/shm").is_dir() else Path(tempfile.gettempdir())
    root = Path(tempfile.mkdtemp(prefix="dulcet-bench-", dir=base))
    try:
        for name in arguments.workload or WORKLOADS:
            workload = WORKLOADS[name]
            if arguments.quick:
                workload = Workload(
                    workload.name,
                    max(1, workload.count // 10),
                    min(workload.pixels, 1 << 26),
                    workload.what + " (a tenth of it)",
                )
            compare(workload, root, arguments.repeat)
    finally:
        shutil.rmtree(root)
    return 0


if __name__ == "__main__":
    sys.exit(main())
