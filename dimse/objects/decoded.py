"""Data sets between bytes and pydicom, for handlers: what came is decoded, what goes is encoded.

pydicom is loaded when a data set is asked for, not before.
"""

from __future__ import annotations

import io
import zlib

from dimse.errors import CannotUnderstand, OutOfResources
from dimse.objects.bounds import HEAD, MAXIMUM_INFLATED_IN_MEMORY
from dimse.objects.filemeta import PREFIX, decode_file_meta
from dimse.objects.findings import Findings
from dimse.objects.layout import Layout, is_deflated, layout_of
from dimse.objects.window import Window
from dimse.tables import uids
from dul.values import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from typing import BinaryIO, Literal

    from pydicom import Dataset
    from pydicom.dataset import FileDataset

__all__ = [
    "data_set_in",
    "decode_data_set",
    "decode_file",
    "encode_data_set",
    "open_file",
    "transfer_syntax_in",
]


class Openable(Protocol):
    """Where a DICOM file is: a path, or something in its place."""

    def __fspath__(self) -> str: ...

    def open(self, mode: Literal["rb"], /) -> BinaryIO:
        """It, open for reading."""
        ...


def data_set_in(path: Openable) -> bytes:
    """The data set in a file, as it is encoded there: all that stands behind the file meta.

    Raises:
        OSError: the file can't be read.
        Part10Error: its file meta is damaged.
    """
    with path.open("rb") as file:
        content = file.read()
    if content[128:132] != PREFIX[128:]:
        return content  # a bare data set
    window = Window.over(path, content)
    return content[decode_file_meta(window, len(PREFIX), Findings(path))[1] :]


def transfer_syntax_in(path: Openable) -> str | None:
    """What the file meta of a file says of its data set; None if there is none.

    Raises:
        OSError: the file can't be read.
        Part10Error: its file meta is damaged.
    """
    with path.open("rb") as file:
        content = file.read(HEAD)
    if content[128:132] != PREFIX[128:]:
        return None
    window = Window.over(path, content)
    return decode_file_meta(window, len(PREFIX), Findings(path))[0].transfer_syntax_uid


def open_file(path: Openable) -> BinaryIO:
    """A file, open for reading.

    Raises:
        OSError: it can't be opened.
    """
    return path.open("rb")


def inflated(data: bytes, maximum: int) -> bytes:
    """A deflated data set, inflated (PS3.5 A.5).

    Raises:
        OutOfResources: it is longer than `maximum`.
        CannotUnderstand: it is no deflate stream, or it is cut off.
    """
    stream = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        content = stream.decompress(data, maximum)
        if not stream.eof and stream.decompress(stream.unconsumed_tail, 1):
            raise OutOfResources(f"inflated, the data set has more than {maximum} bytes")
    except zlib.error as error:
        raise CannotUnderstand(f"no deflated data set: {error}") from error
    if not stream.eof:
        raise CannotUnderstand("no deflated data set: it is cut off")
    return content


def decode_data_set(
    data: bytes, transfer_syntax_uid: str, *, maximum: int = MAXIMUM_INFLATED_IN_MEMORY
) -> Dataset:
    """Decode a data set of this transfer syntax.

    Raises:
        OutOfResources, CannotUnderstand: as `inflated`.
        Exception: whatever pydicom raises of a data set that it can't read.
    """
    # A server whose handlers look at no data set never loads pydicom.
    from pydicom.filereader import read_dataset  # noqa: PLC0415

    if is_deflated(transfer_syntax_uid):
        data = inflated(data, maximum)
    layout = layout_of(transfer_syntax_uid)
    return read_dataset(io.BytesIO(data), not layout.explicit, is_little(layout))


def decode_file(
    file_meta: bytes,
    data: bytes,
    transfer_syntax_uid: str,
    *,
    maximum: int = MAXIMUM_INFLATED_IN_MEMORY,
) -> FileDataset:
    """Decode an object: preamble, prefix and group 0002, and the data set behind them.

    Raises:
        OutOfResources, CannotUnderstand: as `inflated`.
        Exception: whatever pydicom raises of a data set that it can't read.
    """
    # A server whose handlers look at no data set never loads pydicom.
    import pydicom  # noqa: PLC0415

    found = pydicom.dcmread(io.BytesIO(file_meta))
    data_set = decode_data_set(data, transfer_syntax_uid, maximum=maximum)
    layout = layout_of(transfer_syntax_uid)
    whole = pydicom.dataset.FileDataset(
        "",
        data_set,
        found.preamble,
        found.file_meta,
        is_implicit_VR=not layout.explicit,
        is_little_endian=is_little(layout),
    )
    whole.set_original_encoding(
        not layout.explicit, is_little(layout), data_set.original_character_set
    )
    return whole


def encode_data_set(data_set: Dataset, transfer_syntax_uid: str) -> bytes:
    """Encode a data set for this transfer syntax; its pixel data, if any, stay as they are.

    Raises:
        Exception: whatever pydicom raises of a data set that it can't write.
    """
    # It is pydicom's data set, so pydicom is loaded.
    from pydicom.filebase import DicomBytesIO  # noqa: PLC0415
    from pydicom.filewriter import write_dataset  # noqa: PLC0415

    layout = layout_of(transfer_syntax_uid)
    buffer = DicomBytesIO()
    buffer.is_implicit_VR = not layout.explicit
    buffer.is_little_endian = is_little(layout)
    write_dataset(buffer, data_set)
    content = buffer.getvalue()
    if is_deflated(transfer_syntax_uid):
        stream = zlib.compressobj(wbits=-zlib.MAX_WBITS)
        content = stream.compress(content) + stream.flush()
        content += b"\0" * (len(content) % 2)  # PS3.5 A.5
    return content


def is_little(layout: Layout) -> bool:
    """Whether its numbers have their least significant byte first."""
    return layout.uid != uids.EXPLICIT_VR_BIG_ENDIAN
