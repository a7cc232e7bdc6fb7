"""Mini peers over TLS: contexts that are right, or wrong in one way; servers and clients that misuse TLS."""

import contextlib
import socket
import ssl
import struct
from dataclasses import replace
from pathlib import Path

from ..launch import Launcher
from ..parse import Pdu
from .acceptor import PartialKeeper
from .peer import Config, Gone
from .process import thread_launcher
from .server import MiniServer, run_peer

_GOOD = "ECDHE+AESGCM"
_ANYTHING = "ALL:COMPLEMENTOFALL:@SECLEVEL=0"
#: Fault -> cipher list.
_CIPHERS = {
    "tls-takes-old-versions": _ANYTHING,
    "tls-takes-broken-suites": _ANYTHING,
    "tls-of-no-profile": "ECDHE+AES:!AESGCM:!AESCCM",
    "tls-takes-static-rsa": "ECDHE+AESGCM:AES128-GCM-SHA256:AES256-GCM-SHA384:AES128-SHA:AES256-SHA",
}


class RecordReader(PartialKeeper):
    """An acceptor that takes what one read gives for one PDU."""

    def read_pdu(self) -> Pdu:
        """As MiniPeer.read_pdu, of one TLS record."""
        try:
            self.sock.settimeout(self.config.artim)
            data = self.sock.recv(1 << 16)
        except OSError as error:
            raise Gone from error
        if len(data) < 6 or len(data) < 6 + int.from_bytes(data[2:6], "big"):
            raise Gone
        kind, reserved, size = struct.unpack(">BBI", data[:6])
        return Pdu(kind, reserved, data[6 : 6 + size])


class SecureServer(MiniServer):
    """A mini server whose port speaks TLS, with one fault of TLS or none."""

    def _one(self, sock: socket.socket) -> None:
        faults = self.config.faults
        if "tls-speaks-plain-too" in faults:
            with contextlib.suppress(OSError):
                if sock.recv(1, socket.MSG_PEEK) == b"\x01":
                    run_peer(self.link(sock, self.config))
                    sock.close()
                    return
        if "tls-waits-for-ever" in faults:
            self.config = replace(self.config, artim=60.0)
        super()._one(sock)


def server_context(fault: str, cert: Path, key: Path, ca: Path) -> ssl.SSLContext:
    """The context of an acceptor that wants client certificates, with a fault ("" for none)."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    context.load_verify_locations(ca)
    context.verify_mode = ssl.CERT_NONE if fault == "tls-takes-anybody" else ssl.CERT_REQUIRED
    context.options |= ssl.OP_NO_COMPRESSION
    context.set_ciphers(_CIPHERS.get(fault, _GOOD))
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if fault == "tls-takes-old-versions":
        context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    elif fault == "tls-without-1.2":
        context.minimum_version = ssl.TLSVersion.TLSv1_3
    elif fault in {"tls-without-1.3", "tls-of-no-profile"}:
        context.maximum_version = ssl.TLSVersion.TLSv1_2
    return context


def secure_server(fault: str, config: Config, context: ssl.SSLContext) -> MiniServer:
    """A listening acceptor over TLS; `config` holds the fault, too, if it is one."""
    link = RecordReader if fault == "tls-reads-records" else PartialKeeper
    return SecureServer(config, link, context)


def client_context(fault: str, ca: Path) -> ssl.SSLContext:
    """The context of a requestor that verifies its server, with a fault ("" for none)."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if fault == "tls-trusts-anybody":
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif fault != "tls-trusts-nobody":
        context.load_verify_locations(ca)
    if fault in {"tls-takes-old-versions", "tls-takes-broken-suites"}:
        context.set_ciphers(_ANYTHING)
        context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    return context


def secure_launcher(fault: str, config: Config, ca: Path, host: str) -> Launcher:
    """A launcher of mini requestors over TLS; with one fault they never speak it."""
    if fault == "tls-falls-back":
        return thread_launcher(config)
    context = client_context(fault, ca)

    def wrap(sock: socket.socket) -> socket.socket:
        sock.settimeout(30.0)  # longer than a tester waits for an answer
        return context.wrap_socket(sock, server_hostname=host)

    return thread_launcher(replace(config, wrap=wrap))
