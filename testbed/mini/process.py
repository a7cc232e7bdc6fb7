"""A mini requestor run as if it were a process: started, waited for, ended."""

import contextlib
import socket
import threading
from dataclasses import replace
from pathlib import Path

from ..clock import Clock
from ..launch import Handle, Launcher
from .mutation import mutations
from .peer import Config, Gone
from .requestor import Requestor


class Thread:
    """A mini requestor run as if it were a process."""

    def __init__(self, config: Config, port: int, files: list[Path], *, echo: bool) -> None:
        self.code: int | None = None
        self.sock: socket.socket | None = None
        self._ended = threading.Event()
        self._arguments = (config, port, files, echo)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        config, port, files, echo = self._arguments
        idle = mutations(config.faults)
        if (1, 1) in idle:  # AE-1 is not done
            self._ended.wait(config.linger)
            return
        try:
            self.sock = socket.create_connection(("127.0.0.1", port), 5.0)
        except OSError:
            if (4, 17) in idle:  # nor is AA-4
                self._ended.wait(config.linger)
            self.code = 1
            return
        if config.wrap is not None:
            try:
                self.sock = config.wrap(self.sock)
            except OSError:
                self.sock.close()
                self.code = 1
                return
        link = Requestor(self.sock, config, files, echo=echo)
        try:
            link.main()
        except Gone:
            pass
        finally:
            self.sock.close()
            self.code = link.code

    def wait(self, timeout: float) -> int | None:
        """The exit code, None if it is still running after `timeout` seconds."""
        for piece in Clock().slices(timeout):
            self._thread.join(piece)
            if not self._thread.is_alive():
                return self.code
        return None

    def kill(self) -> None:
        """End it by closing its connection."""
        self._ended.set()
        if self.sock is not None:
            with contextlib.suppress(OSError):
                self.sock.shutdown(socket.SHUT_RDWR)
            self.sock.close()

    def output(self) -> str:
        """Nothing: a mini peer does not print."""
        return ""


def thread_launcher(config: Config) -> Launcher:
    """A launcher of mini requestors."""
    quick = replace(config, send_timeout=config.patience)

    def launch(port: int, files: list[Path], about_echo: bool) -> Handle:
        return Thread(quick, port, files, echo=about_echo)

    return launch
