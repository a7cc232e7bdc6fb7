"""`make` on a user's machine: what it asks before it makes anything."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")

# It knows `-c` alone, and says what else it was asked for.
ANOTHER_PYTHON = """#!{python}
import sys
if sys.argv[1] != "-c":
    sys.exit("asked for " + " ".join(sys.argv[1:]))
sys.version_info = {version}
exec(sys.argv[2])
"""


def make(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run make, of which the one that may have started this test knows nothing."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("MAKE")}
    return subprocess.run(
        ["make", *arguments],
        cwd=ROOT,
        env=environment | {"MFLAGS": ""},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.fixture
def demo(tmp_path):
    """`make demo` with a Python of this version, and a folder for its virtual environment."""

    def demo(*version: int):
        program = tmp_path / "another-python"
        program.write_text(ANOTHER_PYTHON.format(python=sys.executable, version=version))
        program.chmod(0o755)
        return make("demo", f"PYTHON={program}", f"VENV={tmp_path / 'venv'}")

    return demo


@pytest.mark.parametrize("version", [(2, 7), (3, 9), (3, 10)])
def test_an_older_python_is_refused_before_anything_is_made(demo, tmp_path, version):
    done = demo(*version)
    assert done.returncode != 0
    assert "dulcet needs Python 3.11 or newer, and " in done.stderr
    assert f"another-python is {version[0]}.{version[1]};" in done.stderr
    assert "asked for" not in done.stderr
    assert not (tmp_path / "venv").exists()


@pytest.mark.parametrize("version", [(3, 11), (3, 12), (4, 0)])
def test_a_newer_one_is_taken(demo, tmp_path, version):
    assert f"asked for -m venv --clear {tmp_path / 'venv'}" in demo(*version).stderr


def test_the_makefile_asks_for_what_the_package_needs():
    package = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    needed = re.fullmatch(r">=(\d+)\.(\d+)", package["requires-python"])
    assert needed is not None
    text = (ROOT / "Makefile").read_text("utf-8")
    assert re.findall(r"\((\d+), (\d+)\)", text) == [needed.groups()] * 2
    assert f"Python {needed[1]}.{needed[2]} or newer" in text
