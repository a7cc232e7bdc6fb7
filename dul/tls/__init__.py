"""TLS for associations: the secure transport connection profiles of PS3.15 Annex B, as contexts.

    context = client_context(trust=Trust(files=("ca.pem",)))
    with Client("pacs.example", 2762, tls=context) as pacs:
        pacs.echo()

Nothing here is loaded unless TLS is asked for.
"""

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
