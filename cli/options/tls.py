"""The options for TLS, with DCMTK's spellings; what they come to is in `cli.secure`."""

from __future__ import annotations

from dul.values import TYPE_CHECKING, dataclass

from ..grammar import values as read
from ..grammar.declaration import Settings, UsageError, always, flag, repeated, setting, value
from ..secrets import PROMPT, Secret, given, in_environment, in_file

if TYPE_CHECKING:
    from typing import Final, Literal, TypeGuard

__all__ = [
    "ANONYMOUS",
    "CallingTls",
    "KeyPair",
    "ServingTls",
    "Tls",
    "asks_for_list",
    "only_with_tls",
]

_ENABLED = ("--enable-tls", "--anonymous-tls")  # of a requestor
_TITLE = "transport layer security (TLS)"


@dataclass(frozen=True, slots=True)
class KeyPair:
    """The files of our private key and certificate; without names: we have none."""

    key: str = ""
    certificate: str = ""


ANONYMOUS = KeyPair()
"""TLS without a certificate of ours."""


def _pair(key: str, certificate: str) -> KeyPair:
    return KeyPair(read.text(key), read.text(certificate))


_PLAIN = flag("-tls", "--disable-tls", value=None, help="plain TCP/IP (default)")
_WITH_KEY = value(
    "+tls",
    "--enable-tls",
    read=_pair,
    metavar="KEY CERT",
    help="TLS, with the private key and the certificate in these files",
)


class Tls(Settings, title=_TITLE):
    """What both roles have. None is what was not said: so it shows what was said without TLS."""

    key_password: Secret | None = setting(
        None,
        flag(
            "+ps",
            "--std-passwd",
            value=PROMPT,
            help="ask for the password of an encrypted private key (default)",
        ),
        value(
            "--passwd-file",
            read=in_file,
            metavar="FILE",
            help="read it from the first line of a file",
        ),
        value(
            "--passwd-env",
            read=in_environment,
            metavar="NAME",
            help="read it from an environment variable",
        ),
        value(
            "+pw",
            "--use-passwd",
            read=given,
            metavar="PASSWORD",
            help="take this one, which everybody on this machine can see",
        ),
        flag("-pw", "--null-passwd", value=given(""), help="take an empty password"),
    )
    _pem: None = always(
        "-pem", "--pem-keys", help="keys and certificates are PEM files (always so)"
    )
    authorities: tuple[str, ...] = setting(
        (),
        repeated(
            "+cf",
            "--add-cert-file",
            read=read.text,
            metavar="FILE",
            help="trust the certificates in a file, of authorities or of the peer itself",
        ),
    )
    authority_directories: tuple[str, ...] = setting(
        (),
        repeated(
            "+cd",
            "--add-cert-dir",
            read=read.text,
            metavar="DIR",
            help="trust those in the files of a directory",
        ),
    )
    revocation_lists: tuple[str, ...] = setting(
        (),
        repeated(
            "+crl",
            "--add-crl-file",
            read=read.text,
            metavar="FILE",
            help="refuse certificates that this list revokes",
        ),
    )
    revocation: Literal["unchecked", "leaf", "chain"] = setting(
        "unchecked",
        flag(
            "+crv",
            "--enable-crl-vfy",
            value="leaf",
            help="look the peer's certificate up in revocation lists; default with +crl",
        ),
        flag(
            "+cra",
            "--enable-crl-all",
            value="chain",
            help="look up those of the authorities in between as well",
        ),
    )
    tls_profile: str | None = setting(
        None,
        value(
            "--tls-profile",
            read=read.text,
            metavar="NAME",
            help="versions and cipher suites by a profile's name (+ph lists them)",
        ),
        flag("+pg", "--profile-8996", value="bcp195", help="BCP 195, RFC 9325 (default)"),
        flag("+pm", "--profile-8996-mod", value="bcp195-modified", help="the same, modified"),
        flag("+px", "--profile-bcp195", value="bcp195-rfc7525", help="BCP 195, RFC 7525 (retired)"),
        flag(
            "+py",
            "--profile-bcp195-nd",
            value="bcp195-nd",
            help="BCP 195, non-downgrading (retired)",
        ),
        flag(
            "+pz",
            "--profile-bcp195-ex",
            value="bcp195-extended",
            help="BCP 195, extended (retired)",
        ),
        flag("+pb", "--profile-basic", value="basic", help="Basic TLS (retired)"),
        flag("+pa", "--profile-aes", value="aes", help="AES TLS (retired)"),
        flag("+pn", "--profile-null", value="null", help="no encryption (retired)"),
    )
    list_profiles: bool = setting(
        False, flag("+ph", "--list-profiles", exits=True, help="list the profiles and exit")
    )
    list_ciphers: bool = setting(
        False, flag("+cc", "--list-ciphers", exits=True, help="list the cipher suites and exit")
    )
    ciphers: tuple[str, ...] = setting(
        (),
        repeated(
            "+cs",
            "--cipher",
            read=read.text,
            metavar="NAME",
            help="instead of the profile's cipher suites for TLS 1.2: this one; by its name of "
            "OpenSSL, or the standard's",
        ),
    )


