"""P.TLS: the association over TLS (PS3.15 B.12, RFC 9325); needs --tls or --tls-port."""

import contextlib
import socket
import ssl
from collections.abc import Callable
from pathlib import Path

from .. import tls_raw
from ..facts import build
from ..model import Case, Do, Mark, Read, Run, Send, Step
from ..observe import LogEntry, connect
from ..scene import Scene, Unmet
from ..settings import client_tls
from ..verdicts import Verdict, lax, ok
from .common import CLOSES, ECHO_PDU, READ, R, S, one, rq

Change = Callable[[ssl.SSLContext], None]


def _port(scene: Scene) -> int:
    return scene.settings.tls_port or scene.settings.port


def _handshake(scene: Scene, context: ssl.SSLContext | None) -> bool:
    """Connect to the TLS port; REFUSED enters the trace if there is no handshake."""
    settings, number = scene.settings, len(scene.wires) + 1
    patience = max(settings.timeout, 5.0)
    try:
        wire = connect(
            settings.host, _port(scene), patience, log=scene.log, number=number, context=context
        )
    except OSError as error:
        scene.log.append(LogEntry(0.0, "note", b"", f"no handshake: {error}"))
        scene.tokens.append("REFUSED")
        return False
    if isinstance(wire.sock, ssl.SSLSocket):
        wire.note(f"{wire.sock.version()}, {wire.sock.cipher()}")
    scene.adopt(wire)
    return True


def _plain(_: ssl.SSLContext) -> None:
    """The context as it is."""


def _only_1_2(context: ssl.SSLContext) -> None:
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("ECDHE+AESGCM")


def _only_1_3(context: ssl.SSLContext) -> None:
    context.minimum_version = ssl.TLSVersion.TLSv1_3


def secure(change: Change = _plain) -> Step:
    """A step: the TLS handshake, then an association; both are preconditions of what follows."""

    def action(scene: Scene) -> None:
        context = client_tls(scene.settings)
        change(context)
        if not _handshake(scene, context):
            raise Unmet(Verdict.FAIL, "precondition: no TLS handshake")
        scene.associate(build(rq(), scene.facts), need=(1,))

    return Do("TLS handshake and association", action)


def try_echo(change: Change) -> Step:
    """A step: handshake, association, C-ECHO; how far it came is the trace."""

    def action(scene: Scene) -> None:
        context = client_tls(scene.settings)
        change(context)
        if not _handshake(scene, context):
            return
        scene.send(build(rq(), scene.facts), "A-ASSOCIATE-RQ")
        scene.read_until("AC or RJ", scene.settings.timeout)
        if scene.tokens[-1].startswith("AC"):
            scene.tokens.clear()
            scene.send(ECHO_PDU, "C-ECHO-RQ")
            scene.read_until("MSG", scene.settings.timeout)

    return Do("TLS handshake, association, C-ECHO", action)


def hello(what: str, data: Callable[[], bytes]) -> Run:
    """A run: a ClientHello made by hand, and the first answer to it."""

    def action(scene: Scene) -> None:
        hello_bytes = data()
        with socket.create_connection((scene.settings.host, _port(scene)), 5.0) as sock:
            scene.log.append(
                LogEntry(0.0, "sent", b"", f"ClientHello ({what}), {len(hello_bytes)} bytes")
            )
            sock.sendall(hello_bytes)
            scene.tokens.append(
                tls_raw.first_answer(sock, max(scene.settings.timeout, 5.0), scene.log)
            )

    return Run(what, (Do(f"ClientHello: {what}", action),))


def _with_certificate(name: str) -> Step:
    """A step: C-ECHO presenting no certificate, or one that the product must not take."""

    def action(scene: Scene) -> None:
        files = scene.settings.tls_files
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        if name:
            cert: Path | None = getattr(files, f"{name}_cert")
            if cert is None:
                raise Unmet(Verdict.SKIP, f"needs --{name}-cert")
            context.load_cert_chain(cert, getattr(files, f"{name}_key"))
        if _handshake(scene, context):
            scene.send(build(rq(), scene.facts), "A-ASSOCIATE-RQ")
            scene.read_until("AC or RJ", scene.settings.timeout)
        _if_clients_are_asked(scene, name)

    return Do(f"A-ASSOCIATE-RQ with {name or 'no'} client certificate", action)


def _if_clients_are_asked(scene: Scene, name: str) -> None:
    """Without --mutual, a product that takes a client without a certificate does not look at any.

    Raises:
        Unmet: it does not; nothing is asked of it then (PS3.15 B.12 leaves it open).
    """
    target = scene.trial.target
    if not name:
        target["client_certificates"] = not (scene.tokens and scene.tokens[0].startswith("AC"))
    if not scene.settings.mutual and not target.get("client_certificates"):
        raise Unmet(
            Verdict.UNSUPPORTED, "the product asks for no client certificate; --mutual if it should"
        )


def plain_connection(scene: Scene) -> None:
    """Connect to the TLS port without TLS."""
    if not _handshake(scene, None):
        raise Unmet(Verdict.ERROR, "no connection to the TLS port")


def bare_fin(scene: Scene) -> None:
    """A FIN without a close_notify."""
    wire = scene.wire
    wire.shut = True
    wire.note("tester sends FIN without close_notify")
    with contextlib.suppress(OSError):
        socket.socket.shutdown(wire.sock, socket.SHUT_WR)


def close_notify(scene: Scene) -> None:
    """A close_notify, then a FIN."""
    scene.wire.fin()


def half_hello(scene: Scene) -> None:
    """Half of a ClientHello."""
    plain_connection(scene)
    scene.send(tls_raw.client_hello()[:30], "half of a ClientHello")


