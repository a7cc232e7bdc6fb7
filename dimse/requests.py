"""What a peer asks of a service class provider, as its handlers and the storage see it."""

from __future__ import annotations

from dimse.messages.composite import CEchoRQ, CStoreRQ
from dul.negotiation import AcceptedContext
from dul.values import dataclass

__all__ = ["EchoRequest", "Peer", "StoreRequest"]


@dataclass(frozen=True, slots=True)
class Peer:
    """Who is at the other end.

    Attributes:
        address: "host:port".
        calling_ae_title: what it calls itself.
        called_ae_title: what it calls us.
    """

    address: str
    calling_ae_title: str
    called_ae_title: str


@dataclass(frozen=True, slots=True)
class EchoRequest:
    """A C-ECHO-RQ."""

    peer: Peer
    message: CEchoRQ


@dataclass(frozen=True, slots=True)
class StoreRequest:
    """A C-STORE-RQ, whose data set is still to come or has come.

    Attributes:
        peer: who sends it.
        context: the presentation context: SOP class and transfer syntax.
        message: the command.
    """

    peer: Peer
    context: AcceptedContext
    message: CStoreRQ

    @property
    def sop_class_uid(self) -> str:
        """Affected SOP Class UID."""
        return self.message.affected_sop_class_uid

    @property
    def sop_instance_uid(self) -> str:
        """Affected SOP Instance UID, as the peer sent it: not safe for a path."""
        return self.message.affected_sop_instance_uid

    @property
    def transfer_syntax_uid(self) -> str:
        """How the data set is encoded."""
        return self.context.transfer_syntax
