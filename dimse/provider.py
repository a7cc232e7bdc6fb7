"""What a user gives to a service class provider, and what it is told.

`dimse.scp` is the conversation that uses it; the servers run one for each association.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, Awaitable, Callable, Iterable, Mapping, Sequence
from operator import attrgetter

from dimse.errors import InvalidValue, Refused, UnknownCommand
from dimse.messages.base import Request, Response
from dimse.requests import EchoRequest, Requestor, ServiceRequest, StoreRequest
from dimse.storage.sink import Sink
from dimse.tables import status as statuses
from dul.pdu import AssociateRJ
from dul.support import Permits, Support
from dul.values import TYPE_CHECKING, TypeVar, dataclass, field, fields

if TYPE_CHECKING:
    from typing import Any, Final, TypeAlias

    from pydicom import Dataset

__all__ = [
    "MAXIMUM_MEMORY",
    "Access",
    "Answer",
    "AsyncHandler",
    "Denied",
    "Granted",
    "Handler",
    "Observer",
    "OpenSink",
    "Provider",
    "Returned",
    "listening",
]

MAXIMUM_MEMORY: Final = 512 << 20
"""Bytes of the data sets that are in memory at a time, unless told otherwise."""


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int = statuses.SUCCESS
    data_set: bytes | Dataset | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer(_Answer):
    """A response of a handler's: its status, its data set, and the elements that its message has.

    Attributes:
        status: (0000,0900).
        data_set: the Identifier, Attribute List, Event Reply ... that goes with it: a pydicom data
            set, or bytes encoded in the transfer syntax of the request's presentation context.
        error_comment: (0000,0902); of a longer or illegal text the legal part is sent.
        offending_element: (0000,0901), tags.
        error_id: (0000,0903).
        affected_sop_instance_uid: (0000,1000), of the instance that an N-CREATE made.
        attribute_identifier_list: (0000,1005), tags.
        event_type_id: (0000,1002).
        action_type_id: (0000,1008).
        number_of_remaining_suboperations: (0000,1020).
        number_of_completed_suboperations: (0000,1021).
        number_of_failed_suboperations: (0000,1022).
        number_of_warning_suboperations: (0000,1023).
    """

    error_comment: str | None = None
    offending_element: tuple[int, ...] | None = None
    error_id: int | None = None
    affected_sop_instance_uid: str | None = None
    attribute_identifier_list: tuple[int, ...] | None = None
    event_type_id: int | None = None
    action_type_id: int | None = None
    number_of_remaining_suboperations: int | None = None
    number_of_completed_suboperations: int | None = None
    number_of_failed_suboperations: int | None = None
    number_of_warning_suboperations: int | None = None

    def elements(self) -> dict[str, object]:
        """The fields of the response message that are given, besides its status."""
        given = zip(_ELEMENTS, _elements_of(self), strict=True)
        return {name: value for name, value in given if value is not None}


_ELEMENTS: Final = tuple(each.name for each in fields(Answer) if each.kw_only)
_elements_of: Final = attrgetter(*_ELEMENTS)

R = TypeVar("R", bound="ServiceRequest[Any]")

OpenSink: TypeAlias = Callable[[R], Sink]
"""Makes the sink for the data set of a request."""

Returned: TypeAlias = int | Answer | Iterable[Answer] | None
"""What a handler gives: a status (None: Success), an answer, or several: Pending ones, a final one."""

Handler: TypeAlias = "Callable[[ServiceRequest[Any]], Returned]"
"""Answers the requests of one class.

A generator may answer while it works: each answer is sent before the next one is asked for, and
as fast as the peer takes them. Where the last one was Pending, or there was none, Success is sent
at the end. If the requestor sends C-CANCEL, `dimse.errors.Cancelled` is raised at the `yield`; a
handler that lets it pass is answered for with Cancel (FE00H), and so is an iterable that is no
generator. What a handler raises is its answer: the status of a `dimse.errors.Refused`, else 0110H,
Processing failure, and a traceback goes to the log. `dimse.errors.AbortAssociation` ends it all.
"""

AsyncHandler: TypeAlias = (
    "Callable[[ServiceRequest[Any]], Returned | Awaitable[Returned] | AsyncIterable[Answer]]"
)
"""A handler for `dimse.aio`: a function, which runs in a thread; a coroutine function; or an
asynchronous generator."""


@dataclass(frozen=True, slots=True)
class Denied:
    """Who called may not: what an `Access` may return to have it told why.

    Attributes:
        answer: the rejection, which says as much as the peer may know.
        why: the rule and what did not fit it, for the log.
    """

    answer: AssociateRJ
    why: str


@dataclass(frozen=True, slots=True)
class Granted:
    """Who called may do so, within bounds: what an `Access` may return.

    Attributes:
        why: the rules that let it in, for the log.
        permits: the presentation contexts that it may have: abstract syntax, transfer syntax; None:
            all. Those that it may not have are refused with "user-rejection" (PS3.8 Table 9-18).
    """

    why: str
    permits: Permits | None = None


Access: TypeAlias = Callable[[Requestor], AssociateRJ | Denied | Granted | None]
"""Judges who calls: its address, what TLS knows of it, its request with the identity that it claims.

