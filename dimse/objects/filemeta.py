"""File meta information: the preamble and group 0002 of a DICOM file (PS3.10 section 7.1).

Group 0002 is Explicit VR Little Endian, whatever the data set behind it is; files with one in
Implicit VR exist, and are read. Nothing is read or written here: bytes come through a `Window`
and are handed back.
"""

from __future__ import annotations

from functools import lru_cache
from struct import Struct

from dimse.errors import InvalidFile, InvalidValue, Part10Error, Truncated
from dimse.objects.bounds import MAXIMUM_META
from dimse.objects.findings import Findings
from dimse.objects.headers import Header, unknown_vr
from dimse.objects.layout import EXPLICIT_LITTLE
from dimse.objects.window import Window
from dimse.tables import uids
from dimse.tables.vrs import ELEMENT_HEADER_LENGTH, padding_of
from dul.values import TYPE_CHECKING, dataclass

if TYPE_CHECKING:
    from typing import Final

__all__ = ["PREFIX", "FileMeta", "decode_file_meta", "encode_file_meta"]

PREFIX: Final = bytes(128) + b"DICM"

_MAXIMUM_VALUE: Final = 1024  # of the elements that are read; the longest legal one has 64 bytes

_SHORT = Struct("<HH2sH")  # group, element, VR, length
_LONG = Struct("<HH2sxxI")  # group, element, VR, reserved, length
_WIDE = Struct("<I")
_GROUP_LENGTH: Final = PREFIX + _SHORT.pack(2, 0x0000, b"UL", 4)


@dataclass(frozen=True, slots=True)
class FileMeta:
    """What group 0002 says, as text without padding; None where it says nothing."""

    media_storage_sop_class_uid: str | None = None  # (0002,0002)
    media_storage_sop_instance_uid: str | None = None  # (0002,0003)
    transfer_syntax_uid: str | None = None  # (0002,0010)
    implementation_class_uid: str | None = None  # (0002,0012)
    implementation_version_name: str | None = None  # (0002,0013)
    source_application_entity_title: str | None = None  # (0002,0016)


_FIELDS: Final = {
    0x0002: "media_storage_sop_class_uid",
    0x0003: "media_storage_sop_instance_uid",
    0x0010: "transfer_syntax_uid",
    0x0012: "implementation_class_uid",
    0x0013: "implementation_version_name",
    0x0016: "source_application_entity_title",
}


def decode_file_meta(window: Window, start: int, findings: Findings) -> tuple[FileMeta, int]:
    """Read group 0002 from `start` on, and give it with the position behind it.

    The group ends where the first element of another group begins, not where the group length
    (0002,0000) says: files with a wrong one or none are common, and both pydicom and DCMTK read
    them. What stands there twice counts the first time: a data set may begin with a stray element
    of group 0002.

    Raises:
        Truncated: the file ends in group 0002.
        InvalidFile: group 0002 is longer than `MAXIMUM_META`, or not to be understood.
    """
    fields: dict[str, str] = {}
    lacks_vr = False
    at = start
    while True:
        # Every object has some eight of these elements: as a rule they are in view.
        head, here = window.data, at - window.base
        if not 0 <= here <= len(head) - 12:
            head, here = window.take(at, 12), 0
        group, number, vr, length = _SHORT.unpack_from(head, here)
        if group != 2:
            return FileMeta(**fields), at
        if window.size - at < 8:
            raise Truncated(window.path, at, 8, window.size)
        size = ELEMENT_HEADER_LENGTH.get(vr)
        if size is None:
            size, length, vr = _without_vr(window, at, number, None if lacks_vr else findings)
            lacks_vr = lacks_vr or not vr  # where one element has no VR, none has
        elif size == 12:
            length = _WIDE.unpack_from(head, here + 8)[0]
        following = at + size + length
        if following - start > MAXIMUM_META or following > window.size:
            raise _too_long(window, start, at, number, following)
        field = _FIELDS.get(number)
        if field is not None:
            value = _value(window, at, number, size, length)
            if value:
                fields.setdefault(field, value)
        at = following


def _value(window: Window, at: int, number: int, size: int, length: int) -> str:
    """The value of an element that is text, without padding."""
    if length > _MAXIMUM_VALUE:
        raise _invalid(window, at, f"(0002,{number:04X}) has a value of {length} bytes")
    return window.take(at + size, length).strip(b"\0 ").decode("latin-1")


def _too_long(window: Window, start: int, at: int, number: int, following: int) -> Part10Error:
    """The error for a declared length, before anything is read for it."""
    if following - start > MAXIMUM_META:
        what = f"(0002,{number:04X}) reaches past {MAXIMUM_META} bytes of file meta"
        return _invalid(window, at, what)
    return Truncated(window.path, at, following - at, window.size)


def _without_vr(window: Window, at: int, number: int, findings: Findings | None) -> Header:
    """The header of an element that has no VR, or none that there is."""
    header = unknown_vr(window, at, window.size, EXPLICIT_LITTLE, may_lack_vr=True)
    if header is None:
        raise _invalid(window, at, f"(0002,{number:04X}) has no VR that DICOM knows")
    if findings is not None:
        what = "no VR, as if this were Implicit VR"
        if header.letters:
            what = f"the unknown VR {header.letters.decode('latin-1')!r}"
        findings.tolerate(at, f"(0002,{number:04X}) has {what}")
    return header


