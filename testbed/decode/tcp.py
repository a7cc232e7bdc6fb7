"""TCP streams out of segments: order restored, retransmissions dropped, gaps told (RFC 9293 3.4).

Sans I/O: segments in, events out. Memory is bounded: what waits for an earlier segment is held up to a
limit, beyond which the gap counts as lost.
"""

from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from typing import Literal

#: Bytes and segments that may wait for an earlier one before the gap is given up.
MOST_WAITING = 8 * 1024 * 1024
MOST_SEGMENTS = 4096
#: Connections followed at a time; the one that was silent longest is given up first.
MOST_CONNECTIONS = 1024
#: No receive window is larger (RFC 7323 2.3): what lies further ahead does not belong to the stream.
_LARGEST_WINDOW = 1 << 30
_HALF, _WHOLE = 1 << 31, 1 << 32

Address = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Segment:
    """One TCP segment of a capture. `lost` counts payload bytes that the capture cut off."""

    time: float
    source: Address
    destination: Address
    seq: int
    data: bytes = b""
    syn: bool = False
    ack: bool = False
    fin: bool = False
    rst: bool = False
    lost: int = 0


@dataclass(frozen=True, slots=True)
class Happening:
    """Something on a connection: "open", "data", "gap", "break", "fin", "rst".

    `sender` is the address it comes from; of "open" the caller, `server` then being the other end and
    `whole` telling whether the capture holds the beginning. `data` of a gap is as many zero bytes as
    were lost; a break is a gap too long for that, of `size` bytes.
    """

    time: float
    connection: int
    sender: Address
    kind: Literal["open", "data", "gap", "break", "fin", "rst"]
    data: bytes = b""
    size: int = 0
    server: Address = ("", 0)
    whole: bool = False


@dataclass(slots=True)
class _Half:
    """One direction: the next sequence number, and segments that came too early."""

    next: int | None = None
    waiting: dict[int, tuple[bytes, float]] = field(default_factory=dict)
    size: int = 0
    fin: int | None = None
    ended: bool = False


@dataclass(slots=True)
class _Connection:
    number: int
    halves: dict[Address, _Half]
    opened: tuple[Address, int] | None
    last: float = 0.0
    reset: bool = False


def _ahead(seq: int, start: int) -> int:
    """How far `seq` lies after `start`, negative if before; sequence numbers wrap."""
    return (seq - start + _HALF) % _WHOLE - _HALF


def _is_new(connection: _Connection, segment: Segment) -> bool:
    """Whether a SYN begins another connection between the same ports, and is no repetition."""
    if not segment.syn or segment.ack:
        return False
    over = connection.reset or all(half.ended for half in connection.halves.values())
    return over or connection.opened != (segment.source, segment.seq)


