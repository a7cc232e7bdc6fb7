"""The messages of the normalized services, N-EVENT-REPORT to N-DELETE (PS3.7 10.3).

Optional fields whose use isn't in the message's own table are those that Annex C provides for
beside a status: Offending Element, Error Comment, Error ID, Attribute Identifier List, Event Type
ID and Action Type ID.
"""

from __future__ import annotations

from dimse.messages.base import DataSet, Message, Request, Response
from dul.values import TYPE_CHECKING, dataclass

if TYPE_CHECKING:
    from typing import ClassVar, Final

__all__ = [
    "NORMALIZED",
    "NActionRQ",
    "NActionRSP",
    "NCreateRQ",
    "NCreateRSP",
    "NDeleteRQ",
    "NDeleteRSP",
    "NEventReportRQ",
    "NEventReportRSP",
    "NGetRQ",
    "NGetRSP",
    "NSetRQ",
    "NSetRSP",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class _NormalizedRSP(Response):
    """What the responses of all N- services share (PS3.7 10.3, Annex C)."""

    DATA_SET: ClassVar[DataSet] = DataSet.CONDITIONAL

    data_set_follows: bool = False
    affected_sop_instance_uid: str | None = None
    offending_element: tuple[int, ...] | None = None
    error_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NEventReportRSP(_NormalizedRSP):
    """The answer to an N-EVENT-REPORT-RQ, with or without an Event Reply (PS3.7 10.3.1.2)."""

    NAME: ClassVar[str] = "N-EVENT-REPORT-RSP"
    COMMAND_FIELD: ClassVar[int] = 0x8100

    event_type_id: int | None = None

    def fault(self) -> str | None:
        """An Event Reply needs its Event Type ID (PS3.7 10.1.1.1.5)."""
        if self.data_set_follows and self.event_type_id is None:
            return "an Event Reply goes with its Event Type ID"
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class NEventReportRQ(Request[NEventReportRSP]):
    """Tell that something happened to an instance (PS3.7 10.3.1.1)."""

    NAME: ClassVar[str] = "N-EVENT-REPORT-RQ"
    COMMAND_FIELD: ClassVar[int] = 0x0100
    DATA_SET: ClassVar[DataSet] = DataSet.CONDITIONAL
    RESPONSE: ClassVar[type[Response]] = NEventReportRSP

    data_set_follows: bool = False
    affected_sop_class_uid: str
    affected_sop_instance_uid: str
    event_type_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NGetRSP(_NormalizedRSP):
    """The attributes asked for (PS3.7 10.3.2.2)."""

    NAME: ClassVar[str] = "N-GET-RSP"
    COMMAND_FIELD: ClassVar[int] = 0x8110

    attribute_identifier_list: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NGetRQ(Request[NGetRSP]):
    """Ask for attributes of an instance; without a list, for all (PS3.7 10.3.2.1)."""

    NAME: ClassVar[str] = "N-GET-RQ"
    COMMAND_FIELD: ClassVar[int] = 0x0110
    DATA_SET: ClassVar[DataSet] = DataSet.NEVER
    RESPONSE: ClassVar[type[Response]] = NGetRSP

    data_set_follows: bool = False
    requested_sop_class_uid: str
    requested_sop_instance_uid: str
    attribute_identifier_list: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NSetRSP(_NormalizedRSP):
    """The answer to an N-SET-RQ (PS3.7 10.3.3.2)."""

    NAME: ClassVar[str] = "N-SET-RSP"
    COMMAND_FIELD: ClassVar[int] = 0x8120

    attribute_identifier_list: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NSetRQ(Request[NSetRSP]):
    """Change attributes of an instance (PS3.7 10.3.3.1)."""

    NAME: ClassVar[str] = "N-SET-RQ"
    COMMAND_FIELD: ClassVar[int] = 0x0120
    DATA_SET: ClassVar[DataSet] = DataSet.ALWAYS
    RESPONSE: ClassVar[type[Response]] = NSetRSP

    data_set_follows: bool = True
    requested_sop_class_uid: str
    requested_sop_instance_uid: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NActionRSP(_NormalizedRSP):
    """The answer to an N-ACTION-RQ, with or without an Action Reply (PS3.7 10.3.4.2)."""

    NAME: ClassVar[str] = "N-ACTION-RSP"
    COMMAND_FIELD: ClassVar[int] = 0x8130

    action_type_id: int | None = None

    def fault(self) -> str | None:
        """An Action Reply needs its Action Type ID (PS3.7 10.1.4.1.5)."""
        if self.data_set_follows and self.action_type_id is None:
            return "an Action Reply goes with its Action Type ID"
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class NActionRQ(Request[NActionRSP]):
    """Ask for an action on an instance (PS3.7 10.3.4.1)."""

    NAME: ClassVar[str] = "N-ACTION-RQ"
    COMMAND_FIELD: ClassVar[int] = 0x0130
    DATA_SET: ClassVar[DataSet] = DataSet.CONDITIONAL
    RESPONSE: ClassVar[type[Response]] = NActionRSP

    data_set_follows: bool = False
    requested_sop_class_uid: str
    requested_sop_instance_uid: str
    action_type_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NCreateRSP(_NormalizedRSP):
    """The answer to an N-CREATE-RQ (PS3.7 10.3.5.2).

    A success must name the instance when the request didn't; `messages.response_to` sees to it.
    """

    NAME: ClassVar[str] = "N-CREATE-RSP"
    COMMAND_FIELD: ClassVar[int] = 0x8140

    attribute_identifier_list: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NCreateRQ(Request[NCreateRSP]):
    """Create an instance; without a SOP Instance UID the peer chooses one (PS3.7 10.3.5.1)."""

    NAME: ClassVar[str] = "N-CREATE-RQ"
    COMMAND_FIELD: ClassVar[int] = 0x0140
    DATA_SET: ClassVar[DataSet] = DataSet.CONDITIONAL
    RESPONSE: ClassVar[type[Response]] = NCreateRSP

    data_set_follows: bool = False
    affected_sop_class_uid: str
    affected_sop_instance_uid: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NDeleteRSP(_NormalizedRSP):
    """The answer to an N-DELETE-RQ (PS3.7 10.3.6.2)."""

    NAME: ClassVar[str] = "N-DELETE-RSP"
    COMMAND_FIELD: ClassVar[int] = 0x8150
    DATA_SET: ClassVar[DataSet] = DataSet.NEVER


@dataclass(frozen=True, slots=True, kw_only=True)
class NDeleteRQ(Request[NDeleteRSP]):
    """Delete an instance (PS3.7 10.3.6.1)."""

    NAME: ClassVar[str] = "N-DELETE-RQ"
    COMMAND_FIELD: ClassVar[int] = 0x0150
    DATA_SET: ClassVar[DataSet] = DataSet.NEVER
    RESPONSE: ClassVar[type[Response]] = NDeleteRSP

    data_set_follows: bool = False
    requested_sop_class_uid: str
    requested_sop_instance_uid: str


NORMALIZED: Final[tuple[type[Message], ...]] = (
    NEventReportRQ, NEventReportRSP, NGetRQ, NGetRSP, NSetRQ, NSetRSP, NActionRQ, NActionRSP,
    NCreateRQ, NCreateRSP, NDeleteRQ, NDeleteRSP,
)  # fmt: skip
"""All of them."""
