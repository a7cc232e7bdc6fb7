"""Colour: on a terminal, unless NO_COLOR is set; the text is the same."""

from __future__ import annotations

import io
import re
from importlib import import_module

import pytest

from cli.colours import BOLD, CYAN, paint, wanted
from cli.grammar.usage import usage
from cli.storescp.options import StorescpSettings
from cli.storescu_options import StorescuSettings

TOOLS = ("storescu", "dcmsend", "storescp", "dcmrecv", "echoscu", "storeindex")


class Terminal(io.StringIO):
    """A stream that says that it is one."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def nothing_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)


def test_a_terminal_has_it_and_a_pipe_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    assert wanted(Terminal())
    assert not wanted(io.StringIO())
    monkeypatch.setenv("TERM", "dumb")
    assert not wanted(Terminal())


def test_no_color_is_honoured_unless_it_is_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "")
    assert wanted(Terminal())
    monkeypatch.setenv("NO_COLOR", "1")
    assert not wanted(Terminal())
    assert "\x1b" not in usage(StorescpSettings, Terminal())


def test_paint() -> None:
    assert paint("x", BOLD, CYAN) == "\x1b[1;36mx\x1b[0m"
    assert paint("x") == "x"
    assert paint("", BOLD) == ""


@pytest.mark.parametrize("kind", [StorescuSettings, StorescpSettings])
def test_the_usage_text_is_the_same_in_colour(kind: type[StorescuSettings]) -> None:
    plain, coloured = usage(kind), usage(kind, Terminal())
    assert re.sub(r"\x1b\[[\d;]*m", "", coloured) == plain
    assert "\x1b[36m--aetitle\x1b[0m \x1b[32mTITLE\x1b[0m" in coloured
    assert "\x1b[1mgeneral options:\x1b[0m" in coloured


@pytest.mark.parametrize("tool", TOOLS)
def test_no_line_of_help_is_wider_than_80(tool: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert import_module(f"cli.{tool}").main(["--help"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) > 20
    assert max(map(len, lines)) <= 80
