"""Mini peers on the loopback interface: the clean ones pass, planted faults are caught.

Here a choice of cases and faults, so that it takes seconds; `dulspec selftest` does all of it.
"""

import itertools
import time

import pytest

from testbed import catalogue
from testbed.selftest import judging
from testbed.selftest.faults import SCP_FAULTS, SCU_FAULTS, PlantedFault

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
#: Of both roles, some that judge answers, silence and closes.
SOME_SCP = catalogue.select(SCP_CASES, ["P.RQ", "P.STA13", "P.STA6", "P.CMD.01", "P.CMD.03"])
SOME_SCU = catalogue.select(SCU_CASES, ["U.RQ", "U.S5", "U.REL.0[34]"])
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


@pytest.fixture(scope="module")
def calm():
    """What some cases say of the clean acceptor while nothing is held up."""
    return judging.judge_scp(None, SOME_SCP)


@pytest.fixture
def held_up(calm, monkeypatch):
    """All of this process, tester and peer, stands still for three seconds now and then."""
    looks, real = itertools.count(), time.monotonic
    monkeypatch.setattr(time, "monotonic", lambda: real() + 3.0 * (next(looks) // 25))


@pytest.mark.usefixtures("held_up")
@pytest.mark.parametrize("name", [None, "wrong-message-id", "closes-on-bad-first-pdu"])
def test_a_machine_that_is_slow_is_not_taken_for_a_fault_of_an_acceptor(calm, name):
    report = judging.judge_scp(name, SOME_SCP)
    assert report.complete
    seen = judging.reactions(report, calm)
    fault = next((fault for fault in SCP_FAULTS if fault.name == name), PlantedFault("", ()))
    assert judging.unrelated(fault, seen) == set()
    assert bool(seen) == (name is not None)


@pytest.mark.usefixtures("held_up")
def test_a_machine_that_is_slow_is_not_taken_for_a_fault_of_a_requestor():
    report = judging.judge_scu(None, SOME_SCU)
    assert report.complete
    assert [
        (case.id, case.message) for case in report.cases if (case.verdict, case.sub) != ("pass", "")
    ] == []


def test_verdicts_do_not_hang_on_how_long_an_answer_may_take():
    """Here an answer may take longer than any timer of the peers runs."""
    told = {"timeout": 6.0, "slow_max": 6.0}
    acceptor = catalogue.select(catalogue.cases("scp"), ["P.RQ.30", "P.TCP.05", "P.STA13.06"])
    reports = judging.judge_scp(None, acceptor, **told), judging.judge_scu(None, SOME_SCU, **told)
    wrong = [
        (case.id, case.message)
        for report in reports
        for case in report.cases
        if (case.verdict, case.sub) != ("pass", "")
    ]
    assert wrong == []


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
    report = judging.judge_scp("crashes-on-garbage", cases, live_max=0.5)
    first, second = report.cases
    assert (first.verdict, first.sub) == ("fail", "crash")
    assert second.message == "not run: the product did not come back after P.STO.08"
    assert not report.complete
