"""Whether a received data set is whole, and the object that the command names."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from dimse.errors import CannotUnderstand, DataSetMismatch, Part10Error, StorageRefused, Truncated
from dimse.objects.layout import layout_of
from dimse.objects.walk import Walk, Window
from dimse.storage.sink import Sink
from dimse.tables.transfer_syntaxes import TRANSFER_SYNTAXES

__all__ = ["Checked"]

# In practice (0008,0016) and (0008,0018) stand in the first few hundred bytes.
HEAD: Final = 1 << 16


class Checked:
    """Looks whether the data set is whole, and the object that the command names.

    Both must name the same SOP Class and SOP Instance, and no element may reach past the end:
    what the peer cut off itself would otherwise count as stored. The first 64 KiB are kept for
    that; of a longer data set the element headers are read back, if the sink can (`read_back`).
    A deflated one is inflated to no more than 64 KiB, and not judged beyond that.
    """

    def __init__(
        self, sink: Sink, sop_class_uid: str, sop_instance_uid: str, transfer_syntax_uid: str
    ) -> None:
        """Compare with the UIDs of the command what goes through to `sink`."""
        self._sink = sink
        self._expected = sop_class_uid, sop_instance_uid
        self._transfer_syntax_uid = transfer_syntax_uid
        self._head = bytearray()
        self._length = 0

    def write(self, views: Sequence[memoryview]) -> None:
        """Pass the bytes on."""
        for view in views:
            self._length += len(view)
            wanted = HEAD - len(self._head)
            if wanted > 0:
                self._head += view[:wanted]
        self._sink.write(views)

    def commit(self) -> Path | None:
        """Check the data set, then commit the sink.

        Raises:
            DataSetMismatch: SOP Class or SOP Instance UID are not there, or not the command's.
            CannotUnderstand: the data set is cut off, or can't be read.
            StorageRefused: what the sink itself has to say.
        """
        try:
            self._check()
        except StorageRefused:
            self._sink.discard()
            raise
        return self._sink.commit()

    def discard(self) -> None:
        """Discard the sink."""
        self._sink.discard()

    def _check(self) -> None:
        window, whole = self._window()
        walk = Walk(window, layout_of(self._transfer_syntax_uid))
        try:
            walk.run(0, whole=whole)
        except Part10Error as error:
            if whole or not isinstance(error, Truncated):
                raise CannotUnderstand(f"the data set can't be read: {error.why}") from error
        except OSError:
            return  # the disk's fault, of which the sink will tell
        else:
            whole = True  # of group 0008 at least
        found = walk.sop_class_uid, walk.sop_instance_uid
        names = "SOP Class UID", "SOP Instance UID"
        for name, expected, own in zip(names, self._expected, found, strict=True):
            if own is None and whole:
                raise DataSetMismatch(f"the data set has no {name}, or is none")
            if own is not None and own != expected:
                raise DataSetMismatch(f"the data set's {name} is {own}, the command's {expected}")

    def _window(self) -> tuple[Window, bool]:
        """What can be seen of the data set, and whether that is all of it."""
        head = bytes(self._head)
        syntax = TRANSFER_SYNTAXES.get(self._transfer_syntax_uid)
        if syntax is not None and syntax.deflated:
            stream = zlib.decompressobj(-zlib.MAX_WBITS)
            try:
                head = stream.decompress(head, HEAD)
            except zlib.error as error:
                raise CannotUnderstand(f"no deflated data set: {error}") from error
            return _window_of(head), stream.eof
        if self._length <= HEAD:
            return _window_of(head), True
        read_back: Callable[[int, int], bytes] | None = getattr(self._sink, "read_back", None)
        if read_back is None:
            return _window_of(head), False

        def read(at: int, count: int) -> bytes:
            if at + count <= len(head):
                return head[at : at + count]
            return read_back(at, count)

        return Window("data set", self._length, read), True


def _window_of(data: bytes) -> Window:
    return Window("data set", len(data), lambda at, count: data[at : at + count])
