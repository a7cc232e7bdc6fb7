"""What TLS agreed on for a connection, as facts: for logs, and for whoever decides who may call."""

from __future__ import annotations

from dul.values import dataclass

__all__ = ["CertificateFacts", "Security"]


@dataclass(frozen=True, slots=True)
class CertificateFacts:
    """What a certificate says.

    Attributes:
        subject: the distinguished name, as "CN=pacs, O=Hospital".
        issuer: the same of who signed it.
        not_before: as it stands in the certificate, "Jan  1 00:00:00 2024 GMT".
        not_after: the same.
    """

    subject: str
    issuer: str
    not_before: str
    not_after: str

    @property
    def common_name(self) -> str:
        """The last CN of the subject; "" if it has none."""
        names = [part[3:] for part in self.subject.split(", ") if part.startswith("CN=")]
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
