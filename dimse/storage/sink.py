"""A sink is where a received data set goes; here the protocol, and the two that keep no file.

A sink never raises while the data set arrives, so that the association goes on: what went wrong
is raised by `commit`, and until then the rest is swallowed.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from dimse.errors import OutOfResources

__all__ = ["Discard", "Memory", "Sink"]


class Sink(Protocol):
    """Where a data set goes while it arrives."""

    def write(self, views: Sequence[memoryview], /) -> None:
        """Take fragments, in order; they are lent, and void after the return."""
        ...

    def commit(self) -> Path | None:
        """The data set is complete: make it durable. Raising refuses the object."""
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


class Memory:
    """Receives into memory, up to a bound.

    Attributes:
        length: bytes received, those beyond the bound included.
        data: the data set, once it is committed; empty before, and after `discard`.
    """

    def __init__(self, maximum: int) -> None:
        """Take data sets of up to `maximum` bytes."""
        self.length = 0
        self.data = b""
        self._maximum = maximum
        self._buffer = bytearray()

    def write(self, views: Sequence[memoryview]) -> None:
        """Take the bytes, or drop all of them once they are too many."""
        self.length += sum(map(len, views))
        if self.length > self._maximum:
            self._buffer = bytearray()
            return
        for view in views:
            self._buffer += view

    def commit(self) -> None:
        """Make the data set available.

        Raises:
            OutOfResources: it has more bytes than the bound.
        """
        if self.length > self._maximum:
            raise OutOfResources(
                f"the data set has {self.length} bytes, and {self._maximum} are allowed"
            )
        self.data, self._buffer = bytes(self._buffer), bytearray()

    def discard(self) -> None:
        """Forget it all."""
        self.data, self._buffer = b"", bytearray()
