"""The objects that are sent: made here, so that every run moves the same bytes."""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from pathlib import Path

CT = "1.2.840.10008.5.1.4.1.1.2"
EXPLICIT = "1.2.840.10008.1.2.1"
ROOT = "1.2.826.0.1.3680043.10.1999"
BLOCK = 1 << 20


@dataclass(frozen=True)
class Workload:
    """Objects of one size.

    Attributes:
        name: of their folder.
        count: how many.
        pixels: bytes of Pixel Data in each.
        hollow: Pixel Data are a hole in the file, read as zeros: large, and no memory taken.
    """

    name: str
    count: int
    pixels: int
    hollow: bool = False


SMALL = Workload("small", 1000, 4096)
CT_SERIES = Workload("ct", 200, 512 * 512 * 2)
LARGE = Workload("large", 1, 1 << 30)
# The length of Pixel Data has 32 bits, of which the highest value means something else.
HUGE = Workload("huge", 1, (1 << 32) - BLOCK, hollow=True)
ONE = Workload("one", 1, 4096)


def element(group: int, number: int, vr: str, value: bytes) -> bytes:
    """An element in Explicit VR Little Endian."""
    if len(value) % 2:
        value += b"\0" if vr == "UI" else b" "
    if vr in {"OB", "OW"}:
        return struct.pack("<HH2sHI", group, number, vr.encode(), 0, len(value)) + value
    return struct.pack("<HH2sH", group, number, vr.encode(), len(value)) + value


def head(instance: str, pixels: int) -> bytes:
    """A file's bytes before the value of Pixel Data: preamble, file meta, some 20 elements."""
    rows, columns = (1, pixels // 2) if pixels < 131072 else (512, 512)
    frames = max(1, pixels // (rows * columns * 2))

    def short(value: int) -> bytes:
        return struct.pack("<H", value)

    meta = (
        element(2, 1, "OB", b"\0\1")
        + element(2, 2, "UI", CT.encode())
        + element(2, 3, "UI", instance.encode())
        + element(2, 0x10, "UI", EXPLICIT.encode())
        + element(2, 0x12, "UI", ROOT.encode())
    )
    data_set = (
        element(8, 0x16, "UI", CT.encode())
        + element(8, 0x18, "UI", instance.encode())
        + element(8, 0x60, "CS", b"CT")
        + element(0x10, 0x10, "PN", b"Benchmark^Object")
        + element(0x10, 0x20, "LO", b"BENCH")
        + element(0x20, 0x0D, "UI", f"{ROOT}.1".encode())
        + element(0x20, 0x0E, "UI", f"{ROOT}.2".encode())
        + element(0x28, 0x02, "US", short(1))
        + element(0x28, 0x04, "CS", b"MONOCHROME2")
        + (element(0x28, 0x08, "IS", str(frames).encode()) if frames > 1 else b"")
        + element(0x28, 0x10, "US", short(rows))
        + element(0x28, 0x11, "US", short(columns))
        + element(0x28, 0x100, "US", short(16))
        + element(0x28, 0x101, "US", short(16))
        + element(0x28, 0x102, "US", short(15))
        + element(0x28, 0x103, "US", short(0))
        + struct.pack("<HH2sHI", 0x7FE0, 0x10, b"OW", 0, pixels)
    )
    return (
        bytes(128) + b"DICM" + element(2, 0, "UL", struct.pack("<I", len(meta))) + meta + data_set
    )


def make(workload: Workload, root: Path) -> list[Path]:
    """Write the objects into a folder of their own; their paths, in order."""
    folder = root / workload.name
    folder.mkdir(parents=True)
    block = os.urandom(min(BLOCK, workload.pixels))
    paths = []
    for number in range(1, workload.count + 1):
        path = folder / f"{workload.name}-{number:05}.dcm"
        with path.open("wb") as file:
            file.write(head(f"{ROOT}.3.{number}", workload.pixels))
            if workload.hollow:
                file.truncate(file.tell() + workload.pixels)
            else:
                for at in range(0, workload.pixels, len(block)):
                    file.write(block[: min(len(block), workload.pixels - at)])
        paths.append(path)
    return paths
