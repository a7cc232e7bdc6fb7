"""From the options for TLS to contexts.

Loaded where TLS is asked for, since it loads OpenSSL.
"""

from __future__ import annotations

from collections.abc import Callable
from ssl import SSLContext

from dul.errors import InvalidTLS
from dul.tls import (
    DEFAULT,
    TLS_PROFILES,
    Credentials,
    TLSProfile,
    Trust,
    client_context,
    server_context,
    tls_profile,
    warnings_of,
)

from .grammar.declaration import UsageError
from .options.tls import CallingTls, KeyPair, ServingTls, Tls
from .report import Report
from .secrets import PROMPT

__all__ = ["KeyPassword", "calling_context", "listing", "serving_context"]


def listing(settings: Tls) -> str:
    """What +ph or +cc print.

    Raises:
        UsageError: there is no such profile, or this machine can't do it.
    """
    if settings.list_profiles:
        return "".join(_profile_line(profile) for profile in TLS_PROFILES.values())
    try:
        context = client_context(_profile(settings), verify=False)
    except InvalidTLS as error:
        raise UsageError(str(error)) from error
    lines = [f"{each['name']:<34} {each['protocol']}\n" for each in context.get_ciphers()]
    return f"TLS profile {_profile(settings).name}:\n" + "".join(lines)


def _profile_line(profile: TLSProfile) -> str:
    notes = [f"PS3.15 {profile.clause}" if profile.clause else "", "retired" * profile.retired]
    notes = [note for note in notes if note]
    return f"{profile.name:<17}{profile.title}" + (f" ({', '.join(notes)})" if notes else "") + "\n"


def calling_context(settings: CallingTls, pair: KeyPair, report: Report) -> SSLContext:
    """The context of a requestor that has this key and certificate.

    Raises:
        InvalidTLS: a file is no good, or this machine can't do what the profile wants.
        UsageError: a password is not to be had.
    """
    verify = settings.verify_peer is not False
    if not verify:
        report.warn("the peer's certificate is not verified (-ic): anybody may answer in its name")
    named = bool(settings.authorities or settings.authority_directories)
    credentials = None
    if pair.key:
        _warn_of_password(settings, report)
        credentials = Credentials(pair.certificate, pair.key, KeyPassword(settings, pair))
    context = client_context(
        _profile(settings),
        credentials=credentials,
        trust=_trust(settings, system=not named),
        verify=verify,
        check_host_name=settings.check_host_name,
        suites=_suites(settings),
    )
    _warn(credentials, report)
    return context


def serving_context(
    settings: ServingTls, pair: KeyPair, report: Report, password: Callable[[], str]
) -> SSLContext:
    """The context of an acceptor that has this key and certificate.

    Raises:
        InvalidTLS, UsageError: as `calling_context`.
    """
    _warn_of_password(settings, report)
    credentials = Credentials(pair.certificate, pair.key, password)
    context = server_context(
        credentials,
        _profile(settings),
        trust=_trust(settings, system=False),
        verify=settings.client_certificates or "require",
        suites=_suites(settings),
        dh_parameters=settings.dh_parameters,
        expected_name=settings.expected_name,
    )
    _warn(credentials, report)
    return context


def _profile(settings: Tls) -> TLSProfile:
    return DEFAULT if settings.tls_profile is None else tls_profile(settings.tls_profile)


def _suites(settings: Tls) -> tuple[str, ...]:
    if not settings.ciphers:
        return ()
    from dul.tls import openssl_name  # noqa: PLC0415 - it loads regular expressions

    return tuple(openssl_name(name) for name in settings.ciphers)


class KeyPassword:
    """The password of our private key, whenever it is needed.

    A file and the environment are read anew each time. A user is asked once, and not at all when a
    server takes its certificates anew: nobody may be there, and it would wait for the answer.

    Attributes:
        may_ask: whether somebody may be asked; a server sets it to False when it has begun.
    """

    def __init__(self, settings: Tls, pair: KeyPair) -> None:
        self.may_ask = True
        self._secret = settings.key_password or PROMPT
        self._of = f"private key {pair.key}"
        self._answer: str | None = None

    def __call__(self) -> str:
        """The password.

        Raises:
            UsageError: there is none.
        """
        if self._secret.origin != "prompt":
            return self._secret.read(self._of)
        if self._answer is None:
            if not self.may_ask:
                raise UsageError(
                    f"{self._of} is encrypted, and nobody is asked for its password any more "
                    "(--passwd-file and --passwd-env are read anew)"
                )
            self._answer = self._secret.read(self._of)
        return self._answer


def _warn_of_password(settings: Tls, report: Report) -> None:
    if settings.key_password is not None and settings.key_password.is_visible:
        report.warn("everybody on this machine can see the password on the command line (+pw)")


def _warn(credentials: Credentials | None, report: Report) -> None:
    if credentials is not None:
        for warning in warnings_of(credentials):
            report.warn(warning)


def _trust(settings: Tls, *, system: bool) -> Trust:
    revocation = settings.revocation
    if settings.revocation_lists and revocation == "unchecked":
        revocation = "leaf"
    return Trust(
        files=settings.authorities,
        directories=settings.authority_directories,
        crls=settings.revocation_lists,
        revocation=revocation,
        system=system,
    )
