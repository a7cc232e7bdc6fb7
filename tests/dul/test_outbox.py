"""The way out: what is queued becomes PDUs that fill the peer's maximum, in bounded batches."""

from __future__ import annotations

import io
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dul.errors import LocalProtocolError, SourceFailed
from dul.limits import Limits
from dul.outbox import Outbox
from dul.pdata import COMMAND, LAST, MINIMUM_PDU_LENGTH, PDataTF, Stream, fragment_length
from dul.pdu import Abort, ReleaseRQ, decode_pdu


class Source:
    """Bytes that come from somewhere, a few at a time."""

    def __init__(self, data: bytes, *, announced: int | None = None, at_most: int = 1 << 30):
        self._file = io.BytesIO(data)
        self._announced = len(data) if announced is None else announced
        self._at_most = at_most
        self.reads: list[int] = []

    def __len__(self) -> int:
        return self._announced

    def readinto(self, view: memoryview) -> int:
        self.reads.append(len(view))
        return self._file.readinto(view[: self._at_most])


class Broken(Source):
    def readinto(self, view: memoryview) -> int:
        raise OSError("the disk is gone")


def outbox(maximum: int = 16384, **limits: int) -> Outbox:
    chosen = Limits(**limits)
    found = Outbox(chosen)
    found.fragment = fragment_length(maximum, chosen)
    return found


def put_data(box: Outbox, context_id: int, *, command: bool, source) -> int:
    """Put it, and give its number."""
    stream = Stream(context_id, command=command, source=source)
    box.put(stream)
    return stream.number


def pump(box: Outbox, sizes: list[int] | None = None) -> bytes:
    """All of it, as it leaves; `sizes` is how much the transport takes each time."""
    wire = bytearray()
    takes = iter(sizes or ())
    while box:
        spans = box.spans()
        batch = b"".join(spans)
        assert all(len(span) for span in spans)
        count = min(len(batch), next(takes, len(batch)))
        wire += batch[:count]
        box.sent(count)
    assert box.spans() == []
    return bytes(wire)


def split(wire: bytes) -> list:
    pdus = []
    while wire:
        length = 6 + int.from_bytes(wire[2:6], "big")
        pdus.append(decode_pdu(wire[:length]))
        wire = wire[length:]
    return pdus


def pdvs(wire: bytes) -> list:
    return [pdv for pdu in split(wire) for pdv in pdu.pdvs]


contents = st.binary(min_size=1, max_size=400)
takes = st.lists(st.integers(0, 90), max_size=40)

# --------------------------------------------------------------------------- fragments --


@given(st.integers(8, 300), contents, st.booleans(), st.booleans())
def test_fragments_fill_the_peers_maximum_exactly(
    maximum: int, data: bytes, command: bool, from_source: bool
):
    """PS3.8 D.1 and Annex E: the PDU-length is at most the maximum, fragments are even."""
    box = outbox(maximum)
    put_data(box, 5, command=command, source=Source(data) if from_source else data)
    wire = pump(box)
    pdus = split(wire)
    full = (maximum - 6) // 2 * 2
    assert b"".join(pdv.fragment for pdv in pdvs(wire)) == data
    assert [len(pdu.pdvs) for pdu in pdus] == [1] * len(pdus)
    sizes = [len(pdv.fragment) for pdv in pdvs(wire)]
    assert sizes[:-1] == [full] * (len(sizes) - 1)
    assert 0 < sizes[-1] <= full
    assert all(len(pdu.encode()) - 6 <= maximum for pdu in pdus)
    for pdv in pdvs(wire):
        assert pdv.context_id == 5
        assert pdv.control & ~LAST == (COMMAND if command else 0)
    assert [pdv.is_last for pdv in pdvs(wire)] == [False] * (len(sizes) - 1) + [True]


@given(st.integers(8, 0xFFFFFFFF), st.integers(8, 0xFFFFFFFF))
def test_the_fragment_length_is_the_largest_even_one_that_fits(theirs: int, ours: int):
    limits = Limits(max_send_pdu_length=ours)
    length = fragment_length(theirs, limits)
    bound = min(theirs, ours)
    assert length % 2 == 0
    assert 0 < length + 6 <= bound < length + 6 + 2
    assert fragment_length(0, limits) == fragment_length(ours, limits)  # 0 is "no maximum"


