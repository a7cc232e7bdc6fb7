"""Contexts by what comes of a handshake between two of them."""

from __future__ import annotations

import ssl
import time
from pathlib import Path

import pytest
from certified import DAY, PASSWORD, Certified, Office
from handshakes import Handshake, own

from dul.errors import InvalidTLS
from dul.tls import (
    TLS_PROFILES,
    Credentials,
    Trust,
    Verify,
    client_context,
    server_context,
    warnings_of,
)

PAIRS = [
    (name, key)
    for name in TLS_PROFILES
    for key in ("EC", "RSA")
    if name not in {"basic", "aes", "bcp195-modified"}  # what this OpenSSL can't do
    and (name, key) != ("null", "EC")  # both suites are for RSA
]


@pytest.mark.parametrize(("name", "key"), PAIRS)
def test_both_ends_of_a_profile_agree(
    name: str, key: str, office: Office, server: Certified, rsa: Certified, trust: Trust
) -> None:
    certified = server if key == "EC" else rsa
    client = client_context(TLS_PROFILES[name], trust=trust)
    shaken = Handshake(client, server_context(own(certified), TLS_PROFILES[name], verify="ignore"))
    assert shaken.done, shaken.errors
    assert shaken.client.selected_alpn_protocol() == "dicom"
    newest = TLS_PROFILES[name].newest or "TLSv1_3"
    assert shaken.client.version() == newest.replace("_", ".")
    if newest == "TLSv1_2":
        cipher = shaken.client.cipher()
        assert cipher is not None
        assert cipher[0] in TLS_PROFILES[name].suites


def test_finite_field_diffie_hellman_has_a_group_of_3072_bits(rsa: Certified, trust: Trust) -> None:
    client = client_context(
        TLS_PROFILES["bcp195-extended"], trust=trust, suites=("DHE-RSA-AES256-GCM-SHA384",)
    )
    serving = server_context(own(rsa), TLS_PROFILES["bcp195-extended"], verify="ignore")
    assert Handshake(client, serving).done


def test_one_server_with_keys_of_two_types(server: Certified, rsa: Certified, trust: Trust) -> None:
    serving = server_context(own(server), more_credentials=(own(rsa),), verify="ignore")
    for kind in ("ECDSA", "RSA"):
        client = client_context(trust=trust, suites=(f"ECDHE-{kind}-AES256-GCM-SHA384",))
        client.maximum_version = ssl.TLSVersion.TLSv1_2
        assert Handshake(client, serving).done


@pytest.mark.parametrize(
    ("verify", "sent", "good"),
    [
        ("require", "good", True), ("require", "none", False), ("require", "bad", False),
        ("if-given", "good", True), ("if-given", "none", True), ("if-given", "bad", False),
        ("ignore", "good", True), ("ignore", "none", True), ("ignore", "bad", True),
    ],
)  # fmt: skip
def test_what_a_server_does_about_clients_certificates(
    verify: str, sent: str, good: bool, office: Office, server: Certified, trust: Trust
) -> None:
    credentials = {
        "good": own(office.issue("client")), "bad": own(office.issue("bad", self_signed=True)), "none": None,
    }[sent]  # fmt: skip
    client = client_context(trust=trust, credentials=credentials)
    shaken = Handshake(client, server_context(own(server), trust=trust, verify=verify))  # type: ignore[arg-type]
    assert shaken.done is good, shaken.errors


@pytest.mark.parametrize("verify", ["require", "ignore"])
def test_a_server_of_tls_1_3_lets_no_session_be_resumed(
    verify: Verify, server: Certified, trust: Trust
) -> None:
    """Who comes again shows its certificate again."""
    calling = client_context(TLS_PROFILES["tls13"], credentials=own(server), trust=trust)
    called = server_context(own(server), TLS_PROFILES["tls13"], trust=trust, verify=verify)
    shaken = Handshake(calling, called)
    assert shaken.done
    session = shaken.client.session
    assert session is not None
    assert not session.has_ticket
    again = Handshake(calling, called, session=session)
    assert again.done
    assert not again.client.session_reused


def test_a_client_that_verifies_nothing(server: Certified) -> None:
    shaken = Handshake(client_context(verify=False), server_context(own(server), verify="ignore"))
    assert shaken.done


def test_a_client_that_does_not_look_at_the_name(office: Office, trust: Trust) -> None:
    elsewhere = server_context(own(office.issue(host="elsewhere.invalid")), verify="ignore")
    assert not Handshake(client_context(trust=trust), elsewhere).done
    assert Handshake(client_context(trust=trust, check_host_name=False), elsewhere).done


def test_a_peers_own_certificate_is_enough_to_trust_it(office: Office) -> None:
    """Its authority need not be trusted, and nobody else of that authority is."""
    one, other = office.issue("localhost"), office.issue("localhost")
    trust = Trust(files=(one.certificate,))
    for here, done in ((one, True), (other, False)):
        serving = server_context(own(here), verify="ignore")
        assert Handshake(client_context(trust=trust), serving).done is done
        calling = client_context(trust=Trust(files=(office.ca,)), credentials=own(here))
        assert Handshake(calling, server_context(own(one), trust=trust)).done is done


