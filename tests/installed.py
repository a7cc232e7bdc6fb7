"""Where the programs of other stacks are: by the path of the package that brought them, not by PATH.

A name says little on a user's machine: in an activated virtual environment `storescu` is ours, or
pynetdicom's if that was installed later. What is written in Python, ours too, is therefore run as
`python -m ...`, and the rest by the whole path: where Debian's package puts it, or in the folder
that DULCET_DCMTK, DULCET_CTN, DULCET_GDCM or DULCET_ORTHANC names.
"""

from __future__ import annotations

import functools
import os
import re
import shutil
import subprocess
from pathlib import Path

FOLDERS = {
    "dcmtk": Path("/usr/bin"),
    "ctn": Path("/usr/bin"),
    "gdcm": Path("/usr/bin"),
    "orthanc": Path("/usr/sbin"),
}
"""Where Debian's packages put programs."""


def variable(package: str) -> str:
    """The environment variable that names the folder of another build."""
    return f"DULCET_{package.upper()}"


def chosen(package: str) -> Path | None:
    """The folder of another build than Debian's, if the user has named one."""
    named = package in FOLDERS and os.environ.get(variable(package))
    return Path(named).absolute() if named else None


def program(package: str, name: str) -> str:
    """The path of a package's program, whether it is there or not."""
    return str((chosen(package) or FOLDERS[package]) / name)


def runtime(name: str) -> str:
    """An interpreter, java or node: whichever the user's PATH has; else where Debian's would be."""
    return shutil.which(name) or f"/usr/bin/{name}"


def missing(package: str, *names: str) -> str | None:
    """Why these programs of a package cannot be run here, or None."""
    for name in names:
        path = program(package, name)
        if not os.access(path, os.X_OK):
            return f"no {path}"
        if package == "dcmtk" and not dcmtk_version(path):
            return f"{path} is not DCMTK's"
    return None


@functools.cache
def dcmtk_version(path: str) -> str:
    """The version that a program of DCMTK tells of itself; empty if it is none of DCMTK's."""
    asked = subprocess.run(
        [path, "--version"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        timeout=60,
    )
    told = re.match(rf"\$dcmtk: {re.escape(Path(path).name)} v(\S+) ", asked.stdout)
    return told[1] if told else ""


def need(package: str, *names: str) -> str:
    """The path of the first of these programs; without them the test is skipped, or fails.

    See `demand`.
    """
    why = missing(package, *names)
    if why:
        demand(package, why)
    return program(package, names[0])


def demand(package: str, why: str, *, optional: bool = False) -> None:
    """Skip the test for want of a package.

    It fails instead under DULCET_REQUIRE_PEERS=1, unless the package is optional; and where the
    user has named a folder for the package: what was asked for is not left out in silence.
    """
    # `conformance.py` reads this module too, and has no use for it.
    import pytest

    if chosen(package):
        pytest.fail(f"{package} is not where {variable(package)} says: {why}")
    if os.environ.get("DULCET_REQUIRE_PEERS") == "1" and not optional:
        pytest.fail(f"{package} is missing: {why}")
    pytest.skip(f"{package} is not installed: {why}")