def test_eight_is_the_smallest_maximum_that_leaves_room():
    assert fragment_length(MINIMUM_PDU_LENGTH, Limits()) == 2
    assert fragment_length(MINIMUM_PDU_LENGTH - 1, Limits()) <= 0


def test_an_odd_maximum_is_rounded_down_to_an_even_fragment():
    box = outbox(11)
    put_data(box, 1, command=False, source=b"abcdef")
    assert [bytes(pdv.fragment) for pdv in pdvs(pump(box))] == [b"abcd", b"ef"]


@pytest.mark.parametrize("empty", [b"", bytearray(), memoryview(b""), Source(b"")])
def test_there_is_no_pdv_without_a_fragment(empty):
    """PS3.8 Annex E: a sender shall not send an empty one."""
    box = outbox()
    with pytest.raises(LocalProtocolError, match="without a fragment"):
        put_data(box, 1, command=False, source=empty)
    assert not box


def test_a_buffer_of_wider_elements_is_sent_as_its_bytes():
    box = outbox(8)
    put_data(box, 1, command=False, source=memoryview(b"abcdefgh").cast("I"))
    assert b"".join(pdv.fragment for pdv in pdvs(pump(box))) == b"abcdefgh"


# ----------------------------------------------------------------------- partial sends --

_queued = st.lists(
    st.one_of(
        st.sampled_from([ReleaseRQ().encode(), Abort(2, 6).encode()]),
        st.tuples(st.booleans(), contents, st.booleans()),
    ),
    min_size=1,
    max_size=6,
)


def fill(box: Outbox, queued: list) -> None:
    for each in queued:
        if isinstance(each, bytes):
            box.put(each)
        else:
            command, data, from_source = each
            put_data(box, 3, command=command, source=Source(data) if from_source else data)


@given(_queued, st.integers(8, 120), st.integers(1, 300), st.integers(1, 6), takes)
def test_whatever_the_transport_takes_the_stream_is_the_same(
    queued: list, maximum: int, batch: int, batch_pdus: int, sizes: list[int]
):
    whole, parts = outbox(maximum), outbox(maximum, send_batch=batch, send_batch_pdus=batch_pdus)
    fill(whole, queued)
    fill(parts, queued)
    assert pump(parts, sizes) == pump(whole)


_AT_ONCE = st.lists(
    st.one_of(
        st.tuples(st.just("data"), st.booleans(), contents, st.booleans()),
        st.tuples(st.just("control")),
        st.tuples(st.just("take"), st.integers(0, 500)),
        st.tuples(st.just("drop")),
        st.tuples(st.just("withdraw"), st.booleans()),
    ),
    max_size=12,
)


@given(_AT_ONCE, st.integers(8, 500))
def test_what_is_cut_at_once_leaves_as_what_is_queued_does(steps: list, maximum: int):
    """`put_data` and `put_message` against `put`, with whatever comes behind it."""
    usual, general = outbox(maximum), outbox(maximum)
    left: dict[Outbox, list[bytes]] = {usual: [], general: []}
    numbers: list[int] = []
    for step in [*steps, *[("take", 1 << 30)] * (len(steps) + 1)]:
        for box in (usual, general):
            match step:
                case ("data", command, data, from_source):
                    source = Source(data) if from_source else data
                    put = put_data if box is general else Outbox.put_data
                    numbers.append(put(box, 7, command=command, source=source))
                case ("message", command, data, from_source):
                    source = Source(data) if from_source else memoryview(data) if data else None
                    if box is usual:
                        numbers.append(box.put_message(7, command, source))
                        continue
                    number = put_data(box, 7, command=True, source=command)
                    if source is not None:
                        number = put_data(box, 7, command=False, source=source)
                    numbers.append(number)
                case ("control",):
                    box.put(ReleaseRQ().encode())
                case ("take", count):
                    taken = b"".join(box.spans())[:count]
                    left[box].append(taken)
                    box.sent(len(taken))
                case ("drop",):
                    box.drop()
                case ("withdraw", all_data):
                    box.withdraw(all_data=all_data)
        assert left[usual] == left[general]
        assert [usual.is_out(n) for n in numbers] == [general.is_out(n) for n in numbers]
    assert numbers[::2] == numbers[1::2]
    assert not usual
    assert usual.bytes_sent == general.bytes_sent


@given(_queued, st.integers(8, 60), takes)
def test_spans_not_sent_are_offered_again(queued: list, maximum: int, sizes: list[int]):
    box = outbox(maximum)
    fill(box, queued)
    for size in sizes:
        before = b"".join(box.spans())
        assert b"".join(box.spans()) == before
        count = min(size, len(before))
        box.sent(count)
        if count < len(before):
            assert b"".join(box.spans()) == before[count:]


