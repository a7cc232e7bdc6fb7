"""What a program can be told, from either declaration."""

from __future__ import annotations

import pytest

import testbed.cli
from cli.dulcet import TOOLS
from cli.manual.programs import LEFT_ALONE, PLACES, Operand, Program, Switch, of_parser, of_settings
from cli.manual.shared import programs
from cli.storescu_options import StorescuSettings


@pytest.fixture(scope="module")
def everything() -> list[Program]:
    return programs(of_parser(testbed.cli.parser()))


def switch(program: Program, name: str) -> Switch:
    (found,) = (each for each in program.switches if name in each.names)
    return found


def test_a_tool_is_what_it_declares() -> None:
    program = of_settings(StorescuSettings)
    assert program.name == "storescu"
    assert [each.operand for each in program.arguments] == [
        Operand("peer", "host"),
        Operand("port", "other"),
        Operand("file", "file"),
    ]
    assert [each.many for each in program.arguments] == [False, False, True]
    level = switch(program, "-ll")
    assert level.names == ("-ll", "--log-level")
    assert level.operands[0].place == "word"
    assert {"fatal", "trace"} <= set(level.operands[0].words)
    profile = switch(program, "-xf")
    assert [(each.shown, each.place) for each in profile.operands] == [
        ("FILE", "file"),
        ("PROFILE", "other"),
    ]
    assert switch(program, "--repeat").doubtful
    assert not switch(program, "--abort").operands


def test_dulspec_is_what_its_parser_says(everything: list[Program]) -> None:
    (spec,) = (each for each in everything if each.name == "dulspec")
    commands = {each.name: each for each in spec.commands}
    assert {"dulspec scp", "dulspec scu", "dulspec compare"} <= commands.keys()
    scp = commands["dulspec scp"]
    assert scp.usage.startswith("dulspec scp HOST PORT")
    assert switch(scp, "--level").operands[0].words[0] == "required"
    assert switch(scp, "--store-dir").operands[0].place == "directory"
    assert switch(scp, "--json").operands[0].place == "file"
    assert not switch(scp, "--strict").operands
    assert "%" not in switch(scp, "--called").text, "the default stands in its place"


def test_dulcet_has_all_tools(everything: list[Program]) -> None:
    dulcet = everything[-1]
    assert [each.name for each in dulcet.commands] == [*TOOLS, "spec"]
    assert {each.name for each in everything} == {
        "storescu", "dcmsend", "storescp", "dcmrecv", "storeindex", "echoscu", "dulspec", "dulcet",
    }  # fmt: skip


def test_of_every_value_it_is_said_what_a_shell_may_do_with_it(everything: list[Program]) -> None:
    """Whoever declares an option with a new word for its value says so in PLACES or LEFT_ALONE."""
    shown = {
        operand.shown
        for program in everything
        for each in (program, *program.commands)
        for switch in each.switches
        for operand in switch.operands
        if operand.place == "other"
    }
    assert shown - LEFT_ALONE == set()
    assert not LEFT_ALONE & PLACES.keys()
