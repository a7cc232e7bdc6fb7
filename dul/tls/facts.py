"""What the peer's certificates say, from what Python's `ssl` lets one see."""

from __future__ import annotations

import hashlib
import ssl
from collections.abc import Mapping
from typing import Any

from dul.security import CertificateFacts, Security, escaped

__all__ = ["chain_of", "facts_of", "security_of"]

_SHORT = {
    "commonName": "CN",
    "organizationName": "O",
    "organizationalUnitName": "OU",
    "localityName": "L",
    "stateOrProvinceName": "ST",
    "countryName": "C",
}


_KINDS = {"IP Address": "IP"}


def facts_of(decoded: Mapping[str, Any], sha256: str = "") -> CertificateFacts:
    """A certificate as `SSLSocket.getpeercert` gives it."""
    return CertificateFacts(
        _name(decoded.get("subject", ())),
        _name(decoded.get("issuer", ())),
        decoded.get("notBefore", ""),
        decoded.get("notAfter", ""),
        tuple(
            f"{_KINDS.get(kind, kind)}:{name}"
            for kind, name in decoded.get("subjectAltName", ())
            if isinstance(name, str)
        ),
        sha256,
    )


def _name(name: tuple[tuple[tuple[str, str], ...], ...]) -> str:
    return ", ".join(
        f"{_SHORT.get(key, key)}={escaped(value)}" for rdn in name for key, value in rdn
    )


def chain_of(sock: ssl.SSLSocket | ssl.SSLObject) -> tuple[CertificateFacts, ...]:
    """The certificates that the peer sent, its own first, whether they were verified or not.

    Python has a public way only from 3.13 on, and that one gives bytes, which it can't read. So the
    object beneath is asked, and where it is not what it was, the verified certificate alone is told.
    """
    asked = getattr(getattr(sock, "_sslobj", None), "get_unverified_chain", None)
    try:
        if asked is not None:
            decoded = [each.get_info() for each in asked() or ()]
        else:
            decoded = [each for each in (sock.getpeercert(),) if each]
    except (ValueError, OSError, AttributeError):
        return ()
    own = _fingerprint(sock)
    return tuple(facts_of(each, "" if index else own) for index, each in enumerate(decoded))


def _fingerprint(sock: ssl.SSLSocket | ssl.SSLObject) -> str:
    """The SHA-256 of the peer's own certificate; "" before the handshake is done."""
    try:
        return hashlib.sha256(sock.getpeercert(binary_form=True) or b"").hexdigest()
    except ValueError:
        return ""


def security_of(sock: ssl.SSLSocket) -> Security:
    """What was agreed with the peer, after the handshake."""
    cipher, version, bits = sock.cipher() or ("?", "?", 0)
    return Security(
        version=sock.version() or version,
        cipher=cipher,
        bits=bits,
        verified=sock.context.verify_mode is not ssl.CERT_NONE and bool(sock.getpeercert()),
        chain=chain_of(sock),
        alpn=sock.selected_alpn_protocol(),
    )
