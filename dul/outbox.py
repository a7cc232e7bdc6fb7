"""The way out: control PDUs and P-DATA, pulled lazily and in batches (PS3.8 9.3.5, Annex E).

What is to be sent waits as PDUs or as sources of bytes; a batch of about a mebibyte is cut
into PDUs when the transport asks for it. So memory does not grow with the object, an abort
overtakes all that has not been cut, and a command set with the first piece of its data set
leaves in one system call.

Measured (1 GiB, loopback): reading a batch and handing it over with one `sendmsg` is as fast
as `sendfile` from 128 KiB PDUs on, and 1.5 times as fast with 16 KiB ones; it works alike
with TLS, and a file that shrinks on the way is noticed. Therefore there is no second way.
"""

from __future__ import annotations

from collections import deque

from dul.limits import Limits
from dul.pdata import AT_HAND, COMMAND, LAST, Source, Stream, fragment_length
from dul.pdu import Abort
from dul.values import TYPE_CHECKING
from dul.wire import PDATA_HEADER, PDATA_HEADER_LENGTH, Buffer

if TYPE_CHECKING:
    from dul.batch import Batch

__all__ = ["Outbox"]

_LAST_COMMAND = COMMAND | LAST
# What `Outbox.withdraw` looks for first: the pieces of a data set, or any data at all.
_DATA = {False: {0, LAST}, True: {0, LAST, COMMAND, _LAST_COMMAND}}


