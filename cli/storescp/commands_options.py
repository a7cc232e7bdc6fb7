"""What storescp can be told about studies and about commands that it runs."""

from __future__ import annotations

from dul.values import TYPE_CHECKING

from ..grammar import values as read
from ..grammar.declaration import Settings, flag, setting, value

if TYPE_CHECKING:
    from typing import TypeAlias

    from dimse.hooks import CommandTemplate
    from dimse.storage import SortedBy

__all__ = ["Commands", "Sort", "Sorting"]

Sort: TypeAlias = "tuple[SortedBy, str]"
"""What the directories of studies are called by, and what stands before it."""

_SORTS = ("--sort-conc-studies", "--sort-on-study-uid", "--sort-on-patientname")


def _by_time(prefix: str) -> Sort:
    return "time", _prefix(prefix)


def _by_uid(prefix: str) -> Sort:
    return "uid", _prefix(prefix)


def _prefix(given: str) -> str:
    # Few servers sort.
    from dimse.storage import cleaned  # noqa: PLC0415

    if given and cleaned(given) != given:
        raise ValueError(f"{given!r} is no beginning of a file name")
    return given


def _object_command(line: str) -> CommandTemplate:
    from dimse.hooks import CommandTemplate  # noqa: PLC0415 - nor do many run commands

    return CommandTemplate(line)


def _study_command(line: str) -> CommandTemplate:
    from dimse.hooks import CommandTemplate  # noqa: PLC0415 - as above

    return CommandTemplate(line, of="study")


class Sorting(Settings, title="sorting into directories"):
    """A directory for each study."""

    sort: Sort | None = setting(
        None,
        value(
            "-ss",
            "--sort-conc-studies",
            read=_by_time,
            metavar="PREFIX",
            help="a directory for each study, PREFIX_YYYYMMDD_HHMMSSmmm, by the time of its first "
            "object",
            excludes=["--filepath"],
        ),
        value(
            "-su",
            "--sort-on-study-uid",
            read=_by_uid,
            metavar="PREFIX",
            help="a directory for each study, PREFIX_STUDY-INSTANCE-UID",
            excludes=["--filepath"],
        ),
        flag(
            "-sp",
            "--sort-on-patientname",
            value=("patient", ""),
            help="a directory for each study, by its patient's name and that time",
            excludes=["--filepath"],
        ),
    )


class Commands(Settings, title="commands that are run, without a shell (docs/cli.md)"):
    """Commands, and when a study has ended."""

    on_object: CommandTemplate | None = setting(
        None,
        value(
            "-xcr",
            "--exec-on-reception",
            read=_object_command,
            metavar="COMMAND",
            help="run a command for each object that is stored: #p is its directory, #f its file, "
            "#a the calling and #c the called AE title, #r the peer's address, #i the SOP Instance "
            "UID",
        ),
    )
    on_study: CommandTemplate | None = setting(
        None,
        value(
            "-xcs",
            "--exec-on-eostudy",
            read=_study_command,
            metavar="COMMAND",
            help="run a command when a study has come as a whole: #p, #a, #c, #r, and #s for its "
            "Study Instance UID",
            needs=[*_SORTS, "--filepath"],
        ),
    )
    rename: bool = setting(
        False,
        flag(
            "-rns",
            "--rename-on-eostudy",
            help="and before that rename its files to CT000001 and so on",
            needs=_SORTS,
        ),
    )
    end_of_study_timeout: float | None = setting(
        None,
        value(
            "-tos",
            "--eostudy-timeout",
            read=read.seconds,
            metavar="S",
            help="a study has ended when nothing of it has come for S seconds (default: only when "
            "an object of another one has come)",
            needs=[*_SORTS, "--filepath"],
        ),
    )
    exec_sync: bool = setting(
        False,
        flag(
            "-xs",
            "--exec-sync",
            help="wait for the command before the object is answered",
            needs=["--exec-on-reception", "--exec-on-eostudy"],
        ),
    )
    exec_max: int = setting(
        4,
        value(
            "--exec-max",
            read=read.integer(1, 1000),
            metavar="N",
            help="run up to N commands at a time, let others wait (default: {default})",
        ),
    )
