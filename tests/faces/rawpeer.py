"""A peer made of a plain socket and bytes: it does what a test tells it, and nothing by itself.

The bytes are put together here, without any code of dulcet; `test_rawpeer.py` compares them with
the golden PDUs. Every wait is for an event and bounded by `GUARD`, which no passing test reaches.
"""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
import struct
from collections.abc import Iterator, Mapping, Sequence
from typing import Self

GUARD = 30.0
LOOPBACK = "127.0.0.1"

VERIFICATION = "1.2.840.10008.1.1"
IMPLICIT = "1.2.840.10008.1.2"
APPLICATION = "1.2.840.10008.3.1.1.1"

RQ, AC, RJ, PDATA, RELEASE_RQ, RELEASE_RP, ABORT = 1, 2, 3, 4, 5, 6, 7
COMMAND_LAST, DATA, DATA_LAST = 3, 0, 2  # message control headers

# ---- bytes


def pdu(pdu_type: int, body: bytes) -> bytes:
    return struct.pack(">BxI", pdu_type, len(body)) + body


def item(item_type: int, body: bytes) -> bytes:
    return struct.pack(">BxH", item_type, len(body)) + body


def user_information(maximum: int = 16384) -> bytes:
    return item(0x50, item(0x51, struct.pack(">I", maximum)) + item(0x52, b"1.2.3"))


def _associate(
    pdu_type: int, contexts: bytes, version: int, application: str, info: bytes
) -> bytes:
    fixed = struct.pack(">H2x16s16s32x", version, b"ANY-SCP".ljust(16), b"RAW".ljust(16))
    return pdu(pdu_type, fixed + item(0x10, application.encode()) + contexts + info)


def associate_rq(
    offers: Sequence[tuple[int, str]] = ((1, VERIFICATION),),
    *,
    maximum: int = 16384,
    version: int = 1,
    application: str = APPLICATION,
) -> bytes:
    contexts = b"".join(
        item(
            0x20,
            bytes([id_, 0, 0, 0]) + item(0x30, uid.encode()) + item(0x40, IMPLICIT.encode()),
        )
        for id_, uid in offers
    )
    return _associate(RQ, contexts, version, application, user_information(maximum))


def associate_ac(
    results: Mapping[int, int] | None = None,
    *,
    maximum: int = 16384,
    application: str = APPLICATION,
) -> bytes:
    contexts = b"".join(
        item(0x21, bytes([id_, 0, result, 0]) + item(0x40, IMPLICIT.encode()))
        for id_, result in (results or {1: 0}).items()
    )
    return _associate(AC, contexts, 1, application, user_information(maximum))


def associate_rj(result: int, source: int, reason: int) -> bytes:
    return pdu(RJ, bytes([0, result, source, reason]))


def pdata(fragment: bytes, control: int = DATA_LAST, context_id: int = 1) -> bytes:
    return pdu(PDATA, struct.pack(">IBB", len(fragment) + 2, context_id, control) + fragment)


def abort(source: int = 0, reason: int = 0) -> bytes:
    return pdu(ABORT, bytes([0, 0, source, reason]))


RELEASE_RQ_PDU = pdu(RELEASE_RQ, bytes(4))
RELEASE_RP_PDU = pdu(RELEASE_RP, bytes(4))


def split(stream: bytes) -> list[bytes]:
    """A stream as its whole PDUs; fails if it does not end where a PDU ends."""
    found = []
    while stream:
        assert len(stream) >= 6, f"a header is cut: {stream.hex()}"
        size = 6 + int.from_bytes(stream[2:6])
        assert len(stream) >= size, f"a PDU is cut: {stream[:16].hex()}..., {len(stream)} of {size}"
        found.append(stream[:size])
        stream = stream[size:]
    return found


def data_of(pdus: Sequence[bytes], control_bit: int = 0) -> bytes:
    """The fragments of P-DATA-TF PDUs (one PDV each) put together; 0: data set, 1: command."""
    parts = []
    for each in pdus:
        assert each[0] == PDATA
        assert struct.unpack(">I", each[6:10])[0] == len(each) - 10
        if each[11] & 1 == control_bit:
            parts.append(each[12:])
    return b"".join(parts)


# ---- the socket


class Listener:
    """Where a face connects to."""

    def __init__(self, *, backlog: int = 16, receive_buffer: int | None = None) -> None:
        self.sock = socket.socket()
        if receive_buffer is not None:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.sock.bind((LOOPBACK, 0))
        self.sock.listen(backlog)
        self.sock.settimeout(GUARD)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.sock.close()

    @property
    def address(self) -> tuple[str, int]:
        host, port = self.sock.getsockname()
        return host, port

    def accept(self, tls: ssl.SSLContext | None = None) -> RawPeer:
        return RawPeer(self.sock.accept()[0], tls, server_side=True)


def connect(
    address: tuple[str, int],
    tls: ssl.SSLContext | None = None,
    receive_buffer: int | None = None,
    source: str = "",
) -> RawPeer:
    sock = socket.socket()
    if source:
        sock.bind((source, 0))
    if receive_buffer is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    sock.settimeout(GUARD)
    try:
        sock.connect(address)
        return RawPeer(sock, tls, server_side=False)
    except BaseException:
        sock.close()
        raise


