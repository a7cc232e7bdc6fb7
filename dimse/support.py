"""What an acceptor supports: the presentation contexts, titles and roles that a provider serves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from dimse.errors import InvalidValue
from dimse.tables.storage_sops import SUPPORTED_BY_DEFAULT
from dimse.tables.transfer_syntaxes import STORED_AS_THEY_COME, TRANSFER_SYNTAXES, UNCOMPRESSED
from dimse.tables.uids import VERIFICATION
from dimse.titles import checked_ae_title
from dul.negotiation import SYNCHRONOUS
from dul.support import Identify, Support
from dul.user_items import AsynchronousOperationsWindow
from dul.values import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Final, Literal, TypeAlias

    from dimse.levels import StorageLevels

__all__ = ["Preference", "default_support", "storage_support"]

Preference: TypeAlias = "Literal['unconverted', 'ours', 'requestor']"
"""Which transfer syntax is taken of a presentation context with several (PS3.8 leaves it to the acceptor).

"unconverted": a compressed one that the requestor proposes first, for then its object most likely has
it already, and there are senders that can't decompress; otherwise as "ours". "ours": the best in our
own order. "requestor": the first in the requestor's order that is supported.
"""

_COMPRESSED: Final = frozenset(
    uid for uid, each in TRANSFER_SYNTAXES.items() if each.pixel_data != "native"
)
_ROOT, _STORAGE = "1.2.840.10008.", "1.2.840.10008.5.1.4.1.1."


def may_be_stored(sop_class_uid: str) -> bool:
    """Whether a SOP class that the tables don't have may be one of storage: private, or newer.

    All that the standard has defined outside of the branch for storage is something else.
    """
    return not sop_class_uid.startswith(_ROOT) or sop_class_uid.startswith(_STORAGE)


def storage_support(
    *,
    sop_classes: Iterable[str] | None = None,
    any_sop_class: bool = False,
    transfer_syntaxes: Sequence[str] = STORED_AS_THEY_COME,
    any_transfer_syntax: bool = False,
    preference: Preference = "unconverted",
    others: Mapping[str, Sequence[str]] | None = None,
    called_ae_titles: Iterable[str] | None = None,
    calling_ae_titles: Iterable[str] | None = None,
    requestor_may_be_scp: Iterable[str] = (),
    window: AsynchronousOperationsWindow = SYNCHRONOUS,
    extended_negotiation: Mapping[str, bytes] | None = None,
    storage_levels: StorageLevels | None = None,
    user_identity: Identify | None = None,
    identity_required: bool = False,
) -> Support:
    """Verification, and storage of the given SOP classes in the given transfer syntaxes.

    Args:
        sop_classes: UIDs; None: all storage SOP classes.
        any_sop_class: take those that the standard doesn't have, too: private ones, and newer ones.
        transfer_syntaxes: UIDs, best first. Objects are stored as they come, so by default every
            transfer syntax is welcome.
        any_transfer_syntax: take private and newer ones, too, where no other is proposed.
        preference: which is taken where several are proposed; see `Preference`.
        others: further abstract syntaxes, for handlers, with their transfer syntaxes, best first.
        called_ae_titles: the titles that are answered to; None: any.
        calling_ae_titles: the titles that may call; None: any.
        requestor_may_be_scp: abstract syntaxes whose requestor may take the SCP role.
        window: the largest asynchronous operations window that is agreed to.
        extended_negotiation: the answer (56H) by SOP class, for who asks.
        storage_levels: the answer for each of `sop_classes` that has none there: what is preserved
            of objects; None: nothing is said of it.
        user_identity: judges a 58H: gives the server response (may be empty), or None to refuse
            the association; None: nobody's identity is looked at.
        identity_required: refuse also who says nothing of an identity.

    Raises:
        InvalidValue: a title that nobody can have; a single text in the place of several.
    """
    for name, several in (
        ("sop_classes", sop_classes),
        ("transfer_syntaxes", transfer_syntaxes),
        ("requestor_may_be_scp", requestor_may_be_scp),
        *((f"others: {uid}", syntaxes) for uid, syntaxes in (others or {}).items()),
    ):
        if isinstance(several, str):  # its letters would be the UIDs
            raise InvalidValue(name, f"{several!r} is a single UID; give a list of them")
    classes = SUPPORTED_BY_DEFAULT if sop_classes is None else tuple(sop_classes)
    stored = tuple(transfer_syntaxes)
    syntaxes = {VERIFICATION: UNCOMPRESSED} | dict.fromkeys(classes, stored)
    syntaxes |= {uid: tuple(each) for uid, each in (others or {}).items()}
    extended = dict(extended_negotiation or {})
    if storage_levels is not None:
        extended = dict.fromkeys(classes, storage_levels.encode()) | extended
    return Support(
        syntaxes,
        unknown_abstract_syntax=stored if any_sop_class else (),
        unknown_allowed=may_be_stored,
        unknown_transfer_syntax=any_transfer_syntax,
        by_requestor_order=preference == "requestor",
        taken_if_first=_COMPRESSED if preference == "unconverted" else frozenset(),
        called_ae_titles=_titles(called_ae_titles, "called_ae_titles"),
        calling_ae_titles=_titles(calling_ae_titles, "calling_ae_titles"),
        requestor_may_be_scp=frozenset(requestor_may_be_scp),
        window=window,
        extended_negotiation=extended,
        user_identity=user_identity,
        identity_required=identity_required,
    )


def default_support(*, stores: bool) -> Support:
    """What a server supports that was not told: Verification, and storage if it stores."""
    return storage_support() if stores else storage_support(sop_classes=())


def _titles(titles: Iterable[str] | None, where: str) -> frozenset[str] | None:
    if titles is None:
        return None
    if isinstance(titles, str):
        raise InvalidValue(where, f"{titles!r} is a single title; give a list of them")
    return frozenset(checked_ae_title(each, where) for each in titles)
