"""The floor of a sender in Python: the system calls of ours, and next to nothing between them.

bare_sender.py sendmsg PORT FILE...     send CT images in Explicit VR Little Endian, as they lie there
bare_sender.py imports PORT FILE...     the same, behind the imports that no sender of ours can do without
bare_sender.py sendfile PORT FILE...    data sets are not read at all: the kernel sends them
bare_sender.py tls PORT KEY CERTIFICATE FILE...    over TLS

It believes the files and the peer, and knows one SOP class. What it takes longer than a sender in C is
Python's: the start of the interpreter, with TLS OpenSSL's module and a copy of what is put into a record.
"""

import os
import select
import socket
import struct
import sys
from typing import Any

CT, EXPLICIT = b"1.2.840.10008.5.1.4.1.1.2", b"1.2.840.10008.1.2.1"
BATCH, RECORDS, SMALL = 1 << 20, 1 << 17, 1 << 16
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


class Sender:
    def __init__(self, sock: Any, way: str) -> None:
        self.sock, self.way, self.fragment = sock, way, 0
        self.polled = select.poll()
        self.polled.register(sock, select.POLLIN)
        self.buffer = memoryview(bytearray(0))
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

    def store(self, path: str, number: int) -> None:
        os.stat(path)  # noqa: PTH116 - as ours does
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        size = os.fstat(fd).st_size
        if size <= SMALL:
            head = memoryview(os.pread(fd, size + 1, 0))
            instance, meta = instance_and_end_of_meta(head)
            piece = head[meta:]
            self.flush([command(instance, number), header(len(piece), True), piece])
        elif self.way == "sendfile":
            self.by_kernel(fd, size, number)
        else:
            self.by_buffer(fd, size, number)
        if QUICKACK is not None and self.way != "tls":
            self.sock.setsockopt(socket.IPPROTO_TCP, QUICKACK, 1)
        if b"\0\0\0\x09\2\0\0\0\0\0" not in self.pdu():
            raise ConnectionError("not stored")
        os.stat(path)  # noqa: PTH116
        os.close(fd)

    def by_kernel(self, fd: int, size: int, number: int) -> None:
        """A header, then the kernel's bytes of the file: two calls for a PDU."""
        instance, at = instance_and_end_of_meta(os.pread(fd, 1024, 0))
        self.sock.send(command(instance, number), socket.MSG_MORE)
        out = self.sock.fileno()
        while at < size:
            left = min(self.fragment, size - at)
            last = at + left == size
            self.sock.send(header(left, last), socket.MSG_MORE)
            while left:
                sent = os.sendfile(out, fd, at, left)
                at, left = at + sent, left - sent

    def by_buffer(self, fd: int, size: int, number: int) -> None:
        if not self.buffer:
            self.buffer = memoryview(bytearray(BATCH // self.fragment * self.fragment))
        buffer, fragment, at = self.buffer, self.fragment, 0
        full = header(fragment, False)
        waiting: list[bytes | memoryview] = []
        begin = 0
        while at < size:
            count = os.preadv(fd, [buffer], at)
            at += count
            if not waiting and not begin:
                instance, begin = instance_and_end_of_meta(buffer[:1024])
                waiting.append(command(instance, number))
                start = begin
            else:
                start = 0
            for first in range(start, count, fragment):
                piece = buffer[first : min(first + fragment, count)]
                if len(piece) == fragment and (at < size or first + fragment < count):
                    waiting.append(full)
                else:
                    waiting.append(header(len(piece), at == size and first + fragment >= count))
                waiting.append(piece)
                if self.way == "tls" and len(waiting) * fragment >= 2 * RECORDS:
                    self.sock.sendall(b"".join(waiting))
                    waiting = []
            if waiting:
                self.flush(waiting)
                waiting = []

    def flush(self, waiting: list[bytes | memoryview]) -> None:
        if self.way == "tls":
            self.sock.sendall(b"".join(waiting))
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
        for number, path in enumerate(rest, 1):
            sender.store(path, number & 0xFFFF)
        sender.end()


if __name__ == "__main__":
    main(*sys.argv[1:])
