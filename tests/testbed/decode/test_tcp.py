"""TCP reassembly: order, repetitions, overlaps, gaps, endings, many connections, bounded memory."""

import random
from collections import defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from testbed.decode import tcp
from testbed.decode.tcp import Reassembler, Segment

CLIENT, SERVER = ("10.0.0.1", 40000), ("10.0.0.2", 104)


def seg(seq, data=b"", source=CLIENT, destination=SERVER, **flags):
    return Segment(0.0, source, destination, seq % (1 << 32), data, **flags)


def syn(seq=0, source=CLIENT, destination=SERVER):
    return seg(seq - 1, source=source, destination=destination, syn=True)


def run(*segments):
    reassembler = Reassembler()
    happenings = [h for segment in segments for h in reassembler.take(segment)]
    return [*happenings, *reassembler.finish()]


def told(*segments):
    """Kinds and, joined, the data of each sender and connection."""
    return [(h.kind, h.data) if h.kind in {"data", "gap"} else h.kind for h in run(*segments)]


def test_in_order():
    assert told(syn(), seg(0, b"ab"), seg(2, b"cd")) == ["open", ("data", b"ab"), ("data", b"cd")]


def test_out_of_order_waits():
    assert told(syn(), seg(2, b"cd"), seg(0, b"ab")) == ["open", ("data", b"ab"), ("data", b"cd")]


def test_repetitions_and_overlaps_count_once_and_the_first_bytes_win():
    assert told(syn(), seg(0, b"ab"), seg(0, b"XY"), seg(1, b"Ycd"), seg(0, b"XYcd")) == [
        "open", ("data", b"ab"), ("data", b"cd"),
    ]  # fmt: skip
    assert told(syn(), seg(3, b"de"), seg(2, b"cdef"), seg(0, b"ab")) == [
        "open", ("data", b"ab"), ("data", b"cdef"),
    ]  # fmt: skip


def test_a_keep_alive_is_no_data():
    assert told(syn(), seg(0, b"ab"), seg(1, b"\0"), seg(2, b"c")) == [
        "open", ("data", b"ab"), ("data", b"c"),
    ]  # fmt: skip


def test_sequence_numbers_wrap():
    start = (1 << 32) - 3
    assert told(syn(start), seg(3, b"gh"), seg(0, b"def"), seg(start, b"abc")) == [
        "open", ("data", b"abc"), ("data", b"def"), ("data", b"gh"),
    ]  # fmt: skip


def test_a_gap_is_told_at_the_end_with_as_many_zeros():
    assert told(syn(), seg(0, b"ab"), seg(5, b"fg")) == [
        "open", ("data", b"ab"), ("gap", bytes(3)), ("data", b"fg"),
    ]  # fmt: skip


def test_bytes_the_capture_cut_off_are_a_gap_at_once():
    assert told(syn(), seg(0, b"ab", lost=2), seg(4, b"ef"))[:4] == [
        "open", ("data", b"ab"), ("gap", bytes(2)), ("data", b"ef"),
    ]  # fmt: skip


def test_waiting_is_bounded(monkeypatch):
    monkeypatch.setattr(tcp, "MOST_WAITING", 10)
    found = told(syn(), seg(1, b"bcdef"), seg(6, b"ghijk"), seg(11, b"l"))
    assert found[:2] == ["open", ("gap", bytes(1))]
    assert b"".join(entry[1] for entry in found[2:]) == b"bcdefghijkl"


def test_a_gap_too_long_to_fill_is_a_break(monkeypatch):
    monkeypatch.setattr(tcp, "MOST_WAITING", 10)
    (_, first, last) = run(syn(), seg(11, b"x"))
    assert (first.kind, first.size, first.data) == ("break", 11, b"")
    assert last.data == b"x"


def test_segments_far_outside_any_window_are_not_of_this_stream():
    assert told(syn(), seg(0, b"ab"), seg((1 << 30) + 10, b"stray"), seg(2, b"c")) == [
        "open", ("data", b"ab"), ("data", b"c"),
    ]  # fmt: skip


