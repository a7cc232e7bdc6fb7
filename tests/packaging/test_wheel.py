"""The wheel and the sdist: what is in them, and what a user has who has nothing else."""

from __future__ import annotations

import email
import email.message
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = (
    "storescu",
    "dcmsend",
    "storescp",
    "dcmrecv",
    "storeindex",
    "echoscu",
    "dulspec",
    "dulcet",
)
FOLDERS = {"dul": "dul", "dimse": "dimse", "cli": "dulcet/cli", "testbed": "dulcet/testbed"}
"""Folder of the tree -> folder in site-packages."""


def run(*command: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    """A command in a folder outside the checkout, with none of the environment that leads back."""
    environment = {
        name: each
        for name, each in os.environ.items()
        if not name.startswith(("PYTHON", "VIRTUAL_ENV", "DULCET"))
    }
    words = [str(each) for each in command]
    return subprocess.run(
        words, cwd=cwd, env=environment, capture_output=True, text=True, timeout=120, check=False
    )


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The sdist, and the wheel that is built of it, as a release has them."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("dist")
    for each in _files_of_the_tree():
        (source / each).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / each, source / each)
    done = run(sys.executable, "-m", "build", "-q", "--no-isolation", "-o", out, source, cwd=out)
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,), (sdist,) = out.glob("*.whl"), out.glob("*.tar.gz")
    return wheel, sdist


def _files_of_the_tree() -> set[str]:
    """All that is, or could be, committed; in an unpacked sdist, all that it has."""
    asked = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if asked.returncode == 0:
        files = asked.stdout.splitlines()
    else:
        left_out = {".git", "node_modules", "__pycache__", "build", "dist"}
        files = [
            str(path.relative_to(ROOT))
            for path in ROOT.rglob("*")
            if not left_out & set(path.parts) and not path.parts[-1].startswith(".venv")
        ]
    return {each for each in files if (ROOT / each).is_file() and "node_modules" not in each}


@pytest.fixture(scope="module")
def names(built) -> set[str]:
    """Of the files in the wheel."""
    with zipfile.ZipFile(built[0]) as archive:
        return set(archive.namelist())


@pytest.fixture(scope="module")
def metadata(built) -> email.message.Message:
    """Of the wheel."""
    with zipfile.ZipFile(built[0]) as archive:
        (name,) = (each for each in archive.namelist() if each.endswith("/METADATA"))
        return email.message_from_bytes(archive.read(name))


@pytest.fixture(scope="module")
def venv(built, tmp_path_factory) -> Path:
    """An empty virtual environment and the wheel: neither pydicom nor rich, nor a registry to ask."""
    place = tmp_path_factory.mktemp("user") / "venv"
    pip = ("-m", "pip", "--python", place / "bin" / "python", "install", "--quiet")
    for command in (
        ("-m", "venv", "--without-pip", place),
        (*pip, "--no-deps", "--no-index", "--no-compile", built[0]),
    ):
        done = run(sys.executable, *command, cwd=place.parent)
        assert done.returncode == 0, done.stderr
    return place


@pytest.fixture
def scripts(venv) -> Path:
    """Where the scripts are."""
    return venv / "bin"


# ---- what is in them


def test_the_wheel_takes_no_name_that_is_not_ours(names):
    top = {each.partition("/")[0] for each in names}
    assert {each for each in top if not each.startswith("dulcet-")} == {"dul", "dimse", "dulcet"}
    assert not [each for each in names if each.endswith(".pth")], "it costs every start of Python"


def test_the_wheel_has_every_module_and_what_lies_beside_it(names):
    wanted = {"dulcet/__init__.py", "dulcet/__main__.py", "dulcet/py.typed"}
    for folder, there in FOLDERS.items():
        for each in _files_of_the_tree():
            if each.startswith(f"{folder}/"):
                wanted.add(there + each.removeprefix(folder))
    wanted |= {f"dulcet/fixtures/dicom/{each.name}" for each in ROOT.glob("fixtures/dicom/*.dcm")}
    packaged = {each for each in names if not each.startswith("dulcet-")}
    assert packaged == wanted
    assert len(wanted) > 400


def test_the_sdist_has_the_whole_tree(built):
    with tarfile.open(built[1]) as archive:
        files = {each.name.partition("/")[2] for each in archive.getmembers() if each.isfile()}
    made = {"PKG-INFO", "setup.cfg"}
    assert {each for each in files if ".egg-info/" not in each} - made == _files_of_the_tree()
    assert {"docs/design.md", "fixtures/README.md", "tests/conftest.py", "LICENSE"} <= files


def test_the_metadata_tell_who_and_where(metadata):
    assert metadata["Name"] == "dulcet"
    kinds = dict(each.split(", ") for each in metadata.get_all("Project-URL"))
    assert {"Source", "Documentation", "Changelog", "Issues"} <= kinds.keys()
    classifiers = metadata.get_all("Classifier")
    for minor in range(11, 15):
        assert f"Programming Language :: Python :: 3.{minor}" in classifiers
    needed = [each for each in metadata.get_all("Requires-Dist") if "extra ==" not in each]
    assert [re.split(r"[^\w-]", each)[0] for each in needed] == ["pydicom", "rich"]