def test_who_trusts_nobody_is_told() -> None:
    with pytest.raises(InvalidTLS, match="nobody is trusted"):
        client_context(trust=Trust())


def test_a_server_that_asks_and_trusts_nobody_is_told(server: Certified) -> None:
    with pytest.raises(InvalidTLS, match="no client is trusted"):
        server_context(own(server))


# ---- files


@pytest.mark.parametrize("suffix", [".pem", ".crt", ".cer"])
def test_a_directory_of_authorities(
    suffix: str, office: Office, server: Certified, tmp_path: Path
) -> None:
    (tmp_path / f"authority{suffix}").write_bytes(office.ca.read_bytes())
    (tmp_path / "notes.txt").write_text("no certificate")
    client = client_context(trust=Trust(directories=(tmp_path,)))
    assert Handshake(client, server_context(own(server), verify="ignore")).done


def test_a_certificate_and_its_key_in_one_file(
    server: Certified, trust: Trust, tmp_path: Path
) -> None:
    both = tmp_path / "both.pem"
    both.write_bytes(server.certificate.read_bytes() + server.key.read_bytes())
    serving = server_context(Credentials(both), verify="ignore")
    assert Handshake(client_context(trust=trust), serving).done


def test_an_encrypted_key(office: Office, trust: Trust) -> None:
    made = office.issue("locked", encrypted=True)
    asked: list[bool] = []

    def password() -> str:
        asked.append(True)
        return PASSWORD

    credentials = Credentials(made.certificate, made.key, password)
    assert Handshake(client_context(trust=trust), server_context(credentials, verify="ignore")).done
    assert asked == [True]


def test_nobody_is_asked_for_the_password_of_an_open_key(server: Certified) -> None:
    def password() -> str:
        raise AssertionError("asked")

    server_context(Credentials(server.certificate, server.key, password), verify="ignore")


@pytest.mark.parametrize(
    ("password", "why"), [(None, "is encrypted, and there is no password"), ("no", "is wrong")]
)
def test_a_key_that_does_not_open(password: str | None, why: str, office: Office) -> None:
    made = office.issue("locked", encrypted=True)
    asked = None if password is None else lambda: password
    with pytest.raises(InvalidTLS, match=why):
        server_context(Credentials(made.certificate, made.key, asked), verify="ignore")


def test_files_that_are_no_good(office: Office, server: Certified, tmp_path: Path) -> None:
    missing, text = tmp_path / "missing", tmp_path / "text.pem"
    text.write_text("hello")
    empty = tmp_path / "empty"
    empty.mkdir()
    cases = [
        (Credentials(missing, server.key), "cannot read certificate .*missing: No such file"),
        (Credentials(server.certificate, missing), "cannot read private key .*missing: No such"),
        (Credentials(text, server.key), "text.pem holds no certificate in PEM form"),
        (Credentials(server.certificate, text), "text.pem holds no private key in PEM form"),
        (Credentials(server.key, server.certificate), "holds no certificate in PEM form"),
        (Credentials(server.certificate, office.own.key), "does not belong to certificate"),
        (own(office.issue(key="RSA1024")), "its key is too short for this TLS profile"),
    ]
    for credentials, why in cases:
        with pytest.raises(InvalidTLS, match=why):
            server_context(credentials, verify="ignore")
    for trust, why in [
        (Trust(files=(missing,)), "cannot read certificate .*missing"),
        (Trust(files=(text,)), "holds no certificate"),
        (Trust(directories=(missing,)), "is no directory"),
        (Trust(directories=(empty,)), "empty holds no certificate"),
        (Trust(files=(office.ca,), crls=(missing,)), "cannot read revocation list .*missing"),
        (Trust(files=(office.ca,), crls=(office.ca,)), "holds no revocation list in PEM form"),
    ]:
        with pytest.raises(InvalidTLS, match=why):
            client_context(trust=trust)
    for file, why in [
        (text, "text.pem holds no Diffie-Hellman parameters in PEM form"),
        (missing, "cannot read Diffie-Hellman parameters .*missing: No such file"),
    ]:
        with pytest.raises(InvalidTLS, match=why):
            server_context(own(server), verify="ignore", dh_parameters=str(file))


def test_a_directory_as_c_rehash_makes_it(office: Office, tmp_path: Path) -> None:
    (tmp_path / "0a1b2c3d.0").write_bytes(office.ca.read_bytes())
    client_context(trust=Trust(directories=(tmp_path,)))


# ---- dates


def test_warnings_of_a_certificates_time(office: Office, server: Certified) -> None:
    now = time.time()
    day = DAY.total_seconds()
    assert warnings_of(own(server), now) == []
    assert "expires in 29 days" in warnings_of(own(server), now + 335.5 * day)[0]
    assert "expired on" in warnings_of(own(server), now + 366 * day)[0]
    assert "is valid only from" in warnings_of(own(server), now - 2 * day)[0]
