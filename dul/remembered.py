"""What was made of what comes again and again, to be had without making it anew.

A requestor asks the same for each association, and the command sets of an association are alike: each is
decoded and judged once. What is remembered is bounded, for nobody knows how many different ones a peer sends;
and at the bound all of it is forgotten, which takes no account of what was asked for when. Only who
never sends the same twice comes there.
"""

from __future__ import annotations

from dul.values import TypeVar

__all__ = ["Remembered"]

K = TypeVar("K")
V = TypeVar("V")


class Remembered(dict[K, V]):
    """Values by what they were made of: look up with `get`, and `keep` what was not there.

    Args:
        most: how many at a time.
    """

    __slots__ = ("_most",)

    def __init__(self, most: int) -> None:
        super().__init__()
        self._most = most

    def keep(self, key: K, value: V) -> V:
        """Remember a value, and give it back; where there is no room, it is the only one then."""
        if len(self) >= self._most and key not in self:
            self.clear()
        self[key] = value
        return value
