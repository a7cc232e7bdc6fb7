"""Every program and every command of README and docs does what the page says, as it stands there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from doc_blocks import BLOCK, NOT_RUN, Session, blocks_of, fits

ROOT = Path(__file__).parent.parent
PAGES = [
    path
    for path in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    if path.parent.name != "api"  # made of docstrings, whose programs are fragments
]


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_what_the_page_shows_is_so(page: Path, tmp_path: Path) -> None:
    session = Session(tmp_path)
    blocks = [each for each in blocks_of(page) if each.is_run]
    try:
        for block in blocks:
            assert block.kind in {"python", "console"}, f"line {block.line}: {block.kind}"
            (session.python if block.kind == "python" else session.console)(block)
    finally:
        session.close()
    commands = "\n".join(each.text for each in blocks if each.kind == "console")
    for block in blocks:
        assert block.file is None or f"python {block.file}" in commands, f"{block.file}: never run"


def test_the_programs_type_check_strictly(tmp_path: Path) -> None:
    """All but pynetdicom's, which stand beside ours for comparison."""
    for page in PAGES:
        for block in blocks_of(page):
            if block.kind == "python" and not block.text.startswith("# pynetdicom"):
                name = re.sub(r"\W", "_", f"{page.stem}_{block.line}")
                (tmp_path / f"{name}.py").write_text(block.text, "utf-8")
    programs = [*map(str, tmp_path.glob("*.py")), *map(str, (ROOT / "examples").glob("*.py"))]
    assert len(programs) > 20
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", *programs],
        cwd=ROOT,
        env=os.environ | {"MYPYPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_is_not_run_says_why() -> None:
    for page in PAGES:
        for block in blocks_of(page):
            assert block.is_run or len(block.text.splitlines()[0]) > len(NOT_RUN) + 10, page


def test_no_command_stands_in_a_block_that_is_not_looked_at() -> None:
    for page in PAGES:
        for match in BLOCK.finditer(page.read_text("utf-8")):
            command = re.search(
                r"^(\$ .*|(storesc[pu]|echoscu|dcmsend|dulspec) .*)", match[2], re.MULTILINE
            )
            assert match[1] == "console" or not command, f"{page.name}: {command}"


def test_what_is_said_is_compared() -> None:
    assert fits("a 1.3 ms b\n", "a ... ms b")
    assert fits("a\nb\nc", "a\n...\nc")
    assert not fits("a\nb", "a")
    assert not fits("a (b)", "a .b.")
