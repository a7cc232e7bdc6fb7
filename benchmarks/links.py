"""Links with delay: a network namespace with netem where the kernel has it, else a proxy of ours."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from benchmarks.measure import listening
from benchmarks.programs import delaying

__all__ = ["Link", "delayed", "netem_is_there"]


@dataclass(frozen=True)
class Link:
    """What is between a sender and its receiver.

    Attributes:
        prefix: stands before the command of either.
        delay: milliseconds of a round trip that a proxy adds; 0: none is needed.
    """

    prefix: Sequence[str] = field(default=())
    delay: float = 0.0

    @contextlib.contextmanager
    def to(self, port: int) -> Iterator[int]:
        """Where a sender has to call, to reach a receiver that listens there."""
        if not self.delay:
            yield port
            return
        with listening(lambda entry: delaying(entry, port, self.delay)) as proxy:
            yield proxy.port


def netem_is_there() -> bool:
    """Whether a namespace with a delayed loopback can be made: it takes root, and the kernel's netem."""
    with contextlib.suppress(OSError, subprocess.CalledProcessError), _namespace(1.0):
        return True
    return False


@contextlib.contextmanager
def delayed(milliseconds: float) -> Iterator[Link]:
    """A link whose round trip takes so long."""
    if not netem_is_there():
        yield Link(delay=milliseconds)
        return
    with _namespace(milliseconds) as name:
        yield Link(prefix=("ip", "netns", "exec", name))


@contextlib.contextmanager
def _namespace(milliseconds: float) -> Iterator[str]:
    """A namespace of our own; both ends run in it, and each packet between them waits."""
    name = f"dulcet-bench-{os.getpid()}"
    _run("ip", "netns", "add", name)
    try:
        _run("ip", "-n", name, "link", "set", "lo", "up")
        half = f"{milliseconds / 2:g}ms"
        _run("tc", "-n", name, "qdisc", "add", "dev", "lo", "root", "netem", "delay", half)
        yield name
    finally:
        _run("ip", "netns", "del", name)


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)
