"""Settings that are declared once: what a class of groups comes to."""

from typing import Literal

import pytest

from cli.grammar.commandfile import expand, words
from cli.grammar.declaration import (
    Settings,
    UsageError,
    always,
    flag,
    parameter,
    parameters,
    repeated,
    setting,
    value,
)
from cli.grammar.parsing import long_forms, parse
from cli.grammar.usage import usage
from cli.grammar.values import integer, text


class Ways(Settings, title="ways"):
    way: Literal["slow", "fast"] = setting(
        "slow",
        flag("-s", "--slow", value="slow", help="slowly (default)"),
        flag("-f", "--fast", value="fast", help="fast", excludes=["--careful"]),
        dcmtk="fast",
    )
    careful: bool = setting(False, flag("--careful", help="carefully", needs=["--slow", "--two"]))
    _plain = always("-p", "--plain", help="plainly (always so)")


class Things(Settings, title="things"):
    number: int = setting(
        7, value("-n", "--number", read=integer(0, 9), metavar="N", help="how many ({default})")
    )
    pair: tuple[str, int] | None = setting(
        None,
        value(
            "--two", read=lambda a, b: (a, int(b)), metavar="NAME NUMBER", help="a name, a number"
        ),
    )
    all: tuple[str, ...] = setting((), repeated("--each", read=text, metavar="X", help="several"))


class Both(Ways, Things, tool="both", summary="ways and things", defaults={"number": 3}):
    place: str = parameter("place", read=text, help="where")
    others: tuple[str, ...] = parameters("other", read=text, help="what else")


class One(Ways, tool="one", summary="a way"):
    place: str = parameter("place", read=text, help="where", default="here")
    stop: bool = setting(False, flag("--stop", exits=True, help="stop"))


def both(line):
    return parse(Both, line.split())


def test_defaults_are_those_of_the_tool():
    found = both("a b")
    assert (found.way, found.number, found.pair, found.all) == ("slow", 3, None, ())
    assert (found.place, found.others) == ("a", ("b",))
    assert parse(Things, []).number == 7


def test_the_last_of_a_setting_wins_and_several_values_add_up():
    assert both("-f a -s b").way == "slow"
    assert both("--each 1 a --each 2 b").all == ("1", "2")
    assert both("--two x 5 a b").pair == ("x", 5)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("a b --two x", "Missing value for option --two"),
        ("--two x y a b", "Invalid value for option --two (invalid literal"),
        ("-n 10 a b", "Invalid value for option --number (overflow: 10, the most is 9)"),
        ("--careful a b", "--careful only allowed with --slow or --two"),
        ("-s -f --careful a b", "--fast not allowed with --careful"),
        ("a", "Missing parameter other"),
        ("-n 1 --two x 1 --each", "Missing value for option --each"),
    ],
)
def test_what_is_wrong(line, message):
    with pytest.raises(UsageError) as caught:
        both(line)
    assert message in str(caught.value)


def test_an_option_that_lost_needs_and_excludes_nothing():
    assert both("-f -s --careful a b").careful


def test_parameters_may_be_left_out_if_they_have_a_default_or_nothing_is_done():
    assert parse(One, []).place == "here"
    assert parse(One, ["there"]).place == "there"
    with pytest.raises(UsageError, match="Unexpected parameter x"):
        parse(One, ["there", "x"])

    class Needy(One, tool="needy", summary="needs a thing"):
        thing: str = parameter("thing", read=text, help="what")

    assert parse(Needy, ["--stop"]).stop
    with pytest.raises(UsageError, match="Missing parameter thing"):
        parse(Needy, ["x"])


def test_the_defaults_of_dcmtk():
    assert parse(Both, ["a", "b"], dcmtk=True).way == "fast"
    assert parse(Both, ["-s", "a", "b"], dcmtk=True).way == "slow"


def test_settings_are_read_only_and_made_of_what_is_declared():
    found = both("a b")
    with pytest.raises(AttributeError, match="way: settings are not changed"):
        found.way = "fast"
    with pytest.raises(TypeError, match="no such settings: weigh"):
        Both(weigh="fast")
    assert Both(place="a", others=(), number=1).number == 1
    assert "number=1" in repr(Both(place="a", others=(), number=1))


def test_a_default_of_what_is_not_declared_is_a_mistake():
    with pytest.raises(AssertionError, match="nothing"):

        class Wrong(Ways, tool="wrong", summary="", defaults={"nothing": 1}):
            pass


def test_groups_keep_their_order_and_show_the_tools_default():
    assert [group.title for group in Both.__declaration__.groups] == ["ways", "things"]
    text = usage(Both)
    assert "usage: both [options] place other...\n" in text
    assert "how many (3)" in text
    assert "--two NAME NUMBER" in text
    assert "carefully (only with --slow or --two)" in " ".join(text.split())
    assert "usage: one [options] [place]\n" in usage(One)


def test_long_forms_are_what_was_understood():
    line = "-f a -n 1 --two -x 2 b -p"
    assert " ".join(long_forms(Both, line.split())) == ("--fast a --number 1 --two -x 2 b --plain")


# Each as DCMTK's tools split it; looked at with --arguments.
@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("-v  'a b' \"c'd\"\n", ["-v", "a b", "c'd"]),
        ("e'f g'h '' \"\" x\\ y", ["ef gh", "x\\", "y"]),
        ("@inner\t'@z' #c", ["@inner", "@z", "#c"]),
        ('pre\'q"r\'"s t"', ['preq"rs t']),
        ("'unclosed x", ["unclosed x"]),
        ("", []),
        (" \r\n ", []),
    ],
)
def test_the_words_of_a_command_file(content, expected):
    assert list(words(content)) == expected


def test_command_files_stand_anywhere_and_an_at_sign_alone_is_none(tmp_path):
    path = tmp_path / "options"
    path.write_bytes(b"-n 5\n--each '\xff \xc3\xa4'")
    found = parse(Both, expand(["a", f"@{path}", "@"]))
    assert (found.number, found.others) == (5, ("@",))
    assert found.all == ("\udcff ä",)
    assert expand(["--each", f"@{path}"])[:2] == ["--each", "-n"]


def test_a_command_file_that_is_missing(tmp_path):
    with pytest.raises(UsageError, match=r"Cannot open command file '.*none' \(No such file"):
        expand([f"@{tmp_path}/none"])
