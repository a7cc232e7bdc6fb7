"""The reader: PDU, Closed, Reset, Timeout, Junk; whatever comes first is read first."""

import select
import socket
import struct
import time

import pytest

from testbed import raw
from testbed.clock import Clock
from testbed.observe import Closed, Junk, Reset, Timeout, Wire
from testbed.parse import Pdu


@pytest.fixture
def pair():
    with socket.create_server(("127.0.0.1", 0)) as server:
        client = socket.create_connection(server.getsockname())
        peer, _ = server.accept()
    wire = Wire(client)
    yield wire, peer
    wire.close()
    peer.close()


def test_pdus_then_close(pair):
    wire, peer = pair
    peer.sendall(raw.release_rp() + raw.abort(2, 2))
    peer.close()
    assert wire.read(5) == Pdu(6, 0, bytes(4))
    assert wire.read(5) == Pdu(7, 0, b"\0\0\2\2")
    assert wire.read(5) == Closed()
    assert wire.read(5) == Closed()


def test_chunks_make_no_difference(pair):
    wire, peer = pair
    for octet in raw.single_bytes(raw.release_rp()):
        peer.sendall(octet)
    assert wire.read(5) == Pdu(6, 0, bytes(4))


def test_reset_comes_after_what_was_sent(pair):
    wire, peer = pair
    peer.sendall(raw.abort(0, 0))
    assert wire.read(5) == Pdu(7, 0, bytes(4))
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    peer.close()
    assert wire.read(5) == Reset()


def test_timeout_keeps_a_partial_pdu(pair):
    wire, peer = pair
    peer.sendall(raw.release_rp()[:5])
    assert wire.read(0.05) == Timeout()
    peer.sendall(raw.release_rp()[5:])
    assert wire.read(5) == Pdu(6, 0, bytes(4))


class HeldUp(Clock):
    """A clock of a thread that does not run for a minute each time it waits; meanwhile things happen."""

    def __init__(self, monkeypatch, meanwhile):
        self.minutes, self.meanwhile = 0, meanwhile
        real = time.monotonic
        monkeypatch.setattr(time, "monotonic", lambda: real() + 60 * self.minutes)
        super().__init__()

    def slices(self, seconds):
        for piece in super().slices(seconds):
            self.minutes += 1
            self.meanwhile(self.minutes)
            yield piece


def test_a_tester_that_is_held_up_has_not_seen_silence(pair, monkeypatch):
    """A machine that stops for minutes gives the peer no time to answer in: only waiting does."""
    wire, peer = pair
    wire.clock = HeldUp(
        monkeypatch, lambda minutes: peer.sendall(raw.release_rp()) if minutes == 9 else None
    )
    assert wire.read(1.0) == Pdu(6, 0, bytes(4))
    assert wire.clock.minutes == 9
    assert wire.read(0.1) == Timeout()


def test_what_came_before_the_look_is_there_however_late_the_look_is(pair):
    wire, peer = pair
    peer.sendall(raw.release_rp())
    assert select.select([wire.sock], [], [], 5)[0]
    assert wire.read(0.0) == Pdu(6, 0, bytes(4))
    assert wire.read(0.0) == Timeout()


def test_a_pdu_cut_by_a_reset_is_only_logged(pair):
    wire, peer = pair
    peer.sendall(raw.abort(0, 0) + raw.release_rp()[:7])
    assert wire.read(5) == Pdu(7, 0, bytes(4))
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    peer.close()
    assert wire.read(5) == Reset()
    assert [entry.data for entry in wire.log if "cut off" in entry.what] == [raw.release_rp()[:7]]


def test_a_cut_pdu_is_junk_then_closed(pair):
    wire, peer = pair
    peer.sendall(raw.release_rp()[:7])
    peer.close()
    assert wire.read(5) == Junk(raw.release_rp()[:7])
    assert wire.read(5) == Closed()


def test_an_absurd_length_is_junk(pair):
    wire, peer = pair
    peer.sendall(b"HTTP/1.1 400\r\n")
    assert wire.read(5) == Junk(b"HTTP/1.1 400\r\n")


def test_sending_to_the_gone_does_not_raise(pair):
    wire, peer = pair
    peer.sendall(raw.abort(2, 1))
    peer.close()
    while wire.send(bytes(1 << 16)):
        pass
    assert isinstance(wire.read(5), Pdu)


def test_log_has_both_directions(pair):
    wire, peer = pair
    wire.send(raw.release_rq(), "A-RELEASE-RQ")
    peer.sendall(raw.release_rp())
    wire.read(5)
    wire.fin()
    rows = [(entry.direction, entry.data) for entry in wire.log]
    assert rows[:2] == [("sent", raw.release_rq()), ("received", raw.release_rp())]
    assert rows[2][0] == "note"
    assert peer.recv(100) == raw.release_rq()
    assert peer.recv(1) == b""
