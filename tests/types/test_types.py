"""A type checker guards the public API: of the calls in `wrong_*.py` it finds the wrong ones alone."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

HERE = Path(__file__).parent
FOUND = re.compile(r"^(?P<file>[^:]+):(?P<line>\d+): error: .*\[(?P<code>[a-z-]+)\]$", re.MULTILINE)
EXPECTED = re.compile(r"# error: (?P<code>[a-z-]+)$")


@pytest.mark.parametrize("path", sorted(HERE.glob("wrong_*.py")), ids=lambda path: path.stem)
def test_wrong_calls_are_caught(path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", str(path)],
        cwd=HERE.parents[1],
        capture_output=True,
        text=True,
        check=False,
    )
    found: dict[int, set[str]] = defaultdict(set)
    for each in FOUND.finditer(done.stdout):
        assert Path(each["file"]).name == path.name, each[0]
        found[int(each["line"])].add(each["code"])
    expected = {
        number: match["code"]
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if (match := EXPECTED.search(line))
    }
    assert expected
    assert found.keys() == expected.keys(), done.stdout + done.stderr
    missed = {line: code for line, code in expected.items() if code not in found[line]}
    assert not missed, done.stdout
