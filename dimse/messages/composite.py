"""The messages of the composite services, C-STORE to C-CANCEL (PS3.7 9.3).

Optional fields whose use isn't in the message's own table are those that Annex C provides for
beside a status: Offending Element and Error Comment.
"""

from __future__ import annotations

from functools import lru_cache

from dimse.messages import command
from dimse.messages.base import (
    DataSet,
    Message,
    Priority,
    Request,
    Response,
)
from dimse.tables.status import StatusClass, classify, is_pending
from dimse.tables.uids import is_sendable
from dul.values import TYPE_CHECKING, dataclass

if TYPE_CHECKING:
    from typing import ClassVar, Final

__all__ = [
    "COMPOSITE",
    "CCancelRQ",
    "CEchoRQ",
    "CEchoRSP",
    "CFindRQ",
    "CFindRSP",
    "CGetRQ",
    "CGetRSP",
    "CMoveRQ",
    "CMoveRSP",
    "CStoreRQ",
    "CStoreRSP",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class CStoreRSP(Response):
    """The answer to one stored object (PS3.7 9.3.1.2)."""

    NAME: ClassVar[str] = "C-STORE-RSP"
    COMMAND_FIELD: ClassVar[int] = 0x8001
    DATA_SET: ClassVar[DataSet] = DataSet.NEVER

    data_set_follows: bool = False
    affected_sop_instance_uid: str | None = None
    offending_element: tuple[int, ...] | None = None

    def encode(self) -> bytes:
        """See `Message.encode`; of the answers to a run's objects two elements differ."""
        sop_class, instance = self.affected_sop_class_uid, self.affected_sop_instance_uid
        if (
            sop_class is None
            or instance is None
            or self.data_set_follows
            or self.error_comment is not None
            or self.offending_element is not None
        ):
            return Message.encode(self)
        number = self.message_id_being_responded_to
        if not (0 <= number <= 0xFFFF and is_sendable(instance)):
            return Message.encode(self)  # which says why it can't be sent
        value = command.even(instance)
        before, between = _around_what_is_answered(sop_class, self.status, len(value))
        return before + number.to_bytes(2, "little") + between + value


@dataclass(frozen=True, slots=True, kw_only=True)
class CStoreRQ(Request[CStoreRSP]):
    """Store the object in the data set (PS3.7 9.3.1.1).

    Priority is mandatory, but on receipt a missing one is taken as MEDIUM: there are senders
    without it, nothing in storage depends on it, and refusing (as DCMTK does) costs the
    association. The move originator is given when the C-STORE is a sub-operation of a C-MOVE.
    """

    NAME: ClassVar[str] = "C-STORE-RQ"
    COMMAND_FIELD: ClassVar[int] = 0x0001
    DATA_SET: ClassVar[DataSet] = DataSet.ALWAYS
    RESPONSE: ClassVar[type[Response]] = CStoreRSP

    data_set_follows: bool = True
    affected_sop_class_uid: str
    priority: int = Priority.MEDIUM
    affected_sop_instance_uid: str
    move_originator_application_entity_title: str | None = None
    move_originator_message_id: int | None = None

    def encode(self) -> bytes:
        """See `Message.encode`; of the requests of a run two elements differ."""
        if not self.data_set_follows:
            return Message.encode(self)  # which says why it can't be sent
        uid = self.affected_sop_instance_uid
        if not is_sendable(uid):
            return Message.encode(self)  # the same
        value = command.even(uid)
        before, between, behind = _around_what_differs(
            self.affected_sop_class_uid,
            self.priority,
            self.move_originator_application_entity_title,
            self.move_originator_message_id,
            len(value),
        )
        number = self.message_id
        if not 0 <= number <= 0xFFFF:
            return Message.encode(self)  # the same
        return before + number.to_bytes(2, "little") + between + value + behind


@lru_cache(maxsize=64)
def _around_the_answered(
    command_field: int, sop_class_uid: str, status: int
) -> tuple[bytes, bytes]:
    """The elements of a C-STORE-RSP or C-ECHO-RSP before (0000,0120), and those up to (0000,1000)."""
    write = command.writer
    return (
        write("AffectedSOPClassUID")(sop_class_uid) + write("CommandField")(command_field),
        write("CommandDataSetType")(command.NO_DATA_SET) + write("Status")(status),
    )


@lru_cache(maxsize=64)
def _around_what_is_answered(sop_class_uid: str, status: int, length: int) -> tuple[bytes, bytes]:
    """A C-STORE-RSP before its Message ID Being Responded To, and from there to its SOP Instance UID.

    Its SOP Instance UID, of this even length, is its end.
    """
    example = CStoreRSP(
        message_id_being_responded_to=0,
        affected_sop_class_uid=sop_class_uid,
        affected_sop_instance_uid="1" * length,
        status=status,
    )
    number = _answered(0)
    before, _, behind = Message.encode(example).partition(number)
    return before + number[:-2], behind[:-length]


@lru_cache(maxsize=64)
def _around_what_differs(
    sop_class_uid: str, priority: int, title: str | None, message_id: int | None, length: int
) -> tuple[bytes, bytes, bytes]:
    """A C-STORE-RQ before its Message ID, from there to its SOP Instance UID, and behind that.

    Its SOP Instance UID has this even length.
    """
    example = CStoreRQ(
        message_id=0,
        affected_sop_class_uid=sop_class_uid,
        affected_sop_instance_uid="1" * length,
        priority=priority,
        move_originator_application_entity_title=title,
        move_originator_message_id=message_id,
    )
    number, instance = _number(0), _instance("1" * length)
    before, _, behind = Message.encode(example).partition(number)
    between, _, behind = behind.partition(instance)
    return before + number[:-2], between + instance[:-length], behind


_number: Final = command.writer("MessageID")
_answered: Final = command.writer("MessageIDBeingRespondedTo")
_instance: Final = command.writer("AffectedSOPInstanceUID")


@dataclass(frozen=True, slots=True, kw_only=True)
class CFindRSP(Response):
    """A match (Pending, with its Identifier) or the end of a query (PS3.7 9.3.2.2)."""

    NAME: ClassVar[str] = "C-FIND-RSP"
    COMMAND_FIELD: ClassVar[int] = 0x8020
    DATA_SET: ClassVar[DataSet] = DataSet.CONDITIONAL

    data_set_follows: bool = False
    offending_element: tuple[int, ...] | None = None

    def fault(self) -> str | None:
        """An Identifier goes with a Pending status and with no other (PS3.7 9.1.2.1.5)."""
        if self.data_set_follows != is_pending(self.status):
            return "an Identifier follows if, and only if, the status is Pending"
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class CFindRQ(Request[CFindRSP]):
    """Query for what matches the Identifier (PS3.7 9.3.2.1). A missing Priority is MEDIUM."""

    NAME: ClassVar[str] = "C-FIND-RQ"
    COMMAND_FIELD: ClassVar[int] = 0x0020
    DATA_SET: ClassVar[DataSet] = DataSet.ALWAYS
    RESPONSE: ClassVar[type[Response]] = CFindRSP

    data_set_follows: bool = True
    affected_sop_class_uid: str
    priority: int = Priority.MEDIUM


@dataclass(frozen=True, slots=True, kw_only=True)
class _RetrieveRSP(Response):
    """What C-GET-RSP and C-MOVE-RSP share: the counters of sub-operations."""

    DATA_SET: ClassVar[DataSet] = DataSet.CONDITIONAL

    data_set_follows: bool = False
    offending_element: tuple[int, ...] | None = None
    number_of_remaining_suboperations: int | None = None
    number_of_completed_suboperations: int | None = None
    number_of_failed_suboperations: int | None = None
    number_of_warning_suboperations: int | None = None

    def fault(self) -> str | None:
        """Which counters go with which status (PS3.4 C.4.2 and C.4.3)."""
        if is_pending(self.status):
            counters = (
                self.number_of_remaining_suboperations,
                self.number_of_completed_suboperations,
                self.number_of_failed_suboperations,
                self.number_of_warning_suboperations,
            )
            if None in counters:
                return "a Pending status goes with all four numbers of sub-operations"
        elif (
            self.number_of_remaining_suboperations is not None
            and classify(self.status) is not StatusClass.CANCEL
        ):
            return "the number of remaining sub-operations goes with Pending and Cancel only"
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class CGetRSP(_RetrieveRSP):
    """Progress or end of a C-GET (PS3.7 9.3.3.2); an Identifier lists what failed."""

    NAME: ClassVar[str] = "C-GET-RSP"
    COMMAND_FIELD: ClassVar[int] = 0x8010


@dataclass(frozen=True, slots=True, kw_only=True)
class CGetRQ(Request[CGetRSP]):
    """Send what matches on this association (PS3.7 9.3.3.1). A missing Priority is MEDIUM."""

    NAME: ClassVar[str] = "C-GET-RQ"
    COMMAND_FIELD: ClassVar[int] = 0x0010
    DATA_SET: ClassVar[DataSet] = DataSet.ALWAYS
    RESPONSE: ClassVar[type[Response]] = CGetRSP

    data_set_follows: bool = True
    affected_sop_class_uid: str
    priority: int = Priority.MEDIUM


@dataclass(frozen=True, slots=True, kw_only=True)
class CMoveRSP(_RetrieveRSP):
    """Progress or end of a C-MOVE (PS3.7 9.3.4.2); an Identifier lists what failed."""

    NAME: ClassVar[str] = "C-MOVE-RSP"
    COMMAND_FIELD: ClassVar[int] = 0x8021


@dataclass(frozen=True, slots=True, kw_only=True)
class CMoveRQ(Request[CMoveRSP]):
    """Send what matches to another AE (PS3.7 9.3.4.1). A missing Priority is MEDIUM."""

    NAME: ClassVar[str] = "C-MOVE-RQ"
    COMMAND_FIELD: ClassVar[int] = 0x0021
    DATA_SET: ClassVar[DataSet] = DataSet.ALWAYS
    RESPONSE: ClassVar[type[Response]] = CMoveRSP

    data_set_follows: bool = True
    affected_sop_class_uid: str
    move_destination: str
    priority: int = Priority.MEDIUM


@dataclass(frozen=True, slots=True, kw_only=True)
class CEchoRSP(Response):
    """The answer to a C-ECHO-RQ (PS3.7 9.3.5.2)."""

    NAME: ClassVar[str] = "C-ECHO-RSP"
    COMMAND_FIELD: ClassVar[int] = 0x8030
    DATA_SET: ClassVar[DataSet] = DataSet.NEVER

    data_set_follows: bool = False

    def encode(self) -> bytes:
        """See `Message.encode`; of the answers to a run's requests one value differs."""
        sop_class = self.affected_sop_class_uid
        if sop_class is None or self.data_set_follows or self.error_comment is not None:
            return Message.encode(self)
        before, behind = _around_the_answered(self.COMMAND_FIELD, sop_class, self.status)
        return command.frame(before + _answered(self.message_id_being_responded_to) + behind)


@dataclass(frozen=True, slots=True, kw_only=True)
class CEchoRQ(Request[CEchoRSP]):
    """Verify that the peer answers (PS3.7 9.3.5.1)."""

    NAME: ClassVar[str] = "C-ECHO-RQ"
    COMMAND_FIELD: ClassVar[int] = 0x0030
    DATA_SET: ClassVar[DataSet] = DataSet.NEVER
    RESPONSE: ClassVar[type[Response]] = CEchoRSP

    data_set_follows: bool = False
    affected_sop_class_uid: str

    def encode(self) -> bytes:
        """See `Message.encode`; of the requests of a run one value differs."""
        if self.data_set_follows or not 0 <= self.message_id <= 0xFFFF:
            return Message.encode(self)  # which says why it can't be sent
        before, behind = _around_the_number(self.affected_sop_class_uid)
        return before + self.message_id.to_bytes(2, "little") + behind


@lru_cache(maxsize=4)
def _around_the_number(sop_class_uid: str) -> tuple[bytes, bytes]:
    """A C-ECHO-RQ before its Message ID, and behind that."""
    example = CEchoRQ(message_id=0, affected_sop_class_uid=sop_class_uid)
    number = _number(0)
    before, _, behind = Message.encode(example).partition(number)
    return before + number[:-2], behind


@dataclass(frozen=True, slots=True, kw_only=True)
class CCancelRQ(Message):
    """End a C-FIND, C-GET or C-MOVE early (PS3.7 9.3.2.3, 9.3.3.3, 9.3.4.3).

    One message for the three: it names the operation by its Message ID, and has no answer of its
    own. The operation ends with status FE00H.
    """

    NAME: ClassVar[str] = "C-CANCEL-RQ"
    COMMAND_FIELD: ClassVar[int] = 0x0FFF
    DATA_SET: ClassVar[DataSet] = DataSet.NEVER

    data_set_follows: bool = False
    message_id_being_responded_to: int


COMPOSITE: Final[tuple[type[Message], ...]] = (
    CStoreRQ, CStoreRSP, CFindRQ, CFindRSP, CGetRQ, CGetRSP, CMoveRQ, CMoveRSP, CEchoRQ, CEchoRSP, CCancelRQ,
)  # fmt: skip
"""All of them."""