def test_endings():
    assert told(syn(), seg(0, b"ab", fin=True)) == ["open", ("data", b"ab"), "fin"]
    assert told(syn(), seg(2, b"", fin=True), seg(0, b"ab")) == ["open", ("data", b"ab"), "fin"]
    assert told(syn(), seg(3, b"d"), seg(0, rst=True)) == [
        "open",
        ("gap", bytes(3)),
        ("data", b"d"),
        "rst",
    ]


def test_the_caller_is_who_sent_the_syn():
    answer = seg(99, source=SERVER, destination=CLIENT, syn=True, ack=True)
    for first in (syn(), answer):
        (opened, *_) = run(first)
        assert (opened.sender, opened.server, opened.whole) == (CLIENT, SERVER, True)
    (opened, *_) = run(seg(5, b"x"))
    assert not opened.whole


def test_ports_used_again_are_another_connection():
    first = [syn(), seg(0, b"ab", fin=True), seg(7, b"", SERVER, CLIENT, fin=True)]
    found = run(*first, syn(500), syn(500), seg(500, b"cd"))
    assert [(h.connection, h.kind) for h in found if h.kind in {"open", "data"}] == [
        (1, "open"), (1, "data"), (2, "open"), (2, "data"),
    ]  # fmt: skip


def test_connections_followed_at_a_time_are_bounded(monkeypatch):
    monkeypatch.setattr(tcp, "MOST_CONNECTIONS", 3)
    reassembler = Reassembler()
    for port in range(10):
        list(reassembler.take(seg(0, b"x", ("10.0.0.1", port + 1))))
    assert len(reassembler._open) == 3
    assert reassembler.count == 10


@st.composite
def journeys(draw):
    """A stream, and its segments as a bad network may deliver and repeat them."""
    data = draw(st.binary(min_size=1, max_size=300))
    start = draw(st.sampled_from([0, 1000, (1 << 32) - 100]))
    seed = draw(st.randoms(use_true_random=False))
    segments, at = [], 0
    while at < len(data):
        size = draw(st.integers(1, 40))
        segments.append(seg(start + at, data[at : at + size]))
        at += size
    for _ in range(draw(st.integers(0, 5))):
        low = draw(st.integers(0, len(data) - 1))
        segments.append(seg(start + low, data[low : low + draw(st.integers(1, 60))]))
    seed.shuffle(segments)
    return data, start, segments


@given(journeys())
def test_any_order_and_any_repetition_give_the_stream(journey):
    data, start, segments = journey
    found = run(syn(start), *segments)
    assert b"".join(h.data for h in found) == data
    assert not [h for h in found if h.kind == "gap"]


@given(st.integers(0, 2**32), st.data())
def test_two_connections_and_both_directions_do_not_mix(seed, data):
    seed = random.Random(seed)
    flows = {}
    segments = []
    for source, destination in [
        (CLIENT, SERVER), (SERVER, CLIENT), (("10.0.0.9", 5), SERVER), (SERVER, ("10.0.0.9", 5)),
    ]:  # fmt: skip
        flows[source, destination] = data.draw(st.binary(max_size=50))
        parts = [
            seg(n, bytes([byte]), source, destination)
            for n, byte in enumerate(flows[source, destination])
        ]
        segments.append([syn(0, source, destination) if source != SERVER else
                         seg(-1, b"", source, destination, syn=True, ack=True), *parts])  # fmt: skip
    merged = []
    while any(segments):
        merged.append(seed.choice([flow for flow in segments if flow]).pop(0))
    sent = defaultdict(bytes)
    reassembler = Reassembler()
    owner = {}
    for segment in merged:
        for h in reassembler.take(segment):
            if h.kind == "open":
                owner[h.connection] = {h.sender, h.server}
            other = next(iter(owner[h.connection] - {h.sender}))
            sent[h.sender, other] += h.data
    assert {key: value for key, value in sent.items() if value} == {
        key: value for key, value in flows.items() if value
    }


@pytest.mark.parametrize("loss", [0, 3, 7])
def test_a_lost_segment_keeps_the_offsets_of_the_rest(loss):
    data = bytes(range(80))
    segments = [seg(at, data[at : at + 8]) for at in range(0, 80, 8)]
    del segments[loss]
    found = run(syn(), *segments)
    whole = b"".join(h.data for h in found)
    expected = data[: loss * 8] + bytes(8) + data[loss * 8 + 8 :]
    assert whole == expected
