"""The floor of a sender in Python: the system calls of ours, and next to nothing between them.

bare_sender.py sendmsg PORT FILE...     send CT images in Explicit VR Little Endian, as they lie there
bare_sender.py imports PORT FILE...     the same, behind the imports that no sender of ours can do without
bare_sender.py sendfile PORT FILE...    data sets are not read at all: the kernel sends them
bare_sender.py tls PORT KEY CERTIFICATE FILE...    over TLS

It believes the files and the peer, and knows one SOP class. What it takes longer than a sender in C is
Python's: the start of the interpreter, and with TLS OpenSSL's module.
"""

import os
import select
import socket
import struct
import sys
from typing import Any

CT, EXPLICIT = b"1.2.840.10008.5.1.4.1.1.2", b"1.2.840.10008.1.2.1"
BATCH, RECORD, SMALL = 1 << 20, 1 << 14, 1 << 16
QUICKACK = getattr(socket, "TCP_QUICKACK", None)


def item(kind: int, body: bytes) -> bytes:
    return bytes([kind, 0]) + len(body).to_bytes(2, "big") + body


def request() -> bytes:
    context = item(0x30, CT) + item(0x40, EXPLICIT)
    user = item(0x51, (131072).to_bytes(4, "big")) + item(0x52, b"1.2.3")
    body = b"\0\1\0\0" + b"ANY-SCP".ljust(16) + b"BARE".ljust(16) + bytes(32)
    body += (
        item(0x10, b"1.2.840.10008.3.1.1.1") + item(0x20, b"\1\0\0\0" + context) + item(0x50, user)
    )
    return b"\1\0" + len(body).to_bytes(4, "big") + body


def element(number: int, value: bytes) -> bytes:
    return struct.pack("<HHI", 0, number, len(value)) + value


def command(instance: bytes, message_id: int) -> bytes:
    """A C-STORE-RQ in its PDU."""
    elements = element(2, CT + b"\0") + element(0x100, b"\1\0")
    elements += element(0x110, struct.pack("<H", message_id)) + element(0x700, b"\0\0")
    elements += element(0x800, b"\0\0") + element(0x1000, instance)
    body = element(0, struct.pack("<I", len(elements))) + elements
    return struct.pack(">BxIIBB", 4, len(body) + 6, len(body) + 2, 1, 3) + body


def header(length: int, last: bool) -> bytes:
    """Of a P-DATA-TF PDU with so many bytes of a data set."""
    return struct.pack(">BxIIBB", 4, length + 6, length + 2, 1, 2 if last else 0)


def instance_and_end_of_meta(head: bytes | memoryview) -> tuple[bytes, int]:
    head = bytes(head)
    at = head.index(b"\2\0\3\0UI") + 8
    instance = head[at : at + int.from_bytes(head[at - 2 : at], "little")]
    return instance, 144 + int.from_bytes(head[140:144], "little")


