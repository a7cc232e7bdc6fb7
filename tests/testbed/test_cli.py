"""The command line: exit codes, selection, output."""

import argparse
import importlib.metadata
import json
import os
import re
import shlex
import socket
import subprocess
import sys
import threading

import pytest

from testbed import catalogue, cli, launch, messages, result_files
from testbed.commands import judging
from testbed.facts import Facts
from testbed.mini.acceptor import PartialKeeper
from testbed.mini.peer import Config
from testbed.mini.process import Thread
from testbed.mini.server import MiniServer
from testbed.settings import Settings
from testbed.trial import Trial

FAST = ["--called", "MINI", "--timeout", "0.8", "--artim-max", "2.5"]


@pytest.fixture
def peer():
    with MiniServer(Config(), PartialKeeper) as server:
        yield ["scp", "127.0.0.1", str(server.port), *FAST]


@pytest.fixture
def wrong_peer():
    with MiniServer(
        Config(frozenset(["echoes-anything", "accepts-version-2"])), PartialKeeper
    ) as server:
        yield ["scp", "127.0.0.1", str(server.port), *FAST]


def test_passes(peer, tmp_path, capsys):
    path = tmp_path / "result.json"
    assert cli.main([*peer, "P.AC", "P.CMD.01", "--json", str(path)]) == 0
    assert capsys.readouterr().out.endswith("PASSED\n")
    report = result_files.load(path)
    assert report.complete
    assert len(report.cases) == 14
    assert report.target["max_length"] == 16384
    assert report.cases[0].runs[0].wire[1].decoded[0].endswith("A-ASSOCIATE-RQ (01H)")


def test_failure(wrong_peer, capsys):
    assert cli.main([*wrong_peer, "P.RQ.02"]) == 1
    out = capsys.readouterr().out
    for word in (
        "Requirement  Version 1 is bit 0",
        "Sent",
        "Expected     pass: RJ(1,2,2)",
        "Seen         AC(1:0)",
    ):
        assert word in out
    assert out.endswith("FAILED\n")


def test_strict_counts_deviations(wrong_peer):
    assert cli.main([*wrong_peer, "P.CMD.15", "-q"]) == 0
    assert cli.main([*wrong_peer, "P.CMD.15", "-q", "--strict"]) == 1


def test_expected_failures(wrong_peer, tmp_path, capsys):
    known = tmp_path / "known.txt"
    known.write_text("# known\nP.RQ.02 reported upstream\n")
    assert cli.main([*wrong_peer, "P.RQ.02", "--xfail", str(known)]) == 0
    out = capsys.readouterr().out
    assert "expected to fail: reported upstream" in out
    assert "1 xfail" in out
    known.write_text("P.RQ.01 fixed since\n")
    assert cli.main([*wrong_peer, "P.RQ.01", "--xfail", str(known)]) == 1
    out = capsys.readouterr().out
    assert "was expected to fail (fixed since), and passes: take it off the list" in out
    assert "1 xpass" in out


@pytest.mark.parametrize("text", ["P.RQ.99 no such case\n", "P.RQ.02\n"])
def test_expected_failures_must_make_sense(peer, tmp_path, text):
    known = tmp_path / "known.txt"
    known.write_text(text)
    assert cli.main([*peer, "P.RQ.02", "--xfail", str(known)]) == 2


def test_only_failed(wrong_peer, tmp_path):
    path = tmp_path / "result.json"
    cli.main([*wrong_peer, "P.RQ.01", "P.RQ.02", "-q", "--json", str(path)])
    cli.main([*wrong_peer, "--only-failed", str(path), "-q", "--json", str(path)])
    assert [case.id for case in result_files.load(path).cases] == ["P.RQ.02"]


def test_never_zero_when_nothing_ran(peer, capsys):
    assert cli.main([*peer, "P.NOTHING"]) == 2
    assert "no case fits" in capsys.readouterr().err
    assert cli.main([*peer, "P.NEG.13", "-q"]) == 2
    out = capsys.readouterr().out
    assert "skip: needs bad-user\n      P.NEG.13" in out
    assert "NOTHING JUDGED" in out
    assert "PASSED" not in out


