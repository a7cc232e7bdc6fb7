"""The command-line grammar (that of DCMTK's tools) and the values of options."""

import dataclasses

import pytest

from cli import echoscu, options, storescp, storescu
from cli.options import UsageError
from cli.report import Level

TOOLS = {each.COMMAND.name: each for each in (storescu, echoscu, storescp)}


def parse(*tokens):
    return storescu.COMMAND.parse(tokens)


@pytest.mark.parametrize(
    ("token", "expected"),
    [
        ("-v", True),
        ("--verbose", True),
        ("+sd", True),
        ("--", True),
        ("-", False),
        ("+", False),
        ("-5", False),
        ("+5", False),
        ("v", False),
        ("", False),
        ("-aet", True),
    ],
)
def test_what_an_option_is(token, expected):
    assert options.is_option(token) is expected


def test_all_options_of_the_seed_in_one_line():
    found = parse(*"-r 3 -v -d -a -b 32768 -t ME -c YOU peer 104 a b".split())
    assert found["repeat"] == 3
    assert found["level"] is Level.DEBUG
    assert found["abort"] is True
    assert found["max_pdu"] == 32768
    assert (found["calling"], found["called"]) == ("ME", "YOU")
    assert (found["peer"], found["port"], found["file"]) == ("peer", 104, ["a", "b"])


@pytest.mark.parametrize(
    ("tokens", "setting", "value"),
    [
        (["-aet", "ME"], "calling", "ME"),
        (["--aetitle", "ME"], "calling", "ME"),
        (["-aec", "YOU"], "called", "YOU"),
        (["--call", "YOU"], "called", "YOU"),
        (["-pdu", "4096"], "max_pdu", 4096),
        (["--max-pdu", "0"], "max_pdu", 0),
        (["--max-send-pdu", "8"], "max_send_pdu", 8),
        (["--repeat", "2"], "repeat", 2),
        (["--abort"], "abort", True),
        (["-nh"], "halt", False),
        (["--no-halt"], "halt", False),
        (["-to", "1"], "connect_timeout", 1.0),
        (["--timeout", "0.5"], "connect_timeout", 0.5),
        (["-ta", "7"], "acse_timeout", 7.0),
        (["--acse-timeout", "0"], "acse_timeout", None),
        (["-td", "7"], "dimse_timeout", 7.0),
        (["--dimse-timeout", "0"], "dimse_timeout", None),
        (["-q"], "level", Level.FATAL),
        (["--quiet"], "level", Level.FATAL),
        (["--verbose"], "level", Level.INFO),
        (["--debug"], "level", Level.DEBUG),
        (["-ll", "trace"], "level", Level.TRACE),
        (["--log-level", "error"], "level", Level.ERROR),
        (["+v"], "contexts", True),
        (["+sd"], "scan", True),
        (["--scan-directories"], "scan", True),
        (["+r"], "recurse", True),
        (["--recurse"], "recurse", True),
        (["+r", "--no-recurse"], "recurse", False),
    ],
)
def test_spellings_before_between_and_behind_the_parameters(tokens, setting, value):
    for line in (
        [*tokens, "peer", "104", "file"],
        ["peer", *tokens, "104", "file"],
        ["peer", "104", "file", *tokens],
    ):
        assert parse(*line)[setting] == value
        assert parse(*line)["file"] == ["file"]


def test_the_last_of_several_options_wins():
    assert parse("-v", "-q", "p", "1", "f")["level"] is Level.FATAL
    assert parse("-q", "p", "-d", "1", "f", "-v")["level"] is Level.INFO
    assert parse("-t", "A", "p", "1", "f", "-aet", "B")["calling"] == "B"


@pytest.mark.parametrize(
    ("tokens", "repeat", "recurse", "files"),
    [
        ("-r 3 p 104 f", 3, False, ["f"]),
        ("+sd +r -r p 104 f", 1, False, ["f"]),
        ("-r p 104 f", 1, False, ["f"]),
        ("p -r 104 f", 1, False, ["f"]),  # behind the peer it is never the old -r n
        ("p 104 f -r 3", 1, False, ["f", "3"]),
        ("p 104 f --repeat 3", 3, False, ["f"]),
        ("-v -r 3 p 104 f", 3, False, ["f"]),
    ],
)
def test_the_two_meanings_of_r(tokens, repeat, recurse, files):
    found = parse(*tokens.split())
    assert (found["repeat"], found["recurse"]) == (repeat, recurse)
    assert found["file"] == files


def test_a_value_may_look_like_an_option():
    assert parse("-t", "-v", "p", "1", "f")["calling"] == "-v"