class Reassembler:
    """Follows all connections of a capture."""

    def __init__(self) -> None:
        self.count = 0
        self._open: dict[frozenset[Address], _Connection] = {}

    def take(self, segment: Segment) -> Iterator[Happening]:
        """What one segment makes known, in stream order."""
        key = frozenset((segment.source, segment.destination))
        connection = self._open.get(key)
        if connection is not None and _is_new(connection, segment):
            yield from self._flush(connection)
            connection = None
        if connection is None:
            if segment.rst and not segment.data:
                return
            connection = yield from self._begin(key, segment)
        connection.last = segment.time
        half = connection.halves[segment.source]
        if half.next is None:
            half.next = (segment.seq + segment.syn) % _WHOLE
        if segment.data:
            start = (segment.seq + segment.syn) % _WHOLE
            if _ahead(start, half.next) < _LARGEST_WINDOW:
                self._store(half, start, segment.data, segment.time)
                yield from self._deliver(connection, segment.source, segment.time)
            if segment.lost and half.next == (start + len(segment.data)) % _WHOLE:
                half.next = (half.next + segment.lost) % _WHOLE
                zeros = bytes(segment.lost)
                yield Happening(segment.time, connection.number, segment.source, "gap", zeros)
                yield from self._ready(connection, segment.source, segment.time)
        if segment.fin:
            half.fin = (segment.seq + segment.syn + len(segment.data) + segment.lost) % _WHOLE
        yield from self._endings(connection, segment)

    def finish(self) -> Iterator[Happening]:
        """What still waited when the capture ended, its gaps filled with zeros."""
        for connection in list(self._open.values()):
            yield from self._flush(connection)
        self._open.clear()

    # -- connections

    def _begin(
        self, key: frozenset[Address], segment: Segment
    ) -> Generator[Happening, None, _Connection]:
        if len(self._open) >= MOST_CONNECTIONS:
            oldest = min(self._open, key=lambda entry: self._open[entry].last)
            yield from self._flush(self._open.pop(oldest))
        self.count += 1
        answered = segment.syn and segment.ack
        client = segment.destination if answered else segment.source
        halves = {segment.source: _Half(), segment.destination: _Half()}
        opened = (segment.source, segment.seq) if segment.syn else None
        connection = _Connection(self.count, halves, opened)
        self._open[key] = connection
        server = segment.source if answered else segment.destination
        yield Happening(segment.time, self.count, client, "open", server=server, whole=segment.syn)
        return connection

    def _endings(self, connection: _Connection, segment: Segment) -> Iterator[Happening]:
        half = connection.halves[segment.source]
        if half.fin is not None and not half.ended and half.next == half.fin:
            half.ended = True
            yield Happening(segment.time, connection.number, segment.source, "fin")
        if segment.rst and not connection.reset:
            yield from self._flush(connection)
            connection.reset = True
            yield Happening(segment.time, connection.number, segment.source, "rst")

    # -- bytes

    def _store(self, half: _Half, start: int, data: bytes, time: float) -> None:
        assert half.next is not None
        ahead = _ahead(start, half.next)
        if ahead < 0:
            data, start = data[-ahead:], half.next
        if not data or len(data) <= len(half.waiting.get(start, (b"", 0.0))[0]):
            return
        half.size += len(data) - len(half.waiting.get(start, (b"", 0.0))[0])
        half.waiting[start] = (data, time)

    def _deliver(
        self, connection: _Connection, sender: Address, time: float
    ) -> Iterator[Happening]:
        half = connection.halves[sender]
        yield from self._ready(connection, sender, time)
        while half.size > MOST_WAITING or len(half.waiting) > MOST_SEGMENTS:
            yield from self._skip(connection, sender, time)

    def _ready(self, connection: _Connection, sender: Address, time: float) -> Iterator[Happening]:
        """Whatever follows without a gap."""
        half = connection.halves[sender]
        while half.next in half.waiting:
            data, _ = half.waiting.pop(half.next)
            half.size -= len(data)
            half.next = (half.next + len(data)) % _WHOLE
            yield Happening(time, connection.number, sender, "data", data)
            self._trim(half)

    def _trim(self, half: _Half) -> None:
        """Waiting segments that begin before `next` by now lose what is known already."""
        assert half.next is not None
        for start in [s for s in half.waiting if _ahead(s, half.next or 0) < 0]:
            data, time = half.waiting.pop(start)
            half.size -= len(data)
            self._store(half, start, data, time)

    def _skip(self, connection: _Connection, sender: Address, time: float) -> Iterator[Happening]:
        """Give up the first gap."""
        half = connection.halves[sender]
        start = half.next or 0
        nearest = min(half.waiting, key=lambda seq: _ahead(seq, start))
        gap = _ahead(nearest, start)
        half.next = nearest
        if gap <= MOST_WAITING:
            yield Happening(time, connection.number, sender, "gap", bytes(gap))
        else:
            yield Happening(time, connection.number, sender, "break", size=gap)
        yield from self._ready(connection, sender, time)

    def _flush(self, connection: _Connection) -> Iterator[Happening]:
        for sender, half in connection.halves.items():
            while half.waiting:
                yield from self._skip(connection, sender, connection.last)
