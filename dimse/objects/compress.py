"""An uncompressed data set with its pixel data compressed, without loss; imported only for one.

Frames are encoded one at a time, decoded again and compared, and go to a temporary file beyond
`bounds.SCRATCH`, before the first byte is sent: what can't be had back bit by bit is not sent so. Each
frame is one fragment, and the Basic Offset Table says where it begins (PS3.5 A.4).
"""

from __future__ import annotations

import struct
import warnings

from dimse.errors import InvalidFile
from dimse.objects.codecs import encode_frame, said_by
from dimse.objects.edit import ElementChange, edit
from dimse.objects.headers import header_of
from dimse.objects.layers import Patch, PlacedElement, elements_of
from dimse.objects.layout import EXPLICIT_LITTLE, ITEM, SEQUENCE_DELIMITATION, UNDEFINED
from dimse.objects.pixels import PIXEL_DATA, Image
from dimse.objects.sources import Encoded
from dul.values import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any, Final

__all__ = ["compress"]

_PLANAR_CONFIGURATION: Final = 0x00280006


def compress(encoded: Encoded, to_uid: str) -> Encoded:
    """Compress the pixel data of a data set.

    Args:
        encoded: the data set, in Explicit VR Little Endian; its origin is closed with the result, or
            else stays open.
        to_uid: one of `codecs.ENCODED`.

    Raises:
        CannotTranscode: its pixel data can't be encoded without loss; or a temporary file fails.
        Part10Error: the data set is damaged.
    """
    image = _Uncompressed(encoded, to_uid)
    if image.others:
        raise image.cannot(f"it has {image.others}, which can't be compressed")
    if image.pixels is None:
        # A report, say: with no pixel data, all compressed syntaxes are this one (PS3.5 A.4).
        return Encoded(encoded.path, encoded.origin, encoded.spans, to_uid, encoded.odd)
    patch = Patch(encoded)
    try:
        changes = image.encode(patch, to_uid)
        compressed = patch.encoded(to_uid, odd=encoded.odd)
        return edit(compressed, changes) if changes else compressed
    except OSError as error:
        patch.close()
        raise image.cannot(f"a temporary file fails: {error.strerror}") from error
    except BaseException:
        patch.close()
        raise


class _Uncompressed(Image):
    """Uncompressed pixel data, and what describes them."""

    def encode(self, patch: Patch, uid: str) -> list[ElementChange]:
        """Write the data set with its pixels compressed; gives what has to change with them."""
        options = self.options()
        for element in elements_of(self.encoded):
            if element.tag == PIXEL_DATA:
                self._pixels(patch, element, uid, options)
            elif element.tag & 0xFFFF:
                patch.keep(element.at, element.end)
        if options["planar_configuration"]:
            return [ElementChange(_PLANAR_CONFIGURATION, "0")]
        return []

    def _pixels(
        self, patch: Patch, pixels: PlacedElement, uid: str, options: dict[str, Any]
    ) -> None:
        length, frames = self._frame_length(options), options["number_of_frames"]
        if pixels.header.length == UNDEFINED:
            path = self.encoded.path
            raise InvalidFile(path, f"at byte {pixels.at}: the pixel data are compressed")
        if pixels.header.length < length * frames:
            raise self.cannot(
                f"its pixel data have {pixels.header.length} bytes instead of {length * frames}"
            )
        patch.add(header_of(EXPLICIT_LITTLE, PIXEL_DATA, b"OB", UNDEFINED))
        patch.add(_item(ITEM, 4 * frames))
        table = patch.mark()
        patch.add(bytes(4 * frames))
        offsets, at = [], 0
        for number in range(frames):
            begin = pixels.value_at + number * length
            fragment = self._frame(uid, self.window.take(begin, length), options)
            offsets.append(at)
            patch.add(_item(ITEM, len(fragment)) + fragment)
            at += 8 + len(fragment)
            if at >= UNDEFINED:
                raise self.cannot("compressed, its pixel data have more than 4 GiB")
        patch.add(_item(SEQUENCE_DELIMITATION, 0))
        patch.replace(table, struct.pack(f"<{frames}I", *offsets))

    def _frame_length(self, options: dict[str, Any]) -> int:
        """Bytes of a frame."""
        if options["bits_allocated"] % 8 or "422" in options["photometric_interpretation"]:
            raise self.cannot("its pixels do not fill whole bytes each, and can't be compressed")
        samples: int = options["rows"] * options["columns"] * options["samples_per_pixel"]
        if not (samples and options["bits_allocated"] and options["number_of_frames"]):
            raise self.cannot("its image has no pixels")
        return samples * int(options["bits_allocated"]) // 8

    def _frame(self, uid: str, frame: bytes, options: dict[str, Any]) -> bytes:
        """One frame compressed, of even length."""
        one = {**options, "number_of_frames": 1, "planar_configuration": 0}
        if options["planar_configuration"]:
            frame = _by_pixel(frame, options["samples_per_pixel"], options["bits_allocated"] // 8)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of pydicom's; what matters is raised
                encoded = encode_frame(uid, frame, one)
        except (OSError, KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:
            # An encoder may fail in any way; what one in Rust raises is not even an Exception.
            raise self.cannot(f"its pixel data can't be compressed: {said_by(error)}") from error
        return encoded + b"\0" * (len(encoded) % 2)


def _by_pixel(frame: bytes, samples: int, size: int) -> bytes:
    """The samples of each pixel together, that were a plane each."""
    mixed = bytearray(len(frame))
    plane = len(frame) // samples
    for sample in range(samples):
        for byte in range(size):
            begin = sample * plane + byte
            mixed[sample * size + byte :: samples * size] = frame[
                begin : (sample + 1) * plane : size
            ]
    return bytes(mixed)


def _item(tag: int, length: int) -> bytes:
    return EXPLICIT_LITTLE.item.pack(tag >> 16, tag & 0xFFFF, length)
