"""What storescp says while it serves; threads of many associations share it."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from pathlib import Path

from cli import dumps
from cli.failures import describe_rejection
from cli.report import Level, Report, printable
from dimse.errors import DIMSEError
from dimse.messages.codec import response_to
from dimse.provider import Observer, OpenSink
from dimse.requests import EchoRequest, Peer, StoreRequest
from dimse.storage.sink import Sink
from dimse.storage.spool import Arrival
from dimse.tables.status import StatusClass, classify, meaning
from dimse.tables.storage_sops import prefix_of
from dul.errors import (
    AssociationAborted,
    AssociationRejected,
    Interrupted,
    TimedOut,
    TransportError,
)
from dul.limits import Limits
from dul.negotiation import Negotiated
from dul.outbox import fragment_length
from dul.pdu import AssociateRJ

__all__ = ["Arrivals", "caller", "unique_name"]


def caller() -> str:
    """Whom the present thread serves, for the trace of its state machine."""
    return threading.current_thread().name.removeprefix("dul-") + " "


def unique_name(arrival: Arrival) -> str:
    """A file name that no other object has: MODALITY.X.UID, with a new UID (PS3.5 B.2)."""
    return f"{prefix_of(arrival.sop_class_uid)}.X.2.25.{secrets.randbits(128)}"


class Arrivals(Observer):
    """Says in DCMTK's words what happens on the associations.

    While more than one is open, a line begins with the number of its association: "[2]".

    Args:
        report: where it is said.
        contexts: whether presentation contexts are shown in verbose mode, too.
        limits: those of the associations.
    """

    def __init__(self, report: Report, *, contexts: bool, limits: Limits) -> None:
        self._report = report
        self._level = dumps.level_of(contexts=contexts)
        self._limits = limits
        self._lock = threading.Lock()  # guards the two below
        self._open: dict[str, int] = {}
        self._count = 0

    def watch(self, request: StoreRequest, open_sink: OpenSink) -> Sink:
        """A sink whose failures are said here in full; the peer is told less."""
        try:
            return _Watched(open_sink(request), lambda error: self._failed(request.peer, error))
        except DIMSEError as error:
            self._failed(request.peer, error)
            raise

    def associated(self, peer: Peer, negotiated: Negotiated) -> None:
        """An association was established."""
        with self._lock:
            self._count += 1
            self._open[peer.address] = self._count
        who = f"{peer.calling_ae_title} at {peer.address} calls {peer.called_ae_title}"
        self._say(Level.INFO, peer, f"Association Received ({printable(who)})")
        if self._report.shows(self._level):
            self._say(self._level, peer, dumps.offer(negotiated.request))
            self._say(self._level, peer, dumps.answer(negotiated))
        fragment = fragment_length(negotiated.peer_maximum_length, self._limits)
        self._say(Level.INFO, peer, f"Association Acknowledged (Max Send PDV: {fragment})")

    def rejected(self, peer: Peer, answer: AssociateRJ) -> None:
        """A request was rejected by us."""
        who = f"{peer.calling_ae_title} at {peer.address} calls {peer.called_ae_title}"
        said = AssociationRejected(answer.result, answer.source, answer.reason)
        self._say(
            Level.WARN, peer, f"Association Rejected ({printable(who)})\n{describe_rejection(said)}"
        )

    def echoed(self, request: EchoRequest, status: int) -> None:
        """A C-ECHO was answered."""
        peer, message = request.peer, request.message
        self._say(Level.INFO, peer, f"Received Echo Request (MsgID {message.message_id})")
        if self._report.shows(Level.DEBUG):
            self._say(Level.DEBUG, peer, dumps.message(message, "received"))
            self._say(Level.DEBUG, peer, dumps.message(response_to(message, status), "sent"))

    def storing(self, request: StoreRequest) -> None:
        """A C-STORE-RQ came; its data set follows."""
        message = request.message
        code = prefix_of(request.sop_class_uid, "OT")
        self._say(
            Level.INFO, request.peer, f"Received Store Request (MsgID {message.message_id}, {code})"
        )
        if self._report.shows(Level.DEBUG):
            self._say(Level.DEBUG, request.peer, dumps.message(message, "received"))

    def stored(
        self, request: StoreRequest, status: int, path: Path | None, why: str | None
    ) -> None:
        """A C-STORE was answered."""
        peer = request.peer
        if path is not None:
            self._say(Level.INFO, peer, f"storing DICOM file: {path}")
        if classify(status) is not StatusClass.SUCCESS:
            words = f"{meaning(status, 'C-STORE')} ({status:04X}H)"
            comment = f": {why}" if why else ""
            self._say(
                Level.ERROR, peer, f"Store Failed: {request.sop_instance_uid}: {words}{comment}"
            )
        if self._report.shows(Level.DEBUG):
            fields = {"error_comment": why} if why else {}
            answer = response_to(request.message, status, **fields)
            self._say(Level.DEBUG, peer, dumps.message(answer, "sent"))

    def released(self, peer: Peer) -> None:
        """The peer released."""
        self._say(Level.INFO, peer, "Association Release")
        self._close(peer)

    def ended(self, peer: Peer, error: Exception) -> None:
        """The association ended in another way."""
        with self._lock:
            established = peer.address in self._open
        if isinstance(error, Interrupted):
            self._say(Level.INFO, peer, "Association Aborted (we end)")
        elif isinstance(error, AssociationAborted):
            self._say(Level.INFO, peer, f"Association Aborted ({error})")
        elif not established and isinstance(error, TransportError):
            # Monitors and port scanners do that all day.
            self._say(Level.INFO, peer, f"Connection from {peer.address} ended: {error}")
        elif not established:
            self._say(Level.ERROR, peer, f"Receiving Association failed: {peer.address}: {error}")
        elif isinstance(error, TransportError):
            self._say(Level.WARN, peer, f"Association Aborted ({error})")
        elif isinstance(error, TimedOut):
            self._say(Level.WARN, peer, f"aborting association with {peer.address}: {error}")
        else:
            self._say(Level.ERROR, peer, f"DIMSE failure (aborting association): {error}")
        self._close(peer)

    def _failed(self, peer: Peer, error: DIMSEError) -> None:
        self._say(Level.ERROR, peer, str(error))

    def _close(self, peer: Peer) -> None:
        with self._lock:
            self._open.pop(peer.address, None)

    def _say(self, level: Level, peer: Peer, message: str) -> None:
        if not self._report.shows(level):
            return
        with self._lock:
            number = self._open.get(peer.address)
            several = len(self._open) > 1
        tag = f"[{number}] " if number is not None and several else ""
        self._report.say(level, "\n".join(tag + line for line in message.split("\n")))


class _Watched:
    """A sink that tells why it fails."""

    def __init__(self, sink: Sink, failed: Callable[[DIMSEError], None]) -> None:
        self._sink = sink
        self._failed = failed
        self.write = sink.write
        self.discard = sink.discard

    def commit(self) -> Path | None:
        try:
            return self._sink.commit()
        except DIMSEError as error:
            self._failed(error)
            raise
