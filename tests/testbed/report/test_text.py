"""Text reports, the conformance-statement paragraphs, and the `report` command."""

from pathlib import Path

import pytest
from samples import SAMPLE, case, report

from testbed import result_files
from testbed.cli import main
from testbed.report import statement, text
from testbed.verdicts import Level, Sub, Verdict


def test_the_summary_ends_with_the_outcome_and_names_every_failure():
    lines = text.summary(result_files.load(SAMPLE))
    assert lines[-1] == "FAILED"
    body = "\n".join(lines)
    assert "P.STA2.07" in body
    assert "no answer in 2 s" in body
    assert lines[0] == "sample peer as association acceptor (SCP)"


def test_the_account_shows_requirement_expectation_sight_and_bytes():
    body = "\n".join(text.full(result_files.load(SAMPLE)))
    assert "The requirement of P.STA2.01." in body
    assert "non-strict: AB(2,*)  - wrong source" in body
    assert "AB(2,2) CLOSE" in body
    assert "Reason: unexpected PDU" in body


def test_control_characters_of_a_product_do_not_reach_the_terminal():
    bad = case("P.RQ.02", Verdict.FAIL, title="\x1b[2Jgone", message="\x07\x9b31m")
    for line in (*text.summary(report(bad)), *text.full(report(bad))):
        assert line.isprintable(), line


def test_the_matrix_marks_differences():
    one, two = (
        report(case("P.RQ.02"), case("P.RQ.03")),
        report(case("P.RQ.02", Verdict.FAIL, sub=Sub.HANG), case("P.RQ.03")),
    )
    lines = text.matrix([one, two])
    assert any(line.split() == ["*", "P.RQ.02", "pass", "fail", "hang"] for line in lines)
    assert any(line.split() == ["P.RQ.03", "pass", "pass"] for line in lines)
    short = text.matrix([one, two], all_rows=False)
    assert not any("P.RQ.03" in line for line in short)
    assert "2 cases, 1 with different outcomes" in short


def paragraph(lines, heading):
    start = lines.index(heading)
    end = lines.index("", start) if "" in lines[start:] else len(lines)
    return " ".join(lines[start + 1 : end])


def test_the_statement_says_what_was_observed_by_area():
    subject = report(
        case("P.RQ.02"),
        case("P.AC.01", Verdict.FAIL, sub=Sub.CLOSE_ONLY, title="the AC"),
        case("P.NEG.01"),
        case("P.NEG.02"),
        case("P.STO.01", Verdict.SKIP, message="needs a folder", runs=[]),
        case("X.NEW.01"),
        target={"name": "peer", "implementation_class": "1.2.3", "max_length": 0},
    )
    lines = statement.statement(subject)
    accept = paragraph(lines, "Association acceptance policy")
    assert "in 1 of 2 cases" in accept
    assert "P.AC.01, the AC (PS3.8 9.3; required): the connection was closed without" in accept
    assert "both cases tested" in paragraph(lines, "Extended negotiation")
    storage = paragraph(lines, "Storage")
    assert "None of the 1 cases" in storage
    assert "needs a folder" in storage
    assert "The Implementation Class UID is 1.2.3." in "\n".join(lines)
    assert "unlimited (0)" in "\n".join(lines)
    assert "X.NEW" in lines, "an area that the headings do not know is not lost"
    assert max(map(len, lines)) <= statement.WIDTH


def test_the_statement_lists_what_was_found_out_to_be_accepted():
    classes = {
        "1.2.840.10008.1.1": ["1.2.840.10008.1.2"],
        "1.2.840.10008.5.1.4.1.1.2": ["1.2.840.10008.1.2", "1.2.840.10008.1.2.4.70"],
        "1.2.840.10008.5.1.4.1.1.4": ["1.2.840.10008.1.2", "1.2.840.10008.1.2.4.70"],
    }
    subject = report(case("P.RQ.02"), target={"name": "p", "observed": {"sop-classes": classes}})
    lines = statement.statement(subject)
    told = " ".join(" ".join(lines).split())
    assert (
        "Presentation contexts accepted In 1.2.840.10008.1.2 (Implicit VR Little Endian):" in told
    )
    assert (
        "1.2.840.10008.5.1.4.1.1.2 (CT Image Storage); "
        "1.2.840.10008.5.1.4.1.1.4 (MR Image Storage)." in told
    )
    assert max(map(len, lines)) <= statement.WIDTH


def test_the_statement_of_an_incomplete_run_says_so():
    lines = statement.statement(report(case("P.RQ.02"), complete=False))
    assert "The run is incomplete, and so is this text." in " ".join(lines)


def test_the_command_writes_all_forms(tmp_path, capsys):
    page, xml = tmp_path / "r.html", tmp_path / "r.xml"
    code = main(["report", str(SAMPLE), "--html", str(page), "--junit", str(xml), "--text"])
    assert code == 0
    assert page.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert xml.read_text(encoding="utf-8").startswith("<?xml")
    assert "All cases" in capsys.readouterr().out


@pytest.mark.parametrize(("verdict", "code"), [(Verdict.PASS, 0), (Verdict.FAIL, 1)])
def test_check_turns_the_outcome_into_the_exit_code(tmp_path, verdict, code, capsys):
    path = tmp_path / "r.json"
    result_files.save(report(case("P.RQ.02", verdict)), path)
    assert main(["report", str(path), "--check"]) == code
    assert main(["report", str(path)]) == 0
    capsys.readouterr()


def test_cases_of_a_tag_can_be_left_out_of_everything(tmp_path, capsys):
    path, page = tmp_path / "r.json", tmp_path / "r.html"
    secret = case("P.STO.12", Verdict.FAIL, tags=["security"], title="escapes its folder")
    result_files.save(report(secret, case("P.RQ.02")), path)
    assert (
        main(["report", str(path), "--without-tag", "security", "--html", str(page), "--text"]) == 0
    )
    for form in (capsys.readouterr().out, page.read_text(encoding="utf-8")):
        assert "P.RQ.02" in form
        assert "P.STO.12" not in form
        assert "escapes" not in form


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"format": "dulspec-result/1"}', "\x00"])
def test_a_file_that_is_no_result_is_a_usage_error(tmp_path, content, capsys):
    path = Path(tmp_path / "bad.json")
    path.write_text(content, encoding="utf-8")
    assert main(["report", str(path)]) == 2
    assert "bad.json" in capsys.readouterr().err


def test_a_recommended_failure_is_told_though_the_run_passes():
    failing = case("P.RQ.02", Verdict.FAIL, level=Level.RECOMMENDED, message="seen: AC")
    lines = text.summary(report(failing))
    assert lines[-1] == "PASSED"
    assert "Deviations that do not fail the run:" in lines
    assert [line for line in lines if line.startswith("  fail        P.RQ.02 ")]
