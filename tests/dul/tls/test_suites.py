"""Names of cipher suites, against those of the program `openssl`."""

from __future__ import annotations

import subprocess

import pytest

from dul.errors import InvalidTLS
from dul.tls.suites import openssl_name


def pairs() -> list[tuple[str, str]]:
    """All suites of TLS 1.2 that authenticate with certificates: standard's name, OpenSSL's."""
    done = subprocess.run(
        ["openssl", "ciphers", "-stdname", "ALL:eNULL:@SECLEVEL=0"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    found = [tuple(line.split()[:3:2]) for line in done.stdout.splitlines()]
    others = ("PSK", "SRP", "anon", "ARIA", "CAMELLIA")
    return [
        (each[0], each[1])
        for each in found
        if "_WITH_" in each[0] and not any(other in each[0] for other in others)
    ]


def test_each_suite_that_openssl_has() -> None:
    there = pairs()
    assert len(there) > 40
    assert {standard: openssl_name(standard) for standard, _ in there} == dict(there)


def test_an_openssl_name_is_one_already() -> None:
    assert openssl_name("ECDHE-RSA-AES256-GCM-SHA384") == "ECDHE-RSA-AES256-GCM-SHA384"
    assert openssl_name("TLS_RSA_WITH_3DES_EDE_CBC_SHA") == "DES-CBC3-SHA"


def test_suites_of_tls_1_3_are_not_chosen() -> None:
    with pytest.raises(InvalidTLS, match="can't choose"):
        openssl_name("TLS_AES_128_GCM_SHA256")
