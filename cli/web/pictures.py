"""Small pictures and names of what was stored, made when they are looked at, and not too many."""

from __future__ import annotations

import os
import struct
import threading
import warnings
import zlib
from collections import OrderedDict
from pathlib import Path

from dul.values import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

__all__ = ["NO_PICTURE", "Pictures"]

SIDE = 96
"""Pixels of the longer side."""

LARGEST = 64 << 20
"""Bytes of a file that a picture is made of."""

PIXELS = 40_000_000
"""Values that it may have: samples, rows, columns and frames."""

KEPT = 64


class Pictures:
    """Pictures by path. Threads may share it; one is made at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._made: OrderedDict[tuple[str, int], bytes | None] = OrderedDict()

    def of(self, path: str) -> bytes | None:
        """A PNG of the first frame; None where there is none, or it can't be decoded here."""
        try:
            status = os.stat(path)  # noqa: PTH116 - one call tells all
        except OSError:
            return None
        if status.st_size > LARGEST:
            return None
        key = path, status.st_mtime_ns
        with self._lock:
            if key not in self._made:
                self._made[key] = _picture(path)
                while len(self._made) > KEPT:
                    self._made.popitem(last=False)
            self._made.move_to_end(key)
            return self._made[key]

    def patient_of(self, path: str) -> str:
        """Name and ID of its patient; "" where they are not to be had."""
        # Heavy, and few ever ask.
        from pydicom import dcmread  # noqa: PLC0415

        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                data_set = dcmread(path, stop_before_pixels=True, specific_tags=_PATIENT)
                return " ".join(str(data_set.get(each, "")) for each in _PATIENT).strip()
        except Exception:  # noqa: BLE001 - what a peer sent may be anything
            return ""


_PATIENT = ["PatientName", "PatientID"]


def _picture(path: str) -> bytes | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _decoded(Path(path))
    except Exception:  # noqa: BLE001 - what a peer sent may be anything, and a decoder may be missing
        return None


def _decoded(path: Path) -> bytes | None:
    # Heavy, and few ever ask.
    import numpy as np  # noqa: PLC0415
    from pydicom import dcmread  # noqa: PLC0415
    from pydicom.pixels.utils import pixel_array  # noqa: PLC0415

    head: Any = dcmread(path, stop_before_pixels=True)
    values = int(head.Rows) * int(head.Columns) * int(head.get("SamplesPerPixel", 1))
    if not 0 < values <= PIXELS:
        return None
    # Over the path, one frame alone is read.
    pixels: Any = pixel_array(path, index=0)
    rows, columns = pixels.shape[:2]
    step = max(1, -(-max(rows, columns) // SIDE))
    pixels = pixels[::step, ::step].astype(np.float64)
    low, high = np.percentile(pixels, [1, 99])
    pixels = np.clip((pixels - low) * (255.0 / max(high - low, 1e-9)), 0, 255).astype(np.uint8)
    if head.get("PhotometricInterpretation") == "MONOCHROME1":
        pixels = 255 - pixels
    return _png(np.ascontiguousarray(pixels))


def _png(pixels: Any) -> bytes:
    height, width = pixels.shape[:2]
    lines = b"".join(b"\0" + row.tobytes() for row in pixels)
    return _encoded(width, height, 0 if pixels.ndim == 2 else 2, lines)


def _encoded(width: int, height: int, color: int, lines: bytes) -> bytes:
    """A PNG of 8 bits (PNG 11.2); colors are 0, grey; 2, RGB; 4, grey and alpha."""
    header = struct.pack(">IIBBBBB", width, height, 8, color, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(lines)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )


NO_PICTURE = _encoded(1, 1, 4, b"\0\0\0")
"""A pixel that can't be seen."""
