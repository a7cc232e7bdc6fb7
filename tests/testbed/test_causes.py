"""Root causes: deviations that come from one missing thing are one, and what stands behind it is not reached."""

from dataclasses import replace

import pytest

from testbed import causes, result_files
from testbed.catalogue import all_cases, fits
from testbed.causes import CAUSES, HARMS, Harm, attribute, roots
from testbed.report import changes, figures, junit, statement, text
from testbed.report.badge import score
from testbed.report.html import page
from testbed.results import CaseResult, Report, RunResult
from testbed.selftest import judging
from testbed.verdicts import Level, Sub, Verdict

IDS = [case.id for case in all_cases()]


def case(id_, verdict=Verdict.FAIL, sub=Sub.NONE, seen="", **over):
    run = RunResult("", verdict, sub, seen=seen)
    fields = {"message": f"seen: {seen}", "runs": [run], "sub": sub, "why": "Because.", **over}
    return CaseResult(id_, "scu" if "U." in id_ else "scp", "PS3.8", Level.REQUIRED, f"title of {id_}", "R.", [],
                      verdict, **fields)  # fmt: skip


def report(*cases):
    made = Report(
        "scu",
        {"name": "Acme"},
        {},
        "2026-11-30T12:00:00Z",
        complete=True,
        baseline={"first": "pass"},
    )
    made.cases = list(cases)
    attribute(made.cases)
    return made


def collision():
    """What DCMTK's storescu shows: it closes when both sides release."""
    return report(
        case("U.REL.04", seen="CLOSE"),
        case("M.U.Sta7.Evt12", seen="CLOSE"),
        case("M.U.Sta9.Evt3", sub=Sub.CLOSE_ONLY, seen="CLOSE"),
        case("M.U.Sta11.Evt3", sub=Sub.PRECONDITION, seen="CLOSE"),
        case("M.U.Sta11.Evt4", sub=Sub.PRECONDITION, seen="CLOSE"),
        case("U.RQ.05"),
        case("U.RQ.06", Verdict.PASS),
    )


@pytest.mark.parametrize("cause", CAUSES, ids=lambda cause: cause.key)
def test_every_cause_is_about_cases_that_there_are(cause):
    for glob in (*cause.asked_by.split(), *cause.behind.split()):
        assert any(fits_glob(id_, glob) for id_ in IDS), glob
    assert cause.consequence.endswith(".")
    assert "." not in cause.consequence[:-1], "one sentence"
    assert cause.harm in HARMS


def fits_glob(id_, glob):
    found = next(case for case in all_cases() if case.id == id_)
    return fits(found, glob)


def test_causes_have_one_name_each():
    assert (
        len({cause.key for cause in CAUSES})
        == len({cause.title for cause in CAUSES})
        == len(CAUSES)
    )
    assert set(HARMS) == set(Harm)


def test_what_comes_from_one_missing_thing_is_one_cause():
    found = roots(collision().cases)
    assert [root.key for root in found] == ["U.RQ.05", "release-collision"]
    root = found[1]
    assert [each.id for each in root.cases] == ["U.REL.04", "M.U.Sta7.Evt12"]
    assert [each.id for each in root.behind] == [
        "M.U.Sta9.Evt3",
        "M.U.Sta11.Evt3",
        "M.U.Sta11.Evt4",
    ]


def test_a_case_that_was_not_reached_names_its_cause_and_fails_nothing():
    told = collision()
    blocked = [each for each in told.cases if each.blocked]
    assert len(blocked) == 3
    assert (
        {each.blocked for each in blocked}
        == {each.cause for each in blocked}
        == {"release-collision"}
    )
    assert told.counts() == {"fail": 3, "blocked": 3, "pass": 1}
    assert [each.id for each in told.failures(strict=True)] == [
        "U.REL.04",
        "M.U.Sta7.Evt12",
        "U.RQ.05",
    ]
    assert figures.outcome(told) == "failed"


def test_nothing_is_behind_what_only_deviates():
    """An A-ABORT of the user is in order in a collision; the cases behind it are then judged by themselves."""
    told = report(
        case("U.REL.04", Verdict.NON_STRICT, seen="AB(0,0)"), case("M.U.Sta11.Evt3", sub=Sub.PRECONDITION, seen="AB(0,0)")
    )  # fmt: skip
    assert not any(each.blocked for each in told.cases)
    assert told.failures()


