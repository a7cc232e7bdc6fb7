"""The profiles of PS3.15 Annex B: what a server of known suites takes of each."""

import ssl
from pathlib import Path

import pytest

from testbed import catalogue, cli, result_files, tls_raw, tls_suites
from testbed.mini.acceptor import PartialKeeper
from testbed.mini.peer import Config
from testbed.mini.server import MiniServer
from testbed.selftest import judging

TLS = Path(__file__).parents[3] / "fixtures" / "tls"
ECDSA_ONLY = "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES128-GCM-SHA256"


def context(ciphers, *, only_1_2=False):
    """A server with the fixtures' certificate, whose key is on P-256."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(TLS / "server.pem", TLS / "server.key")
    made.set_ciphers(ciphers)
    if only_1_2:
        made.maximum_version = ssl.TLSVersion.TLSv1_2
    return made


def judge(tmp_path, server_context, *arguments):
    path = tmp_path / "result.json"
    with MiniServer(Config(), PartialKeeper, server_context) as server:
        code = cli.main(
            ["scp", "127.0.0.1", str(server.port), "--tls", "--called", "MINI", "-q",
             "--json", str(path), *arguments]
        )  # fmt: skip
    report = result_files.load(path)
    return code, report, {case.id: case for case in report.cases}


def runs(case):
    return {run.name: run.verdict.value for run in case.runs}


def test_which_suites_are_taken(tmp_path):
    code, report, found = judge(tmp_path, context(ECDSA_ONLY), "P.B10", "P.B12", "P.B13")
    assert code == 0, "what nobody claimed is only told"
    gcm_256, gcm_128 = (tls_suites.NAMES[code] for code in (0xC02C, 0xC02B))
    assert {name for name, verdict in runs(found["P.B13.02"]).items() if verdict == "pass"} == {
        gcm_256, gcm_128,
    }  # fmt: skip
    of_rsa = {name for name in runs(found["P.B13.02"]) if "_RSA_" in name}
    assert {runs(found["P.B13.02"])[name] for name in of_rsa} == {"unsupported"}
    assert runs(found["P.B13.02"])["ECDHE_ECDSA_WITH_AES_128_CCM"] == "fail"
    assert found["P.B13.02"].verdict == "info"
    assert found["P.B13.03"].runs[0].name == "AES_256_GCM_SHA384"
    assert runs(found["P.B13.03"])["AES_256_GCM_SHA384"] == "pass"
    assert found["P.B13.04"].verdict == "pass"
    assert set(runs(found["P.B10.02"]).values()) == {"unsupported"}
    assert report.target["ciphers"]["B.13"].startswith("AES_")
    assert "taken: AES_" in found["P.B13.01"].message
    assert report.target["ciphers"]["B.12"] in {tls_suites.name(0xC02B), tls_suites.name(0xC02C)}


def test_a_claimed_profile_is_required(tmp_path):
    code, _, found = judge(tmp_path, context(ECDSA_ONLY), "P.B13", "--tls-profile", "B.13")
    assert code == 1
    assert (found["P.B13.02"].level, found["P.B13.02"].verdict) == ("required", "fail")


def test_a_closed_profile_takes_no_other_suite(tmp_path):
    old = context(f"ECDHE-ECDSA-AES128-SHA:{ECDSA_ONLY}", only_1_2=True)
    code, _, found = judge(tmp_path, old, "P.B13.01", "P.B13.04", "--tls-profile", "B.13")
    assert code == 1
    assert found["P.B13.01"].verdict == "pass"
    assert "taken: ECDHE_ECDSA_WITH_AES_128_CBC_SHA (C009H)" in found["P.B13.04"].message


def test_a_hello_of_tls_1_3_is_answered_in_it():
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = context("ECDHE+AESGCM").wrap_bio(incoming, outgoing, server_side=True)
    incoming.write(tls_raw.client_hello(suites=(0x1301,), tls_1_3=True))
    with pytest.raises(ssl.SSLWantReadError):
        server.do_handshake()
    assert tls_raw._token(outgoing.read()) == "HELLO(0303,1301,0)"


def test_every_suite_of_every_profile_has_a_name():
    for profile in tls_suites.TLS_PROFILES.values():
        outside = [code for _, codes in profile.outside for code in codes]
        assert {*profile.suites, *outside} <= set(tls_suites.NAMES)
        assert not set(profile.suites) & set(outside)
        assert len(set(profile.suites)) == len(profile.suites)


def test_nothing_is_asked_of_a_product_without_tls():
    cases = catalogue.select(catalogue.cases("scp"), ["P.B10", "P.B11", "P.B12", "P.B13"])
    assert len(cases) == 11
    assert {case.verdict for case in judging.judge_scp(None, cases).cases} == {"skip"}
