"""pydicom data sets that are to be sent: named by their UIDs, encoded when their turn has come."""

from __future__ import annotations

from dimse.errors import CannotEncode, Part10Error
from dimse.objects.codecs import obstacle_to_conversion
from dimse.objects.sources import Encoded, OutgoingSource
from dimse.tables import uids
from dimse.tables.storage_sops import STORAGE_SOP_CLASSES
from dul.values import TYPE_CHECKING, dataclass, field

if TYPE_CHECKING:
    from typing import Final

    from pydicom.dataset import Dataset

__all__ = ["DataSetObject", "examine_data_set", "name_of"]

# Groups that have no business in a data set: command, file meta.
_FORBIDDEN: Final = frozenset({0x0000, 0x0002})


@dataclass(frozen=True, slots=True)
class DataSetObject:
    """A pydicom data set in memory.

    Attributes:
        data_set: the data set; not changed, and not to be changed until it is sent.
        sop_class_uid: its (0008,0016).
        sop_instance_uid: its (0008,0018).
        transfer_syntax_uid: of its file meta; Explicit VR Little Endian if it has none.
        warnings: what is wrong with it and tolerated.
        file: None, as it is none.
        length: 0, as it is not encoded yet.
    """

    data_set: Dataset = field(repr=False)
    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    warnings: tuple[str, ...] = ()
    file: str | None = None
    length: int = 0

    @property
    def name(self) -> str:
        """What it is, as it has no path: "data set 1.2.3 (CT Image Storage)"."""
        return _name_of(self.sop_class_uid, self.sop_instance_uid)

    def obstacle(self, transfer_syntax_uid: str) -> str | None:
        """Uncompressed ones are converted into each other, or compressed without loss."""
        return obstacle_to_conversion(self.transfer_syntax_uid, transfer_syntax_uid)

    def encoded(self) -> Encoded:
        """The data set, encoded by pydicom.

        Raises:
            CannotEncode: pydicom can't encode it, or what comes of it is no data set.
        """
        # It needs pydicom, as this does.
        from dimse.objects.encode import encode_object  # noqa: PLC0415

        try:
            return encode_object(
                self.data_set,
                self.name,
                self.transfer_syntax_uid,
                without=_stray_elements(self.data_set),
            )
        except Part10Error as error:
            raise CannotEncode(self.name, error.why) from error

    def open(self, transfer_syntax_uid: str) -> OutgoingSource:
        """The data set in this syntax, encoded by pydicom, every length even.

        Raises:
            CannotEncode: pydicom can't encode it, or what comes of it is no data set.
            CannotTranscode: it can't be converted.
        """
        from dimse.objects.transcode import transcode  # noqa: PLC0415 - as above

        try:
            return transcode(self.encoded(), transfer_syntax_uid)
        except Part10Error as error:
            raise CannotEncode(self.name, error.why) from error


def examine_data_set(data_set: Dataset, *, strict: bool = False) -> DataSetObject:
    """Make a pydicom data set ready to be sent; see `dimse.objects.outgoing.examine`."""
    sop_class, sop_instance = _uids_of(data_set)
    name = _name_of(sop_class, sop_instance)
    for what, uid in (("SOP Class UID", sop_class), ("SOP Instance UID", sop_instance)):
        if not uids.is_sendable(uid):
            why = f"has the {what} {uid!r}, which is none" if uid else f"has no {what}"
            raise CannotEncode(name, f"it {why}, and can't be stored anywhere")
    meta = getattr(data_set, "file_meta", None)
    syntax = str(meta.get("TransferSyntaxUID") or "") if meta is not None else ""
    warnings = tuple(
        f"({tag >> 16:04X},{tag & 0xFFFF:04X}) has no business in a data set; left out"
        for tag in _stray_elements(data_set)
    )
    if strict and warnings:
        raise CannotEncode(name, f"{warnings[0]}")
    return DataSetObject(
        data_set, sop_class, sop_instance, syntax or uids.EXPLICIT_VR_LITTLE_ENDIAN, warnings
    )


def name_of(data_set: Dataset) -> str:
    """How messages name a data set, whether it can be sent or not."""
    return _name_of(*_uids_of(data_set))


def _uids_of(data_set: Dataset) -> tuple[str, str]:
    """Its SOP Class and Instance UID; empty if it has none."""
    return str(data_set.get("SOPClassUID") or ""), str(data_set.get("SOPInstanceUID") or "")


def _stray_elements(data_set: Dataset) -> list[int]:
    """The tags of the elements that are left out."""
    return [tag for tag in data_set.keys() if tag >> 16 in _FORBIDDEN]  # noqa: SIM118 - no dict


def _name_of(sop_class_uid: str, sop_instance_uid: str) -> str:
    known = STORAGE_SOP_CLASSES.get(sop_class_uid)
    kind = known.name if known else f"SOP class {sop_class_uid or 'unknown'}"
    return f"data set {sop_instance_uid or 'without UID'} ({kind})"
