"""Commands that are run when something has come."""

from __future__ import annotations

import os
import sys
import threading

import hypothesis.strategies as st
import pytest
from asked import store_request
from hypothesis import given, settings

from dimse.hooks import CommandTemplate, Hooks
from dimse.requests import Requestor
from dimse.storage.studies import Study

ECHO = "import sys; open(sys.argv[1], 'a').write(repr(sys.argv[2:]) + chr(10))"


def python(code, *arguments):
    return " ".join([sys.executable, "-c", f'"{code}"', *arguments])


@pytest.mark.parametrize(
    ("line", "arguments"),
    [
        ("echo #p/#f", ("echo", "#p/#f")),
        ("echo 'a b' \"#a #c\"", ("echo", "a b", "#a #c")),
        (
            "sh -c 'cp \"$1\" x && y | z' sh #p/#f",
            ("sh", "-c", 'cp "$1" x && y | z', "sh", "#p/#f"),
        ),
        ("echo $HOME `x` *", ("echo", "$HOME", "`x`", "*")),  # nobody looks at them
        ("echo #x 10#", ("echo", "#x", "10#")),
    ],
)
def test_commands(line, arguments):
    assert CommandTemplate(line).arguments == arguments


@pytest.mark.parametrize(
    ("line", "of", "why"),
    [
        ("", "object", "no command"),
        ("  ", "object", "no command"),
        ("echo 'x", "object", "quot"),
        ("echo x && y", "object", "shell"),
        ("echo x | y", "object", "shell"),
        ("echo x > y", "object", "shell"),
        ("echo x; y", "object", "shell"),
        ("echo #f", "study", "#f is not known"),
        ("echo #i", "study", "#i is not known"),
        ("echo #s", "object", "#s is not known"),
    ],
)
def test_commands_that_are_none(line, of, why):
    with pytest.raises(ValueError, match=why):
        CommandTemplate(line, of=of)


@settings(deadline=None)
@given(st.text(), st.text())
def test_a_value_is_one_argument_or_a_part_of_one(title, name):
    values = {"a": title, "f": name, "p": "d"}
    filled = CommandTemplate("x #a #p/#f").filled(values)
    assert len(filled) == 3
    assert filled[2].startswith("d/")
    for each in filled:
        os.fsencode(each)
        assert "\0" not in each
    if title.isprintable():
        assert filled[1] == title  # also if it looks like a place itself


def test_what_a_peer_calls_itself_runs_nothing(tmp_path):
    ended, there = [], tmp_path / "out"
    evil = f"; touch {tmp_path / 'evil'}; $(touch {tmp_path / 'evil'}) '\"#c"
    template = CommandTemplate(python(ECHO, str(there), "#a", "#c", "#r", "#p", "#f", "#i"))
    hooks = Hooks(ended.append, on_object=template)
    request = store_request(calling_ae_title=evil, called_ae_title="-rf", address="[::1]:104")
    hooks.stored(request.having(tmp_path / "a b.dcm"))
    hooks.stored(request.having(b"in memory"))  # has no file: nothing is run
    assert hooks.close() == 0
    assert [each.code for each in ended] == [0]
    said = [evil, "-rf", "::1", str(tmp_path), "a b.dcm", request.sop_instance_uid]
    assert there.read_text() == repr(said) + "\n"
    assert not (tmp_path / "evil").exists()


def test_for_a_study(tmp_path):
    ended, there = [], tmp_path / "out"
    template = CommandTemplate(python(ECHO, str(there), "#p", "#a", "#s"), of="study")
    hooks = Hooks(ended.append, on_study=template)
    study = Study("1.2", "20261130_000000000", Requestor("h:1", "A", "B"))
    hooks.ended(study)  # is in no directory
    study.directory = tmp_path
    hooks.ended(study)
    assert hooks.close() == 0
    assert there.read_text() == repr([str(tmp_path), "A", "1.2"]) + "\n"


def test_failures_are_told(tmp_path):
    ended = []
    for line in (
        python("raise SystemExit(3)"),
        "/nowhere/program #f",
        python("import os; os.abort()"),
    ):
        hooks = Hooks(ended.append, on_object=CommandTemplate(line), waits=True)
        hooks.stored(store_request().having(tmp_path / "x"))
        hooks.close()
    assert [each.code for each in ended] == [3, None, -6]
    assert "No such file" in ended[1].error
    assert ended[1].arguments == ("/nowhere/program", "x")


def test_no_more_than_so_many_at_a_time(tmp_path):
    """Each reads from a pipe of its own until that is closed; one that does not run does not read."""
    pipes = [tmp_path / str(number) for number in range(6)]
    for pipe in pipes:
        os.mkfifo(pipe)
    ended = []
    read = python("import sys; open(sys.argv[1]).read()", "#p/#f")
    hooks = Hooks(ended.append, maximum=2, on_object=CommandTemplate(read))
    for pipe in pipes:
        hooks.stored(store_request().having(pipe))
    running = [pipes[0].open("w"), pipes[1].open("w")]  # waits for who reads
    for number in range(2, 6):
        for waiting in pipes[number:]:
            with pytest.raises(OSError, match="No such device"):
                os.open(waiting, os.O_WRONLY | os.O_NONBLOCK)
        running.pop(0).close()
        running.append(pipes[number].open("w"))
    for pipe in running:
        pipe.close()
    assert hooks.close() == 0
    assert [each.code for each in ended] == [0] * 6


def test_who_waits_waits(tmp_path):
    there = tmp_path / "out"
    hooks = Hooks(
        lambda _: None,
        waits=True,
        on_object=CommandTemplate(python(ECHO, str(there), "#f")),
    )
    hooks.stored(store_request().having(tmp_path / "x"))
    assert there.read_text() == "['x']\n"
    hooks.close()


def test_what_was_not_begun_at_the_end_is_told(tmp_path):
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    ended = []
    hooks = Hooks(
        ended.append,
        maximum=1,
        on_object=CommandTemplate(python("import sys; open(sys.argv[1]).read()", str(fifo))),
    )
    for _ in range(3):
        hooks.stored(store_request().having(tmp_path / "x"))
    with fifo.open("w"):  # the first one runs, and reads until this is closed
        assert hooks.close(0.0) == 3
    assert [each.error for each in ended[:2]] == ["the server ends"] * 2
    for thread in threading.enumerate():
        if thread.name == "dimse-hook":
            thread.join()
    assert [each.code for each in ended] == [None, None, 0]
