"""What came of an association or an object, in words for who set up the other end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dimse.tables import status as statuses
from dimse.tables import transfer_syntaxes
from dimse.tables.storage_sops import name_of
from dul.negotiation import Negotiated
from dul.pdu import AssociateRJ
from dul.values import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Final

__all__ = ["advice_for_status", "explained_negotiation", "explained_rejection"]

_ABSTRACT, _TRANSFER = 3, 4  # results of a presentation context, PS3.8 Table 9-18


def explained_negotiation(negotiated: Negotiated) -> list[str]:
    """A sentence for each SOP class that was proposed: what was agreed, or why nothing was."""
    proposed: dict[str, list[int]] = {}
    syntaxes = {}
    for context in negotiated.request.presentation_contexts:
        proposed.setdefault(context.abstract_syntax, []).append(context.id)
        syntaxes[context.id] = context.transfer_syntaxes
    return [
        _of_class(negotiated, abstract, ids, syntaxes) for abstract, ids in sorted(proposed.items())
    ]


def _of_class(
    negotiated: Negotiated, abstract: str, ids: Sequence[int], syntaxes: Mapping[int, Sequence[str]]
) -> str:
    who = negotiated.request.calling_ae_title or "the caller"
    name = name_of(abstract)
    agreed = [negotiated.contexts[each] for each in ids if each in negotiated.contexts]
    if agreed:
        how = dict.fromkeys(_short(each.transfer_syntax) for each in agreed)
        return f"accepted: {name}, in {', '.join(how)}"
    results = {negotiated.refused.get(each) for each in ids}
    if results == {_TRANSFER}:
        offered = dict.fromkeys(_short(syntax) for each in ids for syntax in syntaxes[each])
        return (
            f"refused: {who} proposed only {', '.join(offered)} for {name}, and none of these is "
            "taken here"
        )
    if results == {_ABSTRACT}:
        return f"refused: {name} is not taken here"
    reasons = dict.fromkeys(negotiated.refusal(each) for each in ids)
    return f"refused: {name}: {', '.join(reasons)}"


def _short(uid: str) -> str:
    return transfer_syntaxes.name_of(uid)


def explained_rejection(answer: AssociateRJ, *, called: str, calling: str) -> tuple[str, str]:
    """Why an association was rejected, and what to do about it.

    Args:
        answer: what it was rejected with.
        called: the called AE title.
        calling: the calling one.
    """
    match (answer.source, answer.reason):
        case (1, 7):
            return (
                f"it calls {called!r}, which is not our AE title",
                "Set the called AE title of the other end to ours",
            )
        case (1, 3):
            return (
                f"{calling!r} may not call",
                "Allow this calling AE title or address here, or set it right at the other end",
            )
        case (1, 2):
            return (
                "its application context is not DICOM's",
                "The other end speaks something else than DICOM; ask its vendor",
            )
        case (3, 2):
            return (
                "there are too many associations already",
                "Look for associations that are open and idle; or allow more (--max-associations)",
            )
        case (2, 2):
            return (
                "it speaks another version of the protocol",
                "The other end is no DICOM peer, or a very strange one; ask its vendor",
            )
    return "it was rejected", "See the log of this server at level debug"


_ADVICE: Final = {
    statuses.OUT_OF_RESOURCES: "Look at free space and permissions of the directory and of the index "
    "here; the object can be sent again",
    statuses.DATA_SET_DOES_NOT_MATCH_SOP_CLASS: "The other end names another object than it sends: "
    "a fault of its own, often of a gateway that changes UIDs; tell its vendor",
    statuses.CANNOT_UNDERSTAND: "The object is damaged or cut off at the other end; export it again "
    "there, and tell its vendor",
    statuses.INVALID_SOP_INSTANCE: "Its SOP Instance UID breaks the rules; tell the vendor of the "
    "other end",
    statuses.SOP_CLASS_NOT_SUPPORTED: "The presentation context is not one for storage; tell the "
    "vendor of the other end",
}


def advice_for_status(status: int) -> str:
    """What to do about an object that was refused with this status."""
    return _ADVICE.get(status, "See the log of this server")
