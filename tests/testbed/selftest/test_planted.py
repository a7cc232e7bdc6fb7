"""Mini peers on the loopback interface: the clean ones pass, planted faults are caught.

Here a choice of cases and faults, so that it takes seconds; `dulspec selftest` does all of it.
"""

import pytest

from testbed import catalogue
from testbed.selftest import judging
from testbed.selftest.faults import SCP_FAULTS, SCU_FAULTS

SCP_CASES = catalogue.select(
    catalogue.cases("scp"),
    ["P.TCP.03", "P.STA2", "P.STA13.0[23467]", "P.AC", "P.RQ.*", "P.NEG", "P.STA6", "P.PDV", "P.CMD", "P.STO",
     "M.P.Sta6"],
    excludes=["P.RQ.30", "P.STO.21", "P.STO.19", "P.PDV.09", "P.PDV.22", "P.STA6.16"],
)  # fmt: skip
SCU_CASES = catalogue.select(
    catalogue.cases("scu"), ["U.RQ", "U.S5.0[13468]", "U.AC", "U.S6", "U.REL.0[1-4]", "U.DIM.0?", "M.U.Sta7"],
    excludes=["U.DIM.04"],
)  # fmt: skip
QUICK_SCP = [
    "accepts-version-2", "accepts-even-ids", "user-abort-in-sta6", "closes-on-bad-first-pdu",
    "reads-over-maximum", "wrong-message-id", "unknown-pdu-is-unexpected", "serves-any-context",
]  # fmt: skip
QUICK_SCU = [
    "answers-rejection",
    "user-abort",
    "uses-rejected-contexts",
    "takes-any-message-id",
    "odd-fragments",
]
ROLES = {
    "scp": (judging.judge_scp, SCP_CASES, SCP_FAULTS),
    "scu": (judging.judge_scu, SCU_CASES, SCU_FAULTS),
}


@pytest.fixture(scope="module", params=["scp", "scu"])
def role(request):
    judge, cases, faults = ROLES[request.param]
    report = judge(None, cases)
    return judge, cases, {fault.name: fault for fault in faults}, report


def test_the_clean_peer_passes(role):
    _, cases, _, report = role
    assert report.complete
    assert len(report.cases) == len(cases)
    assert [(case.id, case.message) for case in judging.clean_deviations(report)] == []
    assert report.baseline == {"first": "pass", "last": "pass"}


@pytest.mark.parametrize("name", QUICK_SCP + QUICK_SCU)
def test_a_planted_fault_is_caught_by_its_cases_alone(role, name):
    judge, cases, faults, report = role
    is_scu = judge is judging.judge_scu
    if name not in (QUICK_SCU if is_scu else QUICK_SCP):
        pytest.skip("a fault of the other role")
    fault, chosen = faults[name], {case.id for case in cases}
    seen = judging.reactions(judge(name, cases), report)
    assert judging.missed(fault, seen) & chosen == set()
    assert judging.unrelated(fault, seen) == set()
    assert seen


def test_at_least_forty_faults_each_with_a_case():
    ids = {case.id for case in catalogue.all_cases()}
    names = [fault.name for fault in SCP_FAULTS]
    assert len(SCP_FAULTS) + len(SCU_FAULTS) >= 40
    assert len(set(names)) == len(names)
    for fault in (*SCP_FAULTS, *SCU_FAULTS):
        assert fault.caught_by
        assert set(fault.caught_by) <= ids


def test_a_crash_ends_the_run_and_names_the_case():
    cases = catalogue.select(catalogue.cases("scp"), ["P.STO.08", "P.STO.10"])
    report = judging.judge_scp("crashes-on-garbage", cases)
    first, second = report.cases
    assert (first.verdict, first.sub) == ("fail", "crash")
    assert second.message == "not run: the product did not come back after P.STO.08"
    assert not report.complete
