"""dulcet doctor: what is installed here, what hides what, and how to mend it."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from importlib import import_module
from importlib.metadata import (
    EntryPoint,
    PackageNotFoundError,
    distributions,
    entry_points,
    version,
)
from pathlib import Path

from dul.blocking import free_descriptors
from dul.values import TYPE_CHECKING, dataclass

from . import aside, tool
from .colours import GREEN, RED, YELLOW, paint, wanted

if TYPE_CHECKING:
    from typing import Literal

__all__ = ["DoctorSettings", "Symptom", "main", "scripts_found", "symptoms"]

_ABLE = {
    # package -> what is not possible without it, and the extra that brings it
    "pydicom": ("conversions, data sets in memory", ""),
    "rich": ("progress bars and tables", ""),
    "pylibjpeg": ("decompressing JPEG, JPEG-LS, JPEG 2000", "codecs"),
    "argon2-cffi": ("storescp --users", "identity"),
    "hypothesis": ("dulspec explore", "explore"),
    "scapy": ("dulspec decode", "decode"),
}
_FEW_FILES = 256
_MARKS = {"ok": ("ok   ", GREEN), "note": ("note ", YELLOW), "wrong": ("WRONG", RED)}


@dataclass(frozen=True, slots=True)
class Symptom:
    """One thing that was looked at.

    Attributes:
        state: fine; something that is missing, but may not be missed; or wrong.
        text: what was found.
        advice: what to do about it.
    """

    state: Literal["ok", "note", "wrong"]
    text: str
    advice: str = ""


class DoctorSettings(
    aside.Aside, tool="doctor", summary="what is installed here, what hides what, how to mend it"
):
    """What it can be told: nothing."""


def main(argv: Sequence[str] | None = None) -> int:
    """Print all symptoms; 1 if one of them is wrong."""
    return aside.run_aside(DoctorSettings, argv, _print)


def _print(settings: DoctorSettings) -> int:
    del settings  # there are none
    found = list(symptoms())
    coloured = wanted(sys.stdout)
    lines = []
    for each in found:
        mark, colour = _MARKS[each.state]
        mark = paint(mark, colour) if coloured else mark
        lines.append(f"{mark}  {each.text}\n")
        if each.advice:
            lines.append(f"       -> {each.advice}\n")
    code = tool.show("".join(lines))
    return code or int(any(each.state == "wrong" for each in found))


def symptoms() -> Iterator[Symptom]:
    """All that is looked at, one after the other."""
    yield Symptom(
        "ok", f"Python {platform.python_version()} on {platform.system()}, {sys.executable}"
    )
    yield _own()
    scripts = [each.name for each in entry_points(group="console_scripts") if _ours(each)]
    yield from scripts_found(_owners(scripts), shutil.which, Path(sys.executable).parent)
    for package, (what, extra) in _ABLE.items():
        yield _package(package, what, extra)
    yield _openssl()
    yield _files()
    yield _dictionary()


def _own() -> Symptom:
    try:
        return Symptom("ok", f"dulcet {version('dulcet')}")
    except PackageNotFoundError:
        return Symptom("note", "dulcet is used from a source tree", "pip install -e .")


def _ours(script: EntryPoint) -> bool:
    return script.module.startswith("dulcet.")


def _owners(scripts: Iterable[str]) -> dict[str, set[str]]:
    """By script of ours: the other packages of this environment that have one of that name."""
    owners: dict[str, set[str]] = {name: set() for name in scripts}
    for each in distributions():
        for script in each.entry_points:
            if script.group == "console_scripts" and script.name in owners and not _ours(script):
                owners[script.name].add(each.metadata["Name"])
    return owners


def scripts_found(
    owners: Mapping[str, set[str]], which: Callable[[str], str | None], here: Path
) -> Iterator[Symptom]:
    """What a shell finds under the names of our scripts.

    Args:
        owners: by name: the other packages of this environment that have it, too.
        which: where a shell finds a program; None: nowhere.
        here: where our scripts are.
    """
    for name, others in owners.items():
        path = which(name)
        if path is None:
            yield Symptom(
                "note",
                f"{name}: not in PATH",
                f"'{_always(name)}' is the same; or put {here} into PATH",
            )
        elif Path(path).parent != here:
            yield Symptom(
                "wrong",
                f"{name}: {path} comes first in PATH, which is not ours",
                f"'{_always(name)}' is ours; or put {here} first in PATH",
            )
        elif not _calls_ours(Path(path)):
            who = " or ".join(sorted(others)) or "another package"
            yield Symptom(
                "wrong",
                f"{name}: {path} is that of {who}, which was installed later",
                f"'{_always(name)}' is ours; or: pip install --force-reinstall --no-deps dulcet",
            )
        elif others:
            yield Symptom(
                "note",
                f"{name}: ours, but {' and '.join(sorted(others))} has a script of that name, too",
                "whichever is installed last owns it, and its removal takes it away",
            )
        else:
            yield Symptom("ok", f"{name}: {path}")


def _always(script: str) -> str:
    """The command that is ours wherever a shell looks first."""
    if script == "dulcet":
        return "python -m dulcet"
    return "dulcet spec" if script == "dulspec" else f"dulcet {script}"


def _calls_ours(script: Path) -> bool:
    try:
        text = script.read_text("utf-8", "replace")
    except OSError:
        return False
    return "from dulcet." in text


def _package(package: str, what: str, extra: str) -> Symptom:
    try:
        return Symptom("ok", f"{package} {version(package)}: {what}")
    except PackageNotFoundError:
        wanted = f"'dulcet[{extra}]'" if extra else package
        return Symptom("note", f"no {package}: {what} not possible", f"pip install {wanted}")


def _openssl() -> Symptom:
    try:
        return Symptom("ok", f"{import_module('ssl').OPENSSL_VERSION}: TLS")
    except ImportError:
        return Symptom("note", "this Python has no ssl: TLS is not possible")


def _files() -> Symptom:
    room = free_descriptors()
    if room is None:
        return Symptom("ok", "there is no bound on open files and connections")
    text = f"this process may open {room} more files and connections"
    if room < _FEW_FILES:
        return Symptom("note", text, "ulimit -n 4096: a receiver needs two for each association")
    return Symptom("ok", text)


def _dictionary() -> Symptom:
    path = os.environ.get("DCMDICTPATH")
    if not path:
        return Symptom("ok", "DCMDICTPATH is not set: pydicom's dictionary is used")
    missing = [each for each in path.split(os.pathsep) if not Path(each).is_file()]
    if missing:
        return Symptom(
            "wrong",
            f"DCMDICTPATH names what is no file: {', '.join(missing)}",
            "correct it, or unset it to use the built-in dictionary",
        )
    return Symptom("ok", f"DCMDICTPATH: {path}")


if __name__ == "__main__":
    sys.exit(main())
