"""U.TLS: a product that calls us over TLS (PS3.15 B.12); needs --tls and certificates."""

import socket
import ssl
from collections.abc import Callable
from pathlib import Path

from .. import raw, tls_raw
from ..meeting import CALL_TIMEOUT, listen, start_secure
from ..model import Case, Do, Run, Serve
from ..observe import LogEntry, Wire
from ..scene import Scene, Unmet
from ..settings import server_tls
from ..verdicts import Verdict, ok
from .common import R
from .scu import ACCEPT, AWAIT, USED


def _call(scene: Scene) -> socket.socket:
    """Start the product and take its connection, before any TLS."""
    start_secure(scene, listen(scene))
    if scene.listener is None:
        raise RuntimeError("no listener")
    scene.listener.settimeout(CALL_TIMEOUT if scene.trial.tls_launcher else None)
    try:
        sock, _ = scene.listener.accept()
    except OSError as error:
        raise Unmet(Verdict.FAIL, f"the product did not call: {error}") from error
    return sock


def choosing(version: int, suite: int) -> Callable[[Scene], None]:
    """A ServerHello made by hand, and the product's answer to it."""

    def action(scene: Scene) -> None:
        with _call(scene) as sock:
            first = tls_raw.first_answer(sock, CALL_TIMEOUT, scene.log)
            if first != "HELLO(client)":
                scene.tokens.append("PLAIN" if first == "JUNK" else first)
                return
            hello = tls_raw.server_hello(version, suite)
            scene.log.append(
                LogEntry(0.0, "sent", b"", f"ServerHello {version:04X}H, suite {suite:04X}H")
            )
            sock.sendall(hello)
            scene.tokens.append(
                tls_raw.first_answer(sock, max(scene.settings.timeout, 5.0), scene.log)
            )

    return action


def presenting(name: str) -> Callable[[Scene], None]:
    """A handshake with a certificate the product must not take."""

    def action(scene: Scene) -> None:
        files = scene.settings.tls_files
        cert: Path | None = getattr(files, f"{name}_cert")
        if cert is None:
            raise Unmet(Verdict.SKIP, f"needs --{name}-cert")
        if name == "other" and not scene.settings.check_host:
            raise Unmet(Verdict.SKIP, "needs --check-host")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cert, getattr(files, f"{name}_key"))
        sock = _call(scene)
        sock.settimeout(CALL_TIMEOUT)
        try:
            secure = context.wrap_socket(sock, server_side=True)
        except OSError as error:
            sock.close()
            scene.log.append(LogEntry(0.0, "note", b"", f"no handshake: {error}"))
            scene.tokens.append("REFUSED")
            return
        scene.adopt(Wire(secure, scene.log))
        scene.read_until("RQ or CLOSE", scene.settings.timeout)

    return action


def plain_server(scene: Scene) -> None:
    """Answer whatever comes with a plain A-ABORT, and look at what came."""
    with _call(scene) as sock:
        sock.settimeout(CALL_TIMEOUT)
        try:
            first = sock.recv(1)
            sock.sendall(raw.abort())
        except OSError:
            first = b""
        scene.tokens.append({b"\x01": "RQ", b"\x16": "HELLO", b"": "CLOSE"}.get(first, "JUNK"))


def good_server(scene: Scene) -> None:
    """A handshake with a good certificate; then a well-behaved acceptor. Tells version and cipher."""
    sock = _call(scene)
    sock.settimeout(CALL_TIMEOUT)
    try:
        secure = server_tls(scene.settings).wrap_socket(sock, server_side=True)
    except OSError as error:
        sock.close()
        scene.log.append(LogEntry(0.0, "note", b"", f"no handshake: {error}"))
        scene.tokens.append("REFUSED")
        return
    wire = Wire(secure, scene.log)
    cipher = secure.cipher()
    taken = f"{secure.version()}, {cipher[0] if cipher else 'no cipher'}"
    wire.note(taken)
    scene.notes.append(f"taken: {taken}")
    scene.adopt(wire)


REFUSED = ok("ALERT", "CLOSE")
_SUITES = (("NULL", 0x0001), ("anonymous", 0x0034), ("3DES", 0x000A))

CASES = (
    Case(
        "U.TLS.01", "PS3.15 B.12 (RFC 8996)", R, "a server that speaks only TLS 1.1, or 1.0",
        "Versions below TLS 1.2 are refused, and the failure is reported.",
        tuple(Run(name, (Do(f"ServerHello of {name}", choosing(version, 0xC013)),))
              for name, version in (("TLS 1.1", tls_raw.TLS_1_1), ("TLS 1.0", tls_raw.TLS_1_0))),
        REFUSED, needs=("tls",), tags=("security",), reported="failure",
    ),
    Case(
        "U.TLS.02", "PS3.15 B.12", R, "a server certificate that is expired, of an unknown CA, of another name",
        "A server that cannot be authenticated is refused before any DICOM byte.",
        tuple(Run(name, (Do(f"handshake with {name} certificate", presenting(name)),))
              for name in ("expired", "unknown", "other")),
        ok("REFUSED", "CLOSE"), needs=("tls",), tags=("security",), reported="failure",
    ),
    Case(
        "U.TLS.03", "PS3.15 B.12", R, "a server that chooses a NULL, anonymous or 3DES suite",
        "A suite that was not offered, or must not be, is refused.",
        tuple(Run(name, (Do(f"ServerHello with {name}", choosing(tls_raw.TLS_1_2, suite)),)) for name, suite in _SUITES),
        REFUSED, needs=("tls",), tags=("security",), reported="failure",
    ),
    Case(
        "U.TLS.04", "PS3.15 B", R, "a plain DICOM server where TLS is expected",
        "A product set up for TLS never falls back to plain DICOM.",
        (Run("", (Do("answer the ClientHello with a plain A-ABORT", plain_server),)),),
        ok("HELLO", "CLOSE"), needs=("tls",), tags=("security",), reported="failure",
    ),
    Case(
        "U.TLS.05", "PS3.15 B.12", R, "a server with a good certificate, TLS 1.2 and 1.3",
        "The association and its services work over TLS as they do without.",
        (Run("", (Do("handshake with a good certificate", good_server), AWAIT, ACCEPT, Serve())),),
        USED, needs=("tls",), reported="success",
    ),
)  # fmt: skip
