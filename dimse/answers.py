"""What a handler gives back, turned into answers one at a time, in either face."""

from __future__ import annotations

from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Callable,
    Coroutine,
    Generator,
    Iterable,
    Iterator,
)

from dimse.errors import Cancelled, InvalidValue
from dimse.messages.base import Response
from dimse.messages.codec import response_to
from dimse.messages.composite import CFindRQ, CGetRQ, CMoveRQ
from dimse.objects.decoded import encode_data_set
from dimse.provider import Answer
from dimse.requests import ServiceRequest
from dimse.tables import status as statuses
from dul.conversations import Call, Conversation
from dul.values import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any, Final

__all__ = ["Answers", "checked_status"]

_END: Final = object()
_PLAIN: Final = Answer(statuses.SUCCESS)
_PENDING: Final = frozenset({statuses.PENDING, statuses.PENDING_WITH_UNSUPPORTED_OPTIONAL_KEYS})
_ANSWERED_OFTEN: Final = (CFindRQ, CGetRQ, CMoveRQ)


def checked_status(value: object) -> int:
    """The status that a handler gave; None is Success.

    Raises:
        InvalidValue: it is no status: 0000H to FFFFH, as any kind of int but a bool.
    """
    if value is None:
        return statuses.SUCCESS
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 0xFFFF:
        return int(value)
    if isinstance(value, Coroutine):
        value.close()
        raise InvalidValue("handler", "a coroutine function, which only `dimse.aio` can await")
    shown = repr(value) if isinstance(value, int | float | str) else type(value).__name__
    raise InvalidValue("handler", f"gave {shown}, which is no status from 0000H to FFFFH")


def _is_one_value(given: object) -> bool:
    """Texts, data sets (a `Status` in one, as pynetdicom has it) and dictionaries: no answers in them."""
    return isinstance(given, str | bytes) or hasattr(given, "keys")


class Answers:
    """The answers of a handler to a request, one at a time; nothing happens before the first `next`.

    Where the handler leaves it at Pending answers, or gives none, Success stands at the end.
    """

    def __init__(self, handler: Callable[[Any], Any], request: ServiceRequest[Any]) -> None:
        self._request = request
        self._call = Call(handler, (request,))
        self._iterator: Iterator[Any] | AsyncIterator[Any] | None = None
        self._cancelled = False
        self._final = _PLAIN

    def next(self) -> Conversation[Answer]:
        """The next answer; there is none behind one that is not Pending.

        Raises:
            InvalidValue: what the handler gave is no answer.
            Exception: whatever the handler raises.
        """
        if self._iterator is None:
            given = yield self._call
            if given is None:
                return _PLAIN
            if isinstance(given, AsyncIterable):
                self._iterator = aiter(given)
            elif isinstance(given, Iterable) and not _is_one_value(given):
                self._iterator = iter(given)
            elif isinstance(given, Answer):
                return _checked(given)
            else:
                return Answer(checked_status(given))
        if self._cancelled:
            self._cancelled = False
            item = yield from self._throw(self._iterator)
        elif isinstance(self._iterator, AsyncIterator):
            item = yield Call(_next_later, (self._iterator,))
        else:
            item = yield Call(_next, (self._iterator,))
        return self._final if item is _END else _checked(item)

    def encoded(self, answer: Answer) -> Conversation[tuple[Response, bytes, bytes | None]]:
        """An answer as it is sent: its message, the command set, and the data set if there is one.

        Raises:
            InvalidValue: it can't travel.
            TypeError: its response has no such element.
            Exception: whatever pydicom raises of a data set that it can't encode.
        """
        request, data_set = self._request, answer.data_set
        if answer.status in _PENDING and not isinstance(request.message, _ANSWERED_OFTEN):
            raise InvalidValue(
                "handler",
                f"gave Pending ({answer.status:04X}H), which no {request.message.NAME} has",
            )
        if data_set is not None:
            if not isinstance(data_set, bytes):
                data_set = yield Call(encode_data_set, (data_set, request.transfer_syntax_uid))
                assert isinstance(data_set, bytes)
            if not data_set or len(data_set) % 2:
                raise InvalidValue(
                    "Answer", f"a data set of {len(data_set)} bytes: it must be even and not 0"
                )
        response: Response = response_to(
            request.message,
            answer.status,
            data_set_follows=data_set is not None,
            **answer.elements(),
        )
        return response, response.encode(), data_set

    def cancel(self) -> None:
        """The operation was cancelled: the next answer is what the handler has to say to that."""
        self._cancelled = True
        self._final = Answer(statuses.CANCEL)

    def abandon(self) -> None:
        """Let a generator clean up that did not come to its end; idempotent."""
        if isinstance(self._iterator, Generator):
            self._iterator.close()

    def _throw(self, iterator: Iterator[Any] | AsyncIterator[Any]) -> Conversation[Any]:
        match iterator:
            case AsyncGenerator():
                return (yield Call(_throw_later, (iterator,)))
            case Generator():
                return (yield Call(_throw, (iterator,)))
        return _END


def _checked(item: object) -> Answer:
    if isinstance(item, Answer):
        checked_status(item.status)
        return item
    if isinstance(item, Coroutine):
        item.close()
        raise InvalidValue("handler", "an asynchronous generator, which only `dimse.aio` can await")
    raise InvalidValue("handler", f"gave {item!r}, which is no Answer")


# StopIteration can't leave a thread by way of a future, hence these; and a coroutine function is
# awaited in the event loop, where other functions run in a thread.


def _next(iterator: Iterator[Any]) -> Any:
    return next(iterator, _END)


def _throw(generator: Generator[Any, Any, Any]) -> Any:
    try:
        return generator.throw(Cancelled())
    except (StopIteration, Cancelled):
        return _END


async def _next_later(iterator: AsyncIterator[Any]) -> Any:
    return await anext(iterator, _END)


async def _throw_later(generator: AsyncGenerator[Any, Any]) -> Any:
    try:
        return await generator.athrow(Cancelled())
    except (StopAsyncIteration, Cancelled):
        return _END
