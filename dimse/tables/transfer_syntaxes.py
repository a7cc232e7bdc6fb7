"""The transfer syntaxes of PS3.6 Table A-1, and how each one lays out a data set.

A table of facts: names for messages, and the four properties that decide whether a data set can
be re-encoded (PS3.5 Annex A). The table is compared with the standard's in the tests.
"""

from __future__ import annotations

from collections.abc import Mapping

from dimse.tables import TextTable
from dul.values import TYPE_CHECKING, dataclass

if TYPE_CHECKING:
    from typing import Final

__all__ = [
    "STORED_AS_THEY_COME",
    "TRANSFER_SYNTAXES",
    "UNCOMPRESSED",
    "TransferSyntax",
    "describe",
    "name_of",
]


@dataclass(frozen=True, slots=True)
class TransferSyntax:
    """One transfer syntax (PS3.6 A.1, PS3.5 Annex A).

    Attributes:
        uid: the UID as text.
        name: the UID name.
        keyword: the UID keyword.
        retired: whether the standard has withdrawn it; peers still use some of these.
        vr: "implicit", "explicit", or "n/a" for the two that don't encode a data set.
        byte_order: "little", "big" or "n/a".
        deflated: whether the whole data set is one deflate stream (PS3.5 A.5).
        pixel_data: "native", "encapsulated" (PS3.5 A.4), "referenced" (JPIP),
            "real-time-video" (PS3.22, never in a C-STORE) or "n/a".
    """

    uid: str
    name: str
    keyword: str
    retired: bool
    vr: str
    byte_order: str
    deflated: bool
    pixel_data: str


