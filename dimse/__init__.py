"""DIMSE (PS3.7) with the storage and verification services of PS3.4.

`Client` and `Server` are the blocking faces; `dimse.aio` has the same names for asyncio.
"""

from dimse.client import Client, Outcomes, Sending, Session
from dimse.engine import Entry, Verdict
from dimse.errors import DIMSEError, Refused
from dimse.outcome import Outcome
from dimse.peer import Peer
from dimse.plan import ContextOffer
from dimse.provider import Answer, Handler, Observer, Provider
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
    "Discard",
    "EchoRequest",
    "Entry",
    "Handler",
    "Memory",
    "Observer",
    "Outcome",
    "Outcomes",
    "Peer",
    "Provider",
    "Refused",
    "Reply",
    "Requestor",
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
