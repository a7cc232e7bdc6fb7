"""What DCMTK's tools call transfer syntaxes and SOP classes: in messages, and in configuration files.

Scripts look for the former in what storescu says, and configurations name UIDs by the latter. They
are older than the standard's keywords, and differ from them for transfer syntaxes.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from dimse.tables.storage_sops import STORAGE_SOP_CLASSES
from dimse.tables.transfer_syntaxes import TRANSFER_SYNTAXES, name_of
from dimse.tables.uids import VERIFICATION
from dul.values import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Final

__all__ = ["NAMES", "message_name", "uid_of_sop_class", "uid_of_transfer_syntax"]

_ROOT: Final = "1.2.840.10008.1.2"
# What follows the root, the symbol of configuration files, and the name in messages.
_TABLE: Final = """
-      LittleEndianImplicit Little Endian Implicit
.1     LittleEndianExplicit Little Endian Explicit
.2     BigEndianExplicit Big Endian Explicit
.1.99  DeflatedLittleEndianExplicit Deflated Explicit VR Little Endian
.4.50  JPEGBaseline JPEG Baseline
.4.51  JPEGExtended:Process2+4 JPEG Extended, Process 2+4
.4.52  JPEGExtended:Process3+5 JPEG Extended, Process 3+5
.4.53  JPEGSpectralSelection:Non-hierarchical:Process6+8 JPEG Spectral Selection, Non-hierarchical, Process 6+8
.4.54  JPEGSpectralSelection:Non-hierarchical:Process7+9 JPEG Spectral Selection, Non-hierarchical, Process 7+9
.4.55  JPEGFullProgression:Non-hierarchical:Process10+12 JPEG Full Progression, Non-hierarchical, Process 10+12
.4.56  JPEGFullProgression:Non-hierarchical:Process11+13 JPEG Full Progression, Non-hierarchical, Process 11+13
.4.57  JPEGLossless:Non-hierarchical:Process14 JPEG Lossless, Non-hierarchical, Process 14
.4.58  JPEGLossless:Non-hierarchical:Process15 JPEG Lossless, Non-hierarchical, Process 15
.4.59  JPEGExtended:Hierarchical:Process16+18 JPEG Extended, Hierarchical, Process 16+18
.4.60  JPEGExtended:Hierarchical:Process17+19 JPEG Extended, Hierarchical, Process 17+19
.4.61  JPEGSpectralSelection:Hierarchical:Process20+22 JPEG Spectral Selection, Hierarchical, Process 20+22
.4.62  JPEGSpectralSelection:Hierarchical:Process21+23 JPEG Spectral Selection, Hierarchical, Process 21+23
.4.63  JPEGFullProgression:Hierarchical:Process24+26 JPEG Full Progression, Hierarchical, Process 24+26
.4.64  JPEGFullProgression:Hierarchical:Process25+27 JPEG Full Progression, Hierarchical, Process 25+27
.4.65  JPEGLossless:Hierarchical:Process28 JPEG Lossless, Hierarchical, Process 28
.4.66  JPEGLossless:Hierarchical:Process29 JPEG Lossless, Hierarchical, Process 29
.4.70  JPEGLossless:Non-hierarchical-1stOrderPrediction JPEG Lossless, Non-hierarchical, 1st Order Prediction
.4.80  JPEGLSLossless JPEG-LS Lossless
.4.81  JPEGLSLossy JPEG-LS Lossy (Near-lossless)
.4.90  JPEG2000LosslessOnly JPEG 2000 (Lossless only)
.4.91  JPEG2000 JPEG 2000 (Lossless or Lossy)
.4.92  JPEG2000MulticomponentLosslessOnly JPEG 2000 Part 2 Multicomponent Image Compression (Lossless only)
.4.93  JPEG2000Multicomponent JPEG 2000 Part 2 Multicomponent Image Compression (Lossless or Lossy)
.4.94  JPIPReferenced JPIP Referenced
.4.95  JPIPReferencedDeflate JPIP Referenced Deflate
.4.100 MPEG2MainProfile@MainLevel MPEG2 Main Profile @ Main Level
.4.101 MPEG2MainProfile@HighLevel MPEG2 Main Profile @ High Level
.4.102 MPEG4HighProfile/Level4.1 MPEG-4 AVC/H.264 High Profile / Level 4.1
.4.103 MPEG4BDcompatibleHighProfile/Level4.1 MPEG-4 AVC/H.264 BD-compatible High Profile / Level 4.1
.4.104 MPEG4HighProfile/Level4.2For2DVideo MPEG-4 AVC/H.264 High Profile / Level 4.2 For 2D Video
.4.105 MPEG4HighProfile/Level4.2For3DVideo MPEG-4 AVC/H.264 High Profile / Level 4.2 For 3D Video
.4.106 MPEG4StereoHighProfile/Level4.2 MPEG-4 AVC/H.264 Stereo High Profile / Level 4.2
.4.107 HEVCMainProfile/Level5.1 HEVC/H.265 Main Profile / Level 5.1
.4.108 HEVCMain10Profile/Level5.1 HEVC/H.265 Main 10 Profile / Level 5.1
.5     RLELossless RLE Lossless
"""


def _rows() -> dict[str, tuple[str, str]]:
    found = {}
    for line in _TABLE.strip().splitlines():
        suffix, symbol, name = line.split(maxsplit=2)
        found[_ROOT + suffix.removeprefix("-")] = symbol, name
    return found


NAMES: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(_rows())
"""By UID: the symbol of configuration files, and the name in messages."""

_LITTLE_ENDIAN, _BIG_ENDIAN = f"{_ROOT}.1", f"{_ROOT}.2"
# Symbols that mean what a little-endian machine would make of them, as nearly all are.
_LOCAL: Final = {"localendianexplicit": _LITTLE_ENDIAN, "oppositeendianexplicit": _BIG_ENDIAN}

# Symbols of SOP classes that no rule below leads to.
_SOP_CLASSES: Final = {
    "verificationsopclass": VERIFICATION,
    "draft_rtbeamsdeliveryinstructionstorage": "1.2.840.10008.5.1.4.34.1",
    "draft_sraudiostorage": "1.2.840.10008.5.1.4.1.1.88.2",
    "draft_srcomprehensivestorage": "1.2.840.10008.5.1.4.1.1.88.4",
    "draft_srdetailstorage": "1.2.840.10008.5.1.4.1.1.88.3",
    "draft_srtextstorage": "1.2.840.10008.5.1.4.1.1.88.1",
    "draft_waveformstorage": "1.2.840.10008.5.1.4.1.1.9.1",
    "implantationplansrdocumentstorage": "1.2.840.10008.5.1.4.1.1.88.70",
    "retired_nuclearmedicineimagestorage": "1.2.840.10008.5.1.4.1.1.5",
    "retired_ultrasoundimagestorage": "1.2.840.10008.5.1.4.1.1.6",
    "retired_ultrasoundmultiframeimagestorage": "1.2.840.10008.5.1.4.1.1.3",
    "retired_vlimagestorage": "1.2.840.10008.5.1.4.1.1.77.1",
    "retired_vlmultiframeimagestorage": "1.2.840.10008.5.1.4.1.1.77.2",
}


def message_name(uid: str) -> str:
    """A transfer syntax as DCMTK's messages name it; where it has no name, as the standard does."""
    found = NAMES.get(uid)
    return name_of(uid) if found is None else found[1]


def uid_of_transfer_syntax(symbol: str) -> str | None:
    """The UID for a symbol of DCMTK's or a keyword of PS3.6; None if there is none."""
    wanted = symbol.lower()
    if wanted in _LOCAL:
        return _LOCAL[wanted]
    for uid, (known, _) in NAMES.items():
        if known.lower() == wanted:
            return uid
    for each in TRANSFER_SYNTAXES.values():
        if each.keyword.lower() == wanted:
            return each.uid
    return None


def uid_of_sop_class(symbol: str) -> str | None:
    """The UID for a symbol of DCMTK's or a keyword of PS3.6; None if there is none."""
    wanted = symbol.lower()
    if wanted in _SOP_CLASSES:
        return _SOP_CLASSES[wanted]
    keywords = {each.keyword.lower(): each.uid for each in STORAGE_SOP_CLASSES.values()}
    # DICOS_CTImageStorage, DICONDE_EddyCurrentImageStorage, RETIRED_StandaloneCurveStorage
    family, _, rest = wanted.partition("_")
    return keywords.get(wanted) or keywords.get(family + rest) or keywords.get(rest)
