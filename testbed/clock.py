"""The time that a wait had: it stands still while nobody is there to look.

A tester that is kept from running (a crowded machine, a stopped process, a collection of its garbage) has not
seen its peer keep silent. Where both share that machine, the peer had no time to answer, either. So seconds of
patience are counted in slices: each is waited for, and counts for its own length, however late it ended. What a
report says of times is measured, not counted.
"""

import time
from collections.abc import Iterator

#: The longest a thread waits before it looks at the clock again, in seconds (a binary fraction: sums are exact).
SLICE = 1 / 64


class Clock:
    """Counts the seconds in which the thread that uses it could have seen something."""

    def __init__(self) -> None:
        self._looked = time.monotonic()
        self._counted = 0.0

    def now(self) -> float:
        """Seconds counted so far: since the last look, one slice at the most."""
        moment = time.monotonic()
        self._counted += min(moment - self._looked, SLICE)
        self._looked = moment
        return self._counted

    def slices(self, seconds: float) -> Iterator[float]:
        """How long to wait, again and again, until `seconds` have been counted.

        The last is 0: what came while the thread did not run is there, and is no silence.
        """
        end = self.now() + seconds
        while (left := end - self.now()) > 0:
            yield min(left, SLICE)
        yield 0.0

    def sleep(self, seconds: float) -> None:
        """Do nothing for so long."""
        for piece in self.slices(seconds):
            time.sleep(piece)
