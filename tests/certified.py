"""Certificates made on the fly, good ones and ones that are wrong in one way each."""

from __future__ import annotations

import datetime as dt
import ipaddress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_NOW = dt.datetime.now(dt.UTC)
DAY = dt.timedelta(days=1)
PASSWORD = "let me in"

# Python can't turn two suites of TLS 1.3 on that B.13 requires of a server; see docs/tls.md.
FIVE_SUITES = """openssl_conf = start
[start]
ssl_conf = tls
[tls]
system_default = all
[all]
Ciphersuites = TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256:\
TLS_AES_128_CCM_SHA256:TLS_AES_128_CCM_8_SHA256
"""


@dataclass(frozen=True)
class Certified:
    """A certificate with its key, in files."""

    certificate: Path
    key: Path
    x509: x509.Certificate
    private: Any

    @property
    def options(self) -> list[str]:
        """How a tool is told of it."""
        return ["+tls", str(self.key), str(self.certificate)]


class Office:
    """A certificate authority in a folder."""

    def __init__(self, folder: Path, name: str = "test CA") -> None:
        self.folder = folder
        self._count = 0
        self.own = self.issue(name, authority=True)

    @property
    def ca(self) -> Path:
        """The authority's certificate."""
        return self.own.certificate

    def issue(
        self,
        name: str = "localhost",
        *,
        key: str = "EC",
        authority: bool = False,
        self_signed: bool = False,
        days: tuple[int, int] = (-1, 365),
        usage: str = "both",
        host: str = "localhost",
        encrypted: bool = False,
    ) -> Certified:
        """A certificate by this authority.

        Args:
            name: its CN.
            key: "EC" or "RSA", or "RSA1024".
            authority: it may issue others; the first one signs itself.
            self_signed: signs itself.
            days: from and to, from now.
            usage: "server", "client" or "both".
            host: whom it names besides 127.0.0.1.
            encrypted: its key needs `PASSWORD`.
        """
        private: Any = (
            ec.generate_private_key(ec.SECP256R1())
            if key == "EC"
            else rsa.generate_private_key(65537, 1024 if key == "RSA1024" else 2048)
        )
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        alone = self_signed or not hasattr(self, "own")
        issuer, signer = (subject, private) if alone else (self.own.x509.subject, self.own.private)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(private.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(_NOW + days[0] * DAY)
            .not_valid_after(_NOW + days[1] * DAY)
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        )
        if not authority:
            uses = {
                "server": [ExtendedKeyUsageOID.SERVER_AUTH],
                "client": [ExtendedKeyUsageOID.CLIENT_AUTH],
                "both": [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH],
            }[usage]
            names = [x509.DNSName(host)]
            if host == "localhost":
                names.append(x509.IPAddress(ipaddress.ip_address("127.0.0.1")))
            builder = builder.add_extension(x509.ExtendedKeyUsage(uses), critical=False)
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        made = builder.sign(signer, hashes.SHA256())
        self._count += 1
        stem = self.folder / f"{self._count}-{name.replace(' ', '-')}"
        pem, file = stem.with_suffix(".pem"), stem.with_suffix(".key")
        pem.write_bytes(made.public_bytes(serialization.Encoding.PEM))
        protection: serialization.KeySerializationEncryption = serialization.NoEncryption()
        if encrypted:
            protection = serialization.BestAvailableEncryption(PASSWORD.encode())
        file.write_bytes(
            private.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, protection
            )
        )
        return Certified(pem, file, made, private)

    def revoke(self, *certified: Certified) -> Path:
        """A revocation list of this authority."""
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.own.x509.subject)
            .last_update(_NOW - DAY)
            .next_update(_NOW + DAY)
        )
        for each in certified:
            builder = builder.add_revoked_certificate(
                x509.RevokedCertificateBuilder()
                .serial_number(each.x509.serial_number)
                .revocation_date(_NOW - DAY)
                .build()
            )
        self._count += 1
        path = self.folder / f"{self._count}.crl.pem"
        made = builder.sign(self.own.private, hashes.SHA256())
        path.write_bytes(made.public_bytes(serialization.Encoding.PEM))
        return path
