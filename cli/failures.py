"""What to say of an association that failed: what happened, and what to try."""

from __future__ import annotations

import socket

from cli.report import Report
from dul.errors import (
    AssociationAborted,
    AssociationRejected,
    DULError,
    RemoteProtocolError,
    TimedOut,
)

__all__ = ["describe_rejection", "not_associated"]

# By (source, reason) of PS3.8 Table 9-21; {calling} and {called} are the titles that were used.
_ADVICE = {
    (1, 1): "the peer does not say why; its log may",
    (1, 2): "the peer is no DICOM application, or one of another kind",
    (1, 3): "have '{calling}' registered at the peer, or call with a title that it knows (-t)",
    (1, 7): "the peer does not answer to '{called}'; give the title that it has (-c)",
    (2, 1): "the peer does not say why; its log may",
    (2, 2): "the peer does not speak version 1 of the protocol",
    (3, 1): "the peer is busy; try again later",
    (3, 2): "the peer serves as many associations as it allows; try again later",
}
_LATER = {
    "connect": "is the host reachable, does a firewall drop the packets? (-to: wait longer)",
    "associate": "is that port a DICOM application's? (-ta: wait longer)",
    "release": "(-ta: wait longer)",
    "reply": "(-td: wait longer)",
}


def describe_rejection(error: AssociationRejected) -> str:
    """Result, source and reason on two lines, in DCMTK's form."""
    result = _capitals(error.result_text.replace("-", " "))
    source = _capitals(error.source_text.replace("-", " "))
    return f"Result: {result}, Source: {source}\nReason: {_capitals(error.reason_text)}"


def not_associated(report: Report, error: DULError, *, calling: str, called: str) -> None:
    """Say why there is no association."""
    if isinstance(error, AssociationRejected):
        report.fatal(f"Association Rejected:\n{describe_rejection(error)}")
        advice = _ADVICE.get((error.source, error.reason))
        if advice:
            report.fatal("Try: " + advice.format(calling=calling, called=called))
        return
    report.fatal(f"Association Request Failed: {error}")
    if isinstance(error, TimedOut) and error.which in _LATER:
        report.fatal(f"Try: {_LATER[error.which]}")
    elif isinstance(error, RemoteProtocolError):
        report.fatal("Try: is that port a DICOM application's? Look at its answer with -d")
    elif isinstance(error.__cause__, socket.gaierror):
        report.fatal("Try: check how the name is spelt, or give the address")
    elif isinstance(error, AssociationAborted):
        report.fatal("Try: the peer's log should say what it did not like")


def _capitals(words: str) -> str:
    """As DCMTK writes them: "Called AE Title Not Recognized"."""
    return " ".join(
        word if any(map(str.isupper, word)) else word.title() for word in words.split(" ")
    )
