"""DIMSE (PS3.7) with the storage and verification services of PS3.4.

`Client` and `Server` are the blocking faces; `dimse.aio` has the same names for asyncio. A name is
loaded when it is first asked for: a client needs nothing of a server, nor the reverse.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dimse.client import Client, Events, Outcomes, Sending, Session
    from dimse.engine import Entry, Verdict
    from dimse.errors import DIMSEError, Refused
    from dimse.objects.codecs import Decompress
    from dimse.objects.edit import ElementChange
    from dimse.objects.invention import Invention
    from dimse.objects.prepare import Preparation
    from dimse.offers import ContextOffer, Offers
    from dimse.outcome import Outcome
    from dimse.peer import Peer
    from dimse.provider import Answer, Handler, Observer, Provider
    from dimse.reports import SendReport
    from dimse.requests import EchoRequest, Requestor, ServiceRequest, StoreRequest
    from dimse.scu import Reply
    from dimse.server import Server
    from dimse.storage.sink import Discard, Memory, Sink
    from dimse.storage.spool import Spool
    from dimse.support import storage_support
    from dimse.tables.status import StatusClass

__all__ = [
    "Answer",
    "Client",
    "ContextOffer",
    "DIMSEError",
    "Decompress",
    "Discard",
    "EchoRequest",
    "ElementChange",
    "Entry",
    "Events",
    "Handler",
    "Invention",
    "Memory",
    "Observer",
    "Offers",
    "Outcome",
    "Outcomes",
    "Peer",
    "Preparation",
    "Provider",
    "Refused",
    "Reply",
    "Requestor",
    "SendReport",
    "Sending",
    "Server",
    "ServiceRequest",
    "Session",
    "Sink",
    "Spool",
    "StatusClass",
    "StoreRequest",
    "Verdict",
    "storage_support",
]

_MODULES = {
    "Answer": "dimse.provider",
    "Client": "dimse.client",
    "ContextOffer": "dimse.offers",
    "DIMSEError": "dimse.errors",
    "Decompress": "dimse.objects.codecs",
    "Discard": "dimse.storage.sink",
    "EchoRequest": "dimse.requests",
    "ElementChange": "dimse.objects.edit",
    "Entry": "dimse.engine",
    "Events": "dimse.client",
    "Handler": "dimse.provider",
    "Invention": "dimse.objects.invention",
    "Memory": "dimse.storage.sink",
    "Observer": "dimse.provider",
    "Offers": "dimse.offers",
    "Outcome": "dimse.outcome",
    "Outcomes": "dimse.client",
    "Peer": "dimse.peer",
    "Preparation": "dimse.objects.prepare",
    "Provider": "dimse.provider",
    "Refused": "dimse.errors",
    "Reply": "dimse.scu",
    "Requestor": "dimse.requests",
    "SendReport": "dimse.reports",
    "Sending": "dimse.client",
    "Server": "dimse.server",
    "ServiceRequest": "dimse.requests",
    "Session": "dimse.client",
    "Sink": "dimse.storage.sink",
    "Spool": "dimse.storage.spool",
    "StatusClass": "dimse.tables.status",
    "StoreRequest": "dimse.requests",
    "Verdict": "dimse.engine",
    "storage_support": "dimse.support",
}


def __getattr__(name: str) -> object:
    """A public name, from the module that has it (PEP 562)."""
    module = _MODULES.get(name)
    if module is None:
        raise AttributeError(f"module 'dimse' has no attribute {name!r}")
    value: object = getattr(import_module(module), name)
    globals()[name] = value
    return value
