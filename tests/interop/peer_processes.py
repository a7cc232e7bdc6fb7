"""Starting and stopping programs of other stacks, on loopback, without guesses about time.

Readiness of a listener is read from the kernel's table of sockets, not by connecting: a probe
connection would be an association that begins and breaks, and some peers serve only one.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import signal
import socket
import struct
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

ROOT = Path(__file__).resolve().parent.parent.parent
LOOPBACK = "127.0.0.1"
START_SECONDS = 60  # a Java or Orthanc start on a busy machine
RUN_SECONDS = 120
STOP_SECONDS = 5

CLONE_NEWNET = 0x40000000
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 0x1


class PeerError(AssertionError):
    """A peer did not do what the harness needs of it."""


@dataclass(frozen=True)
class Outcome:
    """How a program ended."""

    code: int
    log: str

    @property
    def ok(self) -> bool:
        return self.code == 0


# ---- a network of its own


@contextlib.contextmanager
def private_network() -> Iterator[bool]:
    """A network namespace with nothing but loopback, for this thread and what it starts.

    Some peers bind every interface; inside they are out of everybody's reach. Yields whether
    there is one: it takes root on Linux, and without it the peers run in the open network.
    """
    home = _enter_new_network()
    if home is None:
        yield False
        return
    try:
        yield True
    finally:
        try:
            if ctypes.CDLL(None, use_errno=True).setns(home, CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), "setns")
        finally:
            os.close(home)


def _enter_new_network() -> int | None:
    try:
        home = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET):
        os.close(home)
        return None
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = struct.pack("16sH14x", b"lo", 0)
        flags = struct.unpack_from("16xH", fcntl.ioctl(any_socket, SIOCGIFFLAGS, request))[0]
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", flags | IFF_UP))
    return home


def free_port() -> int:
    """A port that nobody listens on now; for peers which cannot choose one themselves."""
    with socket.socket() as listener:
        listener.bind((LOOPBACK, 0))
        return int(listener.getsockname()[1])


def listening(port: int) -> bool:
    """Whether somebody listens on this TCP port, by the kernel's own word."""
    for table in ("tcp", "tcp6"):
        with contextlib.suppress(FileNotFoundError):
            for line in Path(f"/proc/thread-self/net/{table}").read_text("ascii").splitlines()[1:]:
                _, local, _, state, *_ = line.split()
                if state == "0A" and int(local.rpartition(":")[2], 16) == port:
                    return True
    return False


# ---- programs


def _start(
    command: Sequence[str], log: Path | None, env: Mapping[str, str], cwd: Path
) -> subprocess.Popen[bytes]:
    with contextlib.ExitStack() as stack:
        output = stack.enter_context(log.open("wb")) if log else subprocess.DEVNULL
        return subprocess.Popen(
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # so that its children end with it
            env=os.environ | env,
            cwd=cwd,
        )


def _end(process: subprocess.Popen[bytes], *, gently: bool = True) -> None:
    """End the process group that `_start` made, and no other."""
    for each in (signal.SIGTERM, signal.SIGKILL) if gently else (signal.SIGKILL,):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, each)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(STOP_SECONDS)
            break
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)  # children that outlived their parent


def _text(log: Path | None, most: int = 20_000) -> str:
    return log.read_bytes()[-most:].decode("utf-8", "replace") if log else ""


def run(
    command: Sequence[str],
    *,
    keep_output: bool = True,
    env: Mapping[str, str] | None = None,
    cwd: Path = ROOT,
    seconds: float = RUN_SECONDS,
) -> Outcome:
    """Run a program to its end; one that doesn't end is killed, and that is a `PeerError`."""
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log" if keep_output else None
        process = _start(command, log, env or {}, cwd)
        try:
            code = process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise PeerError(f"{command[0]} did not end in {seconds} s\n{_text(log)}") from None
        finally:
            _end(process, gently=False)
        return Outcome(code, _text(log))


class Service:
    """A program that listens, from its start to `close`.

    Its port is either given, or chosen by the program, which then writes it into `port_file`.
    """

    def __init__(
        self,
        command: Sequence[str],
        port: int = 0,
        *,
        port_file: Path | None = None,
        log: Path | None = None,
        env: Mapping[str, str] | None = None,
        cwd: Path = ROOT,
    ) -> None:
        self.port = port
        self.command = command
        self._log = log
        self._process = _start(command, log, env or {}, cwd)
        try:
            if port_file:
                self.wait_until(port_file.exists, "write its port")
                self.port = int(port_file.read_text("ascii"))
            self.wait_ready()
        except BaseException:
            self.close()
            raise

    @property
    def log(self) -> str:
        """The end of what it has printed so far."""
        return _text(self._log)

    def wait_until(
        self, condition: Callable[[], bool], what: str, seconds: float = START_SECONDS
    ) -> None:
        """Wait for a condition; an end of the program ends the wait."""
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                raise PeerError(f"{self.command[0]} did not {what} in {seconds} s\n{self.log}")
            # Waiting for the process is the pause between looks, and sees it die at once.
            with contextlib.suppress(subprocess.TimeoutExpired):
                code = self._process.wait(0.01)
                raise PeerError(f"{self.command[0]} ended with {code}\n{self.log}")

    def wait_ready(self) -> None:
        """Wait until it listens; some peers stop listening while they serve."""
        self.wait_until(lambda: listening(self.port), f"listen on port {self.port}")

    def close(self) -> None:
        """End it and its children."""
        _end(self._process)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
