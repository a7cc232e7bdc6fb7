"""Profiles against what the testbed knows of PS3.15 Annex B, which was written without them."""

from __future__ import annotations

import pytest
from certified import Certified

from dul.errors import InvalidTLS
from dul.tls import DEFAULT, TLS_PROFILES, Credentials, TLSProfile, client_context, tls_profile
from dul.tls import server_context as context_for
from testbed.tls_suites import TLS_1_3
from testbed.tls_suites import TLS_PROFILES as JUDGED

LIVE = [profile for profile in TLS_PROFILES.values() if not profile.retired]
KNOWN = {judged.id: judged for judged in JUDGED.values()}


def codes(profile: TLSProfile) -> list[int]:
    """The codes of a client's suites, without those of TLS 1.3."""
    ciphers = client_context(profile, verify=False).get_ciphers()
    return [each["id"] & 0xFFFF for each in ciphers if each["id"] & 0xFFFF not in TLS_1_3]


@pytest.mark.parametrize("clause", ["B.10", "B.11", "B.12", "B.13"])
def test_required_suites_are_there(clause: str) -> None:
    assert set(KNOWN[clause].required) <= set(codes(tls_profile(clause)))


@pytest.mark.parametrize("clause", ["B.11", "B.13"])
def test_a_closed_list_has_nothing_else(clause: str) -> None:
    judged = KNOWN[clause]
    assert set(codes(tls_profile(clause))) <= {*judged.required, *(judged.optional or ())}


def test_the_order_of_the_modified_profile_is_the_standards() -> None:
    assert codes(tls_profile("B.13")) == list(KNOWN["B.13"].required)


@pytest.mark.parametrize("profile", LIVE, ids=lambda profile: profile.name)
def test_a_live_profile_knows_nothing_older_than_1_2_and_nothing_weak(profile: TLSProfile) -> None:
    context = client_context(profile, verify=False)
    assert context.minimum_version.name >= "TLSv1_2"
    assert context.security_level >= 2
    for cipher in context.get_ciphers():
        if profile.suites or cipher["id"] & 0xFFFF in TLS_1_3:  # others are not for TLS 1.3 alone
            assert cipher["aead"]
            assert cipher["strength_bits"] >= 128


def test_what_nobody_asked_for_is_not_retired() -> None:
    assert not DEFAULT.retired
    assert DEFAULT.clause == "B.12"


@pytest.mark.parametrize("name", ["B.12", "b.12", "bcp195"])
def test_a_profile_by_name_or_clause(name: str) -> None:
    assert tls_profile(name) is DEFAULT


@pytest.mark.parametrize("name", ["", "B.99", "BCP195 "])
def test_no_such_profile(name: str) -> None:
    with pytest.raises(InvalidTLS, match="there are bcp195, bcp195-modified"):
        tls_profile(name)


@pytest.mark.parametrize("name", ["basic", "aes"])
def test_what_openssl_lacks_is_an_error(name: str) -> None:
    with pytest.raises(InvalidTLS, match=f"{name}: OpenSSL .* does not have DES-CBC3-SHA"):
        client_context(TLS_PROFILES[name])


def test_a_server_of_the_modified_profile_needs_all_suites_of_tls_1_3(server: Certified) -> None:
    """Python can't turn two of them on; OpenSSL's configuration can (see the tools' tests)."""
    own = Credentials(server.certificate, server.key)
    with pytest.raises(InvalidTLS, match=r"TLS_AES_128_CCM_8_SHA256.*Ciphersuites"):
        context_for(own, tls_profile("B.13"), verify="ignore")
