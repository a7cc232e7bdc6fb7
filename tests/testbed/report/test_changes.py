"""What changed between two results of one product."""

import copy

import pytest
from samples import SAMPLE, case, report

from testbed import cli, result_files
from testbed.report import changes, html_changes
from testbed.report.changes import Change
from testbed.results import RunResult, WireRow
from testbed.verdicts import Level, Sub, Verdict

PASS, LAX, FAIL, ERROR = Verdict.PASS, Verdict.NON_STRICT, Verdict.FAIL, Verdict.ERROR
SKIP, UNSUPPORTED = Verdict.SKIP, Verdict.UNSUPPORTED


def made(verdict, sub=Sub.NONE, seen="", **over):
    return case("P.RQ.02", verdict, sub=sub, runs=[RunResult("", verdict, sub, seen=seen)], **over)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (made(PASS), made(PASS), Change.SAME),
        (made(PASS), made(Verdict.INFO), Change.SAME),
        (made(PASS), made(LAX), Change.REGRESSION),
        (made(LAX), made(FAIL), Change.REGRESSION),
        (made(PASS), made(ERROR), Change.REGRESSION),
        (made(FAIL), made(FAIL, Sub.CRASH), Change.REGRESSION),
        (made(FAIL, level=Level.RECOMMENDED), made(FAIL, Sub.HANG, level=Level.RECOMMENDED),
         Change.REGRESSION),
        (made(FAIL, Sub.HANG), made(FAIL, Sub.CLOSE_ONLY), Change.IMPROVEMENT),
        (made(FAIL), made(PASS), Change.IMPROVEMENT),
        (made(FAIL, seen="AC"), made(FAIL, seen="AC"), Change.SAME),
        (made(FAIL, seen="AC"), made(FAIL, seen="RJ(1,1,1)"), Change.OTHER),
        (made(PASS, seen="AB(2,1)"), made(PASS, seen="AB(2,2)"), Change.SAME),
        (made(PASS), made(UNSUPPORTED), Change.REGRESSION),
        (made(FAIL), made(UNSUPPORTED), Change.UNJUDGED),
        (made(PASS), made(SKIP), Change.UNJUDGED),
        (made(PASS), None, Change.UNJUDGED),
        (made(SKIP), made(SKIP), Change.SAME),
        (made(SKIP), None, Change.SAME),
        (made(SKIP), made(PASS), Change.NEW),
        (made(UNSUPPORTED), made(FAIL), Change.NEW_DEVIATION),
        (None, made(FAIL), Change.NEW_DEVIATION),
        (None, made(PASS), Change.NEW),
    ],
)  # fmt: skip
def test_each_pair_of_outcomes(old, new, expected):
    assert changes.change(old, new) is expected


@pytest.fixture
def two():
    """The sample, and a later version in which one case is better and another worse."""
    old = result_files.load(SAMPLE)
    new = copy.deepcopy(old)
    new.target["name"] = "the next version"
    for entry in old.cases:
        if entry.id == "M.P.Sta6.Evt3":
            row = WireRow(0.1, "received", "", 10, "07", "only in the old one", ["000000  07"])
            entry.runs = [RunResult("", PASS, seen="AB(2,2)", wire=[row])]
    for entry in new.cases:
        if entry.id == "P.STA2.07":
            entry.verdict, entry.sub = PASS, Sub.NONE
        if entry.id == "M.P.Sta6.Evt3":
            entry.verdict, entry.sub, entry.message = FAIL, Sub.CLOSE_ONLY, "seen: CLOSE"
            row = WireRow(0.5, "received", "", 10, "07", "only in the new one", ["000000  07"])
            entry.runs = [RunResult("", FAIL, seen="CLOSE", wire=[row])]
    return old, new


def saved(tmp_path, *reports):
    paths = [tmp_path / f"{number}.json" for number in range(len(reports))]
    for entry, path in zip(reports, paths, strict=True):
        result_files.save(entry, path)
    return [str(path) for path in paths]


def test_the_command_fails_on_a_regression_only(two, tmp_path, capsys):
    old, new = saved(tmp_path, *two)
    assert cli.main(["compare", old, new]) == 1
    out = capsys.readouterr().out
    assert "Regression (1):\n  M.P.Sta6.Evt3    pass -> fail (close-only)" in out
    assert "new  seen: CLOSE" in out
    assert "Improvement (1):\n  P.STA2.07" in out
    assert out.endswith("WORSE\n")
    assert cli.main(["compare", old, old]) == 0
    assert capsys.readouterr().out.endswith("8 cases: 8 same\nNOT WORSE\n")


def test_an_incomplete_newer_result_is_no_success(two, tmp_path, capsys):
    old, new = two[0], copy.deepcopy(two[0])
    new.complete = False
    assert cli.main(["compare", *saved(tmp_path, old, new)]) == 1
    assert "note: the newer result is incomplete" in capsys.readouterr().out


def test_what_else_may_have_made_the_difference_is_noted(two):
    old, new = two
    new.settings = {**new.settings, "timeout": 9.0}
    new.edition = "3"
    notes = list(changes.warnings(old, new))
    assert f"judged by editions {old.edition} and 3 of the catalogue" in notes
    assert any("timeout: 2.0 / 9.0" in note for note in notes) or "timeout" in str(notes)


def test_a_case_that_has_changed_in_between_is_noted(two):
    """Files without digests, of before there were any, say nothing about it."""
    old, new = two
    old.cases[0].digest = new.cases[0].digest = "0123456789ab"
    old.cases[1].digest = ""
    assert not any("have changed" in note for note in changes.warnings(old, new))
    new.cases[0].digest = "ba9876543210"
    expected = f"cases that have changed in between: {new.cases[0].id}"
    assert expected in list(changes.warnings(old, new))


def test_results_of_two_roles_cannot_be_compared(two, tmp_path, capsys):
    other = report(case("U.RQ.01", role="scu"), role="scu")
    assert cli.main(["compare", *saved(tmp_path, two[0], other)]) == 2
    assert "different roles: scp and scu" in capsys.readouterr().err


def test_a_file_that_is_no_result_is_named(two, tmp_path, capsys):
    (old,) = saved(tmp_path, two[0])
    path = tmp_path / "other.json"
    path.write_text("{}")
    assert cli.main(["compare", old, str(path)]) == 2
    assert f"dulspec: {path}: not a dulspec-result/1 file" in capsys.readouterr().err


def test_the_page_has_both_wire_logs(two, tmp_path):
    old, new = two
    page = html_changes.page(old, new, changes.compare(old, new))
    start = page.index('id="M.P.Sta6.Evt3"')
    entry = page[start : page.index("</details></section>", start)]
    before, now = entry.index(">before"), entry.index(">now")
    assert before < entry.index("only in the old one") < now < entry.index("only in the new one")
    assert 'id="P.STA2.07"' in page
    assert 'id="P.CMD.01"' not in page, "what is the same is not told"
    written = tmp_path / "changes.html"
    paths = saved(tmp_path, old, new)
    cli.main(["compare", *paths, "--html", str(written)])
    assert written.read_text("utf-8") == html_changes.page(
        *(result_files.load(tmp_path / f"{n}.json") for n in (0, 1)), changes.compare(old, new)
    )


def test_where_the_page_goes_is_looked_at_first(tmp_path, capsys):
    path = tmp_path / "no" / "folder"
    assert cli.main(["compare", "a.json", "b.json", "--html", str(path)]) == 2
    assert f"--html: {path} cannot be written" in capsys.readouterr().err
