"""TLS with other stacks, in both roles: who is taken, who is refused, and what is said of it."""

from __future__ import annotations

import json
import os
import shlex
import ssl
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from certified import FIVE_SUITES, Certified, Office
from dulcet_programs import program as ours
from installed import program
from peer_files import fixtures, stored
from peer_processes import ROOT, Outcome, Service, free_port, run
from peers import JAVA, PIXELMED, need

from dimse.passwords import entry

pytestmark = pytest.mark.interop

TLS_1_2 = ["--tls-profile", "bcp195-extended"]
TLS_1_3 = ["--tls-profile", "tls13"]
VERSIONS = [pytest.param(TLS_1_2, "TLSv1.2", id="1.2"), pytest.param(TLS_1_3, "TLSv1.3", id="1.3")]


@pytest.fixture(scope="module")
def server(office: Office) -> Certified:
    return office.issue("localhost", key="RSA")


@pytest.fixture(scope="module")
def client(office: Office) -> Certified:
    return office.issue("the client", key="RSA")


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Certified:
    """Of an authority that nobody knows."""
    return Office(tmp_path_factory.mktemp("elsewhere"), "another CA").issue("a stranger")


@contextmanager
def dcmtk_storescp(folder: Path, *options: str) -> Iterator[Service]:
    need("dcmtk")
    port = free_port()
    command = [program("dcmtk", "storescp"), "-v", "-od", str(folder), *options, str(port)]
    with Service(command, port, log=folder.parent / "dcmtk.log") as service:
        yield service


@contextmanager
def our_storescp(folder: Path, *options: str) -> Iterator[Service]:
    port_file = folder.parent / "port"
    command = ours("storescp", "-v", "-od", folder, "--port-file", port_file, *options, 0)
    with Service(command, port_file=port_file, log=folder.parent / "ours.log") as service:
        yield service


def echo(port: int, *options: str) -> Outcome:
    return run(ours("echoscu", "-v", "localhost", port, *options))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "received"
    made.mkdir()
    return made


# ---- DCMTK is called


@pytest.mark.parametrize(("version", "name"), VERSIONS)
def test_objects_to_dcmtk(
    version: list[str],
    name: str,
    office: Office,
    server: Certified,
    client: Certified,
    folder: Path,
) -> None:
    files = [each.path for each in fixtures(None).values()][:5]
    authority = ["+cf", str(office.ca)]
    with dcmtk_storescp(folder, "+B", "+xa", *server.options, *authority) as service:
        line = ["-v", "localhost", service.port, *files, *client.options, *authority, *version]
        outcome = run(ours("storescu", *line))
        assert outcome.ok, outcome.log + service.log
        assert f"Secure connection: {name}, " in outcome.log
        assert "peer CN=localhost (verified)" in outcome.log
    assert len(stored(folder)) == len(files)


@pytest.mark.parametrize(
    ("mode", "sends", "good"),
    [
        ("-rc", "client", True), ("-rc", "nothing", False), ("-rc", "stranger", False),
        ("-vc", "client", True), ("-vc", "nothing", True), ("-vc", "stranger", False),
        ("-ic", "client", True), ("-ic", "nothing", True), ("-ic", "stranger", True),
    ],
)  # fmt: skip
def test_modes_of_dcmtk(
    mode: str, sends: str, good: bool, office: Office, server: Certified, client: Certified,
    stranger: Certified, folder: Path,
) -> None:  # fmt: skip
    sent = {"client": client.options, "stranger": stranger.options, "nothing": ["+tla"]}[sends]
    with dcmtk_storescp(folder, *server.options, "+cf", str(office.ca), mode) as service:
        outcome = echo(service.port, *sent, "+cf", str(office.ca))
    assert outcome.ok is good, outcome.log + service.log
    if not good:
        assert "the peer refused with the alert" in outcome.log
        assert "Traceback" not in outcome.log


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"days": (-9, -1)}, "it has expired"),
        ({"days": (1, 9)}, "it is not valid yet"),
        ({"host": "x.invalid"}, "certificate is not valid for 'localhost'"),
        ({"self_signed": True}, "it is self-signed"),
        ({"usage": "client"}, "it is not meant for this purpose"),
    ],
)
def test_bad_certificates_of_dcmtk(
    wrong: dict[str, object], why: str, office: Office, folder: Path
) -> None:
    bad = office.issue(key="RSA", **wrong)  # type: ignore[arg-type]
    with dcmtk_storescp(folder, *bad.options, "-ic") as service:
        outcome = echo(service.port, "+tla", "+cf", str(office.ca))
        assert not outcome.ok
        assert why in outcome.log
        assert echo(service.port, "+tla", "-ic").ok


