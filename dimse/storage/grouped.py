"""Work that many associations want done at the same time, done once for all of them.

A flush of a directory or a commit of a database takes as long for a hundred objects as for one. Who
comes while one is on its way waits for the next, which counts for all that wait by then.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from dul.values import Generic, TypeVar

__all__ = ["Grouped"]

T = TypeVar("T")


class _Group(Generic[T]):
    """Those who come while the group before is worked for."""

    def __init__(self) -> None:
        self.items: list[T] = []
        self.done = False
        self.error: BaseException | None = None


class Grouped(Generic[T]):
    """Does something for a group of items at a time, in one of the threads that brought them.

    Args:
        work: does it for all items of a group, in the order in which they came; what it raises is
            raised to everyone who brought one. It never runs twice at the same time.
    """

    def __init__(self, work: Callable[[list[T]], None]) -> None:
        self._work = work
        self._lock = threading.Lock()
        self._turn = threading.Condition(self._lock)  # for those who wait
        self._busy = False
        self._next: _Group[T] = _Group()

    def submit(self, item: T) -> None:
        """Have it done for an item; returns when it is.

        Raises:
            Exception: what the work raised for the group that the item was in.
        """
        with self._lock:
            alone = not self._busy and not self._next.items
            self._busy = self._busy or alone
        if alone:  # as nearly always
            try:
                self._work([item])
            finally:
                with self._lock:
                    self._busy = False
                    if self._next.items:
                        self._turn.notify_all()
            return
        with self._lock:
            group = self._next
            group.items.append(item)
            while self._busy and not group.done:
                self._turn.wait()
            if not group.done:  # nobody is at it, so it is up to us, for all who wait
                self._busy = True
                self._next = _Group()
        if not group.done:
            self._lead(group)
        if group.error is not None:
            raise group.error

    def _lead(self, group: _Group[T]) -> None:
        try:
            self._work(group.items)
        except BaseException as error:  # noqa: BLE001 - it is raised to all who wait
            group.error = error
        with self._lock:
            group.done = True
            self._busy = False
            if len(group.items) > 1 or self._next.items:
                self._turn.notify_all()
