"""The DICOM Upper Layer (PS3.8): PDUs, the state machine, associations.

The core does no I/O: `Association` takes bytes and time and gives bytes and indications. Two
faces drive it, and are imported by name: `dul.blocking` (threads) and `dul.aio` (asyncio).
"""

from dul.association import Association, Role
from dul.errors import (
    AbortReason,
    AssociationAborted,
    AssociationRejected,
    DULError,
    InvalidPDU,
    LimitExceeded,
    LocalProtocolError,
    RejectReason,
    RemoteProtocolError,
    TimedOut,
    TransportError,
    UnexpectedPDU,
)
from dul.fsm import Action, Effect, Event, Guard, State, Transition, step
from dul.items import PresentationContextAC, PresentationContextRQ, UnknownItem
from dul.limits import Limits
from dul.negotiation import (
    AcceptedContext,
    Negotiated,
    conclude,
    context_offers,
    request,
)
from dul.ondemand import on_demand
from dul.pdata import PDV, PDataTF, fragment_length
from dul.pdu import (
    PDU,
    Abort,
    AssociateAC,
    AssociateRJ,
    AssociateRQ,
    ReleaseRP,
    ReleaseRQ,
    decode_pdu,
)
from dul.user_items import (
    AsynchronousOperationsWindow,
    CommonExtendedNegotiation,
    ExtendedNegotiation,
    RoleSelection,
    UserIdentity,
    UserInformation,
)
from dul.values import TYPE_CHECKING

if TYPE_CHECKING:
    from dul.support import Support, answer

__all__ = [
    "PDU",
    "PDV",
    "Abort",
    "AbortReason",
    "AcceptedContext",
    "Action",
    "AssociateAC",
    "AssociateRJ",
    "AssociateRQ",
    "Association",
    "AssociationAborted",
    "AssociationRejected",
    "AsynchronousOperationsWindow",
    "CommonExtendedNegotiation",
    "DULError",
    "Effect",
    "Event",
    "ExtendedNegotiation",
    "Guard",
    "InvalidPDU",
    "LimitExceeded",
    "Limits",
    "LocalProtocolError",
    "Negotiated",
    "PDataTF",
    "PresentationContextAC",
    "PresentationContextRQ",
    "RejectReason",
    "ReleaseRP",
    "ReleaseRQ",
    "RemoteProtocolError",
    "Role",
    "RoleSelection",
    "State",
    "Support",
    "TimedOut",
    "Transition",
    "TransportError",
    "UnexpectedPDU",
    "UnknownItem",
    "UserIdentity",
    "UserInformation",
    "answer",
    "conclude",
    "context_offers",
    "decode_pdu",
    "fragment_length",
    "request",
    "step",
]

# A requestor supports nothing.
_HOMES = {
    "Support": "dul.support",
    "answer": "dul.support",
}

if not TYPE_CHECKING:  # or a misspelt name would pass for one that is had on demand
    __getattr__ = on_demand(__name__, _HOMES)
