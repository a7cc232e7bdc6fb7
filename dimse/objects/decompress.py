"""A compressed data set becomes one in Explicit VR Little Endian; imported only for one.

Frames are decoded one at a time and go to a temporary file beyond `bounds.SCRATCH`, before the
first byte is sent: what can't be decoded must not end an association in mid-object. What describes
the pixels is changed with them (PS3.3 C.7.6.3, PS3.5 8.2): Photometric Interpretation, Planar
Configuration, Bits Allocated, Number of Frames where it was wrong; Lossy Image Compression with its
method and ratio, where that was lossy; the Extended Offset Table goes.
"""

from __future__ import annotations

import io
import warnings

from dimse.errors import InvalidFile
from dimse.objects.codecs import LOSSY_METHODS, decode_frames, said_by
from dimse.objects.edit import ElementChange, edit
from dimse.objects.headers import header_of
from dimse.objects.layers import Patch, PlacedElement, elements_of
from dimse.objects.layout import EXPLICIT_LITTLE, UNDEFINED
from dimse.objects.pixels import FRAME_OFFSETS, PIXEL_DATA, Image
from dimse.objects.sources import Encoded
from dimse.objects.window import Window
from dimse.tables.uids import EXPLICIT_VR_LITTLE_ENDIAN
from dul.values import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

__all__ = ["decompress"]


def decompress(encoded: Encoded) -> Encoded:
    """Decompress the pixel data of a data set.

    Args:
        encoded: the data set, in a compressed transfer syntax; its origin is closed with the
            result, or else stays open.

    Returns:
        It, in Explicit VR Little Endian.

    Raises:
        CannotTranscode: its pixel data can't be decoded; or a temporary file fails.
        Part10Error: the data set is damaged.
    """
    image = _Compressed(encoded, EXPLICIT_VR_LITTLE_ENDIAN)
    if image.pixels is None:
        # A report, say: with no pixel data, all compressed syntaxes are this one (PS3.5 A.4).
        own = encoded
        return Encoded(own.path, own.origin, own.spans, EXPLICIT_VR_LITTLE_ENDIAN, own.odd)
    patch = Patch(encoded)
    try:
        changes = image.decode(patch)
        return edit(patch.encoded(EXPLICIT_VR_LITTLE_ENDIAN, odd=encoded.odd), changes)
    except OSError as error:
        patch.close()
        why = f"a temporary file fails: {error.strerror}"
        raise image.cannot(why) from error
    except BaseException:
        patch.close()
        raise


class _Compressed(Image):
    """Compressed pixel data, and what describes them."""

    def decode(self, patch: Patch) -> list[ElementChange]:
        """Write the data set with its pixels decoded; gives what has to change with them."""
        pixels = self.pixels
        assert pixels is not None  # or there is nothing to decode
        if pixels.header.length != UNDEFINED:
            path = self.encoded.path
            raise InvalidFile(path, f"at byte {pixels.at}: the pixel data are not compressed")
        for element in elements_of(self.encoded):
            if element.tag == PIXEL_DATA:
                became = self._pixels(patch, element)
            elif element.tag not in FRAME_OFFSETS and element.tag & 0xFFFF:
                patch.keep(element.at, element.end)
        return self._changes(became)

    def _pixels(self, patch: Patch, pixels: PlacedElement) -> dict[str, Any]:
        word = b"OB" if self.known.get("bits_allocated", 16) <= 8 else b"OW"
        patch.add(header_of(EXPLICIT_LITTLE, PIXEL_DATA, word, 0))
        mark = patch.place()
        became: dict[str, Any] = {"frames": 0, "length": 0}
        uid, options = self.encoded.transfer_syntax_uid, self.options()
        options["pixel_keyword"], options["pixel_vr"] = "PixelData", "OB"
        if len(self.offsets) == 2:
            options["extended_offsets"] = self.offsets[0], self.offsets[1]
        source = _Stretch(self.window, pixels.value_at, pixels.end)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of pydicom's; what matters is raised
                for frame, properties in decode_frames(uid, source, options):
                    became |= properties
                    became["frames"] += 1
                    became["length"] += len(frame)
                    patch.add(frame)
                    if became["length"] >= UNDEFINED - 1:
                        break
        except (OSError, KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:
            # A decoder may fail in any way; what one in Rust raises is not even an Exception.
            raise self.cannot(f"its pixel data can't be decoded: {said_by(error)}") from error
        if became["length"] >= UNDEFINED - 1:
            raise self.cannot("uncompressed, its pixel data have more than 4 GiB")
        if became["frames"] < options["number_of_frames"]:
            raise self.cannot(
                f"it has {became['frames']} frames instead of {options['number_of_frames']}"
            )
        patch.add(b"\0" * (became["length"] % 2))
        patch.correct(mark, EXPLICIT_LITTLE)
        became["compressed"] = pixels.end - pixels.value_at
        return became

    def _changes(self, became: dict[str, Any]) -> list[ElementChange]:
        known = self.known
        changes = []

        def now(tag: int, value: object) -> None:
            changes.append(ElementChange(tag, str(value)))

        now(0x00280004, became["photometric_interpretation"])
        if became["samples_per_pixel"] > 1:
            now(0x00280006, became["planar_configuration"])
        if became["bits_allocated"] != known["bits_allocated"]:
            now(0x00280100, became["bits_allocated"])
        frames = str(became["frames"])
        if known.get("number_of_frames", "1") != frames:
            now(0x00280008, frames)
        if self._lost():
            if known.get("lossy") != "01":
                now(0x00282110, "01")
            if "ratio" not in known:
                now(0x00282112, f"{became['length'] / became['compressed']:.2f}")
            if "method" not in known:
                now(0x00282114, LOSSY_METHODS[self.encoded.transfer_syntax_uid])
        return changes

    def _lost(self) -> bool:
        """Whether the compression was lossy: by its syntax, or by what the first frame says."""
        uid = self.encoded.transfer_syntax_uid
        if uid not in LOSSY_METHODS:
            return False
        return not LOSSY_METHODS[uid].startswith("ISO_15444") or self._is_irreversible()

    def _is_irreversible(self) -> bool:
        """Whether a JPEG 2000 codestream has the 9-7 wavelet; the 5-3 one need not lose anything."""
        assert self.pixels is not None
        head = self.window.take(
            self.pixels.value_at, min(self.pixels.end - self.pixels.value_at, 1 << 16)
        )
        begin = head.find(b"\xff\x4f\xff\x51")  # SOC, SIZ; COD (T.800 A.6.1) is before the data
        mark = head.find(b"\xff\x52", begin)
        return begin >= 0 and 0 <= mark < len(head) - 14 and head[mark + 13] == 0


class _Stretch(io.RawIOBase):
    """A part of a data set, as a file that pydicom reads."""

    def __init__(self, window: Window, at: int, end: int) -> None:
        super().__init__()
        self._window = window
        self._begin = at
        self._end = end
        self._at = at

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at - self._begin

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: self._begin, io.SEEK_CUR: self._at, io.SEEK_END: self._end}[whence]
        self._at = min(max(base + offset, self._begin), self._end)
        return self.tell()

    def read(self, size: int = -1) -> bytes:
        left = self._end - self._at
        count = left if size < 0 else min(size, left)
        self._at += count
        return self._window.take(self._at - count, count)
