"""P-DATA-TF and the presentation data values in it (PS3.8 9.3.5, Annex E): how messages travel.

What has come is taken apart into PDVs; what is to go, a command set or a data set, is a `Stream` that is cut
into PDUs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from dul.errors import AbortReason, InvalidPDU, LocalProtocolError, SourceFailed
from dul.limits import Limits
from dul.values import TYPE_CHECKING, NamedTuple, Protocol, dataclass
from dul.wire import PDATA_HEADER, U32, Buffer, octets, pdu

if TYPE_CHECKING:
    from typing import ClassVar

    from dul.batch import Batch

__all__ = [
    "AT_HAND",
    "COMMAND",
    "LAST",
    "MINIMUM_PDU_LENGTH",
    "PDV",
    "PDataTF",
    "Source",
    "Stream",
    "fragment_length",
    "new_pdv",
    "split_pdvs",
]

COMMAND = 0x01  # message control header, bit 0: a command fragment, else a data set fragment
LAST = 0x02  # bit 1: the last fragment of it

_PDV_OVERHEAD = 6  # what PDU-length counts besides the fragment

# As tuples, since a union is made anew each time that it is looked at.
AT_HAND = (bytes, memoryview)
_LENT = (bytearray, memoryview)

MINIMUM_PDU_LENGTH = 8
"""The smallest maximum length that leaves room for a fragment of two bytes."""


class PDV(NamedTuple):
    """A presentation data value (PS3.8 9.3.5.1, Annex E).

    Attributes:
        context_id: the presentation context.
        control: the message control header; bits 2-7 are never checked.
        fragment: the bytes. Those of a received PDV are lent until the next fill of the
            receive buffer.
    """

    context_id: int
    control: int
    fragment: Buffer

    @property
    def is_command(self) -> bool:
        """A fragment of a command set, else of a data set."""
        return bool(self.control & COMMAND)

    @property
    def is_last(self) -> bool:
        """The last fragment of its command set or data set."""
        return bool(self.control & LAST)


new_pdv: Callable[[tuple[int, int, Buffer]], PDV] = partial(tuple.__new__, PDV)
"""Makes a PDV of its fields, past the `__new__` of named tuples, which is written in Python."""


@dataclass(frozen=True, slots=True)
class PDataTF:
    """P-DATA-TF, 04H (PS3.8 9.3.5): one or more PDVs."""

    TYPE: ClassVar[int] = 0x04
    NAME: ClassVar[str] = "P-DATA-TF"

    pdvs: tuple[PDV, ...]

    def encode(self) -> bytes:
        """The PDU as bytes."""
        if not self.pdvs:
            raise LocalProtocolError("a P-DATA-TF has one or more PDVs")
        parts: list[Buffer] = []
        for each in self.pdvs:
            # 1-4 item length, 5 context id, 6 message control header, 7- fragment
            parts.append(U32.pack(len(each.fragment) + 2) + octets(each.context_id, each.control))
            parts.append(each.fragment)
        return pdu(self.TYPE, b"".join(parts))

    @classmethod
    def decode(cls, body: Buffer) -> PDataTF:
        """The PDU of this body, its fragments copied."""
        pdvs = split_pdvs(memoryview(body))
        return cls(tuple(each._replace(fragment=bytes(each.fragment)) for each in pdvs))


def split_pdvs(body: memoryview) -> list[PDV]:
    """The PDVs of a P-DATA-TF body, as views into it.

    Raises:
        InvalidPDU: no PDV at all, a PDV whose length is below 2 or past the end, or PDVs of
            more than one message (PS3.8 Annex E).
    """
    pdvs: list[PDV] = []
    at = 0
    end = len(body)
    unpack = U32.unpack_from
    while end - at >= 6:
        stop = at + 4 + unpack(body, at)[0]
        if stop < at + 6 or stop > end:
            break
        pdvs.append(new_pdv((body[at + 4], body[at + 5], body[at + 6 : stop])))
        at = stop
    if at != end or not pdvs:
        raise InvalidPDU(
            "P-DATA-TF", at, "a PDV item is cut off" if end else "there is no PDV item"
        )
    if len(pdvs) > 1:
        _one_message(pdvs)
    return pdvs


def _one_message(pdvs: list[PDV]) -> None:
    """All PDVs of a PDU belong to one message: one context, and nothing behind the end of its
    command set but its data set, nothing behind the end of that.
    """
    command_over = message_over = False
    for each in pdvs:
        if (
            each.context_id != pdvs[0].context_id
            or message_over
            or (command_over and each.is_command)
        ):
            raise InvalidPDU(
                "P-DATA-TF", 0, "PDVs of two messages", AbortReason.UNEXPECTED_PARAMETER
            )
        command_over = command_over or each.is_last or not each.is_command
        message_over = each.is_last and not each.is_command


class Source(Protocol):
    """Where the bytes of a data set come from: read once, from front to back."""

    def __len__(self) -> int:
        """How many bytes there are in all."""
        ...

    def readinto(self, view: memoryview, /) -> int:
        """Fill the view from the current position; 0 at the end.

        A source that can fill many views with one call may have a `readv` as well: it is given a sequence
        of them, fills one after the other, and gives how many bytes there were, as `os.preadv` does. What
        it leaves, which may be all, `readinto` is asked for.
        """
        ...


def fragment_length(maximum_length: int, limits: Limits) -> int:
    """Bytes of a fragment that fill a PDU exactly, rounded down to even (PS3.8 Annex E, D.1).

    Args:
        maximum_length: what the peer announced in item 51H; 0 is "no maximum".
        limits: our own bound for what we send.
    """
    length = min(maximum_length or limits.max_send_pdu_length, limits.max_send_pdu_length)
    return (length - _PDV_OVERHEAD) & ~1


class Stream:
    """One command set or data set on its way into PDUs.

    Args:
        context_id: of an accepted presentation context.
        command: a command set, else a data set.
        source: its bytes.

    Attributes:
        context_id: the same.
        kind: `COMMAND`, or 0 for a data set.
        left: how many bytes are not cut yet.
        number: in the order in which the outbox was given them; 0 before it was.

    Raises:
        LocalProtocolError: there is nothing in the source.
    """

    __slots__ = ("_ahead", "_source", "context_id", "kind", "left", "number")

    def __init__(self, context_id: int, *, command: bool, source: Source | Buffer) -> None:
        if isinstance(source, _LENT):
            source = memoryview(source).cast("B")
        self.left = len(source)
        if not self.left:
            raise LocalProtocolError("a PDV without a fragment may not be sent (PS3.8 Annex E)")
        self.kind = COMMAND if command else 0
        self.number = 0
        self.context_id = context_id
        self._source = source
        self._ahead: tuple[memoryview, int] | None = None  # PDUs, and the bytes of data in them

    def cut(
        self, fragment: int, batch: Callable[[], Batch], room: int, most: int
    ) -> list[tuple[Buffer, ...]]:
        """The next PDUs: each as its spans, or those that lie one behind the other as a run.

        Args:
            fragment: bytes of a data set in a full PDU.
            batch: gives the buffer for what is read.
            room: bytes of fragments that they may have, about.
            most: how many they may be.
        """
        if self._ahead is not None:
            (run, take), self._ahead = self._ahead, None
            self.left -= take
            return [(run,)]
        source, left = self._source, self.left
        if left <= fragment and isinstance(source, AT_HAND):
            self.left = 0  # nearly every command set, and the end of what is in memory
            return [(self._header(left, LAST), source[-left:])]
        take = self._at_most(fragment, room, most)
        if isinstance(source, AT_HAND):
            pdus = self._slice(memoryview(source), fragment, take)
        else:
            pdus = [(self._lay(batch(), take),)]
        self.left = left - take
        return pdus

    def read_ahead(self, batch: Batch, room: int, most: int) -> None:
        """Have the first PDUs ready before they are wanted. The batch is theirs until they are sent.

        Args:
            batch: where to; it has no other PDUs.
            room: as of `cut`.
            most: as of `cut`.

        Raises:
            SourceFailed: the data set ended before its length.
            OSError: it could not be read.
        """
        take = self._at_most(batch.fragment, room, most)
        self._ahead = self._lay(batch, take), take

    def claim(self, context_id: int) -> None:
        """Make sure that it is to be sent on this presentation context, and was not before.

        Raises:
            LocalProtocolError: it is not, or was.
        """
        if context_id != self.context_id or self.number:
            raise LocalProtocolError(
                f"a data set that was read ahead is sent once, on presentation context {self.context_id}"
            )

    def _at_most(self, fragment: int, room: int, most: int) -> int:
        """Bytes that `most` full PDUs have room for, and `room` too; those of one PDU in any case."""
        return min(self.left, max(1, min(room // fragment, most)) * fragment)

    def _lay(self, batch: Batch, take: int) -> memoryview:
        return batch.lay(take, *self._headers(batch.fragment, take), self._fill)

    def _headers(self, fragment: int, take: int) -> tuple[bytes, bytes | None]:
        """Of a full PDU, and of the last one if these bytes are the end.

        All but the last PDU of a command set or data set are full, and begin alike.
        """
        last = self._header((take - 1) % fragment + 1, LAST) if take == self.left else None
        return self._header(fragment, 0), last

    def _header(self, size: int, last: int) -> bytes:
        return PDATA_HEADER.pack(4, size + 6, size + 2, self.context_id, self.kind | last)

    def _slice(self, data: memoryview, fragment: int, take: int) -> list[tuple[Buffer, ...]]:
        """What is in memory goes out from where it lies."""
        self._source = data
        full, last = self._headers(fragment, take)
        begin = len(data) - self.left
        end = begin + take
        pdus: list[tuple[Buffer, ...]]
        pdus = [(full, data[at : min(at + fragment, end)]) for at in range(begin, end, fragment)]
        if last is not None:
            pdus[-1] = last, pdus[-1][1]
        return pdus

    def _fill(self, views: Sequence[memoryview], count: int) -> None:
        source = self._source
        assert not isinstance(source, Buffer)
        readv = getattr(source, "readv", None)
        got: int = 0 if readv is None else readv(views)
        if got == count:
            return
        end = 0  # of the view, counted in bytes of them all
        for view in views:
            end += len(view)
            while got < end:
                more = source.readinto(view[got - end :])
                if not more:
                    raise SourceFailed(
                        f"the data set ended {self.left - got} bytes before its announced length"
                    )
                got += more
