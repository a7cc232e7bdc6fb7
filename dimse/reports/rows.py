"""A row of a report: what became of one object."""

from __future__ import annotations

from dimse.outcome import Outcome
from dimse.tables.status import StatusClass
from dimse.tables.storage_sops import STORAGE_SOP_CLASSES
from dimse.tables.transfer_syntaxes import name_of
from dul.values import TYPE_CHECKING, dataclass

if TYPE_CHECKING:
    from typing import Final

__all__ = ["REPORT_COLUMNS", "ReportRow"]

REPORT_COLUMNS: Final = (
    "number", "at", "file", "result", "status", "meaning", "comment", "sop_class_uid",
    "sop_class", "sop_instance_uid", "own_transfer_syntax", "sent_transfer_syntax",
    "presentation_context", "association", "bytes", "seconds", "attempts",
)  # fmt: skip
"""The names of a row's values, in the order of a report's columns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportRow:
    """One object. No data of a patient's but what is in a file's name.

    Attributes:
        number: of the row, from 1 on.
        at: seconds since the report was begun.
        file: its name, or what a data set in memory is called.
        result: "stored", "warning", "failed", "not sent" or "left out".
        status: (0000,0900) as four digits and H; empty if there was no response.
        meaning: the status or the error in words.
        comment: (0000,0902) of the response.
        sop_class_uid: what it is; empty if it could not be read.
        sop_class: its name.
        sop_instance_uid: which one it is.
        own_transfer_syntax: how it is encoded where it lies, by name.
        sent_transfer_syntax: how it went out; empty if it did not.
        presentation_context: the ID of its context, or None.
        association: the number of the association, from 1 on; 0 if there was none yet.
        bytes: of the data set that went out.
        seconds: from the request to the response.
        attempts: how often it was begun to send it.
    """

    number: int
    at: float
    file: str
    result: str
    status: str = ""
    meaning: str = ""
    comment: str = ""
    sop_class_uid: str = ""
    sop_class: str = ""
    sop_instance_uid: str = ""
    own_transfer_syntax: str = ""
    sent_transfer_syntax: str = ""
    presentation_context: int | None = None
    association: int = 0
    bytes: int = 0
    seconds: float = 0.0
    attempts: int = 0

    @classmethod
    def of(cls, outcome: Outcome, number: int, at: float, association: int) -> ReportRow:
        """The row of an outcome."""
        known = STORAGE_SOP_CLASSES.get(outcome.sop_class_uid)
        own, sent = outcome.own_transfer_syntax_uid, outcome.transfer_syntax_uid
        warned = outcome.status_class is StatusClass.WARNING
        return cls(
            number=number,
            at=round(at, 3),
            file=outcome.name,
            result=("warning" if warned else "stored") if outcome.stored else "failed",
            status="" if outcome.status is None else f"{outcome.status:04X}H",
            meaning=outcome.meaning,
            comment=outcome.error_comment or "",
            sop_class_uid=outcome.sop_class_uid,
            sop_class=known.name if known else "",
            sop_instance_uid=outcome.sop_instance_uid,
            own_transfer_syntax=name_of(own) if own else "",
            sent_transfer_syntax=name_of(sent) if sent else "",
            presentation_context=outcome.context_id,
            association=association if outcome.attempts else 0,
            bytes=outcome.length,
            seconds=round(outcome.seconds, 6),
            attempts=outcome.attempts,
        )
