"""storescu's words: what is said of each event while files are sent, and the exit code."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence

from dimse import Entry, Marker, Outcome, Verdict
from dimse.errors import CannotTranscode, JournalFailed, NoPresentationContext
from dimse.events import (
    Associated,
    ClientEvent,
    Confirmed,
    GivenUp,
    Lost,
    Opening,
    Planned,
    Progress,
    Requesting,
    Responded,
    Retrying,
    Warned,
)
from dimse.messages import CStoreRQ, CStoreRSP
from dimse.objects import LeftOut
from dimse.tables.dictionary import Dictionary
from dimse.tables.status import SUCCESS, StatusClass
from dimse.tables.storage_sops import prefix_of
from dul import fragment_length
from dul.blocking import Wakeup
from dul.errors import DulcetError
from dul.values import TYPE_CHECKING

from .calling import Teller, client_for
from .codes import FAILED
from .conditions import (
    code_of,
    condition,
    is_network_lost,
    response_text,
    status_text,
    without_number,
)
from .dots import Dots
from .inputs import found, left_out, unusable
from .options.proposals import Proposed
from .progress import Display
from .report import Level, Report, printable
from .reporting import ReportFiles
from .storescu_options import StorescuSettings
from .summary import AnswerCounts
from .words import STORESCU

if TYPE_CHECKING:
    from dimse import Journal

__all__ = ["Transfer"]

_VERDICTS = {
    Verdict.STORED: "sent",
    Verdict.CONFIRMED: "sent before",
    Verdict.FAILED: "failed",
    Verdict.BEGUN: "not sent (interrupted in it)",
    Verdict.NOT_SENT: "not sent",
}


class Transfer(Teller):
    """Sends files to one peer, and tells how it goes.

    Args:
        settings: whom to call, what to send, and how.
        report: where it is told.
        wakeup: set by Ctrl-C.
        dictionary: for conversions.
        proposed: which presentation contexts.
        journal: where it is written down.

    Attributes:
        planned: how many objects are to be sent, as far as that is known.
        display: the progress on a terminal.
    """

    def __init__(
        self,
        settings: StorescuSettings,
        report: Report,
        wakeup: Wakeup,
        *,
        dictionary: Dictionary,
        proposed: Proposed,
        journal: Journal | None,
    ) -> None:
        super().__init__(report, settings, contexts=settings.contexts, words=settings.words)
        self._dictionary: Dictionary | None = dictionary
        self._settings = settings
        self._halt = settings.halt
        self._host = settings.peer
        self._titles = f"({settings.calling_ae_title},{settings.called_ae_title})"
        self._dots = Dots(report)
        self._reports = ReportFiles(settings, report)
        self._marker = Marker(settings.repeat) if settings.rename else None
        client = client_for(
            settings,
            report,
            wakeup,
            proposed.profile,
            max_ops=settings.max_ops,
            ask_storage=settings.ask_storage,
        )
        self.display = Display(report)
        how = settings.how(proposed, journal)
        # What nobody will see need not be told.
        how["details"] = (
            report.shows(Level.INFO) or self.display.wanted or settings.create_report is not None
        )
        self._sending = client.send(found(settings, wakeup), **how)
        self.planned = 0
        self._bad = 0
        self._objects = 0
        self._bytes = 0
        self._present: dict[str, int] = {}  # names of those on their way, and their lengths
        self._no_contexts = False
        self._answers = AnswerCounts()

    @property
    def entries(self) -> list[Entry]:
        """The files, each with what became of it."""
        return self._sending.entries

    @property
    def complete(self) -> bool:
        """All that was asked for was looked at."""
        return self._sending.roster.complete

    def run(self) -> int:
        """Send all of it.

        Returns:
            The exit code: of the first thing that went wrong.

        Raises:
            Interrupted: the wakeup was set; the association is aborted.
        """
        if not self._reports.begin():
            self._sending.close()
            return self.words.code_report
        if self._settings.scan:
            self.report.info("determining input files ...")
        self.report.info("checking input files ...")
        started = time.monotonic()
        try:
            with self.display:
                for event in self._sending:
                    self._reports.tell(event)
                    self.tell(event)
        finally:
            self._reports.finish(self.entries)
            if self.planned:
                self._summarize(time.monotonic() - started)
        return self._exit_code()

    def _exit_code(self) -> int:
        """The code of a run that is at its end; says why nothing was sent, if that is so."""
        verdicts = Counter(entry.verdict for entry in self.entries)
        sent = verdicts[Verdict.STORED] + verdicts[Verdict.CONFIRMED]
        if self._bad and self._halt:
            left = verdicts[Verdict.NOT_SENT]
            if left and not self.planned:
                self.report.fatal(
                    f"nothing was sent; -nh sends the {_count(left)} that can be sent"
                )
            elif self.planned:
                self.report.fatal("what stands behind it was not sent; -nh goes on")
            return self.words.code_unusable
        if not self.planned and not sent:
            self.report.fatal(self.words.none_usable if self._bad else self.words.nothing)
            return self.words.code_none_usable if self._bad else self.words.code_nothing
        if self._bad:
            return self.code or self.words.code_unusable
        if self._reports.failed:
            self.failed(FAILED)
        return self.code or (0 if self.complete and sent == len(self.entries) else FAILED)

    def list_files(self, verdicts: Sequence[Verdict], most: int) -> list[str]:
        """The files with these verdicts, a line each, but no more lines than `most`."""
        lines = [
            f"{_VERDICTS[entry.verdict]}: {printable(entry.name)}"
            for entry in self.entries
            if entry.verdict in verdicts
        ]
        rest = len(lines) - most
        if rest > 1:
            lines[most:] = [f"... and {rest} more (-v lists all)"]
        return lines

    # --------------------------------------------------------------------------- events --

    def tell(self, event: ClientEvent) -> None:  # noqa: C901, PLR0912 - a branch per event
        """Say what there is to be said of an event."""
        match event:
            case Outcome():
                self._outcome(event)
            case LeftOut():
                left_out(event, self.report)
            case Warned():
                for warning in event.outgoing.warnings:
                    self.report.warn(printable(f"{event.outgoing.name}: {warning}"))
            case Confirmed():
                day = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(event.when))
                self.report.info(
                    f"stored before ({day}), not sent again: {printable(event.outgoing.name)}"
                )
            case Planned():
                self.planned += event.objects
                copies = self._settings.repeat
                self.display.expect(copies * event.objects, copies * event.length)
                if event.associations > 1:
                    self.report.info(f"the files need {event.associations} associations")
            case Opening():
                self._opening(event)
            case Requesting(message=CStoreRQ() as message):
                code = prefix_of(message.affected_sop_class_uid, "OT")
                self.report.info(f"{self.words.request} (MsgID {message.message_id}, {code})")
                self.dump(message, "sent")
                self._dots.begin()
            case Progress():
                self.display.reached(event.sent)
                self._dots.reached(event.sent)
            case Responded(message=CStoreRSP() as message):
                self.report.info(f"{self.words.response} ({response_text(message.status)})")
                self.dump(message, "received")
            case Lost():
                self._lost(event)
            case Retrying():
                self._retrying(event)
            case GivenUp():
                self._given_up(event)
            case Associated():
                super().tell(event)
                self._answers.associations += 1
                self._answers.contexts += len(event.negotiated.request.presentation_contexts)
                peer_maximum = event.negotiated.peer_maximum_length
                self._dots.fragment = fragment_length(peer_maximum, self._calling.limits)
                if self._settings.max_ops > 1 and event.negotiated.window.invoked == 1:
                    self.report.warn("the peer grants no operations window: one object at a time")
                self._no_contexts = not event.negotiated.contexts
                if self._no_contexts:
                    self.report.fatal(
                        "No Acceptable Presentation Contexts\n"
                        "Try: a peer that stores these SOP classes; -d shows what was proposed"
                    )
            case _:
                super().tell(event)

    def _opening(self, event: Opening) -> None:
        self._present[event.outgoing.name] = event.outgoing.length
        self.display.reached(0)
        self.report.info(f"Sending file: {printable(event.outgoing.name)}")
        if event.choice.transcode:
            own, other = _names(event.outgoing.transfer_syntax_uid, event.choice.transfer_syntax)
            self.report.info(f"Converting transfer syntax: {own} -> {other}")
            if self._dictionary is not None:
                self._dictionary.install()
                self._dictionary = None

    def _outcome(self, outcome: Outcome) -> None:
        if self._marker is not None:
            self._mark(self._marker, outcome)
        if outcome.error is not None:
            why = unusable(outcome, self.words)
            if why is not None:
                self._unusable(why)
                return
        stored = outcome.stored
        reckoned = self._present.pop(outcome.name, 0) if self._present else 0
        self.display.finish(reckoned, failed=not stored)
        self._answers.add(outcome)
        self._dots.end(outcome.length if outcome.status is not None else None)
        if stored:
            self._objects += 1
            self._bytes += outcome.length
            if outcome.status != SUCCESS and outcome.status_class is StatusClass.WARNING:
                self.report.warn(f"{printable(outcome.name)}: stored, but {status_text(outcome)}")
            return
        self.failed(code_of(outcome, self.words))
        if self._no_contexts and isinstance(outcome.error, NoPresentationContext):
            return  # has been said of all files together
        if outcome.error is None:
            self.report.error(
                f"Store Failed, file: {printable(outcome.name)}:\nthe peer answered {status_text(outcome)}"
            )
        else:
            self._not_sent(outcome, outcome.error)

    def _mark(self, marker: Marker, outcome: Outcome) -> None:
        """Rename its file."""
        try:
            marker.mark(outcome)
        except OSError as error:
            self.report.warn(f"cannot rename file '{printable(outcome.name)}': {error.strerror}")

    def _unusable(self, why: str) -> None:
        """It can't be sent, and was not counted among those that are."""
        self._bad += 1
        if self._halt:
            self.report.fatal(why)
        else:
            self.report.warn(f"{why}, ignoring file")

    def _not_sent(self, outcome: Outcome, error: DulcetError) -> None:
        """Say why, first in DCMTK's words."""
        theirs = condition(error, self._host)
        ours = str(error).removeprefix(f"{outcome.name}: ")
        if isinstance(error, NoPresentationContext):
            code = prefix_of(error.sop_class_uid, "OT")
            self.report.error(f"No presentation context for: ({code}) {error.sop_class_uid}")
            self.report.error(f"Store Failed, file: {printable(outcome.name)}:\n{ours}")
        else:
            if isinstance(error, CannotTranscode) and error.to_uids:
                own, other = _names(error.from_uid, error.to_uids[0])
                self.report.warn(
                    f"DIMSE Warning: {self._titles}: sendMessage: unable to convert dataset from "
                    f"'{own}' transfer syntax to '{other}'"
                )
            lines = [f"Store Failed, file: {printable(outcome.name)}:", theirs, ours]
            self.report.error("\n".join(filter(None, lines)))
        # As at DCMTK: storescu says it of its own errors, dcmsend of all.
        if self._halt and theirs and not (self.words is STORESCU and is_network_lost(error)):
            self._stopped(theirs)

    def _stopped(self, theirs: str) -> None:
        if self.words is STORESCU:
            self.report.error(f"{self.words.stopped} {theirs}")
        else:
            self.report.fatal(without_number(f"{self.words.stopped} {theirs}"))

    def _lost(self, event: Lost) -> None:
        halted = self._halt and self.code
        self.ended_by(event.error)
        if event.left and not halted:
            self.report.info(f"{_files(event.left)} to go on a new association")

    def _retrying(self, event: Retrying) -> None:
        if isinstance(event.cause, int):
            why = f"{', '.join(event.objects)}: the peer has no room ({event.cause:04X}H)"
        else:
            why = str(event.cause)
        self.report.warn(
            f"{why}\ntrying again in {event.seconds:.1f} s (attempt {event.attempt} of "
            f"{event.attempts})"
        )

    def _given_up(self, event: GivenUp) -> None:
        self.failed(self.words.code_lost if event.losses else self.words.code_no_association)
        if isinstance(event.error, JournalFailed):
            self.report.fatal(
                f"{event.error}; {_files(event.left)} not tried\n"
                "Try: the same command again when it can be written; what was sent since then is "
                "sent once more"
            )
            return
        if not event.losses:
            return  # there was no association, of which enough has been said
        self.report.fatal(
            f"{event.losses} associations were lost without a response between them; "
            f"{_files(event.left)} not tried\n"
            "Try: the peer's log may say what it does not like; --max-losses 0 goes on as long as "
            "the peer accepts associations"
        )

    def _summarize(self, elapsed: float) -> None:
        if not self.report.shows(Level.INFO):
            return
        verdicts = Counter(entry.verdict for entry in self.entries)
        stored, failed = verdicts[Verdict.STORED], verdicts[Verdict.FAILED]
        before = verdicts[Verdict.CONFIRMED]
        asked = len(self.entries)
        if self.words.status_summary:
            self.report.info(self._answers.table())
        elif not self._answers.all_success:
            self.report.info(self._answers.text())
        megabytes = self._bytes / 1e6
        self.report.info(
            f"Objects stored: {self._objects} ({megabytes:.1f} MB in {elapsed:.2f} s, "
            f"{megabytes / max(elapsed, 1e-6):.1f} MB/s); files asked for: {asked}, "
            f"sent: {stored}, "
            + (f"sent before: {before}, " if before else "")
            + f"failed: {failed}, not sent: {asked - stored - before - failed}"
            + ("" if self.complete else ", and others that were not looked at")
        )


def _count(count: int) -> str:
    return "1 file" if count == 1 else f"{count} files"


def _files(count: int) -> str:
    return "1 file is" if count == 1 else f"{count} files are"


def _names(*uids: str) -> list[str]:
    """What DCMTK calls these transfer syntaxes."""
    from dimse.tables.dcmtk_names import message_name  # noqa: PLC0415 - few objects are converted

    return [message_name(uid) for uid in uids]
