"""storescu: send DICOM files to a Storage SCP."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from itertools import chain

from cli import tool
from cli.codes import FAILED
from cli.grammar.declaration import UsageError
from cli.inputs import Bad, check, find
from cli.options.proposals import Proposed
from cli.report import Level, Report
from cli.stop import Stop
from cli.storescu_options import StorescuSettings
from cli.transfer import Transfer
from cli.words import Words
from dimse.engine import Verdict
from dimse.errors import DictionaryError, ProfileError, UnknownProfile, Unreadable
from dimse.objects.finder import names_from
from dimse.objects.outgoing import Outgoing
from dimse.tables.dictionary import Dictionary, load
from dul.blocking import Wakeup
from dul.errors import Interrupted

__all__ = ["StorescuSettings", "main", "work"]

_LISTED = 20  # files that an interrupted run lists without -v


def main(argv: Sequence[str] | None = None) -> int:
    """Run the tool; gives its exit code. Default: the process's command line."""
    return tool.run(StorescuSettings, argv, work)


def work(settings: StorescuSettings, report: Report) -> int:
    """Do what the settings say; gives the exit code."""
    if settings.list_decoders:
        return tool.show(settings.decoder_list)
    if not settings.file and settings.files_from is None:
        raise UsageError("Missing parameter file")
    dictionary = _dictionary(report)
    proposed = _proposed(settings, report)
    if dictionary is None or proposed is None:
        return FAILED
    wakeup = Wakeup()
    try:
        with Stop(wakeup.set) as stop:
            return _send(settings, report, dictionary, proposed, wakeup, stop)
    except Unreadable as error:
        report.fatal(str(error))
        return FAILED
    finally:
        wakeup.close()


def _send(  # noqa: PLR0917 - what `_work` has made
    settings: StorescuSettings,
    report: Report,
    dictionary: Dictionary,
    proposed: Proposed,
    wakeup: Wakeup,
    stop: Stop,
) -> int:
    def interrupted() -> bool:
        return wakeup.is_set

    files, missing = find(
        _names(settings),
        report,
        interrupted,
        scan=settings.scan,
        recurse=settings.recurse,
        follow_links=settings.follow_links,
        pattern=settings.pattern,
        archives=settings.archives,
        dicomdir=settings.dicomdir,
    )
    if settings.changes:
        dictionary.install()
    items, bad = check(files, report, interrupted, settings.preparation, settings.words)
    bad = missing + bad
    if wakeup.is_set:
        report.error(f"interrupted by {stop.name}: nothing was sent")
        return stop.exit_code
    code = _usable(items, bad, report, settings.words, halt=settings.halt)
    if code:
        return code
    transfer = Transfer(
        settings,
        items,
        report,
        wakeup,
        bad=len(bad),
        dictionary=dictionary,
        proposed=proposed,
    )
    stop.told = transfer.interrupting
    stop.at_once = transfer.display.at_once
    try:
        code = transfer.run()
    except Interrupted:
        _tell_interrupted(transfer, report, stop)
        return stop.exit_code
    return code or (settings.words.code_unusable if bad else 0)


def _names(settings: StorescuSettings) -> Iterable[str]:
    """What is given, and what is in a list."""
    if settings.files_from is None:
        return settings.file
    return chain(settings.file, names_from(settings.files_from, nul=settings.nul))


def _usable(
    items: list[Outgoing], bad: list[Bad], report: Report, words: Words, *, halt: bool
) -> int:
    """Say which files can't be sent; the exit code if the others aren't either."""
    for each in bad:
        if halt:
            report.fatal(each.why)
        else:
            report.warn(f"{each.why}, ignoring file")
    if bad and halt:
        if items:
            report.fatal(f"nothing was sent; -nh sends the {_files(len(items))} that can be sent")
        return words.code_unusable
    if not items:
        report.fatal(words.none_usable if bad else words.nothing)
        return words.code_none_usable if bad else words.code_nothing
    return 0


def _tell_interrupted(transfer: Transfer, report: Report, stop: Stop) -> None:
    stored = sum(entry.verdict is Verdict.STORED for entry in transfer.entries)
    most = len(transfer.entries) if report.shows(Level.INFO) else _LISTED
    lines = [
        f"interrupted by {stop.name}: {stored} of {_files(len(transfer.entries))} sent",
        *transfer.list_files([Verdict.STORED], most),
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
