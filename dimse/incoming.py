"""A request whose data set is on its way in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import CoroutineType

from dimse.errors import AbortAssociation
from dimse.intake import Intake
from dimse.messages.assembly import DataSetPart
from dimse.provider import OpenSink
from dimse.requests import Content, ServiceRequest
from dimse.storage.sink import Sink
from dul.conversations import Call, Conversation
from dul.values import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from typing import Any

__all__ = ["Incoming"]

R = TypeVar("R", bound="ServiceRequest[Any]")


class Incoming(Generic[R]):
    """What has come of a request: where its data set goes, or why it is dropped.

    A data set is read to its end even if it is dropped, so that the association lives on.

    Args:
        request: its data set is still to come.
        lent: the data set is needed until `close`, and no longer.

    Attributes:
        request: with its content, once `finish` has succeeded.
        refusal: the first thing that went wrong, or None.
        length: bytes of the data set that `receive` has taken, dropped ones included.
        settled: the sink is committed.
    """

    def __init__(self, request: R, *, lent: bool) -> None:
        self.request = request
        self._lent = lent
        self.refusal: Exception | None = None
        self.length = 0
        self.settled = False
        self._sink: Sink | None = None

    def keep(
        self,
        open_sink: OpenSink[R],
        fragments: Sequence[memoryview],
        handler: Callable[[R], Any] | None,
    ) -> Any:
        """`begin`, `receive` and `finish` in one, for a data set that has come whole; then its handler.

        Called where functions of the user's are: all that it calls is.

        Returns:
            What the handler gives, if it comes to that. Or what `commit` gives, if that is for the
            asyncio face to await: for `settle`, and `settled` is false.
        """
        try:
            self._sink = sink = open_sink(self.request)
            sink.write(fragments)
            content: Any = sink.commit()
            if type(content) is CoroutineType:
                return content
        except Exception as error:  # noqa: BLE001 - it may fail in any way; it is answered
            self.refuse(error)
            return None
        self.settle(content)
        return None if handler is None else handler(self.request)

    def settle(self, content: Content) -> None:
        """The sink is committed, and has given this."""
        warnings: tuple[str, ...] = getattr(self._sink, "warnings", ())
        self.request = self.request.having(content, warnings)
        self.settled = True
        if not self._lent:
            self._sink = None  # what is committed is not ours any more

    def begin(self, open_sink: OpenSink[R]) -> Conversation[None]:
        """Make the sink; not for what is refused already."""
        if self.refusal is None:
            try:
                self._sink = yield Call(open_sink, (self.request,))
            except Exception as error:  # noqa: BLE001 - it may fail in any way; it is answered
                self.refuse(error)

    def receive(self, inbox: Intake) -> Conversation[bool]:
        """Take the data set as it comes; gives whether it came to its end (else: a release).

        Raises:
            DIMSEError: the peer's fragments make no message; or the sink wants the end.
            DULError: the association ended.
        """
        while True:
            part = yield from inbox.next()
            if part is None:
                return False
            assert isinstance(part, DataSetPart)  # the assembler sees to it
            self.length += sum(map(len, part.fragments))
            if self._sink is not None:
                try:
                    self._sink.write(part.fragments)
                except Exception as error:  # noqa: BLE001 - a sink may fail in any way
                    self.refuse(error)
            if part.last:
                return True

    def finish(self) -> Conversation[None]:
        """Commit the sink; what it gives becomes the request's content."""
        if self._sink is None:
            return
        try:
            content = yield Call(self._sink.commit)
        except Exception as error:  # noqa: BLE001 - it may fail in any way; it is answered
            self.refuse(error)
        else:
            self.settle(content)

    def refuse(self, error: Exception) -> None:
        """Drop the data set; only the first reason counts.

        Raises:
            AbortAssociation: it is one: then nothing is to be answered.
        """
        if isinstance(error, AbortAssociation):
            raise error
        self.refusal = self.refusal or error
        self.close()

    def close(self) -> None:
        """Leave no trace of a data set that is not complete, or was lent. Idempotent."""
        sink, self._sink = self._sink, None
        if sink is not None:
            sink.discard()