def _invalid(window: Window, at: int, what: str) -> InvalidFile:
    return InvalidFile(
        window.path,
        f"damaged in the file meta information at byte {at}: {what}. Export the object again",
    )


def encode_file_meta(
    *,
    sop_class_uid: str,
    sop_instance_uid: str,
    transfer_syntax_uid: str,
    implementation_class_uid: str = uids.IMPLEMENTATION_CLASS_UID,
    implementation_version_name: str = uids.IMPLEMENTATION_VERSION_NAME,
    source_application_entity_title: str | None = None,
    sending_application_entity_title: str | None = None,
    receiving_application_entity_title: str | None = None,
) -> bytes:
    """Preamble, prefix and group 0002 (PS3.10 7.1, Table 7.1-1): what stands before a data set.

    Args:
        sop_class_uid: Media Storage SOP Class UID; that of the data set.
        sop_instance_uid: Media Storage SOP Instance UID; that of the data set.
        transfer_syntax_uid: of the data set behind.
        implementation_class_uid: who writes the file.
        implementation_version_name: which version of it.
        source_application_entity_title: the AE that the content comes from (0002,0016).
        sending_application_entity_title: the AE that sent it over a network (0002,0017).
        receiving_application_entity_title: the AE that received it (0002,0018).

    A title that is no legal one is left out: it is an accessory here, and a peer's odd name must
    not keep its object from being stored.

    Raises:
        InvalidValue: a UID is none, or the version name is no text of 1 to 16 characters.
    """
    template = _template(
        sop_class_uid,
        transfer_syntax_uid,
        implementation_class_uid,
        implementation_version_name,
        source_application_entity_title,
        sending_application_entity_title,
        receiving_application_entity_title,
    )
    return template.of(sop_instance_uid)


class _Template:
    """The file meta information of objects that differ in their SOP Instance UID alone.

    Args:
        before: group 0002 before (0002,0003), without the group length.
        behind: and behind it.
    """

    __slots__ = ("_before", "_beginnings", "_behind")

    def __init__(self, before: bytes, behind: bytes) -> None:
        self._before = before
        self._behind = behind
        self._beginnings: dict[int, bytes] = {}  # up to the UID, by its length, even

    def of(self, sop_instance_uid: str) -> bytes:
        """All of it for one object."""
        if not uids.is_sendable(sop_instance_uid):
            raise _no_uid("sop_instance_uid", sop_instance_uid)
        raw = sop_instance_uid.encode("ascii")
        size = len(raw)
        if size & 1:
            raw += b"\0"
            size += 1
        if size not in self._beginnings:
            header = _SHORT.pack(2, 0x0003, b"UI", size)
            length = len(self._before) + len(header) + size + len(self._behind)
            self._beginnings[size] = _GROUP_LENGTH + _WIDE.pack(length) + self._before + header
        return self._beginnings[size] + raw + self._behind


# The objects of an association differ in their SOP Instance UID, and most often in nothing else.
@lru_cache(maxsize=128)
def _template(
    sop_class_uid: str,
    transfer_syntax_uid: str,
    implementation_class_uid: str,
    implementation_version_name: str,
    *titles: str | None,
) -> _Template:
    before = _LONG.pack(2, 0x0001, b"OB", 2) + b"\0\x01"  # version 1
    before += _uid(0x0002, "sop_class_uid", sop_class_uid)
    behind = _uid(0x0010, "transfer_syntax_uid", transfer_syntax_uid)
    behind += _uid(0x0012, "implementation_class_uid", implementation_class_uid)
    if not _is_short_string(implementation_version_name):
        raise InvalidValue(
            "implementation_version_name",
            f"must be 1 to 16 ASCII characters without backslash: {implementation_version_name!r}",
        )
    behind += _short(0x0013, b"SH", implementation_version_name)
    for number, title in zip((0x0016, 0x0017, 0x0018), titles, strict=True):
        if title is not None and _is_short_string(title) and title.strip(" "):
            behind += _short(number, b"AE", title.strip(" "))
    return _Template(before, behind)


def _uid(number: int, name: str, uid: str) -> bytes:
    if not uids.is_sendable(uid):
        raise _no_uid(name, uid)
    return _short(number, b"UI", uid)


def _no_uid(name: str, uid: str) -> InvalidValue:
    return InvalidValue(name, f"must be a UID of 1 to 64 digits and dots, not {uid!r}")


def _is_short_string(text: str) -> bool:
    """SH, which is as AE: 1 to 16 characters of ASCII, no backslash (PS3.5 Table 6.2-1)."""
    return 1 <= len(text) <= 16 and text.isascii() and text.isprintable() and "\\" not in text


def _short(number: int, vr: bytes, value: str) -> bytes:
    raw = value.encode("ascii")
    if len(raw) & 1:
        raw += padding_of(vr)
    return _SHORT.pack(2, number, vr, len(raw)) + raw
