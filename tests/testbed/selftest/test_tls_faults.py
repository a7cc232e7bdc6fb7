"""Faults in how TLS is spoken: the clean mini peers pass, each fault is caught by its case."""

import shutil

import pytest
from installed import demand

from testbed.selftest import judging
from testbed.selftest.stumbles import explained_cases
from testbed.selftest.tls_faults import TLS_SCP_FAULTS, TLS_SCU_FAULTS, judge_tls, tls_cases

FAULTS = [("scp", fault) for fault in TLS_SCP_FAULTS] + [("scu", fault) for fault in TLS_SCU_FAULTS]


@pytest.fixture(scope="module")
def clean():
    if shutil.which("openssl") is None:
        demand("openssl", "no openssl on the path")
    return {role: judge_tls(role, None, tls_cases(role)) for role in ("scp", "scu")}


@pytest.mark.parametrize("role", ["scp", "scu"])
def test_the_clean_peer_passes(clean, role):
    wrong = {case.id: case.message for case in clean[role].cases if case.verdict != "pass"}
    # Of what the peer's TLS library lacks, no case can be passed.
    assert wrong.keys() <= explained_cases(), wrong
    assert len(clean[role].cases) == len(tls_cases(role))


@pytest.mark.parametrize(("role", "fault"), FAULTS, ids=lambda value: getattr(value, "name", value))
def test_a_fault_is_caught_by_its_case(clean, role, fault):
    cases = [case for case in tls_cases(role) if case.id in fault.caught_by]
    seen = judging.reactions(judge_tls(role, fault.name, cases), clean[role])
    assert judging.missed(fault, seen) == set()


def test_every_case_about_tls_has_a_fault():
    caught = {id_ for _, fault in FAULTS for id_ in fault.caught_by}
    there = {case.id for role in ("scp", "scu") for case in tls_cases(role)}
    assert caught == there - explained_cases()
