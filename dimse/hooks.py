"""Commands that are run when an object or a study has come, without a shell.

A command is split into arguments once, by the rules of a POSIX shell for quotes; then the places in
it are filled. What a peer calls itself, or its study, can thus neither add an argument nor run
anything. DCMTK's storescp hands the line to /bin/sh: what needs a shell belongs into a script.

| place | stands for |
|---|---|
| `#p` | the directory that the file, or the study, is in |
| `#f` | the name of the file; only for objects |
| `#a`, `#c` | the calling and the called AE title |
| `#r` | the peer's address |
| `#i` | the SOP Instance UID; only for objects |
| `#s` | the Study Instance UID; only for studies |
"""

from __future__ import annotations

import contextlib
import queue
import re
import shlex
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from dimse.messages.base import Response
from dimse.provider import Observer
from dimse.requests import Requestor, ServiceRequest, StoreRequest
from dimse.storage.studies import Study, StudyLog
from dul.values import TYPE_CHECKING, dataclass

if TYPE_CHECKING:
    from typing import Any, Final

__all__ = ["CommandEnded", "CommandTemplate", "Hooks", "StudyObserver"]

WAITING: Final = 1000
"""Commands that wait for others to end; who has one more waits, too, and with it its peer."""

_PLACE: Final = re.compile(r"#([pfacris])")
_OF_OBJECTS, _OF_STUDIES = frozenset("pfacri"), frozenset("pacrs")
_SHELL: Final = frozenset("();<>|&")


class CommandTemplate:
    """A command with places.

    Args:
        line: as it would be typed; quotes keep blanks together.
        of: what it is run for.

    Raises:
        ValueError: it is empty, a quote is not closed, it needs a shell, or a place is none here.
    """

    def __init__(self, line: str, *, of: str = "object") -> None:
        lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
        lexer.commenters = ""
        lexer.whitespace_split = True
        self.arguments = tuple(lexer)
        if not self.arguments:
            raise ValueError("there is no command")
        unquoted = shlex.shlex(line, posix=False, punctuation_chars=True)
        unquoted.commenters = ""
        unquoted.whitespace_split = True
        for token in unquoted:
            if token and set(token) <= _SHELL:
                raise ValueError(
                    f"{token!r} means something to a shell only, and none is asked: put it into a "
                    "script, or write sh -c '...'"
                )
        allowed = _OF_OBJECTS if of == "object" else _OF_STUDIES
        for letter in _PLACE.findall(" ".join(self.arguments)):
            if letter not in allowed:
                raise ValueError(f"#{letter} is not known when a command runs for a whole {of}")

    def filled(self, values: Mapping[str, str]) -> list[str]:
        """The arguments, with values by their letters; what is put in is not looked at again."""
        return [
            _PLACE.sub(lambda found: _whole(values[found[1]]), argument)
            for argument in self.arguments
        ]


def _whole(value: str) -> str:
    """A value that can stand in an argument: none can with a NUL in it."""
    return value.replace("\0", "\ufffd").encode("utf-8", "replace").decode()


@dataclass(frozen=True, slots=True)
class CommandEnded:
    """What became of a command.

    Attributes:
        arguments: of it.
        code: its exit code; -n if signal n ended it; None if it could not be started, or was not.
        error: why not.
        seconds: how long it took.
    """

    arguments: tuple[str, ...]
    code: int | None
    error: str
    seconds: float


class StudyObserver(Observer):
    """Tells a `StudyLog` what a server stores, and who goes (see `Observer`).

    `stored` is for the server's `on_store`: a study is told of an object before its sender is.

    Args:
        studies: who is told; `enter` is called by who makes the names.
    """

    def __init__(self, studies: StudyLog) -> None:
        self._studies = studies

    def stored(self, request: StoreRequest) -> None:
        """An object is stored, and not answered yet. May wait, and raises what a `StudyLog` does."""
        if request.path is not None:
            self._studies.stored(request.requestor, request.path)

    def received(self, request: ServiceRequest[Any]) -> None:
        """A request came; its data set follows."""
        if isinstance(request, StoreRequest):
            self._studies.receiving(request.requestor)

    def answered(self, request: ServiceRequest[Any], response: Response) -> None:
        """A response was given."""
        del response
        if isinstance(request, StoreRequest):
            self._studies.received(request.requestor)

    def refused(self, request: ServiceRequest[Any], error: Exception) -> None:
        """Nothing was stored, and what is to be said of it others say."""

    def released(self, requestor: Requestor) -> None:
        """The peer released."""
        self._studies.left(requestor)

    def ended(self, requestor: Requestor, error: Exception) -> None:
        """The association ended in another way."""
        del error
        self._studies.left(requestor)


