"""Certificates made on the fly, so that TLS cases need no preparation: by the program `openssl`.

The standard library cannot sign. A package that can is a heavy dependency for six certificates, and the
program is on nearly every machine that has Python's ssl. Keys are RSA of 2048 bits, which every
product takes; what is made is for tests alone and trusted by nobody who was not told to.
"""

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from .settings import TlsFiles

_CONFIG = """\
[ca]
default_ca = made
[made]
new_certs_dir = {folder}
database = {folder}/index.txt
serial = {folder}/serial
default_md = sha256
policy = any
unique_subject = no
[any]
commonName = supplied
[req]
distinguished_name = subject
[subject]
[root]
basicConstraints = critical, CA:true, pathlen:0
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[end]
basicConstraints = critical, CA:false
keyUsage = critical, digitalSignature, keyEncipherment
extendedKeyUsage = serverAuth, clientAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
subjectAltName = DNS:localhost, IP:127.0.0.1, IP:::1{host}
[elsewhere]
basicConstraints = critical, CA:false
extendedKeyUsage = serverAuth, clientAuth
subjectAltName = DNS:elsewhere.invalid
"""
# Fixed dates: a clock that is wrong by a day must not spoil a certificate.
_GOOD = ("20240101000000Z", "20500101000000Z")
_PAST = ("20010101000000Z", "20020101000000Z")
#: Name -> section of the configuration, common name, issuer ("" for itself), validity.
_MADE = {
    "ca": ("root", "dulspec CA, for tests only", "", _GOOD),
    "tester": ("end", "dulspec", "ca", _GOOD),
    "product": ("end", "localhost", "ca", _GOOD),
    "expired": ("end", "localhost", "ca", _PAST),
    "other": ("elsewhere", "elsewhere.invalid", "ca", _GOOD),
    "unknown-ca": ("root", "a CA that nobody knows", "", _GOOD),
    "unknown": ("end", "localhost", "unknown-ca", _GOOD),
}


class NoOpenSSL(Exception):
    """The program `openssl` is not there, or fails."""


@dataclass(frozen=True, slots=True)
class Certificates:
    """A folder with a CA, and certificates of it for the tester, for the product, and bad ones."""

    folder: Path

    def pem(self, name: str) -> Path:
        """A certificate's file."""
        return self.folder / f"{name}.pem"

    def key(self, name: str) -> Path:
        """The file of its private key."""
        return self.folder / f"{name}.key"

    def tester(self, *, trust_only_ours: bool) -> TlsFiles:
        """What the tester presents; the product's certificate is verified only if it is one of these."""
        return TlsFiles(
            ca=self.pem("ca") if trust_only_ours else None,
            cert=self.pem("tester"), key=self.key("tester"),
            expired_cert=self.pem("expired"), expired_key=self.key("expired"),
            unknown_cert=self.pem("unknown"), unknown_key=self.key("unknown"),
            other_cert=self.pem("other"), other_key=self.key("other"),
        )  # fmt: skip

    def product(self) -> dict[str, str]:
        """What a product's command may name: placeholder -> path."""
        return {
            "{ca}": str(self.pem("ca")),
            "{cert}": str(self.pem("product")),
            "{key}": str(self.key("product")),
        }


def made(folder: Path, host: str = "") -> Certificates:
    """Certificates in a folder; what is there already is kept, so that a product can be set up with it.

    `host` is one more name or address that the certificates are valid for.

    Raises:
        NoOpenSSL: the program is missing or fails; the text says how.
        OSError: the folder cannot be written.
    """
    folder = folder.resolve()
    there = Certificates(folder)
    if all(there.pem(name).exists() and there.key(name).exists() for name in _MADE):
        return there
    program = shutil.which("openssl")
    if program is None:
        raise NoOpenSSL(
            "the program openssl, which makes the certificates for TLS cases, is not in the PATH"
        )
    folder.mkdir(parents=True, exist_ok=True)
    work = folder / "work"
    work.mkdir(exist_ok=True)
    try:
        (work / "index.txt").write_text("")
        more = (
            f", {'IP' if host.replace('.', '').isdecimal() or ':' in host else 'DNS'}:{host}"
            if host
            else ""
        )
        (work / "made.cnf").write_text(_CONFIG.format(folder=work, host=more))
        for name in _MADE:
            _make(program, there, work, name)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return there


def _make(program: str, there: Certificates, work: Path, name: str) -> None:
    section, common_name, issuer, (start, end) = _MADE[name]
    key, request = there.key(name), work / f"{name}.csr"
    config = ["-config", str(work / "made.cnf")]
    _run(
        program,
        "genpkey",
        "-algorithm",
        "RSA",
        "-pkeyopt",
        "rsa_keygen_bits:2048",
        "-out",
        str(key),
    )
    key.chmod(0o600)
    _run(program, "req", "-new", "-batch", *config, "-key", str(key), "-subj", f"/CN={common_name}",
         "-out", str(request))  # fmt: skip
    by = ["-selfsign", "-keyfile", str(key)]
    if issuer:
        by = ["-cert", str(there.pem(issuer)), "-keyfile", str(there.key(issuer))]
    _run(program, "ca", "-batch", "-notext", *config, "-extensions", section, "-rand_serial", *by,
         "-startdate", start, "-enddate", end, "-in", str(request), "-out", str(there.pem(name)))  # fmt: skip


def _run(program: str, *arguments: str) -> None:
    try:
        subprocess.run(  # noqa: S603 - our own arguments
            [program, *arguments],
            check=True,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=60,
        )
    except subprocess.CalledProcessError as error:
        last = error.stderr.decode("utf-8", "replace").strip().splitlines()[-1:]
        raise NoOpenSSL(f"openssl {arguments[0]} failed: {' '.join(last)}") from error
    except subprocess.TimeoutExpired as error:
        raise NoOpenSSL(f"openssl {arguments[0]} did not end") from error
