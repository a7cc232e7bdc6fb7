"""JUnit XML: the structure that CI servers agree on, and that nothing bad reads as a pass."""

from xml.etree import ElementTree as ET

import pytest
from samples import case, report

from testbed.report import junit
from testbed.results import RunResult
from testbed.verdicts import Level, Sub, Verdict

#: Element -> (required attributes, optional attributes, children allowed), the common denominator of
#: what GitLab, Jenkins, GitHub actions and Azure read.
STRUCTURE = {
    "testsuites": (
        {"name", "tests", "failures", "errors", "skipped", "time"},
        set(),
        {"testsuite"},
    ),
    "testsuite": (
        {"name", "tests", "failures", "errors", "skipped", "time", "timestamp"},
        {"hostname"},
        {"properties", "testcase"},
    ),
    "properties": (set(), set(), {"property"}),
    "property": ({"name", "value"}, set(), set()),
    "testcase": (
        {"name", "classname", "time"},
        set(),
        {"properties", "failure", "error", "skipped", "system-out"},
    ),
    "failure": ({"message", "type"}, set(), set()),
    "error": ({"message", "type"}, set(), set()),
    "skipped": ({"message"}, set(), set()),
    "system-out": (set(), set(), set()),
}
ORDER = ["properties", "failure", "error", "skipped", "system-out"]


def check(element):
    required, optional, children = STRUCTURE[element.tag]
    assert required <= set(element.keys()) <= required | optional, element.tag
    assert {child.tag for child in element} <= children
    if element.tag == "testcase":
        places = [ORDER.index(child.tag) for child in element]
        assert places == sorted(places)
        assert sum(child.tag in {"failure", "error", "skipped"} for child in element) <= 1
    for child in element:
        check(child)


def read(tmp_path, *reports):
    path = tmp_path / "out.xml"
    junit.write(reports, path)
    root = ET.fromstring(path.read_bytes())
    check(root)
    for suite in root:
        tests = suite.findall("testcase")
        assert int(suite.get("tests")) == len(tests)
        for attribute, tag in (
            ("failures", "failure"),
            ("errors", "error"),
            ("skipped", "skipped"),
        ):
            assert int(suite.get(attribute)) == len(suite.findall(f"testcase/{tag}"))
        names = [(test.get("classname"), test.get("name")) for test in tests]
        assert len(set(names)) == len(names)
    for attribute in ("tests", "failures", "errors", "skipped"):
        assert int(root.get(attribute)) == sum(int(suite.get(attribute)) for suite in root)
    return root


def outcome(root, name):
    test = next(test for test in root.iter("testcase") if test.get("name") == name)
    return next((child for child in test if child.tag in {"failure", "error", "skipped"}), None)


@pytest.mark.parametrize(
    ("verdict", "over", "tag", "words"),
    [
        (Verdict.PASS, {}, None, ""),
        (Verdict.INFO, {"message": "seen"}, None, ""),
        (
            Verdict.NON_STRICT,
            {"message": "loose"},
            "skipped",
            "non-strict, does not fail the run: loose",
        ),
        (Verdict.FAIL, {"message": "seen: AC"}, "failure", "seen: AC"),
        (Verdict.FAIL, {"level": Level.RECOMMENDED, "message": "m"}, "skipped", "recommended"),
        (Verdict.FAIL, {"level": Level.RECOMMENDED, "sub": Sub.HANG}, "failure", "hang"),
        (Verdict.FAIL, {"xfail": "known"}, "skipped", "known"),
        (Verdict.PASS, {"xfail": "known"}, "failure", "take it off the list"),
        (Verdict.ERROR, {"message": "boom"}, "error", "boom"),
        (Verdict.SKIP, {"message": "needs tls", "runs": []}, "skipped", "needs tls"),
        (Verdict.UNSUPPORTED, {"message": "context refused"}, "skipped", "context refused"),
    ],
)
def test_each_verdict_becomes_the_right_child(tmp_path, verdict, over, tag, words):
    root = read(tmp_path, report(case("P.RQ.02", verdict, **over), case("P.RQ.03")))
    found = outcome(root, "P.RQ.02")
    assert (found.tag if found is not None else None) == tag
    if found is not None:
        assert words in found.get("message")


def test_names_classes_and_properties(tmp_path):
    entry = case("M.P.Sta6.Evt3", Verdict.FAIL, sub=Sub.CLOSE_ONLY, tags=["matrix"], seconds=0.25)
    root = read(tmp_path, report(entry))
    test = next(t for t in root.iter("testcase") if t.get("name") == "M.P.Sta6.Evt3")
    assert test.get("classname") == "M.P"
    assert test.get("time") == "0.250"
    properties = {p.get("name"): p.get("value") for p in test.iter("property")}
    assert properties["level"] == "required"
    assert properties["clause"] == "PS3.8 9.3"
    assert properties["sub"] == "close-only"
    failure = test.find("failure")
    assert failure.get("type") == "close-only"
    assert "Requirement" in failure.text


def test_an_incomplete_run_is_red(tmp_path):
    root = read(tmp_path, report(case("P.RQ.02"), complete=False, baseline={"first": "pass"}))
    assert outcome(root, "complete").tag == "error"
    assert outcome(root, "baseline.first") is None
    assert "did not run" in outcome(root, "baseline.last").get("message")


def test_a_run_of_nothing_is_red(tmp_path):
    assert outcome(read(tmp_path, report()), "complete").tag == "error"


def test_two_products_do_not_overwrite_each_other(tmp_path):
    one = report(case("P.RQ.02"), target={"name": "Alpha 1.0"})
    two = report(case("P.RQ.02"), target={"name": "Beta"})
    root = read(tmp_path, one, two)
    names = {(t.get("classname"), t.get("name")) for t in root.iter("testcase")}
    assert {("Alpha-1-0-scp.P.RQ", "P.RQ.02"), ("Beta-scp.P.RQ", "P.RQ.02")} <= names


def test_bytes_that_xml_cannot_hold_do_not_break_the_file(tmp_path):
    message = "AE title 'A\x00B\x1b[31m' \ud800 ]]> <&"
    run = RunResult("", Verdict.FAIL, message=message, seen="\x07")
    entry = case("P.RQ.02", Verdict.FAIL, message=message, runs=[run])
    root = read(tmp_path, report(entry, target={"name": "x\x00y"}))
    assert "A�B�[31m" in outcome(root, "P.RQ.02").get("message")
    assert "]]> <&" in outcome(root, "P.RQ.02").get("message")


def test_the_timestamp_is_what_the_schema_allows(tmp_path):
    suite = read(tmp_path, report(case("P.RQ.02"))).find("testsuite")
    assert suite.get("timestamp") == "2026-01-01T00:00:00"
