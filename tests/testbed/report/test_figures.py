"""What all reports are made of: marks, outcomes, deviations, the matrix of products."""

import copy

import pytest
from samples import SAMPLE, case, report

from testbed import result_files
from testbed.report import figures
from testbed.verdicts import Level, Sub, Verdict


def test_an_expected_failure_is_marked_as_such_and_an_unexpected_pass_too():
    assert figures.mark(case("P.RQ.01", Verdict.FAIL, xfail="known")) == "xfail"
    assert figures.mark(case("P.RQ.01", Verdict.PASS, xfail="known")) == "xpass"
    assert figures.mark(case("P.RQ.01", Verdict.ERROR, xfail="known")) == "error"
    assert figures.mark(case("P.RQ.01", Verdict.NON_STRICT)) == "non-strict"


def test_every_mark_has_a_meaning_and_a_symbol():
    assert set(figures.MARKS) == set(figures.MEANING) == set(figures.SYMBOL)
    assert {verdict.value for verdict in Verdict} < set(figures.MARKS)
    assert set(figures.SUB_MEANING) == {sub.value for sub in Sub} - {""}
    assert set(figures.LEVEL_MEANING) == {level.value for level in Level}


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, "passed"),
        ({"complete": False}, "incomplete"),
        ({"baseline": {"first": "pass", "last": "no answer"}}, "failed"),
    ],
)
def test_the_outcome_of_a_run(changed, expected):
    assert figures.outcome(report(case("P.RQ.01"), **changed)) == expected


def test_a_run_of_nothing_has_not_passed():
    assert figures.outcome(report()) == "empty"
    assert figures.outcome(report(case("P.RQ.01", Verdict.SKIP, runs=[]))) == "empty"


def test_a_recommended_failure_counts_only_under_strict():
    failing = case("P.RQ.01", Verdict.FAIL, level=Level.RECOMMENDED)
    assert figures.outcome(report(failing)) == "passed"
    assert figures.deviations(report(failing)) == ([], [failing])
    judged_strictly = report(failing, settings={"strict": True})
    assert figures.outcome(judged_strictly) == "failed"
    assert figures.deviations(judged_strictly) == ([failing], [])


def test_all_cells_of_a_role_are_one_area():
    assert figures.area_of(case("M.P.Sta6.Evt3")) == "M.P"
    assert figures.area_of(case("P.STA13.08")) == "P.STA13"


def test_every_group_of_the_catalogue_has_an_area():
    from testbed import catalogue

    groups = {c.id.rpartition(".")[0].split(".Sta")[0] for c in catalogue.all_cases()}
    assert groups <= set(figures.AREAS)


def test_the_matrix_holds_every_case_once_and_tells_where_products_differ():
    one = report(case("P.TCP.01"), case("P.RQ.02", Verdict.FAIL, sub=Sub.HANG), case("P.RQ.03"))
    two = report(
        case("P.RQ.02", Verdict.FAIL, sub=Sub.CLOSE_ONLY), case("P.RQ.03"), case("P.STO.01")
    )
    rows = {row.id: row for row in figures.matrix([one, two])}
    assert list(rows) == ["P.TCP.01", "P.RQ.02", "P.RQ.03", "P.STO.01"]
    assert [row.differs for row in rows.values()] == [False, True, False, False]
    assert rows["P.TCP.01"].cells == (one.cases[0], None)


def test_a_case_that_one_product_could_not_be_asked_is_no_difference():
    one, two = report(case("P.RQ.02")), report(case("P.RQ.02", Verdict.UNSUPPORTED))
    assert not figures.matrix([one, two])[0].differs


def test_roles_are_not_mixed():
    acceptor = result_files.load(SAMPLE)
    requestor = copy.deepcopy(acceptor)
    requestor.role = "scu"
    assert figures.by_role([requestor, acceptor]) == {"scp": [1], "scu": [0]}