def test_a_case_on_its_way_elsewhere_is_not_behind():
    told = report(
        case("U.REL.04", seen="CLOSE"), case("M.U.Sta13.Evt3", sub=Sub.PRECONDITION, seen="CLOSE")
    )
    assert [each.id for each in told.cases if each.blocked] == []


def test_what_no_cause_explains_is_its_own_with_the_reason_of_its_group():
    (root,) = roots([case("P.AC.07")])
    assert (root.key, root.title, root.consequence) == ("P.AC.07", "title of P.AC.07", "Because.")


def test_the_most_harmful_comes_first_and_what_fails_before_what_does_not():
    cases = [
        case("P.AC.02"), case("P.STO.14", seen="LEFT(1)"), case("P.STA2.07", sub=Sub.CLOSE_ONLY, seen="CLOSE"),
        case("P.PDV.10", Verdict.NON_STRICT, seen="C-ECHO-RSP(0122)"), case("P.TCP.01", sub=Sub.HANG, seen="OPEN"),
    ]  # fmt: skip
    assert [root.key for root in roots(cases)] == [
        "partial-objects", "artim", "close-first", "echoed-fields", "any-context",
    ]  # fmt: skip


def test_expected_failures_are_nobodys_cause():
    known = case("U.REL.04", seen="CLOSE", xfail="known")
    assert roots([known]) == []
    assert [each.blocked for each in report(known, case("M.U.Sta11.Evt3", sub=Sub.PRECONDITION, seen="CLOSE")).cases] == [
        "", "",
    ]  # fmt: skip


def test_every_report_says_the_cause_once():
    told = collision()
    title = causes.title("release-collision")
    lines = text.summary(told)
    assert sum(title in line for line in lines) == 1
    assert "                not reached because of it: 3 cases" in lines
    assert not any(line.strip().startswith("blocked") for line in lines[: lines.index("Failures:")])
    assert any(
        "M.U.Sta9.Evt3" in line and line.strip().startswith("blocked") for line in text.full(told)
    )
    tests = {each.get("name"): each for each in junit.build([told]).iter("testcase")}
    assert (
        tests["M.U.Sta11.Evt3"].find("skipped").get("message") == f"not reached because of: {title}"
    )
    assert tests["U.REL.04"].find("failure") is not None
    html = page([told])
    assert html.count(f"<strong>{title}</strong>") == 1
    assert "3 cases were not reached because of it" in html
    assert f"Not reached, because {title}: M.U.Sta9.Evt3" in " ".join(
        statement.statement(told)
    ).replace("  ", " ")
    assert score(told) == (1, 4)


def test_a_result_file_keeps_causes_and_an_old_one_gets_them(tmp_path):
    told, path = collision(), tmp_path / "result.json"
    result_files.save(told, path)
    data = result_files.to_json(told)
    assert [each["blocked"] for each in data["cases"]].count("release-collision") == 3
    for each in data["cases"]:
        del each["cause"], each["blocked"]
    assert [each.blocked for each in result_files.from_json(data).cases] == [
        each.blocked for each in told.cases
    ]
    assert [each.cause for each in result_files.load(path).cases] == [
        each.cause for each in told.cases
    ]


def test_what_is_reached_anew_is_no_regression_and_what_gets_blocked_is_no_longer_judged():
    behind = case("M.U.Sta11.Evt3", sub=Sub.PRECONDITION, seen="CLOSE")
    blocked, right = (
        replace(behind, blocked="release-collision"),
        case("M.U.Sta11.Evt3", Verdict.PASS),
    )
    assert changes.change(blocked, right) is changes.Change.SAME
    assert changes.change(blocked, behind) is changes.Change.NEW_DEVIATION
    assert changes.change(right, blocked) is changes.Change.UNJUDGED


def test_a_run_attributes_while_it_goes_on():
    """A requestor that closes in a collision: what is behind that is told as such at once."""
    chosen = [
        c
        for c in all_cases()
        if c.id in {"U.REL.04", "M.U.Sta9.Evt14", "M.U.Sta11.Evt3", "M.U.Sta11.Evt13"}
    ]
    found = judging.judge_scu("Sta7.Evt12:close", chosen)
    assert {each.id: each.blocked for each in found.cases} == {
        "U.REL.04": "", "M.U.Sta9.Evt14": "",
        "M.U.Sta11.Evt3": "release-collision", "M.U.Sta11.Evt13": "release-collision",
    }  # fmt: skip