class Outbox:
    """What waits to be sent, and the part of it that has been cut into PDUs.

    Attributes:
        fragment: bytes of a full fragment; set when the peer's maximum is known.
        bytes_sent: all that the transport has taken, headers and control PDUs included.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self.fragment = fragment_length(limits.max_send_pdu_length, limits)
        self._queue: deque[bytes | Stream] = deque()
        # Whole PDUs: the one span of a control PDU, header and fragment of a P-DATA-TF, or a run of such,
        # one behind the other in the batch (a memoryview).
        self._wire: deque[tuple[Buffer, ...]] = deque()
        self._length = 0  # bytes of all of them
        self._pdus = 0  # how many they are
        self._begun = 0  # bytes of the first of them that are already sent
        self._at_once = (
            False  # they were cut when they were put: what is queued may leave with them
        )
        self.bytes_sent = 0
        self._put = 0  # the number of the latest command set or data set
        self._out = 0  # the number of the latest that is out completely
        self._withdrawn: set[int] = set()  # numbers that are not, though later ones may be
        self._finished = 0  # PDUs that are out completely, ever; those on the wire list come next
        # Of each command set or data set that is cut to its end: its last PDU, counted likewise,
        # and its number.
        self._ends: deque[tuple[int, int]] = deque()
        self._batch: Batch | None = None
        self._early: Batch | None = None  # for what is read ahead
        self._ahead: Stream | None = None  # the latest that was

    def __bool__(self) -> bool:
        return bool(self._wire or self._queue)

    def put(self, what: bytes | Stream) -> None:
        """Queue a control PDU, or data that is to be cut into P-DATA-TF PDUs.

        Data gets its number, for `is_out`: 1, 2, ... in this order.
        """
        self._queue.append(what)
        if isinstance(what, Stream):
            self._put += 1
            what.number = self._put

    def put_data(self, context_id: int, *, command: bool, source: Source | Buffer) -> int:
        """Queue a command set or a data set; gives its number.

        The usual command set is first in the line and fits into one PDU, and a small data set behind
        it does, too: these are cut at once.

        Raises:
            LocalProtocolError: there is nothing in the source.
        """
        size, waiting = len(source), len(self._wire)
        if (
            self._queue
            or waiting > 1
            or (waiting and not self._at_once)
            or not 0 < size <= self.fragment
            or not isinstance(source, AT_HAND)
            or (
                isinstance(source, memoryview) and not (source.contiguous and source.nbytes == size)
            )
        ):
            data = Stream(context_id, command=command, source=source)
            self.put(data)
            return data.number
        control = _LAST_COMMAND if command else LAST
        self._wire.append((PDATA_HEADER.pack(4, size + 6, size + 2, context_id, control), source))
        self._length += size + PDATA_HEADER_LENGTH
        self._at_once = True
        self._put += 1
        self._pdus += 1
        self._ends.append((self._finished + self._pdus, self._put))
        return self._put

    def read_ahead(self, context_id: int, source: Source) -> Stream:
        """A data set to be put later, whose first PDUs are ready by then.

        Raises:
            LocalProtocolError: there is nothing in it.
            SourceFailed: it ended before its length.
            OSError: it could not be read.
        """
        batch = self._early = self._fitting(self._early if self._is_over(self._ahead) else None)
        batch.reuse()
        stream = Stream(context_id, command=False, source=source)
        stream.read_ahead(batch, self._limits.send_batch, self._limits.send_batch_pdus - 1)
        self._ahead = stream
        return stream

    def _is_over(self, latest: Stream | None) -> bool:
        """Whether nobody needs what was read ahead of this one."""
        return latest is None or (latest.number > 0 and self.is_out(latest.number))

    def put_message(
        self, context_id: int, command: bytes, data: Source | Buffer | Stream | None
    ) -> int:
        """`put_data` of a command set, and of the data set behind it if there is one; gives the last number.

        The usual message has nothing in front of it, is in memory, and fits into a PDU for each of the two.

        Raises:
            LocalProtocolError: there is nothing in one of them, or the data set was read ahead for another
                presentation context, or sent before.
        """
        most, size, length = self.fragment, len(command), 0
        small: memoryview | None = None
        if type(data) is memoryview and data.contiguous and data.shape == (data.nbytes,):
            small, length = data, data.nbytes
        if (
            self._queue
            or self._wire
            or not 0 < size <= most
            or (data is not None and (small is None or not 0 < length <= most))
        ):
            if isinstance(data, Stream):
                data.claim(context_id)
                self.put_data(context_id, command=True, source=command)
                self.put(data)
                return data.number
            number = self.put_data(context_id, command=True, source=command)
            if data is not None:
                number = self.put_data(context_id, command=False, source=data)
            return number
        wire, ends = self._wire, self._ends
        self._put = number = self._put + 1
        self._at_once = True
        wire.append((PDATA_HEADER.pack(4, size + 6, size + 2, context_id, _LAST_COMMAND), command))
        self._length = size + PDATA_HEADER_LENGTH
        self._pdus = 1
        ends.append((self._finished + 1, number))
        if small is not None:
            self._put = number = number + 1
            wire.append((PDATA_HEADER.pack(4, length + 6, length + 2, context_id, LAST), small))
            self._length += length + PDATA_HEADER_LENGTH
            self._pdus = 2
            ends.append((self._finished + 2, number))
        return number

    def is_out(self, number: int) -> bool:
        """Whether the transport took the last byte of what `put` gave this number.

        It stays true, or stays false, when everything is dropped.
        """
        return number <= self._out and number not in self._withdrawn

    def spans(self) -> list[Buffer]:
        """The bytes to send next, as spans in order. Report what was sent with `sent`.

        Raises:
            SourceFailed: a data set ended before its length.
            OSError: a data set could not be read.
        """
        if self._queue and (self._at_once or not self._wire):
            room = self._limits.send_batch
            if self._at_once:
                self._at_once = False
                room -= sum(len(pdu[-1]) for pdu in self._wire if _kind(pdu) == LAST)
            self._cut_batch(room)
        if len(self._wire) == 1 and not self._begun:
            return list(self._wire[0])
        spans = [span for pdu in self._wire for span in pdu]
        skip = self._begun
        while skip:
            if skip < len(spans[0]):
                spans[0] = memoryview(spans[0])[skip:]
                break
            skip -= len(spans.pop(0))
        return spans

    def sent(self, count: int) -> int:
        """The transport took this many bytes; returns how many PDUs are out completely."""
        self.bytes_sent += count
        self._at_once = False
        count += self._begun
        wire, ends = self._wire, self._ends
        if count >= self._length:  # all that was cut
            finished, self._pdus = self._pdus, 0
            self._finished += finished
            wire.clear()
            self._begun = self._length = 0
            if ends:  # what is not cut to its end has none yet
                self._out = ends[-1][1]
                ends.clear()
            return finished
        finished = 0
        while True:
            size, pdus = sum(map(len, wire[0])), self._pdus_of(wire[0])
            if count < size:
                break
            count -= size
            self._length -= size
            finished += pdus
            wire.popleft()
        if pdus > 1:  # those of a run that are out go
            whole = self.fragment + PDATA_HEADER_LENGTH
            out, count = divmod(count, whole)
            finished += out
            self._length -= out * whole
            wire[0] = (memoryview(wire[0][0])[out * whole :],)
        self._begun = count
        self._pdus -= finished
        self._finished += finished
        while ends and ends[0][0] <= self._finished:
            self._out = ends.popleft()[1]
        return finished

    def _pdus_of(self, spans: tuple[Buffer, ...]) -> int:
        """How many PDUs these spans of the wire are."""
        if _is_run(spans):
            return -(-len(spans[0]) // (self.fragment + PDATA_HEADER_LENGTH))
        return 1

    def drop(self) -> None:
        """Forget all that is not begun: an abort overtakes it. A begun PDU is finished first,
        or the peer could not find the A-ABORT behind it.
        """
        self._queue.clear()
        self._take_runs_apart()
        self._uncut(1 if self._begun else 0)

    def withdraw(self, *, all_data: bool = False) -> None:
        """Forget the first data set, its command set, and all data behind them.

        Control PDUs stay, in their order, and so does the data in front of them. A PDU that has
        begun is finished.

        Args:
            all_data: forget the command sets in front of the first data set as well.
        """
        self._take_runs_apart()
        waiting = [*self._wire, *self._queue]
        begun = 1 if self._begun else 0
        kinds = [_kind(each) for each in waiting]
        first = next((at for at in range(begun, len(kinds)) if kinds[at] in _DATA[all_data]), None)
        if first is None:
            return
        # The command set that belongs to the data set ends right before it.
        if first > begun and kinds[first - 1] == _LAST_COMMAND:
            first -= 1
            while first > begun and kinds[first - 1] == COMMAND:
                first -= 1
        stay = min(first, len(self._wire))
        self._uncut(stay)
        behind = waiting[stay:first] + [
            each for each, kind in zip(waiting[first:], kinds[first:], strict=True) if kind is None
        ]
        self._queue = deque(bytes(each[0]) if isinstance(each, tuple) else each for each in behind)
        kept = {number for _, number in self._ends}
        kept |= {each.number for each in self._queue if isinstance(each, Stream)}
        self._withdrawn |= set(range(self._out + 1, self._put + 1)) - kept

    def _take_runs_apart(self) -> None:
        """Have each PDU that was cut stand for itself, header and fragment."""
        whole = self.fragment + PDATA_HEADER_LENGTH
        apart: deque[tuple[Buffer, ...]] = deque()
        for spans in self._wire:
            if not _is_run(spans):
                apart.append(spans)
                continue
            run = memoryview(spans[0])
            for at in range(0, len(run), whole):
                pdu = run[at : at + whole]
                apart.append((pdu[:PDATA_HEADER_LENGTH], pdu[PDATA_HEADER_LENGTH:]))
        self._wire = apart

    def _uncut(self, stay: int) -> None:
        """Forget the PDUs that were cut, but for the first ones; there are no runs."""
        while len(self._wire) > stay:
            self._length -= sum(map(len, self._wire.pop()))
        self._pdus = len(self._wire)
        while self._ends and self._ends[-1][0] > self._finished + self._pdus:
            self._ends.pop()

    def clear(self) -> None:
        """Forget everything: the transport is closed or to be closed."""
        self._queue.clear()
        self._wire.clear()
        self._ends.clear()
        self._length = self._begun = self._pdus = 0

    def last_words(self) -> bytes:
        """An A-ABORT that is not out yet, behind the rest of a PDU that has begun; else nothing.

        Nothing also if that rest cannot be read: the A-ABORT would not find its place.
        """
        if not self.waits(Abort.TYPE):
            return b""
        try:
            return b"".join(self.spans())
        except Exception:  # noqa: BLE001 - whatever a source of the user's may raise
            return b""

    def waits(self, pdu_type: int) -> bool:
        """Whether a control PDU of this type is still to be sent, or not out completely."""
        queued = [each for each in self._queue if isinstance(each, bytes)]
        return any(each[0] == pdu_type for each in (*queued, *(pdu[0] for pdu in self._wire)))

    def _room(self) -> Batch:
        """Where what is read from a source becomes PDUs."""
        batch = self._batch = self._fitting(self._batch)
        return batch

    def _fitting(self, batch: Batch | None) -> Batch:
        """This one, or a new one where there is none for PDUs of our length."""
        if batch is not None and batch.fragment == self.fragment:
            return batch
        from dul.batch import Batch  # noqa: PLC0415 - not for what is small

        return Batch(self.fragment, self._limits.send_batch)

    def _cut_batch(self, room: int) -> None:
        if self._batch is not None:
            self._batch.reuse()
        queue, wire = self._queue, self._wire
        most = self._limits.send_batch_pdus
        while queue and room > 0 and self._pdus < most:
            head = queue[0]
            if isinstance(head, bytes):
                wire.append((head,))
                self._length += len(head)
                self._pdus += 1
                room -= len(head)
                queue.popleft()
                continue
            left = head.left
            if wire and room < min(left, self.fragment):
                break  # the next batch has room for it, and this one's buffer stays as large as it is
            pdus = head.cut(self.fragment, self._room, room, most - self._pdus)
            wire += pdus
            taken = left - head.left
            cut = -(-taken // self.fragment)
            self._length += taken + cut * PDATA_HEADER_LENGTH
            self._pdus += cut
            if head.kind != COMMAND:
                room -= taken
            if not head.left:
                self._ends.append((self._finished + self._pdus, head.number))
                queue.popleft()


def _is_run(spans: tuple[Buffer, ...]) -> bool:
    """Whether these spans of the wire are PDUs that lie one behind the other."""
    return len(spans) == 1 and isinstance(spans[0], memoryview)


def _kind(each: bytes | Stream | tuple[Buffer, ...]) -> int | None:
    """The message control header of what waits, cut or not; None for a control PDU."""
    if isinstance(each, Stream):
        return each.kind | LAST
    if isinstance(each, bytes) or len(each) == 1:
        return None
    return each[0][11]
