"""What storescp says while it serves; threads of many associations share it."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence

from dimse import Denied, Granted, Observer, Requestor, ServiceRequest, StoreRequest
from dimse.errors import AbortAssociation, Refused, UnknownCommand
from dimse.messages import CEchoRQ, CStoreRQ, Response
from dimse.tables.status import SUCCESS, StatusClass, classify, meaning
from dimse.tables.storage_sops import prefix_of
from dul import AssociateRJ, Limits, fragment_length
from dul.errors import (
    AssociationAborted,
    AssociationRejected,
    Interrupted,
    TimedOut,
    TLSFailed,
    TransportError,
)
from dul.values import TYPE_CHECKING

from .. import dumps
from ..report import Level, Report, printable

if TYPE_CHECKING:
    from typing import Any

__all__ = ["Arrivals", "arrivals_for", "caller"]

_NAMED = 5  # SOP classes that are named, of those that somebody may not have


def caller() -> str:
    """Whom the present thread serves, for the trace of its state machine."""
    return threading.current_thread().name.removeprefix("dul-") + " "


class Arrivals(Observer):
    """Says in DCMTK's words what happens on the associations.

    While more than one is open, a line begins with the number of its association: "[2]".

    Args:
        report: where it is said.
        contexts: whether presentation contexts are shown in verbose mode, too.
        limits: those of the associations.
        worker: the number of this process if there are several; then each line begins with both
            numbers: "[1.2]".
        not_written: files that an older object has kept, see `Storage`.
    """

    def __init__(
        self,
        report: Report,
        *,
        contexts: bool,
        limits: Limits,
        worker: int | None = None,
        not_written: set[str] | None = None,
    ) -> None:
        self._report = report
        self._level = dumps.level_of(contexts=contexts)
        self._limits = limits
        self._not_written = set() if not_written is None else not_written
        self._worker = "" if worker is None else f"{worker}."
        self._lock = threading.Lock()  # guards the two below
        self._open: dict[str, int] = {}
        self._count = 0

    def associated(self, requestor: Requestor) -> None:
        """An association was established."""
        negotiated = requestor.negotiated
        assert negotiated is not None
        with self._lock:
            self._count += 1
            self._open[requestor.address] = self._count
        self._say(Level.INFO, requestor, f"Association Received ({_who(requestor)})")
        if requestor.security is not None:
            self._show(Level.INFO, requestor, dumps.security(requestor.security))
            for line in dumps.certificates(requestor.security):
                self._say(Level.DEBUG, requestor, line)
        if self._report.shows(self._level):
            self._show(self._level, requestor, dumps.associate_rq(negotiated.request))
            self._show(self._level, requestor, dumps.associate_ac(negotiated))
        if self._report.shows(Level.INFO):
            for line in dumps.agreed(negotiated):
                self._say(Level.INFO, requestor, line)
        fragment = fragment_length(negotiated.peer_maximum_length, self._limits)
        self._say(Level.INFO, requestor, f"Association Acknowledged (Max Send PDV: {fragment})")

    def judged(
        self, requestor: Requestor, verdict: Denied | Granted, withheld: Sequence[str] = ()
    ) -> None:
        """The access check has said why."""
        why = printable(verdict.why)
        if isinstance(verdict, Denied):
            self._say(Level.WARN, requestor, f"Access denied ({_who(requestor)}): {why}")
            return
        self._say(Level.INFO, requestor, f"Access granted ({_who(requestor)}): {why}")
        if withheld:
            names = "; ".join(map(printable, withheld[:_NAMED]))
            more = len(withheld) - _NAMED
            names += f"; and {more} more" if more > 0 else ""
            self._say(Level.WARN, requestor, f"Access denied to {names}: {why}")

    def rejected(self, requestor: Requestor, answer: AssociateRJ) -> None:
        """A request was rejected by us."""
        said = AssociationRejected(answer.result, answer.source, answer.reason)
        self._show(
            Level.WARN,
            requestor,
            f"Association Rejected ({_who(requestor)})\n{dumps.rejection(said)}",
        )

    def received(self, request: ServiceRequest[Any]) -> None:
        """A request came; its data set follows."""
        if not self._report.shows(Level.INFO):
            return
        requestor, message = request.requestor, request.message
        match message:
            case CStoreRQ():
                code = prefix_of(message.affected_sop_class_uid, "OT")
                what = f"Store Request (MsgID {message.message_id}, {code})"
            case CEchoRQ():
                what = f"Echo Request (MsgID {message.message_id})"
            case _:
                what = f"{message.NAME} (MsgID {message.message_id})"
        self._say(Level.INFO, requestor, f"Received {what}")
        if self._report.shows(Level.DEBUG):
            self._show(Level.DEBUG, requestor, dumps.message(message, "received"))

    def unknown(self, requestor: Requestor, command: UnknownCommand) -> None:
        """A command came that nobody knows."""
        self._say(Level.WARN, requestor, str(command))

    def refused(self, request: ServiceRequest[Any], error: Exception) -> None:
        """A request is refused; the peer is told less than is said here."""
        if not (isinstance(error, Refused) and str(error) == error.comment):
            self._say(Level.ERROR, request.requestor, str(error))

    def answered(self, request: ServiceRequest[Any], response: Response) -> None:
        """A response was given."""
        requestor, status = request.requestor, response.status
        if isinstance(request, StoreRequest):
            for warning in request.warnings:
                self._say(Level.WARN, requestor, f"{request.sop_instance_uid}: {warning}")
            if isinstance(request.content, os.PathLike) and self._is_written(request.content):
                where = os.fspath(request.content)
                self._say(Level.INFO, requestor, f"storing DICOM file: {where}")
            if status != SUCCESS and classify(status) is not StatusClass.SUCCESS:
                comment = f": {response.error_comment}" if response.error_comment else ""
                words = f"{meaning(status, 'C-STORE')} ({status:04X}H){comment}"
                self._say(
                    Level.ERROR, requestor, f"Store Failed: {request.sop_instance_uid}: {words}"
                )
        if self._report.shows(Level.DEBUG):
            self._show(Level.DEBUG, requestor, dumps.message(response, "sent"))

    def _is_written(self, content: os.PathLike[str]) -> bool:
        """Whether it is to be said that a file was stored."""
        if self._not_written and os.fspath(content) in self._not_written:
            self._not_written.discard(os.fspath(content))  # what happened to it was said
            return False
        return self._report.shows(Level.INFO)

    def released(self, requestor: Requestor) -> None:
        """The peer released."""
        self._say(Level.INFO, requestor, "Association Release")
        self._close(requestor)

    def ended(self, requestor: Requestor, error: Exception) -> None:
        """The association ended in another way."""
        with self._lock:
            established = requestor.address in self._open
        if isinstance(error, Interrupted):
            self._say(Level.INFO, requestor, "Association Aborted (we end)")
        elif isinstance(error, AssociationAborted):
            self._say(Level.INFO, requestor, f"Association Aborted ({error})")
        elif not established and isinstance(error, TransportError):
            # Monitors and port scanners come and go all day; TLS was refused to somebody who wants in.
            wants_in = isinstance(error, TLSFailed) and not error.hung_up
            level = Level.WARN if wants_in else Level.INFO
            self._say(level, requestor, f"Connection from {requestor.address} ended: {error}")
        elif not established:
            self._say(
                Level.ERROR,
                requestor,
                f"Receiving Association failed: {requestor.address}: {error}",
            )
        elif isinstance(error, TransportError | AbortAssociation):
            self._say(Level.WARN, requestor, f"Association Aborted ({error})")
        elif isinstance(error, TimedOut):
            self._say(
                Level.WARN, requestor, f"aborting association with {requestor.address}: {error}"
            )
        else:
            self._say(Level.ERROR, requestor, f"DIMSE failure (aborting association): {error}")
        self._close(requestor)

    def _close(self, requestor: Requestor) -> None:
        with self._lock:
            self._open.pop(requestor.address, None)

    def _say(self, level: Level, requestor: Requestor, message: str) -> None:
        """Say one line, whatever a peer has put into it."""
        self._show(level, requestor, printable(message))

    def _show(self, level: Level, requestor: Requestor, message: str) -> None:
        """Say several lines."""
        if not self._report.shows(level):
            return
        with self._lock:
            number = self._open.get(requestor.address)
            several = len(self._open) > 1 or bool(self._worker)
        tag = f"[{self._worker}{number}] " if number is not None and several else ""
        lines = "\n".join(tag + line for line in message.split("\n"))
        self._report.say(level, lines, association=number, peer=requestor.address)


class _QuietArrivals(Arrivals):
    """The same where warnings and errors alone are shown: of most objects there is nothing to say."""

    received = Observer.received

    def answered(self, request: ServiceRequest[Any], response: Response) -> None:
        """A response was given."""
        if response.status != SUCCESS or self._not_written or request.warnings:
            super().answered(request, response)


def arrivals_for(
    report: Report,
    *,
    contexts: bool,
    limits: Limits,
    worker: int | None,
    not_written: set[str],
) -> Arrivals:
    """What says what happens, as much of it as is shown; arguments as those of `Arrivals`."""
    kind = Arrivals if report.shows(Level.INFO) else _QuietArrivals
    return kind(report, contexts=contexts, limits=limits, worker=worker, not_written=not_written)


def _who(requestor: Requestor) -> str:
    return printable(
        f"{requestor.calling_ae_title} at {requestor.address} calls {requestor.called_ae_title}"
    )
