"""What dulcet has besides the tools: the one option that it takes, and what it says of others."""

from __future__ import annotations

import pytest

from cli import aside
from cli.grammar import values as read
from cli.grammar.declaration import parameter


class AboutSettings(aside.Aside, tool="about", summary="tells about something"):
    """A tool of this test."""

    what: str = parameter("what", read=read.choice(a="A", b="B"), help="one of them")


def about(*line: str) -> int:
    return aside.run_aside(AboutSettings, line, lambda settings: len(settings.what) + 40)


def test_it_does_what_the_line_says() -> None:
    assert about("a") == 41


def test_help_is_all_that_is_done(capsys: pytest.CaptureFixture[str]) -> None:
    assert about("--help") == 0
    said = capsys.readouterr().out
    assert said.startswith("about: tells about something\nusage: about [options] what\n")
    assert "print this text and exit" in said


@pytest.mark.parametrize("line", [["c"], [], ["a", "b"], ["--version", "a"]])
def test_what_it_does_not_know_is_an_error(
    line: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert about(*line) == 1
    said = capsys.readouterr().err
    assert said.startswith("dulcet about: ")
    assert "'dulcet about --help' says more" in said