@given(st.lists(st.integers(0, 40), max_size=30), st.booleans())
def test_sent_counts_the_pdus_that_are_out_completely(sizes: list[int], from_source: bool):
    box = outbox(16)
    data = bytes(95)
    put_data(box, 1, command=False, source=Source(data) if from_source else data)
    box.put(ReleaseRQ().encode())
    edges = [22 * n for n in range(1, 10)] + [22 * 9 + 12 + 5, 22 * 9 + 12 + 5 + 10]
    out = finished = 0
    for size in sizes:
        count = min(size, sum(map(len, box.spans())))
        out += count
        finished += box.sent(count)
        assert finished == sum(edge <= out for edge in edges)


# ----------------------------------------------------------------------------- batches --


def test_a_command_set_and_the_start_of_its_data_set_leave_in_one_batch():
    """Two writes would cost 40 ms where the peer delays its acknowledgement."""
    box = outbox(64)
    put_data(box, 1, command=True, source=b"command!")
    put_data(box, 1, command=False, source=Source(bytes(100)))
    spans = box.spans()
    kinds = [pdv.is_command for pdv in pdvs(b"".join(spans))]
    assert kinds == [True, False, False]
    assert (
        len(spans) == 3
    )  # header and command set; the PDUs of the data set lie one behind the other


def test_a_command_and_a_data_set_do_not_share_a_pdu():
    """Legal, but some peers cannot take it."""
    box = outbox()
    put_data(box, 1, command=True, source=b"c" * 10)
    put_data(box, 1, command=False, source=b"d" * 10)
    assert [len(pdu.pdvs) for pdu in split(pump(box))] == [1, 1]


@given(st.integers(8, 100), st.integers(1, 2000), st.integers(1, 40), st.integers(1, 5000))
def test_a_batch_is_bound_in_bytes_and_in_pdus(
    maximum: int, batch: int, batch_pdus: int, size: int
):
    box = outbox(maximum, send_batch=batch, send_batch_pdus=batch_pdus)
    put_data(box, 1, command=True, source=bytes(30))
    source = Source(bytes(size))
    put_data(box, 1, command=False, source=source)
    while box:
        spans = box.spans()
        pdus = split(b"".join(spans))
        assert len(pdus) <= batch_pdus
        # Command sets do not count.
        payload = sum(len(pdu.pdvs[0].fragment) for pdu in pdus if not pdu.pdvs[0].is_command)
        # One fragment is the least that makes progress.
        assert payload < batch + box.fragment
        box.sent(sum(map(len, spans)))
    assert sum(source.reads) == size


def test_a_full_batch_is_cut_into_whole_fragments():
    """A short PDU at the end of each batch would waste what the peer allows."""
    box = outbox(1006, send_batch=2500)
    put_data(box, 1, command=False, source=Source(bytes(10_000)))
    sizes = []
    while box:
        spans = box.spans()
        sizes += [len(pdv.fragment) for pdv in pdvs(b"".join(spans))]
        box.sent(sum(map(len, spans)))
    assert sizes == [1000] * 10


def test_nothing_is_read_before_it_is_asked_for():
    box = outbox(1006, send_batch=1000)
    source = Source(bytes(5000))
    put_data(box, 1, command=False, source=source)
    assert source.reads == []
    box.spans()
    box.spans()
    assert source.reads == [1000]


def test_memory_does_not_grow_with_the_object():
    box = outbox(16384, send_batch=1 << 16)

    class Zeros:
        left = 1 << 23

        def __len__(self) -> int:
            return 1 << 23

        def readinto(self, view: memoryview) -> int:
            self.left -= len(view)
            return len(view)

    zeros = Zeros()
    put_data(box, 1, command=False, source=zeros)
    tracemalloc.start()
    try:
        while box:
            box.sent(sum(map(len, box.spans())))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert zeros.left == 0
    assert peak < 4 << 16


@pytest.mark.parametrize("batch", [1000, 1050])  # ten fragments, and room that is left over
def test_the_batch_buffer_is_used_again(batch: int):
    box = outbox(106, send_batch=batch)
    put_data(box, 1, command=True, source=bytes(20))
    put_data(box, 1, command=False, source=Source(bytes(1 << 12)))
    owners = {}  # kept, or a number might come again
    while box:
        spans = box.spans()
        owners |= {id(span.obj): span.obj for span in spans if isinstance(span, memoryview)}
        box.sent(sum(map(len, spans)))
    assert len(owners) == 1


