"""An access policy as a file: what it may say, and that a wrong one is an error."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dimse.access.hosts import networks
from dimse.access.policyfile import PolicyFile, parse_policy
from dimse.access.rules import AccessPolicy, AccessRule
from dimse.errors import AccessRulesError
from dimse.provider import Denied, Granted
from dimse.requests import Requestor
from dimse.tables.storage_sops import STORAGE_SOP_CLASSES

VERIFICATION, CT = "1.2.840.10008.1.1", "1.2.840.10008.5.1.4.1.1.2"

WHOLE = """
[[allow]]
name = "CT scanners"
from = ["192.0.2.0/24", "2001:db8::7"]
calling = ["CT*"]
called = "ARCHIVE"
tls = true
certificates = ["CN=ct1, O=Hospital", "DNS:ct1.example", "SHA256:%s"]
users = "alice"
services = "verification"
sop_classes = ["CTImageStorage", "1.2.3"]
transfer_syntaxes = ["RLELossless", "1.2.840.10008.1.2"]
[[allow]]
[[deny]]
calling = "CT7"
"""


def test_everything_that_a_rule_may_say() -> None:
    policy = parse_policy(WHOLE % ("ab" * 32))
    assert policy == AccessPolicy(
        allow=[
            AccessRule(
                "CT scanners",
                addresses=networks(["192.0.2.0/24", "2001:db8::7"]),
                calling=["CT*"],
                called=["ARCHIVE"],
                certificates=["CN=ct1, O=Hospital", "DNS:ct1.example", "SHA256:" + "ab" * 32],
                users=["alice"],
                tls=True,
                sop_classes=[VERIFICATION, CT, "1.2.3"],
                transfer_syntaxes=["1.2.840.10008.1.2.5", "1.2.840.10008.1.2"],
            ),
            AccessRule("[[allow]] 2"),
        ],
        deny=[AccessRule("[[deny]] 1", calling=["CT7"])],
    )
    assert policy.names_users
    assert policy.names_certificates
    assert policy.names_tls
    plain = parse_policy("[[allow]]")
    assert not any((plain.names_users, plain.names_certificates, plain.names_tls))


def test_storage_is_all_of_it() -> None:
    (rule,) = parse_policy('[[allow]]\nservices = ["storage"]').allow
    assert rule.sop_classes is not None
    assert set(rule.sop_classes) == set(STORAGE_SOP_CLASSES)
    assert not rule.permits(VERIFICATION, "1.2.840.10008.1.2")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "there is no rule [[allow]]: nobody could call"),
        ("[[deny]]\ncalling = 'X'", "there is no rule [[allow]]"),
        ("allow = 1", "a rule begins with [[allow]]"),
        ("[allow]\ncalling = 'X'", "a rule begins with [[allow]]"),
        ("[[alow]]", "alow is not known here; is allow meant?"),
        ("[[allow]]\ncaling = 'X'", "policy, [[allow]] 1: caling is not known here; is calling meant?"),
        ("[[allow]]\nname = 'n'\nzzz = 1", "[[allow]] 1 (n): zzz is not known here; there are"),
        ("[[allow]]\nname = 3", "name: it is no printable text"),
        ("[[allow]]\nfrom = '192.0.2'", "from: '192.0.2' does not appear to be"),
        ("[[allow]]\nfrom = []", "from: the list is empty: nobody would fit"),
        ("[[allow]]\nfrom = 7", "from: it is a text, or a list of texts"),
        ("[[allow]]\ncalling = ['']", "calling: it is a text, or a list of texts"),
        ("[[allow]]\ncalling = 'A\\\\B'", "an AE title is ASCII"),
        ("[[allow]]\ncalling = 'SEVENTEENLETTERSX'", "an AE title has 1 to 16 characters"),
        ("[[allow]]\ncertificates = 'ct1'", "ct1 is neither a subject"),
        ("[[allow]]\ncertificates = 'SHA256:12'", "is no fingerprint"),
        ("[[allow]]\ntls = 'yes'", "tls: it is true or false"),
        ("[[allow]]\nservices = 'storag'", "there is no service 'storag'; there are verification, storage"),
        ("[[allow]]\nsop_classes = 'CTImage'", "neither a UID nor the keyword of a SOP class; is CTImageStorage meant?"),
        ("[[allow]]\ntransfer_syntaxes = '1.02'", "'1.02' is neither a UID"),
        ("[[allow]]\n[[deny]]", "it would deny everybody"),
        ("[[allow]]\n[[deny]]\nservices = 'storage'", "services: who is denied gets nothing at all"),
        ("[[allow]\n", "is no TOML: Expected"),
        ("[[allow]]\ncalling = 'A'\ncalling = 'B'", "is no TOML: Cannot overwrite a value (at "),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(text: str, why: str) -> None:
    with pytest.raises(AccessRulesError) as caught:
        parse_policy(text)
    assert why in str(caught.value)
    assert str(caught.value).startswith("policy")


@given(st.text(max_size=60) | st.sampled_from(WHOLE.splitlines()).map(lambda line: line * 2))
def test_any_text_is_a_policy_or_an_error(text: str) -> None:
    try:
        policy = parse_policy(text)
    except AccessRulesError:
        return
    assert policy.allow


def test_a_file_that_is_read_anew(tmp_path: Path) -> None:
    path = tmp_path / "policy"
    path.write_text("[[allow]]\ncalling = 'A'\n")
    file = PolicyFile(path)
    friend, foe = Requestor("h:1", "A", "X"), Requestor("h:1", "B", "X")
    assert isinstance(file.access(friend), Granted)
    assert isinstance(file.access(foe), Denied)
    for wrong in ("[[allow]]\ncaling = 'B'\n", "", "[[allow"):
        path.write_text(wrong)
        with pytest.raises(AccessRulesError):
            file.reload()
        assert isinstance(file.access(friend), Granted)
        assert isinstance(file.access(foe), Denied)
    path.unlink()
    with pytest.raises(AccessRulesError, match="can't be read: No such file"):
        file.reload()
    assert isinstance(file.access(foe), Denied)
    path.write_text("[[allow]]\ncalling = 'B'\n")
    file.reload()
    assert isinstance(file.access(friend), Denied)
    assert isinstance(file.access(foe), Granted)


def test_a_file_that_others_may_not_keep(tmp_path: Path) -> None:
    path = tmp_path / "policy"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(AccessRulesError, match="no text in UTF-8"):
        PolicyFile(path)

    def check(policy: AccessPolicy) -> None:
        if policy.names_users:
            raise AccessRulesError(str(path), "no users here")

    path.write_text("[[allow]]\nusers = 'alice'\n")
    with pytest.raises(AccessRulesError, match="no users here"):
        PolicyFile(path, check)
