"""How a data set is laid out in bytes: VRs, byte order, what transfer syntax means which.

The rules of PS3.5 section 7 and Annex A, as far as one must know them to find the end of an
element without understanding it.
"""

from __future__ import annotations

from struct import Struct
from typing import Final

from dimse.tables import uids
from dimse.tables.transfer_syntaxes import TRANSFER_SYNTAXES
from dul.values import dataclass

__all__ = [
    "EXPLICIT_BIG",
    "EXPLICIT_LITTLE",
    "FRAGMENTED",
    "HEADER_LENGTH",
    "IMPLICIT_LITTLE",
    "LONG_VRS",
    "MAY_BE_UNDEFINED",
    "SHORT_VRS",
    "UNDEFINED",
    "Layout",
    "layout_of",
]

UNDEFINED: Final = 0xFFFFFFFF

# Length of the element header by VR (PS3.5 7.1.2): 2 bytes of length, or 2 reserved and 4.
SHORT_VRS: Final = (
    b"AE", b"AS", b"AT", b"CS", b"DA", b"DS", b"DT", b"FD", b"FL", b"IS", b"LO", b"LT", b"PN",
    b"SH", b"SL", b"SS", b"ST", b"TM", b"UI", b"UL", b"US",
)  # fmt: skip
LONG_VRS: Final = (
    b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV",
)  # fmt: skip
HEADER_LENGTH: Final = {**dict.fromkeys(SHORT_VRS, 8), **dict.fromkeys(LONG_VRS, 12)}
MAY_BE_UNDEFINED: Final = frozenset({b"SQ", b"UN", b"OB", b"OW"})
FRAGMENTED: Final = frozenset({b"OB", b"OW"})


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
