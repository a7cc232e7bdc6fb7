"""When to try again what did not work, and how long to wait before.

    client.send(paths, retry=Retry(times=5))

What may work the next time: an association that broke or was refused for now (PS3.8 9.3.4: result 2,
rejected-transient), a connection that is refused because the peer starts anew, an object that is
answered with A7xxH, out of resources (PS3.4 B.2.3). What will not: a title that the peer does not
know, a host that does not exist, a certificate that nobody vouches for.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable

from dimse.errors import InvalidValue
from dul.errors import (
    AssociationRejected,
    DulcetError,
    LocalProtocolError,
    SourceFailed,
    TLSFailed,
)
from dul.values import dataclass

__all__ = ["Retry", "is_out_of_resources", "may_pass"]


def _random() -> float:
    return int.from_bytes(os.urandom(4), "big") / (1 << 32)


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """How often to try again, and after how long.

    Attributes:
        times: how often more an object, or an association, is tried.
        first: seconds before the first of them; each further one in a row waits twice as long.
        longest: seconds, at most.
        random: from 0 to 1, for the half of the wait that chance decides on, so that many senders
            do not all come back at the same moment.

    Raises:
        InvalidValue: a number that makes no sense.
    """

    times: int = 3
    first: float = 1.0
    longest: float = 60.0
    random: Callable[[], float] = _random

    def __post_init__(self) -> None:
        times: object = self.times  # not every caller has a type checker
        if not isinstance(times, int) or times < 0:
            raise InvalidValue("times", f"{self.times!r} is no number from 0 on")
        if not 0 <= self.first <= self.longest:
            raise InvalidValue("first", f"{self.first!r} s is not from 0 to {self.longest!r} s")

    def delay(self, trouble: int) -> float:
        """Seconds to wait, the `trouble`-th time in a row that it is necessary, from 1 on."""
        whole = min(self.longest, self.first * float(1 << min(trouble - 1, 32)))
        return whole * (1 + self.random()) / 2


def may_pass(error: DulcetError) -> bool:
    """Whether what went wrong with an association may be over after a while."""
    if isinstance(error, AssociationRejected):
        return error.result == _TRANSIENT
    if isinstance(error, LocalProtocolError | SourceFailed):
        return False
    cause = error.__cause__
    if isinstance(cause, socket.gaierror):
        return cause.errno == socket.EAI_AGAIN
    return not isinstance(error, TLSFailed)


def is_out_of_resources(status: int | None) -> bool:
    """Whether a C-STORE was refused because there is no room for now: A7xxH (PS3.4 B.2.3)."""
    return status is not None and status >> 8 == _OUT_OF_RESOURCES  # the low byte is the peer's


_TRANSIENT = 2
_OUT_OF_RESOURCES = 0xA7