def test_a_server_of_dcmtks_that_is_plain(folder: Path) -> None:
    with dcmtk_storescp(folder) as service:
        outcome = echo(service.port, "+tla", "-ic")
    assert not outcome.ok
    assert "TLS handshake with localhost" in outcome.log


# ---- DCMTK calls


def dcmtk(tool: str, port: int, *options: str) -> Outcome:
    need("dcmtk")
    return run([program("dcmtk", tool), "-v", *options, "localhost", str(port)])


@pytest.mark.parametrize(("version", "name"), VERSIONS)
def test_objects_of_dcmtk(
    version: list[str],
    name: str,
    office: Office,
    server: Certified,
    client: Certified,
    folder: Path,
) -> None:
    need("dcmtk")
    files = [str(each.path) for each in fixtures({"1.2.840.10008.1.2.1"}).values()][:5]
    authority = ["+cf", str(office.ca)]
    with our_storescp(folder, *server.options, *authority, *version) as service:
        line = ["-v", *client.options, *authority, "localhost", str(service.port), *files]
        outcome = run([program("dcmtk", "storescu"), *line])
        assert outcome.ok, outcome.log + service.log
        assert f"Secure connection: {name}, " in service.log
        assert "peer CN=the client (verified)" in service.log
    assert len(stored(folder)) == len(files)


@pytest.mark.parametrize(
    ("mode", "sends", "why"),
    [
        ("-rc", "client", ""), ("-rc", "nothing", "the peer sent no certificate"),
        ("-rc", "stranger", "its issuer is not among"),
        ("-vc", "client", ""), ("-vc", "nothing", ""), ("-vc", "stranger", "its issuer is not among"),
        ("-ic", "client", ""), ("-ic", "nothing", ""), ("-ic", "stranger", ""),
    ],
)  # fmt: skip
def test_our_modes(
    mode: str, sends: str, why: str, office: Office, server: Certified, client: Certified,
    stranger: Certified, folder: Path,
) -> None:  # fmt: skip
    sent = {"client": client.options, "stranger": stranger.options, "nothing": ["+tla"]}[sends]
    with our_storescp(folder, *server.options, "+cf", str(office.ca), mode) as service:
        outcome = dcmtk("echoscu", service.port, *sent, "+cf", str(office.ca))
        if why:
            service.wait_until(lambda: why in service.log, f"say {why!r}")
    assert outcome.ok is not bool(why), outcome.log + service.log
    assert "Traceback" not in service.log


def test_a_revoked_client(
    office: Office, server: Certified, client: Certified, folder: Path
) -> None:
    bad = office.issue("revoked client", key="RSA")
    options = ["+cf", str(office.ca), "+crl", str(office.revoke(bad))]
    with our_storescp(folder, *server.options, *options) as service:
        assert dcmtk("echoscu", service.port, *client.options, "+cf", str(office.ca)).ok
        dcmtk("echoscu", service.port, *bad.options, "+cf", str(office.ca))
        service.wait_until(lambda: "it has been revoked" in service.log, "refuse it")


