"""The options for TLS at storescp: real processes, called by echoscu of the library."""

from __future__ import annotations

import os
import re
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from certified import PASSWORD, Certified, Office

from cli.storescp import main as storescp_main
from dimse.client import Client
from dimse.passwords import entry
from dul.errors import AssociationRejected, DulcetError
from dul.tls import Credentials, Trust, client_context
from dul.user_items import UserIdentity

PATIENCE = 30.0


@pytest.fixture(scope="module")
def certified(office: Office) -> Certified:
    return office.issue("localhost")


class Running:
    """A storescp, and what it has said so far."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process
        self.said = ""

    def wait_for(self, pattern: str) -> re.Match[str]:
        assert self.process.stderr is not None
        fd = self.process.stderr.fileno()
        until = time.monotonic() + PATIENCE
        while (found := re.search(pattern, self.said)) is None:
            left = until - time.monotonic()
            assert left > 0, self.said
            if select.select([fd], [], [], left)[0]:
                chunk = os.read(fd, 65536)
                assert chunk, self.said
                self.said += chunk.decode()
        return found

    @property
    def port(self) -> int:
        return int(self.wait_for(r"Listening on port (\d+)")[1])


@contextmanager
def storescp(*options: str, **environment: str) -> Iterator[Running]:
    process = subprocess.Popen(
        [sys.executable, "-m", "cli.storescp", "-v", "--ignore", "--host", "localhost", "0", *options],
        stderr=subprocess.PIPE,
        env={**os.environ, **environment},
    )  # fmt: skip
    try:
        yield Running(process)
    finally:
        process.terminate()
        process.communicate(timeout=PATIENCE)


def call(port: int, office: Office, credentials: Certified | None = None) -> None:
    ours = credentials and Credentials(credentials.certificate, credentials.key)
    context = client_context(trust=Trust(files=(office.ca,)), credentials=ours)
    Client("localhost", port, tls=context).echo()


def test_it_asks_for_certificates_and_names_who_came(office: Office, certified: Certified) -> None:
    client = office.issue("modality 7", usage="client")
    with storescp(*certified.options, "+cf", str(office.ca)) as running:
        port = running.port
        call(port, office, client)
        running.wait_for(
            r"Secure connection: TLSv1\.3, \S+ \(256 bits\), peer CN=modality 7 \(verified\)"
        )
        with pytest.raises(DulcetError, match="certificate required"):
            call(port, office)
        running.wait_for("the peer sent no certificate, and one is required")


@pytest.mark.parametrize("option", ["-vc", "-ic"])
def test_it_takes_callers_without(option: str, office: Office, certified: Certified) -> None:
    with storescp(*certified.options, "+cf", str(office.ca), option) as running:
        call(running.port, office)


def test_plain_dicom_on_a_tls_port_is_called_that(office: Office, certified: Certified) -> None:
    with storescp(*certified.options, "-ic") as running:
        with pytest.raises(DulcetError):
            Client("localhost", running.port).echo()
        running.wait_for("plain DICOM on a TLS port")


@pytest.mark.parametrize(
    ("option", "name"),
    [("-vc", "--verify-peer-cert"), ("-rc", "--require-peer-cert"), ("+pn", "--profile-null")],
)
def test_no_plain_port_is_opened_for_who_speaks_of_tls(
    option: str, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert storescp_main(["--ignore", option, "0"]) == 1
    assert f"error: {name} only allowed with --enable-tls\n" in capsys.readouterr().err


def test_http_on_a_tls_port_is_called_that(certified: Certified) -> None:
    with storescp(*certified.options, "-ic") as running:
        with socket.create_connection(("localhost", running.port), PATIENCE) as connection:
            connection.sendall(b"GET / HTTP/1.1\r\n\r\n")
            running.wait_for("TLS handshake with .* failed: the peer speaks HTTP")


def test_who_asks_for_another_name_is_refused(office: Office, certified: Certified) -> None:
    with storescp(*certified.options, "-ic", "--expect-sni", "pacs.example") as running:
        with pytest.raises(DulcetError, match="does not know the host name that we called"):
            call(running.port, office)
        running.wait_for("the peer asks for another host name than the one that is expected")


def test_certificates_are_taken_anew_at_sighup(
    office: Office, certified: Certified, tmp_path: Path
) -> None:
    pem, key = tmp_path / "pem", tmp_path / "key"
    old = office.issue(host="old.invalid")
    pem.write_bytes(old.certificate.read_bytes())
    key.write_bytes(old.key.read_bytes())
    with storescp("+tls", str(key), str(pem), "-ic") as running:
        port = running.port
        with pytest.raises(DulcetError, match="not valid for 'localhost'"):
            call(port, office)
        pem.write_text("damaged")
        running.process.send_signal(signal.SIGHUP)
        running.wait_for(
            "the certificates stay as they were: .*pem holds no certificate in PEM form"
        )
        locked = office.issue("localhost", encrypted=True)
        pem.write_bytes(locked.certificate.read_bytes())
        key.write_bytes(locked.key.read_bytes())
        running.process.send_signal(signal.SIGHUP)
        running.wait_for(
            "the certificates stay as they were: private key .* is encrypted, and nobody is"
        )
        pem.write_bytes(certified.certificate.read_bytes())
        key.write_bytes(certified.key.read_bytes())
        running.process.send_signal(signal.SIGHUP)
        running.wait_for("I: The certificates were taken anew")
        call(port, office)


def test_a_key_with_another_password_is_taken_at_sighup(office: Office, tmp_path: Path) -> None:
    """The file of the password is read anew, too."""
    locked = office.issue("localhost", encrypted=True)
    key, password = tmp_path / "key", tmp_path / "password"
    key.write_bytes(locked.key.read_bytes())
    options = ["+tls", str(key), str(locked.certificate), "-ic", "--passwd-file", str(password)]
    password.write_text(PASSWORD + "\n")
    with storescp(*options) as running:
        port = running.port
        password.write_text("wrong\n")
        running.process.send_signal(signal.SIGHUP)
        running.wait_for("the certificates stay as they were: .*the password is wrong")
        password.write_text(PASSWORD + "\n")
        running.process.send_signal(signal.SIGHUP)
        running.wait_for("I: The certificates were taken anew")
        call(port, office)


def test_several_processes_know_the_password(office: Office) -> None:
    locked = office.issue("localhost", encrypted=True)
    options = [*locked.options, "-ic", "--passwd-env", "KEY_PASSWORD", "--workers", "2"]
    with storescp(*options, KEY_PASSWORD=PASSWORD) as running:
        port = running.port
        for _ in range(6):
            call(port, office)


@pytest.mark.parametrize("workers", ["1", "2"])
@pytest.mark.parametrize(
    ("options", "why"),
    [
        (["-rc"], "no client is trusted"),
        (["-ic", "+pm"], "TLS_AES_128_CCM_8_SHA256"),
        (
            ["-ic", "+dp", "/nowhere/dh"],
            "cannot read Diffie-Hellman parameters /nowhere/dh: No such file",
        ),
    ],
)
def test_what_cannot_be_is_said_at_the_start(
    options: list[str], why: str, workers: str, certified: Certified
) -> None:
    with storescp(*certified.options, *options, "--workers", workers) as running:
        running.wait_for(f"F: cannot use TLS: .*{re.escape(why)}")
        assert running.process.wait(PATIENCE) == 1


def test_the_modified_profile_where_openssl_is_told(
    office: Office, certified: Certified, tmp_path: Path
) -> None:
    """B.13 wants all five suites of TLS 1.3 of a server."""
    configuration = tmp_path / "openssl.cnf"
    configuration.write_text(
        "openssl_conf = start\n[start]\nssl_conf = tls\n[tls]\nsystem_default = all\n[all]\n"
        "Ciphersuites = TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256:"
        "TLS_AES_128_CCM_SHA256:TLS_AES_128_CCM_8_SHA256\n"
    )
    with storescp(*certified.options, "-ic", "+pm", OPENSSL_CONF=str(configuration)) as running:
        call(running.port, office)


def test_an_access_policy_by_certificate_and_user(
    office: Office, certified: Certified, tmp_path: Path
) -> None:
    """Who has which certificate may call itself what, and a wrong file never opens the door."""
    policy, users = tmp_path / "policy.toml", tmp_path / "users"
    users.write_text(entry("alice", "sesam") + "\n")
    policy.write_text(
        "[[allow]]\nname = 'ct 1'\ncertificates = 'CN=ct1'\ncalling = 'CT1'\n"
        "[[allow]]\nname = 'people'\nusers = 'alice'\n"
    )
    ct1, ct2 = (office.issue(name, usage="client") for name in ("ct1", "ct2"))
    options = [*certified.options, "+cf", str(office.ca), "--policy", str(policy)]
    with storescp(*options, "-vc", "--users", str(users), "--users-if-given") as running:
        port = running.port

        def calls(who: Certified | None, title: str, user: UserIdentity | None = None) -> str:
            credentials = who and Credentials(who.certificate, who.key)
            context = client_context(trust=Trust(files=(office.ca,)), credentials=credentials)
            client = Client(
                "localhost", port, tls=context, calling_ae_title=title, user_identity=user
            )
            try:
                client.echo()
            except AssociationRejected as error:
                return error.reason_text
            return "accepted"

        assert calls(ct1, "CT1") == "accepted"
        running.wait_for(r"Access granted \(CT1 at \S+ calls ANY-SCP\): rule 'ct 1'")
        assert calls(ct1, "CT2") == "calling AE title not recognized"
        assert calls(ct2, "CT1") == "no reason given"
        running.wait_for("nearest is 'ct 1', but certificate 'CN=ct2' is none of CN=ct1")
        assert calls(None, "CT1") == "no reason given"
        assert calls(None, "X", UserIdentity.of_user("alice", "sesam")) == "accepted"
        assert calls(None, "X", UserIdentity.of_user("alice", "wrong")) == "no reason given"
        assert calls(ct1, "CT1", UserIdentity.of_user("alice", "wrong")) == "no reason given"

        good = policy.read_text()
        policy.write_text("[[allow]]\ncaling = 'CT1'\n")
        running.process.send_signal(signal.SIGHUP)
        running.wait_for("E: the access policy stays as it was: .*caling is not known here")
        assert calls(ct1, "CT1") == "accepted"
        assert calls(ct2, "CT1") == "no reason given"
        policy.write_text(good + "[[deny]]\nname = 'stolen'\ncertificates = 'CN=ct1'\n")
        running.process.send_signal(signal.SIGHUP)
        running.wait_for("I: The access policy was read anew")
        assert calls(ct1, "CT1") != "accepted"
        running.wait_for("rule 'stolen' denies it")


@pytest.mark.parametrize("workers", ["1", "2"])
def test_plain_and_tls_on_two_ports(
    workers: str, office: Office, certified: Certified, tmp_path: Path
) -> None:
    ports = tmp_path / "ports"
    options = [*certified.options, "-ic", "--tls-port", "0", "--port-file", str(ports)]
    with storescp(*options, "--workers", workers) as running:
        told = running.wait_for(r"Listening on port (\d+), and on port (\d+) for TLS as STORESCP")
        plain, secure = map(int, told.groups())
        assert ports.read_text() == f"{plain}\n{secure}\n"
        for _ in range(int(workers) * 2):
            Client("localhost", plain).echo()
            call(secure, office)
        with pytest.raises(DulcetError):
            call(plain, office)
        running.wait_for("the peer speaks TLS, and this end does not")
        with pytest.raises(DulcetError):
            Client("localhost", secure).echo()
        running.wait_for("plain DICOM on a TLS port")


ACTIVATED = """
import os, socket, sys
plain, secure = (socket.create_server(("127.0.0.1", 0)) for _ in "ab")
for fd, sock in ((50, plain), (51, secure)):
    os.dup2(sock.fileno(), fd)
for fd in (3, 4):
    os.dup2(fd + 47, fd)
    os.set_inheritable(fd, True)
print(plain.getsockname()[1], secure.getsockname()[1], flush=True)
os.environ |= {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "2", "LISTEN_FDNAMES": sys.argv[1]}
os.execv(sys.executable, [sys.executable, "-m", "cli.storescp", *sys.argv[2:]])
"""


@pytest.mark.parametrize("workers", ["1", "2"])
def test_two_sockets_of_systemds(workers: str, office: Office, certified: Certified) -> None:
    options = ["--ignore", *certified.options, "-ic", "--tls-port", "2762", "--workers", workers]
    command = [sys.executable, "-c", ACTIVATED, "dicom:tls", *options, "11112"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            plain, secure = map(int, process.stdout.readline().split())
            Client("127.0.0.1", plain).echo()
            call(secure, office)
        finally:
            process.terminate()
    command[3] = "dicom:other"
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == 1
    assert "must have the name tls" in done.stderr
