"""Which files are to be sent, and which of them can be: `dimse.objects.finder` in words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final

from cli.report import Level, Report
from cli.words import STORESCU, Words
from dimse.errors import Unreadable
from dimse.objects import finder
from dimse.objects.finder import Found, LeftOut, Reason, Unusable
from dimse.objects.outgoing import Cache, Outgoing
from dimse.objects.prepare import Preparation
from dul.values import dataclass

__all__ = ["Bad", "check", "find"]

# What is said of what is left out, and how loud: nothing is lost with a directory seen already.
_LEFT_OUT: Final = {
    Reason.DIRECTORY: (
        Level.WARN,
        """ignoring directory because option --scan-directories is not set: {}
Try: +sd sends the files in a directory, +sd +r also those in its subdirectories""",
    ),
    Reason.SUBDIRECTORY: (Level.WARN, "ignoring subdirectory, +r sends the files in it: {}"),
    Reason.LINK: (
        Level.WARN,
        "ignoring link to a directory, +r --follow-links sends the files in it: {}",
    ),
    Reason.VISITED: (Level.INFO, "directory seen already by another way, ignoring it: {}"),
    Reason.PATTERN: (Level.DEBUG, "not looked for by +sp, ignoring it: {}"),
    Reason.SPECIAL: (Level.WARN, "a pipe, socket or device, ignoring it: {}"),
    Reason.NOT_DICOM: (Level.WARN, "no DICOM file, ignoring it: {}"),
    Reason.ARCHIVE: (
        Level.WARN,
        "ignoring archive in a directory or archive, name it to send what is in it: {}",
    ),
    Reason.NO_FILE: (Level.WARN, "a link, device or sparse file in an archive, ignoring it: {}"),
    Reason.DICOMDIR: (Level.WARN, "a DICOMDIR, ignoring it: {}"),
}


@dataclass(frozen=True, slots=True)
class Bad:
    """A file that can't be sent, and what to say of it."""

    path: Path
    why: str


def find(
    names: Iterable[str],
    report: Report,
    interrupted: Callable[[], bool],
    *,
    scan: bool,
    recurse: bool,
    follow_links: bool = False,
    pattern: str | None = None,
    archives: bool = False,
    dicomdir: bool = False,
) -> tuple[list[Found], list[Bad]]:
    """The files that the names stand for, in their order; those of a directory sorted by name.

    Args:
        names: files and directories.
        report: for the warnings.
        interrupted: asked before each file; True ends the search early.
        scan: look into the directories.
        recurse: and into those that are in them.
        follow_links: and into those that are linked there.
        pattern: what the names of files in them look like; None: anything.
        archives: open archives in directories, too.
        dicomdir: the names are those of DICOMDIRs.
    """
    if scan:
        report.info("determining input files ...")
    files: list[Found] = []
    bad: list[Bad] = []
    for found in finder.find(
        names,
        scan=scan,
        recurse=recurse,
        follow_links=follow_links,
        pattern=pattern,
        archives=archives,
        dicomdir=dicomdir,
    ):
        if interrupted():
            break
        if isinstance(found, Found):
            files.append(found)
        else:
            _tell(found, report, bad, STORESCU)
    return files, bad


def check(
    files: Sequence[Found],
    report: Report,
    interrupted: Callable[[], bool],
    preparation: Preparation,
    words: Words = STORESCU,
) -> tuple[list[Outgoing], list[Bad]]:
    """Look at every file: what it is, and whether it is whole.

    What was found in a directory and is no DICOM object at all is left out with a warning; a
    DICOMDIR always is, as no peer stores one (PS3.10 8).

    Args:
        files: from `find`.
        report: for the warnings.
        interrupted: asked before each file; True ends the check early.
        preparation: what is tolerated.
        words: how it is said.
    """
    report.info("checking input files ...")
    good: list[Outgoing] = []
    bad: list[Bad] = []
    cache = Cache()
    for file in files:
        if interrupted():
            break
        item = preparation.look(file, cache=cache)
        if isinstance(item, LeftOut | Unusable):
            _tell(item, report, bad, words)
        else:
            for warning in item.warnings:
                report.warn(f"{item.name}: {warning}")
            good.append(item)
    return good, bad


def _tell(what: LeftOut | Unusable, report: Report, bad: list[Bad], words: Words) -> None:
    """Say what is left out now, and keep what is an error: it decides whether anything is sent."""
    if isinstance(what, LeftOut):
        level, text = _LEFT_OUT[what.reason]
        report.say(level, text.format(what.path))
    elif what.directory and isinstance(what.error, Unreadable):
        reason = what.error.why.partition(": ")[2]
        bad.append(Bad(what.path, f"cannot read directory: {what.path}: {reason}"))
    else:
        kind = words.unreadable if isinstance(what.error, Unreadable) else words.bad
        bad.append(Bad(what.path, f"{kind}: {what.error}"))
