"""--report: what the file says, also of what was not sent; and that it stops nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cli_peers import ScriptedPeer, storing

from cli import storescu

DICOM = Path(__file__).parents[2] / "fixtures" / "dicom"
CT, MR = DICOM / "ct-explicit.dcm", DICOM / "mr-explicit.dcm"


@pytest.fixture
def send(capsys):
    """Run storescu; its exit code, and what it says."""

    def run(port, *arguments):
        code = storescu.main(["127.0.0.1", str(port), *map(str, arguments)])
        return code, capsys.readouterr().err

    return run


def test_a_row_for_each_object_whatever_became_of_it(send, tmp_path):
    path = tmp_path / "a.json"
    (tmp_path / "read.me").write_text("no DICOM")
    with ScriptedPeer(storing(0, 0xA700)) as peer:
        code, _ = send(peer.port, "-nh", "--report", path, CT, MR, tmp_path / "read.me")
    assert code != 0
    rows = {row["file"]: row for row in json.loads(path.read_text())}
    assert {Path(name).name: row["result"] for name, row in rows.items()} == {
        "ct-explicit.dcm": "stored", "mr-explicit.dcm": "failed", "read.me": "failed",
    }  # fmt: skip
    assert rows[str(MR)]["status"] == "A700H"
    assert rows[str(CT)]["association"] == 1
    assert "DICOM" in rows[f"{tmp_path}/read.me"]["meaning"]


def test_what_a_halt_leaves_is_not_sent(send, tmp_path):
    path = tmp_path / "a.json"
    with ScriptedPeer(storing(0xA700)) as peer:
        send(peer.port, "--report", path, CT, MR)
    assert [row["result"] for row in json.loads(path.read_text())] == ["failed", "not sent"]


@pytest.mark.parametrize(
    ("name", "why"),
    [("a.txt", "its name ends with"), ("none/a.json", "cannot create report file")],
)
def test_a_report_that_can_not_be_begun_is_said_before_anything_is_sent(send, tmp_path, name, why):
    code, said = send(1, "--report", tmp_path / name, CT)
    assert code == 1
    assert why in said


def test_a_report_that_fails_stops_nothing_and_counts_in_the_exit_code(send, tmp_path, monkeypatch):
    def fail(self, row):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("dimse.reports.writers._Json.write", fail)
    with ScriptedPeer(storing(0, 0)) as peer:
        code, said = send(peer.port, "--report", tmp_path / "a.json", CT, MR)
    assert code == 1
    assert said.count("can't be written: No space left on device; sending goes on without") == 1


def test_the_end_counts_objects_by_status_where_not_all_is_success(send):
    with ScriptedPeer(storing(0, 0xA700)) as peer:
        _, said = send(peer.port, "-nh", "-v", CT, MR)
    assert "I: By status: 1 Success (0000H), 1 Refused: Out of resources (A700H)\n" in said
    with ScriptedPeer(storing(0, 0)) as peer:
        _, said = send(peer.port, "-v", CT, MR)
    assert "By status" not in said
