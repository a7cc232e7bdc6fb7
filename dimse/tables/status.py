"""Statuses: what the number in (0000,0900) means (PS3.7 Annex C, PS3.4 Table B.2-1 and C.4).

The class of a status follows from the number alone (`classify`); the words for it depend on the
service that answers (`meaning`). A number outside every range of Annex C is `UNKNOWN`, which is
never a success: an object with such an answer is not known to be stored.
"""

from __future__ import annotations

from dul.enumeration import Enum
from dul.ondemand import on_demand
from dul.values import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Final

    from dimse.tables.status_rows import GENERAL_STATUSES, SERVICE_SPECIFIC, Status

__all__ = [
    "CANCEL",
    "CANNOT_UNDERSTAND",
    "COERCION_OF_DATA_ELEMENTS",
    "DATA_SET_DOES_NOT_MATCH_SOP_CLASS",
    "DATA_SET_DOES_NOT_MATCH_SOP_CLASS_WARNING",
    "DUPLICATE_INVOCATION",
    "ELEMENTS_DISCARDED",
    "GENERAL_STATUSES",
    "INVALID_SOP_INSTANCE",
    "MISTYPED_ARGUMENT",
    "MOVE_DESTINATION_UNKNOWN",
    "NOT_AUTHORIZED",
    "NO_SUCH_SOP_CLASS",
    "OUT_OF_RESOURCES",
    "PENDING",
    "PENDING_WITH_UNSUPPORTED_OPTIONAL_KEYS",
    "PROCESSING_FAILURE",
    "RESOURCE_LIMITATION",
    "SERVICE_SPECIFIC",
    "SOP_CLASS_NOT_SUPPORTED",
    "SUCCESS",
    "UNRECOGNIZED_OPERATION",
    "Status",
    "StatusClass",
    "classify",
    "is_pending",
    "is_successful",
    "lookup",
    "meaning",
]


class StatusClass(Enum):
    """PS3.7 C.1 to C.5; UNKNOWN is what no clause provides for."""

    SUCCESS = "Success"
    WARNING = "Warning"
    FAILURE = "Failure"
    CANCEL = "Cancel"
    PENDING = "Pending"
    UNKNOWN = "Unknown"


SUCCESS: Final = 0x0000
PROCESSING_FAILURE: Final = 0x0110
INVALID_SOP_INSTANCE: Final = 0x0117
NO_SUCH_SOP_CLASS: Final = 0x0118
SOP_CLASS_NOT_SUPPORTED: Final = 0x0122
NOT_AUTHORIZED: Final = 0x0124
DUPLICATE_INVOCATION: Final = 0x0210
UNRECOGNIZED_OPERATION: Final = 0x0211
MISTYPED_ARGUMENT: Final = 0x0212
RESOURCE_LIMITATION: Final = 0x0213
OUT_OF_RESOURCES: Final = 0xA700
MOVE_DESTINATION_UNKNOWN: Final = 0xA801
DATA_SET_DOES_NOT_MATCH_SOP_CLASS: Final = 0xA900
COERCION_OF_DATA_ELEMENTS: Final = 0xB000
ELEMENTS_DISCARDED: Final = 0xB006
DATA_SET_DOES_NOT_MATCH_SOP_CLASS_WARNING: Final = 0xB007
CANNOT_UNDERSTAND: Final = 0xC000
CANCEL: Final = 0xFE00
PENDING: Final = 0xFF00
PENDING_WITH_UNSUPPORTED_OPTIONAL_KEYS: Final = 0xFF01

_WARNINGS: Final = frozenset({0x0001, 0x0107, 0x0116})


def classify(code: int) -> StatusClass:
    """The class of a status, from the number alone (PS3.7 Annex C).

    Never raises; a number that no clause provides for is UNKNOWN.
    """
    if code == SUCCESS:
        return StatusClass.SUCCESS
    if code in _WARNINGS or 0xB000 <= code <= 0xBFFF:
        return StatusClass.WARNING
    if 0x0100 <= code <= 0x02FF or 0xA000 <= code <= 0xAFFF or 0xC000 <= code <= 0xCFFF:
        return StatusClass.FAILURE
    if code == CANCEL:
        return StatusClass.CANCEL
    if code in {PENDING, PENDING_WITH_UNSUPPORTED_OPTIONAL_KEYS}:
        return StatusClass.PENDING
    return StatusClass.UNKNOWN


def is_successful(code: int) -> bool:
    """Whether what was asked for was done: success, or success with a warning."""
    return code == SUCCESS or classify(code) is StatusClass.WARNING


def is_pending(code: int) -> bool:
    """Whether more responses to the same request follow (FF00H, FF01H)."""
    return code in {PENDING, PENDING_WITH_UNSUPPORTED_OPTIONAL_KEYS}


def lookup(code: int, service: str = "C-STORE") -> Status | None:
    """The row that describes a status: the service's own first, then the general ones.

    Args:
        code: the value of (0000,0900).
        service: the name of the operation or notification: "C-STORE", "C-FIND", "N-GET".

    Returns:
        None when no table has the code. A general code is found for every service, also where
        the service's clause doesn't list it: peers do send it, and it means the same.
    """
    # Who is told of successes alone needs no words for the rest.
    from dimse.tables import status_rows  # noqa: PLC0415

    for status in status_rows.SERVICE_SPECIFIC.get(service, ()):
        if status.first <= code <= status.last:
            return status
    return status_rows.general_status(code)


def meaning(code: int, service: str = "C-STORE") -> str:
    """The status in the standard's words, or its class and number when no table has it.

    Args:
        code: the value of (0000,0900).
        service: whose table is asked: the message's name, "C-STORE".
    """
    status = lookup(code, service)
    if status is not None:
        return status.meaning
    return f"{classify(code).value} (status {code:04X}H, not in the tables of {service})"


_HOMES = {
    "GENERAL_STATUSES": "dimse.tables.status_rows",
    "SERVICE_SPECIFIC": "dimse.tables.status_rows",
    "Status": "dimse.tables.status_rows",
}

if not TYPE_CHECKING:  # or a misspelt name would pass for one that is had on demand
    __getattr__ = on_demand(__name__, _HOMES)
