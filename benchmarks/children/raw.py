"""Moves bytes over TCP and nothing else: the floor that a protocol stands on.

raw.py receive PORT FILE    to one sender after the other: receive, write, answer one byte
raw.py send PORT FILE       send a file with sendfile, wait for the byte
raw.py pong PORT            answer each 80 bytes with 90
raw.py ping PORT COUNT      print the seconds of each round trip, as JSON
"""

import io
import json
import os
import socket
import sys
import time

# A C-ECHO-RQ and its response for Verification: 68 and 78 bytes of command set behind 12 of headers.
REQUEST, RESPONSE = 80, 90


def listen(port: int) -> socket.socket:
    return socket.create_server(("127.0.0.1", port), backlog=16)


def connect(port: int) -> socket.socket:
    sock = socket.create_connection(("127.0.0.1", port))
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


def receive(port: int, path: str) -> None:
    view = memoryview(bytearray(1 << 20))
    listener = listen(port)
    while True:
        sock, _ = listener.accept()
        with sock, io.FileIO(path, "w") as file:
            while count := sock.recv_into(view):
                file.write(view[:count])
            sock.sendall(b".")


def send(port: int, path: str) -> None:
    with connect(port) as sock, io.FileIO(path) as file:
        left, at = os.fstat(file.fileno()).st_size, 0
        while sent := os.sendfile(sock.fileno(), file.fileno(), at, left - at):
            at += sent
        sock.shutdown(socket.SHUT_WR)
        sock.recv(1)


def pong(port: int) -> None:
    listener = listen(port)
    while True:
        sock, _ = listener.accept()
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with sock:
            while sock.recv(REQUEST):
                sock.sendall(bytes(RESPONSE))


def ping(port: int, count: int) -> None:
    seconds = []
    with connect(port) as sock:
        for _ in range(count):
            started = time.perf_counter()
            sock.sendall(bytes(REQUEST))
            sock.recv(RESPONSE)
            seconds.append(time.perf_counter() - started)
    print(json.dumps(seconds))


def main(what: str, port: str, *rest: str) -> None:
    match what:
        case "receive":
            receive(int(port), rest[0])
        case "send":
            send(int(port), rest[0])
        case "pong":
            pong(int(port))
        case "ping":
            ping(int(port), int(rest[0]))


if __name__ == "__main__":
    main(*sys.argv[1:])
