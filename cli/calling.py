"""What the tools that call a peer share: how an association begins, and how it ends."""

from __future__ import annotations

import socket

from dimse import Client
from dimse.errors import ReleasedByPeer
from dimse.events import (
    Associated,
    Associating,
    ClientEvent,
    NotAssociated,
    NotReleased,
    Releasing,
)
from dimse.messages import Message
from dul import AsynchronousOperationsWindow, fragment_length
from dul.blocking import Wakeup
from dul.errors import (
    AssociationAborted,
    AssociationRejected,
    DulcetError,
    RejectReason,
    RemoteProtocolError,
    TimedOut,
    TransportError,
)
from dul.values import TYPE_CHECKING

from . import dumps
from .codes import FAILED
from .conditions import condition, without_number
from .options.identity import identity_of
from .options.network import Calling
from .options.tls import only_with_tls
from .report import Level, Report
from .words import STORESCU, Words

if TYPE_CHECKING:
    from ssl import SSLContext

    from dimse import AssociationProfile

__all__ = ["Teller", "client_for", "not_associated", "with_condition"]


def client_for(
    calling: Calling,
    report: Report,
    wakeup: Wakeup,
    profile: AssociationProfile | None = None,
    *,
    instead: tuple[str, int, str] | None = None,
    max_ops: int = 1,
    ask_storage: bool = False,
) -> Client:
    """Who calls.

    Args:
        calling: whom, and how.
        report: where the state machine is traced, with -d.
        wakeup: ends whatever waits.
        profile: what roles and extended negotiation are proposed.
        instead: host, port and AE title of another peer.
        max_ops: operations that may be on their way, if the peer grants so many.
        ask_storage: ask what the peer's storage preserves.

    Raises:
        InvalidTLS, UsageError: as `cli.secure.calling_context`.
    """
    host, port, called_ae_title = instead or (
        calling.peer,
        calling.port,
        calling.called_ae_title,
    )
    if calling.passcode is not None and calling.passcode.is_visible:
        report.warn("everybody on this machine can see the passcode on the command line (-pwd)")
    return Client(
        host,
        port,
        called_ae_title=called_ae_title,
        calling_ae_title=calling.calling_ae_title,
        limits=calling.limits,
        roles=profile.roles if profile else (),
        extended=profile.extended if profile else (),
        ask_storage=ask_storage,
        tls=_context(calling, report),
        server_hostname=calling.server_name,
        user_identity=identity_of(calling),
        window=AsynchronousOperationsWindow(max_ops, 1) if max_ops > 1 else None,
        family=calling.family,
        trace=dumps.tracer(report),
        wakeup=wakeup,
    )


def _context(calling: Calling, report: Report) -> SSLContext | None:
    if calling.tls is None:
        only_with_tls(calling)
        return None
    from . import secure  # noqa: PLC0415 - it loads OpenSSL, and most calls are plain

    return secure.calling_context(calling, calling.tls, report)


class Teller:
    """Says what happens to the associations of a tool that calls.

    Args:
        report: where it is said.
        calling: whom it calls, and how.
        contexts: associations are shown at level INFO already.
        words: how it is said.

    Attributes:
        report: where it is said.
        code: the exit code of the first thing that went wrong, 0 if nothing did.
    """

    def __init__(
        self, report: Report, calling: Calling, *, contexts: bool, words: Words = STORESCU
    ) -> None:
        self.words = words
        self.report = report
        self.code = 0
        self._calling = calling
        self._level = dumps.level_of(contexts=contexts)
        self._open = False

    def tell(self, event: ClientEvent) -> None:  # noqa: C901 - a branch per event
        """Say what there is to be said of an event."""
        match event:
            case Associating():
                self._open = True
                self.report.info("Requesting Association")
                if self.report.shows(self._level):
                    self.report.say(self._level, dumps.associate_rq(event.request))
            case Associated():
                negotiated = event.negotiated
                if event.security is not None:
                    self.report.info(dumps.security(event.security))
                    for line in dumps.certificates(event.security):
                        self.report.debug(line)
                if self.report.shows(self._level):
                    self.report.say(self._level, dumps.associate_ac(negotiated))
                for line in dumps.agreed(negotiated):
                    self.report.info(line)
                fragment = fragment_length(negotiated.peer_maximum_length, self._calling.limits)
                self.report.info(f"Association Accepted (Max Send PDV: {fragment})")
            case NotAssociated(others=int(others)) if others:
                self.report.warn(f"no further association, {others} go on: {event.error}")
            case NotAssociated():
                self._open = False
                self.failed(self.words.code_no_association)
                not_associated(self.report, event.error, self._calling, self.words)
            case Releasing():
                self._open = False
                what = "Aborting" if event.abort else "Releasing"
                self.report.info(f"{what} Association")
            case NotReleased():
                self.failed(FAILED)
                self.report.error(with_condition("Association Release Failed:", event.error))

    def ended_by(self, error: DulcetError) -> None:
        """Say who ended an association that is over too early."""
        self._open = False
        if isinstance(error, AssociationAborted):
            self.report.info("Peer Aborted Association")
        elif isinstance(error, ReleasedByPeer):
            self.report.info("Peer Released Association")
        elif not isinstance(error, TransportError):
            self.report.info("Aborting Association")

    def dump(self, message: Message, direction: str) -> None:
        """A message, for -d."""
        if self.report.shows(Level.DEBUG):
            self.report.debug(dumps.message(message, direction))

    def failed(self, code: int) -> None:
        """Something went wrong; the first of all decides on the exit code."""
        self.code = self.code or code

    def interrupting(self) -> None:
        """Ctrl-C or SIGTERM came: say at once what is being done about it."""
        if self._open:
            self.report.warn("interrupted: aborting the association (again: quit at once)")


