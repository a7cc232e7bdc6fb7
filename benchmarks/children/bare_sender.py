"""The floor of a sender in Python with TLS: the reads and writes of ours, and next to nothing between them.

bare_sender.py PORT KEY CERTIFICATE FILE...    send CT images in Explicit VR Little Endian, as they lie there

It believes the files and the peer, and knows one SOP class. What it takes longer than a sender in C is
Python's: the start of the interpreter, OpenSSL's module, and a copy of what is put into a record.
"""

import os
import socket
import ssl
import struct
import sys

CT, EXPLICIT = b"1.2.840.10008.5.1.4.1.1.2", b"1.2.840.10008.1.2.1"
BATCH, RECORDS = 1 << 20, 1 << 17


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


def pdu(sock: socket.socket) -> bytes:
    got = b""
    while len(got) < 6 or len(got) < 6 + int.from_bytes(got[2:6], "big"):
        more = sock.recv(65536)
        if not more:
            raise ConnectionError("the peer has gone")
        got += more
    return got


def maximum(accept: bytes) -> int:
    """Of the peer's item 51H."""
    at = accept.index(b"\x51\0\0\4")
    return int.from_bytes(accept[at + 4 : at + 8], "big") or 131072


def send(sock: socket.socket, path: str, number: int, fragment: int) -> None:
    with open(path, "rb", buffering=0) as file:  # noqa: PTH123 - as quick as can be
        left = os.fstat(file.fileno()).st_size
        head = file.read(144)
        meta = 144 + int.from_bytes(head[140:144], "little")
        head += file.read(meta - 144)
        at = head.index(b"\2\0\3\0UI") + 8
        instance = head[at : at + int.from_bytes(head[at - 2 : at], "little")]
        waiting: list[bytes | memoryview] = [command(instance, number)]
        size = 0
        left -= meta
        buffer = memoryview(bytearray(BATCH // fragment * fragment or fragment))
        while left:
            count = file.readinto(buffer)
            for at in range(0, count, fragment):
                piece = buffer[at : min(at + fragment, count)]
                left -= len(piece)
                waiting += [
                    struct.pack(">BxIIBB", 4, len(piece) + 6, len(piece) + 2, 1, 0 if left else 2),
                    piece,
                ]
                size += len(piece)
                if size >= RECORDS or not left:
                    sock.sendall(b"".join(waiting))
                    waiting, size = [], 0
            if waiting:
                sock.sendall(b"".join(waiting))  # before the buffer is filled anew
                waiting, size = [], 0
    if b"\0\0\0\x09\2\0\0\0\0\0" not in pdu(sock):
        raise ConnectionError("not stored")


def main(port: str, key: str, certificate: str, *paths: str) -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    tls.load_cert_chain(certificate, key)
    tls.load_verify_locations(certificate)
    plain = socket.create_connection(("127.0.0.1", int(port)))
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with tls.wrap_socket(plain, server_hostname="localhost") as sock:
        sock.sendall(request())
        fragment = min(maximum(pdu(sock)), 131072) - 6 & ~1
        for number, path in enumerate(paths, 1):
            send(sock, path, number & 0xFFFF, fragment)
        sock.sendall(b"\5\0\0\0\0\4\0\0\0\0")
        pdu(sock)


if __name__ == "__main__":
    main(*sys.argv[1:])
