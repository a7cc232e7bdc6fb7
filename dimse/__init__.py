"""DIMSE (PS3.7) with the storage and verification services of PS3.4.

`Client` and `Server` are the blocking faces; `dimse.aio` has the same names for asyncio. A name is
loaded when it is first asked for: a client needs nothing of a server, nor the reverse.
"""

from __future__ import annotations

from dul.ondemand import on_demand
from dul.values import TYPE_CHECKING

if TYPE_CHECKING:
    from dimse.client import Client, Events, Outcomes, Sending
    from dimse.engine import Entry, Verdict
    from dimse.errors import DIMSEError, Refused
    from dimse.faults import Faults
    from dimse.how import How
    from dimse.journal import Journal
    from dimse.levels import StorageLevels
    from dimse.marking import Marker
    from dimse.objects.codecs import Decompress
    from dimse.objects.edit import ElementChange
    from dimse.objects.invention import Invention
    from dimse.objects.prepare import Preparation
    from dimse.offers import EXPLICIT_FIRST, OFFERS, ContextOffer, Offers
    from dimse.outcome import Outcome
    from dimse.peer import Peer
    from dimse.plan import SEED_CLASSES
    from dimse.policy import LOOK_AHEAD, SLOWEST_BANDWIDTH, Policy
    from dimse.probing import Probe, ProbedContext
    from dimse.profiles import AssociationProfile, load_profile
    from dimse.provider import (
        Access,
        Answer,
        Denied,
        Granted,
        Handler,
        Observer,
        OpenSink,
        Provider,
    )
    from dimse.reports import SendReport
    from dimse.requests import EchoRequest, Remote, Requestor, ServiceRequest, StoreRequest
    from dimse.retry import Retry
    from dimse.roundtrips import RoundTrips
    from dimse.scu import Reply
    from dimse.server import Server
    from dimse.session import Session
    from dimse.storage.sink import Discard, Memory, Sink
    from dimse.storage.spool import Spool
    from dimse.support import storage_support
    from dimse.tables.status import StatusClass
    from dimse.titles import checked_ae_title

__all__ = [
    "EXPLICIT_FIRST",
    "LOOK_AHEAD",
    "OFFERS",
    "SEED_CLASSES",
    "SLOWEST_BANDWIDTH",
    "Access",
    "Answer",
    "AssociationProfile",
    "Client",
    "ContextOffer",
    "DIMSEError",
    "Decompress",
    "Denied",
    "Discard",
    "EchoRequest",
    "ElementChange",
    "Entry",
    "Events",
    "Faults",
    "Granted",
    "Handler",
    "How",
    "Invention",
    "Journal",
    "Marker",
    "Memory",
    "Observer",
    "Offers",
    "OpenSink",
    "Outcome",
    "Outcomes",
    "Peer",
    "Policy",
    "Preparation",
    "Probe",
    "ProbedContext",
    "Provider",
    "Refused",
    "Remote",
    "Reply",
    "Requestor",
    "Retry",
    "RoundTrips",
    "SendReport",
    "Sending",
    "Server",
    "ServiceRequest",
    "Session",
    "Sink",
    "Spool",
    "StatusClass",
    "StorageLevels",
    "StoreRequest",
    "Verdict",
    "checked_ae_title",
    "load_profile",
    "storage_support",
]

_HOMES = {
    "Access": "dimse.provider",
    "Answer": "dimse.provider",
    "Denied": "dimse.provider",
    "Granted": "dimse.provider",
    "AssociationProfile": "dimse.profiles",
    "Client": "dimse.client",
    "ContextOffer": "dimse.offers",
    "DIMSEError": "dimse.errors",
    "Decompress": "dimse.objects.codecs",
    "Discard": "dimse.storage.sink",
    "EXPLICIT_FIRST": "dimse.offers",
    "EchoRequest": "dimse.requests",
    "ElementChange": "dimse.objects.edit",
    "Entry": "dimse.engine",
    "Events": "dimse.client",
    "Faults": "dimse.faults",
    "Handler": "dimse.provider",
    "How": "dimse.how",
    "Invention": "dimse.objects.invention",
    "Journal": "dimse.journal",
    "LOOK_AHEAD": "dimse.policy",
    "Marker": "dimse.marking",
    "Memory": "dimse.storage.sink",
    "OFFERS": "dimse.offers",
    "Observer": "dimse.provider",
    "Offers": "dimse.offers",
    "OpenSink": "dimse.provider",
    "Outcome": "dimse.outcome",
    "Outcomes": "dimse.client",
    "Peer": "dimse.peer",
    "Policy": "dimse.policy",
    "Preparation": "dimse.objects.prepare",
    "Probe": "dimse.probing",
    "ProbedContext": "dimse.probing",
    "Provider": "dimse.provider",
    "Refused": "dimse.errors",
    "Reply": "dimse.scu",
    "Remote": "dimse.requests",
    "Requestor": "dimse.requests",
    "Retry": "dimse.retry",
    "RoundTrips": "dimse.roundtrips",
    "SEED_CLASSES": "dimse.plan",
    "SLOWEST_BANDWIDTH": "dimse.policy",
    "SendReport": "dimse.reports",
    "Sending": "dimse.client",
    "Server": "dimse.server",
    "ServiceRequest": "dimse.requests",
    "Session": "dimse.session",
    "Sink": "dimse.storage.sink",
    "Spool": "dimse.storage.spool",
    "StatusClass": "dimse.tables.status",
    "StorageLevels": "dimse.levels",
    "StoreRequest": "dimse.requests",
    "Verdict": "dimse.engine",
    "checked_ae_title": "dimse.titles",
    "load_profile": "dimse.profiles",
    "storage_support": "dimse.support",
}

if not TYPE_CHECKING:  # or a misspelt name would pass for one that is had on demand
    __getattr__ = on_demand(__name__, _HOMES)
