"""How fast bytes may leave: a bound on bandwidth, as arithmetic on a clock that is told."""

from __future__ import annotations

__all__ = ["Pace"]

_AT_A_TIME = 0.1  # seconds' worth: small enough that the peer never waits long for the next bytes
_LEAST = 512  # bytes: less in a segment is mostly headers
_PDU = 1.0  # seconds that a PDU may take


class Pace:
    """Says when how many bytes may be sent, so that no more than the rate leave in the long run.

    Several associations may share one. Time in which nothing was to be sent is not made up for.

    Args:
        rate: bytes per second, PDU headers included.

    Attributes:
        rate: the same.
        next: when the next bytes may leave, on the clock that is told.
    """

    def __init__(self, rate: float) -> None:
        self.rate = rate
        self.next = 0.0

    @property
    def largest_pdu(self) -> int:
        """Bytes of a P-DATA-TF that is out within a second or so.

        A peer whose clock runs from the first byte of a PDU to its last is not tried by a pace.
        """
        return max(_LEAST, int(self.rate * _PDU))

    def room(self, now: float) -> int:
        """How many bytes may leave now; 0: none before `next`."""
        return 0 if now < self.next else max(_LEAST, int(self.rate * _AT_A_TIME))

    def sent(self, count: int, now: float) -> None:
        """Note that `count` bytes were handed to the transport."""
        self.next = max(self.next, now) + count / self.rate