def test_a_plain_call_of_dcmtks(server: Certified, folder: Path) -> None:
    with our_storescp(folder, *server.options, "-ic") as service:
        dcmtk("echoscu", service.port)
        service.wait_until(lambda: "plain DICOM on a TLS port" in service.log, "name it")
    assert "W: Connection from 127.0.0.1:" in service.log


# ---- others


def test_pynetdicom_in_both_roles(
    office: Office, server: Certified, client: Certified, folder: Path
) -> None:
    need("pynetdicom")
    from pynetdicom import AE  # it takes its time, and may not be there

    theirs = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    theirs.load_cert_chain(server.certificate, server.key)
    theirs.verify_mode = ssl.CERT_REQUIRED
    theirs.load_verify_locations(office.ca)
    ae = AE()
    ae.add_supported_context("1.2.840.10008.1.1")
    scp = ae.start_server(("127.0.0.1", 0), block=False, ssl_context=theirs)
    try:
        port = scp.socket.getsockname()[1]
        outcome = echo(port, *client.options, "+cf", str(office.ca))
        assert outcome.ok, outcome.log
    finally:
        scp.shutdown()
    with our_storescp(folder, *server.options, "+cf", str(office.ca)) as service:
        calling = ssl.create_default_context(cafile=str(office.ca))
        calling.load_cert_chain(client.certificate, client.key)
        ae = AE()
        ae.add_requested_context("1.2.840.10008.1.1")
        association = ae.associate("127.0.0.1", service.port, tls_args=(calling, "localhost"))
        assert association.is_established
        assert association.send_c_echo().Status == 0
        association.release()


def test_orthanc(office: Office, server: Certified, client: Certified, tmp_path: Path) -> None:
    need("orthanc")
    from peer_orthanc import start_orthanc

    orthanc = start_orthanc(
        tmp_path,
        DicomTlsEnabled=True,
        DicomTlsCertificate=str(server.certificate),
        DicomTlsPrivateKey=str(server.key),
        DicomTlsTrustedCertificates=str(office.ca),
        DicomTlsRemoteCertificateRequired=True,
    )
    with orthanc.service as service:
        good = echo(service.port, *client.options, "+cf", str(office.ca), "-c", "ORTHANC")
        assert good.ok, good.log + service.log
        assert not echo(service.port, "+tla", "+cf", str(office.ca), "-c", "ORTHANC").ok


def test_pixelmed_in_both_roles(
    office: Office, server: Certified, client: Certified, folder: Path
) -> None:
    """It knows the suites of the retired profile B.3 alone, which B.9's contain."""
    need("pixelmed")
    java = [JAVA]
    for name, store in (("keyStore", "own.p12"), ("trustStore", "trusted.p12")):
        java += [f"-Djavax.net.ssl.{name}={folder.parent / store}"]
        java += [f"-Djavax.net.ssl.{name}Password=changeit"]
    java += ["-cp", PIXELMED]

    def keep(own: Certified) -> None:
        pkcs12 = ["openssl", "pkcs12", "-export", "-passout", "pass:changeit"]
        pkcs12 += ["-out", str(folder.parent / "own.p12")]
        run([*pkcs12, "-in", str(own.certificate), "-inkey", str(own.key)])

    keytool = ["keytool", "-importcert", "-noprompt", "-alias", "ca", "-file", str(office.ca)]
    keytool += ["-keystore", str(folder.parent / "trusted.p12"), "-storepass", "changeit"]
    run([*keytool, "-storetype", "PKCS12"])
    keep(client)
    authority = ["+cf", str(office.ca), "+px"]
    with our_storescp(folder, *server.options, *authority) as service:
        port = str(service.port)
        called = ["com.pixelmed.network.VerificationSOPClassSCU", "localhost", port]
        outcome = run([*java, *called, "ANY-SCP", "PIXELMED", "SECURE"])
        assert "was successful" in outcome.log
        assert "AES128-SHA (128 bits), peer CN=the client (verified)" in service.log
    keep(server)
    port = free_port()
    command = [*java, "com.pixelmed.network.StorageSOPClassSCPDispatcher", str(port), "PIXELMED"]
    command += ["16384", "0", "0", str(folder), "SECURE"]
    with Service(command, port, log=folder.parent / "pixelmed.log"):
        outcome = echo(port, "-c", "PIXELMED", *client.options, *authority)
        assert outcome.ok, outcome.log


