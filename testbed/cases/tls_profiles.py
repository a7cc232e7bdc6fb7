"""P.B10 to P.B13: the secure transport connection profiles of PS3.15 Annex B, each a group.

A product claims one of them, so what they ask is told and judged only if it was declared
(`--tls-profile`). The suites are offered in hellos made by hand: the first answer tells which is taken.
"""

import re
import socket
import ssl
from collections.abc import Iterator

from .. import tls_raw, tls_suites
from ..model import Case, Do, Run
from ..observe import LogEntry
from ..scene import Scene, Unmet
from ..tls_suites import TLS_PROFILES, TlsProfile
from ..verdicts import Verdict, ok
from .common import I

_HELLO = re.compile(r"HELLO\(\w+,(\w+),")
_RSA, _EC = bytes.fromhex("2a864886f70d010101"), bytes.fromhex("2a8648ce3d0201")
TAKEN = ok("HELLO")
REFUSED = ok("ALERT", "CLOSE")


def _port(scene: Scene) -> int:
    return scene.settings.tls_port or scene.settings.port


def _offer(scene: Scene, suites: tuple[int, ...]) -> int | None:
    """Offer suites; the one that is taken, None if the hello is refused."""
    recent = any(code in tls_suites.TLS_1_3 for code in suites)
    hello = tls_raw.client_hello(suites=suites, tls_1_3=recent)
    names = ", ".join(map(tls_suites.name, suites))
    with socket.create_connection((scene.settings.host, _port(scene)), 5.0) as sock:
        scene.log.append(LogEntry(0.0, "sent", b"", f"ClientHello: {names}"))
        sock.sendall(hello)
        token = tls_raw.first_answer(sock, max(scene.settings.timeout, 5.0), scene.log)
    scene.tokens.append(token)
    found = _HELLO.match(token)
    return None if found is None else int(found[1], 16)


def _key(scene: Scene) -> str:
    """The kind of key in the product's certificate: "RSA", "EC", or "" if that could not be seen."""
    target = scene.trial.target
    if "certificate_key" not in target:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        kind = ""
        try:
            with (
                socket.create_connection((scene.settings.host, _port(scene)), 5.0) as sock,
                context.wrap_socket(sock) as secure,
            ):
                certificate = secure.getpeercert(binary_form=True) or b""
            kind = "RSA" if _RSA in certificate else "EC" if _EC in certificate else ""
        except OSError:
            pass
        target["certificate_key"] = kind
    return str(target["certificate_key"])


def _one(code: int) -> Run:
    """Offer one suite alone; an ECDSA suite says nothing about a product with an RSA key, and vice versa."""

    def action(scene: Scene) -> None:
        taken = _offer(scene, (code,))
        name = tls_suites.NAMES[code]
        wanted = "EC" if "_ECDSA_" in name else "RSA" if "RSA_" in name else ""
        if taken is None and wanted and _key(scene) not in {"", wanted}:
            text = f"{name} needs a certificate with an {wanted} key, the product's has an {_key(scene)} key"
            raise Unmet(Verdict.UNSUPPORTED, text)

    return Run(tls_suites.NAMES[code], (Do(f"ClientHello: {tls_suites.name(code)} alone", action),))


def _all(profile: TlsProfile) -> Run:
    def action(scene: Scene) -> None:
        taken = _offer(scene, profile.suites)
        if taken is not None:
            scene.notes.append(f"taken: {tls_suites.name(taken)}")
            ciphers = scene.trial.target.setdefault("ciphers", {})
            ciphers[profile.id] = tls_suites.name(taken)

    return Run("", (Do(f"ClientHello: the suites of {profile.id}, its order", action),))


def _none(what: str, suites: tuple[int, ...]) -> Run:
    def action(scene: Scene) -> None:
        taken = _offer(scene, suites)
        if taken is not None:
            scene.notes.append(f"taken: {tls_suites.name(taken)}")

    return Run(what, (Do(f"ClientHello: {what} suites only", action),))


def _cases(group: str, profile: TlsProfile) -> Iterator[Case]:
    clause, common = f"PS3.15 {profile.id}", {"needs": ("tls",), "tags": ("tls-profile",)}
    yield Case(
        f"P.{group}.01", clause, I, f"all suites of {profile.id}, {profile.name}",
        "One of the profile's suites is taken.", (_all(profile),), TAKEN, **common,  # type: ignore[arg-type]
    )  # fmt: skip
    yield Case(
        f"P.{group}.02", clause, I, f"each TLS 1.2 suite that {profile.id} requires, alone",
        "Each of them is supported, as far as the kind of certificate allows.",
        tuple(map(_one, profile.required)), TAKEN, **common,  # type: ignore[arg-type]
    )  # fmt: skip
    number = 3
    if profile.required_1_3:
        yield Case(
            f"P.{group}.{number:02}", clause, I, f"each TLS 1.3 suite of {profile.id}, alone",
            "A server supports each of them.",
            tuple(map(_one, profile.required_1_3)), TAKEN, **common,  # type: ignore[arg-type]
        )  # fmt: skip
        number += 1
    if profile.outside:
        yield Case(
            f"P.{group}.{number:02}", clause, I, f"suites that are not in {profile.id}",
            "The profile is closed: no other suite is taken.",
            tuple(_none(what, suites) for what, suites in profile.outside), REFUSED, **common,  # type: ignore[arg-type]
        )  # fmt: skip


CASES = tuple(case for group, profile in TLS_PROFILES.items() for case in _cases(group, profile))
