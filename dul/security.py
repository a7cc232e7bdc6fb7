"""What TLS agreed on for a connection, as facts: for logs, and for whoever decides who may call."""

from __future__ import annotations

from dul.values import dataclass, field

__all__ = ["CertificateFacts", "Security", "escaped"]


def escaped(value: str) -> str:
    """A value as it stands in a distinguished name: nothing in it looks like the next one."""
    for character in "\\,+":
        value = value.replace(character, f"\\{character}")
    return value


def _parts(name: str) -> list[str]:
    """The attributes of a distinguished name, "CN=pacs" for instance, with their values as they are."""
    parts = [""]
    characters = iter(name)
    for character in characters:
        if character == "\\":
            parts[-1] += next(characters, "")
        elif character == ",":
            next(characters, "")  # the space behind it
            parts.append("")
        else:
            parts[-1] += character
    return parts


@dataclass(frozen=True, slots=True)
class CertificateFacts:
    """What a certificate says.

    Attributes:
        subject: the distinguished name, as "CN=pacs, O=Hospital".
        issuer: the same of who signed it.
        not_before: as it stands in the certificate, "Jan  1 00:00:00 2024 GMT".
        not_after: the same.
        names: those of Subject Alternative Name, each with its kind before it: "DNS:pacs.example",
            "IP:192.0.2.7", "email:...", "URI:...".
        serial: the number that its issuer gave it, in hexadecimal digits.
        der: the certificate itself (X.690 DER); b"" if it is not known.

    In a distinguished name a comma, a plus sign or a backslash that is part of a value has a
    backslash before it, as in RFC 4514.
    """

    subject: str
    issuer: str
    not_before: str
    not_after: str
    names: tuple[str, ...] = ()
    serial: str = ""
    der: bytes = field(default=b"", repr=False)

    @property
    def sha256(self) -> str:
        """The fingerprint, 64 hexadecimal digits; "" if it is not known."""
        if not self.der:
            return ""
        from hashlib import sha256  # noqa: PLC0415 - few ask

        return sha256(self.der).hexdigest()

    @property
    def common_name(self) -> str:
        """The last CN of the subject; "" if it has none."""
        names = [part[3:] for part in _parts(self.subject) if part.startswith("CN=")]
        return names[-1] if names else ""


@dataclass(frozen=True, slots=True)
class Security:
    """A TLS connection as it was agreed.

    Attributes:
        version: "TLSv1.2" or "TLSv1.3".
        cipher: OpenSSL's name of the cipher suite.
        bits: of its key.
        verified: the peer's certificate was asked for and verified.
        chain: the certificates that the peer sent, its own first; empty if it sent none. They mean
            nothing unless `verified`.
        alpn: the application protocol that both named, "dicom"; None if the peer named none.
    """

    version: str
    cipher: str
    bits: int
    verified: bool
    chain: tuple[CertificateFacts, ...] = ()
    alpn: str | None = None

    @property
    def subject(self) -> str | None:
        """Whom the peer's own certificate names; None if it sent none."""
        return self.chain[0].subject if self.chain else None