# UID, retired, VR, byte order, deflated, pixel data, keyword, name
_TABLE: Final = """
1.2.840.10008.1.2         N implicit little N   native          ImplicitVRLittleEndian Implicit VR Little Endian
1.2.840.10008.1.2.1       N explicit little N   native          ExplicitVRLittleEndian Explicit VR Little Endian
1.2.840.10008.1.2.1.98    N explicit little N   encapsulated    EncapsulatedUncompressedExplicitVRLittleEndian Encapsulated Uncompressed Explicit VR Little Endian
1.2.840.10008.1.2.1.99    N explicit little Y   native          DeflatedExplicitVRLittleEndian Deflated Explicit VR Little Endian
1.2.840.10008.1.2.2       Y explicit big    N   native          ExplicitVRBigEndian Explicit VR Big Endian
1.2.840.10008.1.2.4.50    N explicit little N   encapsulated    JPEGBaseline8Bit JPEG Baseline (Process 1)
1.2.840.10008.1.2.4.51    N explicit little N   encapsulated    JPEGExtended12Bit JPEG Extended (Process 2 and 4)
1.2.840.10008.1.2.4.52    Y explicit little N   encapsulated    JPEGExtended35 JPEG Extended (Process 3 and 5)
1.2.840.10008.1.2.4.53    Y explicit little N   encapsulated    JPEGSpectralSelectionNonHierarchical68 JPEG Spectral Selection, Non-Hierarchical (Process 6 and 8)
1.2.840.10008.1.2.4.54    Y explicit little N   encapsulated    JPEGSpectralSelectionNonHierarchical79 JPEG Spectral Selection, Non-Hierarchical (Process 7 and 9)
1.2.840.10008.1.2.4.55    Y explicit little N   encapsulated    JPEGFullProgressionNonHierarchical1012 JPEG Full Progression, Non-Hierarchical (Process 10 and 12)
1.2.840.10008.1.2.4.56    Y explicit little N   encapsulated    JPEGFullProgressionNonHierarchical1113 JPEG Full Progression, Non-Hierarchical (Process 11 and 13)
1.2.840.10008.1.2.4.57    N explicit little N   encapsulated    JPEGLossless JPEG Lossless, Non-Hierarchical (Process 14)
1.2.840.10008.1.2.4.58    Y explicit little N   encapsulated    JPEGLosslessNonHierarchical15 JPEG Lossless, Non-Hierarchical (Process 15)
1.2.840.10008.1.2.4.59    Y explicit little N   encapsulated    JPEGExtendedHierarchical1618 JPEG Extended, Hierarchical (Process 16 and 18)
1.2.840.10008.1.2.4.60    Y explicit little N   encapsulated    JPEGExtendedHierarchical1719 JPEG Extended, Hierarchical (Process 17 and 19)
1.2.840.10008.1.2.4.61    Y explicit little N   encapsulated    JPEGSpectralSelectionHierarchical2022 JPEG Spectral Selection, Hierarchical (Process 20 and 22)
1.2.840.10008.1.2.4.62    Y explicit little N   encapsulated    JPEGSpectralSelectionHierarchical2123 JPEG Spectral Selection, Hierarchical (Process 21 and 23)
1.2.840.10008.1.2.4.63    Y explicit little N   encapsulated    JPEGFullProgressionHierarchical2426 JPEG Full Progression, Hierarchical (Process 24 and 26)
1.2.840.10008.1.2.4.64    Y explicit little N   encapsulated    JPEGFullProgressionHierarchical2527 JPEG Full Progression, Hierarchical (Process 25 and 27)
1.2.840.10008.1.2.4.65    Y explicit little N   encapsulated    JPEGLosslessHierarchical28 JPEG Lossless, Hierarchical (Process 28)
1.2.840.10008.1.2.4.66    Y explicit little N   encapsulated    JPEGLosslessHierarchical29 JPEG Lossless, Hierarchical (Process 29)
1.2.840.10008.1.2.4.70    N explicit little N   encapsulated    JPEGLosslessSV1 JPEG Lossless, Non-Hierarchical, First-Order Prediction (Process 14 [Selection Value 1])
1.2.840.10008.1.2.4.80    N explicit little N   encapsulated    JPEGLSLossless JPEG-LS Lossless Image Compression
1.2.840.10008.1.2.4.81    N explicit little N   encapsulated    JPEGLSNearLossless JPEG-LS Lossy (Near-Lossless) Image Compression
1.2.840.10008.1.2.4.90    N explicit little N   encapsulated    JPEG2000Lossless JPEG 2000 Image Compression (Lossless Only)
1.2.840.10008.1.2.4.91    N explicit little N   encapsulated    JPEG2000 JPEG 2000 Image Compression
1.2.840.10008.1.2.4.92    N explicit little N   encapsulated    JPEG2000MCLossless JPEG 2000 Part 2 Multi-component Image Compression (Lossless Only)
1.2.840.10008.1.2.4.93    N explicit little N   encapsulated    JPEG2000MC JPEG 2000 Part 2 Multi-component Image Compression
1.2.840.10008.1.2.4.94    N explicit little N   referenced      JPIPReferenced JPIP Referenced
1.2.840.10008.1.2.4.95    N explicit little Y   referenced      JPIPReferencedDeflate JPIP Referenced Deflate
1.2.840.10008.1.2.4.100   N explicit little N   encapsulated    MPEG2MPML MPEG2 Main Profile / Main Level
1.2.840.10008.1.2.4.100.1 N explicit little N   encapsulated    MPEG2MPMLF Fragmentable MPEG2 Main Profile / Main Level
1.2.840.10008.1.2.4.101   N explicit little N   encapsulated    MPEG2MPHL MPEG2 Main Profile / High Level
1.2.840.10008.1.2.4.101.1 N explicit little N   encapsulated    MPEG2MPHLF Fragmentable MPEG2 Main Profile / High Level
1.2.840.10008.1.2.4.102   N explicit little N   encapsulated    MPEG4HP41 MPEG-4 AVC/H.264 High Profile / Level 4.1
1.2.840.10008.1.2.4.102.1 N explicit little N   encapsulated    MPEG4HP41F Fragmentable MPEG-4 AVC/H.264 High Profile / Level 4.1
1.2.840.10008.1.2.4.103   N explicit little N   encapsulated    MPEG4HP41BD MPEG-4 AVC/H.264 BD-compatible High Profile / Level 4.1
1.2.840.10008.1.2.4.103.1 N explicit little N   encapsulated    MPEG4HP41BDF Fragmentable MPEG-4 AVC/H.264 BD-compatible High Profile / Level 4.1
1.2.840.10008.1.2.4.104   N explicit little N   encapsulated    MPEG4HP422D MPEG-4 AVC/H.264 High Profile / Level 4.2 For 2D Video
1.2.840.10008.1.2.4.104.1 N explicit little N   encapsulated    MPEG4HP422DF Fragmentable MPEG-4 AVC/H.264 High Profile / Level 4.2 For 2D Video
1.2.840.10008.1.2.4.105   N explicit little N   encapsulated    MPEG4HP423D MPEG-4 AVC/H.264 High Profile / Level 4.2 For 3D Video
1.2.840.10008.1.2.4.105.1 N explicit little N   encapsulated    MPEG4HP423DF Fragmentable MPEG-4 AVC/H.264 High Profile / Level 4.2 For 3D Video
1.2.840.10008.1.2.4.106   N explicit little N   encapsulated    MPEG4HP42STEREO MPEG-4 AVC/H.264 Stereo High Profile / Level 4.2
1.2.840.10008.1.2.4.106.1 N explicit little N   encapsulated    MPEG4HP42STEREOF Fragmentable MPEG-4 AVC/H.264 Stereo High Profile / Level 4.2
1.2.840.10008.1.2.4.107   N explicit little N   encapsulated    HEVCMP51 HEVC/H.265 Main Profile / Level 5.1
1.2.840.10008.1.2.4.108   N explicit little N   encapsulated    HEVCM10P51 HEVC/H.265 Main 10 Profile / Level 5.1
1.2.840.10008.1.2.4.110   N explicit little N   encapsulated    JPEGXLLossless JPEG XL Lossless
1.2.840.10008.1.2.4.111   N explicit little N   encapsulated    JPEGXLJPEGRecompression JPEG XL JPEG Recompression
1.2.840.10008.1.2.4.112   N explicit little N   encapsulated    JPEGXL JPEG XL
1.2.840.10008.1.2.4.201   N explicit little N   encapsulated    HTJ2KLossless High-Throughput JPEG 2000 Image Compression (Lossless Only)
1.2.840.10008.1.2.4.202   N explicit little N   encapsulated    HTJ2KLosslessRPCL High-Throughput JPEG 2000 with RPCL Options Image Compression (Lossless Only)
1.2.840.10008.1.2.4.203   N explicit little N   encapsulated    HTJ2K High-Throughput JPEG 2000 Image Compression
1.2.840.10008.1.2.4.204   N explicit little N   referenced      JPIPHTJ2KReferenced JPIP HTJ2K Referenced
1.2.840.10008.1.2.4.205   N explicit little Y   referenced      JPIPHTJ2KReferencedDeflate JPIP HTJ2K Referenced Deflate
1.2.840.10008.1.2.5       N explicit little N   encapsulated    RLELossless RLE Lossless
1.2.840.10008.1.2.6.1     Y n/a      n/a    n/a n/a             RFC2557MIMEEncapsulation RFC 2557 MIME encapsulation
1.2.840.10008.1.2.6.2     Y n/a      n/a    n/a n/a             XMLEncoding XML Encoding
1.2.840.10008.1.2.7.1     N explicit little N   real-time-video SMPTEST211020UncompressedProgressiveActiveVideo SMPTE ST 2110-20 Uncompressed Progressive Active Video
1.2.840.10008.1.2.7.2     N explicit little N   real-time-video SMPTEST211020UncompressedInterlacedActiveVideo SMPTE ST 2110-20 Uncompressed Interlaced Active Video
1.2.840.10008.1.2.7.3     N explicit little N   real-time-video SMPTEST211030PCMDigitalAudio SMPTE ST 2110-30 PCM Digital Audio
1.2.840.10008.1.2.8.1     N explicit little N   encapsulated    DeflatedImageFrameCompression Deflated Image Frame Compression
1.2.840.10008.1.20        Y implicit little N   native          Papyrus3ImplicitVRLittleEndian Papyrus 3 Implicit VR Little Endian
"""


