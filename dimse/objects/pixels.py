"""The pixel data of a data set, and what describes them (PS3.3 C.7.6.3); for who changes their encoding."""

from __future__ import annotations

import struct

from dimse.errors import CannotTranscode
from dimse.objects.layers import PlacedElement, elements_of
from dimse.objects.sources import Encoded
from dul.values import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any, Final

__all__ = ["FRAME_OFFSETS", "PIXEL_DATA", "Image"]

PIXEL_DATA: Final = 0x7FE00010
FRAME_OFFSETS: Final = {0x7FE00001: 0, 0x7FE00002: 1}
"""Extended Offset Table, and its Lengths."""

_OTHER_PIXELS: Final = {0x7FE00008: "float pixel data", 0x7FE00009: "double float pixel data"}
_ICON: Final = 0x00880200
_NUMBERS: Final = {
    0x00280002: "samples_per_pixel",
    0x00280006: "planar_configuration",
    0x00280010: "rows",
    0x00280011: "columns",
    0x00280100: "bits_allocated",
    0x00280101: "bits_stored",
    0x00280103: "pixel_representation",
}
_TEXTS: Final = {
    0x00280004: "photometric_interpretation",
    0x00280008: "number_of_frames",
    0x00282110: "lossy",
    0x00282112: "ratio",
    0x00282114: "method",
}
_NEEDED: Final = (
    "samples_per_pixel",
    "photometric_interpretation",
    "rows",
    "columns",
    "bits_allocated",
    "bits_stored",
    "pixel_representation",
)


class Image:
    """The pixel data of a data set in little endian with explicit VRs, compressed or not.

    Args:
        encoded: the data set.
        to_uid: the transfer syntax that it is to have, for errors.

    Attributes:
        encoded: the same.
        window: a look at its bytes.
        pixels: where the pixel data lie; None: there are none.
        others: what else it has as pixel data, in words; empty: nothing.
        known: what it says of them, by pydicom's names; "lossy", "ratio" and "method" of a lossy
            compression before.
        offsets: the Extended Offset Table and its lengths, as far as there are.

    Raises:
        CannotTranscode: its icon is compressed as well.
        Part10Error: the data set is damaged.
    """

    def __init__(self, encoded: Encoded, to_uid: str) -> None:
        self.encoded = encoded
        self.window = encoded.window()
        self.pixels: PlacedElement | None = None
        self.others = ""
        self.known: dict[str, Any] = {}
        self.offsets: dict[int, bytes] = {}
        self._to_uid = to_uid
        self._look()

    def cannot(self, why: str) -> CannotTranscode:
        """The error for what can't be decoded or encoded."""
        uid = self.encoded.transfer_syntax_uid
        return CannotTranscode(self.encoded.path, uid, [self._to_uid], why)

    def options(self) -> dict[str, Any]:
        """What pydicom's decoders and encoders have to know.

        Raises:
            CannotTranscode: the data set does not say it.
        """
        missing = [each for each in _NEEDED if each not in self.known]
        if missing:
            raise self.cannot(f"it does not say its {missing[0].replace('_', ' ')}")
        options = {each: self.known[each] for each in _NEEDED}
        options["planar_configuration"] = self.known.get("planar_configuration", 0)
        frames = self.known.get("number_of_frames", "1")
        if not frames.isdigit():
            raise self.cannot(f"its number of frames is {frames!r}")
        options["number_of_frames"] = int(frames)
        return options

    def _look(self) -> None:
        for element in elements_of(self.encoded, self.window):
            tag, header = element.tag, element.header
            if tag == PIXEL_DATA:
                self.pixels = element
                return
            if tag in _NUMBERS and header.length >= 2:
                number = struct.unpack("<H", self._take(element, 2))[0]
                self.known[_NUMBERS[tag]] = number
            elif tag in _TEXTS and header.length < 1024:
                text = self._take(element, header.length).decode("ascii", "replace").strip(" \0")
                if text:
                    self.known[_TEXTS[tag]] = text
            elif tag in FRAME_OFFSETS:
                self.offsets[FRAME_OFFSETS[tag]] = self._take(element, header.length)
            elif tag in _OTHER_PIXELS:
                self.others = _OTHER_PIXELS[tag]
            elif tag == _ICON and self._is_compressed(element):
                raise self.cannot("its icon is compressed as well, which is not decompressed here")

    def _take(self, element: PlacedElement, count: int) -> bytes:
        return self.window.take(element.value_at, count)

    def _is_compressed(self, icon: PlacedElement) -> bool:
        """Whether an icon's pixel data are fragments: an item with a Basic Offset Table."""
        value = self._take(icon, min(icon.end - icon.value_at, 1 << 20))
        fragmented = b"\xe0\x7f\x10\0", (b"OB\0\0\xff\xff\xff\xff", b"OW\0\0\xff\xff\xff\xff")
        return any(fragmented[0] + each in value for each in fragmented[1])
