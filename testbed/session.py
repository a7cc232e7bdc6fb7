"""A session: one product, one run of the testbed; what all its cases share."""

import contextlib
import socket
import sys
import tempfile
import threading
import time
import weakref
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from testbed import catalogue, messages, raw
from testbed.launch import Launcher
from testbed.model import Case, Facts, Sub, Verdict
from testbed.observe import LogEntry, Wire
from testbed.parse import Message, uid_text
from testbed.settings import Settings, server_tls
from testbed.trace import matches

if TYPE_CHECKING:
    from testbed.scene import Scene

#: How long a started SCU may take to call us.
CALL_TIMEOUT = 20.0


class Session:
    """Settings, the launcher of an SCU, and what has been learnt about the product."""

    def __init__(self, settings: Settings, role: str, launcher: Launcher | None = None) -> None:
        self.settings = settings
        self.role = role
        self.launcher = launcher
        self.target: dict[str, Any] = {"host": settings.host, "port": settings.port}
        self.observed: list[tuple[str, Message]] = []
        self._lock = threading.Lock()
        self._wires: weakref.WeakSet[Wire] = weakref.WeakSet()
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._files: dict[tuple[int, bool], list[Path]] = {}
        # By its place in the whole catalogue, so that a product's configuration stays right.
        self._places = {case.id: place for place, case in enumerate(catalogue.cases("scu"), 1)}
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
        """A SOP Instance UID not used before in this session."""
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

    def listen(self, scene: "Scene") -> int:
        """Open the scene's listening socket; its port."""
        settings = self.settings
        port = settings.listen
        if settings.port_per_case:
            port += self._places.get(scene.case_id, 0)
        scene.listener = socket.create_server((settings.host, port))
        return int(scene.listener.getsockname()[1])

    def start(self, scene: "Scene", case: Case, port: int) -> None:
        """Start the product, if it is ours to start."""
        if self.launcher is None:
            return
        count = 2 if "two-files" in case.needs else 1
        files = self.files(count, big="big-file" in case.tags)
        scene.handle = self.launcher(port, files, "echo" in case.needs)

    def start_plain(self, scene: "Scene", port: int) -> None:
        """Start the product with one small file, outside any case's needs."""
        if self.launcher is not None:
            scene.handle = self.launcher(port, self.files(1, big=False), False)

    def meet(self, scene: "Scene", case: Case) -> None:
        """Listen, start the product, and take its connection.

        Raises:
            Unmet: the product did not call.
        """
        port = self.listen(scene)
        self.start(scene, case, port)
        self.take_call(scene)

    def take_call(self, scene: "Scene") -> None:
        """Accept the product's connection and make it the scene's.

        Raises:
            Unmet: nobody called.
        """
        from testbed.scene import Unmet  # noqa: PLC0415 - scene imports this module's types

        listener = scene.listener
        if listener is None:
            raise RuntimeError("listen first")
        listener.settimeout(CALL_TIMEOUT if self.launcher else None)
        if self.launcher is None:
            port = listener.getsockname()[1]
            print(f"{scene.case_id}: start the product towards port {port}", file=sys.stderr)
        try:
            sock, _ = listener.accept()
            if self.settings.tls:
                sock.settimeout(CALL_TIMEOUT)
                sock = server_tls(self.settings).wrap_socket(sock, server_side=True)
        except OSError as error:
            message = f"the product did not call: {error}"
            raise Unmet(Verdict.FAIL, message, Sub.PRECONDITION) from error
        wire = Wire(sock, scene.log, len(scene.wires) + 1)
        wire.note("the product connected")
        scene.adopt(wire)

    # -- baseline and liveness of an SCP

    def live(self, *, timeout: float | None = None) -> tuple[str, list[LogEntry]]:
        """A fresh association, a C-ECHO, a release: "" if all went well, else what did not."""
        from testbed.scene import Scene, Unmet  # noqa: PLC0415 - scene imports this module's types

        scene = Scene(self, "LIVE")
        if timeout is not None:
            scene.settings = replace(self.settings, timeout=timeout)
        try:
            facts = scene.facts
            scene.associate(raw.associate_rq(facts.called, facts.calling), need=(1,))
            scene.send(messages.command_pdu(messages.echo_rq(1)), "C-ECHO-RQ")
            scene.read_until("RSP", scene.settings.timeout)
            if not matches("C-ECHO-RSP(0000)", scene.tokens):
                return f"no C-ECHO success (seen: {' '.join(scene.tokens) or 'nothing'})", scene.log
            scene.release()
            self._learn(scene)
        except Unmet as reason:
            return str(reason), scene.log
        finally:
            scene.close()
        return "", scene.log

    def _learn(self, scene: "Scene") -> None:
        ac = scene.ac
        if ac is None or "max_length" in self.target:
            return
        versions, classes = ac.subitems(0x55), ac.subitems(0x52)
        self.target["max_length"] = ac.max_length
        self.target["implementation_class"] = uid_text(classes[0]) if classes else ""
        self.target["implementation_version"] = uid_text(versions[0]) if versions else ""

    def close(self) -> None:
        """Remove the files made for the run."""
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None
