"""The command-line grammar (that of DCMTK's tools) and the values of options."""

import pytest

from cli import dcmsend, echoscu, storescp, storescu
from cli.dcmsend import DcmsendSettings
from cli.echoscu import EchoscuSettings
from cli.grammar import parsing, values
from cli.grammar.declaration import UsageError
from cli.grammar.usage import usage
from cli.report import Level
from cli.storescp import StorescpSettings
from cli.storescu import StorescuSettings

TOOLS = {"storescu": storescu, "dcmsend": dcmsend, "echoscu": echoscu, "storescp": storescp}
SETTINGS = {
    "storescu": StorescuSettings,
    "dcmsend": DcmsendSettings,
    "echoscu": EchoscuSettings,
    "storescp": StorescpSettings,
}


def parse(*tokens):
    return parsing.parse(StorescuSettings, tokens)


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
    assert parsing.is_option(token) is expected


def test_all_options_of_the_seed_in_one_line():
    found = parse(*"-r 3 -v -d -a -b 32768 -t ME -c YOU peer 104 a b".split())
    assert found.repeat == 3
    assert found.level is Level.DEBUG
    assert found.abort is True
    assert found.max_pdu == 32768
    assert (found.calling_ae_title, found.called_ae_title) == ("ME", "YOU")
    assert (found.peer, found.port, found.file) == ("peer", 104, ("a", "b"))


@pytest.mark.parametrize(
    ("tokens", "setting", "value"),
    [
        (["-aet", "ME"], "calling_ae_title", "ME"),
        (["--aetitle", "ME"], "calling_ae_title", "ME"),
        (["-aec", "YOU"], "called_ae_title", "YOU"),
        (["--call", "YOU"], "called_ae_title", "YOU"),
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
        (["-ts", "7"], "socket_timeout", 7.0),
        (["--socket-timeout", "0"], "socket_timeout", None),
        (["-ts", "-1"], "socket_timeout", None),
        (["+fo"], "form", "file"),
        (["--read-file-only"], "form", "file"),
        (["-f"], "form", "data set"),
        (["--read-dataset"], "form", "data set"),
        (["-f", "+f"], "form", "any"),
        (["-f", "--read-file"], "form", "any"),
        (["+sd", "+sp", "*.dcm"], "pattern", "*.dcm"),
        (["+sd", "--scan-pattern", "*.dcm"], "pattern", "*.dcm"),
        (["+sd"], "scan", True),
        (["--scan-directories"], "scan", True),
        (["+sd", "+r"], "recurse", True),
        (["+sd", "--recurse"], "recurse", True),
        (["+r", "--no-recurse"], "recurse", False),
    ],
)
def test_spellings_before_between_and_behind_the_parameters(tokens, setting, value):
    for line in (
        [*tokens, "peer", "104", "file"],
        ["peer", *tokens, "104", "file"],
        ["peer", "104", "file", *tokens],
    ):
        assert getattr(parse(*line), setting) == value
        assert parse(*line).file == ("file",)


def test_the_last_of_several_options_wins():
    assert parse("-v", "-q", "p", "1", "f").level is Level.FATAL
    assert parse("-q", "p", "-d", "1", "f", "-v").level is Level.INFO
    assert parse("-t", "A", "p", "1", "f", "-aet", "B").calling_ae_title == "B"


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
    assert (found.repeat, found.recurse) == (repeat, recurse)
    assert list(found.file) == files


def test_a_value_may_look_like_an_option():
    assert parse("-t", "-v", "p", "1", "f").calling_ae_title == "-v"


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
        ("p 104 f -pdu", "Missing value for option --max-pdu"),
        ("-pdu abc p 1 f", "Invalid value for option --max-pdu (abc)"),
        ("-b 7 p 1 f", "Invalid value for option --max-pdu (underflow: 7, the least is 8)"),
        ("-b -1 p 1 f", "Invalid value for option --max-pdu (underflow: -1, the least is 8)"),
        ("-r 0 p 1 f", "Invalid value for option --repeat (underflow: 0, the least is 1)"),
        ("--repeat x p 1 f", "Invalid value for option --repeat (x)"),
        ("-to -1 p 1 f", "Invalid value for option --timeout (-1)"),
        ("-to 1e3 p 1 f", "Invalid value for option --timeout (1e3)"),
        ("-to 1.x p 1 f", "Invalid value for option --timeout (1.x)"),
        ("-ll loud p 1 f", "it is one of fatal, error, warn, info, debug, trace"),
        ("-t ABCDEFGHIJKLMNOPQ p 1 f", "an AE title has 1 to 16 characters"),
        ("-c A\\B p 1 f", "without control characters and backslash"),
        ("+r p 1 f", None),
        ("+sp x p 1 f", "--scan-pattern only allowed with --scan-directories"),
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
    with pytest.raises(UsageError, match=r"option --acse-timeout \(underflow: 0\)"):
        parsing.parse(StorescpSettings, ["-ta", "0", "104"])
    assert parsing.parse(StorescpSettings, ["-ta", "0.5", "-td", "0", "104"]).acse_timeout == 0.5


