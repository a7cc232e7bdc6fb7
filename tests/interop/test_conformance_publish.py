"""What is published: nothing of this machine, and nothing that another product's maker hears first."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from conformance_publish import AGAIN, MATRIX, Published, join, publish
from conformance_subjects import SUBJECTS

from testbed import catalogue, result_files
from testbed.digest import digest

SAMPLE = Path(__file__).resolve().parent.parent / "testbed" / "data" / "sample-scp.json"
PUBLISHED = Path(__file__).resolve().parents[2] / "docs" / "conformance"
#: How many cases of other products are not published because the product crashed.
CRASHES = {("ctn", "scp"): 1, ("ctn", "scu"): 3, ("odil", "scp"): 2}
SUBJECT = {(each.key, each.role): each for each in SUBJECTS}


@pytest.fixture
def published(tmp_path):
    """One result, told of our stack and of DCMTK; one of its cases crashed the product."""
    work = tmp_path / "work"
    work.mkdir()
    data = json.loads(SAMPLE.read_text("utf-8"))
    data["settings"]["start_cmd"] = f"storescp -od {work}/stored 40123"
    first, second, third = data["cases"][:3]
    first["tags"], first["sub"] = ["security"], ""
    second["tags"], second["sub"] = [], "crash"
    third["tags"], third["message"] = [], f"left behind: {work}/stored/a.tmp " + "AB(2,2) " * 100
    result = work / "result.json"
    result.write_text(json.dumps(data), "utf-8")
    entries = [Published(SUBJECT[name, "scp"], result) for name in ("dulcet", "dcmtk")]
    entries.append(Published(SUBJECT["ctn", "scp"], None, "not installed: no simple_storage"))
    out = tmp_path / "out"
    passed = publish(entries, out, work)
    return data, out, work, passed


def test_makers_hear_first(published):
    data, out, _, _ = published
    first, second, third = (case["id"] for case in data["cases"][:3])
    ours = {case.id for case in result_files.load(out / "dulcet-scp.json").cases}
    other = {case.id for case in result_files.load(out / "dcmtk-scp.json").cases}
    assert ours == {case["id"] for case in data["cases"]}
    assert first not in other
    assert second not in other
    assert third in other


def test_nothing_of_the_machine_is_told(published):
    _, out, work, _ = published
    for path in out.iterdir():
        assert str(work) not in path.read_text("utf-8")
    report = result_files.load(out / "dcmtk-scp.json")
    assert report.settings["start_cmd"] == "storescp -od WORK/stored PORT"
    assert not {"host", "port"} & report.target.keys()
    assert all(len(case.message) < 410 for case in report.cases)
    assert not any(run.output for case in report.cases for run in case.runs)


def test_what_did_not_run_is_said(published):
    _, out, _, _ = published
    text = (out / "README.md").read_text("utf-8")
    assert "CTN simple_storage (SCP): not installed: no simple_storage" in text
    assert "(dcmtk-scp.json)" in text
    assert "2 products compared" in (out / MATRIX).read_text("utf-8")


def test_a_failure_of_our_own_stack_is_not_passed_over(published):
    *_, passed = published
    bad = {"fail", "error"}
    failing = any(
        case["verdict"] in bad and case["level"] in {"required", "recommended"}
        for case in published[0]["cases"]
    )
    assert failing
    assert not passed


def test_what_was_published_can_be_published_again(published):
    """Without the runs: from the files that are there, into the folder where they are."""
    _, out, work, _ = published
    before = {path.name: path.read_text("utf-8") for path in out.glob("*.json")}
    again = [
        Published(SUBJECT[name, "scp"], out / f"{name}-scp.json") for name in ("dulcet", "dcmtk")
    ]
    publish(again, out, work)
    assert {path.name: path.read_text("utf-8") for path in out.glob("*.json")} == before
    assert "2 products compared" in (out / MATRIX).read_text("utf-8")


def test_cases_that_were_judged_again_take_the_place_of_the_earlier_ones(tmp_path):
    whole, some = result_files.load(SAMPLE), result_files.load(SAMPLE)
    first, second = whole.cases[0].id, whole.cases[1].id
    some.cases = some.cases[:1]
    some.cases[0].digest, some.started = "0123456789ab", "2027-01-01T00:00:00Z"
    joined = join(whole, some)
    digests = {case.id: case.digest for case in joined.cases}
    assert digests[first] == "0123456789ab"
    assert digests[second] == ""
    assert joined.settings[AGAIN] == {first: some.started}
    places = [catalogue.find(case.id).place for case in joined.cases]
    assert places == sorted(places)
    joined.settings["start_cmd"] = "storescp 40123"
    result = tmp_path / "result.json"
    result_files.save(joined, result)
    publish([Published(SUBJECT["dulcet", "scp"], result)], tmp_path / "out", tmp_path)
    assert f"`{first}` (2027-01-01)" in (tmp_path / "out" / "README.md").read_text("utf-8")


@pytest.mark.parametrize("subject", SUBJECTS, ids=lambda each: f"{each.key}-{each.role}")
def test_what_is_published_was_judged_by_the_catalogue_of_today(subject):
    """One edition, one state of the catalogue: no case is another than it was, and none is missing."""
    report = result_files.load(PUBLISHED / f"{subject.key}-{subject.role}.json")
    assert report.edition == catalogue.EDITION
    assert report.complete
    known = {case.id: case for case in catalogue.cases(subject.role)}
    assert {case.id for case in report.cases} <= set(known)
    assert {c.id for c in report.cases if c.digest != digest(known[c.id])} == set()
    left_out = {"security"} | {tag for tag in ("artim",) if tag in subject.options}
    missing = set(known) - {case.id for case in report.cases}
    if subject.ours:
        assert missing == set()
    unexplained = {id_ for id_ in missing if not left_out & set(known[id_].tags)}
    assert len(unexplained) == CRASHES.get((subject.key, subject.role), 0), unexplained
