"""From a profile, certificates and trust to an `ssl.SSLContext`, for either role.

What this machine's OpenSSL can't do is an error here, at the start, and never a weaker connection.
"""

from __future__ import annotations

import os
import ssl
import time
import warnings
from collections.abc import Callable

from dul.errors import InvalidTLS
from dul.tls.credentials import Credentials, Trust, own_certificate
from dul.tls.facts import seconds_of
from dul.tls.profiles import DEFAULT, TLSProfile
from dul.values import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Literal, TypeAlias

__all__ = ["Verify", "client_context", "server_context", "warnings_of"]

Verify: TypeAlias = "Literal['require', 'if-given', 'ignore']"
"""What a server does about certificates of clients: asks and insists, asks and verifies what it is
given, or does not ask."""

_ALPN = "dicom"  # registered with IANA; RFC 9325 3.7 wants both ends to name their protocol
_DH_PARAMETERS = "ffdhe3072.pem"
_SOON = 30 * 24 * 3600  # seconds; an expiry that is nearer is warned of


def client_context(
    profile: TLSProfile = DEFAULT,
    *,
    credentials: Credentials | None = None,
    trust: Trust | None = None,
    verify: bool = True,
    check_host_name: bool = True,
    suites: tuple[str, ...] = (),
) -> ssl.SSLContext:
    """A context for an association requestor.

    Args:
        profile: versions and cipher suites.
        credentials: our certificate; None: anonymous, which a peer may not like.
        trust: whom to believe; None: whom this machine believes.
        verify: the peer must have a certificate of somebody whom we believe. Without, anybody may
            listen in and answer in the peer's name.
        check_host_name: and it must name the host that was called.
        suites: instead of the profile's for TLS 1.2 and older.

    Raises:
        InvalidTLS: a file is no good, or OpenSSL can't do what the profile wants.
    """
    context = _context(ssl.PROTOCOL_TLS_CLIENT, profile, suites)
    context.check_hostname = verify and check_host_name
    context.verify_mode = ssl.CERT_REQUIRED if verify else ssl.CERT_NONE
    trust = Trust(system=True) if trust is None else trust
    if verify and trust.is_empty:
        raise InvalidTLS(
            "nobody is trusted: name the certificate of an authority, or do not verify"
        )
    trust.load(context, ssl.Purpose.SERVER_AUTH)
    if credentials is not None:
        credentials.load(context)
    return context


def server_context(
    credentials: Credentials,
    profile: TLSProfile = DEFAULT,
    *,
    more_credentials: tuple[Credentials, ...] = (),
    trust: Trust | None = None,
    verify: Verify = "require",
    suites: tuple[str, ...] = (),
    dh_parameters: str | None = None,
    expected_name: str | None = None,
) -> ssl.SSLContext:
    """A context for an association acceptor.

    Args:
        credentials: our certificate.
        profile: versions and cipher suites.
        more_credentials: with another type of key (RSA beside ECC): the client takes what it can.
        trust: whose clients' certificates to believe.
        verify: what to do about them.
        suites: instead of the profile's for TLS 1.2 and older.
        dh_parameters: a PEM file, for DHE suites; default: the group ffdhe3072 of RFC 7919.
        expected_name: whom clients must ask for (SNI); None: whatever they like.

    Raises:
        InvalidTLS: a file is no good, or OpenSSL can't do what the profile wants.
    """
    context = _context(ssl.PROTOCOL_TLS_SERVER, profile, suites)
    _require(context, profile.server_1_3, profile)
    # A session that is resumed with a ticket shows no certificate again, and gets a new ticket, without
    # end (RFC 8446 4.6.1); RFC 9325 3.4 wants the key of tickets changed, which Python can't do. And two of
    # them take two thirds of the time that the handshake takes without.
    context.num_tickets = 0
    context.options |= ssl.OP_CIPHER_SERVER_PREFERENCE | ssl.OP_SINGLE_ECDH_USE
    if profile.needs_dh or dh_parameters is not None:
        _load_dh(context, dh_parameters)
    for each in (credentials, *more_credentials):
        each.load(context)
    trust = trust or Trust()
    if verify != "ignore":
        if trust.is_empty:
            raise InvalidTLS(
                "no client is trusted: name the certificate of an authority, or do not ask for "
                "certificates"
            )
        context.verify_mode = ssl.CERT_REQUIRED if verify == "require" else ssl.CERT_OPTIONAL
    trust.load(context, ssl.Purpose.CLIENT_AUTH)
    if expected_name is not None:
        context.sni_callback = _only(expected_name)
    return context