# ---- cipher suites one by one, by OpenSSL's own program

PAGE = ROOT / "docs" / "tls.md"
VERSIONS_TRIED = {
    "TLS 1.0": "-tls1",
    "TLS 1.1": "-tls1_1",
    "TLS 1.2": "-tls1_2",
    "TLS 1.3": "-tls1_3",
}


def table() -> dict[str, dict[str, str]]:
    """The table of the page: by profile, what each version and suite is marked with."""
    lines = PAGE.read_text("utf-8").splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("| tried |"))
    rows = [[cell.strip(" `") for cell in line.strip("|").split("|")] for line in lines[start:]]
    rows = rows[: rows.index([""])]
    names, marks = rows[0][1:], rows[2:]
    return {name: {row[0]: row[index] for row in marks} for index, name in enumerate(names, 1)}


TABLE = table()


def test_who_wants_to_renegotiate_is_not_listened_to(
    server: Certified, office: Office, folder: Path
) -> None:
    with our_storescp(folder, *server.options, "-ic") as service:
        done = subprocess.run(
            ["openssl", "s_client", "-connect", f"localhost:{service.port}", "-tls1_2"],
            check=False, input="R\n", capture_output=True, text=True, timeout=30,
        )  # fmt: skip
        assert "RENEGOTIATING" in done.stdout + done.stderr
        assert "no renegotiation" in done.stderr
        assert echo(service.port, "+tla", "+cf", str(office.ca)).ok


def shakes(port: int, *options: str) -> bool:
    """Whether OpenSSL comes to an end of its handshake, offering this and nothing else."""
    done = subprocess.run(
        ["openssl", "s_client", "-connect", f"localhost:{port}", "-brief", *options],
        check=False, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30,
    )  # fmt: skip
    return "CONNECTION ESTABLISHED" in done.stderr


def taken(port: int, tried: str) -> bool:
    """Whether an acceptor takes a version, or a suite."""
    if tried in VERSIONS_TRIED:
        return shakes(port, VERSIONS_TRIED[tried], "-cipher", "ALL:eNULL:@SECLEVEL=0")
    if tried.startswith("TLS_"):
        return shakes(port, "-tls1_3", "-ciphersuites", tried)
    return shakes(port, "-tls1_2", "-cipher", f"{tried}:@SECLEVEL=0")


@pytest.mark.parametrize("profile", TABLE)
def test_what_a_profile_takes_and_what_not(
    profile: str, office: Office, server: Certified, five_suites: dict[str, str], tmp_path: Path
) -> None:
    """The table on the page, row by row; and nothing that PS3.15 requires is missing in it."""
    keys = {"RSA": server, "ECDSA": office.issue("localhost")}
    found: dict[str, bool] = {}
    for key, certified in keys.items():
        folder = tmp_path / key / "received"
        folder.mkdir(parents=True)
        options = [*certified.options, "-ic", "--tls-profile", profile]
        if (profile, key) == ("null", "ECDSA"):
            continue  # both of its suites are for RSA
        port_file = folder.parent / "port"
        command = ours("storescp", "--ignore", "--port-file", port_file, *options, 0)
        log = folder.parent / "log"
        environment = five_suites if profile == "bcp195-modified" else {}
        with Service(command, port_file=port_file, log=log, env=environment) as service:
            for tried in TABLE[profile]:
                if ("ECDSA" in tried) is (key == "ECDSA"):
                    found[tried] = taken(service.port, tried)
    marks = TABLE[profile]
    assert {tried for tried, is_taken in found.items() if is_taken} == {
        tried for tried, mark in marks.items() if mark
    }
    assert "missing" not in marks.values()


