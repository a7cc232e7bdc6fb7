"""What a message costs as counts: calls, system calls and bytes copied, for an object and for a PDU.

Both ends run in one process, each in its thread; a count says the same on every machine. Calls are counted
here, with a profiler on. Bytes that are copied, and cleared, are counted in a process of its own, without
one, by stand-ins for the functions of the C library that do it: `children/copies.c` says what they see.
The kernel's own copies, between a file or a socket and memory, are not in it.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

from benchmarks.children.copied import BEFORE
from benchmarks.objects import Workload, make
from dimse import Client, Server, Spool
from dimse.dialogue import VERIFICATION_CONTEXT

__all__ = [
    "SYSTEM_CALLS",
    "Profiler",
    "can_compile",
    "copied",
    "counters",
    "counting_bytes",
    "served",
]

ROOT = Path(__file__).resolve().parent.parent
CHILDREN = Path(__file__).parent / "children"

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
    memory = copied(root) if can_compile() else {}
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
    return {name: memory.get(name, {}) | counts for name, counts in found.items()}


def can_compile() -> bool:
    """Whether there is a compiler for what counts bytes."""
    return shutil.which("cc") is not None


def counting_bytes(root: Path) -> dict[str, str]:
    """The environment of a Python that counts bytes as `copies.c` says, which is compiled into `root`."""
    library = root / "copies.so"
    flags = ["-O2", "-fno-builtin", "-fno-tree-loop-distribute-patterns", "-shared", "-fPIC"]
    compiled = ["cc", *flags, "-ftls-model=initial-exec", "-o", str(library)]
    subprocess.run([*compiled, str(CHILDREN / "copies.c")], check=True)
    # Always seeded alike, so that its tables of names are; ours are found where we are.
    ours = {"LD_PRELOAD": str(library), "PYTHONHASHSEED": "0", "PYTHONPATH": str(ROOT)}
    return os.environ | ours


def copied(root: Path) -> dict[str, dict[str, float]]:
    """Bytes that were copied and cleared in memory, by what for, as in `counters`."""
    environment, out = counting_bytes(root), root / "copied"
    out.mkdir()

    def bytes_of(*arguments: object) -> dict[str, dict[str, int]]:
        command = [sys.executable, str(CHILDREN / "copied.py"), *map(str, arguments)]
        done = subprocess.run(command, env=environment, check=True, capture_output=True)
        ends: dict[str, dict[str, int]] = json.loads(done.stdout)
        return ends

    found = {}
    for what, workload, units in (
        ("object of 4.8 KB", Workload("copied-small", MANY + BEFORE, 4096), MANY),
        (
            "PDU of 16 KiB of a large object",
            Workload("copied-large", 2 + BEFORE, LARGE_PIXELS),
            2 * LARGE_PIXELS / PDU,
        ),
    ):
        for end, counts in bytes_of("objects", out, *make(workload, root)).items():
            found[f"{what}, {end}"] = _difference({}, counts, units)
    first, associations, echoes = (
        bytes_of("echoes", *each)["receiver"] for each in ((FEW, 1), (MANY, 1), (1, MANY))
    )
    found["association accepted and released"] = _difference(first, associations, MANY - FEW)
    one_echo = bytes_of("echoes", 1, FEW)["receiver"]
    found["C-ECHO served"] = _difference(one_echo, echoes, MANY - FEW)
    (root / "copies.so").unlink()
    for folder in ("copied", "copied-small", "copied-large"):
        shutil.rmtree(root / folder)
    return found


def _difference(
    fewer: Mapping[str, int], more: Mapping[str, int], units: float
) -> dict[str, float]:
    return {name: round((count - fewer.get(name, 0)) / units, 1) for name, count in more.items()}


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
