"""What an acceptor supports: the presentation contexts, titles and roles that a provider serves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from dimse.scu import VERIFICATION
from dimse.tables.storage_sops import SUPPORTED_BY_DEFAULT
from dimse.tables.transfer_syntaxes import TRANSFER_SYNTAXES, UNCOMPRESSED
from dul.negotiation import SYNCHRONOUS, Identify, Support
from dul.user_items import AsynchronousOperationsWindow

__all__ = ["STORED_AS_THEY_COME", "default_support", "storage_support"]

_IMPLICIT, _EXPLICIT, *_OTHERS = UNCOMPRESSED
STORED_AS_THEY_COME: Final = tuple(
    dict.fromkeys(
        [_EXPLICIT, _IMPLICIT, *_OTHERS]
        + [uid for uid, each in TRANSFER_SYNTAXES.items() if each.vr != "n/a"]
    )
)
"""Every transfer syntax that encodes data sets: first Explicit VR Little Endian, which says most about
its elements, then the other uncompressed ones."""


def storage_support(
    *,
    sop_classes: Iterable[str] | None = None,
    transfer_syntaxes: Sequence[str] = STORED_AS_THEY_COME,
    others: Mapping[str, Sequence[str]] | None = None,
    called_ae_titles: Iterable[str] | None = None,
    calling_ae_titles: Iterable[str] | None = None,
    requestor_may_be_scp: Iterable[str] = (),
    window: AsynchronousOperationsWindow = SYNCHRONOUS,
    extended_negotiation: Mapping[str, bytes] | None = None,
    user_identity: Identify | None = None,
) -> Support:
    """Verification, and storage of the given SOP classes in the given transfer syntaxes.

    Args:
        sop_classes: UIDs; None: all storage SOP classes.
        transfer_syntaxes: UIDs, best first. Objects are stored as they come, so by default every
            transfer syntax is welcome.
        others: further abstract syntaxes, for handlers, with their transfer syntaxes, best first.
        called_ae_titles: the titles that are answered to; None: any.
        calling_ae_titles: the titles that may call; None: any.
        requestor_may_be_scp: abstract syntaxes whose requestor may take the SCP role.
        window: the largest asynchronous operations window that is agreed to.
        extended_negotiation: the answer (56H) by SOP class, for who asks.
        user_identity: judges a 58H: gives the server response (may be empty), or None to refuse
            the association; None: nobody's identity is looked at.
    """
    classes = SUPPORTED_BY_DEFAULT if sop_classes is None else sop_classes
    syntaxes = {VERIFICATION: UNCOMPRESSED} | dict.fromkeys(classes, tuple(transfer_syntaxes))
    syntaxes |= {uid: tuple(each) for uid, each in (others or {}).items()}
    return Support(
        syntaxes,
        called_ae_titles=_titles(called_ae_titles),
        calling_ae_titles=_titles(calling_ae_titles),
        requestor_may_be_scp=frozenset(requestor_may_be_scp),
        window=window,
        extended_negotiation=extended_negotiation or {},
        user_identity=user_identity,
    )


def default_support(*, stores: bool) -> Support:
    """What a server supports that was not told: Verification, and storage if it stores."""
    return storage_support() if stores else storage_support(sop_classes=())


def _titles(titles: Iterable[str] | None) -> frozenset[str] | None:
    return None if titles is None else frozenset(titles)
