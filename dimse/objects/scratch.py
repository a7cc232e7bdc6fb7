"""Room for bytes that are made and not yet sent: memory first, a temporary file when they are many."""

from __future__ import annotations

import os
import tempfile

from dimse.objects.bounds import SCRATCH
from dul.values import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import IO

__all__ = ["Scratch"]


class Scratch:
    """Bytes that are appended, here and there corrected, and then read. Close it.

    Every method raises OSError where the temporary file fails.

    Args:
        memory: bytes that are kept in memory; beyond them a temporary file takes all. None: `SCRATCH`.
    """

    def __init__(self, memory: int | None = None) -> None:
        self._maximum = SCRATCH if memory is None else memory
        self._memory = bytearray()  # what stands behind `_written` bytes in the file
        self._written = 0
        self._file: IO[bytes] | None = None

    def __len__(self) -> int:
        """How many bytes there are."""
        return self._written + len(self._memory)

    def append(self, data: bytes | bytearray | memoryview) -> None:
        """Put bytes behind the others."""
        self._memory += data
        if len(self._memory) > self._maximum:
            self._spill()

    def correct(self, at: int, data: bytes) -> None:
        """Replace some of the bytes that are there."""
        in_file = data[: max(self._written - at, 0)]
        if in_file and self._file is not None:
            os.pwrite(self._file.fileno(), in_file, at)
        begin = at + len(in_file) - self._written
        self._memory[begin : begin + len(data) - len(in_file)] = data[len(in_file) :]

    def read(self, at: int, view: memoryview) -> int:
        """Fill the view from this position; gives how many bytes there were, 0 at the end."""
        begin = at - self._written
        if begin < 0 and self._file is not None:
            return os.preadv(self._file.fileno(), [view[:-begin]], at)
        data = self._memory[begin : begin + len(view)]
        view[: len(data)] = data
        return len(data)

    def close(self) -> None:
        """Give the room back. Idempotent."""
        self._memory = bytearray()
        if self._file is not None:
            self._file.close()

    def _spill(self) -> None:
        if self._file is None:
            self._file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - until `close`
        view = memoryview(self._memory)
        try:
            while view:
                count = os.pwrite(self._file.fileno(), view, self._written)
                self._written += count
                view = view[count:]
        finally:
            view.release()
        self._memory = bytearray()
