"""The tables of statuses: PS3.7 Annex C, and what service classes add to it (PS3.4 B.2-1 and C.4).

Their names are had from `dimse.tables.status`, which loads them for a status that needs words.
"""

from __future__ import annotations

from dul.values import TYPE_CHECKING, dataclass

if TYPE_CHECKING:
    from typing import Final

__all__ = ["GENERAL_STATUSES", "SERVICE_SPECIFIC", "Status", "general_status"]


@dataclass(frozen=True, slots=True)
class Status:
    """A status, or a range of statuses that mean the same.

    Attributes:
        first: the code, or the first of the range.
        last: the last of the range; the same as `first` for a single code.
        meaning: in the standard's words.
        fields: keywords of the command elements that Annex C allows beside it.
        services: the services that list it, by the names of PS3.7 ("C-STORE"); for general codes.
    """

    first: int
    last: int
    meaning: str
    fields: tuple[str, ...] = ()
    services: frozenset[str] = frozenset()


_CLASS, _INSTANCE = "AffectedSOPClassUID", "AffectedSOPInstanceUID"
_OFFENDING, _COMMENT = "OffendingElement", "ErrorComment"
_ATTRIBUTES, _EVENT, _ACTION = "AttributeIdentifierList", "EventTypeID", "ActionTypeID"

# Groups of services, so that the table below stays readable beside Annex C.
_QR = frozenset({"C-GET", "C-MOVE"})
_STORE_QR = _QR | {"C-STORE"}
_ECHO = frozenset({"C-ECHO"})
_FIND = frozenset({"C-FIND"})
_REPORT = frozenset({"N-EVENT-REPORT"})
_ACTS = frozenset({"N-ACTION"})
_READS = frozenset({"N-GET"})
_CREATES = frozenset({"N-CREATE"})
_WRITES = _CREATES | {"N-SET"}
_ON_INSTANCE = _READS | _ACTS | {"N-SET", "N-DELETE"}  # what needs an instance that is there
_ALL_N = _ON_INSTANCE | _REPORT | _CREATES


def _code(code: int, meaning: str, services: frozenset[str], *fields: str) -> Status:
    return Status(code, code, meaning, fields, services)


# PS3.7 Annex C: the codes that every service class shares.
GENERAL_STATUSES: Final = (
    _code(0x0000, "Success", _STORE_QR | _FIND | _ECHO | _ALL_N),
    _code(0x0105, "No such Attribute", _WRITES, _ATTRIBUTES),
    _code(0x0106, "Invalid Attribute Value", _WRITES),
    _code(0x0107, "Attribute list error", _READS | _WRITES, _CLASS, _INSTANCE, _ATTRIBUTES),
    _code(0x0110, "Processing Failure", _ALL_N, _CLASS, _COMMENT, "ErrorID", _INSTANCE),
    _code(0x0111, "Duplicate SOP Instance", _CREATES, _INSTANCE),
    _code(0x0112, "No such SOP Instance", _ON_INSTANCE | _REPORT, _INSTANCE),
    _code(0x0113, "No such Event Type", _REPORT, _CLASS, _EVENT),
    _code(0x0114, "No such argument", _REPORT | _ACTS, _CLASS, _EVENT, _ACTION),
    _code(0x0115, "Invalid argument value", _REPORT | _ACTS, _CLASS, _INSTANCE, _EVENT, _ACTION),
    _code(0x0116, "Attribute Value out of range", _WRITES),
    _code(0x0117, "Invalid SOP Instance", _ALL_N | {"C-STORE"}, _INSTANCE),
    _code(0x0118, "No such SOP Class", _ALL_N, _CLASS),
    _code(0x0119, "Class-Instance conflict", _ON_INSTANCE | _REPORT, _CLASS, _INSTANCE),
    _code(0x0120, "Missing Attribute", _CREATES, _ATTRIBUTES),
    _code(0x0121, "Missing Attribute Value", _WRITES),
    _code(0x0122, "Refused: SOP Class not supported", _STORE_QR | _FIND | _ECHO, _COMMENT),
    _code(0x0123, "No such Action Type", _ACTS, _CLASS, _ACTION),
    _code(0x0124, "Refused: Not authorized", _STORE_QR | _ON_INSTANCE | _CREATES, _COMMENT),
    _code(0x0210, "Duplicate invocation", _STORE_QR | _ECHO | _ALL_N),
    _code(0x0211, "Unrecognized operation", _STORE_QR | _ECHO | _ALL_N),
    _code(0x0212, "Mistyped argument", _STORE_QR | _ECHO | _ALL_N),
    _code(0x0213, "Resource Limitation", _ALL_N),
    _code(0xFE00, "Cancel", _QR | _FIND),
)
"""The statuses that several services share (PS3.7 Annex C)."""

_MISMATCH = "Error: Data Set does not match SOP Class"
_CANNOT = "Error: Cannot understand"
_NO_RESOURCES = "Refused: Out of resources"
_UNABLE = Status(0xC000, 0xCFFF, "Failed: Unable to process", (_OFFENDING, _COMMENT))
_Q_MISMATCH = Status(
    0xA900, 0xA900, "Error: Data Set does not match SOP Class", (_OFFENDING, _COMMENT)
)
_RETRIEVE = (
    Status(0xA701, 0xA701, "Refused: Out of resources, unable to calculate number of matches", (_COMMENT,)),
    Status(0xA702, 0xA702, "Refused: Out of resources, unable to perform sub-operations", (_COMMENT,)),
    _Q_MISMATCH,
    _UNABLE,
    Status(0xB000, 0xB000, "Sub-operations complete, one or more failures", (_OFFENDING, _COMMENT)),
    Status(0xFF00, 0xFF00, "Sub-operations are continuing"),
)  # fmt: skip

SERVICE_SPECIFIC: Final = {
    # PS3.4 Table B.2-1. A sender takes any code of a failure range as that failure.
    "C-STORE": (
        Status(0xA700, 0xA7FF, _NO_RESOURCES, (_COMMENT,)),
        Status(0xA900, 0xA9FF, _MISMATCH, (_OFFENDING, _COMMENT)),
        Status(0xC000, 0xCFFF, _CANNOT, (_OFFENDING, _COMMENT)),
        Status(0xB000, 0xB000, "Warning: Coercion of Data Elements", (_OFFENDING, _COMMENT)),
        Status(0xB006, 0xB006, "Warning: Elements Discarded", (_OFFENDING, _COMMENT)),
        Status(0xB007, 0xB007, "Warning: Data Set does not match SOP Class", (_OFFENDING, _COMMENT)),
    ),
    # PS3.4 C.4.1.1.4
    "C-FIND": (
        Status(0xA700, 0xA700, _NO_RESOURCES, (_COMMENT,)),
        _Q_MISMATCH,
        _UNABLE,
        Status(0xFF00, 0xFF00, "Matches are continuing"),
        Status(0xFF01, 0xFF01, "Matches are continuing, one or more optional keys not supported"),
    ),
    # PS3.4 C.4.2.1.5 and C.4.3.1.4
    "C-MOVE": (
        *_RETRIEVE,
        Status(0xA801, 0xA801, "Refused: Move Destination unknown", (_COMMENT,)),
    ),
    "C-GET": _RETRIEVE,
    "N-GET": (Status(0x0001, 0x0001, "Requested optional Attributes are not supported"),),
}  # fmt: skip
"""The statuses that service classes add, by the name of the message that they stand in."""

general_status: Final = {status.first: status for status in GENERAL_STATUSES}.get
"""The general status of a code, or None."""
