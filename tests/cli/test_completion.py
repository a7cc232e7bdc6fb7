"""dulcet completion and dulcet manual: what is in share/, printed."""

from __future__ import annotations

import pytest

from cli import completion, manpage
from cli.manual.installed import installed


@pytest.mark.parametrize(
    ("shell", "end"),
    [("bash", "complete -F _dulcet_of_{0} {0}"), ("zsh", "compdef _{0} {0}"), ("fish", "complete -c {0} ")],
)  # fmt: skip
def test_the_scripts_of_all_programs_are_printed(
    shell: str, end: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert completion.main([shell]) == 0
    said = capsys.readouterr().out
    for program in installed():
        assert end.format(program.name) in said


def test_another_shell_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert completion.main(["csh"]) == 1
    assert "it is one of bash, zsh, fish" in capsys.readouterr().err


def test_a_manual_page_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert manpage.main(["storescu"]) == 0
    assert ".TH STORESCU 1 " in capsys.readouterr().out
    assert manpage.main(["dulcet-options"]) == 0
    assert ".TH DULCET-OPTIONS 7 " in capsys.readouterr().out


def test_one_that_is_none_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert manpage.main(["findscu"]) == 1
    assert "there is none of findscu: storescu, dcmsend, " in capsys.readouterr().err
