"""Errors and statuses as DCMTK's tools say them, "0006:031c TCP Initialization Error: ..."; exit codes.

Scripts look for the numbers. What stands behind them here says less than the errors themselves, which
are always said, too.
"""

from __future__ import annotations

import socket

from dimse import Outcome
from dimse.errors import (
    CannotEncode,
    CannotTranscode,
    NoPresentationContext,
    Part10Error,
    ReleasedByPeer,
    UnexpectedMessage,
)
from dimse.tables import status
from dimse.tables.status import StatusClass
from dul.errors import AssociationAborted, DulcetError, SourceFailed, TimedOut, TransportError
from dul.values import TYPE_CHECKING

from .report import printable
from .words import Words

if TYPE_CHECKING:
    from typing import Final

__all__ = [
    "code_of",
    "condition",
    "is_network_lost",
    "response_text",
    "status_text",
    "without_number",
]

_ABORTED = "0006:0317 Peer aborted Association (or never connected)"
_BROKEN = (ConnectionAbortedError, ConnectionResetError, BrokenPipeError)
_NUMBER = r"\b[0-9a-f]{4}:[0-9a-f]{4} "
_TIMES = {
    "connect": "0006:031c TCP Initialization Error: Connection timed out",
    "reply": "0006:0207 DIMSE No data available (timeout in non-blocking mode)",
}
_RESPONSES: Final = {
    status.SUCCESS: "Success",
    status.SOP_CLASS_NOT_SUPPORTED: "Refused: SOPClassNotSupported",
    status.COERCION_OF_DATA_ELEMENTS: "Warning: CoercionOfDataElements",
    status.DATA_SET_DOES_NOT_MATCH_SOP_CLASS_WARNING: "Warning: DataSetDoesNotMatchSOPClass",
    status.ELEMENTS_DISCARDED: "Warning: ElementsDiscarded",
}
_RESPONSE_RANGES: Final = {
    0xA7: "Refused: OutOfResources",
    0xA9: "Error: DataSetDoesNotMatchSOPClass",
    **dict.fromkeys(range(0xC0, 0xD0), "Error: CannotUnderstand"),
}


def condition(error: DulcetError, host: str = "") -> str:
    """Number and text of an error; empty where DCMTK has none for it.

    Args:
        error: what happened.
        host: who was called.
    """
    match error:
        case AssociationAborted():
            return _ABORTED
        case ReleasedByPeer():
            return "0006:0319 DUL Peer Requested Release"
        case TimedOut():
            return _TIMES.get(error.which, "0006:031a DUL network read timeout")
        case TransportError():
            return _of_transport(error, host)
        case UnexpectedMessage():
            return f"0006:0211 DIMSE: Unexpected Response: {error}"
        case NoPresentationContext():
            return "0006:0208 DIMSE No valid Presentation Context ID"
        case CannotTranscode() | CannotEncode() | Part10Error() | SourceFailed():
            return "0006:020e DIMSE Failed to send message"
    return ""


def code_of(outcome: Outcome, words: Words) -> int:
    """The exit code for an object that was not stored.

    As of DCMTK's storescu it is the high byte of a failure status. Who aborts or releases has not
    lost the network: it has said that it wants no more.
    """
    if outcome.status is not None:
        failure = outcome.status_class is StatusClass.FAILURE
        return outcome.status >> 8 if failure else words.code_not_sent
    error = outcome.error
    wants_no_more = isinstance(error, AssociationAborted | ReleasedByPeer)
    lost = error is not None and is_network_lost(error) and not wants_no_more
    return words.code_lost if lost else words.code_not_sent


def without_number(text: str) -> str:
    """A message as dcmsend says it: without the numbers of conditions."""
    # To load them takes longer than to read the whole command line, and dcmsend alone has such messages.
    import re  # noqa: PLC0415

    return re.sub(_NUMBER, "", text)


def is_network_lost(error: DulcetError) -> bool:
    """Whether an association ended by the peer's, or the network's, doing."""
    if isinstance(error, TimedOut):
        return error.which in {"pdu", "write"}
    return isinstance(error, AssociationAborted | ReleasedByPeer | TransportError)


def _of_transport(error: TransportError, host: str) -> str:
    cause = error.__cause__
    if isinstance(cause, socket.gaierror):
        return f"0006:0320 Attempt to connect to unknown host: {host}"
    if isinstance(cause, OSError) and not isinstance(cause, _BROKEN):
        return f"0006:031c TCP Initialization Error: {cause.strerror}"
    return _ABORTED


def response_text(code: int) -> str:
    """The status of a C-STORE response in DCMTK's words."""
    known = _RESPONSES.get(code) or _RESPONSE_RANGES.get(code >> 8)
    return known or f"Unknown Status: 0x{code:x}"


def status_text(outcome: Outcome) -> str:
    """The status in the standard's words, with what the peer said besides."""
    comment = (
        f", with the comment: {printable(outcome.error_comment)}" if outcome.error_comment else ""
    )
    return f"{outcome.meaning} ({outcome.status:04X}H){comment}"
