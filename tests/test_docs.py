"""What is generated is current, and what the README says can be run."""

from __future__ import annotations

import importlib.util
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent


def test_the_state_machine_document_is_current() -> None:
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert (ROOT / "docs" / "fsm.md").read_text(encoding="utf-8") == module.render(), "make docs"


def test_every_link_in_the_documents_leads_somewhere() -> None:
    for document in [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]:
        for link in re.findall(r"\]\(([^)#]+)\)", document.read_text(encoding="utf-8")):
            if "://" not in link:
                assert (document.parent / link).exists(), f"{document.name}: {link}"


def test_what_contributors_are_told_of_is_there() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    paths: list[str] = re.findall(r"`([a-z_]+(?:/[\w.]*)+|[\w.]+\.md)`", text)
    assert len(paths) > 20
    homes = [ROOT, ROOT / "dul", ROOT / "dimse"]  # rooms are named in the row of their package
    assert [each for each in paths if not any((home / each).exists() for home in homes)] == []


def test_every_make_target_of_the_documents_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for document in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]:
        for target in re.findall(r"(?:^\$ |`)make ([a-z-]+)", document.read_text(), re.MULTILINE):
            assert target in targets, f"{document.name}: make {target}"


def test_the_programs_of_the_readme_run(tmp_path: Path) -> None:
    fixtures = ROOT / "fixtures" / "dicom"
    shutil.copy(fixtures / "ct-explicit.dcm", tmp_path / "ct.dcm")
    shutil.copy(fixtures / "mr-explicit.dcm", tmp_path / "mr.dcm")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
    programs = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    said = [("ct.dcm Success", "mr.dcm Success")] * 2 + [("CT MR",)]
    for program, words in zip(programs, said, strict=True):
        result = subprocess.run(
            [
                sys.executable,
                "-c",
                program.replace("11112", port).replace("localhost", "127.0.0.1"),
            ],
            cwd=tmp_path,
            env={"PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert result.returncode == 0, result.stderr
        for each in words:
            assert each in result.stdout
    assert len(list((tmp_path / "incoming").iterdir())) == 2


def test_the_design_names_every_module_and_room_of_the_stack() -> None:
    """Those at the top of dul and dimse; what is in a room may be told of the room as a whole."""
    text = re.sub(r"```.*?```", "", (ROOT / "docs" / "design.md").read_text(), flags=re.DOTALL)
    named = {word for code in re.findall(r"`([^`\n]+)`", text) for word in re.findall(r"\w+", code)}
    for package in ("dul", "dimse"):
        there = {
            path.stem
            for path in (ROOT / package).iterdir()
            if (path.suffix == ".py" or (path / "__init__.py").exists()) and path.stem[0] != "_"
        }
        assert len(there) > 20
        assert there - named == set(), f"say in docs/design.md what {package} knows there"
