"""What is published: nothing of this machine, and nothing that another product's maker hears first."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from conformance_publish import MATRIX, Published, publish
from conformance_subjects import SUBJECTS

from testbed import result_files

SAMPLE = Path(__file__).resolve().parent.parent / "testbed" / "data" / "sample-scp.json"
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
