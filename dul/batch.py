"""The buffer in which the PDUs of data sets lie one behind the other, ready to be sent (PS3.8 9.3.5).

It is divided into places, each as long as a full PDU. The headers stand there already, and a data set
is read into the room between them: one `preadv` and one span for a batch, and nothing is done for each
PDU of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from dul.values import TYPE_CHECKING
from dul.wire import PDATA_HEADER_LENGTH

if TYPE_CHECKING:
    from typing import TypeAlias

__all__ = ["Batch", "Fill"]

Fill: TypeAlias = "Callable[[Sequence[memoryview], int], None]"
"""Fills the views one after the other, each to its end; so many bytes in all."""


class Batch:
    """Room for the PDUs of a batch, used again for the next one.

    Small objects get a small buffer; it grows up to one batch, and stays.

    Args:
        fragment: bytes of a data set in a full PDU.
        most: bytes of fragments in a batch, about.
    """

    def __init__(self, fragment: int, most: int) -> None:
        self.fragment = fragment
        self._place = PDATA_HEADER_LENGTH + fragment
        self._most = -(-most // fragment) * self._place
        self._buffer = memoryview(b"")
        self._fragments: list[memoryview] = []  # in each place, the room behind its header
        self._header = b""  # the header of a full PDU that stands in every place
        self._other: set[int] = set()  # but for these, which have another one
        self._used = 0  # places with PDUs that are not all sent

    def reuse(self) -> None:
        """All that lay here has been sent."""
        self._used = 0

    def lay(self, count: int, full: bytes, last: bytes | None, fill: Fill) -> memoryview:
        """Lay PDUs one behind the other, behind those that are here.

        Args:
            count: bytes of the data set for them.
            full: the header of a full PDU.
            last: that of the last one, if the data set ends with it.
            fill: gives the bytes.

        Returns:
            The PDUs, until `reuse`.
        """
        places = -(-count // self.fragment)
        length = places * PDATA_HEADER_LENGTH + count
        begin = self._used
        if begin * self._place + length > len(self._buffer):
            self._grow(length)
            begin = 0
        end = begin + places
        self._stamp(full, begin, end)
        views = self._fragments[begin:end]
        views[-1] = views[-1][: count - (places - 1) * self.fragment]
        at = begin * self._place
        if last is not None:
            self._put_header(end - 1, last)
            self._other.add(end - 1)
        self._used = end
        fill(views, count)
        return self._buffer[at : at + length]

    def _grow(self, length: int) -> None:
        # What lies in the old buffer stays there until it is sent, and the buffer with it.
        wanted = 2 * (self._used * self._place + length)
        self._buffer = buffer = memoryview(bytearray(max(length, min(self._most, wanted))))
        self._fragments = [
            buffer[at + PDATA_HEADER_LENGTH : at + self._place]
            for at in range(0, len(buffer) - PDATA_HEADER_LENGTH, self._place)
        ]
        self._header = b""
        self._used = 0

    def _stamp(self, header: bytes, begin: int, end: int) -> None:
        """Let this header stand in these places."""
        stale: Iterable[int]
        if header == self._header:
            stale = [place for place in self._other if begin <= place < end]
            self._other.difference_update(stale)
        elif not begin:
            self._header = header
            self._other.clear()
            stale = range(len(self._fragments))
        else:  # another presentation context, behind one whose PDUs are not sent yet
            stale = range(begin, end)
            self._other.update(stale)
        for place in stale:
            self._put_header(place, header)

    def _put_header(self, place: int, header: bytes) -> None:
        at = place * self._place
        self._buffer[at : at + PDATA_HEADER_LENGTH] = header
