"""Transfer syntaxes by DCMTK's options: one table of suffixes, from which a tool's options are made."""

from __future__ import annotations

from dimse.tables.transfer_syntaxes import STORED_AS_THEY_COME
from dimse.tables.uids import (
    DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
    EXPLICIT_VR_BIG_ENDIAN,
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
)
from dul.values import TYPE_CHECKING

from ..grammar.declaration import Option, flag

if TYPE_CHECKING:
    from typing import Final

__all__ = ["SUFFIXES", "prefer_options"]

_CLASSIC: Final = (EXPLICIT_VR_LITTLE_ENDIAN, EXPLICIT_VR_BIG_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN)

_DICOM: Final = "1.2.840.10008.1.2."
SUFFIXES: Final[dict[str, tuple[str, str, str]]] = {
    "=": ("uncompr", EXPLICIT_VR_LITTLE_ENDIAN, "explicit VR little endian"),
    "e": ("little", EXPLICIT_VR_LITTLE_ENDIAN, "explicit VR little endian"),
    "b": ("big", EXPLICIT_VR_BIG_ENDIAN, "explicit VR big endian"),
    "s": ("lossless", f"{_DICOM}4.70", "JPEG lossless"),
    "y": ("jpeg8", f"{_DICOM}4.50", "JPEG lossy for 8 bits"),
    "x": ("jpeg12", f"{_DICOM}4.51", "JPEG lossy for 12 bits"),
    "v": ("j2k-lossless", f"{_DICOM}4.90", "JPEG 2000 lossless"),
    "w": ("j2k-lossy", f"{_DICOM}4.91", "JPEG 2000 lossy"),
    "t": ("jls-lossless", f"{_DICOM}4.80", "JPEG-LS lossless"),
    "u": ("jls-lossy", f"{_DICOM}4.81", "JPEG-LS lossy"),
    "m": ("mpeg2", f"{_DICOM}4.100", "MPEG2 Main Profile, Main Level"),
    "h": ("mpeg2-high", f"{_DICOM}4.101", "MPEG2 Main Profile, High Level"),
    "n": ("mpeg4", f"{_DICOM}4.102", "MPEG4 High Profile, Level 4.1"),
    "l": ("mpeg4-bd", f"{_DICOM}4.103", "MPEG4 BD-compatible"),
    "2": ("mpeg4-2-2d", f"{_DICOM}4.104", "MPEG4 High Profile, Level 4.2, 2D"),
    "3": ("mpeg4-2-3d", f"{_DICOM}4.105", "MPEG4 High Profile, Level 4.2, 3D"),
    "o": ("mpeg4-2-st", f"{_DICOM}4.106", "MPEG4 Stereo High Profile, Level 4.2"),
    "4": ("hevc", f"{_DICOM}4.107", "HEVC Main Profile, Level 5.1"),
    "5": ("hevc10", f"{_DICOM}4.108", "HEVC Main 10 Profile, Level 5.1"),
    "r": ("rle", f"{_DICOM}5", "RLE lossless"),
    "d": ("deflated", DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN, "deflated explicit VR little endian"),
}
"""The last letter of DCMTK's short options (-xs, +xs), the last word of the long ones, UID, and words."""


def prefer_options() -> tuple[Option[tuple[str, ...]], ...]:
    """An acceptor's options: which transfer syntaxes it takes, the best one first.

    As with DCMTK each is taken besides the three classic uncompressed ones, and none but these.
    """
    preferring = [
        flag(
            f"+x{letter}",
            f"--prefer-{word}",
            value=(uid, *(each for each in _CLASSIC if each != uid)),
            help=f"prefer {words}",
        )
        for letter, (word, uid, words) in SUFFIXES.items()
    ]
    return (
        *preferring,
        flag(
            "+xi",
            "--implicit",
            value=(IMPLICIT_VR_LITTLE_ENDIAN,),
            help="accept implicit VR little endian only",
        ),
        flag(
            "+xa",
            "--accept-all",
            value=STORED_AS_THEY_COME,
            help="accept all, private ones, too",
        ),
    )
