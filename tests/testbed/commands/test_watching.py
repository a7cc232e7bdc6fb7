"""`dulspec watch`: judged again when the product's program changes, and only then."""

import os
import shlex
import sys

import pytest

from testbed import cli
from testbed.commands import watching
from testbed.mini.acceptor import PartialKeeper
from testbed.mini.peer import Config
from testbed.mini.server import MiniServer
from testbed.runner import Unusable


def test_programs_and_the_files_they_name_are_watched(tmp_path):
    script, more = tmp_path / "product.py", tmp_path / "library.so"
    script.touch()
    more.touch()
    python = os.path.realpath(sys.executable)
    line = f"{shlex.quote(sys.executable)} {script} --port {{port}} no-such-file"
    expected = [more, watching.Path(python), script]
    assert watching.watched(["scp", "h", "1", "--start-cmd", line], [more]) == expected
    assert watching.watched(["scu", f"--exec={line}"]) == expected[1:]


def test_nothing_to_watch_is_said(capsys):
    assert cli.main(["watch", "scp", "127.0.0.1", "1"]) == 2
    assert "nothing to watch" in capsys.readouterr().err
    assert cli.main(["watch", "list"]) == 2
    assert "say what to judge" in capsys.readouterr().err
    with pytest.raises(Unusable, match="quotation"):
        watching.watched(["scu", "--exec", "'broken"])


def test_a_change_counts_once_the_file_is_whole(tmp_path):
    """A linker removes the program, writes a part, writes the rest: one change, when it stays as it is."""
    path = tmp_path / "program"
    path.write_text("old")
    before = watching.stamps([path])
    acts = iter(
        [
            lambda: None,
            path.unlink,
            lambda: path.write_text("ne"),
            lambda: path.write_text("new one"),
            lambda: None,
        ]
    )
    looks = []

    def pause(seconds):
        looks.append(seconds)
        next(acts)()

    assert watching.wait_for_change([path], before, pause) == [path]
    assert looks == [watching.LOOK_EVERY] * 5
    assert path.read_text() == "new one"


def test_a_change_during_the_run_starts_the_next(tmp_path, monkeypatch):
    """The stamps are those from before the run: nothing that happens meanwhile is missed."""
    path = tmp_path / "program"
    path.write_text("1")
    monkeypatch.setattr(watching, "LOOK_EVERY", 0)
    runs = []

    def judge(_words):
        runs.append(path.read_text())
        path.write_text(path.read_text() + "1")
        return len(runs)

    assert watching.watch(["scp"], [path], judge, runs=3) == 3
    assert runs == ["1", "11", "111"]


def test_an_interrupt_ends_it_with_the_last_code(tmp_path, monkeypatch):
    path = tmp_path / "program"
    path.touch()

    def interrupt(*_arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(watching, "wait_for_change", interrupt)
    assert watching.watch(["scp"], [path], lambda _words: 1) == 1


def test_what_changed_is_told(tmp_path, monkeypatch, capsys):
    """The product is a mini peer that is mended between the two runs."""
    program = tmp_path / "program"
    program.write_text("wrong")
    monkeypatch.setattr(watching, "LOOK_EVERY", 0)
    wrong = MiniServer(Config(frozenset(["accepts-version-2"])), PartialKeeper)
    right = MiniServer(Config(), PartialKeeper)
    with wrong, right:
        ports = [str(wrong.port), str(right.port)]

        def judge(words):
            port = ports.pop(0)
            code = cli.main([words[0], "127.0.0.1", port, *words[1:]])
            program.write_text("mended")
            return code

        words = ["scp", "P.RQ.02", "P.CMD.01", "--called", "MINI", "-q"]
        assert watching.watch(words, [program], judge, runs=2) == 0
    out = capsys.readouterr().out
    assert "Since the last run: 1 cases changed" in out
    assert "improvement      P.RQ.02          fail -> pass" in out


def test_the_whole_command_line(tmp_path, capsys):
    program, kept = tmp_path / "program", tmp_path / "kept.json"
    program.touch()
    with MiniServer(Config(), PartialKeeper) as server:
        words = ["scp", "127.0.0.1", str(server.port), "--called", "MINI", "-q", "P.CMD.01"]
        options = ["watch", "--runs", "1", "--file", str(program)]
        assert cli.main([*options, *words, "--json", str(kept)]) == 0
    captured = capsys.readouterr()
    assert captured.out.endswith("PASSED\n")
    assert f"watching {program}" in captured.err
    assert kept.exists()
