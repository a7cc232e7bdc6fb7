"""The secure transport connection profiles of PS3.15 Annex B, as data.

A profile says which versions of TLS and which cipher suites are used. What DICOM retired can still
be asked for by name. Suites have OpenSSL's names; those of TLS 1.3 are OpenSSL's own list, which
Python can't change.
"""

from __future__ import annotations

from dul.errors import InvalidTLS
from dul.values import TYPE_CHECKING, dataclass

if TYPE_CHECKING:
    from typing import Literal, TypeAlias

__all__ = ["DEFAULT", "TLS_PROFILES", "TLSProfile", "Version", "tls_profile"]

Version: TypeAlias = "Literal['TLSv1', 'TLSv1_2', 'TLSv1_3']"
"""A member of `ssl.TLSVersion`."""

_ECDHE_GCM = (
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-RSA-AES256-GCM-SHA384",
    "ECDHE-ECDSA-AES128-GCM-SHA256",
    "ECDHE-RSA-AES128-GCM-SHA256",
)
_CHACHA = ("ECDHE-ECDSA-CHACHA20-POLY1305", "ECDHE-RSA-CHACHA20-POLY1305")
_CCM = (
    "ECDHE-ECDSA-AES256-CCM",
    "ECDHE-ECDSA-AES256-CCM8",
    "ECDHE-ECDSA-AES128-CCM",
    "ECDHE-ECDSA-AES128-CCM8",
)
_RSA_GCM = (
    "ECDHE-RSA-AES256-GCM-SHA384",
    "DHE-RSA-AES256-GCM-SHA384",
    "ECDHE-RSA-AES128-GCM-SHA256",
    "DHE-RSA-AES128-GCM-SHA256",
)
_ECDSA_GCM = ("ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-AES128-GCM-SHA256")
_CBC = (
    "ECDHE-ECDSA-AES256-SHA",
    "ECDHE-RSA-AES256-SHA",
    "ECDHE-ECDSA-AES128-SHA",
    "ECDHE-RSA-AES128-SHA",
    "AES256-GCM-SHA384",
    "AES128-GCM-SHA256",
    "AES256-SHA",
    "AES128-SHA",
)


@dataclass(frozen=True, slots=True)
class TLSProfile:
    """One profile.

    Attributes:
        name: how it is asked for.
        clause: of PS3.15; "" for what DICOM has no profile for.
        title: the standard's title, or what it is.
        suites: for TLS 1.2 and older, the preferred first.
        oldest: version.
        newest: version; None is the newest that there is.
        retired: from the standard, so that nobody gets it without asking.
        security_level: OpenSSL's: 2 asks for keys of 2048 bits RSA or 224 bits ECC, and for no SHA-1
            in signatures; older versions than TLS 1.2 need 0.
        server_1_3: suites of TLS 1.3 that a server of this profile must have.
    """

    name: str
    clause: str
    title: str
    suites: tuple[str, ...]
    oldest: Version = "TLSv1_2"
    newest: Version | None = None
    retired: bool = False
    security_level: int = 2
    server_1_3: tuple[str, ...] = ()

    @property
    def needs_dh(self) -> bool:
        """A server needs parameters for Diffie-Hellman over finite fields."""
        return any(suite.startswith("DHE-") for suite in self.suites)


_ALL = (
    TLSProfile(
        "bcp195",
        "B.12",
        "BCP 195 RFC 8996, 9325 TLS Secure Transport Connection Profile",
        (*_ECDHE_GCM, *_CHACHA),
    ),
    TLSProfile(
        "bcp195-modified",
        "B.13",
        "Modified BCP 195 RFC 8996, 9325 TLS Secure Transport Connection Profile",
        (*_ECDHE_GCM[:2], *_CCM[:2], *_CHACHA, *reversed(_ECDHE_GCM[2:]), *_CCM[2:]),
        server_1_3=(
            "TLS_AES_256_GCM_SHA384",
            "TLS_CHACHA20_POLY1305_SHA256",
            "TLS_AES_128_GCM_SHA256",
            "TLS_AES_128_CCM_SHA256",
            "TLS_AES_128_CCM_8_SHA256",
        ),
    ),
    TLSProfile("tls13", "", "TLS 1.3 alone", (), oldest="TLSv1_3"),
    TLSProfile(
        "bcp195-rfc7525",
        "B.9",
        "BCP 195 TLS Secure Transport Connection Profile",
        (*_ECDHE_GCM, *_CHACHA, *_CBC),
        oldest="TLSv1",
        retired=True,
        security_level=0,
    ),
    TLSProfile(
        "bcp195-nd",
        "B.10",
        "Non-Downgrading BCP 195 TLS Secure Transport Connection Profile",
        (*_RSA_GCM, *_ECDSA_GCM, *_CHACHA),
        retired=True,
    ),
    TLSProfile(
        "bcp195-extended",
        "B.11",
        "Extended BCP 195 TLS Secure Transport Connection Profile",
        (*_RSA_GCM, *_ECDSA_GCM),
        newest="TLSv1_2",  # the list is closed, and older than TLS 1.3
        retired=True,
    ),
    TLSProfile(
        "basic",
        "B.1",
        "The Basic TLS Secure Transport Connection Profile",
        ("DES-CBC3-SHA",),
        oldest="TLSv1",
        newest="TLSv1_2",
        retired=True,
        security_level=0,
    ),
    TLSProfile(
        "aes",
        "B.3",
        "The AES TLS Secure Transport Connection Profile",
        ("AES128-SHA", "DES-CBC3-SHA"),
        oldest="TLSv1",
        newest="TLSv1_2",
        retired=True,
        security_level=0,
    ),
    TLSProfile(
        "null",
        "",
        "authentication and integrity, but no encryption",
        ("NULL-SHA256", "NULL-SHA"),
        newest="TLSv1_2",
        retired=True,
        security_level=0,
    ),
)

TLS_PROFILES: dict[str, TLSProfile] = {profile.name: profile for profile in _ALL}
"""All profiles by name."""

DEFAULT: TLSProfile = _ALL[0]
"""What is used if nothing else is asked for."""


def tls_profile(name: str) -> TLSProfile:
    """A profile by its name, or by its clause ("B.12").

    Raises:
        InvalidTLS: there is none.
    """
    for profile in _ALL:
        if name == profile.name or (name and name.upper() == profile.clause):
            return profile
    raise InvalidTLS(f"there is no TLS profile {name!r}; there are {', '.join(TLS_PROFILES)}")