class Hooks:
    """Runs commands, at most some at a time; the others wait for their turn. Close it.

    What a command does, or that it fails, changes nothing about what is stored or answered.

    Args:
        told: is told of each that has ended; called from several threads.
        maximum: how many run at a time.
        waits: whether `stored` and `ended` return only when their command has ended.
        on_object: what is run for each object that is stored.
        on_study: what is run for each study that has ended.
    """

    def __init__(
        self,
        told: Callable[[CommandEnded], None],
        *,
        maximum: int = 4,
        waits: bool = False,
        on_object: CommandTemplate | None = None,
        on_study: CommandTemplate | None = None,
    ) -> None:
        self._told = told
        self._maximum = maximum
        self._waits = waits
        self._on_object = on_object
        self._on_study = on_study
        self._queue: queue.Queue[tuple[list[str], threading.Event] | None] = queue.Queue(WAITING)
        self._lock = threading.Lock()  # guards the two below
        self._threads: list[threading.Thread] = []
        self._idle = 0

    def stored(self, request: StoreRequest) -> None:
        """An object is stored: run its command, if there is one. May wait."""
        path = request.path
        if self._on_object is None or path is None:
            return
        values = _of(request.requestor, path.parent)
        values |= {"f": path.name, "i": request.sop_instance_uid}
        self._submit(self._on_object.filled(values))

    def ended(self, study: Study) -> None:
        """A study has ended: run its command, if there is one. May wait."""
        if self._on_study is None or study.directory is None:
            return
        values = _of(study.requestor, study.directory) | {"s": study.uid}
        self._submit(self._on_study.filled(values))

    def _submit(self, arguments: list[str]) -> None:
        done = threading.Event()
        with self._lock:
            if not self._idle and len(self._threads) < self._maximum:
                thread = threading.Thread(target=self._work, name="dimse-hook", daemon=True)
                self._threads.append(thread)
                thread.start()
        self._queue.put((arguments, done))
        if self._waits:
            done.wait()

    def _work(self) -> None:
        while True:
            with self._lock:
                self._idle += 1
            item = self._queue.get()
            with self._lock:
                self._idle -= 1
            if item is None:
                return
            arguments, done = item
            try:
                self._told(_run(arguments))
            finally:
                done.set()

    def close(self, grace: float | None = None) -> int:
        """Let what was begun and what waits come to its end.

        Args:
            grace: seconds to wait for that; None: as long as it takes. What runs then is left
                running.

        Returns:
            How many commands were not begun, or not waited for.
        """
        deadline = None if grace is None else time.monotonic() + grace
        with contextlib.suppress(queue.Full):
            for _ in self._threads:
                self._queue.put(None, timeout=grace)
        for thread in self._threads:
            thread.join(None if deadline is None else max(0.0, deadline - time.monotonic()))
        running = [thread for thread in self._threads if thread.is_alive()]
        left = 0
        with contextlib.suppress(queue.Empty):
            while True:
                item = self._queue.get_nowait()
                if item is not None:
                    left += 1
                    self._told(CommandEnded(tuple(item[0]), None, "the server ends", 0.0))
                    item[1].set()
        for _ in running:  # they end when their command does
            self._queue.put(None)
        return left + len(running)


def _of(requestor: Requestor, directory: Path) -> dict[str, str]:
    return {
        "p": str(directory),
        "a": requestor.calling_ae_title,
        "c": requestor.called_ae_title,
        "r": requestor.address.rpartition(":")[0].strip("[]"),
    }


def _run(arguments: Sequence[str]) -> CommandEnded:
    started = time.monotonic()
    code, error = None, ""
    try:
        # A session of its own: Ctrl-C in the server's terminal is not meant for it.
        process = subprocess.Popen(  # noqa: S603 - that is what a hook is for; no shell
            arguments, stdin=subprocess.DEVNULL, start_new_session=True
        )
        code = process.wait()
    except (OSError, ValueError) as caught:
        error = getattr(caught, "strerror", None) or str(caught)
    return CommandEnded(tuple(arguments), code, error, time.monotonic() - started)