def test_small_objects_in_one_batch_do_not_overwrite_each_other():
    box = outbox(64, send_batch=1000)
    for letter in b"abcdef":
        put_data(box, 1, command=False, source=Source(bytes((letter,)) * 40))
    wire = pump(box)
    assert b"".join(pdv.fragment for pdv in pdvs(wire)) == b"".join(
        bytes((letter,)) * 40 for letter in b"abcdef"
    )


def test_a_source_that_gives_little_at_a_time_is_read_on():
    box = outbox(106)
    data = bytes(range(256))
    put_data(box, 1, command=False, source=Source(data, at_most=7))
    assert b"".join(pdv.fragment for pdv in pdvs(pump(box))) == data


# -------------------------------------------------------------------------- read ahead --


@given(
    objects=st.lists(st.tuples(contents, st.booleans()), min_size=1, max_size=5),
    maximum=st.integers(8, 200),
    batch=st.integers(1, 300),
    sizes=takes,
)
def test_what_is_read_ahead_leaves_as_all_else_does(
    objects: list, maximum: int, batch: int, sizes: list[int]
):
    """One object after the other, each read ahead or not while the one before it has its answer to come."""
    usual, early = outbox(maximum, send_batch=batch), outbox(maximum, send_batch=batch)
    wire: dict[Outbox, bytes] = {usual: b"", early: b""}
    for data, ahead in objects:
        stream = early.read_ahead(3, Source(data)) if ahead else Source(data)
        assert not early
        numbers = [
            usual.put_message(3, b"command!", Source(data)),
            early.put_message(3, b"command!", stream),
        ]
        assert numbers[0] == numbers[1]
        for box in (usual, early):
            wire[box] += pump(box, sizes)
            assert box.is_out(numbers[0])
    assert wire[usual] == wire[early]


def test_the_beginning_is_read_ahead_and_no_more():
    box = outbox(1006, send_batch=2000)
    source = Source(bytes(5000))
    stream = box.read_ahead(1, source)
    assert source.reads == [1000, 1000]
    box.put_message(1, b"command!", stream)
    box.spans()
    assert source.reads == [1000, 1000]
    box.sent(sum(map(len, box.spans())))
    box.spans()
    assert source.reads == [1000] * 4


def test_what_is_read_ahead_is_not_overwritten_by_what_is_sent_before_it():
    """Two are read ahead, and a third is sent before them: nobody does so, and nothing is mixed up."""
    box = outbox(106)
    first, second = (box.read_ahead(1, Source(letter * 300)) for letter in (b"1", b"2"))
    for letter, data in ((b"3", Source(b"3" * 300)), (b"1", first), (b"2", second)):
        box.put_message(1, b"command!", data)
        found = [pdv for pdv in pdvs(pump(box)) if not pdv.is_command]
        assert b"".join(pdv.fragment for pdv in found) == letter * 300


def test_the_buffer_for_what_is_read_ahead_is_used_again():
    box = outbox(106)
    owners = {}
    for _ in range(4):
        box.put_message(1, b"command!", box.read_ahead(1, Source(bytes(300))))
        spans = box.spans()
        owners |= {id(span.obj): span.obj for span in spans if isinstance(span, memoryview)}
        box.sent(sum(map(len, spans)))
    assert len(owners) == 1


def test_what_was_read_ahead_is_sent_once_and_on_its_own_context():
    box = outbox(106)
    stream = box.read_ahead(1, Source(bytes(300)))
    with pytest.raises(LocalProtocolError, match="on presentation context 1"):
        box.put_message(3, b"command!", stream)
    assert not box
    box.put_message(1, b"command!", stream)
    pump(box)
    with pytest.raises(LocalProtocolError, match="sent once"):
        box.put_message(1, b"command!", stream)
    assert not box


def test_what_cannot_be_read_ahead_is_told_and_nothing_is_queued():
    box = outbox(106)
    with pytest.raises(OSError, match="the disk is gone"):
        box.read_ahead(1, Broken(bytes(10)))
    with pytest.raises(SourceFailed, match="ended 10 bytes before"):
        box.read_ahead(1, Source(bytes(90), announced=100))
    with pytest.raises(LocalProtocolError, match="without a fragment"):
        box.read_ahead(1, Source(b""))
    assert not box
    box.put_message(1, b"command!", box.read_ahead(1, Source(bytes(10))))
    assert len(split(pump(box))) == 2