# The braces stand for the AE titles that were used, and what may be amiss with the user identity.
_ADVICE = {
    RejectReason.NO_REASON_GIVEN: "the peer does not say why; its log may",
    RejectReason.APPLICATION_CONTEXT_NAME_NOT_SUPPORTED: (
        "the peer is no DICOM application, or one of another kind"
    ),
    RejectReason.CALLING_AE_TITLE_NOT_RECOGNIZED: (
        "have '{0.calling_ae_title}' registered at the peer, or call with a title that it knows (-t)"
    ),
    RejectReason.CALLED_AE_TITLE_NOT_RECOGNIZED: (
        "the peer does not answer to '{0.called_ae_title}'; give the title that it has (-c)"
    ),
    # PS3.7 D.3.3.7.3 has this one for users, too.
    RejectReason.PROVIDER_NO_REASON_GIVEN: "see the peer's log; {users}",
    RejectReason.PROTOCOL_VERSION_NOT_SUPPORTED: "the peer does not speak version 1 of the protocol",
    RejectReason.TEMPORARY_CONGESTION: "the peer is busy; try again later",
    RejectReason.LOCAL_LIMIT_EXCEEDED: (
        "the peer serves as many associations as it allows; try again later"
    ),
}
_LATER = {
    "connect": "is the host reachable, does a firewall drop the packets? (-to: wait longer)",
    "associate": "is that port a DICOM application's? (-ta: wait longer)",
    "release": "(-ta: wait longer)",
    "reply": "(-td: wait longer)",
}


def with_condition(what: str, error: DulcetError, host: str = "") -> str:
    """What failed with DCMTK's words for why, if it has some, and ours below."""
    theirs = condition(error, host)
    return f"{what} {theirs}\n{error}" if theirs else f"{what} {error}"


def not_associated(
    report: Report, error: DulcetError, calling: Calling, words: Words = STORESCU
) -> None:
    """Say why there is no association, and what to try."""
    if isinstance(error, AssociationRejected):
        if words is not STORESCU:
            report.fatal(f"{words.no_association} DUL Association Rejected")
        report.fatal(f"Association Rejected:\n{dumps.rejection(error)}")
        if error.why is not None:
            users = "it may want to know which user calls (--user)"
            if calling.identity is not None:
                users = "it may not believe the user identity"
            report.fatal("Try: " + _ADVICE[error.why].format(calling, users=users))
        return
    why = with_condition(words.no_association, error, calling.peer)
    report.fatal(why if words is STORESCU else without_number(why))
    if isinstance(error, TimedOut) and error.which in _LATER:
        report.fatal(f"Try: {_LATER[error.which]}")
    elif isinstance(error, RemoteProtocolError):
        report.fatal("Try: is that port a DICOM application's? Look at its answer with -d")
    elif isinstance(error.__cause__, socket.gaierror):
        report.fatal("Try: check how the name is spelt, or give the address")
    elif isinstance(error, AssociationAborted):
        report.fatal("Try: the peer's log should say what it did not like")
    elif (
        calling.tls is None
        and isinstance(error, TransportError)
        and (error.__cause__ is None or isinstance(error.__cause__, ConnectionResetError))
    ):  # it was there, and hung up without a word
        report.fatal(
            "Try: see the peer's log; it may take nothing but TLS on that port (+tla, +tls)"
        )
