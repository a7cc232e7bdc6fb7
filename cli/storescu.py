"""storescu: send DICOM files to a Storage SCP."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import ExitStack

from dimse import Verdict
from dimse.errors import (
    DictionaryError,
    JournalFailed,
    ProfileError,
    UnknownProfile,
    Unreadable,
)
from dimse.tables.dictionary import Dictionary, load
from dul.blocking import Wakeup
from dul.errors import Interrupted
from dul.values import TYPE_CHECKING

from . import tool
from .codes import FAILED
from .grammar.declaration import UsageError
from .options.proposals import Proposed
from .report import Level, Report
from .stop import Stop
from .storescu_options import StorescuSettings
from .transfer import Transfer

if TYPE_CHECKING:
    from dimse import Journal

__all__ = ["StorescuSettings", "main", "work"]

_LISTED = 20  # files that an interrupted run lists without -v


def main(argv: Sequence[str] | None = None) -> int:
    """Run the tool; gives its exit code. Default: the process's command line."""
    return tool.run(StorescuSettings, argv, work)


def work(settings: StorescuSettings, report: Report) -> int:
    """Do what the settings say; gives the exit code."""
    if settings.list_decoders:
        return tool.show(settings.decoder_list)
    if settings.list_failed is not None:
        return _list_failed(settings, settings.list_failed, report)
    if not (settings.file or settings.files_from is not None or settings.probe):
        raise UsageError("Missing parameter file")
    dictionary = _dictionary(report)
    proposed = _proposed(settings, report)
    if dictionary is None or proposed is None:
        return FAILED
    if settings.changes:
        dictionary.install()
    wakeup = Wakeup()
    try:
        with Stop(wakeup.set) as stop, ExitStack() as stack:
            journal = None
            if settings.journal is not None and not _makes_none(settings):
                journal = stack.enter_context(_journal(settings.journal))
            if settings.dry_run or settings.probe:
                return _instead(settings, report, wakeup, stop, proposed=proposed, journal=journal)
            transfer = Transfer(
                settings, report, wakeup, dictionary=dictionary, proposed=proposed, journal=journal
            )
            stop.told = transfer.interrupting
            stop.at_once = transfer.display.at_once
            try:
                return transfer.run()
            except Interrupted:
                _tell_interrupted(transfer, report, stop)
                return stop.exit_code
    except (JournalFailed, Unreadable) as error:
        report.fatal(str(error))
        return FAILED
    finally:
        wakeup.close()


def _instead(
    settings: StorescuSettings,
    report: Report,
    wakeup: Wakeup,
    stop: Stop,
    *,
    proposed: Proposed,
    journal: Journal | None,
) -> int:
    """What is done instead of sending."""
    # Who sends needs neither.
    from .probing import ask_peer  # noqa: PLC0415
    from .rehearsing import dry_run  # noqa: PLC0415

    try:
        if settings.probe:
            return ask_peer(settings, report, wakeup, proposed=proposed)
        return dry_run(settings, report, wakeup, proposed=proposed, journal=journal)
    except Interrupted:
        report.error(f"interrupted by {stop.name}")
        return stop.exit_code


def _makes_none(settings: StorescuSettings) -> bool:
    """Whether a journal is only read, and there is none."""
    only_read = settings.dry_run or settings.probe
    return only_read and not os.path.exists(settings.journal or "")  # noqa: PTH110


def _journal(path: str) -> Journal:
    # It loads SQLite, and most calls have none.
    from dimse import Journal  # noqa: PLC0415

    return Journal(path)


def _list_failed(settings: StorescuSettings, path: str, report: Report) -> int:
    if not os.path.exists(path):  # noqa: PTH110 - or it would be made
        report.fatal(f"{path}: there is no such journal")
        return FAILED
    try:
        with _journal(path) as journal:
            names = [os.fsencode(each) for each in journal.failed()]
    except JournalFailed as error:
        report.fatal(str(error))
        return FAILED
    end = b"\0" if settings.nul else b"\n"
    return tool.show_bytes(b"".join(name + end for name in names))


def _tell_interrupted(transfer: Transfer, report: Report, stop: Stop) -> None:
    entries = transfer.entries
    if not transfer.planned:
        report.error(f"interrupted by {stop.name}: nothing was sent")
        return
    stored = sum(entry.verdict is Verdict.STORED for entry in entries)
    most = len(entries) if report.shows(Level.INFO) else _LISTED
    more = "" if transfer.complete else ", and others that were not looked at yet"
    lines = [
        f"interrupted by {stop.name}: {stored} of {_files(len(entries))} sent{more}",
        *transfer.list_files([Verdict.STORED], most),
        *transfer.list_files([Verdict.CONFIRMED], most),
        *transfer.list_files([Verdict.FAILED, Verdict.BEGUN, Verdict.NOT_SENT], most),
    ]
    report.error("\n".join(lines))


def _files(count: int) -> str:
    return "1 file" if count == 1 else f"{count} files"


def _proposed(settings: StorescuSettings, report: Report) -> Proposed | None:
    try:
        return settings.proposed
    except UnknownProfile as error:
        report.fatal(f"0006:0426 {error}")
    except ProfileError as error:
        report.error(f"reading config file: {error}")
    return None


def _dictionary(report: Report) -> Dictionary | None:
    """The data dictionaries of DCMDICTPATH; None if it is set and there is none."""
    try:
        dictionary = load(os.environ)
    except DictionaryError as error:
        for problem in error.problems:
            report.error(f"DcmDataDictionary: {problem}")
        report.fatal("no data dictionary loaded, check environment variable: DCMDICTPATH")
        report.fatal("Try: correct it, or unset it to use the built-in dictionary")
        return None
    for problem in dictionary.problems:
        report.warn(f"DcmDataDictionary: {problem}")
    for path in dictionary.paths:
        report.debug(f"data dictionary: {path}")
    return dictionary


if __name__ == "__main__":
    sys.exit(main())
