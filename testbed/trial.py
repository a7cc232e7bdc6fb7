"""A trial: one product, one run of the testbed; what all its cases share."""

import contextlib
import socket
import tempfile
import threading
import time
import weakref
from dataclasses import replace
from pathlib import Path
from typing import Any

from . import messages
from .facts import Facts
from .launch import Launcher
from .observe import Wire
from .parse import Message
from .settings import Settings
from .timings import Stopwatch


class Trial:
    """Settings, the launcher of an SCU, and what has been learnt about the product."""

    def __init__(self, settings: Settings, role: str, launcher: Launcher | None = None) -> None:
        self.settings = settings
        self.role = role
        self.launcher = launcher
        self.tls_launcher = launcher
        self.target: dict[str, Any] = {"host": settings.host, "port": settings.port}
        self.observed: list[tuple[str, Message]] = []
        self.stopwatch = Stopwatch()
        self._lock = threading.Lock()
        self._wires: weakref.WeakSet[Wire] = weakref.WeakSet()
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._files: dict[tuple[int, bool], list[Path]] = {}
        self._counter = 0

    def facts(self) -> Facts:
        """What a stimulus may know before the association tells more."""
        facts = self.settings.facts()
        peer_max = int(self.target.get("max_length") or 0)
        return replace(facts, peer_max=peer_max, fresh=self.unique_uid())

    def observe_message(self, case_id: str, message: Message) -> None:
        """Keep a message of the product for the cases that look at every reply."""
        with self._lock:
            self.observed.append((case_id, message))

    def remember(self, wire: Wire) -> None:
        """Know a connection, so that `interrupt` can end it."""
        with self._lock:
            self._wires.add(wire)

    def interrupt(self) -> None:
        """End every connection at once: threads that read from them come back."""
        with self._lock:
            for wire in self._wires:
                wire.fin()
                with contextlib.suppress(OSError):
                    wire.sock.shutdown(socket.SHUT_RDWR)

    def unique_uid(self) -> str:
        """A SOP Instance UID not used before in this trial."""
        with self._lock:
            self._counter += 1
            return f"2.25.{time.time_ns()}{self._counter:05d}"

    # -- the product as SCU

    def files(self, count: int, *, big: bool) -> list[Path]:
        """`count` CT files to send; the big ones hold about 8 MiB each."""
        key = (count, big)
        if key not in self._files:
            if self._folder is None:
                self._folder = tempfile.TemporaryDirectory(prefix="dulspec-")
            folder = Path(self._folder.name)
            side = 2048 if big else 16
            paths = []
            for number in range(count):
                path = folder / f"{'big' if big else 'ct'}{count}-{number}.dcm"
                path.write_bytes(messages.part10(f"2.25.40000{number + 1}", side=side))
                paths.append(path)
            self._files[key] = paths
        return self._files[key]

    def close(self) -> None:
        """Remove the files made for the run."""
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None
