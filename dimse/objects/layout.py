"""How a data set is laid out in bytes: byte order, headers, and what transfer syntax means which.

The rules of PS3.5 section 7 and Annex A, as far as one must know them to find the end of an
element without understanding it.
"""

from __future__ import annotations

from struct import Struct

from dimse.tables import uids
from dimse.tables.transfer_syntaxes import TRANSFER_SYNTAXES, UNCOMPRESSED, describe
from dul.values import TYPE_CHECKING, dataclass

if TYPE_CHECKING:
    from typing import Final

__all__ = [
    "EXPLICIT_BIG",
    "EXPLICIT_LITTLE",
    "IMPLICIT_LITTLE",
    "ITEM",
    "ITEM_DELIMITATION",
    "SEQUENCE_DELIMITATION",
    "UNDEFINED",
    "Layout",
    "is_deflated",
    "layout_of",
    "obstacle_between",
    "tag_name",
]

UNDEFINED: Final = 0xFFFFFFFF

# PS3.5 7.5; they have no VR in either layout.
ITEM: Final = 0xFFFEE000
ITEM_DELIMITATION: Final = 0xFFFEE00D
SEQUENCE_DELIMITATION: Final = 0xFFFEE0DD


@dataclass(frozen=True, slots=True)
class Layout:
    """How a data set is laid out in bytes. There are three: see the constants below.

    Attributes:
        uid: the plain transfer syntax that has this layout.
        explicit: whether elements name their VR.
        header: group, element, VR and 16-bit length; or group, element and 32-bit length.
        item: group, element and 32-bit length, as items and delimiters have it in either case.
        wide: a 32-bit length.
    """

    uid: str
    explicit: bool
    header: Struct
    item: Struct
    wide: Struct


IMPLICIT_LITTLE: Final = Layout(
    uids.IMPLICIT_VR_LITTLE_ENDIAN, False, Struct("<HHI"), Struct("<HHI"), Struct("<I")
)
EXPLICIT_LITTLE: Final = Layout(
    uids.EXPLICIT_VR_LITTLE_ENDIAN, True, Struct("<HH2sH"), Struct("<HHI"), Struct("<I")
)
EXPLICIT_BIG: Final = Layout(
    uids.EXPLICIT_VR_BIG_ENDIAN, True, Struct(">HH2sH"), Struct(">HHI"), Struct(">I")
)
_LAYOUTS: Final = {
    ("implicit", "little"): IMPLICIT_LITTLE,
    ("explicit", "little"): EXPLICIT_LITTLE,
    ("explicit", "big"): EXPLICIT_BIG,
}
# GE's private syntax: implicit, and only its pixel data are big endian.
_GE_PRIVATE: Final = "1.2.840.113619.5.2"


def layout_of(uid: str) -> Layout:
    """The layout of a transfer syntax; for a deflated one, of what inflating gives.

    Syntaxes that the table doesn't have, private or newer, are Explicit VR Little Endian, which
    PS3.5 10 and A.4 ask of every one but the three classic ones.
    """
    syntax = TRANSFER_SYNTAXES.get(uid)
    if syntax is not None:
        return _LAYOUTS.get((syntax.vr, syntax.byte_order), EXPLICIT_LITTLE)
    return IMPLICIT_LITTLE if uid == _GE_PRIVATE else EXPLICIT_LITTLE


def is_deflated(uid: str) -> bool:
    """Whether the whole data set is one deflate stream in this transfer syntax (PS3.5 A.5)."""
    syntax = TRANSFER_SYNTAXES.get(uid)
    return syntax is not None and syntax.deflated


def obstacle_between(own: str, other: str, *, proven: bool = True) -> str | None:
    """What is in the way of converting one syntax to another without a codec; None: nothing is.

    Args:
        own: the transfer syntax of the data set.
        other: the one that is wanted.
        proven: whether the data set is known to be whole; one that is not can't be taken apart.
    """
    if not proven:
        return "it can't be told to be whole, and is sent only as it is"
    if own == other or (own in UNCOMPRESSED and other in UNCOMPRESSED):
        return None
    if own in UNCOMPRESSED:
        return f"there is no way to encode into {describe(other)}"
    return "its pixel data is compressed, and is sent only as it is"


def tag_name(tag: int) -> str:
    """A tag as messages name it: (0008,0018)."""
    return f"({tag >> 16:04X},{tag & 0xFFFF:04X})"
