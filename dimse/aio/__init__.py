"""The asyncio face of DIMSE: `Client` and `Server`, the same names as the blocking ones.

A room of its own, because importing asyncio takes longer than sending a small object. A name is loaded when
it is first asked for: a client needs nothing of a server, nor the reverse.
"""

from __future__ import annotations

from dul.ondemand import on_demand
from dul.values import TYPE_CHECKING

if TYPE_CHECKING:
    from dimse.aio.client import Client, Events, Outcomes, Sending
    from dimse.aio.server import Server
    from dimse.aio.session import Session

__all__ = ["Client", "Events", "Outcomes", "Sending", "Server", "Session"]

_HOMES = {
    "Client": "dimse.aio.client",
    "Events": "dimse.aio.client",
    "Outcomes": "dimse.aio.client",
    "Sending": "dimse.aio.client",
    "Server": "dimse.aio.server",
    "Session": "dimse.aio.session",
}

if not TYPE_CHECKING:  # or a misspelt name would pass for one that is had on demand
    __getattr__ = on_demand(__name__, _HOMES)
