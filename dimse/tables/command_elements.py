"""The elements of a command set: PS3.7 Table E.1-1, all of group 0000 that is not retired."""

from __future__ import annotations

from dul.values import TYPE_CHECKING, dataclass

if TYPE_CHECKING:
    from typing import Final

__all__ = ["ELEMENTS", "Element"]


@dataclass(frozen=True, slots=True)
class Element:
    """A row of PS3.7 Table E.1-1: tag as group << 16 | element, VR and VM as the table has them."""

    tag: int
    keyword: str
    name: str
    vr: str
    vm: str


ELEMENTS: Final = (
    Element(0x0000_0000, "CommandGroupLength", "Command Group Length", "UL", "1"),
    Element(0x0000_0002, "AffectedSOPClassUID", "Affected SOP Class UID", "UI", "1"),
    Element(0x0000_0003, "RequestedSOPClassUID", "Requested SOP Class UID", "UI", "1"),
    Element(0x0000_0100, "CommandField", "Command Field", "US", "1"),
    Element(0x0000_0110, "MessageID", "Message ID", "US", "1"),
    Element(0x0000_0120, "MessageIDBeingRespondedTo", "Message ID Being Responded To", "US", "1"),
    Element(0x0000_0600, "MoveDestination", "Move Destination", "AE", "1"),
    Element(0x0000_0700, "Priority", "Priority", "US", "1"),
    Element(0x0000_0800, "CommandDataSetType", "Command Data Set Type", "US", "1"),
    Element(0x0000_0900, "Status", "Status", "US", "1"),
    Element(0x0000_0901, "OffendingElement", "Offending Element", "AT", "1-n"),
    Element(0x0000_0902, "ErrorComment", "Error Comment", "LO", "1"),
    Element(0x0000_0903, "ErrorID", "Error ID", "US", "1"),
    Element(0x0000_1000, "AffectedSOPInstanceUID", "Affected SOP Instance UID", "UI", "1"),
    Element(0x0000_1001, "RequestedSOPInstanceUID", "Requested SOP Instance UID", "UI", "1"),
    Element(0x0000_1002, "EventTypeID", "Event Type ID", "US", "1"),
    Element(0x0000_1005, "AttributeIdentifierList", "Attribute Identifier List", "AT", "1-n"),
    Element(0x0000_1008, "ActionTypeID", "Action Type ID", "US", "1"),
    Element(0x0000_1020, "NumberOfRemainingSuboperations", "Number of Remaining Sub-operations", "US", "1"),
    Element(0x0000_1021, "NumberOfCompletedSuboperations", "Number of Completed Sub-operations", "US", "1"),
    Element(0x0000_1022, "NumberOfFailedSuboperations", "Number of Failed Sub-operations", "US", "1"),
    Element(0x0000_1023, "NumberOfWarningSuboperations", "Number of Warning Sub-operations", "US", "1"),
    Element(0x0000_1030, "MoveOriginatorApplicationEntityTitle", "Move Originator Application Entity Title", "AE", "1"),
    Element(0x0000_1031, "MoveOriginatorMessageID", "Move Originator Message ID", "US", "1"),
)  # fmt: skip
