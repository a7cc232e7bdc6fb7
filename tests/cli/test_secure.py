"""The options for TLS, at echoscu and storescu, against a server of the library."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from certified import PASSWORD, Certified, Office

from cli import echoscu, storescu
from dimse.server import Server
from dul.tls import Credentials, Trust, server_context

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture(scope="module")
def certified(office: Office) -> Certified:
    return office.issue("localhost")


@pytest.fixture(scope="module")
def client(office: Office) -> Certified:
    return office.issue("the client", usage="client")


@pytest.fixture(scope="module")
def port(office: Office, certified: Certified) -> Iterator[str]:
    """A server that asks for certificates, and takes callers without."""
    context = server_context(
        Credentials(certified.certificate, certified.key),
        trust=Trust(files=(office.ca,)),
        verify="if-given",
    )
    with Server(on_store=lambda _: 0, host="127.0.0.1", tls=context) as server:
        yield str(server.address[1])


def test_a_client_with_a_certificate(
    port: str, office: Office, client: Certified, capsys: pytest.CaptureFixture[str]
) -> None:
    line = ["-v", "localhost", port, *client.options, "+cf", str(office.ca)]
    assert echoscu.main(line) == 0
    told = capsys.readouterr().err
    assert "I: Secure connection: TLSv1.3, TLS_" in told
    assert "(256 bits), peer CN=localhost (verified)" in told


def test_the_chain_is_shown_with_d(
    port: str, office: Office, capsys: pytest.CaptureFixture[str]
) -> None:
    assert echoscu.main(["-d", "localhost", port, "+tla", "+cf", str(office.ca)]) == 0
    told = capsys.readouterr().err
    assert "D: certificate 0: CN=localhost, issued by CN=test CA, valid from" in told


def test_storescu_sends_a_file(port: str, office: Office) -> None:
    file = ROOT / "fixtures" / "dicom" / "ct-explicit.dcm"
    assert storescu.main(["localhost", port, str(file), "+tla", "+cf", str(office.ca)]) == 0


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (["+tla"], "an authority that is not trusted"),
        (["+tla", "+cf", "CA", "--request-sni", "other.host"], "not valid for 'other.host'"),
        (["+tla", "+cf", "CA", "+crv"], "no revocation list of its issuer"),
        (["+tla", "+cf", "/nowhere/ca.pem"], "cannot read certificate /nowhere/ca.pem"),
        (["+tls", "/nowhere/key", "/nowhere/cert", "-ic"], "cannot read certificate /nowhere/cert"),
        (["+tla", "-ic", "+pa"], "TLS profile aes: OpenSSL"),
        (["+tla", "-ic", "--tls-profile", "best"], "there is no TLS profile 'best'"),
        (["+tla", "-ic", "+cs", "TLS_AES_128_GCM_SHA256"], "Python can't choose"),
        (["+tla", "-ic", "+cs", "RC4"], "does not have RC4"),
        (["+cf", "CA"], "--add-cert-file only allowed with --enable-tls or --anonymous-tls\n"),
        (["+crv"], "--enable-crl-vfy only allowed with --enable-tls"),
        # As DCMTK has it: who says any of these believes to speak TLS.
        (["+pg"], "--profile-8996 only allowed with --enable-tls or --anonymous-tls\n"),
        (["--tls-profile", "best"], "--tls-profile only allowed with --enable-tls"),
        (["-rc"], "--require-peer-cert only allowed with --enable-tls or --anonymous-tls\n"),
        (["-ic"], "--ignore-peer-cert only allowed with --enable-tls"),
        (["+ps"], "--std-passwd only allowed with --enable-tls"),
        (["-pw"], "--null-passwd only allowed with --enable-tls"),
        (["+pw", "x"], "--use-passwd only allowed with --enable-tls"),
        (["--passwd-file", "x"], "--passwd-file only allowed with --enable-tls"),
    ],
)
def test_what_does_not_come_about(
    options: list[str], why: str, port: str, office: Office, capsys: pytest.CaptureFixture[str]
) -> None:
    options = [str(office.ca) if each == "CA" else each for each in options]
    assert echoscu.main(["localhost", port, *options]) == 1
    told = capsys.readouterr().err
    assert why in told
    assert "Traceback" not in told


def test_names_are_checked_unless_told_otherwise(
    office: Office, certified: Certified, capsys: pytest.CaptureFixture[str]
) -> None:
    elsewhere = office.issue(host="elsewhere.invalid")
    context = server_context(Credentials(elsewhere.certificate, elsewhere.key), verify="ignore")
    with Server(host="127.0.0.1", tls=context) as server:
        line = ["127.0.0.1", str(server.address[1]), "+tla", "+cf", str(office.ca)]
        assert echoscu.main(line) == 1
        assert "certificate is not valid for '127.0.0.1'" in capsys.readouterr().err
        for option in ("--no-host-check", "--dcmtk-defaults"):
            assert echoscu.main([*line, option]) == 0


def test_who_verifies_nothing_is_warned(port: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert echoscu.main(["localhost", port, "+tla", "-ic"]) == 0
    assert "W: the peer's certificate is not verified (-ic)" in capsys.readouterr().err


def test_an_expired_certificate_of_ours_is_warned_of(
    port: str, office: Office, capsys: pytest.CaptureFixture[str]
) -> None:
    old = office.issue("old", days=(-9, -1))
    assert echoscu.main(["localhost", port, *old.options, "+cf", str(office.ca)]) == 1
    told = capsys.readouterr().err
    assert "W: our certificate CN=old expired on" in told
    assert "our certificate has expired, or is not valid yet" in told


def test_a_cipher_suite_by_either_name(
    port: str, office: Office, capsys: pytest.CaptureFixture[str]
) -> None:
    line = ["-v", "localhost", port, "+tla", "+cf", str(office.ca), "+pz"]
    for name in ("ECDHE-ECDSA-AES128-GCM-SHA256", "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"):
        assert echoscu.main([*line, "+cs", name]) == 0
        assert "TLSv1.2, ECDHE-ECDSA-AES128-GCM-SHA256 (128 bits)" in capsys.readouterr().err


# ---- passwords


@pytest.fixture(scope="module")
def locked(office: Office) -> Certified:
    return office.issue("locked", encrypted=True)


def test_a_password_in_a_file(port: str, office: Office, locked: Certified, tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text(f"{PASSWORD}\nanother line\n")
    line = ["localhost", port, *locked.options, "+cf", str(office.ca), "--passwd-file", str(file)]
    assert echoscu.main(line) == 0


def test_a_password_in_the_environment(
    port: str, office: Office, locked: Certified, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEY_PASSWORD", PASSWORD)
    line = [
        "localhost",
        port,
        *locked.options,
        "+cf",
        str(office.ca),
        "--passwd-env",
        "KEY_PASSWORD",
    ]
    assert echoscu.main(line) == 0


def test_a_password_that_is_asked_for(
    port: str, office: Office, locked: Certified, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def answer(prompt: str) -> str:
        asked.append(prompt)
        return PASSWORD

    monkeypatch.setattr("getpass.getpass", answer)
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    assert echoscu.main(["localhost", port, *locked.options, "+cf", str(office.ca)]) == 0
    assert asked == [f"Password of private key {locked.key}: "]


@pytest.mark.parametrize(("said", "code"), [(PASSWORD + "\n", 0), ("", 1)])
def test_a_password_without_a_terminal(
    said: str, code: int, port: str, office: Office, locked: Certified
) -> None:
    """Standard input may be a pipe with it; what Python says of its terminal is nobody's business."""
    line = ["localhost", port, *locked.options, "+cf", str(office.ca)]
    done = subprocess.run(
        [sys.executable, "-m", "cli.echoscu", *line],
        input=said,
        capture_output=True,
        text=True,
        check=False,
        start_new_session=True,
        timeout=60,
    )
    assert done.returncode == code, done.stderr
    assert "Warning" not in done.stderr
    whole = (
        f"error: there is no terminal on which to ask for the password of private key {locked.key}"
    )
    assert (whole in done.stderr.splitlines()) is (code == 1)


