"""A byte stream cut into PDUs as it arrives, in bounded memory; used by `decode` and by the proxy."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

HEADER = 6
#: A PDU up to this size is kept whole; a longer one is handed on in pieces.
LARGEST = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Unit:
    """A whole PDU, a piece of one that is too long to keep, or bytes that are no PDU.

    `size` is the size of the whole PDU, 0 for "bytes"; `offset` is where `data` stands in the PDU, or in
    the stream for "bytes". `missing` counts bytes of `data` that were lost and stand as zeros.
    """

    kind: Literal["pdu", "piece", "bytes"]
    data: bytes
    size: int
    offset: int = 0
    missing: int = 0


def plausible(head: bytes, largest: int) -> bool:
    """Whether six bytes can begin a PDU: a type of PS3.8 9.3.1, or at least the shape of one.

    The second byte is reserved and sent as zero, though never tested by a receiver (PS3.8 9.3.1); for an
    undefined type it tells a PDU from TLS or HTTP, and a length tells it from a run of zeros.
    """
    type_, reserved, length = struct.unpack(">BBI", head)
    if 1 <= type_ <= 7:
        return True
    return reserved == 0 and 0 < int(length) <= largest


class Framer:
    """Cuts one direction of a connection into units; never holds more than `largest` bytes of a PDU.

    Once something is met that cannot be a PDU, the rest of the stream is handed on as bytes.
    """

    def __init__(self, largest: int = LARGEST) -> None:
        self.largest = largest
        self.lost = False
        self.offset = 0
        self._buffer = bytearray()
        self._missing = 0
        self._left = 0
        self._size = 0

    def feed(self, data: bytes, *, missing: bool = False) -> Iterator[Unit]:
        """The units that `data` completes. `missing` says that it stands in for bytes that were lost."""
        self._buffer += data
        self._missing += len(data) if missing else 0
        while self._buffer:
            unit = self._next()
            if unit is None:
                return
            self.offset += len(unit.data)
            yield unit

    def rest(self) -> Unit | None:
        """What is left when the stream ends: the beginning of a PDU, or None."""
        if not self._buffer:
            return None
        data = bytes(self._buffer)
        size = 0 if len(data) < HEADER else _size(data)
        return self._take(len(data), "piece" if size else "bytes", size)

    def _next(self) -> Unit | None:
        if self.lost:
            return self._take(len(self._buffer), "bytes", 0)
        if self._left:
            return self._piece()
        if len(self._buffer) < HEADER:
            return None
        if not plausible(bytes(self._buffer[:HEADER]), self.largest):
            self.lost = True
            return self._take(len(self._buffer), "bytes", 0)
        size = _size(self._buffer)
        if size > self.largest:
            self._left = self._size = size
            return self._piece()
        return self._take(size, "pdu", size) if len(self._buffer) >= size else None

    def _piece(self) -> Unit:
        count = min(self._left, len(self._buffer))
        offset = self._size - self._left
        self._left -= count
        return self._take(count, "piece", self._size, offset)

    def _take(
        self,
        count: int,
        kind: Literal["pdu", "piece", "bytes"],
        size: int,
        offset: int | None = None,
    ) -> Unit:
        data = bytes(self._buffer[:count])
        del self._buffer[:count]
        # Lost bytes lie somewhere in the buffer; they are charged to the first unit that is handed out.
        missing = min(self._missing, count)
        self._missing -= missing
        if offset is None:
            offset = self.offset if kind == "bytes" else 0
        return Unit(kind, data, size, offset, missing)


def _size(head: bytes | bytearray) -> int:
    return HEADER + int(struct.unpack_from(">I", head, 2)[0])
