"""TLS with OpenSSL's own programs, in both roles: certificates that are wrong in one way each, suites one by one."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from certified import Certified, Office
from dulcet_programs import program as ours
from peer_processes import Outcome, Service, free_port, run

pytestmark = pytest.mark.interop

WRONG = {
    "expired": ({"days": (-9, -1)}, "it has expired"),
    "not yet valid": ({"days": (1, 9)}, "it is not valid yet"),
    "self-signed": ({"self_signed": True}, "it is self-signed"),
    "of another authority": (None, "its issuer is not among"),
    "revoked": ({}, "it has been revoked"),
    "weak": ({"key": "RSA1024"}, "key"),
}
AS_SERVER = {
    **WRONG,
    "of another host": ({"host": "x.invalid"}, "not valid for 'localhost'"),
    "for clients": ({"usage": "client"}, "not meant for this purpose"),
}
AS_CLIENT = {**WRONG, "for servers": ({"usage": "server"}, "not meant for this purpose")}
SUITES = {
    "-tls1_2": [
        "ECDHE-RSA-AES128-GCM-SHA256",
        "ECDHE-RSA-AES256-GCM-SHA384",
    ],
    "-tls1_3": ["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"],
}


def issued(how: dict[str, object] | None, office: Office, elsewhere: Path) -> Certified:
    """A certificate that is wrong in this way; None: of an authority that nobody knows."""
    if how is None:
        return Office(elsewhere, "another CA").issue(key="RSA")
    return office.issue(**{"key": "RSA", **how})  # type: ignore[arg-type]


@contextmanager
def s_server(folder: Path, shown: Certified, *options: str) -> Iterator[int]:
    """OpenSSL's server, which says something that is no DICOM to the first who gets through to it."""
    port = free_port()
    command = ["openssl", "s_server", "-quiet", "-accept", str(port)]
    command += ["-cert", str(shown.certificate), "-key", str(shown.key), *options]
    # It ends where its standard input does.
    fed = f"{{ echo this is no DICOM; exec tail -f /dev/null; }} | exec {shlex.join(command)}"
    with Service(["sh", "-c", fed], port, log=folder / "s_server.log") as service:
        yield service.port


def echo(port: int, *options: str) -> Outcome:
    return run(ours("echoscu", "-v", "-ta", 5, "localhost", port, "+tla", *options))


# ---- we call


@pytest.mark.parametrize("version", SUITES)
@pytest.mark.parametrize("wrong", AS_SERVER)
def test_a_server_whose_certificate_is_wrong(
    wrong: str, version: str, office: Office, tmp_path: Path
) -> None:
    how, why = AS_SERVER[wrong]
    bad = issued(how, office, tmp_path)
    revoked = office.revoke(*[bad] * (wrong == "revoked"))
    with s_server(tmp_path, bad, version, "-cipher", "ALL:@SECLEVEL=0") as port:
        outcome = echo(port, "+cf", str(office.ca), "+crl", str(revoked))
    assert not outcome.ok
    assert why in outcome.log
    assert "this is no DICOM" not in outcome.log
    assert "Traceback" not in outcome.log


@pytest.mark.parametrize(
    ("version", "suite"), [(version, suite) for version in SUITES for suite in SUITES[version]]
)
def test_a_server_of_one_suite(version: str, suite: str, office: Office, tmp_path: Path) -> None:
    """What it says can only be read where both took its suite."""
    good = office.issue(key="RSA")
    chosen = "-ciphersuites" if version == "-tls1_3" else "-cipher"
    with s_server(tmp_path, good, version, chosen, suite) as port:
        outcome = echo(port, "+cf", str(office.ca))
    assert "is that port a DICOM application's?" in outcome.log


# ---- we are called


@pytest.mark.parametrize("version", SUITES)
@pytest.mark.parametrize("wrong", AS_CLIENT)
def test_a_client_whose_certificate_is_wrong(
    wrong: str, version: str, office: Office, tmp_path: Path
) -> None:
    how, why = AS_CLIENT[wrong]
    bad = issued(how, office, tmp_path)
    own = office.issue(key="RSA")
    revoked = office.revoke(*[bad] * (wrong == "revoked"))
    port_file = tmp_path / "port"
    options = [*own.options, "+cf", office.ca, "+crl", revoked, "--port-file", port_file]
    command = ours("storescp", "-v", "-od", tmp_path, *options, 0)
    with Service(command, port_file=port_file, log=tmp_path / "ours.log") as service:
        calling = ["openssl", "s_client", "-connect", f"localhost:{service.port}", version]
        calling += ["-cert", str(bad.certificate), "-key", str(bad.key)]
        run([*calling, "-cipher", "ALL:@SECLEVEL=0"])
        service.wait_until(lambda: why in service.log, f"say {why!r}")
    assert "the peer's certificate (CN=" in service.log
    assert "Traceback" not in service.log