def test_a_password_on_the_command_line_is_warned_of(
    port: str, office: Office, locked: Certified, capsys: pytest.CaptureFixture[str]
) -> None:
    line = ["localhost", port, *locked.options, "+cf", str(office.ca), "+pw", PASSWORD]
    assert echoscu.main(line) == 0
    told = capsys.readouterr().err
    assert "everybody on this machine can see the password" in told
    assert PASSWORD not in told


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (["+pw", "no"], "the password is wrong, or the key is damaged"),
        (["-pw"], "the password is wrong, or the key is damaged"),
        (["--passwd-env", "NO_SUCH_VARIABLE"], "there is no environment variable NO_SUCH_VARIABLE"),
        (["--passwd-file", "/nowhere/file"], "cannot read the password in /nowhere/file"),
    ],
)
def test_passwords_that_open_nothing(
    options: list[str],
    why: str,
    port: str,
    locked: Certified,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert echoscu.main(["localhost", port, *locked.options, "-ic", *options]) == 1
    assert why in capsys.readouterr().err


def test_who_speaks_no_tls_to_a_tls_port_is_told_what_to_try(
    port: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The peer hangs up without a word."""
    assert echoscu.main(["localhost", port]) == 1
    advice = "F: Try: see the peer's log; it may take nothing but TLS on that port (+tla, +tls)"
    assert advice in capsys.readouterr().err.splitlines()


# ---- what is listed


def test_profiles_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert storescu.main(["+ph"]) == 0
    told = capsys.readouterr().out
    assert "bcp195-modified  Modified BCP 195" in told
    assert "(PS3.15 B.3, retired)" in told


def test_ciphers_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert storescu.main(["+cc", "+pz"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "TLS profile bcp195-extended:"
    assert "ECDHE-RSA-AES256-GCM-SHA384        TLSv1.2" in lines
