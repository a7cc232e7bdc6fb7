"""Whether a stored file is the object that has come once more: the same data set, to the byte."""

from __future__ import annotations

import os
from typing import Final

from dimse.errors import Part10Error
from dimse.objects.filemeta import decode_file_meta
from dimse.objects.findings import Findings
from dimse.objects.window import Window

__all__ = ["same_object"]

_PIECE: Final = 1 << 18  # bytes compared at a time


def same_object(
    old: int | None, new: int, data_set: int, *, transfer_syntax_uid: str, file_meta: bool
) -> bool:
    """Compare the data sets of two files; the file metas name who sent them, and may differ.

    Args:
        old: descriptor of the stored file, which is closed; None: it can't be opened.
        new: descriptor of the new one.
        data_set: where its data set begins.
        transfer_syntax_uid: how it is encoded.
        file_meta: whether the stored file has file meta information, too.

    Raises:
        OSError: one of them can't be read.
    """
    if old is None:
        return False
    try:
        begin = _data_set_in(old, transfer_syntax_uid) if file_meta else 0
        if begin is None or os.fstat(old).st_size - begin != os.fstat(new).st_size - data_set:
            return False
        while piece := os.pread(new, _PIECE, data_set):
            if os.pread(old, len(piece), begin) != piece:
                return False
            data_set += len(piece)
            begin += len(piece)
        return True
    finally:
        os.close(old)


def _data_set_in(fd: int, transfer_syntax_uid: str) -> int | None:
    """Where the data set of a DICOM file begins, if it has that transfer syntax."""
    try:
        window = Window("file", os.fstat(fd).st_size, lambda at, count: os.pread(fd, count, at))
        if window.take(128, 4) != b"DICM":
            return None
        meta, begin = decode_file_meta(window, 132, Findings(window.path))
    except Part10Error:
        return None
    return begin if meta.transfer_syntax_uid == transfer_syntax_uid else None
