"""What a supervisor tells of its workers."""

from __future__ import annotations

from dul.values import TYPE_CHECKING, dataclass

if TYPE_CHECKING:
    import signal
    from typing import TypeAlias

__all__ = ["Ending", "WorkerEnded", "WorkerEvent", "WorkerStarted"]


@dataclass(frozen=True, slots=True)
class WorkerStarted:
    """A worker runs.

    Attributes:
        name: which one: "worker 2".
        pid: its process.
    """

    name: str
    pid: int


@dataclass(frozen=True, slots=True)
class WorkerEnded:
    """A worker is gone.

    Attributes:
        name: which one.
        number: of a worker, from 0 on; None for what runs beside.
        pid: its process.
        how: "exit code 1", "signal SIGKILL".
        again_in: seconds until another takes its place; None: none does, for all is ended.
    """

    name: str
    number: int | None
    pid: int
    how: str
    again_in: float | None


@dataclass(frozen=True, slots=True)
class Ending:
    """Everything is being ended.

    Attributes:
        by: the signal that asked for it, or None.
        grace: seconds that associations are given.
    """

    by: signal.Signals | None
    grace: float


WorkerEvent: TypeAlias = WorkerStarted | WorkerEnded | Ending
"""What a supervisor tells."""