It returns a rejection, with a reason for the log (`Denied`) or without, or lets it in, within bounds
(`Granted`) or as anybody (None). If it gives anything else, or raises, the association is aborted and
the log says why. It may take its time, but is no coroutine function. The identity is judged afterwards, by
`Support.user_identity`, if there is one (`Requestor.identity_judged`): who lies is rejected all the
same.
"""


class Observer:
    """Is told what happens, for logs and counts. Every method may be overridden; none may block.

    What they are told: the `requestor`; its `request`, or the `command` that is none of PS3.7's;
    the `length` of a data set in bytes; our `answer` to its association request or the `response`
    to its operation; the `error` that ended it, with all that the peer is not told.
    """

    def associated(self, requestor: Requestor) -> None:
        """An association was established."""

    def rejected(self, requestor: Requestor, answer: AssociateRJ) -> None:
        """A request for one was rejected by us."""

    def judged(
        self, requestor: Requestor, verdict: Denied | Granted, withheld: Sequence[str] = ()
    ) -> None:
        """The access check has said why, or why somebody is rejected in spite of it; the event follows.

        `associated` or `rejected` is that event. The answer to a user identity that is not believed says
        nothing of it (PS3.7 D.3.3.7.3), nor does the one to a maximum length without room for a fragment.

        Unless overridden, what is refused is said on the logger "dimse".

        Args:
            requestor: who called.
            verdict: of the access check, or of these two rules.
            withheld: SOP classes that are supported, and that it may not have, each in words.
        """
        if isinstance(verdict, Denied):
            words = f"may not call: {verdict.why}"
        elif withheld:
            words = f"may not have {', '.join(withheld)}: {verdict.why}"
        else:
            return
        # Loads threads, and is needed only when somebody is refused.
        import logging  # noqa: PLC0415

        logging.getLogger("dimse").warning("%s %s", requestor.address, words)

    def received(self, request: ServiceRequest[Any]) -> None:
        """A request came; its data set, if it has one, follows."""

    def arrived(self, request: ServiceRequest[Any], length: int) -> None:
        """The data set of a request has come to its end: so many bytes. It is not answered yet."""

    def unknown(self, requestor: Requestor, command: UnknownCommand) -> None:
        """A command came that PS3.7 does not have; it is answered with 0211H."""

    def refused(self, request: ServiceRequest[Any], error: Exception) -> None:
        """A request is refused: why, in full. The peer is told the status and a comment only.

        Unless overridden, it is said on the logger "dimse"; where a fault in somebody's code is
        said with its traceback in any case.
        """
        if not isinstance(error, Refused | OSError):
            return
        # Loads threads, and is needed only when something goes wrong.
        import logging  # noqa: PLC0415

        logging.getLogger("dimse").warning(
            "%s of %s refused: %s",
            request.message.NAME,
            request.requestor.address,
            str(error) or type(error).__name__,
        )

    def answered(self, request: ServiceRequest[Any], response: Response) -> None:
        """A response was given; the last one of a request is not Pending."""

    def released(self, requestor: Requestor) -> None:
        """The peer released."""

    def ended(self, requestor: Requestor, error: Exception) -> None:
        """The association, or what was to become one, ended in another way."""


def listening(observer: Observer, name: str) -> Callable[..., None] | None:
    """The method of an observer that is told of something; None: it has left it as it is, and does nothing."""
    method: Callable[..., None] = getattr(observer, name)
    return None if getattr(method, "__func__", None) is getattr(Observer, name) else method


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """What a service class provider does.

    Attributes:
        support: SOP classes, transfer syntaxes, titles, roles; see `dimse.support`.
        open_sink: makes the sink of a C-STORE. An exception, then or from the sink, refuses the
            object: with the status of a `dimse.errors.Refused`, with A700H for a full disk, else
            with 0110H. None: objects are received into memory for `on_store`.
        on_store: called with the object when it is stored; its status is the answer's.
        on_echo: called for a C-ECHO; its status is the answer's.
        on_release: called before a release is answered, for instance `Spool.flush`; what it raises
            aborts the association instead.
        handlers: answer the requests of their class; see `Handler`. Data sets are received into
            memory for them.
        access: called before anything is answered; judges who calls, see `Access`.
        observer: is told what happens.
        max_memory: bytes of the data sets that are in memory at a time, those of all associations
            together; what finds no room is refused with A700H.
        strict: refuse objects that come into memory for what is tolerated otherwise (C000H).
    """

    support: Support
    open_sink: OpenSink[StoreRequest] | None = None
    on_store: Callable[[StoreRequest], int | Awaitable[int | None] | None] | None = None
    on_echo: Callable[[EchoRequest], int | Awaitable[int | None] | None] | None = None
    on_release: Callable[[Requestor], Awaitable[None] | None] | None = None
    handlers: Mapping[type[Request[Any]], AsyncHandler] = field(default_factory=dict)
    access: Access | None = None
    observer: Observer = field(default_factory=Observer)
    max_memory: int = MAXIMUM_MEMORY
    strict: bool = False

    def __post_init__(self) -> None:
        """Refuse what could only fail when somebody calls.

        Raises:
            InvalidValue: a handler that is no function, or of something that is no request.
        """
        for name in ("open_sink", "on_store", "on_echo", "on_release", "access"):
            function = getattr(self, name)
            if function is not None and not callable(function):
                hint = ", as Spool(...).open is" if name == "open_sink" else ""
                raise InvalidValue(name, f"{type(function).__name__} is no function{hint}")
        for kind, function in self.handlers.items():
            if not hasattr(kind, "RESPONSE") or not callable(function):
                raise InvalidValue("handlers", f"{kind!r}: no request's class with a function")
