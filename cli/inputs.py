"""Which files are to be sent, and which of them can be: `dimse.objects.find` by options, and in words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain

from dimse import Outcome
from dimse.errors import Unreadable
from dimse.objects import Found, LeftOut, Reason, Unusable, find
from dul.blocking import Wakeup
from dul.errors import Interrupted
from dul.values import TYPE_CHECKING

from .report import Level, Report, printable
from .storescu_options import StorescuSettings
from .words import Words

if TYPE_CHECKING:
    from typing import Final

__all__ = ["found", "left_out", "left_out_text", "unusable"]

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


def found(settings: StorescuSettings, wakeup: Wakeup) -> Iterator[Found | LeftOut | Unusable]:
    """What stands behind the names, as it is asked for; Ctrl-C ends a search, too."""
    for each in find(
        _names(settings),
        scan=settings.scan,
        recurse=settings.recurse,
        follow_links=settings.follow_links,
        pattern=settings.pattern,
        archives=settings.archives,
        dicomdir=settings.dicomdir,
        objects_only=settings.objects_only,
    ):
        if wakeup.is_set:
            raise Interrupted("interrupted")
        yield each


def _names(settings: StorescuSettings) -> Iterable[str]:
    """What is given, and what is in a list."""
    if settings.files_from is None:
        return settings.file
    from dimse.objects import names_from  # noqa: PLC0415 - few have a list

    return chain(settings.file, names_from(settings.files_from, nul=settings.nul))


def left_out(what: LeftOut, report: Report) -> None:
    """Say that something is left out, and why."""
    level, text = _LEFT_OUT[what.reason]
    report.say(level, text.format(printable(str(what.path))))


def left_out_text(what: LeftOut) -> str:
    """The same in one line, without advice."""
    return _LEFT_OUT[what.reason][1].format(printable(str(what.path))).partition("\n")[0]


def unusable(outcome: Outcome, words: Words) -> str | None:
    """What to say of a file that was asked for and is none that can be sent; None of all else."""
    error = outcome.error
    if error is None or outcome.attempts:
        return None
    if isinstance(error, Unreadable) and error.why.startswith(_SEARCHED):
        why = error.why.removeprefix(_SEARCHED)
        return f"cannot read directory: {printable(str(outcome.path))}: {why}"
    kind = words.unreadable if isinstance(error, Unreadable) else words.bad
    # A name with a line break in it makes no lines of its own.
    return printable(f"{kind}: {error}")


_SEARCHED: Final = "can't be searched: "  # how the finder says it of a directory
