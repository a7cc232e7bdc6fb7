"""Who we are, and whom we believe: certificates and keys in files (PEM)."""

from __future__ import annotations

import os
import ssl
from collections.abc import Callable, Iterable

from dul.errors import InvalidTLS
from dul.security import CertificateFacts
from dul.tls.facts import facts_of
from dul.values import TYPE_CHECKING, dataclass

if TYPE_CHECKING:
    from typing import Literal, TypeAlias

__all__ = ["Credentials", "Revocation", "Trust", "own_certificate"]

Password: TypeAlias = Callable[[], str]
"""Asked for a key's password when the key turns out to be encrypted, and only then."""

Revocation: TypeAlias = "Literal['unchecked', 'leaf', 'chain']"
"""Whether certificates are looked up in revocation lists: the peer's own one, or all of its chain."""

_PEM_SUFFIXES = (".pem", ".crt", ".cer")


@dataclass(frozen=True, slots=True)
class Credentials:
    """Our certificate, and the key that proves it to be ours.

    Attributes:
        certificate: a PEM file; intermediate certificates may follow ours in it.
        key: a PEM file; None: it stands in the certificate's file.
        password: gives the password of an encrypted key; None: a key that is encrypted is an error.
    """

    certificate: str | os.PathLike[str]
    key: str | os.PathLike[str] | None = None
    password: Password | None = None

    def load(self, context: ssl.SSLContext) -> None:
        """Have a `context` present this certificate.

        Raises:
            InvalidTLS: a file can't be read, is no PEM file, the password is wrong, or the key is
                another certificate's.
        """
        asked = False

        def password() -> str:
            nonlocal asked
            asked = True
            return "" if self.password is None else self.password()

        _readable(self.certificate, "certificate")
        if self.key is not None:
            _readable(self.key, "private key")
        try:
            context.load_cert_chain(self.certificate, self.key, password)
        except (OSError, ValueError) as error:
            raise InvalidTLS(self._why(error, asked=asked)) from error

    def _why(self, error: Exception, *, asked: bool) -> str:
        key = os.fspath(self.key or self.certificate)
        reason = getattr(error, "reason", None) or ""
        if asked and self.password is None:
            return f"private key {key} is encrypted, and there is no password for it"
        if asked:
            return f"private key {key}: the password is wrong, or the key is damaged"
        if reason == "KEY_VALUES_MISMATCH":
            return f"private key {key} does not belong to certificate {os.fspath(self.certificate)}"
        weak = {
            "EE_KEY_TOO_SMALL": "its key is too short",
            "CA_MD_TOO_WEAK": _MD,
            "EE_MD_TOO_WEAK": _MD,
        }
        if reason in weak:
            return f"certificate {os.fspath(self.certificate)}: {weak[reason]} for this TLS profile"
        certificate = os.fspath(self.certificate)
        if not _holds(certificate, "CERTIFICATE-----"):
            return f"{certificate} holds no certificate in PEM form"
        if not _holds(key, "PRIVATE KEY-----"):
            return f"{key} holds no private key in PEM form"
        return (
            f"certificate {certificate}, private key {key}: not a PEM certificate with its private "
            f"key ({reason or error})"
        )


_MD = "its signature's hash (SHA-1 or MD5) is too weak"


@dataclass(frozen=True, slots=True)
class Trust:
    """Whose certificates are believed.

    Attributes:
        files: PEM files with certificates of authorities, or with a peer's own one.
        directories: with such files, named *.pem, *.crt or *.cer, or as OpenSSL's c_rehash does.
        crls: PEM files with revocation lists.
        revocation: whether the lists are looked at; who checks without a list refuses everybody.
        system: believe also whom this machine believes.
    """

    files: tuple[str | os.PathLike[str], ...] = ()
    directories: tuple[str | os.PathLike[str], ...] = ()
    crls: tuple[str | os.PathLike[str], ...] = ()
    revocation: Revocation = "unchecked"
    system: bool = False

    @property
    def is_empty(self) -> bool:
        """No certificate of a peer would be believed."""
        return not (self.files or self.directories or self.system)

    def load(self, context: ssl.SSLContext, purpose: ssl.Purpose) -> None:
        """Have a `context` believe these; what the certificates are good for, `purpose` says.

        Raises:
            InvalidTLS: a file can't be read, or holds no certificate.
        """
        if self.system:
            context.load_default_certs(purpose)
        # So a peer's own certificate is enough; else OpenSSL goes on to who signed it.
        context.verify_flags |= ssl.VerifyFlags.VERIFY_X509_PARTIAL_CHAIN
        for file in (*self.files, *self._in_directories(context)):
            _load(context, file, "certificate")
        for file in self.crls:
            _load(context, file, "revocation list")
            # OpenSSL would take a certificate, too, and then refuse everybody for want of a list.
            if not _holds(file, "X509 CRL-----"):
                raise InvalidTLS(f"{os.fspath(file)} holds no revocation list in PEM form")
        if self.revocation == "leaf":
            context.verify_flags |= ssl.VerifyFlags.VERIFY_CRL_CHECK_LEAF
        elif self.revocation == "chain":
            context.verify_flags |= ssl.VerifyFlags.VERIFY_CRL_CHECK_CHAIN

    def _in_directories(self, context: ssl.SSLContext) -> Iterable[str]:
        for each in self.directories:
            directory = os.fspath(each)
            try:
                names = os.listdir(directory)  # noqa: PTH208 - a client does without pathlib
            except OSError as error:
                raise InvalidTLS(f"{directory} is no directory with certificates") from error
            context.load_verify_locations(capath=directory)
            found = [name for name in sorted(names) if name.endswith(_PEM_SUFFIXES)]
            # Those that c_rehash names are read by OpenSSL when they are needed.
            if not found and not any(name.rpartition(".")[2].isdigit() for name in names):
                raise InvalidTLS(
                    f"{directory} holds no certificate (*.pem, *.crt, *.cer, or named by c_rehash)"
                )
            for name in found:
                yield f"{directory}/{name}"


def _holds(path: str | os.PathLike[str], words: str) -> bool:
    """Whether a file has a beginning of such an object of PEM (RFC 7468 2)."""
    with open(path, encoding="latin-1") as file:  # noqa: PTH123 - as in `_readable`
        return any(line.startswith("-----BEGIN ") and words in line for line in file)


def own_certificate(credentials: Credentials) -> CertificateFacts | None:
    """What our certificate says; None where this Python can't tell."""
    decode = getattr(getattr(ssl, "_ssl", None), "_test_decode_cert", None)
    if decode is None:
        return None
    return facts_of(decode(os.fspath(credentials.certificate)))


def _load(context: ssl.SSLContext, file: str | os.PathLike[str], what: str) -> None:
    _readable(file, what)
    try:
        context.load_verify_locations(cafile=file)
    except (OSError, ValueError) as error:
        raise InvalidTLS(f"{os.fspath(file)} holds no {what} in PEM form") from error


def _readable(path: str | os.PathLike[str], what: str) -> None:
    # OpenSSL says "No such file or directory" of any of several files without naming it.
    try:
        with open(path, "rb"):  # noqa: PTH123 - a client does without pathlib
            pass
    except OSError as error:
        raise InvalidTLS(f"cannot read {what} {os.fspath(path)}: {error.strerror}") from error
