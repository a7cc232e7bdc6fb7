"""Each way in which a handshake fails, as the user of either end is told."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest
from certified import Certified, Office
from handshakes import Handshake, own

from dul.errors import TLSFailed
from dul.tls import TLS_PROFILES, Trust, client_context, server_context
from dul.tls.failures import broke, handshake_failed


def met(client: ssl.SSLContext, served: Certified, **keywords: object) -> Handshake:
    context = server_context(own(served), **{"verify": "ignore", **keywords})  # type: ignore[arg-type]
    return Handshake(client, context)


@pytest.mark.parametrize(
    ("wrong", "ours", "theirs"),
    [
        ({"days": (-9, -1)}, "it has expired", "certificate expired"),
        ({"days": (1, 9)}, "it is not valid yet", "bad certificate"),
        ({"host": "x.invalid"}, "certificate is not valid for 'localhost'", "bad certificate"),
        ({"self_signed": True}, "it is self-signed", "unknown ca"),
        ({"usage": "client"}, "it is not meant for this purpose", "unsupported certificate"),
    ],
)
def test_a_servers_certificate_is_refused(
    wrong: dict[str, object], ours: str, theirs: str, office: Office, trust: Trust
) -> None:
    shaken = met(client_context(trust=trust), office.issue("the server", **wrong))  # type: ignore[arg-type]
    error = shaken.failed("client")
    assert "the peer's certificate (CN=the server; issued by CN=" in str(error)
    assert ours in str(error)
    assert error.refused_by == "us"
    assert error.certificate is not None
    assert error.certificate.common_name == "the server"
    assert error.advice
    told = shaken.failed("server")
    assert (told.refused_by, told.alert) == ("peer", theirs)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"days": (-9, -1)}, "it has expired"),
        ({"days": (1, 9)}, "it is not valid yet"),
        ({"self_signed": True}, "it is self-signed"),
        ({"usage": "server"}, "it is not meant for this purpose"),
    ],
)
def test_a_clients_certificate_is_refused_by_its_name(
    version: ssl.TLSVersion,
    wrong: dict[str, object],
    why: str,
    office: Office,
    server: Certified,
    trust: Trust,
) -> None:
    caller = office.issue("the client", **wrong)  # type: ignore[arg-type]
    ours = client_context(trust=trust, credentials=own(caller))
    ours.maximum_version = version
    error = met(ours, server, trust=trust, verify="require").failed("server")
    assert "the peer's certificate (CN=the client; issued by CN=" in str(error)
    assert why in str(error)
    assert error.certificate is not None
    assert f"serial number {error.certificate.serial};" in str(error)
    assert error.certificate.serial


def test_an_authority_that_is_not_known(office: Office, server: Certified, tmp_path: Path) -> None:
    other = Office(tmp_path, "another CA")
    shaken = met(client_context(trust=Trust(files=(other.ca,))), server)
    assert "its issuer is not among the certificates that are trusted" in str(
        shaken.failed("client")
    )
    assert "it does not know who signed our certificate" in str(shaken.failed("server"))


def test_a_key_that_is_too_short(office: Office, trust: Trust) -> None:
    weak = office.issue(key="RSA1024")
    shaken = met(client_context(trust=trust), weak, profile=TLS_PROFILES["bcp195-rfc7525"])
    assert "its key is too short" in str(shaken.failed("client"))


@pytest.mark.parametrize("which", ["leaf", "chain"])
def test_revoked_certificates(which: str, office: Office, server: Certified) -> None:
    bad = office.issue("bad")
    lists = (office.revoke(bad),)
    trust = Trust(files=(office.ca,), crls=lists, revocation=which)  # type: ignore[arg-type]
    shaken = met(client_context(trust=trust), bad)
    assert "it has been revoked" in str(shaken.failed("client"))
    assert shaken.failed("server").alert == "certificate revoked"
    assert met(client_context(trust=trust), server).done
    shaken = met(
        client_context(trust=trust, credentials=own(bad)), server, trust=trust, verify="require"
    )
    assert "it has been revoked" in str(shaken.failed("server"))
    assert "our certificate has been revoked" in str(shaken.failed("client"))


def test_who_checks_without_a_list_says_so(office: Office, server: Certified) -> None:
    trust = Trust(files=(office.ca,), revocation="leaf")
    error = met(client_context(trust=trust), server).failed("client")
    assert "there is no revocation list of its issuer" in str(error)


def test_a_client_without_a_certificate(server: Certified, trust: Trust) -> None:
    shaken = met(client_context(trust=trust), server, trust=trust, verify="require")
    assert "the peer sent no certificate, and one is required" in str(shaken.failed("server"))
    error = shaken.failed("client")
    assert error.alert == "certificate required"
    assert "broke early" in str(error)
    assert error.advice == "give a certificate and its key"


def test_no_version_in_common(rsa: Certified, trust: Trust) -> None:
    old = TLS_PROFILES["bcp195-extended"]
    shaken = met(client_context(TLS_PROFILES["tls13"], trust=trust), rsa, profile=old)
    assert "only versions of TLS that are not allowed" in str(shaken.failed("server"))
    assert shaken.failed("client").alert == "protocol version"


def test_no_cipher_suite_in_common(server: Certified, trust: Trust) -> None:
    client = client_context(trust=trust, suites=("ECDHE-ECDSA-AES128-GCM-SHA256",))
    client.maximum_version = ssl.TLSVersion.TLSv1_2
    shaken = met(client, server, suites=("ECDHE-ECDSA-AES256-GCM-SHA384",))
    assert "no cipher suite is common to both" in str(shaken.failed("server"))
    assert "no cipher suite is common to both" in str(shaken.failed("client"))


def test_a_handshake_that_fails_after_the_handshake_was_another_one() -> None:
    error = ssl.SSLError(1, "")
    error.reason = "SSLV3_ALERT_HANDSHAKE_FAILURE"
    early = handshake_failed(error, None, b"\x16\x03", peer="peer", server_side=True)
    assert "no cipher suite is common to both" in str(early)
    late = broke(error, "peer", "early")
    assert "it wanted to renegotiate, perhaps" in str(late)
    assert isinstance(late, TLSFailed)
    assert late.alert == "handshake failure"


@pytest.mark.parametrize(
    ("error", "hung_up"),
    [
        (ssl.SSLEOFError(8, "EOF"), True),
        (ConnectionResetError(), True),
        (ssl.SSLError(1, ""), False),
    ],
)
def test_who_only_knocks_is_told_from_who_is_refused(error: OSError, hung_up: bool) -> None:
    failed = handshake_failed(error, None, b"", peer="peer", server_side=True)
    assert failed.hung_up is hung_up


def _found(reason: str, kind: type[ssl.SSLError] = ssl.SSLError) -> ssl.SSLError:
    error = kind(1, "")
    error.reason = reason
    error.verify_code, error.verify_message = 10, ""  # type: ignore[attr-defined]
    return error


@pytest.mark.parametrize("amid", [b"\x8a\x01", b"\x00\x00", b"GE", b"\x01\x00"])
@pytest.mark.parametrize(
    ("error", "said"),
    [
        (_found("PEER_DID_NOT_RETURN_A_CERTIFICATE"), "the peer sent no certificate"),
        (_found("TLSV13_ALERT_CERTIFICATE_REQUIRED"), "it wants a certificate of ours"),
        (_found("CERTIFICATE_VERIFY_FAILED", ssl.SSLCertVerificationError), "it has expired"),
    ],
    ids=["ours", "alert", "certificate"],
)
def test_bytes_from_the_middle_of_a_handshake_say_nothing_of_its_beginning(
    amid: bytes, error: ssl.SSLError, said: str
) -> None:
    """Who looks late at what has come finds them: OpenSSL has had the first of it."""
    for server_side in (False, True):
        failed = handshake_failed(error, None, amid, peer="peer", server_side=server_side)
        assert said in str(failed)
        assert "not TLS" not in str(failed)


@pytest.mark.parametrize("reason", ["WRONG_VERSION_NUMBER", "HTTP_REQUEST"])
def test_what_is_no_tls_is_told_by_its_first_bytes(reason: str) -> None:
    for heard, said in ((b"\x01\x00", "plain DICOM on a TLS port"), (b"GE", "speaks HTTP")):
        failed = handshake_failed(_found(reason), None, heard, peer="peer", server_side=True)
        assert said in str(failed)
