"""A data-set encoder for tests: small, obvious, and written from PS3.5 alone.

It shares nothing with the code under test, so that the two can be compared.
"""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass, field
from pathlib import Path

from dimse.objects.filemeta import encode_file_meta
from dimse.objects.outgoing import examine
from dimse.objects.part10 import Contents, contents_of
from dimse.objects.sources import Encoded, FileOrigin, SplicedSource, stamp_of
from dimse.objects.transcode import transcode
from dimse.objects.window import Window

IMPLICIT = "1.2.840.10008.1.2"
EXPLICIT = "1.2.840.10008.1.2.1"
BIG = "1.2.840.10008.1.2.2"
DEFLATED = "1.2.840.10008.1.2.1.99"

CT = "1.2.840.10008.5.1.4.1.1.2"
INSTANCE = "1.2.3.4.5"

# PS3.5 7.1.2: these have two reserved bytes and a 32-bit length.
LONG = "OB OD OF OL OV OW SQ SV UC UN UR UT UV".split()
# PS3.5 6.2: size of the words that have a byte order.
WORDS = {
    **dict.fromkeys("AT OW SS US".split(), 2),
    **dict.fromkeys("FL OF OL SL UL".split(), 4),
    **dict.fromkeys("FD OD OV SV UV".split(), 8),
}


# Some standard sequences, known as such in Implicit VR.
SEQUENCES = [0x00081140, 0x00082112, 0x00400275, 0x0040A730, 0x52009229]


@dataclass
class Seq:
    """A sequence: items, and which lengths are undefined."""

    items: list[list[tuple]] = field(default_factory=list)
    undefined: bool = False
    undefined_items: bool = False


def swapped(value: bytes, word: int) -> bytes:
    whole = len(value) // word * word
    return b"".join(value[i : i + word][::-1] for i in range(0, whole, word)) + value[whole:]


def encode(elements, syntax: str) -> bytes:
    """Encode (tag, VR, value): the value is a Seq, or bytes in little-endian order."""
    big = syntax == BIG
    mark = ">" if big else "<"

    def head(tag, vr, length):
        tag_bytes = struct.pack(mark + "HH", tag >> 16, tag & 0xFFFF)
        if vr is None or syntax == IMPLICIT:
            return tag_bytes + struct.pack(mark + "I", length)
        if vr in LONG:
            return tag_bytes + vr.encode() + b"\0\0" + struct.pack(mark + "I", length)
        return tag_bytes + vr.encode() + struct.pack(mark + "H", length)

    out = b""
    for tag, vr, value in elements:
        if isinstance(value, Seq):
            body = b""
            for item in value.items:
                inner = encode(item, syntax)
                if value.undefined_items:
                    body += head(0xFFFEE000, None, 0xFFFFFFFF) + inner + head(0xFFFEE00D, None, 0)
                else:
                    body += head(0xFFFEE000, None, len(inner)) + inner
            if value.undefined:
                out += head(tag, vr, 0xFFFFFFFF) + body + head(0xFFFEE0DD, None, 0)
            else:
                out += head(tag, vr, len(body)) + body
        else:
            data = swapped(value, WORDS.get(vr, 1)) if big else value
            out += head(tag, vr, len(data)) + data
    return out


def elements_of(data: bytes, syntax: str):
    """Tag, VR and value of every element and item, by PS3.5 7 alone; fails for an odd length."""
    order = "big" if syntax == BIG else "little"
    at = 0

    def number(size):
        nonlocal at
        at += size
        return int.from_bytes(data[at - size : at], order)

    def read(end):
        nonlocal at
        found = []
        while at < end:
            tag = number(2) << 16 | number(2)
            vr = None
            if tag >> 16 != 0xFFFE and syntax != IMPLICIT:
                vr = data[at : at + 2].decode()
                at += 2
            if vr in LONG:
                at += 2
            length = number(2 if vr not in {None, *LONG} else 4)
            if tag in {0xFFFEE00D, 0xFFFEE0DD}:
                return found
            holds = tag == 0xFFFEE000 or vr == "SQ" or tag in SEQUENCES
            if length == 0xFFFFFFFF:
                found.append((tag, vr, read(len(data))))
                continue
            assert length % 2 == 0, hex(tag)
            if holds:
                found.append((tag, vr, read(at + length)))
            else:
                found.append((tag, vr, data[at : at + length]))
                at += length
        assert at == end
        return found

    return read(len(data))


def identity(sop_class: str = CT, instance: str = INSTANCE):
    """The two elements without which an object can't be sent."""

    def uid(text):
        return text.encode() + b"\0" * (len(text) % 2)

    return [(0x00080016, "UI", uid(sop_class)), (0x00080018, "UI", uid(instance))]


def write_file(path, data_set: bytes, syntax: str):
    """A DICOM file with this data set in it."""
    path.write_bytes(
        encode_file_meta(sop_class_uid=CT, sop_instance_uid=INSTANCE, transfer_syntax_uid=syntax)
        + data_set
    )
    return path


def sparse_file(path, instance: str, length: int):
    """A CT image in Implicit VR whose pixel data are so many zeros, which take no room on the disk."""
    head = encode_file_meta(
        sop_class_uid=CT, sop_instance_uid=instance, transfer_syntax_uid=IMPLICIT
    )
    head += encode(identity(CT, instance), IMPLICIT)
    head += struct.pack("<HHI", 0x7FE0, 0x10, length)
    path.write_bytes(head)
    os.truncate(path, len(head) + length)
    return path


def read_all(source, size: int = 1000) -> bytes:
    """Read a data set source to its end, in steps of `size` bytes."""
    out = bytearray()
    buffer = memoryview(bytearray(size))
    while count := source.readinto(buffer):
        out += buffer[:count]
    assert len(out) == len(source)
    return bytes(out)


def look(path, *, whole: bool = True, strict: bool = False) -> Contents:
    """What is in a file."""
    with Path(path).open("rb") as file:
        window = Window(
            path, Path(path).stat().st_size, lambda at, n: os.pread(file.fileno(), n, at)
        )
        return contents_of(window, whole=whole, strict=strict)


def data_set_of(path, transfer_syntax_uid: str | None = None, size: int = 1000) -> bytes:
    """The bytes that would be sent of a file; in its own transfer syntax, if none is given."""
    item = examine(path)
    source = item.open(transfer_syntax_uid or item.transfer_syntax_uid)
    try:
        data = read_all(source, size)
        source.finish()
        return data
    finally:
        source.close()


def transcoded(path, to_uid: str, *, whole: bool = True) -> SplicedSource:
    """The data set of a file encoded anew; without `whole`, nobody has walked through it before."""
    found = look(path, whole=whole)
    fd = os.open(path, os.O_RDONLY)
    origin = FileOrigin(path, fd, stamp_of(os.fstat(fd)))
    encoded = Encoded(path, origin, found.spans, found.transfer_syntax_uid, found.odd)
    return transcode(encoded, to_uid)
