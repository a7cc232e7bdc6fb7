"""Whether a stored object is the one that has come once more: the same data set, to the byte."""

from __future__ import annotations

from dimse.errors import Part10Error
from dimse.objects.filemeta import decode_file_meta
from dimse.objects.findings import Findings
from dimse.objects.window import Window
from dimse.storage.content import Bytes
from dul.values import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Final

__all__ = ["same_object"]

_PIECE: Final = 1 << 18  # bytes compared at a time


def same_object(
    old: Bytes, new: Bytes, data_set: int, *, transfer_syntax_uid: str, file_meta: bool
) -> bool:
    """Compare two objects' data sets; the file metas name who sent them, and may differ.

    Args:
        old: the stored one.
        new: the new one.
        data_set: where its data set begins.
        transfer_syntax_uid: how it is encoded.
        file_meta: whether the stored one has file meta information, too.

    Raises:
        OSError: one of them can't be read.
    """
    begin = _data_set_in(old, transfer_syntax_uid) if file_meta else 0
    if begin is None or old.size - begin != new.size - data_set:
        return False
    while piece := new.read(data_set, _PIECE):
        if old.read(begin, len(piece)) != piece:
            return False
        data_set += len(piece)
        begin += len(piece)
    return True


def _data_set_in(stored: Bytes, transfer_syntax_uid: str) -> int | None:
    """Where the data set of a DICOM file begins, if it has that transfer syntax."""
    try:
        window = Window("file", stored.size, stored.read)
        if window.take(128, 4) != b"DICM":
            return None
        meta, begin = decode_file_meta(window, 132, Findings(window.path))
    except Part10Error:
        return None
    return begin if meta.transfer_syntax_uid == transfer_syntax_uid else None
