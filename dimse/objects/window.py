"""A movable look at the bytes of an object, wherever they lie, so that none is read needlessly."""

from __future__ import annotations

from collections.abc import Callable

from dimse.errors import FilePath, Truncated
from dimse.objects.bounds import HEAD, HOP

__all__ = ["Window"]


class Window:
    """A movable look at `size` bytes that are got by a function, a little at a time.

    Args:
        path: what the bytes are, for messages.
        size: how many there are.
        read: gives the bytes from a position on, as many as are asked for.
        first: how many to read at once, if there is no `data`.
        data: the first of the bytes, if these are in memory already.

    Attributes:
        path: as it was given.
        size: as it was given.
        base: position of the first byte in `data`.
        data: the bytes in view.
    """

    __slots__ = ("_read", "base", "data", "path", "size")

    def __init__(
        self,
        path: FilePath,
        size: int,
        read: Callable[[int, int], bytes],
        first: int = HEAD,
        data: bytes | None = None,
    ) -> None:
        self.path = path
        self.size = size
        self._read = read
        self.base = 0
        self.data = b""
        if data is None:
            self._get(0, min(first, size))
        else:
            self.data = data

    @classmethod
    def over(cls, path: FilePath, data: bytes) -> Window:
        """A window over bytes in memory, all of which are in view."""
        return cls(path, len(data), lambda at, count: data[at : at + count], data=data)

    def _get(self, at: int, count: int) -> None:
        data = self._read(at, count)
        if len(data) < count:
            # Shorter than it was a moment ago: somebody writes to the file, or cut it.
            raise Truncated(self.path, at, count, at + len(data))
        self.base = at
        self.data = data

    def take(self, at: int, count: int) -> bytes:
        """So many bytes of the object; behind its end, NULs, so that a header can be read there.

        The caller has judged `count`. Going on reads more ahead than jumping does.
        """
        start = at - self.base
        if start >= 0:
            piece = self.data[start : start + count]
            if len(piece) == count:
                return piece
        else:
            piece = b""
        left = self.size - at
        if len(piece) < left:
            ahead = HEAD if 0 <= start <= len(self.data) else HOP
            self._get(at, min(max(count, ahead), left))
            piece = self.data[:count]
        return piece.ljust(count, b"\0")

    def are_nuls(self, at: int) -> bool:
        """Whether nothing but NULs follows, to the end."""
        while at < self.size:
            count = min(HEAD, self.size - at)
            if self.take(at, count).strip(b"\0"):
                return False
            at += count
        return True
