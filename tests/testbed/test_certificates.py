"""Certificates made on the fly are what they are called, and TLS cases run without any preparation."""

import shlex
import shutil
import ssl
import sys

import pytest

from testbed import certificates, cli, result_files
from testbed.mini.acceptor import PartialKeeper
from testbed.mini.peer import Config
from testbed.mini.server import MiniServer

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return certificates.made(tmp_path_factory.mktemp("made"), "pacs.example")


def handshake(made, name, *, host="localhost", trust="ca"):
    """A handshake in memory with a server that presents one of them; raises what the client raises."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(made.pem(name), made.key(name))
    client = ssl.create_default_context(cafile=str(made.pem(trust)))
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [
        client.wrap_bio(to_client, to_server, server_hostname=host),
        server.wrap_bio(to_server, to_client, server_side=True),
    ]
    for end in (*ends, *ends, ends[0]):
        try:
            end.do_handshake()
        except ssl.SSLWantReadError:
            continue
    return ends[0].version()


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "pacs.example"])
def test_good_ones_are_good(made, host):
    assert handshake(made, "tester", host=host) == "TLSv1.3"
    assert handshake(made, "product", host=host) == "TLSv1.3"


@pytest.mark.parametrize(
    ("name", "words"),
    [("expired", "expired"), ("unknown", "unable to get"), ("other", "Hostname mismatch")],
)
def test_bad_ones_are_bad_in_one_way(made, name, words):
    with pytest.raises(ssl.SSLCertVerificationError, match=words):
        handshake(made, name)
    if name == "other":
        assert handshake(made, name, host="elsewhere.invalid")
    if name == "unknown":
        assert handshake(made, name, trust="unknown-ca")


def test_what_is_there_is_kept(made):
    before = made.pem("product").read_bytes()
    assert certificates.made(made.folder) == made
    assert made.pem("product").read_bytes() == before


def test_a_missing_program_is_named(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(certificates.shutil, "which", lambda _name: None)
    with pytest.raises(certificates.NoOpenSSL, match="openssl"):
        certificates.made(tmp_path / "none")
    assert cli.main(["scp", "127.0.0.1", "1", "--tls", "--certificates", str(tmp_path / "d")]) == 2
    assert "give --cert and --key" in capsys.readouterr().err


def secure(made, *, mutual):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made.pem("product"), made.key("product"))
    context.options |= ssl.OP_NO_COMPRESSION
    context.set_ciphers("ECDHE+AESGCM")
    if mutual:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(made.pem("ca"))
    return context


@pytest.mark.parametrize("mutual", [False, True])
def test_no_tls_case_is_skipped_where_the_product_speaks_tls(made, tmp_path, mutual):
    """One option says that it does. Whether it asks for client certificates is found out."""
    result = tmp_path / "result.json"
    with MiniServer(Config(), PartialKeeper, secure(made, mutual=mutual)) as server:
        code = cli.main(
            ["scp", "127.0.0.1", str(server.port), "P.TLS", "--tls", "--called", "MINI", "-q",
             "--artim-max", "2.5", "--certificates", str(made.folder), "--json", str(result)]
        )  # fmt: skip
    verdicts = {case.id: case.verdict for case in result_files.load(result).cases}
    asked = verdicts.pop("P.TLS.06")
    assert code == 0
    assert set(verdicts.values()) == {"pass"}
    assert asked == ("pass" if mutual else "unsupported")


PRODUCT = """
import socket, ssl, sys
from dulcet.testbed import raw, messages
port, ca = int(sys.argv[1]), sys.argv[2]
context = ssl.create_default_context(cafile=ca)
context.minimum_version = ssl.TLSVersion.TLSv1_2  # Debian's Python has another default
try:
    sock = context.wrap_socket(socket.create_connection(("127.0.0.1", port)), server_hostname="127.0.0.1")
    sock.sendall(raw.associate_rq())
    assert sock.recv(4096)[0] == 2
    sock.sendall(messages.command_pdu(messages.echo_rq(1)))
    assert sock.recv(4096)[0] == 4
    sock.sendall(raw.release_rq())
    assert sock.recv(4096)[0] == 6
except (OSError, AssertionError, IndexError):
    sys.exit(1)
"""


def test_a_requestor_is_given_the_ca_that_it_may_trust(tmp_path):
    """--exec-tls: the plain command serves the other cases, this one those about TLS."""
    script, result = tmp_path / "product.py", tmp_path / "result.json"
    script.write_text(PRODUCT)
    secure = f"{shlex.quote(sys.executable)} {script} {{port}} {{ca}}"
    mini = (
        f'{shlex.quote(sys.executable)} -c "import sys; from testbed.mini.process import Thread; '
        "from testbed.mini.peer import Config; from pathlib import Path; "
        "t = Thread(Config(), int(sys.argv[1]), [Path(sys.argv[2])], echo=False); "
        'sys.exit(t.wait(20))" {port} {file}'
    )
    code = cli.main(
        ["scu", "--exec", mini, "--exec-tls", secure, "U.TLS", "--check-host", "-q",
         "--json", str(result)]
    )  # fmt: skip
    cases = {case.id: case for case in result_files.load(result).cases}
    assert {id_: case.verdict for id_, case in cases.items()} == {
        f"U.TLS.0{n}": "pass" for n in range(1, 6)
    }
    assert "taken: TLSv1.3, TLS_AES_256_GCM_SHA384" in cases["U.TLS.05"].message
    assert code == 0
