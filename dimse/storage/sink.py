"""A sink is where a received data set goes; here the protocol, and the two that keep no file.

A sink never raises while the data set arrives, so that the association goes on: what went wrong
is raised by `commit`, and until then the rest is swallowed.
"""

from __future__ import annotations

import errno
import io
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext

from dimse.errors import OutOfResources
from dul.values import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from dimse.requests import Content

__all__ = ["Budget", "Discard", "Memory", "Sink"]


class Sink(Protocol):
    """Where a data set goes while it arrives.

    It may have `warnings`, a tuple of texts: what is wrong with the data set and was tolerated; they
    are looked at after `commit`.
    """

    def write(self, views: Sequence[memoryview], /) -> None:
        """Take fragments, in order; they are lent, and void after the return."""
        ...

    def commit(self) -> Content:
        """The data set is complete: make it durable, and tell where it is.

        Raises:
            Exception: the object is refused: with the `status` of a `dimse.errors.Refused`, with
                A700H for a full disk, else with 0110H.
        """
        ...

    def discard(self) -> None:
        """The data set will not be complete: leave no trace. May be called at any time."""
        ...


class Discard:
    """Receives into nothing, and counts.

    Attributes:
        length: bytes received.
    """

    def __init__(self) -> None:
        self.length = 0

    def write(self, views: Sequence[memoryview]) -> None:
        """Count the bytes."""
        self.length += sum(map(len, views))

    def commit(self) -> None:
        """Nothing is to be made durable."""

    def discard(self) -> None:
        """Nothing is to be undone."""


class Budget:
    """How many bytes several data sets may take together.

    Args:
        maximum: that many.
        lock: held while they are counted; for sinks of several threads a `threading.Lock`.
    """

    def __init__(self, maximum: int, lock: AbstractContextManager[object] | None = None) -> None:
        self.maximum = maximum
        self._used = 0
        self._lock = nullcontext() if lock is None else lock

    def take(self, count: int) -> bool:
        """Whether there is room for that many more, which is taken then."""
        with self._lock:
            if self._used + count > self.maximum:
                return False
            self._used += count
            return True

    def give_back(self, count: int) -> None:
        """So many are not needed any more."""
        with self._lock:
            self._used -= count


class Memory:
    """Receives into memory, within a bound.

    Attributes:
        length: bytes received, those that found no room included.
        data: the data set, once it is committed; empty before, and after `discard`.
    """

    def __init__(self, maximum: int | Budget) -> None:
        """Take data sets of up to `maximum` bytes, or of what a budget leaves."""
        self.length = 0
        self.data = b""
        self._budget = maximum if isinstance(maximum, Budget) else Budget(maximum)
        self._taken = 0
        self._overflowed = False
        self._buffer = io.BytesIO()

    def write(self, views: Sequence[memoryview]) -> None:
        """Take the bytes, or drop all of them once they are too many."""
        count = sum(map(len, views))
        self.length += count
        if self._overflowed:
            return
        if not self._budget.take(count):
            self._overflowed = True
            self.discard()
            return
        self._taken += count
        for view in views:
            self._buffer.write(view)

    def read_back(self, at: int, count: int) -> bytes:
        """Bytes of the data set that have come, for a check before `commit`.

        Args:
            at: position of the first one.
            count: how many; fewer come where there are no more.

        Raises:
            OSError: there was no room for them.
        """
        if self._overflowed:
            raise OSError(errno.ENOMEM, "no room in memory")
        with self._buffer.getbuffer() as content:
            return bytes(content[at : at + count])

    def commit(self) -> bytes:
        """Make the data set available.

        Raises:
            OutOfResources: there was no room for all of it.
        """
        if self._overflowed:
            raise OutOfResources(
                f"the data set has {self.length} bytes, and there is no room for them in memory: "
                f"{self._budget.maximum} are allowed at a time"
            )
        self.data = self._buffer.getvalue()  # of the buffer's own bytes: nothing is copied
        return self.data

    def discard(self) -> None:
        """Forget it all."""
        self.data, self._buffer = b"", io.BytesIO()
        taken, self._taken = self._taken, 0
        self._budget.give_back(taken)
