"""What all messages have in common: their shape, and how fields become elements and back.

A message is a frozen dataclass whose fields are the elements of its table in PS3.7 9.3 or 10.3,
in snake case (Affected SOP Class UID -> affected_sop_class_uid). Three elements have no field of
their own: the group length is worked out, the Command Field belongs to the class, and of the
Command Data Set Type only `data_set_follows` matters. A field without a default is a mandatory
element; None stands for "not sent".

The way from fields to elements is worked out once per class (`plan_of`), so that a message costs
a few microseconds.
"""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter

from dimse.errors import InvalidValue
from dimse.messages import command
from dimse.tables.command_elements import ELEMENTS
from dul.enumeration import Enum
from dul.values import MISSING, TYPE_CHECKING, Generic, TypeVar, dataclass, fields

if TYPE_CHECKING:
    from typing import Any, ClassVar, Final

__all__ = [
    "DATA_SET_FOLLOWS",
    "DataSet",
    "Message",
    "Plan",
    "Priority",
    "Request",
    "Response",
    "field_name",
    "plan_of",
]


DATA_SET_FOLLOWS: Final = 0x0001
"""What we send as Command Data Set Type where one follows, as most senders do: there are receivers that
look for it instead of comparing with 0101H."""


class DataSet(Enum):
    """Whether a data set goes with a message (the last rows of its table)."""

    ALWAYS = "always"
    NEVER = "never"
    CONDITIONAL = "conditional"


class Priority:
    """Values of Priority (0000,0700), PS3.7 E.1."""

    MEDIUM: Final = 0x0000
    HIGH: Final = 0x0001
    LOW: Final = 0x0002


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A DIMSE message: its command set, and whether a data set follows.

    Attributes:
        NAME: as PS3.7 writes it, "C-STORE-RQ".
        COMMAND_FIELD: the value of (0000,0100).
        DATA_SET: whether the table provides for a data set.
        data_set_follows: what Command Data Set Type says: False for 0101H, True for anything
            else. On a received message it is what the peer said, also where DATA_SET forbids it:
            those bytes have to be read, whatever the answer is.
    """

    NAME: ClassVar[str]
    COMMAND_FIELD: ClassVar[int]
    DATA_SET: ClassVar[DataSet]

    data_set_follows: bool

    def fault(self) -> str | None:
        """What makes this message illegal to send, over and above single values; None if legal."""
        if self.DATA_SET is DataSet.ALWAYS and not self.data_set_follows:
            return "a data set always follows this message"
        if self.DATA_SET is DataSet.NEVER and self.data_set_follows:
            return "a data set never follows this message"
        return None

    def encode(self) -> bytes:
        """The command set on the wire (PS3.7 6.3.1).

        Raises:
            InvalidValue: a field can't be encoded, a mandatory one is missing, or the fields
                contradict each other.
        """
        fault = self.fault()
        if fault is not None:
            raise InvalidValue(self.NAME, fault)
        plan = plan_of(type(self))
        rows = zip(plan.writers, plan.optional, plan.values(self), strict=True)
        return command.frame(
            b"".join(
                [
                    write(value)
                    for write, optional, value in rows
                    if not (optional and value is None)
                ]
            )
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Response(Message):
    """What every response has: PS3.7 9.3 and 10.3, and Annex C for the fields beside a status."""

    message_id_being_responded_to: int
    affected_sop_class_uid: str | None = None
    status: int
    error_comment: str | None = None


R_co = TypeVar("R_co", bound=Response, covariant=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request(Message, Generic[R_co]):
    """What every request has; `R_co` is the class of its response."""

    RESPONSE: ClassVar[type[Response]]

    message_id: int


@dataclass(frozen=True, slots=True)
class Plan:
    """How one class of messages maps to elements.

    Attributes:
        writers: per element in the order of tags, the function from the value to bytes.
        optional: whether None stands for "not sent" there.
        values: from a message the values for `writers`, in their order.
        readers: per field its name, the keyword of its element, and whether it must be there.
    """

    writers: tuple[Callable[[Any], bytes], ...]
    optional: tuple[bool, ...]
    values: Callable[[Any], tuple[Any, ...]]
    readers: tuple[tuple[str, str, bool], ...]


def field_name(keyword: str) -> str:
    """The name of the field that holds an element: AffectedSOPClassUID -> affected_sop_class_uid."""
    words = ""
    for here, behind in zip(keyword, f"{keyword[1:]}A", strict=True):
        # A word begins where small letters end, and at the last capital in front of small ones.
        begins = here.isupper() and (words[-1:].islower() or (bool(words) and behind.islower()))
        words += f"_{here}" if begins else here
    return words.lower()


_PLANS: Final[dict[type[Message], Plan]] = {}


def plan_of(message: type[Message]) -> Plan:
    """The mapping of a class of messages; worked out when it is first asked for."""
    plan = _PLANS.get(message)
    if plan is None:
        plan = _PLANS[message] = _work_out(message)
    return plan


def _work_out(message: type[Message]) -> Plan:
    known = {field.name: field for field in fields(message)}
    write_type = command.writer("CommandDataSetType")
    data_set_type = {False: write_type(command.NO_DATA_SET), True: write_type(DATA_SET_FOLLOWS)}
    writers: list[Callable[[Any], bytes]] = []
    names: list[str] = []
    readers: list[tuple[str, str, bool]] = []
    for element in ELEMENTS[1:]:
        name = field_name(element.keyword)
        if element.keyword == "CommandField":
            names.append("COMMAND_FIELD")
            writers.append(command.writer(element.keyword))
        elif element.keyword == "CommandDataSetType":
            names.append("data_set_follows")
            writers.append(lambda follows: data_set_type[bool(follows)])
        elif name in known:
            names.append(name)
            writers.append(command.writer(element.keyword))
            readers.append((name, element.keyword, known[name].default is MISSING))
    optional = tuple(name in known and known[name].default is None for name in names)
    return Plan(tuple(writers), optional, attrgetter(*names), tuple(readers))
