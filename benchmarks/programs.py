"""The programs that are compared, each as the command line that a user would type.

Ours are installed as a user's would be: from a wheel, into a virtual environment of their own, by a
pip of today, byte code compiled. (The editable install of a working copy costs each start 10 ms, and
the programs that an older pip writes, or that of Python's own `venv`, load `re` before ours begin: 2 ms.)
The peers are those of the system's package, by their path: a virtual environment with dulcet
has a storescu, too.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

CHILDREN = Path(__file__).parent / "children"
INSTALLER = "pip>=25.1"  # the first whose programs load no `re`
# As in tests/installed.py, which the tests ask.
DCMTK = Path(os.environ.get("DULCET_DCMTK") or "/usr/bin").absolute()

Command = list[str]
Sender = Callable[[int, Sequence[Path]], Command]
"""Port and files to a command line."""
Receiver = Callable[[int, Path], Command]
"""Port and output folder to a command line."""


@dataclass(frozen=True)
class Ours:
    """Our tools in a virtual environment."""

    venv: Path

    @property
    def python(self) -> str:
        return str(self.venv / "bin" / "python")

    def tool(self, name: str) -> str:
        return str(self.venv / "bin" / name)

    def storescu(self, *options: str) -> Sender:
        return lambda port, files: [
            self.tool("storescu"), *options, "127.0.0.1", str(port), *map(str, files)
        ]  # fmt: skip

    def storescp(self, *options: str) -> Receiver:
        return lambda port, out: [self.tool("storescp"), *options, "-od", str(out), str(port)]

    def child(self, name: str, *arguments: str) -> Command:
        """A program of `children/` that uses the library."""
        return [self.python, str(CHILDREN / f"{name}.py"), *arguments]

    def byte_code(self) -> bool:
        """Whether all of it is there as byte code."""
        sources = [
            source
            for package in ("dul", "dimse", "cli")
            for source in self.venv.glob(f"lib/python*/site-packages/{package}/**/*.py")
        ]
        compiled = (Path(importlib.util.cache_from_source(source)) for source in sources)
        return bool(sources) and all(path.is_file() for path in compiled)


def install(build: Path, source: Path) -> Ours:
    """Make a wheel of the working copy and install it.

    Args:
        build: where, made anew.
        source: the folder of pyproject.toml.
    """
    shutil.rmtree(build, ignore_errors=True)
    quiet = ("--quiet", "--disable-pip-version-check")
    pip = [sys.executable, "-m", "pip"]
    subprocess.run(
        [*pip, "wheel", *quiet, "--no-deps", "-w", str(build), str(source)],
        check=True,
        stderr=subprocess.DEVNULL,
    )
    (wheel,) = build.glob("*.whl")
    ours = Ours(build / "venv")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(ours.venv)], check=True)
    pip_of_today = [*pip, "--python", ours.python, "install", *quiet, INSTALLER]
    into_it = [ours.python, "-m", "pip", "install", *quiet, str(wheel)]
    for command in (pip_of_today, into_it):
        subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
    return ours


def raw(*arguments: str) -> Command:
    """The program that moves bytes and nothing else: what the machine can do."""
    return [sys.executable, "-I", "-S", str(CHILDREN / "raw.py"), *arguments]


def bare(port: int, out: Path, *tls: str) -> Command:
    """The floor of a receiver in Python: see its text. For TLS with a key and its certificate."""
    return [sys.executable, "-I", "-S", str(CHILDREN / "bare.py"), str(port), str(out), *tls]


def bare_sender(way: str, *tls: str) -> Sender:
    """The floor of a sender in Python: see its text. For the way "tls" with a key and its certificate."""
    # Whoever imports more than the least has its modules looked for as ours are, by `site`.
    alone = ["-I"] if way == "imports" else ["-I", "-S"]
    program = [sys.executable, *alone, str(CHILDREN / "bare_sender.py"), way]
    return lambda port, files: [*program, str(port), *tls, *map(str, files)]


def bare_echo(*arguments: str) -> Command:
    """The floor of an association and of a C-ECHO in Python, at both ends: see its text."""
    return [sys.executable, "-I", "-S", str(CHILDREN / "bare_echo.py"), *arguments]


def delaying(port: int, to: int, milliseconds: float) -> Command:
    """A proxy whose round trip takes so long."""
    return [
        sys.executable,
        "-I",
        "-S",
        str(CHILDREN / "delay.py"),
        str(port),
        str(to),
        str(milliseconds),
    ]


def pynetdicom_storescp(port: int, out: Path) -> Command:
    """pynetdicom's own receiver."""
    return [sys.executable, "-m", "pynetdicom", "storescp", "-od", str(out), str(port)]


def pynetdicom(*arguments: str) -> Command:
    """The program that uses pynetdicom, in the development environment."""
    return [sys.executable, str(CHILDREN / "of_pynetdicom.py"), *arguments]


def dcmtk_sender(name: str, *options: str) -> Sender:
    return lambda port, files: [
        str(DCMTK / name), *options, "127.0.0.1", str(port), *map(str, files)
    ]  # fmt: skip


def dcmtk_storescp(*options: str) -> Receiver:
    return lambda port, out: [str(DCMTK / "storescp"), *options, "-od", str(out), str(port)]


def dcmtk_version() -> str | None:
    """What DCMTK's tools call themselves; None if they are not installed."""
    if not all((DCMTK / name).is_file() for name in ("storescu", "dcmsend", "storescp", "echoscu")):
        return None
    said = subprocess.run([DCMTK / "storescu", "--version"], capture_output=True, check=False)
    return said.stdout.decode().split(" $")[0].removeprefix("$dcmtk: ")