def _row(line: str) -> TransferSyntax:
    uid, retired, vr, byte_order, deflated, pixel_data, keyword, name = line.split(maxsplit=7)
    return TransferSyntax(
        uid, name, keyword, retired == "Y", vr, byte_order, deflated == "Y", pixel_data
    )


TRANSFER_SYNTAXES: Final[Mapping[str, TransferSyntax]] = TextTable(_TABLE, _row)
"""The transfer syntaxes of PS3.6 Table A-1, by UID."""

# `transcode` knows each of the four in both directions. Papyrus 3 is native too, but retired, and
# there is no such file to test with.
UNCOMPRESSED: Final = (
    "1.2.840.10008.1.2",  # Implicit VR Little Endian
    "1.2.840.10008.1.2.1",  # Explicit VR Little Endian
    "1.2.840.10008.1.2.2",  # Explicit VR Big Endian, retired
    "1.2.840.10008.1.2.1.99",  # Deflated Explicit VR Little Endian
)
"""Those between which a data set can be re-encoded without touching a pixel."""

# RFC 2557 MIME encapsulation and XML Encoding.
_NO_DATA_SETS: Final = {"1.2.840.10008.1.2.6.1", "1.2.840.10008.1.2.6.2"}

STORED_AS_THEY_COME: Final = tuple(
    uid
    for uid in dict.fromkeys(["1.2.840.10008.1.2.1", *UNCOMPRESSED, *TRANSFER_SYNTAXES])
    if uid not in _NO_DATA_SETS
)
"""Every transfer syntax that encodes data sets: first Explicit VR Little Endian, which says most about
its elements, then the other uncompressed ones."""


def name_of(uid: str) -> str:
    """The UID name of a transfer syntax, or the UID itself where the standard has none for it."""
    syntax = TRANSFER_SYNTAXES.get(uid)
    return uid if syntax is None else syntax.name


def describe(uid: str) -> str:
    """Name and UID for a message: "RLE Lossless (1.2.840.10008.1.2.5)"."""
    name = name_of(uid)
    return f"unknown transfer syntax {uid}" if name == uid else f"{name} ({uid})"
