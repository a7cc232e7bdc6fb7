"""Bytes that lie somewhere, and can be read from any position: what was received, what is stored."""

from __future__ import annotations

import os
from collections.abc import Callable

from dul.values import TYPE_CHECKING, dataclass

if TYPE_CHECKING:
    from typing import Self

__all__ = ["Bytes"]


@dataclass(frozen=True, slots=True)
class Bytes:
    """Bytes that lie somewhere: in a file, or elsewhere.

    Attributes:
        size: how many there are.
        read: gives so many of them, from a position on; fewer at the end.
    """

    size: int
    read: Callable[[int, int], bytes]

    @classmethod
    def in_file(cls, fd: int) -> Self:
        """Those of a file.

        Raises:
            OSError: of a descriptor that is none.
        """
        return cls(os.fstat(fd).st_size, lambda at, count: os.pread(fd, count, at))