@pytest.mark.parametrize(
    ("tokens", "message"),
    [
        ("--foo p 1 f", "Unknown option --foo"),
        ("-vd p 1 f", "Unknown option -vd"),  # no clusters
        ("-r5 p 1 f", "Unknown option -r5"),  # no attached values
        ("--repeat=5 p 1 f", "Unknown option --repeat=5"),
        ("--verb p 1 f", "Unknown option --verb"),  # no abbreviations
        ("-- p 1 f", "Unknown option --"),
        ("-V p 1 f", "Unknown option -V"),
        ("-v", "Missing parameter peer"),
        ("p", "Missing parameter port"),
        ("p 104", "Missing parameter file"),
        ("p abc f", "Invalid parameter value abc for port"),
        ("p 0 f", "Invalid parameter value 0 for port (underflow: 0, the least is 1)"),
        (
            "p 70000 f",
            "Invalid parameter value 70000 for port (overflow: 70000, the most is 65535)",
        ),
        ("p 1_0 f", "Invalid parameter value 1_0 for port"),
        ("p 104 f -pdu", "Missing value for option -pdu"),
        ("-pdu abc p 1 f", "Invalid value for option -pdu (abc)"),
        ("-b 7 p 1 f", "Invalid value for option -b (underflow: 7, the least is 8)"),
        ("-b -1 p 1 f", "Invalid value for option -b (underflow: -1, the least is 8)"),
        ("-r 0 p 1 f", "Invalid value for option -r (underflow: 0, the least is 1)"),
        ("--repeat x p 1 f", "Invalid value for option --repeat (x)"),
        ("-to -1 p 1 f", "Invalid value for option -to (-1)"),
        ("-to 1e3 p 1 f", "Invalid value for option -to (1e3)"),
        ("-to 1.x p 1 f", "Invalid value for option -to (1.x)"),
        ("-ll loud p 1 f", "it is one of fatal, error, warn, info, debug, trace"),
        ("-t ABCDEFGHIJKLMNOPQ p 1 f", "an AE title has 1 to 16 characters"),
        ("-c A\\B p 1 f", "no backslash"),
        ("+r p 1 f", None),
    ],
)
def test_errors(tokens, message, capsys):
    tokens = tokens.split(" ")
    assert storescu.main(tokens) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("storescu: DICOM storage (C-STORE) SCU\nerror: ")
    assert (message or "--recurse only allowed with --scan-directories") in said.err


def test_storescp_needs_a_time_for_requests():
    with pytest.raises(UsageError, match=r"option -ta \(underflow: 0\)"):
        storescp.COMMAND.parse(["-ta", "0", "104"])
    assert storescp.COMMAND.parse(["-ta", "0.5", "-td", "0", "104"])["acse_timeout"] == 0.5


@pytest.mark.parametrize("title", ["", "   ", "ABCDEFGHIJKLMNOPQ", "A\\B", "A\tB", "ÄRZTE"])
def test_what_is_no_ae_title(title):
    with pytest.raises(ValueError):
        options.ae_title(title)


@pytest.mark.parametrize("title", ["A", "ABCDEFGHIJKLMNOP", "a b", " A", "-x"])
def test_what_is_an_ae_title(title):
    assert options.ae_title(title) == title.strip(" ")


def test_empty_parameters_are_refused():
    with pytest.raises(UsageError, match="for peer"):
        parse("", "104", "f")
    with pytest.raises(UsageError, match="for file"):
        parse("p", "104", "")


def test_one_parameter_too_many():
    with pytest.raises(UsageError, match="Unexpected parameter x"):
        echoscu.COMMAND.parse(["p", "104", "x"])


@pytest.mark.parametrize("tool", TOOLS.values(), ids=TOOLS)
def test_usage_names_every_option_and_every_option_has_a_default(tool):
    command = tool.COMMAND
    usage = command.usage()
    for option in command.options:
        assert not option.sets or command.settings[option.sets] is not options.NO_DEFAULT
        assert ", ".join(option.names) in usage
    assert max(map(len, usage.splitlines())) <= 100


@pytest.mark.parametrize("tool", TOOLS.values(), ids=TOOLS)
def test_no_spelling_has_two_meanings_but_r(tool):
    seen = [
        name for option in tool.COMMAND.options for name in option.names if option.applies is None
    ]
    assert len(seen) == len(set(seen)) + (seen.count("-r") > 1)


@pytest.mark.parametrize("tool", TOOLS.values(), ids=TOOLS)
def test_every_setting_arrives(tool):
    """What the parser gives is exactly what the tool's settings are made of."""
    given = ["x", "1", "f"] if tool is storescu else ["x", "1"] if tool is echoscu else ["1"]
    found = tool.COMMAND.parse(given)
    for common in ("help", "version", "level"):
        del found[common]
    settings = getattr(tool, "Settings", None) or tool.Calling
    assert set(found) == {field.name for field in dataclasses.fields(settings)}


@pytest.mark.parametrize("tool", TOOLS.values(), ids=TOOLS)
@pytest.mark.parametrize("spelling", ["-h", "--help", None])
def test_help(tool, spelling, capsys):
    assert tool.main([] if spelling is None else ["-v", spelling]) == 0
    said = capsys.readouterr()
    assert said.err == ""
    assert said.out == tool.COMMAND.usage()


@pytest.mark.parametrize("tool", TOOLS.values(), ids=TOOLS)
def test_version(tool, capsys):
    assert tool.main(["--version"]) == 0
    said = capsys.readouterr().out
    assert said.startswith(f"{tool.COMMAND.name} (dulcet) ")
    assert said.split()[-1][0].isdigit()