class Batch:
    """Room for a mebibyte of a data set, between the headers of its PDUs: one span for all of them."""

    def __init__(self, fragment: int) -> None:
        self.fragment, self.place = fragment, 12 + fragment
        self.full = header(fragment, False)
        self.end = 0  # where the header of a last PDU may stand
        self.pdus = memoryview(bytearray(BATCH // fragment * self.place))
        starts = range(0, len(self.pdus), self.place)
        for at in starts:
            self.pdus[at : at + 12] = self.full
        self.rooms = [self.pdus[at + 12 : at + self.place] for at in starts]

    def read(self, fd: int, at: int, size: int) -> tuple[memoryview, int]:
        """The PDUs from this position of the file, and the position behind them."""
        left = min(size - at, len(self.rooms) * self.fragment)
        count = -(-left // self.fragment)
        last = left - (count - 1) * self.fragment
        os.preadv(fd, [*self.rooms[: count - 1], self.rooms[count - 1][:last]], at)
        self.pdus[self.end : self.end + 12] = self.full
        self.end = end = (count - 1) * self.place
        if at + left == size:
            self.pdus[end : end + 12] = header(last, True)
        return self.pdus[: end + 12 + last], at + left


class Object:
    """A file that is open, and what of it has been read before its turn."""

    def __init__(self, path: str) -> None:
        self.path = path
        os.stat(path)  # noqa: PTH116 - as ours does
        self.fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self.size = os.fstat(self.fd).st_size
        head = os.pread(self.fd, self.size + 1 if self.size <= SMALL else 1024, 0)
        self.instance, self.at = instance_and_end_of_meta(head)
        self.small = memoryview(head)[self.at :] if self.size <= SMALL else None
        self.first: memoryview | None = None


class Sender:
    def __init__(self, sock: Any, way: str) -> None:
        self.sock, self.way, self.fragment = sock, way, 0
        self.polled = select.poll()
        self.polled.register(sock, select.POLLIN)
        self.batch: Batch | None = None
        self.answer = memoryview(bytearray(1 << 16))

    def pdu(self) -> bytes:
        have = 0
        while have < 6 or have < 6 + int.from_bytes(self.answer[2:6], "big"):
            if self.way != "tls":
                self.polled.poll()
            count = self.sock.recv_into(self.answer[have:])
            if not count:
                raise ConnectionError("the peer has gone")
            have += count
        return bytes(self.answer[:have])

    def begin(self) -> None:
        self.sock.sendall(request())
        accept = self.pdu()
        at = accept.index(b"\x51\0\0\4")
        maximum = int.from_bytes(accept[at + 4 : at + 8], "big") or 131072
        self.fragment = min(maximum, 131072) - 6 & ~1

    def end(self) -> None:
        self.sock.sendall(b"\5\0\0\0\0\4\0\0\0\0")
        self.pdu()

    def open(self, path: str) -> Object:
        """Open a file and read its beginning: the peer is busy with the one before it."""
        opened = Object(path)
        if opened.small is None and self.way != "sendfile":
            self.batch = self.batch or Batch(self.fragment)
            opened.first, opened.at = self.batch.read(opened.fd, opened.at, opened.size)
        return opened

    def send(self, opened: Object, number: int) -> None:
        asked = command(opened.instance, number)
        if opened.small is not None:
            self.flush([asked, header(len(opened.small), True), opened.small])
        elif opened.first is None:
            self.by_kernel(opened, asked)
        else:
            assert self.batch is not None
            self.flush([asked, opened.first])
            while opened.at < opened.size:
                pdus, opened.at = self.batch.read(opened.fd, opened.at, opened.size)
                self.flush([pdus])

    def conclude(self, opened: Object) -> None:
        if QUICKACK is not None and self.way != "tls":
            self.sock.setsockopt(socket.IPPROTO_TCP, QUICKACK, 1)
        if b"\0\0\0\x09\2\0\0\0\0\0" not in self.pdu():
            raise ConnectionError("not stored")
        os.stat(opened.path)  # noqa: PTH116
        os.close(opened.fd)

    def by_kernel(self, opened: Object, asked: bytes) -> None:
        """A header, then the kernel's bytes of the file: two calls for a PDU."""
        at, size = opened.at, opened.size
        self.sock.send(asked, socket.MSG_MORE)
        out = self.sock.fileno()
        while at < size:
            left = min(self.fragment, size - at)
            last = at + left == size
            self.sock.send(header(left, last), socket.MSG_MORE)
            while left:
                sent = os.sendfile(out, opened.fd, at, left)
                at, left = at + sent, left - sent

    def flush(self, waiting: list[bytes | memoryview]) -> None:
        if self.way == "tls":
            # One record for the command set and the beginning of the data set, the others as they lie.
            *small, last = waiting
            room = RECORD - sum(map(len, small)) if small else 0
            if small:
                self.sock.sendall(b"".join([*small, last[:room]]))
            if len(last) > room:
                self.sock.sendall(last[room:])
            return
        sent = self.sock.sendmsg(waiting)
        while True:  # blocking: it is rarely less than all
            while waiting and sent >= len(waiting[0]):
                sent -= len(waiting.pop(0))
            if not waiting:
                return
            waiting[0] = memoryview(waiting[0])[sent:]
            sent = self.sock.sendmsg(waiting)


def main(way: str, port: str, *rest: str) -> None:
    if way == "imports":
        import signal  # noqa: F401, PLC0415
        import threading  # noqa: F401, PLC0415
    sock: Any = socket.create_connection(("127.0.0.1", int(port)))
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if way == "tls":
        import ssl  # noqa: PLC0415 - it takes as long to load as all the rest

        (key, certificate), rest = rest[:2], rest[2:]
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        tls.load_cert_chain(certificate, key)
        tls.load_verify_locations(certificate)
        sock = tls.wrap_socket(sock, server_hostname="localhost")
    with sock:
        sender = Sender(sock, way)
        sender.begin()
        following = sender.open(rest[0])
        for number in range(1, len(rest) + 1):
            present = following
            sender.send(present, number & 0xFFFF)
            if number < len(rest):
                following = sender.open(rest[number])
            sender.conclude(present)
        sender.end()


if __name__ == "__main__":
    main(*sys.argv[1:])
