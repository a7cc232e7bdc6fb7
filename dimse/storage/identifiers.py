"""The identifiers that a C-STORE-RQ names its object by: what may become a name, and file meta.

A SOP Instance UID is taken by a strict grammar: components of digits, one dot between two, 64
characters at most. Leading zeros, which PS3.5 9.1 forbids, are let through: such UIDs are in use
and harm nothing. What breaks the grammar is refused with 0117H, the status that PS3.7 C.5.12 has
for a UID that violates the construction rules, and never reaches a path.
"""

from __future__ import annotations

import re

from dimse.errors import InvalidSOPInstance, UnknownSOPClass
from dimse.requests import StoreRequest
from dimse.tables import uids
from dul.values import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Final

__all__ = ["check_identifiers"]

_INSTANCE_UID: Final = re.compile(r"[0-9]+(?:\.[0-9]+)*")


def check_identifiers(request: StoreRequest) -> None:
    """See whether an object can be known by what its command calls it.

    Raises:
        InvalidSOPInstance: the SOP Instance UID is none; status 0117H.
        UnknownSOPClass: the SOP Class UID is none; status 0122H.
    """
    message = request.message
    instance, sop_class = message.affected_sop_instance_uid, message.affected_sop_class_uid
    if not (len(instance) <= uids.MAXIMUM_UID_LENGTH and _INSTANCE_UID.fullmatch(instance)):
        raise InvalidSOPInstance(f"{instance[:80]!r} is no SOP Instance UID")
    if not uids.is_sendable(sop_class):
        raise UnknownSOPClass(f"{sop_class[:80]!r} is no SOP Class UID")
