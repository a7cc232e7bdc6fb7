"""What the core tells its user: the indications and confirmations of PS3.8 section 7."""

from __future__ import annotations

from dul.errors import DULError
from dul.negotiation import Negotiated
from dul.pdata import PDV
from dul.pdu import AssociateRQ
from dul.values import dataclass

__all__ = [
    "AbortIndication",
    "AssociateConfirmation",
    "AssociateIndication",
    "DataIndication",
    "Indication",
    "ProviderAbortIndication",
    "RejectConfirmation",
    "ReleaseConfirmation",
    "ReleaseIndication",
]


@dataclass(frozen=True, slots=True)
class AssociateIndication:
    """A peer asks for an association; answer with `accept` or `reject` (PS3.8 7.1)."""

    request: AssociateRQ


@dataclass(frozen=True, slots=True)
class AssociateConfirmation:
    """The peer accepted."""

    negotiated: Negotiated


@dataclass(frozen=True, slots=True)
class RejectConfirmation:
    """The peer rejected (PS3.8 Table 9-21)."""

    result: int
    source: int
    reason: int


@dataclass(frozen=True, slots=True)
class DataIndication:
    """PDVs arrived, in order, of one or more P-DATA-TF PDUs.

    Their fragments are views, lent until the next fill of the receive buffer.
    """

    pdvs: tuple[PDV, ...]


@dataclass(frozen=True, slots=True)
class ReleaseIndication:
    """The peer wants to release; answer with `release_response`.

    Attributes:
        collision: both ends asked at the same time (PS3.8 7.2.2.7).
    """

    collision: bool = False


@dataclass(frozen=True, slots=True)
class ReleaseConfirmation:
    """The peer agreed to our release."""


@dataclass(frozen=True, slots=True)
class AbortIndication:
    """The peer sent A-ABORT (source 0: its user, 2: its provider)."""

    source: int
    reason: int


@dataclass(frozen=True, slots=True)
class ProviderAbortIndication:
    """The association is over, and the peer's user did not ask for it.

    Attributes:
        cause: the peer broke the protocol, the transport failed, or a deadline passed.
    """

    cause: DULError


Indication = (
    AssociateIndication
    | AssociateConfirmation
    | RejectConfirmation
    | DataIndication
    | ReleaseIndication
    | ReleaseConfirmation
    | AbortIndication
    | ProviderAbortIndication
)
"""Whatever `Association.next_event` gives."""
