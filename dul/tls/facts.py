"""What the peer's certificates say, from what Python's `ssl` lets one see."""

from __future__ import annotations

import ssl
from collections.abc import Mapping, Sequence

from dul.security import CertificateFacts, Security, escaped
from dul.values import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

__all__ = ["chain_of", "facts_of", "refused_chain_of", "seconds_of", "security_of"]

_SHORT = {
    "commonName": "CN",
    "organizationName": "O",
    "organizationalUnitName": "OU",
    "localityName": "L",
    "stateOrProvinceName": "ST",
    "countryName": "C",
}
_MONTHS = "JanFebMarAprMayJunJulAugSepOctNovDec"
_KINDS = {"IP Address": "IP"}


def facts_of(decoded: Mapping[str, Any], der: bytes = b"") -> CertificateFacts:
    """A certificate as `SSLSocket.getpeercert` gives it, and its bytes."""
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
        decoded.get("serialNumber", ""),
        der,
    )


def seconds_of(date: str) -> int:
    """Seconds since the epoch of a certificate's date, "Jan  1 00:00:00 2026 GMT".

    `ssl.cert_time_to_seconds` is the same, and loads modules that take as long as the handshake.
    """
    month_name, day, clock, year_text, _ = date.split()
    hours, minutes, seconds = map(int, clock.split(":"))
    month, year = _MONTHS.index(month_name) // 3 + 1, int(year_text)
    if month < 3:  # as if the year began in March: its leap day is its last one then
        month, year = month + 12, year - 1
    days = 365 * year + year // 4 - year // 100 + year // 400 + (153 * month - 457) // 5 + int(day)
    return (days - 719469) * 86400 + hours * 3600 + minutes * 60 + seconds


def _name(name: tuple[tuple[tuple[str, str], ...], ...]) -> str:
    return ", ".join(
        f"{_SHORT.get(key, key)}={escaped(value)}" for rdn in name for key, value in rdn
    )


def chain_of(sock: ssl.SSLSocket | ssl.SSLObject) -> tuple[CertificateFacts, ...]:
    """The certificates that the peer sent, its own first, whether they were verified or not.

    Python has a public way only from 3.13 on, and that one gives bytes, which it can't read. So the
    object beneath is asked, and where it is not what it was, the verified certificate alone is told.
    """
    decoded = _decoded(sock, "get_unverified_chain")
    try:
        decoded = decoded or [each for each in (sock.getpeercert(),) if each]
        own = sock.getpeercert(binary_form=True) or b""
    except ValueError:  # before the handshake is done
        own = b""
    return tuple(facts_of(each, b"" if index else own) for index, each in enumerate(decoded))


def refused_chain_of(sock: ssl.SSLSocket | ssl.SSLObject) -> tuple[CertificateFacts, ...]:
    """The certificates that a handshake failed over, the peer's own first; () if that is not known.

    A client still has them as they were sent. An acceptor has them only as OpenSSL put them in order,
    to verify them, which it did not; so the order, and no more, is what "verified" means here.
    """
    return chain_of(sock) or tuple(map(facts_of, _decoded(sock, "get_verified_chain")))


def _decoded(sock: ssl.SSLSocket | ssl.SSLObject, which: str) -> Sequence[Mapping[str, Any]]:
    asked = getattr(getattr(sock, "_sslobj", None), which, None)
    try:
        return [] if asked is None else [each.get_info() for each in asked() or ()]
    except (ValueError, OSError, AttributeError):
        return []


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
