"""The two names of a cipher suite: the standard's (RFC 8446 B.4, IANA) and OpenSSL's.

OpenSSL's leaves out what goes without saying: "TLS", key exchange by RSA, CBC.
"""

from __future__ import annotations

import re

from dul.errors import InvalidTLS

__all__ = ["openssl_name"]

_STANDARD = re.compile(r"TLS_(?P<exchange>[A-Z_]+?)_WITH_(?P<cipher>[A-Z0-9_]+)")
_AES = re.compile(r"AES_(128|256)_")


def openssl_name(name: str) -> str:
    """OpenSSL's name of a cipher suite of TLS 1.2 or older, from either of its names.

    Raises:
        InvalidTLS: it is one of TLS 1.3, which are not chosen.
    """
    match = _STANDARD.fullmatch(name)
    if match is None:
        if name.startswith("TLS_"):
            raise InvalidTLS(f"{name}: Python can't choose among the cipher suites of TLS 1.3")
        return name
    exchange, cipher = match["exchange"].replace("_", "-"), match["cipher"]
    cipher = _AES.sub(r"AES\1_", cipher).replace("_CBC", "").replace("CCM_8", "CCM8")
    cipher = cipher.replace("CHACHA20_POLY1305_SHA256", "CHACHA20_POLY1305")
    cipher = cipher.replace("3DES_EDE_SHA", "DES_CBC3_SHA").replace("_", "-")
    return cipher if exchange == "RSA" else f"{exchange}-{cipher}"
