"""Objects of a run are alike: what was found out about one holds for the next that is laid out like it.

The usual case of `part10.contents_of`, beside it. A series has hundreds of small files in which the
same elements stand at the same places, for their values have the same lengths. Of the first of a size
it is written down where its element headers are. Where all of them stand in the next file of that
size, and all else that was judged, there is nothing to judge but its SOP Instance UID.

Only what is as it should be is written down: file meta, one whole stretch of data set, elements of
defined and even length, nothing to warn of. All else goes through the walk each time.
"""

from __future__ import annotations

from collections.abc import Callable
from struct import Struct

from dimse.objects.headers import cutting, places_of, plain_elements
from dimse.objects.layout import is_deflated, layout_of
from dimse.objects.part10 import Contents
from dimse.tables import uids
from dul.values import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from typing import Any, Final

__all__ = ["Shapes"]

_MOST_SHAPES: Final = 64
"""Sizes whose first file is written down; making a shape costs some three walks."""

_BEGIN: Final = 132  # of the file meta
_SOP_INSTANCE_UID: Final = 0x00080018
_SOP_CLASS_UID: Final = 0x00080016
# The header of Media Storage SOP Instance UID (0002,0003), but for its length.
_MEDIA_STORAGE_INSTANCE: Final = b"\2\0\3\0UI"


class _Shape(NamedTuple):
    """A file's layout.

    Attributes:
        cut: takes out of a file what must be as it was in the first.
        fixed: that.
        least: how many bytes `cut` looks at.
        instance: where the SOP Instance UID lies in the data set.
        media: where it lies in the file meta.
        found: what was found out about the first file.
    """

    cut: Callable[[bytes], tuple[Any, ...]]
    fixed: tuple[Any, ...]
    least: int
    instance: slice
    media: slice
    found: Contents


class Shapes:
    """The layouts of files that were looked at in a run."""

    __slots__ = ("_by_size",)

    def __init__(self) -> None:
        self._by_size: dict[int, _Shape | None] = {}

    def find(self, size: int, data: bytes) -> tuple[Contents, str] | None:
        """What was found out about a file that is laid out like this one, and this one's UID.

        Args:
            size: of the file.
            data: all of it, or the first bytes.

        Returns:
            What the other one is, which this one is as well but for its SOP Instance UID; and that.
            None if there was no such file.
        """
        shape = self._by_size.get(size)
        if shape is None or len(data) < shape.least or shape.cut(data) != shape.fixed:
            return None
        raw = data[shape.instance]
        if raw != data[shape.media]:
            return None
        uid = raw.rstrip(b"\0").decode("latin-1")
        return (shape.found, uid) if uids.is_sendable(uid) else None

    def learn(self, size: int, data: bytes, found: Contents) -> None:
        """Write down how a file is laid out that was looked at, if it is the first of its size."""
        by_size = self._by_size
        if size not in by_size and len(by_size) < _MOST_SHAPES:
            by_size[size] = _shape_of(size, data, found)


def _shape_of(size: int, data: bytes, found: Contents) -> _Shape | None:
    """The shape of a file in which all is as it should be; None: of this one there is none."""
    start, length = found.spans[0]
    syntax = found.transfer_syntax_uid
    if (
        found.meta is None
        or found.meta.media_storage_sop_instance_uid != found.sop_instance_uid
        or found.spans != ((start, size - start),)
        or found.odd
        or not found.proven
        or found.warnings
        or length & 1
        or is_deflated(syntax)
        or data[128:_BEGIN] != b"DICM"
    ):
        return None
    own = found.sop_instance_uid.encode("ascii")
    own += b"\0" * (len(own) & 1)
    head = _MEDIA_STORAGE_INSTANCE + len(own).to_bytes(2, "little")
    media = data.find(head + own, _BEGIN, start) + len(head)
    elements = plain_elements(data, start, size, layout_of(syntax))
    if media < _BEGIN + len(head) or elements is None:
        return None
    behind = media + len(own)
    places = places_of(_SOP_INSTANCE_UID, elements)
    if len(places) != 1 or data[places[0]] != own:
        return None
    meta = f"<{_BEGIN - 4}x{media - _BEGIN + 4}s{len(own)}x{start - behind}s"
    layout = Struct(meta + cutting(elements, _SOP_CLASS_UID))
    cut = layout.unpack_from
    return _Shape(cut, cut(data), layout.size, places[0], slice(media, behind), found)
