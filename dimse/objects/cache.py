"""What one file of a run saves the next: room for small files to be kept until they are sent, and their layouts."""

from __future__ import annotations

from dimse.objects.alike import Shapes
from dimse.objects.bounds import CACHE, WHOLE

__all__ = ["Cache"]


class Cache:
    """Says which files may be read whole and kept, so that all of them together stay bounded.

    It is meant for one run: the first files find room, and later ones are read again when their
    turn comes. Which is best for a list that is examined and then sent in the same order.

    Args:
        room: bytes in all.
        largest: no file above this size, which costs little to read again in comparison.

    Attributes:
        shapes: the layouts of the files that were examined.
    """

    __slots__ = ("_largest", "_room", "shapes")

    def __init__(self, room: int = CACHE, *, largest: int = WHOLE) -> None:
        self._room = room
        self._largest = largest
        self.shapes = Shapes()

    def take(self, size: int) -> bool:
        """Take room for a file of this size; False if there is none."""
        if size > self._largest or size > self._room:
            return False
        self._room -= size
        return True
