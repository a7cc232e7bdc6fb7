"""The work of storescu: files onto associations, what is said of each, and the exit code."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from enum import Enum
from itertools import islice
from pathlib import Path

from cli import dumps
from cli.calling import Calling, associate, client_for, end
from cli.progress import Display
from cli.report import Level, Report, printable
from cli.tool import FAILED
from dimse.client import Session
from dimse.errors import DIMSEError
from dimse.messages.base import Message
from dimse.messages.composite import CStoreRQ, CStoreRSP
from dimse.objects.outgoing import Outgoing, OutgoingSource
from dimse.outcome import Outcome
from dimse.plan import SEED_CONTEXTS, PlannedAssociation, plan
from dimse.tables import status
from dimse.tables.dictionary import Dictionary
from dimse.tables.status import StatusClass
from dimse.tables.storage_sops import prefix_of
from dimse.tables.transfer_syntaxes import name_of
from dul.blocking import Wakeup
from dul.errors import AssociationAborted, DULError, Interrupted, LocalProtocolError, TransportError
from dul.values import dataclass

__all__ = ["Transfer", "Verdict", "response_text"]

# An association that breaks may be the fault of one object; two in a row, without a response in
# between, are the peer's.
_LOSSES = 2


class Verdict(Enum):
    """What became of a file."""

    STORED = "sent"
    FAILED = "failed"
    BEGUN = "not sent (interrupted in it)"
    NOT_SENT = "not sent"


@dataclass(slots=True)
class Entry:
    """A file on the list."""

    item: Outgoing
    verdict: Verdict = Verdict.NOT_SENT

    @property
    def name(self) -> str:
        return self.item.name

    @property
    def length(self) -> int:
        """Bytes of the data set as it lies in the file."""
        return self.item.length


class _Halt(Exception):
    """Go no further; the exit code."""

    def __init__(self, code: int, *, abort: bool) -> None:
        super().__init__()
        self.code = code
        self.abort = abort


class Transfer:
    """Sends files to one peer.

    Args:
        calling: whom to call, and how.
        items: what to send, in order.
        report: where it is told.
        wakeup: set by Ctrl-C.
        dictionary: for conversions.
        halt: stop at the first failure.
    """

    def __init__(
        self,
        calling: Calling,
        items: Sequence[Outgoing],
        report: Report,
        wakeup: Wakeup,
        dictionary: Dictionary,
        *,
        halt: bool,
    ) -> None:
        self._calling = calling
        self._report = report
        self._dictionary: Dictionary | None = dictionary
        self._halt = halt
        self.entries = [Entry(item) for item in items]
        self._client = client_for(calling, report, wakeup)
        length = sum(entry.length for entry in self.entries)
        copies = calling.repeat
        self.display = Display(report, copies * len(self.entries), copies * length)
        self._objects = 0
        self._bytes = 0
        self._losses = 0

    def run(self) -> int:
        """Send all of it.

        Returns:
            The exit code.

        Raises:
            Interrupted: the wakeup was set; the association is aborted.
        """
        started = time.monotonic()
        try:
            with self.display:
                self._send_all()
        except _Halt as halt:
            return halt.code
        finally:
            self._summarize(time.monotonic() - started)
        return 0 if all(entry.verdict is Verdict.STORED for entry in self.entries) else FAILED

    def list_files(self, verdicts: Sequence[Verdict], most: int) -> list[str]:
        """The files with these verdicts, a line each, but no more lines than `most`."""
        lines = [
            f"{entry.verdict.value}: {entry.name}"
            for entry in self.entries
            if entry.verdict in verdicts
        ]
        rest = len(lines) - most
        if rest > 1:
            lines[most:] = [f"... and {rest} more (-v lists all)"]
        return lines

    # -------------------------------------------------------------------- associations --

    def _send_all(self) -> None:
        associations = plan((entry.item for entry in self.entries), base_contexts=SEED_CONTEXTS)
        if len(associations) > 1:
            self._report.info(f"the files need {len(associations)} associations")
        entries = iter(self.entries)
        for planned in associations:
            pending = deque(islice(entries, len(planned.objects)))
            while pending:
                self._one_association(planned, pending)

    def _one_association(
        self, planned: PlannedAssociation[Outgoing], pending: deque[Entry]
    ) -> None:
        """Send what is pending until it is done or the association is lost."""
        session = self._associate(planned)
        try:
            self._send_pending(session, pending)
        except Interrupted:
            self._report.warn("interrupted: aborting the association (again: quit at once)")
            session.abort()
            raise
        except (DULError, DIMSEError) as error:
            self._lost(session, pending, error)
            return
        except _Halt as halt:
            self._end(session, abort=halt.abort or self._calling.abort)
            raise
        self._end(session, abort=self._calling.abort)

    def _associate(self, planned: PlannedAssociation[Outgoing]) -> Session:
        session = associate(self._client, planned.offers, self._calling, self._report)
        if session is None:
            raise _Halt(FAILED, abort=True)
        if not session.negotiated.contexts:
            self._report.fatal(
                "No Acceptable Presentation Contexts\n"
                "Try: a peer that stores these SOP classes; -d shows what was proposed"
            )
            self._end(session, abort=False)
            raise _Halt(FAILED, abort=False)
        return session

    def _lost(self, session: Session, pending: deque[Entry], error: DULError | DIMSEError) -> None:
        """The association broke while the first of the pending files was sent."""
        entry = pending.popleft()
        self._failed(entry, str(error))
        if isinstance(error, AssociationAborted):
            self._report.info("Peer Aborted Association")
        elif not isinstance(error, TransportError):
            self._report.info("Aborting Association")
        session.abort()
        if self._halt:
            raise _Halt(FAILED, abort=True)
        # A file that can't be read any more is no loss of the peer's.
        self._losses += not isinstance(error, LocalProtocolError)
        if self._losses >= _LOSSES and pending:
            self._report.fatal(
                f"{self._losses} associations were lost without a response between them; "
                "the remaining files are not tried"
            )
            raise _Halt(FAILED, abort=True)

    def _end(self, session: Session, *, abort: bool) -> None:
        if not end(session, self._report, abort=abort):
            raise _Halt(FAILED, abort=True)

    # ------------------------------------------------------------------------- objects --

    def _send_pending(self, session: Session, pending: deque[Entry]) -> None:
        while pending:
            entry = pending[0]
            failures = 0
            for _ in range(self._calling.repeat):
                entry.verdict = Verdict.BEGUN
                failures += not self._send_once(session, entry)
                self.display.finish(entry.length)
            entry.verdict = Verdict.FAILED if failures else Verdict.STORED
            pending.popleft()

    def _send_once(self, session: Session, entry: Entry) -> bool:
        self._report.info(f"Sending file: {entry.name}")
        outcome = session.store(_Watched(entry.item, self._open), observe=self._observe)
        if outcome.status is not None:
            self._losses = 0
        if outcome.stored:
            self._objects += 1
            self._bytes += outcome.length
            if outcome.status_class is StatusClass.WARNING:
                self._report.warn(f"{entry.name}: stored, but {_status(outcome)}")
            return True
        said = (
            f"the peer answered {_status(outcome)}"
            if outcome.status is not None
            else str(outcome.error)
        )
        self._failed(entry, said)
        if self._halt:
            raise _Halt(_exit_code(outcome), abort=outcome.status is None)
        return False

    def _failed(self, entry: Entry, why: str) -> None:
        entry.verdict = Verdict.FAILED
        why = why.removeprefix(f"{entry.name}: ")
        self._report.error(f"Store Failed, file: {entry.name}:\n{why}")

    def _open(self, item: Outgoing, transfer_syntax_uid: str) -> OutgoingSource:
        own = item.transfer_syntax_uid
        if transfer_syntax_uid != own:
            self._report.info(
                f"Converting transfer syntax: {name_of(own)} -> {name_of(transfer_syntax_uid)}"
            )
            if self._dictionary is not None:
                self._dictionary.install()
                self._dictionary = None
        return self.display.watch(item.open(transfer_syntax_uid))

    def _observe(self, said: Message) -> None:
        match said:
            case CStoreRQ():
                code = prefix_of(said.affected_sop_class_uid, "OT")
                self._report.info(f"Sending Store Request (MsgID {said.message_id}, {code})")
                direction = "sent"
            case CStoreRSP():
                self._report.info(f"Received Store Response ({response_text(said.status)})")
                direction = "received"
        if self._report.shows(Level.DEBUG):
            self._report.debug(dumps.message(said, direction))

    def _summarize(self, elapsed: float) -> None:
        if not self._report.shows(Level.INFO):
            return
        failed = sum(entry.verdict is Verdict.FAILED for entry in self.entries)
        rest = sum(entry.verdict in {Verdict.NOT_SENT, Verdict.BEGUN} for entry in self.entries)
        megabytes = self._bytes / 1e6
        self._report.info(
            f"Objects stored: {self._objects} ({megabytes:.1f} MB in {elapsed:.2f} s, "
            f"{megabytes / max(elapsed, 1e-6):.1f} MB/s), files failed: {failed}, not sent: {rest}"
        )


class _Watched:
    """A file whose opening is told and counted; the rest is its own."""

    def __init__(self, item: Outgoing, open_: Callable[[Outgoing, str], OutgoingSource]) -> None:
        self._item = item
        self._open = open_
        self.path: Path | None = item.path
        self.name = item.name
        self.length = item.length
        self.warnings = item.warnings
        self.sop_class_uid = item.sop_class_uid
        self.sop_instance_uid = item.sop_instance_uid
        self.transfer_syntax_uid = item.transfer_syntax_uid

    def open(self, transfer_syntax_uid: str) -> OutgoingSource:
        return self._open(self._item, transfer_syntax_uid)


_RESPONSES = {
    status.SUCCESS: "Success",
    status.SOP_CLASS_NOT_SUPPORTED: "Refused: SOPClassNotSupported",
    status.COERCION_OF_DATA_ELEMENTS: "Warning: CoercionOfDataElements",
    status.DATA_SET_DOES_NOT_MATCH_SOP_CLASS_WARNING: "Warning: DataSetDoesNotMatchSOPClass",
    status.ELEMENTS_DISCARDED: "Warning: ElementsDiscarded",
}
_RESPONSE_RANGES = {
    0xA7: "Refused: OutOfResources",
    0xA9: "Error: DataSetDoesNotMatchSOPClass",
    **dict.fromkeys(range(0xC0, 0xD0), "Error: CannotUnderstand"),
}


def response_text(code: int) -> str:
    """The status of a C-STORE response in DCMTK's words."""
    known = _RESPONSES.get(code) or _RESPONSE_RANGES.get(code >> 8)
    return known or f"Unknown Status: 0x{code:x}"


def _status(outcome: Outcome) -> str:
    comment = (
        f", with the comment: {printable(outcome.error_comment)}" if outcome.error_comment else ""
    )
    return f"{outcome.meaning} ({outcome.status:04X}H){comment}"


def _exit_code(outcome: Outcome) -> int:
    """As DCMTK's storescu: the high byte of a failure status; 1 for all else."""
    if outcome.status is None or outcome.status_class is not StatusClass.FAILURE:
        return FAILED
    return outcome.status >> 8
