"""What is generated is current, and what the README says can be run."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import inspect
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import api_pages
import cli_pages
import links
import pytest

import dimse.errors
import dul.errors

ROOT = Path(__file__).parent.parent
DOCUMENTS = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]


def test_the_state_machine_document_is_current() -> None:
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert (ROOT / "docs" / "fsm.md").read_text(encoding="utf-8") == module.render(), "make docs"


def test_the_tables_of_options_and_exit_codes_are_what_the_tools_declare() -> None:
    page = cli_pages.TARGET.read_text(encoding="utf-8")
    assert page.count("<!-- end -->") == 4
    assert page == cli_pages.render(page), "make docs"


def test_the_site_is_built_without_a_warning_and_every_link_leads_somewhere(tmp_path: Path) -> None:
    """As `make docs` does; the pages as they are shown on a code host, too."""
    site = tmp_path / "site"
    done = subprocess.run(
        [
            *(sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-b", "html"),
            *("-d", str(tmp_path / "doctrees"), str(ROOT / "docs"), str(site)),
        ],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert list(links.faults_of_site(site)) == []
    for document in DOCUMENTS:
        assert list(links.faults_of_markdown(document)) == []


def test_wrong_links_are_found(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text(
        '<h1 id="here"></h1><a href="#here"></a><a href="b.html#there"></a><a href="#gone"></a>'
        '<a href="c.html"></a><a href="http://"></a><script src="https://cdn.example/x.js"></script>'
    )
    (tmp_path / "b.html").write_text('<a name="there" href="a.html"></a>')
    assert sorted(links.faults_of_site(tmp_path)) == [
        "a.html: #gone: there is no such anchor",
        "a.html: c.html: there is no such file",
        "a.html: http://: this is no address",
        "a.html: loads https://cdn.example/x.js from elsewhere",
    ]
    (tmp_path / "a.html").unlink()
    (tmp_path / "b.html").write_text("")
    (tmp_path / "s.css").write_text("@font-face { src: url(https://fonts.example/x.woff2) }")
    assert list(links.faults_of_site(tmp_path)) == [
        "s.css: fetches https://fonts.example/x.woff2 from elsewhere"
    ]
    page = tmp_path / "page.md"
    page.write_text("# A heading: `x`\n[1](#a-heading-x) [2](#b) [3](gone.md) [4](https://x)\n")
    assert [each.partition(": ")[2] for each in links.faults_of_markdown(page)] == [
        "#b: there is no such heading",
        "gone.md: there is no such file",
        "https://x: this is no address",
    ]


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


def test_the_page_of_errors_has_every_error_and_no_other() -> None:
    """Each stands in a row of its own table, with what happened and what to do."""
    errors = {
        name
        for module in (dimse.errors, dul.errors)
        for name in module.__all__
        if isinstance(getattr(module, name), type) and issubclass(getattr(module, name), Exception)
    }
    rows = re.findall(
        r"^\| (`[^|]+) \|", (ROOT / "docs" / "errors.md").read_text("utf-8"), re.MULTILINE
    )
    named = re.findall(r"`(\w+)`", " ".join(rows))
    assert sorted(named) == sorted(errors)


@pytest.mark.parametrize("module", api_pages.PUBLIC)
def test_the_signatures_of_the_reference_are_those_of_the_library(module: str) -> None:
    """Each parameter by its name and kind: what has to be given by keyword stands behind a star."""
    page = api_pages.page_of(module).read_text("utf-8")
    found = re.findall(
        r"^## (\w+)\n\n```python\n((?:async )?\1\(.*?)\n```", page, re.MULTILINE | re.DOTALL
    )
    for name, text in found:
        [node] = ast.parse(f"def {text.removeprefix('async ')}: ...").body
        assert isinstance(node, ast.FunctionDef)
        given = node.args
        shown = [
            *(each.arg for each in given.posonlyargs + given.args),
            *(f"*{each.arg}" for each in [given.vararg] if each),
            *(f"{each.arg}=" for each in given.kwonlyargs),
            *(f"**{each.arg}" for each in [given.kwarg] if each),
        ]
        marks = {"VAR_POSITIONAL": "*{}", "KEYWORD_ONLY": "{}=", "VAR_KEYWORD": "**{}"}
        real = [
            marks.get(each.kind.name, "{}").format(each.name)
            for each in inspect.signature(
                getattr(importlib.import_module(module), name)
            ).parameters.values()
        ]
        assert shown == real, f"{module}.{name}"
