"""Processes that serve one port together, and the supervisor that keeps them running.

A name is loaded when it is first asked for.
"""

from __future__ import annotations

from dul.ondemand import on_demand
from dul.values import TYPE_CHECKING

if TYPE_CHECKING:
    from dimse.workers.attendant import Attendant, StartAside
    from dimse.workers.events import Ending, WorkerEnded, WorkerEvent, WorkerStarted
    from dimse.workers.lives import Backoff
    from dimse.workers.orders import Orders
    from dimse.workers.studies import SharedStudies, StudyLine
    from dimse.workers.supervisor import Workers, listeners

__all__ = [
    "Attendant",
    "Backoff",
    "Ending",
    "Orders",
    "SharedStudies",
    "StartAside",
    "StudyLine",
    "WorkerEnded",
    "WorkerEvent",
    "WorkerStarted",
    "Workers",
    "listeners",
]

_HOMES = {
    "Attendant": "dimse.workers.attendant",
    "Backoff": "dimse.workers.lives",
    "Ending": "dimse.workers.events",
    "Orders": "dimse.workers.orders",
    "SharedStudies": "dimse.workers.studies",
    "StartAside": "dimse.workers.attendant",
    "StudyLine": "dimse.workers.studies",
    "WorkerEnded": "dimse.workers.events",
    "WorkerEvent": "dimse.workers.events",
    "WorkerStarted": "dimse.workers.events",
    "Workers": "dimse.workers.supervisor",
    "listeners": "dimse.workers.supervisor",
}

if not TYPE_CHECKING:  # or a misspelt name would pass for one that is had on demand
    __getattr__ = on_demand(__name__, _HOMES)
