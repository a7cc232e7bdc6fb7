"""The floor of an association and of a C-ECHO in Python: canned bytes, poll and receive, and nothing judged.

bare_echo.py accept PORT            answer one requestor after the other, in one loop
bare_echo.py threads PORT           likewise, in threads that wait for who comes
bare_echo.py echo PORT COUNT        print the seconds of each C-ECHO on one association, as JSON
bare_echo.py associate PORT COUNT   those of each association, set up and released
"""

import contextlib
import json
import select
import socket
import struct
import sys
import threading
import time

VERIFICATION, IMPLICIT = b"1.2.840.10008.1.1", b"1.2.840.10008.1.2"
THREADS = 4
RELEASE_RQ, RELEASE_RP = b"\5\0\0\0\0\4\0\0\0\0", b"\6\0\0\0\0\4\0\0\0\0"
# Where its two bytes lie: behind headers, group length, SOP class, command field and its own header.
MESSAGE_ID = 12 + 12 + 26 + 10 + 8


def item(kind: int, body: bytes) -> bytes:
    return bytes([kind, 0]) + len(body).to_bytes(2, "big") + body


def associate(kind: int, context: bytes) -> bytes:
    user = item(0x51, (131072).to_bytes(4, "big")) + item(0x52, b"1.2.3")
    body = b"\0\1\0\0" + b"ANY-SCP".ljust(16) + b"BARE".ljust(16) + bytes(32)
    body += item(0x10, b"1.2.840.10008.3.1.1.1") + context + item(0x50, user)
    return bytes([kind, 0]) + len(body).to_bytes(4, "big") + body


REQUEST = associate(1, item(0x20, b"\1\0\0\0" + item(0x30, VERIFICATION) + item(0x40, IMPLICIT)))
ACCEPT = associate(2, item(0x21, b"\1\0\0\0" + item(0x40, IMPLICIT)))


def command(field: int, *more: tuple[int, int]) -> bytes:
    """A C-ECHO message in its PDU."""
    uid = VERIFICATION + b"\0"
    elements = struct.pack("<HHI", 0, 2, len(uid)) + uid
    for number, value in ((0x100, field), *more):
        elements += struct.pack("<HHIH", 0, number, 2, value)
    body = struct.pack("<HHII", 0, 0, 4, len(elements)) + elements
    return struct.pack(">BxIIBB", 4, len(body) + 6, len(body) + 2, 1, 3) + body


ECHO_RQ = command(0x0030, (0x110, 0), (0x800, 0x101))
ECHO_RSP = command(0x8030, (0x120, 0), (0x800, 0x101), (0x900, 0))


class Line:
    """One connection: poll, receive a PDU, send."""

    def __init__(self, sock: socket.socket) -> None:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock = sock
        self.polled = select.poll()
        self.polled.register(sock, select.POLLIN)
        self.view = memoryview(bytearray(1 << 16))

    def pdu(self) -> memoryview:
        """The next one, which comes alone; nothing at the end."""
        have = 0
        while have < 6 or have < 6 + int.from_bytes(self.view[2:6], "big"):
            self.polled.poll()
            count = self.sock.recv_into(self.view[have:])
            if not count:
                break
            have += count
        return self.view[:have]


def serve(sock: socket.socket) -> None:
    with sock:
        line = Line(sock)
        response = bytearray(ECHO_RSP)
        while pdu := line.pdu():
            if pdu[0] == 4:
                response[MESSAGE_ID : MESSAGE_ID + 2] = pdu[MESSAGE_ID : MESSAGE_ID + 2]
                sock.sendmsg([response])
            else:
                sock.sendmsg([ACCEPT if pdu[0] == 1 else RELEASE_RP])


def accept(port: int) -> None:
    listener = socket.create_server(("127.0.0.1", port), backlog=16)
    while True:
        serve(listener.accept()[0])


def accept_in_threads(port: int) -> None:
    listener = socket.create_server(("127.0.0.1", port), backlog=16)
    listener.setblocking(False)

    def attend() -> None:
        waiting = select.epoll()
        waiting.register(listener, select.EPOLLIN | select.EPOLLEXCLUSIVE)
        while True:
            waiting.poll()
            with contextlib.suppress(BlockingIOError):  # another thread was first
                serve(listener.accept()[0])

    for _ in range(THREADS - 1):
        threading.Thread(target=attend, daemon=True).start()
    attend()


def begun(port: int) -> Line:
    line = Line(socket.create_connection(("127.0.0.1", port)))
    line.sock.sendmsg([REQUEST])
    if line.pdu()[0] != 2:
        raise ConnectionError("not accepted")
    return line


def end(line: Line) -> None:
    line.sock.sendmsg([RELEASE_RQ])
    line.pdu()
    line.sock.close()


def echoes(port: int, count: int) -> list[float]:
    seconds = []
    line, message = begun(port), bytearray(ECHO_RQ)
    for number in range(1, count + 1):
        started = time.perf_counter()
        struct.pack_into("<H", message, MESSAGE_ID, number & 0xFFFF)
        line.sock.sendmsg([message])
        if any(line.pdu()[-2:]):
            raise ConnectionError("no Success")
        seconds.append(time.perf_counter() - started)
    end(line)
    return seconds


def associations(port: int, count: int) -> list[float]:
    seconds = []
    for _ in range(count):
        started = time.perf_counter()
        end(begun(port))
        seconds.append(time.perf_counter() - started)
    return seconds


def main(what: str, port: str, count: str = "0") -> None:
    match what:
        case "accept":
            accept(int(port))
        case "threads":
            accept_in_threads(int(port))
        case "echo":
            print(json.dumps(echoes(int(port), int(count))))
        case "associate":
            print(json.dumps(associations(int(port), int(count))))


if __name__ == "__main__":
    main(*sys.argv[1:])
