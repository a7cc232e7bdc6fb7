"""Where results go: all of them from one run, and what cannot be written is found at the start."""

from xml.etree import ElementTree as ET

import pytest

from testbed import cli, result_files
from testbed.commands.outputs import Outputs
from testbed.mini.acceptor import PartialKeeper
from testbed.mini.peer import Config
from testbed.mini.server import MiniServer
from testbed.report import html, junit


def test_three_reports_of_one_run(tmp_path):
    page, xml, whole = tmp_path / "r.html", tmp_path / "r.xml", tmp_path / "r.json"
    with MiniServer(Config(), PartialKeeper) as server:
        code = cli.main(
            ["scp", "127.0.0.1", str(server.port), "--called", "MINI", "-q", "P.AC.01",
             "--html", str(page), "--junit", str(xml), "--json", str(whole)]
        )  # fmt: skip
    assert code == 0
    report = result_files.load(whole)
    assert page.read_text("utf-8") == html.page([report])
    ET.parse(xml)
    junit.write([report], tmp_path / "again.xml")
    assert (tmp_path / "again.xml").read_bytes() == xml.read_bytes()


@pytest.mark.parametrize("option", ["--json", "--html", "--junit", "--badge", "--badge-json"])
@pytest.mark.parametrize("place", ["no/such/folder/file", "."])
def test_what_cannot_be_written_is_found_at_the_start(option, place, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(cli.judging, "Runner", None)  # nothing may run
    path = tmp_path / place
    assert cli.main(["scp", "127.0.0.1", "1", option, str(path)]) == 2
    err = capsys.readouterr().err
    assert err.startswith(f"dulspec: {option}: {path} cannot be written: ")
    assert err.count("\n") == 1


def test_one_file_cannot_be_two_reports(tmp_path, capsys):
    path = str(tmp_path / "result")
    assert cli.main(["scp", "127.0.0.1", "1", "--json", path, "--html", path]) == 2
    assert "--json and --html name the same file" in capsys.readouterr().err


def test_looking_leaves_files_as_they_are(tmp_path):
    there, not_yet = tmp_path / "there", tmp_path / "not-yet"
    there.write_text("an earlier result")
    Outputs({"json": there, "html": not_yet}).check()
    assert there.read_text() == "an earlier result"
    assert not not_yet.exists()


def test_a_full_disk_spoils_one_report_only(tmp_path, capsys):
    page = tmp_path / "r.html"
    with MiniServer(Config(), PartialKeeper) as server:
        code = cli.main(
            ["scp", "127.0.0.1", str(server.port), "--called", "MINI", "-q", "P.AC.01",
             "--json", "/dev/full", "--html", str(page)]
        )  # fmt: skip
    assert code == 2
    captured = capsys.readouterr()
    assert "dulspec: --json: /dev/full was not written: No space left on device" in captured.err
    assert captured.out.endswith("PASSED\n")
    assert page.exists()
