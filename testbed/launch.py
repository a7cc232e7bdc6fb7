"""Starting products: an SCU once per run from a command template, an SCP that has to be (re)started."""

import contextlib
import os
import shlex
import signal
import socket
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from .clock import Clock

#: Of a product's output, the last characters that are kept.
OUTPUT_LIMIT = 4000


class Handle(Protocol):
    """A started SCU."""

    def wait(self, timeout: float) -> int | None:
        """The exit code, None if it is still running after `timeout` seconds."""

    def kill(self) -> None:
        """End it, whatever it does."""

    def output(self) -> str:
        """What it printed, the end of it."""


#: (port to connect to, files to send, whether the run is about C-ECHO) -> the started product.
Launcher = Callable[[int, list[Path], bool], Handle]


class Process:
    """A product as a child process, in a process group of its own."""

    def __init__(self, arguments: list[str]) -> None:
        self._text = ""
        self._out = tempfile.TemporaryFile()  # noqa: SIM115 - closed once it was read to its end
        try:
            self._process = subprocess.Popen(  # noqa: S603 - the command is the user's
                arguments,
                stdin=subprocess.DEVNULL,
                stdout=self._out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except BaseException:
            self._out.close()
            raise

    def wait(self, timeout: float) -> int | None:
        """The exit code, None if it is still running after `timeout` seconds."""
        for piece in Clock().slices(timeout):
            with contextlib.suppress(subprocess.TimeoutExpired):
                return self._process.wait(piece)
        return None

    def kill(self) -> None:
        """End the process and its children."""
        if self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self.output()

    def output(self) -> str:
        """What it printed, the end of it; once it has ended, its file is given back."""
        if not self._out.closed:
            self._out.seek(0)
            self._text = self._out.read().decode("utf-8", "replace")[-OUTPUT_LIMIT:]
            if self._process.poll() is not None:
                self._out.close()
        return self._text


def expand(template: str, host: str, port: int, files: list[Path]) -> list[str]:
    """The arguments of a command template.

    `{host}` and `{port}` are replaced anywhere; an argument that is `{file}` or `{files}` becomes as
    many arguments as there are files; a `{file}` inside an argument becomes the first one.

    Raises:
        ValueError: the template is empty or its quoting is broken.
    """
    arguments: list[str] = []
    for word in shlex.split(template):
        if word in {"{file}", "{files}"}:
            arguments += [str(path) for path in files]
            continue
        first = str(files[0]) if files else ""
        replaced = word.replace("{host}", host).replace("{port}", str(port))
        arguments.append(replaced.replace("{file}", first))
    if not arguments:
        raise ValueError("the command is empty")
    return arguments


def command_launcher(store: str, echo: str, host: str) -> Launcher:
    """A launcher for command templates; `echo` may be empty, then `store` serves all cases."""

    def launch(port: int, files: list[Path], about_echo: bool) -> Handle:
        template = echo if (about_echo and echo) or not store else store
        return Process(expand(template, host, port, files))

    return launch


def wait_for_port(host: str, port: int, timeout: float) -> bool:
    """Whether something accepts connections within `timeout` seconds."""
    clock = Clock()
    while clock.now() < timeout:
        try:
            socket.create_connection((host, port), 1.0).close()
        except OSError:
            # Nothing to wait on: a port that nobody listens on gives no event.
            clock.sleep(0.1)
        else:
            return True
    return False
