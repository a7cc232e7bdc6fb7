"""The floor of a receiver in Python: the system calls of ours, and next to nothing between them.

bare.py PORT FOLDER [KEY CERTIFICATE]    store what comes, of one sender after the other; with TLS

It takes what well-behaved senders send, and checks nothing: no lengths, no UIDs, no data sets, no
deadlines. What it takes longer than a receiver in C is Python's; what we take longer than it is ours.
"""

import os
import select
import socket
import struct
import sys
from collections.abc import Iterator
from typing import Any

QUICKACK = getattr(socket, "TCP_QUICKACK", None)
HEAD = bytes(378)  # as long as the file meta information that stands there


def items(body: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at < len(body):
        kind, length = body[at], int.from_bytes(body[at + 2 : at + 4], "big")
        yield kind, body[at + 4 : at + 4 + length]
        at += 4 + length


def item(kind: int, body: bytes) -> bytes:
    return bytes([kind, 0]) + len(body).to_bytes(2, "big") + body


def acceptance(request: bytes) -> bytes:
    """An A-ASSOCIATE-AC that accepts each context, with its first transfer syntax."""
    answers = b""
    for kind, body in items(request[74:]):
        if kind == 0x10:
            answers = item(kind, body) + answers
        elif kind == 0x20:
            syntax = next(value for kind, value in items(body[4:]) if kind == 0x40)
            answers += item(0x21, bytes([body[0], 0, 0, 0]) + item(0x40, syntax))
    answers += item(0x50, item(0x51, (16384).to_bytes(4, "big")) + item(0x52, b"1.2.3"))
    body = request[6:74] + answers
    return b"\x02\0" + len(body).to_bytes(4, "big") + body


def response(command: bytes, context_id: int) -> list[bytes]:
    """A C-STORE-RSP of Success."""
    at = command.index(b"\0\0\x10\x01\2\0\0\0") + 8
    elements = b"\0\0\0\1\2\0\0\0\1\x80" + b"\0\0\x20\1\2\0\0\0" + command[at : at + 2]
    elements += b"\0\0\0\x08\2\0\0\0\1\1" + b"\0\0\0\x09\2\0\0\0\0\0"
    body = struct.pack("<HHII", 0, 0, 4, len(elements)) + elements
    return [struct.pack(">BxIIBB", 4, len(body) + 6, len(body) + 2, context_id, 3), body]


class Receiver:
    def __init__(self, sock: socket.socket, folder: str, directory: int, tls: Any) -> None:
        self.sock, self.folder, self.directory, self.tls = sock, folder, directory, tls
        self.view = memoryview(bytearray(1 << 18))
        self.fd, self.number, self.command = -1, 0, b""
        self.views: list[bytes | memoryview] = []
        self.polled = select.poll()

    def serve(self) -> None:
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self.tls is not None:
            self.sock = self.tls.wrap_socket(self.sock, server_side=True)
            self.sock.setblocking(False)
        self.polled.register(self.sock, select.POLLIN)
        view, have = self.view, 0
        while True:
            count = self.received(view[have:])
            if not count:
                return
            have += count
            at = 0
            while have - at >= 6:
                end = at + 6 + int.from_bytes(view[at + 2 : at + 6], "big")
                if end > have:
                    break
                self.pdu(view[at:end])
                at = end
            if self.views:
                self.write()
            view[: have - at] = view[at:have]
            have -= at

    def received(self, view: memoryview) -> int:
        """What there is: with TLS a record after the other, until there is none."""
        if self.tls is None:
            self.wait()
            return self.sock.recv_into(view)
        count = 0
        while not count:
            try:
                while count < len(view):
                    got = self.sock.recv_into(view[count:])
                    if not got:
                        return count
                    count += got
            except OSError as error:  # ssl.SSLWantReadError, whose module is loaded with TLS alone
                if type(error).__name__ != "SSLWantReadError":
                    raise
                if not count:
                    self.wait()
        return count

    def wait(self) -> None:
        if QUICKACK is not None:
            self.sock.setsockopt(socket.IPPROTO_TCP, QUICKACK, 1)
        self.polled.poll()

    def pdu(self, pdu: memoryview) -> None:
        if pdu[0] == 1:
            self.sock.sendall(acceptance(bytes(pdu)))
        elif pdu[0] == 5:
            self.sock.sendall(b"\6\0\0\0\0\4\0\0\0\0")
        elif pdu[0] == 4 and pdu[11] & 1:
            self.command = bytes(pdu)
            os.stat(self.folder)  # noqa: PTH116 - as ours does
            flags = os.O_RDWR | os.O_TMPFILE | os.O_CLOEXEC
            self.fd = os.open(".", flags, 0o666, dir_fd=self.directory)
            self.views = [HEAD]
        elif pdu[0] == 4:
            self.views.append(pdu[12:])
            if pdu[11] & 2:
                self.write()
                self.end(pdu[10])

    def write(self) -> None:
        os.writev(self.fd, self.views)
        self.views = []

    def end(self, context_id: int) -> None:
        os.fsync(self.fd)
        self.number += 1
        name = f"CT.{self.number}"
        os.link(f"/proc/self/fd/{self.fd}", name, dst_dir_fd=self.directory)
        os.fsync(self.directory)
        os.close(self.fd)
        answer = response(self.command, context_id)
        if self.tls is None:
            self.sock.sendmsg(answer)
        else:
            self.sock.sendall(b"".join(answer))


def main(port: str, folder: str, key: str = "", certificate: str = "") -> None:
    tls = None
    if key:
        import ssl  # noqa: PLC0415 - it takes as long to load as all the rest

        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(certificate, key)
        tls.load_verify_locations(certificate)
        tls.verify_mode = ssl.CERT_REQUIRED
    listener = socket.create_server(("127.0.0.1", int(port)), backlog=16)
    directory = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    while True:
        sock, _ = listener.accept()
        with sock:
            receiver = Receiver(sock, folder, directory, tls)
            receiver.serve()
            receiver.sock.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