# ---------------------------------------------------------------------- broken sources --


def test_a_source_that_ends_early_is_told_with_what_is_missing():
    box = outbox(1000)
    put_data(box, 1, command=False, source=Source(bytes(90), announced=100))
    with pytest.raises(SourceFailed, match="ended 10 bytes before its announced length"):
        box.spans()


def test_a_source_that_ends_early_in_a_later_batch_is_told_as_well():
    box = outbox(56, send_batch=100)
    put_data(box, 1, command=False, source=Source(bytes(120), announced=500))
    box.sent(sum(map(len, box.spans())))
    with pytest.raises(SourceFailed, match="ended 380 bytes"):
        box.spans()


def test_a_source_is_not_read_past_its_announced_length():
    box = outbox(1000)
    put_data(box, 1, command=False, source=Source(b"abcdefgh", announced=4))
    assert [bytes(pdv.fragment) for pdv in pdvs(pump(box))] == [b"abcd"]


def test_what_a_source_raises_comes_through_and_the_rest_can_be_dropped():
    box = outbox()
    put_data(box, 1, command=True, source=b"command!")
    put_data(box, 1, command=False, source=Broken(bytes(10)))
    with pytest.raises(OSError, match="the disk is gone"):
        box.spans()
    box.drop()
    assert not box
    box.put(Abort().encode())
    assert pump(box) == Abort().encode()


# -------------------------------------------------------------------------------- drop --


@given(_queued, st.integers(8, 60), takes)
def test_an_abort_overtakes_all_but_a_pdu_that_has_begun(
    queued: list, maximum: int, sizes: list[int]
):
    """The peer finds the A-ABORT: what it has got before is whole PDUs."""
    box = outbox(maximum)
    fill(box, queued)
    wire = bytearray()
    for size in sizes:
        batch = b"".join(box.spans())
        count = min(size, len(batch))
        wire += batch[:count]
        box.sent(count)
    out = len(wire)
    box.drop()
    box.put(Abort(0, 0).encode())
    wire += pump(box)
    *before, last = split(bytes(wire))
    assert last == Abort(0, 0)
    # Of the PDUs before it only one was not out completely.
    assert sum(len(pdu.encode()) for pdu in before[:-1]) <= out
    whole = outbox(maximum)
    fill(whole, queued)
    assert pump(whole).startswith(b"".join(pdu.encode() for pdu in before))


def test_an_untouched_outbox_is_empty_after_a_drop():
    box = outbox(8)
    fill(box, [(True, b"abcd", False), ReleaseRQ().encode()])
    box.spans()
    box.drop()
    assert not box
    assert box.spans() == []


def test_waits_tells_whether_a_control_pdu_is_still_to_go():
    box = outbox()
    put_data(box, 1, command=True, source=b"ab")
    put_data(box, 1, command=False, source=b"cd")
    assert not box.waits(Abort.TYPE)
    box.put(Abort(2, 6).encode())
    assert box.waits(Abort.TYPE)
    assert not box.waits(ReleaseRQ.TYPE)
    box.spans()
    assert box.waits(Abort.TYPE)
    box.sent(14 + 14 + 9)
    assert box.waits(Abort.TYPE)
    box.sent(1)
    assert not box.waits(Abort.TYPE)


def test_nothing_is_left_after_a_clear_not_even_a_begun_pdu():
    box = outbox(8)
    fill(box, [(True, b"abcd", False), ReleaseRQ().encode()])
    box.spans()
    box.sent(3)
    box.clear()
    assert not box
    box.put(Abort().encode())
    assert pump(box) == Abort().encode()


def test_pdata_is_what_a_decoder_reads():
    box = outbox()
    put_data(box, 7, command=True, source=b"abcd")
    (found,) = split(pump(box))
    assert isinstance(found, PDataTF)
    assert found.pdvs[0] == (7, COMMAND | LAST, b"abcd")


# ---- what is out, and what was dropped


