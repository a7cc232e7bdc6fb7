"""What pyproject.toml cannot say: packages under other names than their folders', and what is generated.

The names are what counts: `import cli` would be a name of ours in everybody's site-packages. The
sources of cli/ and testbed/ import one another relatively, so they work under either name.

Manual pages and completion are made of the declarations of the options whenever a wheel is built, and
not committed: they cannot be older than the options, and no two branches can conflict in them.
"""

from __future__ import annotations

import os
import re
import sys
import time
import tomllib
from collections import defaultdict
from pathlib import Path

from setuptools import Distribution, find_packages, setup

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


# distutils', which setuptools brings and hides.
install_data = Distribution().get_command_class("install_data")


class InstallData(install_data):
    """Installs share/: what man and the shells look for beneath the prefix of an installation."""

    def run(self) -> None:
        """Make it, and have it installed."""
        sys.path.insert(0, str(ROOT))
        import testbed.cli  # noqa: PLC0415 - only now, as it is not needed for an sdist
        from cli.manual.programs import of_parser  # noqa: PLC0415
        from cli.manual.shared import files, programs  # noqa: PLC0415

        day = time.gmtime(float(os.environ.get("SOURCE_DATE_EPOCH", time.time())))
        date = time.strftime("%Y-%m-%d", day)
        made = defaultdict(list)
        for place, text in files(
            programs(of_parser(testbed.cli.parser())), PROJECT["version"], date
        ):
            path = ROOT / "build" / "shared" / place
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
            made[str(Path(place).parent)].append(str(path))
        self.data_files = list(made.items())
        super().run()


setup(
    packages=packages(),
    cmdclass={"install_data": InstallData},
    data_files=[("share", [])],  # so that there is something to install
    package_dir=FOLDERS,
    long_description=readme(),
    long_description_content_type="text/markdown",
)
