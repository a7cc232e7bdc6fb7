"""One name for all tools."""

from __future__ import annotations

import re
from importlib import import_module

import pytest

from cli import dulcet


@pytest.mark.parametrize("name", dulcet.TOOLS)
def test_each_tool_is_there(name: str) -> None:
    assert callable(import_module(dulcet.TOOLS[name][0], dulcet.__package__).main)


@pytest.mark.parametrize("line", [[], ["--help"], ["-h"], ["help"]])
def test_the_tools_are_listed(line: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert dulcet.main(line) == 0
    listed = re.findall(r"^  (\w+)  ", capsys.readouterr().out, re.MULTILINE)
    assert listed == [*dulcet.TOOLS, "spec"]


def test_a_tool_gets_its_own_options(capsys: pytest.CaptureFixture[str]) -> None:
    assert dulcet.main(["echoscu", "--help"]) == 0
    assert capsys.readouterr().out.startswith("echoscu: DICOM verification")
    assert dulcet.main(["echoscu", "--no-such-option"]) == 1
    assert "Unknown option --no-such-option" in capsys.readouterr().err


def test_the_testbed_is_among_them(capsys: pytest.CaptureFixture[str]) -> None:
    assert dulcet.main(["spec", "list"]) == 0
    assert "P.STA2.07" in capsys.readouterr().out


def test_a_tool_that_is_none(capsys: pytest.CaptureFixture[str]) -> None:
    assert dulcet.main(["findscu"]) == 1
    assert "there is no tool 'findscu'" in capsys.readouterr().err


def test_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert dulcet.main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("$dulcet: dulcet v")
