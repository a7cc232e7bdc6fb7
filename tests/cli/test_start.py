"""How the installed programs load their tools."""

from __future__ import annotations

import gc
import tomllib
from pathlib import Path

import pytest

from cli import start

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("name", start.__all__)
def test_a_program_runs_the_tool_of_its_name(name, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", [name])
    if name == "storeindex":  # which wants to be told a directory
        monkeypatch.setattr("sys.argv", [name, "--help"])
    assert getattr(start, name)() == 0
    assert f"usage: {name}" in capsys.readouterr().out


def test_every_tool_starts_so():
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["scripts"]
    ours = {name for name, entry in scripts.items() if ".cli.start:" in entry}
    assert ours == set(start.__all__)
    assert all(scripts[name] == f"dulcet.cli.start:{name}" for name in ours)


def test_the_collector_rests_no_longer_than_it_takes_to_load(monkeypatch):
    monkeypatch.setattr("sys.argv", ["echoscu", "--help"])
    start.echoscu()
    assert gc.isenabled()
    monkeypatch.setattr(start, "import_module", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        start.echoscu()
    assert gc.isenabled()