@pytest.mark.parametrize("title", ["", "   ", "ABCDEFGHIJKLMNOPQ", "A\\B", "A\tB", "ÄRZTE"])
def test_what_is_no_ae_title(title):
    with pytest.raises(ValueError):
        values.ae_title(title)


@pytest.mark.parametrize("title", ["A", "ABCDEFGHIJKLMNOP", "a b", " A", "-x"])
def test_what_is_an_ae_title(title):
    assert values.ae_title(title) == title.strip(" ")


def test_empty_parameters_are_refused():
    with pytest.raises(UsageError, match="for peer"):
        parse("", "104", "f")
    with pytest.raises(UsageError, match="for file"):
        parse("p", "104", "")


def test_one_parameter_too_many():
    with pytest.raises(UsageError, match="Unexpected parameter x"):
        parsing.parse(EchoscuSettings, ["p", "104", "x"])


@pytest.mark.parametrize("kind", SETTINGS.values(), ids=SETTINGS)
def test_usage_names_every_option_and_every_option_has_a_default(kind):
    declared = kind.__declaration__
    text = usage(kind)
    for option, name in declared.options:
        assert not name or name in declared.defaults
        assert ", ".join(option.names) in text
    assert max(map(len, text.splitlines())) <= 80
    assert "{" not in text


@pytest.mark.parametrize("kind", SETTINGS.values(), ids=SETTINGS)
def test_no_spelling_has_two_meanings_but_r(kind):
    seen = [
        name
        for option, _ in kind.__declaration__.options
        for name in option.names
        if option.applies is None
    ]
    assert len(seen) == len(set(seen)) + (seen.count("-r") > 1)


@pytest.mark.parametrize("kind", SETTINGS.values(), ids=SETTINGS)
def test_what_options_need_and_exclude_is_there(kind):
    declared = kind.__declaration__
    known = {option.long for option, _ in declared.options}
    for option, _ in declared.options:
        for each in (*option.needs, *option.excludes):
            assert {each} <= known if isinstance(each, str) else set(each) <= known


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("spelling", ["-h", "--help", None])
def test_help(tool, spelling, capsys):
    assert TOOLS[tool].main([] if spelling is None else ["-v", spelling]) == 0
    said = capsys.readouterr()
    assert said.err == ""
    assert said.out == usage(SETTINGS[tool])


@pytest.mark.parametrize("tool", TOOLS)
def test_version(tool, capsys):
    assert TOOLS[tool].main(["--version"]) == 0
    first, *_, last = capsys.readouterr().out.splitlines()
    assert first.split()[:2] == ["$dulcet:", tool]
    assert last.startswith(f"{tool} (dulcet) ")
    assert last.split()[-1] == first.split()[2].removeprefix("v")
    assert last.split()[-1][0].isdigit()


def test_arguments_are_shown_as_they_were_understood(tmp_path, capsys):
    path = tmp_path / "more"
    path.write_text("-q 'a b'")
    assert storescu.main(["-r", "2", "--arguments", "p", "1", f"@{path}"]) == 1
    said = capsys.readouterr().err.splitlines()
    assert said[0] == (
        "I: calling 'storescu' with 7 arguments: "
        "'--repeat' '2' '--arguments' 'p' '1' '--quiet' 'a b'"
    )
    assert said[1] == "I: "


@pytest.mark.parametrize("by", ["option", "environment"])
def test_the_defaults_of_dcmtk(by, monkeypatch):
    seen = []
    monkeypatch.setattr(storescu, "work", lambda settings, report: seen.append(settings) or 0)
    line = ["-td", "9", "p", "1", "f"]
    if by == "environment":
        monkeypatch.setenv("DULCET_DCMTK_DEFAULTS", "1")
    else:
        line.append("--dcmtk-defaults")
    assert storescu.main(line) == 0
    assert (seen[0].connect_timeout, seen[0].dimse_timeout) == (None, 9.0)
    monkeypatch.delenv("DULCET_DCMTK_DEFAULTS", raising=False)
    assert storescu.main(line[:5]) == 0
    assert seen[1].connect_timeout == 30.0
