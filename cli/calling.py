"""What the tools that call a peer share: options, and how an association begins and ends."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cli import dumps, tool
from cli import options as opt
from cli.failures import not_associated
from cli.options import Group, Option
from cli.report import Report
from dimse.client import Client, Session
from dimse.plan import ContextOffer
from dul.blocking import Wakeup
from dul.errors import DULError
from dul.limits import Limits
from dul.outbox import fragment_length
from dul.values import dataclass

__all__ = [
    "DEFAULT_MAX_PDU",
    "NETWORK_DEFAULTS",
    "PDU_SIZES",
    "TIMES",
    "Calling",
    "associate",
    "client_for",
    "end",
    "titles",
]

DEFAULT_MAX_PDU = 16384
"""16K: what storescu has always announced; a requestor of ours receives nothing but responses."""

_LIMITS = Limits()

PDU_SIZES = Group(
    "sizes of PDUs",
    (
        tool.max_pdu(DEFAULT_MAX_PDU),
        Option(
            ("--max-send-pdu",),
            "max_send_pdu",
            "send no PDU of more than N bytes even if the peer takes larger ones (default: 131072)",
            read=tool.PDU_LENGTH,
            metavar="N",
        ),
    ),
)

TIMES = Group(
    "time limits, in seconds; 0: none",
    (
        Option(
            ("-to", "--timeout"),
            "connect_timeout",
            "for the TCP connection (default: 30)",
            read=opt.seconds,
            metavar="S",
        ),
        Option(
            ("-ta", "--acse-timeout"),
            "acse_timeout",
            "for the answer to an association or release request (default: 30)",
            read=opt.seconds,
            metavar="S",
        ),
        Option(
            ("-td", "--dimse-timeout"),
            "dimse_timeout",
            "for the response to a message (default: 300)",
            read=opt.seconds,
            metavar="S",
        ),
    ),
)

NETWORK_DEFAULTS: dict[str, Any] = {
    "called": "ANY-SCP",
    "max_pdu": DEFAULT_MAX_PDU,
    "max_send_pdu": _LIMITS.max_send_pdu_length,
    "connect_timeout": _LIMITS.connect,
    "acse_timeout": _LIMITS.associate,
    "dimse_timeout": _LIMITS.reply,
}


def titles(default: str) -> Group:
    """The options for the AE titles of a tool that calls as `default`."""
    return Group(
        "AE titles",
        (
            Option(
                ("-t", "-aet", "--aetitle"),
                "calling",
                f"my calling AE title (default: {default})",
                read=opt.ae_title,
                metavar="TITLE",
            ),
            Option(
                ("-c", "-aec", "--call"),
                "called",
                "called AE title of peer (default: ANY-SCP)",
                read=opt.ae_title,
                metavar="TITLE",
            ),
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Calling:
    """What the options and parameters of a tool that calls a peer come to."""

    peer: str
    port: int
    contexts: bool
    calling: str
    called: str
    max_pdu: int
    max_send_pdu: int
    connect_timeout: float | None
    acse_timeout: float | None
    dimse_timeout: float | None
    repeat: int
    abort: bool

    @property
    def limits(self) -> Limits:
        """The bounds and times of the association."""
        return Limits(
            max_pdu_length=self.max_pdu,
            max_send_pdu_length=self.max_send_pdu,
            connect=self.connect_timeout,
            associate=self.acse_timeout,
            release=self.acse_timeout,
            # ARTIM is the standard's; it can be longer or shorter, but not be left out.
            artim=self.acse_timeout or _LIMITS.artim,
            reply=self.dimse_timeout,
        )


def client_for(calling: Calling, report: Report, wakeup: Wakeup) -> Client:
    """Who calls."""
    return Client(
        calling.peer,
        calling.port,
        called=calling.called,
        calling=calling.calling,
        limits=calling.limits,
        trace=dumps.tracer(report),
        wakeup=wakeup,
    )


def associate(
    client: Client, contexts: Sequence[ContextOffer], calling: Calling, report: Report
) -> Session | None:
    """Establish an association, and say so; None if there is none, and why has been said.

    Raises:
        Interrupted: the wakeup was set.
    """
    report.info("Requesting Association")
    level = dumps.level_of(contexts=calling.contexts)
    if report.shows(level):
        report.say(level, dumps.offer(client.peer.request(contexts)))
    try:
        session = client.associate(contexts)
    except DULError as error:
        not_associated(report, error, calling=calling.calling, called=calling.called)
        return None
    if report.shows(level):
        report.say(level, dumps.answer(session.negotiated))
    fragment = fragment_length(session.negotiated.peer_maximum_length, calling.limits)
    report.info(f"Association Accepted (Max Send PDV: {fragment})")
    return session


def end(session: Session, report: Report, *, abort: bool) -> bool:
    """Release or abort the association; False if the release failed.

    Raises:
        Interrupted: the wakeup was set; the association is aborted.
    """
    if abort:
        report.info("Aborting Association")
        session.abort()
        return True
    report.info("Releasing Association")
    try:
        session.release()
    except DULError as error:
        report.error(f"Association Release Failed: {error}")
        return False
    return True
