"""What a server tells of itself while it runs: counts, and who hears what.

A name is loaded when it is first asked for.
"""

from __future__ import annotations

from dul.ondemand import on_demand
from dul.values import TYPE_CHECKING

if TYPE_CHECKING:
    from dimse.watch.counts import Counting, Counts, Totals
    from dimse.watch.explain import advice_for_status, explained_negotiation, explained_rejection
    from dimse.watch.metrics import exposition
    from dimse.watch.observers import Observers
    from dimse.watch.overview import Overview
    from dimse.watch.visits import LONGEST_FACT, Fact, Visits, from_line, to_line

__all__ = [
    "LONGEST_FACT",
    "Counting",
    "Counts",
    "Fact",
    "Observers",
    "Overview",
    "Totals",
    "Visits",
    "advice_for_status",
    "explained_negotiation",
    "explained_rejection",
    "exposition",
    "from_line",
    "to_line",
]

_HOMES = {
    "Counting": "dimse.watch.counts",
    "Counts": "dimse.watch.counts",
    "Fact": "dimse.watch.visits",
    "LONGEST_FACT": "dimse.watch.visits",
    "Observers": "dimse.watch.observers",
    "Overview": "dimse.watch.overview",
    "Totals": "dimse.watch.counts",
    "Visits": "dimse.watch.visits",
    "advice_for_status": "dimse.watch.explain",
    "explained_negotiation": "dimse.watch.explain",
    "explained_rejection": "dimse.watch.explain",
    "exposition": "dimse.watch.metrics",
    "from_line": "dimse.watch.visits",
    "to_line": "dimse.watch.visits",
}

if not TYPE_CHECKING:  # or a misspelt name would pass for one that is had on demand
    __getattr__ = on_demand(__name__, _HOMES)
