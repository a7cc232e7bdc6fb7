"""When a study has come as a whole, as far as an acceptor can know: nobody tells it.

A study has ended

- when an object of another study has come, and no open association is still at it: the last object
  of none of them was one of it; or
- when nothing of it has come for a time that is given.

The first is what DCMTK's storescp goes by, for associations one after the other. `Studies` is told
what comes, and the time; it tells in turn which studies have ended. `StudyClock` is the thread that
looks after the time.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from dimse.requests import Requestor
from dul.values import TYPE_CHECKING, Protocol, dataclass, field

if TYPE_CHECKING:
    from typing import Self

__all__ = ["Studies", "Study", "StudyClock", "StudyLog"]


@dataclass(eq=False, slots=True)
class Study:
    """A study that comes, from its first object to its end. If it comes again, it is another one.

    Attributes:
        uid: Study Instance UID, as it stands in the objects; "" for those that have none.
        stamp: when the first object came, YYYYMMDD_HHMMSSmmm in local time; of two studies that
            came together the second has _0001 behind it, and so on.
        requestor: who sent the last object.
        paths: the files of its objects, in the order in which they were stored; of those that were
            stored twice, twice.
        directory: the directory that the last one is in; None before the first one.
        objects: how many were stored.
    """

    uid: str
    stamp: str
    requestor: Requestor
    paths: list[Path] = field(default_factory=list)
    directory: Path | None = None
    objects: int = 0
    last: float = 0.0
    """On the clock: when the last object came."""


class StudyLog(Protocol):
    """Who is told what comes of studies: `Studies`, or a line to those of several processes."""

    def receiving(self, requestor: Requestor) -> None:
        """An object is on its way. It may be one of the study that its association is at."""

    def received(self, requestor: Requestor) -> None:
        """The object has come, or what has come of it is dropped."""

    def enter(self, uid: str, requestor: Requestor) -> Study:
        """An object of a study is about to be stored; gives the study.

        Args:
            uid: the Study Instance UID; "" for objects without one, which are a study too.
            requestor: who sends it.
        """

    def stored(self, requestor: Requestor, path: Path) -> None:
        """The object is stored whose study this association has entered last.

        Args:
            requestor: who sent it.
            path: of its file.
        """

    def left(self, requestor: Requestor) -> None:
        """An association is over."""


class Studies:
    """The studies that are coming: a `StudyLog`. Threads may share it.

    Args:
        ended: is told of each study that has ended; must not block.
        timeout: seconds without an object after which a study has ended; None: no matter how long.
        remember_paths: keep `Study.paths`, which takes memory while a study is open.
        clock: gives seconds.
        now: gives the local time, for `Study.stamp`.
    """

    def __init__(
        self,
        ended: Callable[[Study], None],
        *,
        timeout: float | None = None,
        remember_paths: bool = False,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = datetime.now,
    ) -> None:
        self._ended = ended
        self._timeout = timeout
        self._remember_paths = remember_paths
        self._clock = clock
        self._now = now
        self._lock = threading.Lock()  # guards all below
        self._open: dict[str, Study] = {}
        self._at: dict[str, Study] = {}  # the study that each association is at, by its address
        self._receiving: set[str] = set()  # associations that an object is on its way on
        self._latest: Study | None = None
        self._last_stamp, self._stamps = "", 0
        self.changed: Callable[[], None] = lambda: None
        """Is called when `due` may have become earlier."""

    def receiving(self, requestor: Requestor) -> None:
        """An object is on its way. It may be one of the study that its association is at."""
        with self._lock:
            self._receiving.add(requestor.address)

    def received(self, requestor: Requestor) -> None:
        """The object has come, or what has come of it is dropped."""
        with self._lock:
            self._receiving.discard(requestor.address)
            study = self._at.get(requestor.address)
            if study is not None:
                study.last = self._clock()
        self.changed()

    def enter(self, uid: str, requestor: Requestor) -> Study:
        """An object of a study is about to be stored; gives the study.

        Args:
            uid: the Study Instance UID; "" for objects without one, which are a study too.
            requestor: who sends it.
        """
        with self._lock:
            study = self._open.get(uid)
            if study is None:
                study = Study(uid, self._stamp(), requestor)
                study.last = self._clock()
                self._open[uid] = study
            self._at[requestor.address] = study
        self.changed()
        return study

    def stored(self, requestor: Requestor, path: Path) -> None:
        """The object is stored whose study this association has entered last.

        Args:
            requestor: who sent it.
            path: of its file.
        """
        with self._lock:
            study = self._at.get(requestor.address)
            if study is None:
                return
            study.requestor = requestor
            study.directory = path.parent
            study.objects += 1
            study.last = self._clock()
            if self._remember_paths:
                study.paths.append(path)
            self._latest = study
            ended = self._superseded()
        self._tell(ended)

    def left(self, requestor: Requestor) -> None:
        """An association is over."""
        with self._lock:
            self._at.pop(requestor.address, None)
            self._receiving.discard(requestor.address)
            ended = self._superseded()
        self._tell(ended)

    def due(self) -> float | None:
        """In how many seconds a study will have ended if nothing comes; None: no study will."""
        with self._lock:
            waited_for = self._waited_for()
            if self._timeout is None or not waited_for:
                return None
            first = min(study.last for study in waited_for)
            return max(0.0, first + self._timeout - self._clock())

    def expire(self) -> None:
        """See which studies have ended because nothing came."""
        with self._lock:
            if self._timeout is None:
                return
            limit = self._clock() - self._timeout
            ended = [study for study in self._waited_for() if study.last <= limit]
            self._drop(ended)
        self._tell(ended)

    def close(self) -> None:
        """Nothing comes any more: all that are open have ended."""
        with self._lock:
            ended = list(self._open.values())
            self._drop(ended)
        self._tell(ended)

    def _waited_for(self) -> list[Study]:
        """The open studies but those of which something may be on its way."""
        coming = {id(self._at[key]) for key in self._receiving if key in self._at}
        return [study for study in self._open.values() if id(study) not in coming]

    def _stamp(self) -> str:
        now = self._now()
        stamp = f"{now:%Y%m%d_%H%M%S}{now.microsecond // 1000:03}"
        # A clock that is set back must not give a stamp twice.
        self._stamps = self._stamps + 1 if stamp <= self._last_stamp else 0
        self._last_stamp = max(stamp, self._last_stamp)
        return f"{self._last_stamp}_{self._stamps:04}" if self._stamps else stamp

    def _superseded(self) -> list[Study]:
        """The studies behind which another one has come, and that nobody is at."""
        ended = []
        if self._latest is not None:
            busy = {id(study) for study in self._at.values()} | {id(self._latest)}
            ended = [study for study in self._open.values() if id(study) not in busy]
            self._drop(ended)
        return ended

    def _drop(self, ended: list[Study]) -> None:
        for study in ended:
            del self._open[study.uid]
            if self._latest is study:
                self._latest = None
        gone = {id(study) for study in ended}
        self._at = {key: study for key, study in self._at.items() if id(study) not in gone}

    def _tell(self, ended: list[Study]) -> None:
        for study in ended:
            if study.objects:  # else nothing of it was stored
                self._ended(study)


class StudyClock:
    """A thread that ends studies when their time is over. Close it, or use `with`."""

    def __init__(self, studies: Studies) -> None:
        self._studies = studies
        self._changed = threading.Condition()
        self._closed = False
        self._news = False
        studies.changed = self._wake
        self._thread = threading.Thread(target=self._run, name="dimse-studies", daemon=True)
        self._thread.start()

    def _wake(self) -> None:
        with self._changed:
            self._news = True
            self._changed.notify()

    def _run(self) -> None:
        while True:
            due = self._studies.due()
            with self._changed:
                if not (self._news or self._closed):
                    self._changed.wait(due)
                self._news = False
                if self._closed:
                    return
            self._studies.expire()

    def close(self) -> None:
        """End the thread; open studies stay open. Idempotent."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
