"""Which requests are served, where their data sets go, and who answers them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from dimse.errors import Refused
from dimse.messages.base import Request
from dimse.messages.composite import CEchoRQ, CStoreRQ
from dimse.provider import OpenSink, Provider
from dimse.requests import EchoRequest, ServiceRequest, StoreRequest
from dimse.storage.checked import Checked
from dimse.storage.identifiers import check_identifiers
from dimse.storage.sink import Budget, Discard, Memory, Sink
from dimse.tables import status as statuses
from dimse.tables.uids import VERIFICATION
from dul.values import TYPE_CHECKING, dataclass

if TYPE_CHECKING:
    from typing import Any

__all__ = ["Service", "Services"]

_CO_COROUTINE = 0x80  # `inspect.CO_COROUTINE`


@dataclass(frozen=True, slots=True)
class Service:
    """How requests of one class are served.

    Attributes:
        judge: what forbids one before its data set is looked at; None: nothing.
        open_sink: where its data set goes.
        handler: answers it, with what an `AsyncHandler` gives; None: Success.
        lent: its data set is needed until it is answered, and no longer.
        awaited: a function of the user's is a coroutine function, for the asyncio face to await.
    """

    judge: Callable[[Any], Refused | None]
    open_sink: OpenSink[Any]
    handler: Callable[[Any], Any] | None = None
    lent: bool = False
    awaited: bool = False


class Services:
    """What a provider serves.

    Args:
        provider: what the user gives.
        memory: for data sets that are received into memory.
    """

    def __init__(self, provider: Provider, memory: Budget) -> None:
        def into_memory(_: ServiceRequest[Any]) -> Sink:
            return Memory(memory)

        def checked_into_memory(request: StoreRequest) -> Sink:
            check_identifiers(request)
            identifiers = request.sop_class_uid, request.sop_instance_uid
            return Checked(
                Memory(memory),
                *identifiers,
                request.transfer_syntax_uid,
                strict=provider.strict,
            )

        self._services: dict[type[Request[Any]], Service] = {
            CEchoRQ: Service(_verification, _dropped, provider.on_echo)
        }
        if provider.open_sink is not None:
            awaited = _is_awaited(provider.open_sink) or _is_awaited(provider.on_store)
            self._services[CStoreRQ] = Service(
                _storage, provider.open_sink, provider.on_store, awaited=awaited
            )
        elif provider.on_store is not None:
            self._services[CStoreRQ] = Service(
                _storage, checked_into_memory, provider.on_store, lent=True
            )
        for kind, handler in provider.handlers.items():
            self._services[kind] = Service(_of_an_scu, into_memory, handler, lent=True)

    @property
    def of_stores(self) -> Service:
        """How C-STOREs are served."""
        return self._services.get(CStoreRQ, _UNSERVED)

    def of(self, request: ServiceRequest[Any]) -> Service:
        """How a request is served."""
        return self._services.get(type(request.message), _UNSERVED)


def _is_awaited(function: Callable[..., Any] | None) -> bool:
    """As `inspect.iscoroutinefunction`, whose module takes long to load."""
    while isinstance(function, partial):
        function = function.func
    code = getattr(function, "__code__", None)
    return code is not None and bool(code.co_flags & _CO_COROUTINE)


def _dropped(_: ServiceRequest[Any]) -> Sink:
    return Discard()


def _unrecognized(request: ServiceRequest[Any]) -> Refused:
    return Refused(statuses.UNRECOGNIZED_OPERATION, f"no {request.message.NAME} is served here")


_N_EVENT_REPORT_RQ = 0x0100  # a number, as no other service here knows the normalized messages
_UNSERVED = Service(_unrecognized, _dropped)


def _of_an_scu(request: ServiceRequest[Any]) -> Refused | None:
    # An N-EVENT-REPORT is what an SCP says.
    if request.context.requestor_is_scu or request.message.COMMAND_FIELD == _N_EVENT_REPORT_RQ:
        return None
    return Refused(
        statuses.SOP_CLASS_NOT_SUPPORTED, "the requestor is no SCU on this presentation context"
    )


def _verification(request: EchoRequest) -> Refused | None:
    """Why a C-ECHO is refused, or None (PS3.4 A.4)."""
    if {request.context.abstract_syntax, request.message.affected_sop_class_uid} == {VERIFICATION}:
        return None
    return Refused(statuses.SOP_CLASS_NOT_SUPPORTED, "no verification on this presentation context")


def _storage(request: StoreRequest) -> Refused | None:
    """Why a C-STORE is refused, or None (PS3.4 B.2.3, PS3.7 9.1.1)."""
    context = request.context
    if context.abstract_syntax == VERIFICATION or not context.requestor_is_scu:
        return Refused(statuses.SOP_CLASS_NOT_SUPPORTED, "no storage on this presentation context")
    if request.message.affected_sop_class_uid != context.abstract_syntax:
        return Refused(
            statuses.DATA_SET_DOES_NOT_MATCH_SOP_CLASS,
            "the SOP class is not that of the presentation context",
        )
    if not request.message.data_set_follows:
        return Refused(statuses.CANNOT_UNDERSTAND, "no data set follows")
    return None
