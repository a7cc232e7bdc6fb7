"""How long echoes took: the least, the median, the 99th percentile, the most."""

from __future__ import annotations

import math
from array import array

__all__ = ["RoundTrips"]


class RoundTrips:
    """Times of echoes, in seconds; eight bytes each."""

    def __init__(self) -> None:
        self._seconds = array("d")

    def __len__(self) -> int:
        return len(self._seconds)

    def add(self, seconds: float) -> None:
        """One more."""
        self._seconds.append(seconds)

    def percentiles(self, *percents: float) -> tuple[float, ...]:
        """The least time that so many percent of them did not exceed; 0: the least, 100: the most.

        Raises:
            ValueError: there is none yet.
        """
        if not self._seconds:
            raise ValueError("no echo was answered yet")
        ordered = sorted(self._seconds)
        ranks = (max(1, math.ceil(percent / 100 * len(ordered))) for percent in percents)
        return tuple(ordered[rank - 1] for rank in ranks)

    def __str__(self) -> str:
        """min/median/p99/max in milliseconds."""
        if not self._seconds:
            return "no round trip"
        times = (f"{1000 * each:.3f}" for each in self.percentiles(0, 50, 99, 100))
        return f"round trip min/median/p99/max = {'/'.join(times)} ms"
