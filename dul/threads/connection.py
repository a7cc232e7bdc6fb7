"""One association in a thread: its conversations, and its end."""

from __future__ import annotations

import time
from types import TracebackType

from dul import conversations
from dul.association import Association, Role, Trace
from dul.conversations import POLL, Call, Conversation, Step
from dul.events import DataIndication, ReleaseIndication
from dul.limits import Limits
from dul.negotiation import Negotiated
from dul.pdata import Source
from dul.pdu import AssociateRQ
from dul.threads.polling import Polling, resolve
from dul.transport.link import Link
from dul.transport.opening import requestor_link
from dul.transport.pump import (
    NO_WAIT,
    abort_connection,
    begin,
    end,
    exchange,
    give_up_connection,
    handshake,
    is_to_be_released,
    open_link,
    push,
    rest,
    serve_connection,
)
from dul.transport.wakeup import Wakeup
from dul.values import TYPE_CHECKING, TypeVar
from dul.wire import Buffer

if TYPE_CHECKING:
    from ssl import SSLContext
    from typing import Any, Self

__all__ = ["Connection", "connect"]

T = TypeVar("T")


class _Working:
    """What is no `Exception` (Ctrl-C) in the middle of a step leaves nothing certain."""

    __slots__ = ("_link", "_polling")

    def __init__(self, link: Link, polling: Polling) -> None:
        self._link = link
        self._polling = polling

    def __enter__(self) -> None:
        self._polling.resting = False

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if kind is not None and not issubclass(kind, Exception):
            self._link.uncertain |= not self._polling.resting


class Connection:
    """An association and its transport, driven by the thread that calls.

    Use it as a context manager: leaving it releases an established association, or aborts it
    if an exception is on its way, and closes the transport.

    Args:
        association: not begun.
        link: its transport.
        wakeup: ends whatever waits, with `Interrupted`.
    """

    def __init__(self, association: Association, link: Link, wakeup: Wakeup | None = None) -> None:
        self.association = association
        self._link = link
        self._polling = Polling(wakeup)
        self._working = _Working(link, self._polling)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is not None:
            self.abort()
        else:
            self.close()

    @property
    def negotiated(self) -> Negotiated:
        """What was agreed; see `Association.agreed`."""
        return self.association.agreed

    def run(self, conversation: Conversation[T]) -> T:
        """Drive a conversation to its end and give its outcome.

        Raises:
            Interrupted: the wakeup was set.
            DULError: whatever the conversation raises.
        """
        with self._working:
            self.association.tick(time.monotonic())
            try:
                step = conversation.send(None)
                while True:
                    try:
                        reply = self.perform(step)
                    except Exception as error:  # noqa: BLE001 - it is the conversation's to handle
                        step = conversation.throw(error)
                    else:
                        step = conversation.send(reply)
            except StopIteration as stop:
                outcome: T = stop.value
                return outcome
            finally:
                conversation.close()

    def perform(self, step: Step) -> Any:
        """Do one step of a conversation that somebody else drives; gives what is to be sent in.

        Raises:
            Exception: what is to be raised at the conversation's `yield`.
        """
        association, link, polling = self.association, self._link, self._polling
        polling.resting = False
        try:
            if isinstance(step, Call):
                return self._call(step)
            if step is POLL:
                polling.check()
                exchange(association, link, time.monotonic)
            elif association.connection_wanted:
                polling.drive(open_link(association, link, time.monotonic))
            else:
                # As `pump`, which waits once at most: no generator is needed for that.
                wait = begin(association, link, time.monotonic, step)
                if wait is not None:
                    ready = wait is NO_WAIT or polling.wait(wait)
                    end(association, link, time.monotonic, wait, ready=ready)
        except BaseException as error:  # `with self._working` costs more than the step
            self._working.__exit__(type(error), error, None)
            raise
        return None

    def tick(self) -> None:
        """The time since the last step was the user's own, and not the peer's."""
        self.association.tick(time.monotonic())

    def rest(self, seconds: float) -> None:
        """Send nothing for a while, unless the peer says something."""
        with self._working:
            until = time.monotonic() + seconds
            self._polling.drive(rest(self.association, self._link, time.monotonic, until))

    def serve(self, conversation: Conversation[None]) -> None:
        """The acceptor's whole life: the TLS handshake, the conversation, the release; then `abort` it."""
        if self._link.shakes_hands:
            with self._working:
                self._polling.drive(handshake(self.association, self._link, time.monotonic))
        else:
            self.association.accepted(time.monotonic())
        self.run(serve_connection(self.association, conversation))
        if is_to_be_released(self.association):
            self.release()

    def give_up(self) -> None:
        """End what failed (see `conversations.give_up`)."""
        self.run(give_up_connection(self.association, self._link))

    def send(self, context_id: int, *, command: bool, source: Source | Buffer) -> None:
        """Send a command set or a data set (see `conversations.send`)."""
        self.run(conversations.send(self.association, context_id, command=command, source=source))

    def receive(self) -> DataIndication | ReleaseIndication:
        """What the peer says next (see `conversations.receive`)."""
        return self.run(conversations.receive(self.association))

    def release(self) -> None:
        """Release the association and wait for its end (see `conversations.release`)."""
        try:
            self.run(conversations.release(self.association))
        finally:
            self.abort()

    def abort(self) -> None:
        """Abort the association, whatever its state, and close the transport.

        The peer has `Limits.grace` to close it first.
        """
        if self.association.closed and not self._link.is_open:
            return
        try:
            # What called for the end must not cut it short; the grace bounds it.
            self._polling.ignore_wakeup()
            self.run(abort_connection(self.association, self._link, time.monotonic))
        finally:
            self._link.close()

    def close(self) -> None:
        """Release if there is an association, and close the transport in any case.

        If the peer released it first, it gets its answer.
        """
        if is_to_be_released(self.association):
            self.release()
        else:
            self.abort()

    def _call(self, call: Call) -> Any:
        push(self.association, self._link, time.monotonic)
        self._polling.resting = True
        try:
            reply = call.function(*call.arguments)
        except Exception:
            self._back()
            raise
        self._back()
        return reply

    def _back(self) -> None:
        """A function of the user's is over; its time is not the peer's."""
        self._polling.resting = False
        self.association.tick(time.monotonic())


def connect(
    host: str,
    port: int,
    request: AssociateRQ,
    *,
    limits: Limits | None = None,
    tls: SSLContext | None = None,
    server_hostname: str | None = None,
    trace: Trace | None = None,
    wakeup: Wakeup | None = None,
) -> Connection:
    """Establish an association as its requestor.

    Args:
        host: name or address of the peer, an IPv6 one in brackets or not; all its addresses are
            tried.
        port: TCP port.
        request: the A-ASSOCIATE-RQ; see `dul.negotiation.request`.
        limits: bounds and times.
        tls: a client context, for TLS.
        server_hostname: whom the peer's certificate must name; default: the host.
        trace: is told every transition of the state machine.
        wakeup: ends whatever waits.

    Raises:
        AssociationRejected: the peer said no.
        AssociationAborted: the peer aborted.
        TransportError: no such host, no connection, no TLS.
        TimedOut: nobody answered in time.
    """
    association = Association(Role.REQUESTOR, limits, trace=trace)
    addresses = resolve(host, port, wakeup)
    link = requestor_link(host, port, addresses, tls, server_hostname)
    connection = Connection(association, link, wakeup)
    try:
        connection.run(conversations.associate(association, request))
        return connection
    except BaseException:
        connection.abort()
        raise
