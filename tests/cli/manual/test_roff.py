"""Manual pages: every option is there, and man and mandoc find nothing to complain of."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from importlib import import_module
from pathlib import Path

import pytest

import testbed.cli
from cli import tool
from cli.grammar.declaration import Settings
from cli.grammar.parsing import parse
from cli.manual.programs import Program, of_parser
from cli.manual.shared import files, programs
from cli.manual.texts import EXAMPLES, EXIT_CODES

ROOT = Path(__file__).resolve().parents[3]
PROGRAMS = programs(of_parser(testbed.cli.parser()))
PAGES = {
    place.rpartition("/")[2]: text
    for place, text in files(PROGRAMS, "0.1.0", "2026-11-30")
    if place.startswith("share/man/man")
}


def plain(text: str) -> str:
    """What a reader sees of a page's text."""
    text = re.sub(r"\\f[BIR]", "", text)
    return text.replace("\\-", "-").replace("\\&", "").replace("\\e", "\\")


def test_there_is_a_page_of_each_program_and_of_the_grammar() -> None:
    assert PAGES.keys() == {f"{each.name}.1" for each in PROGRAMS} | {"dulcet-options.7"}


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda each: each.name)
def test_every_option_is_there_with_what_it_does(program: Program) -> None:
    lines = plain(PAGES[f"{program.name}.1"]).splitlines()
    whole = " ".join(" ".join(lines).split())
    own = (program, *program.commands) if program.name == "dulspec" else (program,)
    for each in own:
        for switch in each.switches:
            assert f"{', '.join(switch.names)} {switch.shown}".strip() in lines
            assert " ".join(switch.text.replace("`", "").split()) in whole
    for each in program.sections:
        assert any(line.lower() == f".ss {each.title}".lower() for line in lines)


def test_the_grammar_is_that_of_the_parser() -> None:
    text = plain(PAGES["dulcet-options.7"])
    assert "An option's values are the next tokens, whatever they look like." in text
    assert 'A lone "@" is a parameter.' in " ".join(text.split())


def test_the_exit_codes_are_those_of_the_documentation() -> None:
    page = (ROOT / "docs" / "cli.md").read_text("utf-8").split("### Exit codes", 1)[1]
    page = page.split("<!-- end -->", 1)[0]
    for column, name in enumerate(("storescu", "dcmsend")):
        rows = re.findall(r"^\| ([\d]+) \| ([\d]+) \|", page, re.MULTILINE)
        documented = {row[column] for row in rows}
        status = PAGES[f"{name}.1"].split(".SH EXIT STATUS", 1)[1].split(".SH", 1)[0]
        told = set(re.findall(r"^\.B (\d+)$", status, re.MULTILINE))
        assert told == documented
    general = {number for code, _ in EXIT_CODES for number in re.findall(r"\d+", code)}
    assert {"0", "1", "10", "130", "143"} <= general


def test_the_examples_can_be_typed(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    def run(kind: type[Settings], tokens: list[str], _work: object) -> int:
        seen.append(parse(kind, tokens))
        return 0

    monkeypatch.setattr(tool, "run", run)
    for name in ("storescu", "dcmsend", "storescp", "dcmrecv", "echoscu", "storeindex"):
        for _, command in EXAMPLES[name]:
            program, *words = shlex.split(command)
            assert program == name
            assert import_module(f"cli.{name}").main(words) == 0
    assert len(seen) > 10
    for _, command in EXAMPLES["dulspec"]:
        testbed.cli.parse(shlex.split(command)[1:])


def test_none_of_it_is_taken_for_a_request() -> None:
    for text in PAGES.values():
        for line in text.splitlines():
            assert not line.startswith("'")
            assert not line.startswith(".") or re.match(r"\.(\\\"|[A-Za-z]{1,2}\b)", line), line
            assert len(line) <= 90 or line.startswith("\\fB")


def complaints(*command: str) -> str:
    """What a program says of a page, or a skipped test."""
    if shutil.which(command[0]) is None:
        if os.environ.get("DULCET_REQUIRE_PEERS") == "1":
            pytest.fail(f"{command[0]} is not installed")
        pytest.skip(f"{command[0]} is not installed")
    done = subprocess.run(
        command, capture_output=True, text=True, check=False,
        env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "MANWIDTH": "80"},
    )  # fmt: skip
    return done.stderr + (done.stdout if command[0] == "mandoc" else "")


@pytest.mark.parametrize("name", PAGES)
def test_man_has_no_warnings(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(PAGES[name])
    assert complaints("man", "--warnings", "-l", str(tmp_path / name)) == ""


@pytest.mark.parametrize("name", PAGES)
def test_mandoc_has_no_warnings(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(PAGES[name])
    assert complaints("mandoc", "-Tlint", "-Wwarning", str(tmp_path / name)) == ""