class CallingTls(Tls, title=_TITLE):
    """What a requestor has."""

    tls: KeyPair | None = setting(
        None,
        _PLAIN,
        _WITH_KEY,
        flag("+tla", "--anonymous-tls", value=ANONYMOUS, help="TLS without a certificate of ours"),
    )
    verify_peer: bool | None = setting(
        None,
        flag(
            "-rc",
            "--require-peer-cert",
            value=True,
            help="the peer's certificate must be valid and trusted (default)",
        ),
        flag(
            "-ic",
            "--ignore-peer-cert",
            value=False,
            help="do not verify it: anybody may answer in the peer's name",
        ),
    )
    check_host_name: bool = setting(
        True,
        flag(
            "--no-host-check",
            value=False,
            help="and need not name the host that is called",
            needs=_ENABLED,
        ),
        dcmtk=False,
    )
    server_name: str | None = setting(
        None,
        flag(
            "--no-sni",
            value=None,
            help="ask for the certificate of the host that is called (default)",
        ),
        value(
            "--request-sni",
            read=read.text,
            metavar="NAME",
            help="ask for the certificate of NAME instead, and expect it",
            needs=_ENABLED,
        ),
    )


class ServingTls(Tls, title=_TITLE):
    """What an acceptor has."""

    tls: KeyPair | None = setting(
        None,
        _PLAIN,
        _WITH_KEY,
    )
    client_certificates: Literal["require", "if-given", "ignore"] | None = setting(
        None,
        flag(
            "-rc",
            "--require-peer-cert",
            value="require",
            help="the peer must have a certificate that is valid and trusted (default)",
        ),
        flag(
            "-vc",
            "--verify-peer-cert",
            value="if-given",
            help="it may have none, but one that it has must be so",
        ),
        flag("-ic", "--ignore-peer-cert", value="ignore", help="it is not asked for one"),
    )
    tls_port: int | None = setting(
        None,
        value(
            "--tls-port",
            read=read.listening_port,
            metavar="N",
            help="listen on this port for TLS, and on the other one for plain DICOM; 0: any free one. Of "
            "sockets that systemd opens, those named tls (FileDescriptorName=) are for TLS",
            needs=("--enable-tls",),
            excludes=["--inetd"],
        ),
    )
    dh_parameters: str | None = setting(
        None,
        value(
            "+dp",
            "--dhparam",
            read=read.text,
            metavar="FILE",
            help="parameters for DHE cipher suites (default: the group ffdhe3072 of RFC 7919)",
            needs=("--enable-tls",),
        ),
    )
    expected_name: str | None = setting(
        None,
        flag("--no-sni", value=None, help="take peers that call another name (default)"),
        value(
            "--expect-sni",
            read=read.text,
            metavar="NAME",
            help="refuse peers that do not ask for the certificate of NAME",
            needs=("--enable-tls",),
        ),
    )


_PROFILES: Final = {
    "bcp195": "--profile-8996",
    "bcp195-modified": "--profile-8996-mod",
    "bcp195-rfc7525": "--profile-bcp195",
    "bcp195-nd": "--profile-bcp195-nd",
    "bcp195-extended": "--profile-bcp195-ex",
    "basic": "--profile-basic",
    "aes": "--profile-aes",
    "null": "--profile-null",
}
_PASSWORDS: Final = {
    "prompt": "--std-passwd",
    "given": "--use-passwd",
    "file": "--passwd-file",
    "environment": "--passwd-env",
}
_VERIFYING: Final = {
    True: "--require-peer-cert",
    False: "--ignore-peer-cert",
    "require": "--require-peer-cert",
    "if-given": "--verify-peer-cert",
    "ignore": "--ignore-peer-cert",
}


def only_with_tls(settings: CallingTls | ServingTls) -> None:
    """See that nothing is said about TLS where there is none: who says it believes that there is.

    Raises:
        UsageError: an option would have no effect.
    """
    if isinstance(settings, CallingTls):
        enabling = " or ".join(_ENABLED)
        verifying = _VERIFYING.get(settings.verify_peer)
    else:
        enabling = "--enable-tls"
        verifying = _VERIFYING.get(settings.client_certificates)
    secret, profile = settings.key_password, settings.tls_profile
    said = {
        "--add-cert-file": bool(settings.authorities),
        "--add-cert-dir": bool(settings.authority_directories),
        "--add-crl-file": bool(settings.revocation_lists),
        "--enable-crl-vfy": settings.revocation != "unchecked",
        "--cipher": bool(settings.ciphers),
        _PROFILES.get(profile or "", "--tls-profile"): profile is not None,
    }
    if secret is not None:
        empty = secret.origin == "given" and not secret.text
        said["--null-passwd" if empty else _PASSWORDS[secret.origin]] = True
    if verifying is not None:
        said[verifying] = True
    for option, there in said.items():
        if there:
            raise UsageError(f"{option} only allowed with {enabling}")


def asks_for_list(settings: object) -> TypeGuard[Tls]:
    """Whether +ph or +cc is given, in a tool that has them."""
    return isinstance(settings, Tls) and (settings.list_profiles or settings.list_ciphers)
