"""Unique identifiers: their grammar (PS3.5 9.1) and our own names."""

from __future__ import annotations

from functools import lru_cache

# Who wrote a file (0002,0012) is who speaks on an association (PS3.7 D.3.3.2).
from dul.negotiation import (
    IMPLEMENTATION_CLASS_UID,
    IMPLEMENTATION_VERSION_NAME,
    valid_uid,
)
from dul.values import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Final

__all__ = [
    "DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN",
    "EXPLICIT_VR_BIG_ENDIAN",
    "EXPLICIT_VR_LITTLE_ENDIAN",
    "IMPLEMENTATION_CLASS_UID",
    "IMPLEMENTATION_VERSION_NAME",
    "IMPLICIT_VR_LITTLE_ENDIAN",
    "MAXIMUM_UID_LENGTH",
    "VERIFICATION",
    "is_sendable",
    "is_uid",
]

MAXIMUM_UID_LENGTH: Final = 64  # characters, PS3.5 9.1

IMPLICIT_VR_LITTLE_ENDIAN: Final = "1.2.840.10008.1.2"
EXPLICIT_VR_LITTLE_ENDIAN: Final = "1.2.840.10008.1.2.1"
DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN: Final = "1.2.840.10008.1.2.1.99"
EXPLICIT_VR_BIG_ENDIAN: Final = "1.2.840.10008.1.2.2"

VERIFICATION: Final = "1.2.840.10008.1.1"
"""The SOP class of C-ECHO (PS3.4 A.4)."""


@lru_cache(maxsize=64)  # the UIDs of an object are asked about at every stop
def is_sendable(uid: str) -> bool:
    """Whether the text can travel as a UID: 1 to 64 digits and dots.

    Looser than `is_uid`: objects whose UIDs have a component with a leading zero are common, and
    a stack that refused to move them would help nobody.
    """
    return 0 < len(uid) <= MAXIMUM_UID_LENGTH and not uid.strip("0123456789.")


def is_uid(uid: str) -> bool:
    """Whether the text is a UID by the letter of PS3.5 9.1: no empty component, no leading zero."""
    return valid_uid(uid)