def _only(name: str) -> Callable[[ssl.SSLObject, str | None, ssl.SSLContext], int | None]:
    """Refuses clients that ask for another host's certificate, or for nobody's (RFC 6066 3)."""

    def judge(_: ssl.SSLObject, asked: str | None, __: ssl.SSLContext) -> int | None:
        same = asked is not None and asked.lower() == name.lower()
        return None if same else int(ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME)

    return judge


def _context(
    protocol: ssl._SSLMethod, profile: TLSProfile, suites: tuple[str, ...]
) -> ssl.SSLContext:
    context = ssl.SSLContext(protocol)
    try:
        with warnings.catch_warnings():
            # Python warns of versions before TLS 1.2; here they were asked for, by name.
            warnings.simplefilter("ignore", DeprecationWarning)
            context.minimum_version = ssl.TLSVersion[profile.oldest]
        if profile.newest is not None:
            context.maximum_version = ssl.TLSVersion[profile.newest]
    except ValueError as error:
        raise InvalidTLS(f"this OpenSSL cannot do {_versions(profile)}") from error
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
    wanted = suites or profile.suites
    if wanted:
        _set_ciphers(context, wanted, profile)
    context.set_alpn_protocols([_ALPN])
    return context


def _set_ciphers(context: ssl.SSLContext, wanted: tuple[str, ...], profile: TLSProfile) -> None:
    try:
        context.set_ciphers(":".join(wanted) + f":@SECLEVEL={profile.security_level}")
    except ssl.SSLError as error:  # it has none of them
        raise _lacking(wanted, profile) from error
    _require(context, wanted, profile)


def _require(context: ssl.SSLContext, wanted: tuple[str, ...], profile: TLSProfile) -> None:
    there = {cipher["name"] for cipher in context.get_ciphers()}
    missing = tuple(name for name in wanted if name not in there)
    if missing:
        raise _lacking(missing, profile)


def _lacking(suites: tuple[str, ...], profile: TLSProfile) -> InvalidTLS:
    hint = ""
    if any(name.startswith("TLS_") for name in suites):
        hint = " (Python turns suites of TLS 1.3 on only by OpenSSL's configuration, Ciphersuites)"
    return InvalidTLS(
        f"TLS profile {profile.name}: {ssl.OPENSSL_VERSION} does not have {', '.join(suites)}{hint}"
    )


def _versions(profile: TLSProfile) -> str:
    return f"TLS from {profile.oldest} to {profile.newest or 'the newest'}"


def _load_dh(context: ssl.SSLContext, path: str | None) -> None:
    try:
        beside = os.path.dirname(__file__)  # noqa: PTH120 - a client does without pathlib
        context.load_dh_params(path or f"{beside}/{_DH_PARAMETERS}")
    except (ssl.SSLError, ValueError) as error:
        raise InvalidTLS(f"{path} holds no Diffie-Hellman parameters in PEM form") from error
    except OSError as error:
        raise InvalidTLS(
            f"cannot read Diffie-Hellman parameters {path}: {error.strerror}"
        ) from error


def warnings_of(credentials: Credentials, now: float | None = None) -> list[str]:
    """What a user should know of our own certificate before its time is over.

    Args:
        credentials: ours.
        now: seconds since the epoch; default: the time.
    """
    facts = own_certificate(credentials)
    if facts is None:
        return []
    now = time.time() if now is None else now
    begin, end = map(seconds_of, (facts.not_before, facts.not_after))
    name = f"our certificate {facts.subject}"
    if now < begin:
        return [f"{name} is valid only from {facts.not_before}"]
    if now >= end:
        return [f"{name} expired on {facts.not_after}"]
    if end - now < _SOON:
        return [f"{name} expires in {int((end - now) // 86400)} days, on {facts.not_after}"]
    return []