@contextlib.contextmanager
def blackhole() -> Iterator[tuple[str, int]]:
    """An address that drops every SYN: a listener whose queue is full, with nobody to accept."""
    with Listener(backlog=0) as listener, contextlib.ExitStack() as stack:
        while True:
            sock = stack.enter_context(socket.socket())
            sock.setblocking(False)
            sock.connect_ex(listener.address)
            # Loopback answers a SYN within connect; a moment is for slow machines.
            if not select.select([], [sock], [], 0.05)[1]:
                break
        yield listener.address


class RawPeer:
    """One connection. `received` has all that came, for comparisons of whole streams."""

    def __init__(
        self, sock: socket.socket, tls: ssl.SSLContext | None = None, *, server_side: bool = True
    ) -> None:
        sock.settimeout(GUARD)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock = sock
        self.received = bytearray()
        self._taken = 0
        if tls is not None:
            self.sock = tls.wrap_socket(
                sock, server_side=server_side, server_hostname=None if server_side else "localhost"
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def name(self) -> str:
        host, port = self.sock.getsockname()
        return f"{host}:{port}"

    def send(self, *pdus: bytes) -> None:
        self.sock.sendall(b"".join(pdus))

    def read(self, count: int) -> bytes:
        """Exactly so many bytes."""
        while len(self.received) - self._taken < count:
            piece = self.sock.recv(1 << 16)
            assert piece, f"closed after {bytes(self.received[self._taken :]).hex()}"
            self.received += piece
        self._taken += count
        return bytes(self.received[self._taken - count : self._taken])

    def pdu(self) -> bytes:
        """The next whole PDU."""
        header = self.read(6)
        return header + self.read(int.from_bytes(header[2:6]))

    def expect(self, pdu_type: int) -> bytes:
        """The next whole PDU, which is of this type."""
        found = self.pdu()
        assert found[0] == pdu_type, f"{found[:64].hex()} instead of a PDU of type {pdu_type:02X}H"
        return found

    def rest(self) -> bytes:
        """All that comes until the connection is closed in order, or reset."""
        start = self._taken
        with contextlib.suppress(ConnectionResetError, ssl.SSLEOFError):
            while piece := self.sock.recv(1 << 16):
                self.received += piece
        self._taken = len(self.received)
        return bytes(self.received[start:])

    def ended(self) -> None:
        """The other end closes, and says nothing more."""
        rest = self.rest()
        assert not rest, f"{rest[:64].hex()} instead of the end of the connection"

    def half_close(self) -> None:
        """FIN: nothing more will be said, but all is still read."""
        self.sock.shutdown(socket.SHUT_WR)

    def reset(self) -> None:
        """RST: the connection breaks."""
        with contextlib.suppress(OSError):
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    def close(self) -> None:
        self.sock.close()


def oblige(peer: RawPeer) -> list[bytes]:
    """Do what a good acceptor does, and nothing by itself, until the connection ends.

    Returns all that came, as PDUs; the last may be cut off.
    """
    answers = {RQ: associate_ac(), RELEASE_RQ: RELEASE_RP_PDU}
    stream, pdus = bytearray(), []
    with peer, contextlib.suppress(ConnectionError):
        while piece := peer.sock.recv(1 << 16):
            stream += piece
            while len(stream) >= 6 and len(stream) >= 6 + int.from_bytes(stream[2:6]):
                size = 6 + int.from_bytes(stream[2:6])
                pdus.append(bytes(stream[:size]))
                del stream[:size]
                if pdus[-1][0] == ABORT:
                    peer.half_close()
                elif pdus[-1][0] == PDATA and pdus[-1][11] == DATA_LAST:
                    peer.send(pdata(b"done", COMMAND_LAST))
                elif pdus[-1][0] in answers:
                    peer.send(answers[pdus[-1][0]])
    return [*pdus, bytes(stream)] if stream else pdus


def associated(address: tuple[str, int], tls: ssl.SSLContext | None = None) -> RawPeer:
    """A requestor with an association."""
    peer = connect(address, tls)
    peer.send(associate_rq())
    peer.expect(AC)
    return peer


def mirrors(peer: RawPeer, data: bytes = b"still there?") -> None:
    """What it sends comes back."""
    peer.send(pdata(data))
    assert peer.pdu() == pdata(data)


def released(peer: RawPeer) -> None:
    """It releases, and closes."""
    peer.send(RELEASE_RQ_PDU)
    assert peer.pdu() == RELEASE_RP_PDU
    peer.close()


def served(address: tuple[str, int], tls: ssl.SSLContext | None = None) -> None:
    """A whole association with a server that mirrors, by a peer that does everything right."""
    with associated(address, tls) as peer:
        mirrors(peer)
        released(peer)


def is_broken(fd: int) -> None:
    """Wait until the kernel knows that the peer has reset this connection."""
    poll = select.poll()
    poll.register(fd, 0)  # errors and hang-up are always told
    assert poll.poll(GUARD * 1000), "no reset arrived"


def has_arrived(fd: int) -> None:
    """Wait until there is something to read."""
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    assert poll.poll(GUARD * 1000), "nothing arrived"
