"""Comparing what was stored with what was sent: by bytes, or element by element with pydicom.

Nothing here uses dulcet.
"""

from __future__ import annotations

import math
import struct
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pydicom
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.encaps import generate_fragments
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_data_element

DICOM = Path(__file__).resolve().parent.parent.parent / "fixtures" / "dicom"
IMPLICIT = "1.2.840.10008.1.2"
EXPLICIT = "1.2.840.10008.1.2.1"
BIG = "1.2.840.10008.1.2.2"
DEFLATED = "1.2.840.10008.1.2.1.99"
UNCOMPRESSED = frozenset({IMPLICIT, EXPLICIT, BIG})

WORD = {"OW": 2, "OF": 4, "OL": 4, "OD": 8, "OV": 8}
TEXT = {"LO", "LT", "PN", "SH", "ST", "UC", "UT", "UR"} | {"AE", "AS", "CS", "DA", "DT", "TM", "UI"}
TRAILING_PADDING = 0xFFFCFFFC
CHARACTER_SET = 0x00080005
PIXEL_DATA = 0x7FE00010


@dataclass(frozen=True)
class Part10:
    """A stored file, split where its data set begins."""

    path: Path
    transfer_syntax: str
    sop_class: str
    sop_instance: str
    data_set: bytes


def split(path: Path, bare: str | None = None) -> Part10:
    """Read a Part 10 file's meta with pydicom; find the data set by the group length.

    `bare`: a file that has no file meta is a data set in this transfer syntax.
    """
    data = path.read_bytes()
    if bare and data[128:132] != b"DICM":
        ids = pydicom.dcmread(path, force=True, specific_tags=["SOPClassUID", "SOPInstanceUID"])
        return Part10(path, bare, str(ids.SOPClassUID), str(ids.SOPInstanceUID), data)
    assert data[128:132] == b"DICM", f"{path} is no DICOM file"
    assert data[132:140] == bytes.fromhex("02000000554C0400"), f"{path} has no meta group length"
    (length,) = struct.unpack_from("<I", data, 140)
    meta = pydicom.filereader.read_file_meta_info(path)
    return Part10(
        path,
        str(meta.TransferSyntaxUID),
        str(meta.MediaStorageSOPClassUID),
        str(meta.MediaStorageSOPInstanceUID),
        data[144 + length :],
    )


def fixtures(
    syntaxes: Iterable[str] | None = None, *, without: Iterable[str] = ()
) -> dict[str, Part10]:
    """The fixture files to be stored, by SOP Instance UID."""
    found = (split(path) for path in sorted(DICOM.glob("*.dcm")) if path.name not in without)
    return {
        each.sop_instance: each
        for each in found
        if syntaxes is None or each.transfer_syntax in syntaxes
    }


def stored(folder: Path, bare: str | None = None) -> dict[str, Part10]:
    """The files that a peer wrote, by SOP Instance UID; `bare` as for `split`."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {each.sop_instance: each for each in (split(path, bare) for path in files)}


# ---- element by element


def differences(
    sent: Part10, kept: Part10, *, private: bool = True, character_set: bool = True
) -> list[str]:
    """How two data sets differ in meaning; an empty list if they don't.

    Left out are group lengths and trailing padding, which a writer may drop or add; a VR may
    become UN or be lost by way of Implicit VR; numbers in text may be written anew.

    Args:
        sent, kept: the two files.
        private: compare private elements too.
        character_set: compare the name of the character set too, not only the texts.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydicom warns of odd values, which are the file's own
        ends = [pydicom.dcmread(each.path, force=True) for each in (sent, kept)]
        return list(_differences(*ends, "", private, character_set))


def _significant(item: Dataset, private: bool, character_set: bool) -> set[int]:
    return {
        int(tag)
        for tag in item.keys()
        if tag.element != 0
        and tag != TRAILING_PADDING
        and (private or not tag.is_private)
        and (character_set or tag != CHARACTER_SET)
    }


