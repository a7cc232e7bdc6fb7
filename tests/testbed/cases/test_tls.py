"""The TLS cases against a mini acceptor behind TLS, and against one that has none."""

import ssl
from pathlib import Path

import pytest

from testbed import catalogue, tls_raw
from testbed.mini.acceptor import PartialKeeper
from testbed.mini.peer import Config
from testbed.mini.server import MiniServer
from testbed.runner import Runner
from testbed.selftest import judging
from testbed.settings import Settings, TlsFiles
from testbed.trial import Trial

TLS = Path(__file__).parents[3] / "fixtures" / "tls"
FIELDS = {name: getattr(judging.FAST, name) for name in Settings.__dataclass_fields__}


def server_context(*, mutual: bool) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(TLS / "server.pem", TLS / "server.key")
    context.options |= ssl.OP_NO_COMPRESSION
    context.set_ciphers("ECDHE+AESGCM")
    if mutual:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(TLS / "ca.pem")
    return context


def judge(context, selectors, **over):
    cases = catalogue.select(catalogue.cases("scp"), selectors)
    with MiniServer(Config(), PartialKeeper, context) as server:
        settings = Settings(**{**FIELDS, "port": server.port, **over})
        report = Runner(Trial(settings, "scp"), cases).run()
    return {case.id: case for case in report.cases}


def test_a_good_tls_acceptor_passes():
    found = judge(server_context(mutual=False), ["P.TLS", "P.AC.01", "P.STA6.12"], tls=True)
    # Nobody said that it wants client certificates, and it takes a client without one.
    assert found.pop("P.TLS.06").verdict == "unsupported"
    assert {id_: case.message for id_, case in found.items() if case.verdict != "pass"} == {}


def test_mutual_authentication():
    files = TlsFiles(
        ca=TLS / "ca.pem",
        cert=TLS / "client.pem",
        key=TLS / "client.key",
        expired_cert=TLS / "expired-client.pem",
        expired_key=TLS / "expired-client.key",
        unknown_cert=TLS / "unknown-client.pem",
        unknown_key=TLS / "unknown-client.key",
    )
    found = judge(server_context(mutual=True), ["P.TLS.06"], tls=True, mutual=True, tls_files=files)
    assert found["P.TLS.06"].verdict == "pass"
    assert [run.verdict for run in found["P.TLS.06"].runs] == ["pass"] * 3


def test_a_server_that_takes_anybody_fails():
    found = judge(server_context(mutual=False), ["P.TLS.06"], tls=True, mutual=True)
    assert found["P.TLS.06"].verdict == "fail"
    assert found["P.TLS.06"].runs[0].seen.startswith("AC")


def test_plain_dicom_on_the_tls_port_fails():
    with MiniServer(Config(), PartialKeeper) as plain:
        found = judge(None, ["P.TLS.01", "P.TLS.07"], tls_port=plain.port)
    assert found["P.TLS.01"].verdict == "fail"
    assert found["P.TLS.07"].verdict == "fail"
    assert found["P.TLS.07"].runs[0].seen.startswith("AC")


def alert_for(hello):
    """The level and description of the alert with which OpenSSL refuses a ClientHello."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    context = server_context(mutual=False)
    context.minimum_version = ssl.TLSVersion.TLSv1_2  # not everywhere the default
    server = context.wrap_bio(incoming, outgoing, server_side=True)
    incoming.write(hello)
    with pytest.raises(ssl.SSLError):
        server.do_handshake()
    kind, *_, level, description = outgoing.read()
    assert kind == tls_raw.ALERT
    return level, description


@pytest.mark.parametrize("version", [0x0300, 0x0301, 0x0302])
def test_hand_made_hellos_are_understood(version):
    """A server of the standard library refuses their version, not their form.

    The alert tells (RFC 5246 7.2.2); the words of the error are those of one build of OpenSSL.
    """
    hello = tls_raw.client_hello(version, tls_raw.CBC)
    assert alert_for(hello) in {(2, 70), (2, 40)}  # protocol_version, handshake_failure (SSL 3)


def test_a_malformed_hello_is_not():
    hello = bytearray(tls_raw.client_hello(0x0302, tls_raw.CBC))
    hello[5 + 4 + 2 + 32] = 33  # a session ID is 32 bytes at most
    assert alert_for(hello) == (2, 50)  # decode_error


def test_a_good_hand_made_hello_is_answered():
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = server_context(mutual=False).wrap_bio(incoming, outgoing, server_side=True)
    incoming.write(tls_raw.client_hello())
    with pytest.raises(ssl.SSLWantReadError):
        server.do_handshake()
    assert outgoing.read()[:1] == b"\x16"
