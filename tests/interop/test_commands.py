"""Every command of the registries names its program so that PATH has no say in which one it is."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import peer_orthanc
import peer_scus
import pytest
from conformance_subjects import SUBJECTS
from dulcet_programs import program
from peer_processes import ROOT, Outcome
from peer_scps import DCMTK_IMPLICIT, SCPS
from peer_scus import SCUS
from peers import JAVA, NODE, RECIPES, SYSTEM_PYTHON, Target

from benchmarks.programs import dcmtk_sender, dcmtk_storescp

TARGET = Target(104, "ANY-SCP")
FILE = ROOT / "fixtures" / "dicom" / "ct-explicit.dcm"
PYTHON_MODULES = {"pynetdicom", "pynetdicom2", "cli.storescu", "cli.storescp", "cli.echoscu"}


class Started(Exception):
    """Instead of a service that was started."""


def words_of(command: Iterable[object]) -> list[str]:
    """A command without the shell and the env that stand before a program."""
    words = [str(each) for each in command]
    if words[0] == "sh":
        words = words[words.index("sh", 1) + 1 :]
    if words[0] == "env":
        words = words[1:]
        while "=" in words[0]:
            del words[0]
    return words


def check(command: Iterable[object]) -> None:
    """It starts with a whole path; and what Python runs is a module or a file, named as such."""
    words = words_of(command)
    assert Path(words[0]).is_absolute(), f"PATH decides what {words[0]} is"
    if words[0] == sys.executable:
        assert words[1] == "-m" or Path(words[1]).parent == RECIPES, words
        assert words[1] != "-m" or words[2] in PYTHON_MODULES, words


def registered() -> Iterator[tuple[str, Callable[[Path], Sequence[object]]]]:
    for scp in (*SCPS, DCMTK_IMPLICIT):
        if scp.command:
            yield scp.name, lambda work, scp=scp: scp.command(104, work)
    for name in ("storescu", "dcmsend"):
        yield f"benchmark-{name}", lambda _, name=name: dcmtk_sender(name)(104, [FILE])
    yield "benchmark-storescp", lambda work: dcmtk_storescp()(104, work)
    for subject in SUBJECTS:
        for what in ("store", "echo"):
            if make := getattr(subject, what):
                yield f"{subject.key}-{what}", lambda work, make=make: make(104)
        if subject.start:
            yield f"{subject.key}-start", lambda work, subject=subject: subject.start(104, work)
    for name in ("echoscu", "storescu", "storescp"):
        yield f"ours-{name}", lambda work, name=name: program(name)


@pytest.mark.parametrize("make", [pytest.param(make, id=name) for name, make in registered()])
def test_a_command_names_its_program(make, tmp_path: Path):
    check(make(tmp_path))


@pytest.mark.parametrize("peer", SCUS, ids=lambda each: each.name)
@pytest.mark.parametrize("what", ["echo", "store"])
def test_a_peer_that_calls_names_its_program(peer, what: str, tmp_path, monkeypatch):
    commands: list[Sequence[str]] = []

    def run(command: Sequence[str], **_: object) -> Outcome:
        commands.append(command)
        return Outcome(0, "")

    def service(command: Sequence[str], *_: object, **__: object):
        commands.append(command)
        raise Started

    monkeypatch.setattr(peer_scus, "run", run)
    monkeypatch.setattr(peer_orthanc, "Service", service)
    call = getattr(peer, what)
    if call is None:
        assert peer.name == "dcmtk-dcmsend"
        return
    arguments = [TARGET, tmp_path] if what == "echo" else [TARGET, [FILE], tmp_path]
    if peer.name == "orthanc":
        with pytest.raises(Started):
            call(*arguments)
    else:
        call(*arguments)
    assert commands
    for command in commands:
        check(command)


@pytest.mark.parametrize(
    "command",
    [
        ["storescu", "127.0.0.1"],
        ["sh", "-c", 'exec "$@"', "sh", "send_image"],
        ["env", "NODE_PATH=x", "node"],
        [sys.executable, "storescu"],
        [sys.executable, "-m", "storescu"],
    ],
)
def test_a_bare_name_is_found(command: list[str]):
    with pytest.raises(AssertionError):
        check(command)


def test_interpreters_are_whole_paths():
    assert all(Path(each).is_absolute() for each in (JAVA, NODE, SYSTEM_PYTHON))
