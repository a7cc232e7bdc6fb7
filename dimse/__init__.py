"""DIMSE (PS3.7) with the storage and verification services of PS3.4.

`Client` and `Server` are the blocking faces; `dimse.aio` has the same names for asyncio.
"""

from dimse.client import Client, Peer, Session
from dimse.errors import DIMSEError
from dimse.outcome import Outcome
from dimse.plan import ContextOffer
from dimse.provider import Observer, Provider, storage_support
from dimse.requests import EchoRequest, StoreRequest
from dimse.scu import Reply
from dimse.server import Server
from dimse.storage.sink import Discard, Memory, Sink
from dimse.storage.spool import Spool
from dimse.tables.status import StatusClass

__all__ = [
    "Client",
    "ContextOffer",
    "DIMSEError",
    "Discard",
    "EchoRequest",
    "Memory",
    "Observer",
    "Outcome",
    "Peer",
    "Provider",
    "Reply",
    "Server",
    "Session",
    "Sink",
    "Spool",
    "StatusClass",
    "StoreRequest",
    "storage_support",
]