def test_no_run_without_a_baseline(capsys):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    assert cli.main(["scp", "127.0.0.1", str(port), "P.AC.01", "--live-max", "0"]) == 2
    assert "baseline failed" in capsys.readouterr().err


def test_scu_needs_a_product(capsys):
    assert cli.main(["scu", "U.RQ"]) == 2
    assert "--exec or --listen" in capsys.readouterr().err


def test_list(capsys):
    assert cli.main(["list", "P.TCP"]) == 0
    assert capsys.readouterr().out.count("\n") == 7
    assert cli.main(["list", "--json", "--role", "scu", "U.TLS"]) == 0
    assert [row["id"] for row in json.loads(capsys.readouterr().out)] == [
        f"U.TLS.0{n}" for n in range(1, 6)
    ]
    assert cli.main(["list", "nothing"]) == 2


def test_show(capsys):
    assert cli.main(["show", "P.PDV.06"]) == 0
    out = capsys.readouterr().out
    for word in (
        "requirement",
        "PS3.8 9.3.5.1",
        "PDV item at offset 6 runs past the PDU",
        "pass: AB(2,6)",
    ):
        assert word in out
    assert cli.main(["show", "P.PDV.99"]) == 2


def test_show_hides_data_unless_asked(capsys):
    """P.STO.01 sends a data set: its bytes are there only with --show-data, and then all of them."""
    assert cli.main(["show", "P.STO.01"]) == 0
    hidden = capsys.readouterr().out
    assert "bytes of the data set, hidden" in hidden
    assert "DULSPEC^" not in hidden
    assert cli.main(["show", "--show-data", "P.STO.01"]) == 0
    shown = capsys.readouterr().out
    assert "hidden" not in shown
    rows = [
        line.rpartition("  |")[0].split("    ")[-1] for line in shown.splitlines() if "  |" in line
    ]
    dumped = bytes.fromhex("".join(rows).replace(" ", ""))
    whole = messages.ct_data_set(Facts().fresh)
    assert whole in dumped


def options():
    """Every option and positional argument of every subcommand, but -h."""
    whole = cli.parser()
    subparsers = next(a for a in whole._actions if isinstance(a, argparse._SubParsersAction))
    for name, parser in subparsers.choices.items():
        for action in parser._actions:
            if "-h" not in action.option_strings:
                yield name, action


def test_every_option_has_help():
    without = [
        (name, action.option_strings or action.dest)
        for name, action in options()
        if not action.help
    ]
    assert without == []


def test_version(capsys):
    with pytest.raises(SystemExit) as stop:
        cli.main(["--version"])
    assert stop.value.code == 0
    number, cases = importlib.metadata.version("dulcet"), len(catalogue.all_cases())
    told = f"dulspec {number}, catalogue edition {catalogue.EDITION} ({cases} cases)\n"
    assert capsys.readouterr().out == told


@pytest.mark.parametrize("arguments", [["list"], ["show", "P.RQ.35"]])
def test_a_reader_that_leaves_is_no_error(arguments):
    """`dulspec list | head -1`: the pipe is closed before anything is written to it."""
    reading, writing = os.pipe()
    os.close(reading)
    process = subprocess.run(
        [sys.executable, "-m", "testbed", *arguments],
        check=False,
        stdout=writing,
        stderr=subprocess.PIPE,
    )
    os.close(writing)
    assert process.stderr == b""
    assert process.returncode == cli.READER_LEFT


def test_usage():
    with pytest.raises(SystemExit) as stop:
        cli.main(["nonsense"])
    assert stop.value.code == 2


def test_selftest_of_one_fault(monkeypatch, capsys):
    few = {
        role: catalogue.select(catalogue.cases(role), ["P.RQ.02", "U.RQ.01"])
        for role in ("scp", "scu")
    }
    monkeypatch.setattr(catalogue, "cases", few.get)
    assert cli.main(["selftest", "--jobs", "1", "accepts-version-2"]) == 0
    assert "planted by hand: 1 of 1 caught" in capsys.readouterr().out
    assert cli.main(["selftest", "no-such-fault"]) == 2
    assert cli.main(["selftest", "--list"]) == 0