def _differences(
    a: Dataset, b: Dataset, where: str, private: bool, character_set: bool
) -> Iterator[str]:
    tags = [_significant(each, private, character_set) for each in (a, b)]
    for tag in sorted(tags[0] ^ tags[1]):
        yield f"{where}{tag:08X} is only in the {'sent' if tag in tags[0] else 'stored'} one"
    for tag in sorted(tags[0] & tags[1]):
        one, other = a[tag], b[tag]
        here = f"{where}{tag:08X}"
        if one.VR == other.VR == "SQ":
            if len(one.value) != len(other.value):
                yield f"{here} has {len(one.value)} and {len(other.value)} items"
            for number, pair in enumerate(zip(one.value, other.value, strict=False)):
                yield from _differences(*pair, f"{here}[{number}].", private, character_set)
        elif not _same(one, other, a, b):
            yield f"{here} {one.VR} {one.repval} became {other.VR} {other.repval}"


def _same(one: DataElement, other: DataElement, a: Dataset, b: Dataset) -> bool:
    vrs = {one.VR, other.VR}
    if vrs <= {"DS", "IS"}:
        return _numbers_equal(one.value, other.value)
    if vrs <= TEXT:
        return _texts(one.value) == _texts(other.value)
    return _little(one, a) == _little(other, b)


def _listed(value: object) -> list[object]:
    if value is None or value == "":
        return []
    return list(value) if isinstance(value, pydicom.multival.MultiValue) else [value]


def _numbers_equal(one: object, other: object) -> bool:
    left, right = _listed(one), _listed(other)
    return len(left) == len(right) and all(
        math.isclose(float(x), float(y), rel_tol=1e-9, abs_tol=1e-12)
        for x, y in zip(left, right, strict=True)
    )


def _texts(value: object) -> list[str]:
    return [str(each).rstrip(" \0") for each in _listed(value)]


def _little(element: DataElement, item: Dataset) -> bytes:
    """An element's value as its bytes in little endian, without padding.

    Of encapsulated pixel data it is what the fragments hold: a writer may cut them elsewhere, and
    add or drop the offset table.
    """
    value = element.value
    if element.tag == PIXEL_DATA and element.is_undefined_length:
        return b"".join(list(generate_fragments(value))[1:]).rstrip(b"\0")
    if not isinstance(value, bytes):
        buffer = DicomBytesIO()
        buffer.is_little_endian, buffer.is_implicit_VR = True, True
        write_data_element(buffer, element, ["iso8859"])
        value = buffer.getvalue()[8:]
    elif item.original_encoding[1] is False:
        swap = WORD.get(element.VR, 1)
        value = b"".join(value[at : at + swap][::-1] for at in range(0, len(value), swap))
    return value if element.tag == PIXEL_DATA else value.rstrip(b"\0 ")


def even(data_set: bytes) -> bytes:
    """A deflated data set may have an odd length, and then travels with one NUL (PS3.5 A.5)."""
    return data_set + b"\0" * (len(data_set) % 2)


def check(
    sent: dict[str, Part10],
    kept: dict[str, Part10],
    *,
    bytes_kept: bool,
    private: bool = True,
    character_set: bool = True,
) -> int:
    """Assert that what was kept is what was sent, and nothing else.

    Args:
        sent, kept: by SOP Instance UID.
        bytes_kept: where the transfer syntax is the same, so are the bytes of the data set.
        private, character_set: as for `differences`.

    Returns:
        How many were the same to the byte.
    """
    missing = [each.path.name for uid, each in sent.items() if uid not in kept]
    strange = [each.path.name for uid, each in kept.items() if uid not in sent]
    assert (missing, strange) == ([], [])
    problems, same = [], 0
    for uid, one in sent.items():
        other = kept[uid]
        name = one.path.name
        if other.sop_class != one.sop_class:
            problems.append(f"{name}: SOP class {other.sop_class}")
        if other.data_set == even(one.data_set) and other.transfer_syntax == one.transfer_syntax:
            same += 1
            continue
        if bytes_kept and other.transfer_syntax == one.transfer_syntax:
            problems.append(f"{name}: the bytes of the data set changed")
        found = differences(one, other, private=private, character_set=character_set)
        problems += (f"{name}: {each}" for each in found)
    assert not problems, "\n".join(problems)
    return same
