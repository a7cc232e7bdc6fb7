"""The reader: PDU, Closed, Reset, Timeout, Junk; whatever comes first is read first."""

import socket
import struct

import pytest

from testbed import raw
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
