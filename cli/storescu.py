"""storescu: send DICOM files to a Storage SCP."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Any

from cli import calling, inputs, tool
from cli import options as opt
from cli.calling import Calling
from cli.inputs import Bad, check, find
from cli.options import Command, Group, Option, Parameter, UsageError
from cli.report import Level, Report
from cli.stop import Stop
from cli.tool import FAILED
from cli.transfer import Transfer
from dimse.engine import Verdict
from dimse.errors import DictionaryError
from dimse.objects.outgoing import Outgoing
from dimse.tables.dictionary import Dictionary, load
from dul.blocking import Wakeup
from dul.errors import Interrupted
from dul.values import dataclass

__all__ = ["COMMAND", "main"]

_LISTED = 20  # files that an interrupted run lists without -v


def _is_repeat(spelling: str, following: str | None, after_parameter: bool) -> bool:
    """Which -r this is: the old "-r n", which stands before the peer, or today's --no-recurse."""
    if spelling == "--repeat":
        return True
    digits = following is not None and following.isascii() and following.isdigit()
    return digits and not after_parameter


COMMAND = Command(
    name="storescu",
    summary="DICOM storage (C-STORE) SCU",
    parameters=(
        Parameter("peer", "hostname of DICOM peer", opt.text),
        Parameter("port", "tcp/ip port number of peer", opt.port),
        Parameter("file", "DICOM image file, or with +sd a directory", opt.text, many=True),
    ),
    groups=(
        tool.GENERAL,
        Group(
            "files",
            (
                Option(
                    ("-r", "--repeat"),
                    "repeat",
                    "repeat N times: send each file so often (default: 1); -r only before peer",
                    read=opt.integer(1, 0xFFFFFFFF),
                    metavar="N",
                    applies=_is_repeat,
                ),
                Option(
                    ("-nh", "--no-halt"),
                    "halt",
                    "go on with the next file when one can't be sent or is refused "
                    "(default: stop at the first)",
                    value=False,
                ),
                Option(
                    ("--max-losses",),
                    "max_losses",
                    "with -nh: give up after N associations in a row that were lost without a "
                    "response; 0: never (default: 10)",
                    read=opt.integer(0, 0xFFFFFFFF),
                    metavar="N",
                ),
                Option(
                    ("+sd", "--scan-directories"),
                    "scan",
                    "send the files in directories that are given",
                ),
                Option(
                    ("+r", "--recurse"),
                    "recurse",
                    "and those in their subdirectories (only with +sd)",
                ),
                Option(
                    ("-r", "--no-recurse"),
                    "recurse",
                    "but not those in their subdirectories (default)",
                    value=False,
                ),
            ),
        ),
        inputs.OPTIONS,
        Group(
            "association",
            (
                Option(
                    ("-a", "--abort"),
                    "abort",
                    "abort association instead of releasing it at the end",
                ),
            ),
        ),
        calling.titles("STORESCU"),
        calling.PDU_SIZES,
        calling.TIMES,
    ),
    defaults={
        **tool.GENERAL_DEFAULTS,
        **calling.NETWORK_DEFAULTS,
        "calling": "STORESCU",
        "repeat": 1,
        "abort": False,
        "halt": True,
        "max_losses": 10,
        "scan": False,
        "recurse": False,
        **inputs.DEFAULTS,
    },
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings(Calling):
    """What the command line comes to."""

    file: list[str]
    halt: bool
    max_losses: int
    scan: bool
    recurse: bool
    follow_links: bool
    strict: bool


def main(argv: Sequence[str] | None = None) -> int:
    """Run the tool; gives its exit code. Default: the process's command line."""
    return tool.run(COMMAND, argv, _work)


def _work(values: dict[str, Any], report: Report) -> int:
    settings = Settings(**values)
    if settings.recurse and not settings.scan:
        raise UsageError("--recurse only allowed with --scan-directories")
    if settings.follow_links and not settings.recurse:
        raise UsageError("--follow-links only allowed with --recurse")
    dictionary = _dictionary(report)
    if dictionary is None:
        return FAILED
    wakeup = Wakeup()
    try:
        with Stop(wakeup.set) as stop:
            return _send(settings, report, dictionary, wakeup, stop)
    finally:
        wakeup.close()


def _send(
    settings: Settings, report: Report, dictionary: Dictionary, wakeup: Wakeup, stop: Stop
) -> int:
    def interrupted() -> bool:
        return wakeup.is_set

    files, missing = find(
        settings.file,
        report,
        interrupted,
        scan=settings.scan,
        recurse=settings.recurse,
        follow_links=settings.follow_links,
    )
    items, bad = check(files, report, interrupted, strict=settings.strict)
    bad = missing + bad
    if wakeup.is_set:
        report.error(f"interrupted by {stop.name}: nothing was sent")
        return stop.exit_code
    if not _usable(items, bad, report, halt=settings.halt):
        return FAILED
    transfer = Transfer(
        settings,
        items,
        report,
        wakeup,
        bad=len(bad),
        dictionary=dictionary,
        halt=settings.halt,
        max_losses=settings.max_losses or None,
    )
    stop.told = transfer.interrupting
    stop.at_once = transfer.display.at_once
    try:
        code = transfer.run()
    except Interrupted:
        _tell_interrupted(transfer, report, stop)
        return stop.exit_code
    return code or (FAILED if bad else 0)


def _usable(items: list[Outgoing], bad: list[Bad], report: Report, *, halt: bool) -> bool:
    """Say which files can't be sent; whether to go on with the others."""
    for each in bad:
        if halt:
            report.fatal(each.why)
        else:
            report.warn(f"{each.why}, ignoring file")
    if bad and halt:
        if items:
            report.fatal(f"nothing was sent; -nh sends the {_files(len(items))} that can be sent")
        return False
    if not items:
        report.fatal("no input files to be sent")
        return False
    return True


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