def test_scu_with_a_command(tmp_path, capsys):
    """A real child process: one that calls, says nothing of DICOM and fails."""
    script = "import socket,sys; socket.create_connection((sys.argv[1], int(sys.argv[2]))).close(); sys.exit(3)"
    command = f'{shlex.quote(sys.executable)} -c "{script}" {{host}} {{port}}'
    assert cli.main(["scu", "--exec", command, "U.RQ.01", "-q"]) == 2
    assert "baseline failed" in capsys.readouterr().err


def test_a_failed_start_leaves_nothing_open(tmp_path, monkeypatch):
    """The file for the product's output is closed when the start fails."""
    made = []
    temporary = launch.tempfile.TemporaryFile

    def remembered():
        made.append(temporary())
        return made[-1]

    monkeypatch.setattr(launch.tempfile, "TemporaryFile", remembered)
    with pytest.raises(FileNotFoundError):
        launch.Process([str(tmp_path / "no-such-product")])
    assert [file.closed for file in made] == [True]


def test_a_product_that_died_is_started_again(tmp_path):
    """--start-cmd: the crash is the verdict of its case alone, the next case runs on a new process."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    python = shlex.quote(sys.executable)
    command = f"{python} -m testbed.mini {port} crashes-on-garbage"
    path = tmp_path / "result.json"
    cases = ["P.STO.08", "P.STO.10", "P.CMD.01"]
    arguments = ["scp", "127.0.0.1", port, *FAST, "--live-max", "0.3", "--json", str(path)]
    assert cli.main([*arguments, "--start-cmd", command, "-q", *cases]) == 1
    report = result_files.load(path)
    assert report.complete
    verdicts = {case.id: (case.verdict, case.sub) for case in report.cases}
    assert verdicts["P.STO.08"] == ("fail", "crash")
    assert verdicts["P.STO.10"] == verdicts["P.CMD.01"] == ("pass", "")


def test_an_interrupted_run_says_so(peer, tmp_path, monkeypatch, capsys):
    def interrupt(_screen, _result):
        raise KeyboardInterrupt

    monkeypatch.setattr(judging.console.Screen, "case", interrupt)
    path = tmp_path / "result.json"
    assert cli.main([*peer, "P.AC", "--json", str(path)]) == 3
    out = capsys.readouterr().out
    assert out.endswith("INTERRUPTED: the result is incomplete\n")  # and neither passed nor failed
    report = result_files.load(path)
    assert not report.complete
    assert len(report.cases) == 1


def test_a_run_that_is_interrupted_before_its_first_verdict(peer, tmp_path, monkeypatch, capsys):
    def interrupt(_runner):
        raise KeyboardInterrupt

    monkeypatch.setattr(judging.Runner, "_all_cases", interrupt)
    page = tmp_path / "page.html"
    assert cli.main([*peer, "P.AC", "--html", str(page)]) == 3
    out = capsys.readouterr().out
    assert re.search(r": 0 cases in \d+ s\nINTERRUPTED: the result is incomplete\n\Z", out)
    assert "no case was judged" in page.read_text("utf-8")


def test_a_product_started_by_hand(tmp_path, capsys):
    """--listen: whoever calls is the product; here a mini requestor that calls again and again."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    done = threading.Event()
    maker = Trial(Settings(), "scu")
    files = maker.files(1, big=False)

    def call_on_and_on():
        while not done.wait(0.01):
            Thread(Config(), port, files, echo=False).wait(10)

    caller = threading.Thread(target=call_on_and_on, daemon=True)
    caller.start()
    path = tmp_path / "result.json"
    try:
        code = cli.main(
            ["scu", "--listen", str(port), "U.RQ.01", "U.S5.04", "U.REL.01", "--json", str(path)]
        )
    finally:
        done.set()
        caller.join(10)
        maker.close()
    captured = capsys.readouterr()
    assert code == 0
    assert f"U.S5.04: start the product towards port {port}" in captured.err
    assert [case.verdict for case in result_files.load(path).cases] == ["pass"] * 3