def no_renegotiation_here(_: Scene) -> None:
    """Renegotiation needs a TLS library that still asks for it; Python's does not."""
    raise Unmet(Verdict.UNSUPPORTED, "the tester's TLS library cannot ask for renegotiation")


ECHOED = ok("C-ECHO-RSP(0000)")
REFUSED = ok("ALERT", "CLOSE")
_OLD = (("TLS 1.1", tls_raw.TLS_1_1), ("TLS 1.0", tls_raw.TLS_1_0), ("SSL 3", tls_raw.SSL_3))
_TWO = ECHO_PDU + ECHO_PDU


def _old(version: int) -> Callable[[], bytes]:
    return lambda: tls_raw.client_hello(version, tls_raw.CBC)


def _suites(suites: tuple[int, ...]) -> Callable[[], bytes]:
    return lambda: tls_raw.client_hello(suites=suites)


CASES = (
    Case(
        "P.TLS.01", "PS3.15 B.12", R, "TLS 1.2 with ECDHE and AES-GCM, then C-ECHO",
        "TLS 1.2 with the recommended suites works.", one(try_echo(_only_1_2)), ECHOED, needs=("tls",),
    ),
    Case(
        "P.TLS.02", "PS3.15 B.12 (RFC 9325 3.1.1)", S, "TLS 1.3",
        "TLS 1.3 should be supported.", one(try_echo(_only_1_3)),
        (*ECHOED, *lax("REFUSED", "CLOSE", note="no TLS 1.3")), needs=("tls",),
    ),
    Case(
        "P.TLS.03", "PS3.15 B.12 (RFC 8996)", R, "a client that offers only TLS 1.1, 1.0, SSL 3",
        "Versions below TLS 1.2 are refused.",
        tuple(hello(name, _old(version)) for name, version in _OLD), REFUSED, needs=("tls",), tags=("security",),
    ),
    Case(
        "P.TLS.04", "PS3.15 B.12 (RFC 9325 4.1)", R, "a client that offers only broken suites",
        "NULL, anonymous, EXPORT, RC4 and 3DES suites are refused.",
        tuple(hello(name, _suites(suites)) for name, suites in tls_raw.FORBIDDEN.items()), REFUSED,
        needs=("tls",), tags=("security",),
    ),
    Case(
        "P.TLS.05", "PS3.15 B.12/B.13 (RFC 9325 4.1)", S, "a client that offers only static RSA key exchange",
        "Suites without forward secrecy should be refused.",
        (hello("static RSA", _suites(tls_raw.STATIC_RSA)),), (*REFUSED, *lax("HELLO", note="accepted")),
        needs=("tls",), tags=("security",),
    ),
    Case(
        "P.TLS.06", "PS3.15 B.12", R, "no client certificate; an expired one; one of an unknown CA",
        "A product that wants client certificates refuses a client without a good one before any DICOM byte.",
        tuple(Run(name or "none", (_with_certificate(name),)) for name in ("", "expired", "unknown")),
        ok("REFUSED", "CLOSE"), needs=("tls",), tags=("security",),
    ),
    Case(
        "P.TLS.07", "PS3.8 9.1.1, PS3.15 B", R, "a plain A-ASSOCIATE-RQ to the TLS port",
        "A TLS port speaks TLS only.",
        one(Do("connect without TLS", plain_connection), Send("A-ASSOCIATE-RQ", rq()), Read("AC or CLOSE")),
        ok("JUNK? CLOSE", "ANY CLOSE"), needs=("tls",), tags=("security",),
    ),
    Case(
        "P.TLS.08", "PS3.8 9.1.3", R, "one byte per TLS record; two PDUs in one record",
        "PDU boundaries have nothing to do with record boundaries.",
        (Run("one byte", (secure(), Send("C-ECHO-RQ", ECHO_PDU, by_byte=True), READ), ECHOED),
         Run("two PDUs", (secure(), Send("two C-ECHO-RQ in one record", _TWO), Read("RSP RSP")),
             ok("C-ECHO-RSP(0000) C-ECHO-RSP(*)"))),
        needs=("tls",),
    ),
    Case(
        "P.TLS.09", "PS3.8 Evt17, PS3.15 B", R, "close_notify, and a FIN without it, in Sta6",
        "Either end of the secure connection is the end of the transport connection (Evt17).",
        (Run("close_notify", (secure(), Do("close_notify and FIN", close_notify), Read("CLOSE"))),
         Run("FIN", (secure(), Do("FIN without close_notify", bare_fin), Read("CLOSE")))),
        CLOSES, needs=("tls",),
    ),
    Case(
        "P.TLS.10", "PS3.8 Evt18/Sta2", R, "no ClientHello; half of one",
        "A connection on which no handshake comes is closed in bounded time.",
        (Run("none", (Do("connect without TLS", plain_connection), Mark(), Read("CLOSE", "artim"))),
         Run("half", (Do("half of a ClientHello", half_hello), Mark(), Read("CLOSE", "artim")))),
        ok("JUNK? CLOSE", "ANY CLOSE"), needs=("tls",), tags=("artim", "security"), artim=True,
    ),
    Case(
        "P.TLS.11", "RFC 9325 3.3,3.5", S, "renegotiation; compression",
        "Compression is never chosen, renegotiation by the client refused.",
        (Run("compression", hello("DEFLATE and null", lambda: tls_raw.client_hello(compression=b"\1\0")).steps,
             (*ok("HELLO(*,*,0)", "ALERT", "CLOSE"),)),
         Run("renegotiation", (Do("ask for renegotiation", no_renegotiation_here),), ok(""))),
        needs=("tls",),
    ),
)  # fmt: skip
