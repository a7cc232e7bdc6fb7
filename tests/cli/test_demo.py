"""dulcet demo: what it shows, what it leaves behind, and that what it advises can be typed."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from cli import demo
from cli.grammar.parsing import parse
from cli.storescp.options import StorescpSettings
from cli.storescu_options import StorescuSettings

ROOT = Path(__file__).parents[2]
CT = ROOT / "fixtures" / "dicom" / "ct-explicit.dcm"


def test_what_was_sent_and_stored_is_shown_and_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "new" / "incoming"
    assert demo.main(["-od", str(folder), str(CT)]) == 0
    said = capsys.readouterr().out
    (stored,) = folder.iterdir()
    assert stored.stat().st_size > 30_000
    assert re.search(
        r"^  ct-explicit.dcm +[\d,]+  identical   CT Image, Explicit VR Little",
        said,
        re.MULTILINE,
    )
    assert "1 of 1 data sets stored byte for byte; storescu's exit code: 0" in said
    assert f"They are in {folder}." in said
    assert "\x1b" not in said


def test_a_file_that_is_none_is_no_success(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "text.txt").write_text("no DICOM file")
    assert demo.main([str(tmp_path / "text.txt")]) == 1
    assert "is not a DICOM file" in capsys.readouterr().err


def test_a_directory_that_cannot_be_made_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    assert demo.main(["-od", str(tmp_path / "file" / "in"), str(CT)]) == 1
    assert "cannot make" in capsys.readouterr().err


def test_it_ends_with_three_commands_that_can_be_typed(capsys: pytest.CaptureFixture[str]) -> None:
    assert demo.main([str(CT)]) == 0
    *_, advice = capsys.readouterr().out.partition("Try next:")
    commands = [line.strip() for line in advice.splitlines() if "11112" in line]
    assert len(commands) == 3
    assert (
        parse(StorescpSettings, shlex.split(commands[0].partition(" storescp ")[2])).port == 11112
    )
    sent = parse(StorescuSettings, shlex.split(commands[1].partition(" storescu ")[2]))
    assert [Path(each).resolve() for each in sent.file] == [CT]
    assert commands[2].endswith(" spec scp localhost 11112")
