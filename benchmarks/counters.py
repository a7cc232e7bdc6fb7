"""What a message costs as counts: calls, system calls and bytes copied, for an object and for a PDU.

Both ends run in this process, each in its thread, with a profiler on; a count says the same on every
machine. `copied` is what Python copies in memory: the kernel's own copies, one at either end, are not
in it.
"""

from __future__ import annotations

import shutil
import sys
import threading
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

from benchmarks.objects import Workload, make
from dimse import Client, Server, Spool
from dimse.dialogue import VERIFICATION_CONTEXT

__all__ = ["SYSTEM_CALLS", "Profiler", "counters", "served"]

SYSTEM_CALLS = frozenset(
    {
        "poll",
        "_accept",
        "setblocking",
        "setsockopt",
        "recv_into",
        "recv",
        "sendmsg",
        "send",
        "ioctl",
    }
    | {"open", "close", "stat", "fstat", "fchmod", "writev", "pread", "preadv", "readinto", "read"}
    | {
        "fsync",
        "flock",
        "dup",
        "link",
        "rename",
        "unlink",
        "mkdir",
        "urandom",
        "scandir",
        "listdir",
    }
)
"""Functions in C that are one system call each."""
_NONE = frozenset({"generator", "coroutine", "bytes", "memoryview", "BytesIO"})

FEW, MANY = 20, 120
"""Objects of two runs: their difference has no start and no end in it."""
PDU = 16384
LARGE_PIXELS = 8 << 20


@dataclass
class Profiler:
    """Counts the calls of one thread.

    Attributes:
        calls: of functions in Python.
        in_c: of functions in C.
        system: those of them that are system calls, by name.
    """

    calls: int = 0
    in_c: int = 0
    system: Counter[str] = field(default_factory=Counter)

    def __call__(self, _: FrameType, event: str, argument: Any) -> None:
        if event == "call":
            self.calls += 1
        elif event == "c_call":
            self.in_c += 1
            kind, name = getattr(argument, "__qualname__", "").rpartition(".")[::2]
            if name in SYSTEM_CALLS and kind not in _NONE:
                self.system[name] += 1


@dataclass(frozen=True)
class Counts:
    sender: Profiler
    receiver: Profiler


def _send(paths: list[Path], out: Path) -> Counts:
    """Send objects on one association, with a profiler on either thread."""
    sender, receiver = Profiler(), Profiler()
    before = sys.getprofile()
    threading.setprofile(receiver)
    try:
        with Spool(out) as spool, Server(spool.open, host="127.0.0.1") as server:
            client = Client("127.0.0.1", server.address[1])
            sys.setprofile(sender)
            stored = [each.stored for each in client.store(paths)]
            sys.setprofile(before)
    finally:
        sys.setprofile(before)
        threading.setprofile(None)
    assert stored == [True] * len(paths)
    shutil.rmtree(out)
    out.mkdir()
    return Counts(sender, receiver)


def served(associations: int, echoes: int) -> Profiler:
    """What a server calls, from its start to its end, for associations with so many C-ECHOs each."""
    found = Profiler()
    threading.setprofile(found)
    try:
        with Server(host="127.0.0.1") as server:
            client = Client("127.0.0.1", server.address[1])
            for _ in range(associations):
                with client.associate([VERIFICATION_CONTEXT]) as session:
                    for _ in range(echoes):
                        session.echo()
    finally:
        threading.setprofile(None)
    return found


def counters(root: Path) -> dict[str, dict[str, float]]:
    """Counts by what they are of: "small object, storescu" and so on."""
    out = root / "counted"
    out.mkdir(parents=True)
    found: dict[str, dict[str, float]] = {}
    small = make(Workload("counted-small", MANY, 4096), root)
    large = make(Workload("counted-large", 2, LARGE_PIXELS), root)
    _send(small[:FEW], out)  # what is loaded late is loaded
    few, many = _send(small[:FEW], out), _send(small, out)
    one, two = _send(large[:1], out), _send(large, out)
    for end in ("sender", "receiver"):
        found[f"object of 4.8 KB, {end}"] = _per(getattr(few, end), getattr(many, end), MANY - FEW)
        found[f"PDU of 16 KiB of a large object, {end}"] = _per(
            getattr(one, end), getattr(two, end), LARGE_PIXELS / PDU
        )
    served(1, 1)  # what is loaded late is loaded
    found["association accepted and released"] = _per(served(FEW, 1), served(MANY, 1), MANY - FEW)
    found["C-ECHO served"] = _per(served(1, FEW), served(1, MANY), MANY - FEW)
    for folder in ("counted", "counted-small", "counted-large"):
        shutil.rmtree(root / folder)
    return found


def _per(fewer: Profiler, more: Profiler, units: float) -> dict[str, float]:
    """The difference of two runs, for one of so many units."""
    system = more.system - fewer.system
    return {
        "python calls": round((more.calls - fewer.calls) / units, 2),
        "calls in C": round((more.in_c - fewer.in_c) / units, 2),
        "system calls": round(system.total() / units, 2),
    } | {
        name: round(count / units, 2)
        for name, count in sorted(system.items())
        if count / units >= 0.01
    }