# ---- the testbed's cases about TLS, profile by profile, with certificates of its own

CLAIMS = {"B.10": "+py", "B.11": "+pz", "B.12": "+pg", "B.13": "+pm"}


def dulspec(
    role: str, tmp_path: Path, *line: object, environment: dict[str, str]
) -> dict[str, Counter[str]]:
    """The verdicts by group of cases: "P.TLS" -> how many of each."""
    result = tmp_path / "result.json"
    command = [sys.executable, "-m", "testbed", role, *map(str, line), "--json", str(result)]
    done = run(command, env=environment)
    assert result.exists(), done.log
    found: dict[str, Counter[str]] = {}
    for case in json.loads(result.read_text("utf-8"))["cases"]:
        found.setdefault(case["id"].rpartition(".")[0], Counter())[case["verdict"]] += 1
    assert done.ok, done.log
    return found


@pytest.fixture
def five_suites(tmp_path: Path) -> dict[str, str]:
    """What turns on all suites of TLS 1.3 that B.13 wants of a server."""
    file = tmp_path / "openssl.cnf"
    file.write_text(FIVE_SUITES)
    return {**os.environ, "PYTHONPATH": str(ROOT), "OPENSSL_CONF": str(file)}


@pytest.mark.parametrize("claim", CLAIMS)
def test_the_testbeds_cases_of_our_acceptor(
    claim: str, five_suites: dict[str, str], tmp_path: Path, folder: Path
) -> None:
    """With users: what it says of identities and of its storage is judged as well."""
    users = tmp_path / "users"
    users.write_text(entry("alice", "sesam") + "\n")
    plain, secure = free_port(), free_port()
    start = ours("storescp", "--host", "127.0.0.1", "-od", folder, "-ta", 3, plain)
    start += ["--tls-port", str(secure), "+tls", "{key}", "{cert}", "+cf", "{ca}", CLAIMS[claim]]
    start += ["--users", str(users), "--users-if-given"]
    group = f"P.{claim.replace('.', '')}"
    identities = ["P.NEG.*"] if claim == "B.12" else []
    verdicts = dulspec(
        "scp", tmp_path, "127.0.0.1", plain, "P.TLS.0*", *identities, f"{group}.*",
        *("--start-cmd", shlex.join(start).replace("'{", "{").replace("}'", "}")),
        *("--tls-profile", claim, "--tls-port", secure, "--mutual", "--bad-user", "alice:wrong"),
        environment=five_suites,
    )  # fmt: skip
    # A closed list that is older than TLS 1.3, which the testbed recommends.
    without_1_3 = {"non-strict": 1} if claim == "B.11" else {}
    assert verdicts["P.TLS"] == Counter({"pass": 9 - len(without_1_3)} | without_1_3)
    assert verdicts.get("P.NEG", {}) == (Counter({"pass": 14}) if identities else {})
    assert set(verdicts[group]) == {"pass"}


@pytest.mark.parametrize("claim", CLAIMS)
def test_the_testbeds_cases_of_our_requestor(
    claim: str, five_suites: dict[str, str], tmp_path: Path
) -> None:
    options = ["-ta", 5, "-to", 5, "{host}", "{port}", "{file}"]
    secure = ["+tls", "{key}", "{cert}", "+cf", "{ca}", CLAIMS[claim]]
    calls = [shlex.join(ours("storescu", *more, *options)) for more in ([], secure)]
    plain, tls = (each.replace("'{", "{").replace("}'", "}") for each in calls)
    verdicts = dulspec(
        "scu", tmp_path, "U.TLS.*", "--exec", plain, "--exec-tls", tls, "--check-host",
        environment=five_suites,
    )  # fmt: skip
    assert verdicts == {"U.TLS": Counter({"pass": 5})}
