"""Which files are to be sent, and which of them can be."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from cli.report import Report
from dimse.errors import DIMSEError, NotDICOM, Unreadable
from dimse.objects.outgoing import Cache, Outgoing, examine
from dul.values import dataclass

__all__ = ["Bad", "Found", "check", "find"]

MEDIA_STORAGE_DIRECTORY = "1.2.840.10008.1.3.10"


@dataclass(frozen=True, slots=True)
class Found:
    """A file to be sent.

    Attributes:
        path: as it was given, or as it was found in a directory that was given.
        scanned: it was found in a directory, so that it may be anything.
    """

    path: Path
    scanned: bool = False


@dataclass(frozen=True, slots=True)
class Bad:
    """A file that can't be sent, and what to say of it."""

    path: Path
    why: str


def find(
    names: Sequence[str],
    report: Report,
    interrupted: Callable[[], bool],
    *,
    scan: bool,
    recurse: bool,
) -> tuple[list[Found], list[Bad]]:
    """The files that the names stand for, in their order; those of a directory sorted by name.

    Args:
        names: files and directories.
        report: for the warnings.
        interrupted: asked before each file in a directory; True ends the search early.
        scan: look into the directories.
        recurse: and into those that are in them.
    """
    if scan:
        report.info("determining input files ...")
    files: list[Found] = []
    bad: list[Bad] = []
    for name in names:
        path = Path(name)
        if not path.is_dir():
            files.append(Found(path))
        elif scan:
            for found in _scan(path, bad, recurse=recurse):
                if interrupted():
                    break
                files.append(Found(found, scanned=True))
        else:
            report.warn(
                f"ignoring directory because option --scan-directories is not set: {path}\n"
                "Try: +sd sends the files in a directory, +sd +r also those in its subdirectories"
            )
    return files, bad


def _scan(directory: Path, bad: list[Bad], *, recurse: bool) -> Iterator[Path]:
    # Symbolic links to directories are not followed: they may lead round in a circle.
    try:
        entries = sorted(os.scandir(directory), key=lambda entry: entry.name)
    except OSError as error:
        bad.append(Bad(directory, f"cannot read directory: {directory}: {error.strerror}"))
        return
    for entry in entries:
        path = directory / entry.name
        if entry.is_dir(follow_symlinks=False):
            if recurse:
                yield from _scan(path, bad, recurse=True)
        elif entry.is_file():
            yield path


def check(
    files: Sequence[Found],
    report: Report,
    interrupted: Callable[[], bool],
    *,
    strict: bool = False,
) -> tuple[list[Outgoing], list[Bad]]:
    """Look at every file: what it is, and whether it is whole.

    What was found in a directory and is no DICOM object at all is left out with a warning; a
    DICOMDIR always is, as no peer stores one (PS3.10 8).

    Args:
        files: from `find`.
        report: for the warnings.
        interrupted: asked before each file; True ends the check early.
        strict: refuse what is tolerated otherwise, with a warning.
    """
    report.info("checking input files ...")
    good: list[Outgoing] = []
    bad: list[Bad] = []
    cache = Cache()
    for file in files:
        if interrupted():
            break
        try:
            item = examine(file.path, strict=strict, cache=cache)
        except NotDICOM as error:
            if file.scanned:
                report.warn(f"no DICOM file, ignoring it: {file.path}")
            else:
                bad.append(Bad(file.path, f"Bad DICOM file: {error}"))
        except Unreadable as error:
            bad.append(Bad(file.path, f"cannot access file: {error}"))
        except DIMSEError as error:
            bad.append(Bad(file.path, f"Bad DICOM file: {error}"))
        else:
            if item.sop_class_uid == MEDIA_STORAGE_DIRECTORY:
                report.warn(f"a DICOMDIR, ignoring it: {file.path}")
                continue
            for warning in item.warnings:
                report.warn(f"{file.path}: {warning}")
            good.append(item)
    return good, bad