def test_the_readme_leads_somewhere_from_a_package_index_too(metadata):
    text = metadata.get_payload()
    links = [each for each in re.findall(r"\]\(([^)]+)\)", text) if not each.startswith("#")]
    assert len(links) > 5
    source = dict(each.split(", ") for each in metadata.get_all("Project-URL"))["Source"]
    for link in links:
        assert "://" in link, link
        if link.startswith(f"{source}/"):
            place = re.sub(r"^/\w+/v[\d.]+/", "", link.removeprefix(source)).partition("#")[0]
            assert (ROOT / place).exists(), link


def test_manual_pages_and_completion_ship_with_it(names):
    shared = {each.partition(".data/data/")[2] for each in names if ".data/data/" in each}
    places = {"share/man/man7/dulcet-options.7"}
    for name in SCRIPTS:
        places |= {
            f"share/man/man1/{name}.1",
            f"share/bash-completion/completions/{name}",
            f"share/zsh/site-functions/_{name}",
            f"share/fish/vendor_completions.d/{name}.fish",
        }
    assert shared == places


# ---- what they do, installed


def test_the_scripts_are_there_and_say_their_version(scripts, tmp_path):
    number = re.compile(r"\b0\.\d+\.\d+\b")
    for name in SCRIPTS:
        done = run(scripts / name, "--version", cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        assert number.search(done.stdout), name
    assert run(scripts / "python", "-m", "dulcet", "--version", cwd=tmp_path).returncode == 0
    assert (
        run(scripts / "python", "-m", "dulcet.cli.echoscu", "--help", cwd=tmp_path).returncode == 0
    )


def test_the_common_names_are_left_to_others(scripts, tmp_path):
    code = (
        "import importlib.util as u, dul, dimse; print(u.find_spec('cli'), u.find_spec('testbed'))"
    )
    assert run(scripts / "python", "-c", code, cwd=tmp_path).stdout == "None None\n"


def test_from_nothing_to_a_stored_file_in_two_commands(scripts, venv, tmp_path):
    (tmp_path / "in").mkdir()
    (dicom,) = venv.glob("lib/*/site-packages/dulcet/fixtures/dicom")
    receiver = subprocess.Popen(
        [scripts / "storescp", "-v", "-od", "in", "--host", "127.0.0.1", "--port-file", "port", "0"],
        cwd=tmp_path, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert receiver.stderr is not None
        for line in receiver.stderr:  # it says so when it listens
            if (tmp_path / "port").exists() and "port" in line:
                break
        port = (tmp_path / "port").read_text().strip()
        sent = run(
            scripts / "storescu", "-v", "127.0.0.1", port, dicom / "ct-explicit.dcm", cwd=tmp_path
        )
        assert sent.returncode == 0, sent.stderr
        assert run(scripts / "echoscu", "127.0.0.1", port, cwd=tmp_path).returncode == 0
    finally:
        receiver.terminate()
        receiver.communicate(timeout=60)
    (stored,) = (tmp_path / "in").iterdir()
    assert stored.stat().st_size > 30_000
    index = run(scripts / "storeindex", "-v", "index.db", "in", cwd=tmp_path)
    assert "Objects: 1" in index.stderr


def test_the_demo_runs_on_the_files_that_ship_with_it(scripts, tmp_path):
    done = run(scripts / "dulcet", "demo", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    count = len(list(ROOT.glob("fixtures/dicom/*.dcm")))
    assert f"{count} of {count} data sets stored byte for byte" in done.stdout


def test_man_finds_the_pages_beside_the_scripts(scripts, venv, tmp_path):
    if not shutil.which("man"):
        pytest.skip("man is not installed")
    path = f"{scripts}:/usr/bin:/bin"
    done = subprocess.run(
        ["man", "-w", "storescu", "dulcet-options"],
        cwd=tmp_path, env={"PATH": path}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert [Path(each).name for each in done.stdout.split()] == ["storescu.1", "dulcet-options.7"]
    assert all(each.startswith(str(venv)) for each in done.stdout.split())


def test_the_testbed_and_the_doctor_are_there(scripts, tmp_path):
    listed = run(scripts / "dulcet", "spec", "list", cwd=tmp_path)
    assert "P.STA2.07" in listed.stdout
    (tmp_path / "results").mkdir()
    shutil.copy(ROOT / "tests" / "testbed" / "data" / "sample-scp.json", tmp_path / "results")
    made = run(scripts / "dulspec", "site", "results", "--out", "site", cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    style = (ROOT / "testbed" / "site" / "site.css").read_text("utf-8").strip().splitlines()[-1]
    assert style in (tmp_path / "site" / "index.html").read_text("utf-8")
    said = run(scripts / "dulcet", "doctor", cwd=tmp_path).stdout
    assert "no rich: progress bars and tables not possible" in said
    for name in SCRIPTS:
        assert f"{name}: " in said


def test_its_types_are_seen_by_mypy(venv, tmp_path):
    """A mistake that is not seen is an ignored error too many, so this cannot pass without them."""
    shutil.copy(Path(__file__).with_name("typed.py"), tmp_path)
    done = run(
        sys.executable, "-m", "mypy", "--strict", "--python-executable", venv / "bin" / "python",
        "--cache-dir", tmp_path / "cache", "typed.py", cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert done.stdout == "Success: no issues found in 1 source file\n"
