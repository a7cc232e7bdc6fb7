"""What pyproject.toml cannot say: packages under other names than their folders', and what is generated.

The names are what counts: `import cli` would be a name of ours in everybody's site-packages. The
sources of cli/ and testbed/ import one another relatively, so they work under either name.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from setuptools import find_packages, setup

ROOT = Path(__file__).resolve().parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]

FOLDERS = {
    "dulcet.cli": "cli",
    "dulcet.testbed": "testbed",
    # What `dulcet demo` sends; cli/demo.py finds it beside its own folder under both names.
    "dulcet.fixtures": "fixtures",
    "dulcet.fixtures.dicom": "fixtures/dicom",
}
"""Package -> folder, where they are not called the same; what is beneath a package follows it."""


def packages() -> list[str]:
    """All that is installed, by the names under which it is."""
    same = find_packages(str(ROOT), include=["dul", "dul.*", "dimse", "dimse.*", "dulcet"])
    inner = find_packages(str(ROOT), include=["cli", "cli.*", "testbed", "testbed.*"])
    return [
        *same,
        *(f"dulcet.{name}" for name in inner),
        "dulcet.fixtures",
        "dulcet.fixtures.dicom",
    ]


def readme() -> str:
    """The README as a package index shows it: there is nothing beside it that a link could lead to."""
    source = PROJECT["urls"]["Source"]
    tree, raw = (f"{source}/{kind}/v{PROJECT['version']}" for kind in ("blob", "raw"))
    text = (ROOT / "README.md").read_text("utf-8")
    return re.sub(
        r"(!?)\[([^\]]*)\]\((?!https?:|#)([^)]+)\)",
        lambda link: f"{link[1]}[{link[2]}]({raw if link[1] else tree}/{link[3]})",
        text,
    )


setup(
    packages=packages(),
    package_dir=FOLDERS,
    long_description=readme(),
    long_description_content_type="text/markdown",
)
