"""The value representations of PS3.5 Table 6.2-1, as far as their bytes go: header, words, padding."""

from __future__ import annotations

from dul.values import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Final

__all__ = [
    "ELEMENT_HEADER_LENGTH",
    "FRAGMENTED",
    "LONG_VRS",
    "MAY_BE_UNDEFINED",
    "SHORT_VRS",
    "WORD_LENGTH",
    "padding_of",
]

# Length of the element header by VR (PS3.5 7.1.2): 2 bytes of length, or 2 reserved and 4.
SHORT_VRS: Final = (
    b"AE", b"AS", b"AT", b"CS", b"DA", b"DS", b"DT", b"FD", b"FL", b"IS", b"LO", b"LT", b"PN",
    b"SH", b"SL", b"SS", b"ST", b"TM", b"UI", b"UL", b"US",
)  # fmt: skip
LONG_VRS: Final = (
    b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV",
)  # fmt: skip
ELEMENT_HEADER_LENGTH: Final = {**dict.fromkeys(SHORT_VRS, 8), **dict.fromkeys(LONG_VRS, 12)}

MAY_BE_UNDEFINED: Final = frozenset({b"SQ", b"UN", b"OB", b"OW"})
FRAGMENTED: Final = frozenset({b"OB", b"OW"})

# Bytes per word, for the VRs whose values have a byte order (PS3.5 6.2, 7.3).
WORD_LENGTH: Final = {
    **dict.fromkeys((b"AT", b"OW", b"SS", b"US"), 2),
    **dict.fromkeys((b"FL", b"OF", b"OL", b"SL", b"UL"), 4),
    **dict.fromkeys((b"FD", b"OD", b"OV", b"SV", b"UV"), 8),
}

_TEXTS: Final = frozenset(
    {b"AE", b"AS", b"CS", b"DA", b"DS", b"DT", b"IS", b"LO", b"LT", b"PN", b"SH", b"ST", b"TM"}
    | {b"UC", b"UR", b"UT"}
)


def padding_of(vr: bytes) -> bytes:
    """The one byte that makes a value of odd length even (PS3.5 6.2).

    A space for texts, a NUL for all else: UI, OB, UN, and the numbers, which are never odd
    unless they are damaged.
    """
    return b" " if vr in _TEXTS else b"\0"
