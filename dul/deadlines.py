"""The clocks of an association, without a clock: time comes in as a value.

ARTIM is the standard's (PS3.8 9.1.5). The others are bounds of `Limits`, named as there.
"""

from __future__ import annotations

from dul.errors import TimedOut
from dul.fsm import State
from dul.limits import Limits

__all__ = ["ARTIM", "BOUNDED", "GRACE", "OPEN_ENDED", "Deadlines"]

ARTIM = "artim"
GRACE = "grace"
IDLE = "idle"

_WAITING = {
    ARTIM: "waiting for an A-ASSOCIATE-RQ",
    "connect": "waiting for the transport connection",
    "associate": "waiting for the answer to the A-ASSOCIATE-RQ",
    "release": "waiting for the answer to the A-RELEASE-RQ",
    "reply": "waiting for the response",
    IDLE: "waiting for the next request",
    "pdu": "waiting for the rest of a PDU",
    "write": "waiting for the peer to take a PDU",
}


OPEN_ENDED = frozenset({State.Sta1, State.Sta2, State.Sta13})
"""The states where the standard's timer runs, or none."""

# What bounds a state from the moment it is entered.
_BOUND_OF_STATE = {
    State.Sta4: "connect",
    State.Sta5: "associate",
    State.Sta7: "release",
    State.Sta10: "release",
    State.Sta11: "release",
}
BOUNDED = frozenset(_BOUND_OF_STATE)
"""The states in which the peer is waited for, in a time of the state's own."""


class _Bounds(dict[str, float | None]):
    """The seconds of each deadline, as far as they were asked for: `Limits` by name, without a call."""

    def __init__(self, limits: Limits) -> None:
        super().__init__()
        self._limits = limits

    def __missing__(self, which: str) -> float | None:
        seconds: float | None = getattr(self._limits, which)
        self[which] = seconds
        return seconds


class Deadlines:
    """What is being waited for, and until when.

    Attributes:
        now: the latest time that was told.
    """

    def __init__(self, limits: Limits) -> None:
        self.now = 0.0
        self._told = False
        self._limits = limits
        self._seconds = _Bounds(limits)
        self._until: dict[str, float] = {}
        self._patience: str | None = None  # the user's, for the peer
        self._of_state: str | None = None  # the state's, for the peer's answer

    def tell(self, now: float) -> None:
        """It is now this late. What was armed before the first telling counts from here."""
        if self._told:
            self.now = now
        else:
            self.skip_to(now)

    def __contains__(self, which: str) -> bool:
        return which in self._until

    def arm(self, which: str) -> None:
        """Wait anew, from now, unless the bound is "for ever"."""
        seconds = self._seconds[which]
        if seconds is not None:
            self._until[which] = self.now + seconds

    def start(self, which: str) -> None:
        """Wait from now, unless it is waited for already, or "for ever"."""
        if which not in self._until and (seconds := self._seconds[which]) is not None:
            self._until[which] = self.now + seconds

    def disarm(self, *which: str) -> None:
        """Stop these deadlines, those of them that run."""
        for each in which:
            self._until.pop(each, None)

    def next(self) -> float | None:
        """When the earliest deadline is due; None if none runs."""
        soonest = None
        for which in self._until:  # one or two: `min` costs more than it does, for each message
            until = self._until[which]
            if soonest is None or until < soonest:
                soonest = until
        return soonest

    def passed(self) -> list[str]:
        """The names of the deadlines that are over now, the earliest first."""
        over = [which for which, until in self._until.items() if self.now >= until]
        return sorted(over, key=self._until.__getitem__)

    def error(self, which: str) -> TimedOut:
        """The error for a deadline that is over."""
        return TimedOut(which, getattr(self._limits, which) or 0.0, _WAITING[which])

    def skip_to(self, now: float) -> None:
        """The time since `now` was last told does not count: the peer did not cause it."""
        skipped = now - self.now
        if skipped > 0:
            for which in self._until:
                self._until[which] += skipped
        self.now = now
        self._told = True

    def expect(self, which: str | None, *, start: bool) -> None:
        """Wait for the peer with this bound; with `start` from now, else from `resume` on."""
        if self._patience is not None:
            self._until.pop(self._patience, None)
        self._patience = which
        if which is not None and start:
            self.arm(which)

    def enter(self, state: State, *, start: bool) -> None:
        """A state is entered: the same for its own bound; what does not belong to it is over."""
        if self._of_state is not None:
            self._until.pop(self._of_state, None)
        self._of_state = _BOUND_OF_STATE.get(state)
        if self._of_state is not None and start:
            self.arm(self._of_state)
        if self._patience is not None and state is not State.Sta6:
            self.expect(None, start=False)
        if self._until and state in OPEN_ENDED:
            artim = self._until.get(ARTIM)
            self._until.clear()
            if artim is not None:
                self._until[ARTIM] = artim

    def received(self, *, whole: bool, progress: bool) -> None:
        """Bytes came.

        Args:
            whole: no PDU has begun and not ended, or nothing bounds how long that takes.
            progress: a PDU has come to its end among them.
        """
        if not whole:
            if progress or "pdu" not in self._until:
                self.arm("pdu")
        elif "pdu" in self._until:
            del self._until["pdu"]

    def all_is_sent(self) -> None:
        """What the peer is expected to do, it can do from now on."""
        until, seconds = self._until, self._seconds
        until.pop("write", None)
        for which in (self._patience, self._of_state):
            if which is not None and (bound := seconds[which]) is not None:
                until[which] = self.now + bound

    def prolong(self, count: int) -> None:
        """The peer has read so many bytes of what was sent: it is slow, but does not hang."""
        seconds = count / self._limits.slowest_reader
        for which in ("write", self._patience, self._of_state):
            until = self._until.get(which) if which else None
            if which and until is not None:
                self.arm(which)
                self._until[which] = min(self._until[which], until + seconds)

    def progress(self) -> None:
        """Data came. A requestor that sends is not idle; but a response has to come to its end."""
        if self._patience == IDLE and IDLE in self._until:
            self.arm(IDLE)
