"""Results: the JSON form, and which results fail a run."""

import json
import sys
from pathlib import Path

import pytest

from testbed import result_files, results
from testbed.results import CaseResult, Report
from testbed.verdicts import Level, Sub, Verdict

DATA = Path(__file__).parent / "data"


def case(verdict, level=Level.REQUIRED, sub=Sub.NONE, xfail=None):
    return CaseResult("P.X.01", "scp", "", level, "", "", [], Verdict(verdict), sub, xfail=xfail)


@pytest.mark.parametrize(
    ("made", "lax", "strict"),
    [
        (case("pass"), False, False),
        (case("info"), False, False),
        (case("skip"), False, False),
        (case("unsupported"), False, False),
        (case("fail"), True, True),
        (case("error"), True, True),
        (case("non-strict"), False, True),
        (case("fail", Level.RECOMMENDED), False, True),
        (case("fail", Level.RECOMMENDED, Sub.HANG), True, True),
        (case("fail", Level.RECOMMENDED, Sub.CRASH), True, True),
        (case("fail", Level.TOLERATED), True, True),
        (case("fail", xfail="known"), False, False),
        (case("non-strict", xfail="known"), False, False),
        (case("pass", xfail="known"), True, True),
        (case("error", xfail="known"), True, True),
    ],
)
def test_what_fails_a_run(made, lax, strict):
    assert results.is_failure(made) is lax
    assert results.is_failure(made, strict=strict or True) is strict


def test_round_trip(tmp_path):
    report = result_files.load(DATA / "sample-scp.json")
    result_files.save(report, tmp_path / "again.json")
    assert result_files.load(tmp_path / "again.json") == report


def test_the_sample_is_what_its_script_makes():
    sys.path.insert(0, str(DATA))
    try:
        import make_sample
    finally:
        sys.path.remove(str(DATA))
    assert result_files.to_json(make_sample.sample()) == json.loads(
        (DATA / "sample-scp.json").read_text()
    )


@pytest.mark.parametrize("text", ["[]", '{"format": "other/1"}', "{}"])
def test_other_files_are_refused(tmp_path, text):
    path = tmp_path / "x.json"
    path.write_text(text)
    with pytest.raises(ValueError, match="dulspec"):
        result_files.load(path)


def test_counts_name_expected_failures():
    report = Report("scp", {}, {}, "")
    report.cases = [case("fail", xfail="known"), case("fail"), case("pass")]
    assert report.counts() == {"xfail": 1, "fail": 1, "pass": 1}