@given(
    lengths=st.lists(st.integers(1, 300), min_size=1, max_size=5),
    sizes=st.lists(st.integers(1, 400), max_size=30),
    drop=st.booleans(),
    source=st.sampled_from([bytes, lambda length: Source(bytes(length))]),
)
def test_out_is_what_the_transport_took_whole(
    lengths: list[int], sizes: list[int], drop: bool, source
) -> None:
    """However the transport takes it, and whatever is dropped then: out means every byte left."""
    box = outbox(64, send_batch=150)
    whole = box.fragment + 12
    numbers = [put_data(box, 1, command=False, source=source(length)) for length in lengths]
    ends, at = [], 0
    for length in lengths:
        full, rest = divmod(length, box.fragment)
        at += full * whole + (rest + 12 if rest else 0)
        ends.append(at)
    sent = 0
    for size in sizes:
        count = min(size, sum(map(len, box.spans())))
        box.sent(count)
        sent += count
        assert [box.is_out(each) for each in numbers] == [end <= sent for end in ends]
    if drop:
        box.drop()
        sent += len(pump(box))  # the rest of a PDU that was begun
    else:
        box.clear()
    assert [box.is_out(each) for each in numbers] == [end <= sent for end in ends]


# ---------------------------------------------------------------------------- withdrawing --

RESPONSE, QUERY = b"a response!!", b"a request!!!"


def kinds(wire: bytes) -> str:
    """C and c: a command set's last and other PDUs; D and d: a data set's; R: a control PDU."""
    return "".join(
        "dcDC"[each.pdvs[0].control & 3] if isinstance(each, PDataTF) else "R"
        for each in split(wire)
    )


@pytest.mark.parametrize("cut", [False, True])
@pytest.mark.parametrize("source", [bytes, Source])
def test_a_withdrawn_data_set_takes_its_command_set_and_what_is_behind_it_along(cut: bool, source):
    box = outbox(16)
    numbers = [
        put_data(box, 1, command=command, source=source)
        for command, source in (
            (True, RESPONSE),
            (True, QUERY),
            (False, source(bytes(40))),
            (True, RESPONSE),
        )
    ]
    box.put(ReleaseRQ().encode())
    if cut:
        box.spans()
    box.withdraw()
    assert kinds(pump(box)) == "cCR"
    assert [box.is_out(number) for number in numbers] == [True, False, False, False]


def test_nothing_is_withdrawn_where_there_is_no_data_set():
    box = outbox(16)
    number = put_data(box, 1, command=True, source=RESPONSE)
    box.put(ReleaseRQ().encode())
    box.withdraw()
    assert kinds(pump(box)) == "cCR"
    assert box.is_out(number)


def test_all_data_may_be_withdrawn():
    box = outbox(16)
    number = put_data(box, 1, command=True, source=RESPONSE)
    box.put(ReleaseRQ().encode())
    box.withdraw(all_data=True)
    assert kinds(pump(box)) == "R"
    assert not box.is_out(number)


def test_what_is_sent_after_a_withdrawal_has_its_own_number():
    box = outbox(16)
    lost = put_data(box, 1, command=False, source=bytes(40))
    box.withdraw()
    sent = put_data(box, 1, command=True, source=RESPONSE)
    pump(box)
    assert (box.is_out(lost), box.is_out(sent)) == (False, True)


@given(
    sources=st.lists(st.tuples(st.booleans(), st.integers(1, 60)), min_size=1, max_size=5),
    before=st.integers(0, 200),
    size=st.integers(20, 100),
    source=st.sampled_from([bytes, lambda length: Source(bytes(length))]),
)
def test_a_withdrawal_at_any_moment_leaves_whole_pdus(sources, before, size, source):
    """What has begun is finished, what is out stays out, control PDUs are sent, data sets are not."""
    box = outbox(16, send_batch=size)
    numbers = [
        (put_data(box, 1, command=command, source=source(length)), command)
        for command, length in sources
    ]
    box.put(ReleaseRQ().encode())
    wire = bytearray()
    while box and len(wire) < before:
        batch = b"".join(box.spans())[: before - len(wire)]
        box.sent(len(batch))
        wire += batch
    out = {number for number, _ in numbers if box.is_out(number)}
    begun = len(wire)
    box.withdraw()
    wire += pump(box)
    if begun < before:
        return  # all was out before
    said = kinds(bytes(wire))
    assert said.endswith("R")
    finished = {number for number, _ in numbers if box.is_out(number)}
    assert out <= finished
    assert len(finished) == said.count("C") + said.count("D")
    at, late = 0, []
    for each in split(bytes(wire)):
        if at >= begun and isinstance(each, PDataTF) and not each.pdvs[0].is_command:
            late.append(each)
        at += len(each.encode())
    assert late == []
