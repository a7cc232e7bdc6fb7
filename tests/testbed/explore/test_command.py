"""`dulspec explore` as its users meet it: what it prints, writes and returns."""

import importlib.util
import json
import shlex
import sys

import pytest

from testbed import cli
from testbed.explore import sequence
from testbed.mini.acceptor import PartialKeeper
from testbed.mini.peer import Config
from testbed.mini.server import MiniServer


@pytest.fixture
def product(request):
    with MiniServer(
        Config(frozenset(getattr(request, "param", "").split())), PartialKeeper
    ) as server:
        yield [
            "127.0.0.1",
            str(server.port),
            "--called",
            "MINI",
            "--timeout",
            "0.8",
            "--live-max",
            "0.5",
        ]


def explore(product, tmp_path, *more):
    return cli.main(["explore", *product, "--out", str(tmp_path / "found"), *map(str, more)])


def test_a_clean_product(product, tmp_path, capsys):
    code = explore(product, tmp_path, "--sequences", 40, "--seed", 3)
    told = capsys.readouterr().out
    assert code == 0
    assert "with seed 3" in told
    assert "40 sequences" in told
    assert "no departure from Table 9-10" in told
    assert "cells visited" in told
    assert list((tmp_path / "found").iterdir()) == []


def test_a_caller_that_is_handling_an_exception(product, tmp_path, capsys):
    """Whose exception it is that is being handled matters: hypothesis' own end a drawing."""
    try:
        raise ValueError
    except ValueError:
        explore(product, tmp_path, "--sequences", 3, "--seed", 3)
    assert "3 sequences" in capsys.readouterr().out


@pytest.mark.parametrize("product", ["Sta13.Evt12:sends-rp"], indirect=True)
def test_a_find_is_told_written_and_can_be_played_again(product, tmp_path, capsys):
    page, whole = tmp_path / "page.html", tmp_path / "whole.json"
    more = ["--sequences", 40, "--seed", 1, "--html", page, "--json", whole]
    assert explore(product, tmp_path, *more) == 1
    told = capsys.readouterr().out
    key = "Sta13.AA-6:RP:unexpected-pdu"
    assert key in told
    assert "    2. A-RELEASE-RQ\n" in told
    (file,) = (tmp_path / "found").iterdir()
    sample = sequence.load(file)
    assert (sample.cause, sequence.text(sample.sequence)) == (key, "unknown-00 release")
    assert sample.wire
    assert key in page.read_text(encoding="utf-8")
    data = json.loads(whole.read_text(encoding="utf-8"))
    assert [each["cause"] for each in data["finds"]] == [key]
    assert {"state": 13, "event": 12, "action": "AA-6", "departed": True} in [
        {name: cell[name] for name in ("state", "event", "action", "departed")}
        for cell in data["cells"]
    ]

    assert explore(product, tmp_path, "--replay", file) == 1
    assert f"DEPARTS   {key}" in capsys.readouterr().out
    assert explore(product, tmp_path, *more, "--known", tmp_path / "found") == 0
    assert "1 known" in capsys.readouterr().out


def test_a_file_is_played_against_a_product_that_does_right(product, tmp_path, capsys):
    file = tmp_path / "one.json"
    sample = sequence.Sample("scp", sequence.parse("rq release", "scp"), "cause", "fail", "story")
    sequence.save(sample, file)
    assert explore(product, tmp_path, "--replay", file) == 0
    assert "as the table has it" in capsys.readouterr().out


def test_a_sequence_of_ones_own(product, tmp_path, capsys):
    assert explore(product, tmp_path, "--play", "rq/joined unknown-08") == 0
    told = capsys.readouterr().out
    assert "(in one segment with the next)" in told
    assert "AC(1:0;3:0) AB(2,1) CLOSE" in told


@pytest.mark.parametrize("product", ["provider-abort-in-sta2"], indirect=True)
@pytest.mark.parametrize(("strict", "code"), [([], 0), (["--strict"], 1)])
def test_what_is_non_strict_fails_if_asked(product, tmp_path, strict, code):
    assert explore(product, tmp_path, "--sequences", 30, "--seed", 1, "-q", *strict) == code


SCU = """
import sys
from testbed.mini.peer import Config
from testbed.mini.process import Thread
from pathlib import Path
sys.exit(Thread(Config(frozenset(["Sta7.Evt12:close"])), int(sys.argv[1]), [Path(sys.argv[2])], echo=False).wait(30))
"""


def test_a_product_that_calls(tmp_path, capsys):
    command = f"{sys.executable} -c {shlex.quote(SCU)} {{port}} {{file}}"
    more = ["--exec", command, "--timeout", "2", "--play", "ac success release"]
    assert explore([], tmp_path, *more) == 1
    assert "Sta9.Evt14.AR-9:CLOSE" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["localhost"], "give the product's port"),
        ([], "give HOST PORT"),
        (["127.0.0.1", "1", "--sequences", "1", "--live-max", "0.1"], "no connection"),
        (["127.0.0.1", "1", "--play", "nonsense", "--live-max", "0.1"], "no stimulus 'nonsense'"),
        (["127.0.0.1", "1", "--html", "/nowhere/at/all"], "--html: /nowhere/at/all cannot be written"),
        (["127.0.0.1", "1", "--exec", "no-such-program"], "--exec: the program no-such-program does not exist"),
    ],
)  # fmt: skip
def test_what_cannot_work_is_told_in_a_line(arguments, told, tmp_path, capsys):
    assert explore(arguments, tmp_path) == 2
    assert told in capsys.readouterr().err


def test_a_file_of_the_other_role_is_refused(product, tmp_path, capsys):
    file = tmp_path / "one.json"
    sequence.save(sequence.Sample("scu", (), "cause", "fail", "story"), file)
    assert explore(product, tmp_path, "--replay", file) == 2
    assert "in the other role: cause" in capsys.readouterr().err


def test_without_hypothesis_it_says_what_to_install(product, tmp_path, capsys, monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "hypothesis" else find(name)
    )
    assert explore(product, tmp_path, "--sequences", 1) == 2
    assert "pip install 'dulcet[explore]'" in capsys.readouterr().err


def test_the_words_are_listed(capsys):
    assert cli.main(["explore", "--words"]) == 0
    told = capsys.readouterr().out
    assert all(name in told for words in sequence.WORDS.values() for name in words)


def test_the_module_of_hypothesis_is_not_loaded_by_the_command_line():
    code = "import sys, testbed.cli; sys.exit('hypothesis' in sys.modules)"
    import subprocess

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
