"""What a user gives to a service class provider, and what it is told.

`dimse.scp` is the conversation that uses it, `dimse.server` runs one for each association.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from dimse.requests import EchoRequest, Peer, StoreRequest
from dimse.scu import VERIFICATION
from dimse.storage.sink import Sink
from dimse.tables.storage_sops import SUPPORTED_BY_DEFAULT
from dimse.tables.transfer_syntaxes import TRANSFER_SYNTAXES, UNCOMPRESSED
from dul.negotiation import Negotiated, Support
from dul.pdu import AssociateRJ, AssociateRQ
from dul.values import dataclass, field

__all__ = [
    "Observer",
    "OpenSink",
    "Provider",
    "storage_support",
]


OpenSink = Callable[[StoreRequest], Sink]


class Observer:
    """Is told what happens, for logs and counts. Every method may be overridden; none may block."""

    def associated(self, peer: Peer, negotiated: Negotiated) -> None:
        """An association was established."""

    def rejected(self, peer: Peer, answer: AssociateRJ) -> None:
        """A request was rejected by us."""

    def echoed(self, request: EchoRequest, status: int) -> None:
        """A C-ECHO was answered."""

    def storing(self, request: StoreRequest) -> None:
        """A C-STORE-RQ came; its data set follows."""

    def stored(
        self, request: StoreRequest, status: int, path: Path | None, why: str | None
    ) -> None:
        """A C-STORE was answered; `why` is the error comment."""

    def released(self, peer: Peer) -> None:
        """The peer released."""

    def ended(self, peer: Peer, error: Exception) -> None:
        """The association ended in another way."""


@dataclass(frozen=True, slots=True)
class Provider:
    """What a service class provider does.

    Attributes:
        support: SOP classes, transfer syntaxes, titles; see `storage_support`.
        open_sink: makes the sink of a C-STORE. An exception, then or from the sink, refuses the
            object: with its `status` if it has one, A700H for a full disk, else 0110H.
        on_store: called with the committed object and its path; returns a status, or None
            for success.
        on_echo: called for a C-ECHO; returns a status, or None for success.
        access: called before anything is answered, with the request and the peer's address;
            returns a rejection, or None to go on.
        observer: is told what happens.
    """

    support: Support
    open_sink: OpenSink
    on_store: Callable[[StoreRequest, Path | None], int | None] | None = None
    on_echo: Callable[[EchoRequest], int | None] | None = None
    access: Callable[[AssociateRQ, str], AssociateRJ | None] | None = None
    observer: Observer = field(default_factory=Observer)


def storage_support(
    *,
    sop_classes: Sequence[str] | None = None,
    transfer_syntaxes: Sequence[str] | None = None,
    **others: Any,
) -> Support:
    """Verification, and storage of the given SOP classes in the given transfer syntaxes.

    Objects are stored as they come, so by default every transfer syntax is welcome: Explicit VR
    Little Endian first, which says most about its elements, then the other uncompressed ones.

    Args:
        sop_classes: default: all storage SOP classes.
        transfer_syntaxes: best first.
        others: further fields of `dul.negotiation.Support`.
    """
    if transfer_syntaxes is None:
        implicit, explicit, *uncompressed = UNCOMPRESSED
        first = (explicit, implicit, *uncompressed)
        rest = (uid for uid, each in TRANSFER_SYNTAXES.items() if each.vr != "n/a")
        transfer_syntaxes = tuple(dict.fromkeys((*first, *rest)))
    classes = SUPPORTED_BY_DEFAULT if sop_classes is None else sop_classes
    syntaxes = tuple(transfer_syntaxes)
    return Support({VERIFICATION: UNCOMPRESSED} | dict.fromkeys(classes, syntaxes), **others)
