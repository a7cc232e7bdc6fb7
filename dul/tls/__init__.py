"""TLS for associations: the secure transport connection profiles of PS3.15 Annex B, as contexts.

    context = client_context(trust=Trust(files=("ca.pem",)))
    with Client("pacs.example", 2762, tls=context) as pacs:
        pacs.echo()

A name is loaded when it is first asked for: OpenSSL is, unless TLS is used, not loaded at all.
"""

from __future__ import annotations

from dul.ondemand import on_demand
from dul.values import TYPE_CHECKING

if TYPE_CHECKING:
    from dul.errors import InvalidTLS, TLSFailed
    from dul.security import CertificateFacts, Security
    from dul.tls.contexts import Verify, client_context, server_context, warnings_of
    from dul.tls.credentials import Credentials, Trust
    from dul.tls.profiles import DEFAULT, TLS_PROFILES, TLSProfile, tls_profile
    from dul.tls.suites import openssl_name

__all__ = [
    "DEFAULT",
    "TLS_PROFILES",
    "CertificateFacts",
    "Credentials",
    "InvalidTLS",
    "Security",
    "TLSFailed",
    "TLSProfile",
    "Trust",
    "Verify",
    "client_context",
    "openssl_name",
    "server_context",
    "tls_profile",
    "warnings_of",
]

_HOMES = {
    "CertificateFacts": "dul.security",
    "Credentials": "dul.tls.credentials",
    "DEFAULT": "dul.tls.profiles",
    "InvalidTLS": "dul.errors",
    "Security": "dul.security",
    "TLSFailed": "dul.errors",
    "TLSProfile": "dul.tls.profiles",
    "TLS_PROFILES": "dul.tls.profiles",
    "Trust": "dul.tls.credentials",
    "Verify": "dul.tls.contexts",
    "client_context": "dul.tls.contexts",
    "openssl_name": "dul.tls.suites",
    "server_context": "dul.tls.contexts",
    "tls_profile": "dul.tls.profiles",
    "warnings_of": "dul.tls.contexts",
}

if not TYPE_CHECKING:  # or a misspelt name would pass for one that is had on demand
    __getattr__ = on_demand(__name__, _HOMES)
