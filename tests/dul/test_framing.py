"""From bytes to PDUs: any chunking gives the same, and a length is judged at the header."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterable

import pytest
import strategies as our
from golden import goldens
from hypothesis import example, given
from hypothesis import strategies as st

from dul.errors import AbortReason, InvalidPDU, LimitExceeded, RemoteProtocolError
from dul.framing import Framer
from dul.fsm import State
from dul.inbox import Inbox, Role
from dul.limits import Limits

LIMITS = Limits(
    max_pdu_length=100,
    max_associate_length=2000,
    max_unlimited_pdu_length=500,
    receive_buffer=64,
    receive_batch=64,
)

# A PDU as its type and body, or what is wrong with it as the reason of our A-ABORT.
Found = tuple[int, bytes] | tuple[type[RemoteProtocolError], AbortReason]


def take(framer: Framer) -> Iterable[Found]:
    while True:
        try:
            pdu = framer.next_pdu()
        except RemoteProtocolError as error:
            yield type(error), error.reason
            continue
        if pdu is None:
            return
        yield pdu[0], bytes(pdu[1])


def feed(framer: Framer, chunk: bytes) -> list[Found]:
    found: list[Found] = []
    while chunk:
        room = framer.get_buffer()
        assert len(room) > 0
        count = min(len(room), len(chunk))
        room[:count] = chunk[:count]
        framer.buffer_updated(count)
        found += take(framer)
        chunk = chunk[count:]
    return found


def expected(stream: bytes, limits: Limits) -> list[Found]:
    """What is in a stream, by the rules of PS3.8 9.3.1 and our bounds, all at once."""
    pdata = limits.max_pdu_length or limits.max_unlimited_pdu_length
    bounds = {1: limits.max_associate_length, 2: limits.max_associate_length, 4: pdata}
    believable = max(*bounds.values(), 4)
    found: list[Found] = []
    while len(stream) >= 6:
        pdu_type, length = stream[0], int.from_bytes(stream[2:6], "big")
        if pdu_type not in range(1, 8):
            found.append((InvalidPDU, AbortReason.UNRECOGNIZED_PDU))
        elif pdu_type in bounds and length > bounds[pdu_type]:
            found.append((LimitExceeded, AbortReason.INVALID_PARAMETER_VALUE))
        elif pdu_type not in bounds and length != 4:
            found.append((InvalidPDU, AbortReason.INVALID_PARAMETER_VALUE))
        elif len(stream) >= 6 + length:
            found.append((pdu_type, stream[6 : 6 + length]))
        else:
            break
        if length > believable:
            break  # nothing after it can be found
        stream = stream[6 + length :]
    return found


def pdu(pdu_type: int, body: bytes, length: int | None = None) -> bytes:
    size = len(body) if length is None else length
    return bytes((pdu_type, 0)) + size.to_bytes(4, "big") + body


# PDUs within the bounds, over them, of a wrong length, of an undefined type, with a body that is
# there; and, rarer, headers that promise what never comes.
_whole = st.builds(pdu, st.integers(0, 9), st.binary(max_size=150))
_huge = st.builds(pdu, st.integers(0, 9), st.binary(max_size=20), our.u32)
_streams = st.lists(
    st.one_of(
        _whole,
        _whole,
        our.pdus.map(lambda each: each.encode()),
        st.sampled_from([each.data for each in goldens()]),
        _huge,
        st.binary(max_size=12),
    ),
    max_size=6,
).map(b"".join)


# --------------------------------------------------------------------------- chunking --


@given(_streams.flatmap(lambda stream: st.tuples(st.just(stream), our.chunked(stream))))
def test_any_chunking_gives_the_same_pdus_and_the_same_errors(case: tuple[bytes, list[bytes]]):
    stream, chunks = case
    framer = Framer(LIMITS)
    found = [each for chunk in chunks for each in feed(framer, chunk)]
    assert found == expected(stream, LIMITS)


@given(_streams)
@example(pdu(4, bytes(100)) + pdu(1, bytes(2000)) + pdu(4, bytes(101)) + pdu(6, bytes(4)))
def test_byte_by_byte_gives_the_same_as_all_at_once(stream: bytes):
    slow, fast = Framer(LIMITS), Framer(LIMITS)
    found = [each for at in range(len(stream)) for each in feed(slow, stream[at : at + 1])]
    assert found == feed(fast, stream) == expected(stream, LIMITS)


@pytest.mark.parametrize("each", goldens("canonical", "tolerated"), ids=lambda each: each.name)
def test_golden_pdus_are_found_wherever_the_stream_is_cut(each):
    if each.item_type is not None:
        return
    stream = each.data * 2
    for cut in range(1, len(stream)):
        framer = Framer(Limits())
        found = feed(framer, stream[:cut]) + feed(framer, stream[cut:])
        assert found == [(each.data[0], each.data[6:])] * 2
        assert not framer.incomplete


def test_bodies_are_views_into_the_buffer_until_the_next_fill():
    framer = Framer(Limits())
    room = framer.get_buffer()
    room[:16] = pdu(6, b"abcd") + bytes(6)
    framer.buffer_updated(16)
    _, body = framer.next_pdu()
    room[6:10] = b"wxyz"
    assert bytes(body) == b"wxyz"


# ------------------------------------------------------------------------- the header --


@pytest.mark.parametrize(
    ("pdu_type", "bound"), [(1, 2000), (2, 2000), (3, 4), (4, 100), (5, 4), (6, 4), (7, 4)]
)
def test_a_length_over_the_bound_is_refused_at_the_header(pdu_type: int, bound: int):
    """Before anything of the body is there, or room is made for it."""
    assert feed(Framer(LIMITS), pdu(pdu_type, bytes(bound))) == [(pdu_type, bytes(bound))]
    for length in (bound + 1, bound * 10, 0x7FFFFFFF, 0xFFFFFFFF):
        framer = Framer(LIMITS)
        header = pdu(pdu_type, b"", length)
        assert feed(framer, header[:5]) == []
        ((kind, reason),) = feed(framer, header[5:])
        assert kind is (InvalidPDU if bound == 4 else LimitExceeded)
        assert reason is AbortReason.INVALID_PARAMETER_VALUE
        assert len(framer.get_buffer()) == LIMITS.receive_buffer


@pytest.mark.parametrize("pdu_type", [3, 5, 6, 7])
@pytest.mark.parametrize("length", [0, 1, 3, 5, 8])
def test_a_fixed_length_is_exactly_four(pdu_type: int, length: int):
    found = feed(Framer(LIMITS), pdu(pdu_type, bytes(length)))
    assert found == [(InvalidPDU, AbortReason.INVALID_PARAMETER_VALUE)]


@pytest.mark.parametrize("pdu_type", [0, 8, 0x10, 0x47, 0xFF])
def test_an_undefined_type_is_told_as_such(pdu_type: int):
    framer = Framer(LIMITS)
    with pytest.raises(InvalidPDU, match=f"type {pdu_type:02X}H is not defined") as raised:
        feed_one(framer, pdu(pdu_type, bytes(4)))
    assert raised.value.reason is AbortReason.UNRECOGNIZED_PDU


def feed_one(framer: Framer, data: bytes) -> None:
    room = framer.get_buffer()
    room[: len(data)] = data
    framer.buffer_updated(len(data))
    framer.next_pdu()


def test_the_error_names_the_pdu_its_length_and_the_limit():
    with pytest.raises(LimitExceeded) as raised:
        feed_one(Framer(LIMITS), pdu(4, b"", 101))
    assert str(raised.value) == "P-DATA-TF length of 101 bytes is over the limit of 100"
    assert (raised.value.value, raised.value.limit) == (101, 100)
    with pytest.raises(InvalidPDU, match=r"A-RELEASE-RQ.*its PDU-length is 4, not 9"):
        feed_one(Framer(LIMITS), pdu(5, b"", 9))


@pytest.mark.parametrize(("announced", "bound"), [(8, 8), (100, 100), (0, 500)])
def test_pdata_is_bound_by_what_we_announced(announced: int, bound: int):
    """PS3.8 D.1: 0 is "no maximum"; even so there is one of ours."""
    limits = Limits(max_pdu_length=announced, max_unlimited_pdu_length=500, receive_buffer=64)
    assert feed(Framer(limits), pdu(4, bytes(bound))) == [(4, bytes(bound))]
    ((kind, _),) = feed(Framer(limits), pdu(4, b"", bound + 1))
    assert kind is LimitExceeded


def test_the_announced_maximum_is_of_pdata_alone():
    """PS3.8 D.1: other PDUs are not measured by it."""
    assert feed(Framer(LIMITS), pdu(1, bytes(101))) == [(1, bytes(101))]


# ------------------------------------------------------------------------- the buffer --


def test_the_buffer_doubles_for_a_peer_that_fills_it_up_to_a_batch():
    framer, sizes = Framer(Limits(receive_buffer=64, receive_batch=300)), []
    for _ in range(5):
        room = framer.get_buffer()
        sizes.append(len(room))
        assert feed(framer, pdu(4, bytes(len(room) - 6)))  # the PDU ends with the fill
    assert sizes == [64, 128, 256, 300, 300]


@given(st.lists(st.integers(0, 94), min_size=1, max_size=200), st.integers(1, 400))
def test_a_buffer_that_grows_loses_nothing_and_stays_within_the_batch(
    lengths: list[int], size: int
):
    limits = Limits(max_pdu_length=100, receive_buffer=64, receive_batch=300)
    framer = Framer(limits)
    stream = b"".join(pdu(4, bytes([at % 256]) * length) for at, length in enumerate(lengths))
    found = []
    for at in range(0, len(stream), size):
        found += feed(framer, stream[at : at + size])
        assert len(framer._view) <= 300
    assert found == expected(stream, limits)


def test_a_fill_that_leaves_room_leaves_the_buffer_as_it_is():
    framer = Framer(Limits(receive_buffer=64, receive_batch=300))
    for _ in range(20):
        assert feed(framer, pdu(5, bytes(4)) * 6) == [(5, bytes(4))] * 6
        assert len(framer.get_buffer()) == 64


# ---------------------------------------------------------------- skipping and losing --


@given(st.integers(101, 2000), st.integers(1, 300))
def test_a_refused_pdu_is_skipped_and_the_next_one_found(length: int, size: int):
    framer = Framer(LIMITS)
    stream = pdu(4, bytes(length)) + pdu(5, b"next") + pdu(9, b"x" * 30) + pdu(6, b"last")
    found = []
    for at in range(0, len(stream), size):
        found += feed(framer, stream[at : at + size])
    assert found == [
        (LimitExceeded, AbortReason.INVALID_PARAMETER_VALUE),
        (5, b"next"),
        (InvalidPDU, AbortReason.UNRECOGNIZED_PDU),
        (6, b"last"),
    ]
    assert len(framer.get_buffer()) == LIMITS.receive_buffer


@pytest.mark.parametrize(
    "header", [b"GET / HTTP", b"\x16\x03\x01\x02\x00\x01", pdu(4, b"", 2**32 - 1)]
)
def test_after_a_length_beyond_belief_nothing_more_is_found(header: bytes):
    """There is no way to tell where the next PDU starts; what comes is thrown away."""
    framer = Framer(LIMITS)
    assert len(feed(framer, header)) == 1
    for _ in range(50):
        assert feed(framer, pdu(5, bytes(4)) * 20) == []
        assert len(framer.get_buffer()) == LIMITS.receive_buffer
    assert not framer.incomplete


def test_the_longest_believable_pdu_is_skipped_and_a_longer_one_loses_the_stream():
    """As long as the largest PDU that we take, whatever its type: 2000 bytes."""
    after = pdu(5, bytes(4))
    assert feed(Framer(LIMITS), pdu(9, bytes(2000)) + after)[1:] == [(5, bytes(4))]
    assert feed(Framer(LIMITS), pdu(9, bytes(2001)) + after)[1:] == []


def test_incomplete_says_whether_a_pdu_has_begun_and_not_ended():
    framer = Framer(LIMITS)
    states = []
    for byte in pdu(4, b"12") + pdu(8, b"3"):
        feed(framer, bytes((byte,)))
        states.append(framer.incomplete)
    assert states == [*[True] * 7, False, *[True] * 6, False]


# ------------------------------------------------------------------------------ memory --


def test_the_buffer_grows_for_one_pdu_within_its_bound_and_no_further():
    framer = Framer(LIMITS)
    assert len(framer.get_buffer()) == 64
    body = bytes(range(250)) * 8
    assert feed(framer, pdu(1, body)) == [(1, body)]
    assert len(framer.get_buffer()) == 2006
    assert feed(framer, pdu(1, body) * 3) == [(1, body)] * 3
    assert len(framer.get_buffer()) == 2006


def test_memory_follows_what_has_come_and_not_what_a_header_promises():
    framer = Framer(LIMITS)
    header = pdu(1, b"", 2000)
    for received in range(6, 2006):
        feed(framer, header if received == 6 else b"x")
        assert received + len(framer.get_buffer()) <= max(64, 2 * received)


@given(_streams)
def test_no_stream_makes_the_buffer_larger_than_the_largest_bound(stream: bytes):
    framer = Framer(LIMITS)
    feed(framer, stream)
    room = framer.get_buffer()
    assert 0 < len(room) <= 2000 + 6


def test_a_huge_announced_maximum_takes_no_memory_before_it_is_used():
    tracemalloc.start()
    try:
        framer = Framer(Limits(max_pdu_length=0xFFFFFFFF))
        feed(framer, pdu(1, b"", 0xFFFFFFFF)[:6])
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 1 << 20


# ------------------------------------------------------------------------------ limits --


@pytest.mark.parametrize(
    ("name", "least"),
    [
        ("max_pdu_length", 8),
        ("max_unlimited_pdu_length", 8),
        ("max_associate_length", 68),
        ("max_send_pdu_length", 8),
        ("receive_buffer", 8),
        ("receive_batch", 8),
        ("send_batch", 1),
        ("send_batch_pdus", 1),
    ],
)
def test_bounds_with_which_nothing_could_be_done_are_refused(name: str, least: int):
    assert getattr(Limits(**{name: least}), name) == least
    for value in (least - 1, -1, 1 << 32):
        with pytest.raises(ValueError, match=name):
            Limits(**{name: value})


def test_only_the_announced_maximum_may_be_zero():
    limits = Limits(max_pdu_length=0)
    assert limits.max_received_pdata == limits.max_unlimited_pdu_length
    assert Limits(max_pdu_length=8).max_received_pdata == 8
    with pytest.raises(ValueError, match="max_send_pdu_length"):
        Limits(max_send_pdu_length=0)


# ------------------------------------------------------------------------------ plain data


def pdata(*pdvs: tuple[int, int, bytes]) -> bytes:
    body = b"".join(
        (len(data) + 2).to_bytes(4, "big") + bytes([context_id, control]) + data
        for context_id, control, data in pdvs
    )
    return b"\x04\0" + len(body).to_bytes(4, "big") + body


PDVS = st.tuples(st.sampled_from([1, 3, 5]), st.integers(0, 3), st.binary(max_size=80))
DATA_PDUS = st.lists(PDVS, min_size=1, max_size=3).map(lambda pdvs: pdata(*pdvs))
ODD_PDUS = st.sampled_from(
    [
        b"\x05\0\0\0\0\4\0\0\0\0",  # A-RELEASE-RQ
        b"\x04\0\0\0\0\0",  # without a PDV
        b"\x04\0\0\0\0\6\0\0\0\7\1\0",  # whose PDV is longer than it
        b"\x04\0\0\0\0\6\0\0\0\1\1\0",  # and shorter than a PDV can be
        b"\x04\0\0\0\0\5\0\0\0\1\1",
        b"\x09\0\0\0\0\0",
    ]
)


def arrivals(stream: bytes, chunks: list[int], *, plain: bool) -> list[object]:
    """What an inbox makes of a stream that comes in chunks: PDVs one by one, and faults."""
    inbox = Inbox(Role.ACCEPTOR, LIMITS, None)
    inbox.contexts = frozenset({1, 3})
    inbox.together = 3 if plain else 0
    found: list[object] = []
    at = 0
    for chunk in [*chunks, len(stream)]:
        piece = stream[at : at + chunk]
        at += len(piece)
        while piece:
            room = inbox.framer.get_buffer()
            count = min(len(room), len(piece))
            room[:count] = piece[:count]
            inbox.framer.buffer_updated(count)
            piece = piece[count:]
            while True:
                try:
                    arrival = inbox.next(State.Sta6)
                except RemoteProtocolError as error:
                    found.append((type(error), error.reason, str(error)))
                    continue
                if arrival is None:
                    break
                if isinstance(arrival, list):
                    found += [each._replace(fragment=bytes(each.fragment)) for each in arrival]
                else:
                    found.append(arrival[0])
    return found


@given(
    st.lists(st.one_of(DATA_PDUS, DATA_PDUS, ODD_PDUS), max_size=8).map(b"".join),
    st.lists(st.integers(1, 60), max_size=10),
)
def test_plain_data_is_judged_as_all_data_is(stream, chunks):
    judged = arrivals(stream, chunks, plain=False)
    assert arrivals(stream, chunks, plain=True) == judged


def test_plain_data_comes_together():
    inbox = Inbox(Role.ACCEPTOR, LIMITS, None)
    inbox.contexts = frozenset({1})
    stream = pdata((1, 0, b"ab")) * 3
    inbox.framer.get_buffer()[: len(stream)] = stream
    inbox.framer.buffer_updated(len(stream))
    assert inbox.next(State.Sta6) == [(1, 0, b"ab")] * 3
    assert inbox.next(State.Sta6) is None
