"""Let pydicom encode a data set that is in memory; imported only for one, with what is heavy."""

from __future__ import annotations

import tempfile
from collections.abc import Collection

from dimse.errors import CannotEncode, DIMSEError
from dimse.objects.bounds import SCRATCH
from dimse.objects.fragments import Fragments
from dimse.objects.layout import EXPLICIT_LITTLE, is_deflated
from dimse.objects.part10 import contents_of
from dimse.objects.scratch import Scratch
from dimse.objects.sources import Encoded, MemoryOrigin, Splice, SplicedSource
from dimse.objects.window import Window
from dimse.tables import uids
from dul.values import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import IO

    from pydicom.dataelem import DataElement
    from pydicom.dataset import Dataset

__all__ = ["encode_object"]

_END = b"\xfe\xff\xdd\xe0\0\0\0\0"  # of a sequence of fragments


def encode_object(
    data_set: Dataset, name: str, transfer_syntax_uid: str, *, without: Collection[int] = ()
) -> Encoded:
    """Encode a data set, in memory, or in a temporary file if it is large.

    Args:
        data_set: it; not changed.
        name: what messages call it.
        transfer_syntax_uid: how; for a deflated one, how it is before it is deflated.
        without: tags of elements that are left out.

    Returns:
        What pydicom makes of it. It leaves the length of some values odd, so it is `odd`, to have
        `transcode` go through all of it.

    Raises:
        CannotEncode: pydicom can't.
        Part10Error: what it encoded is no data set.
    """
    uid = transfer_syntax_uid
    if is_deflated(uid):
        uid = uids.EXPLICIT_VR_LITTLE_ENDIAN
    origin = _Spooled()
    try:
        _write(origin.file, data_set, name, uid, without)
        found = contents_of(Window(name, origin.size(), origin.take))
    except BaseException:
        origin.close()
        raise
    return Encoded(name, origin, found.spans, uid, odd=True)


def _write(
    file: IO[bytes],
    data_set: Dataset,
    name: str,
    transfer_syntax_uid: str,
    without: Collection[int],
) -> None:
    """Write it as a whole DICOM file, since pydicom checks most then."""
    import pydicom  # noqa: PLC0415 - it is pydicom's data set
    from pydicom.dataset import FileMetaDataset  # noqa: PLC0415

    uid = pydicom.uid.UID(transfer_syntax_uid)
    try:
        # pydicom's own way to copy shares the elements, and writing changes some.
        tags = [tag for tag in data_set.keys() if tag not in without]  # noqa: SIM118 - no dict
        own = pydicom.Dataset({tag: data_set.get_item(tag) for tag in tags})
        if "PixelData" in own and uid.is_compressed:
            own["PixelData"] = _encapsulated(name, own["PixelData"])
        own.file_meta = FileMetaDataset()
        own.file_meta.TransferSyntaxUID = uid
        pydicom.dcmwrite(file, own, enforce_file_format=True)
    except DIMSEError:
        raise
    except Exception as error:
        # Anything: a value of a wrong type raises what it wants in there. pydicom puts a traceback,
        # with the paths of this machine, into some of its messages; the first line says it.
        why = str(error).strip().partition("\n")[0]
        raise CannotEncode(name, why or type(error).__name__) from error


def _encapsulated(name: str, element: DataElement) -> DataElement:
    """A copy of compressed pixel data, its fragments of even length.

    Where they are odd in all, pydicom would put a NUL behind the last, and outside of it.
    """
    value = element.value
    if isinstance(value, bytes) and len(value) % 2:
        value = value.removesuffix(_END) + _END
        fragments = Fragments(Window.over(name, value), 0, len(value), EXPLICIT_LITTLE)
        splice = Splice(new := Scratch())
        fragments.write(splice, new)
        source = SplicedSource(name, MemoryOrigin(name, value, None), splice)
        padded = bytearray(len(source))
        source.readinto(memoryview(padded))
        source.close()
        value = bytes(padded).removesuffix(_END)
    return type(element)(element.tag, element.VR, value)


class _Spooled:
    """What pydicom writes: in memory, or in a temporary file if it is much."""

    def __init__(self) -> None:
        self.file = tempfile.SpooledTemporaryFile(SCRATCH)  # noqa: SIM115 - until `close`

    def size(self) -> int:
        """How much was written."""
        return self.file.seek(0, 2)

    def take(self, at: int, count: int) -> bytes:
        """Bytes from a position on."""
        self.file.seek(at)
        return self.file.read(count)

    def read(self, at: int, view: memoryview) -> int:
        """Fill the view from a position on."""
        piece = self.take(at, len(view))
        view[: len(piece)] = piece
        return len(piece)

    def finish(self) -> None:
        """Nothing is to be compared: nobody else writes to it."""

    def close(self) -> None:
        """Give the room back."""
        self.file.close()
