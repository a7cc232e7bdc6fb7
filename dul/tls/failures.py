"""Why TLS failed, in words: whose certificate, what is wrong with it, who refused whom, what to try.

OpenSSL tells the end that refuses a reason, and the other end an alert. Both come as names or
numbers; here they become sentences.
"""

from __future__ import annotations

import re
import ssl

from dul.errors import TLSFailed, TransportError
from dul.framing import TLS_RECORDS
from dul.pdu import BY_TYPE
from dul.security import CertificateFacts
from dul.tls.facts import refused_chain_of

__all__ = ["broke", "handshake_failed"]

# What OpenSSL says of bytes that are no TLS record; its versions differ.
_NO_RECORD = frozenset({"WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "PACKET_LENGTH_TOO_LONG"})

# X509_V_ERR_... of OpenSSL's x509_vfy.h -> what is wrong, what to try.
_VERIFY: dict[int, tuple[str, str]] = {
    2: ("its issuer is not among the certificates that are trusted", "_CA"),
    3: ("there is no revocation list of its issuer", "add the issuer's CRL, or do not check CRLs"),
    9: ("it is not valid yet", "look at this machine's clock, and at the certificate's dates"),
    10: ("it has expired", "have it renewed; look at this machine's clock"),
    11: ("the revocation list is not valid yet", "look at this machine's clock"),
    12: ("the revocation list has expired", "fetch a new CRL"),
    18: ("it is self-signed, and not among the certificates that are trusted", "_CA"),
    19: ("its chain ends with an authority that is not trusted", "_CA"),
    20: ("its issuer is not among the certificates that are trusted", "_CA"),
    21: ("its issuer's certificate was not sent and is not known", "_CA"),
    23: ("it has been revoked", "it must be replaced"),
    24: ("its issuer may not issue certificates", "it must be replaced"),
    26: ("it is not meant for this purpose (key usage)", "it must be replaced by one that is"),
    62: ("", "call the host by a name in the certificate, or do not check the host name"),
    64: ("", "call the host by a name in the certificate, or do not check the host name"),
    66: ("its key is too short", "it must be replaced by one with RSA of 2048 bits, ECC of 256 or more"),
    67: ("an authority's key in its chain is too short", "it must be replaced"),
    68: ("it is signed with a hash that is too weak", "it must be replaced by one with SHA-256"),
    79: ("its issuer may not issue certificates", "it must be replaced"),
}  # fmt: skip
_OTHER_NAME = frozenset({62, 64})  # of a host, of an address: OpenSSL's text has it
_TRUST = "name the certificate of the authority that signed it"

# The tail of OpenSSL's names of alerts (RFC 8446 6.2) -> what the peer means by it, what to try.
_ALERTS: dict[str, tuple[str, str]] = {
    "UNKNOWN_CA": ("it does not know who signed our certificate", "have the peer trust that authority"),
    "BAD_CERTIFICATE": ("our certificate does not please it (the name in it, perhaps)", ""),
    "UNSUPPORTED_CERTIFICATE": ("our certificate is not meant for this purpose (key usage)", ""),
    "CERTIFICATE_EXPIRED": ("our certificate has expired, or is not valid yet", ""),
    "CERTIFICATE_REVOKED": ("our certificate has been revoked", ""),
    "CERTIFICATE_UNKNOWN": ("our certificate does not please it", ""),
    "CERTIFICATE_REQUIRED": ("it wants a certificate of ours, and we sent none", "give a certificate and its key"),
    "HANDSHAKE_FAILURE": ("no cipher suite is common to both, or it wants a certificate of ours", "another TLS profile; a certificate"),
    "INSUFFICIENT_SECURITY": ("our cipher suites are too weak for it", "another TLS profile"),
    "PROTOCOL_VERSION": ("it does not speak a version of TLS that we may use", "another TLS profile"),
    "INAPPROPRIATE_FALLBACK": ("it knows a newer version of TLS than was tried", ""),
    "DECRYPT_ERROR": ("a signature of ours did not verify", ""),
    "ACCESS_DENIED": ("our certificate is good, but may not enter", ""),
    "NO_APPLICATION_PROTOCOL": ("it speaks another protocol than DICOM on this port", "look at the port's number"),
    "UNRECOGNIZED_NAME": ("it does not know the host name that we called", ""),
    "UNEXPECTED_MESSAGE": ("it met something that it did not expect", ""),
    "DECODE_ERROR": ("it could not read what we said", ""),
    "INTERNAL_ERROR": ("it has a fault of its own", "see the peer's log"),
    "USER_CANCELLED": ("it gave up", ""),
}  # fmt: skip

# The same of a peer whose handshake was done, as far as it means something else then.
_LATE_ALERTS: dict[str, tuple[str, str]] = {
    "HANDSHAKE_FAILURE": ("it wanted to renegotiate, perhaps, which is refused (RFC 9325 3.5)", ""),
}

_ALERT = re.compile(r"(?:TLSV1|TLSV13|SSLV3)_(?:ALERT_)?([A-Z_]+)")

_TOO_LONG = "a TLS record of the peer's is longer than any may be (RFC 8446 5.1)"

# What OpenSSL finds at our end -> what it means, what to try.
_OURS: dict[str, tuple[str, str]] = {
    "NO_SHARED_CIPHER": ("no cipher suite is common to both", "another TLS profile"),
    "UNSUPPORTED_PROTOCOL": ("the peer speaks only versions of TLS that are not allowed", "another TLS profile"),
    "VERSION_TOO_LOW": ("the peer speaks only versions of TLS that are not allowed", "another TLS profile"),
    "PEER_DID_NOT_RETURN_A_CERTIFICATE": ("the peer sent no certificate, and one is required", "give the peer one, or do not require it"),
    "NO_SUITABLE_SIGNATURE_ALGORITHM": ("no signature algorithm is common to both", "another TLS profile"),
    "WRONG_SIGNATURE_TYPE": ("the peer signs with an algorithm that is not allowed", "another TLS profile"),
    "NO_SUITABLE_KEY_SHARE": ("no key exchange group is common to both", ""),
    "DH_KEY_TOO_SMALL": ("the peer's Diffie-Hellman group is too small", ""),
    "UNSAFE_LEGACY_RENEGOTIATION_DISABLED": ("the peer can't renegotiate safely (RFC 5746)", "the peer's software must be renewed"),
    "PACKET_LENGTH_TOO_LONG": (_TOO_LONG, ""),
    "ENCRYPTED_LENGTH_TOO_LONG": (_TOO_LONG, ""),
    "DATA_LENGTH_TOO_LONG": (_TOO_LONG, ""),
    "DECRYPTION_FAILED_OR_BAD_RECORD_MAC": ("a TLS record was damaged or forged on its way", ""),
    "NO_RENEGOTIATION": ("the peer would not renegotiate", ""),
    "HTTP_REQUEST": ("the peer speaks HTTP", "look at the port's number"),
    "HTTPS_PROXY_REQUEST": ("the peer speaks HTTP", "look at the port's number"),
    "CALLBACK_FAILED": ("the peer asks for another host name than the one that is expected, or for none (SNI)", "have it call us by that name"),
    "NO_PROTOCOLS_AVAILABLE": ("no version of TLS is left by this machine's OpenSSL configuration", ""),
}  # fmt: skip


# What is found only where both ends speak TLS. The first bytes that were seen may have been some in the middle
# of it: OpenSSL had those before them already.
_AMID = _OURS.keys() - {
    "UNSUPPORTED_PROTOCOL",
    "VERSION_TOO_LOW",
    "PACKET_LENGTH_TOO_LONG",
    "ENCRYPTED_LENGTH_TOO_LONG",
    "DATA_LENGTH_TOO_LONG",
    "HTTP_REQUEST",
    "HTTPS_PROXY_REQUEST",
}


def handshake_failed(
    error: Exception,
    sock: ssl.SSLSocket | ssl.SSLObject | None,
    heard: bytes,
    *,
    peer: str,
    server_side: bool,
) -> TLSFailed:
    """What to raise for a handshake that failed.

    Args:
        error: what OpenSSL or the kernel said.
        sock: the socket, if it came to one.
        heard: the peer's first two bytes, unless OpenSSL had them before they could be looked at.
        peer: how errors name the peer.
        server_side: this is the end that was called.
    """
    plain = _no_tls(heard, error, server_side=server_side)
    if plain is not None:
        return TLSFailed(f"TLS handshake with {peer} failed: {plain}")
    return _failed(f"TLS handshake with {peer} failed", error, sock)


def broke(error: OSError, peer: str, when: str) -> TransportError:
    """What to raise for a connection that broke after its handshake.

    A client of TLS 1.3 ends its handshake before the server has judged its certificate, so the
    server's alert comes here.
    """
    what = f"the connection to {peer} broke {when}"
    if isinstance(error, ssl.SSLError) and not isinstance(error, ssl.SSLEOFError):
        return _failed(what, error, None, late=True)
    return TransportError(f"{what}: {error.strerror or error}")


def _failed(
    what: str,
    error: Exception,
    sock: ssl.SSLSocket | ssl.SSLObject | None,
    *,
    late: bool = False,
) -> TLSFailed:
    if isinstance(error, ssl.SSLCertVerificationError):
        chain = () if sock is None else refused_chain_of(sock)
        wrong, advice = _VERIFY.get(error.verify_code, (error.verify_message, ""))
        if error.verify_code in _OTHER_NAME:
            wrong = error.verify_message.rstrip(".").rpartition(", ")[2]
        return TLSFailed(
            f"{what}: the peer's certificate{_named(chain)} is refused: {wrong}",
            advice=_TRUST if advice == "_CA" else advice,
            refused_by="us",
            certificate=chain[0] if chain else None,
        )
    reason = getattr(error, "reason", None) or ""
    told = _ALERT.fullmatch(reason)
    if told is not None:
        alert = told[1]
        known = _LATE_ALERTS if late and alert in _LATE_ALERTS else _ALERTS
        meaning, advice = known.get(alert, ("", ""))
        words = alert.lower().replace("_", " ")
        return TLSFailed(
            f"{what}: the peer refused with the alert {words!r}"
            + (f": {meaning}" if meaning else ""),
            advice=advice,
            refused_by="peer",
            alert=words,
        )
    if reason in _OURS:
        meaning, advice = _OURS[reason]
        return TLSFailed(f"{what}: {meaning}", advice=advice, refused_by="us")
    if isinstance(error, ssl.SSLEOFError | ConnectionError):
        return TLSFailed(
            f"{what}: the peer closed the connection in the middle of it",
            advice="see the peer's log; does it speak TLS on this port?",
            refused_by="peer",
        )
    if isinstance(error, UnicodeError):
        return TLSFailed(f"{what}: what the certificate must name is no host name")
    why = reason.lower().replace("_", " ") or getattr(error, "strerror", None) or error
    return TLSFailed(f"{what}: {why}")


def _named(chain: tuple[CertificateFacts, ...]) -> str:
    if not chain:
        return ""
    first = chain[0]
    return (
        f" ({first.subject}; issued by {first.issuer}; serial number {first.serial};"
        f" valid to {first.not_after})"
    )


_HTTP = frozenset(
    word[:2]
    for word in (
        b"HTTP",
        b"GET",
        b"HEAD",
        b"POST",
        b"PUT",
        b"DELETE",
        b"OPTIONS",
        b"CONNECT",
        b"PRI",
    )
)


def _no_tls(heard: bytes, error: Exception, *, server_side: bool) -> str | None:
    """What a peer speaks instead of TLS, if that is why a handshake failed."""
    reason = getattr(error, "reason", None) or ""
    if (
        isinstance(error, ssl.SSLCertVerificationError)
        or reason in _AMID
        or _ALERT.fullmatch(reason)
    ):
        return None
    if len(heard) < 2:
        no_record = getattr(error, "reason", None) in _NO_RECORD
        return "what the peer says is not TLS, perhaps plain DICOM" if no_record else None
    if heard in TLS_RECORDS:
        return None
    if heard in _HTTP:
        return "the peer speaks HTTP (look at the port's number)"
    if heard[0] in BY_TYPE and heard[1] == 0:
        return (
            "plain DICOM on a TLS port" if server_side else "the peer speaks plain DICOM, not TLS"
        )
    return "what the peer says is not TLS"
