"""TLS hellos as bytes: versions and cipher suites that no current TLS library would offer or choose.

Only the first flight is needed: does the other side refuse, or go on? (RFC 5246 7.4.1, RFC 9325.)
"""

import socket
import struct

from .clock import Clock
from .observe import LogEntry

ALERT, HANDSHAKE = 21, 22
TLS_1_3, TLS_1_2, TLS_1_1, TLS_1_0, SSL_3 = 0x0304, 0x0303, 0x0302, 0x0301, 0x0300

#: Suites a product must not accept, by the reason (RFC 9325 4.1).
FORBIDDEN = {
    "NULL": (0x0001, 0x0002, 0x003B, 0xC006, 0xC010),
    "anonymous": (0x0018, 0x001B, 0x0034, 0x003A, 0x006C, 0x00A6, 0xC018, 0xC019),
    "EXPORT": (0x0003, 0x0006, 0x0008, 0x0014),
    "RC4": (0x0004, 0x0005, 0xC007, 0xC011),
    "3DES": (0x000A, 0x0016, 0xC008, 0xC012),
}
STATIC_RSA = (0x002F, 0x0035, 0x003C, 0x003D, 0x009C, 0x009D)
MODERN = (0xC02F, 0xC030, 0xC02B, 0xC02C, 0xCCA8, 0xCCA9)
#: What a hello has where others have random bytes: no handshake is ever completed with it, and a stimulus
#: that is always the same can be compared.
_NOT_RANDOM = bytes(range(1, 33))
CBC = (0xC013, 0xC014, 0xC009, 0xC00A, 0x002F, 0x0035)


def record(kind: int, body: bytes, version: int = TLS_1_0) -> bytes:
    """A TLS record."""
    return struct.pack(">BHH", kind, version, len(body)) + body


def _handshake(kind: int, body: bytes) -> bytes:
    return bytes([kind]) + len(body).to_bytes(3, "big") + body


def _extension(kind: int, body: bytes) -> bytes:
    return struct.pack(">HH", kind, len(body)) + body


def client_hello(
    version: int = TLS_1_2,
    suites: tuple[int, ...] = MODERN,
    compression: bytes = b"\0",
    *,
    tls_1_3: bool = False,
) -> bytes:
    """A ClientHello offering exactly this; with the usual groups and signature algorithms.

    `tls_1_3` offers TLS 1.3 beside `version` (RFC 8446 4.2.1, 4.2.8).
    """
    groups = struct.pack(">H4H", 8, 0x001D, 0x0017, 0x0018, 0x0019)
    signatures = (0x0403, 0x0503, 0x0603, 0x0804, 0x0805, 0x0806, 0x0401, 0x0501, 0x0601, 0x0201)
    algorithms = struct.pack(f">H{len(signatures)}H", 2 * len(signatures), *signatures)
    extensions = _extension(10, groups) + _extension(11, b"\1\0") + _extension(13, algorithms)
    extensions += _extension(0xFF01, b"\0") + _extension(23, b"")
    if tls_1_3:
        # Any 32 bytes are an X25519 public key; the handshake goes no further than the answer.
        share = struct.pack(">HH", 0x001D, 32) + _NOT_RANDOM
        extensions += _extension(43, struct.pack(">BHH", 4, TLS_1_3, version))
        extensions += _extension(45, b"\1\1")
        extensions += _extension(51, struct.pack(">H", len(share)) + share)
    body = struct.pack(">H", version) + _NOT_RANDOM + b"\0"
    body += struct.pack(f">H{len(suites)}H", 2 * len(suites), *suites)
    body += bytes([len(compression)]) + compression
    if version != SSL_3:
        body += struct.pack(">H", len(extensions)) + extensions
    return record(HANDSHAKE, _handshake(1, body), min(version, TLS_1_0))


def server_hello(version: int = TLS_1_2, suite: int = 0xC02F) -> bytes:
    """A ServerHello choosing exactly this, that nothing else can be held against.

    Without renegotiation_info (RFC 5746) many clients would refuse it, whatever it chooses.
    """
    extensions = struct.pack(">HHB", 0xFF01, 1, 0)
    body = struct.pack(">H", version) + _NOT_RANDOM + b"\0" + struct.pack(">HB", suite, 0)
    body += struct.pack(">H", len(extensions)) + extensions
    return record(HANDSHAKE, _handshake(2, body), version)


def first_answer(sock: socket.socket, timeout: float, log: list[LogEntry]) -> str:
    """What comes back: ALERT(n), HELLO(version,suite,compression), CLOSE, OPEN, or JUNK."""
    data = bytearray()
    for seconds in Clock().slices(timeout):
        try:
            sock.settimeout(seconds)
            piece = sock.recv(65536)
        except (TimeoutError, BlockingIOError):
            continue
        except OSError:
            return "CLOSE"
        if not piece:
            return "JUNK" if data else "CLOSE"
        data += piece
        token = _token(bytes(data))
        if token:
            log.append(LogEntry(timeout, "note", b"", f"TLS: {token}, {len(data)} bytes"))
            return token
    return "OPEN"


def _token(data: bytes) -> str:
    """The token of the first record, "" while it is not whole."""
    if len(data) < 5 or len(data) < 5 + int.from_bytes(data[3:5], "big"):
        return ""
    if data[0] == ALERT:
        return f"ALERT({data[6]})" if len(data) > 6 else "JUNK"
    if data[0] == HANDSHAKE and data[5] == 2 and len(data) > 44:
        version = int.from_bytes(data[9:11], "big")
        at = 44 + data[43]
        suite, compression = int.from_bytes(data[at : at + 2], "big"), data[at + 2]
        return f"HELLO({version:04X},{suite:04X},{compression})"
    return "HELLO(client)" if data[0] == HANDSHAKE and data[5] == 1 else "JUNK"
