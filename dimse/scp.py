"""The conversation of a service class provider: it serves one association.

`serve` is a generator over `dul.conversations`; the servers run one for each association. What the
user provides is a `dimse.provider.Provider`; what may take its time (the access check, opening and
committing a sink, the user's handlers) runs as a `Call`, so that an event loop is not held up.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from functools import partial

from dimse.answers import Answers
from dimse.decision import Decision, requestor_of
from dimse.errors import (
    NO_SPACE,
    AbortAssociation,
    DIMSEError,
    MessageFault,
    Refused,
    UnknownCommand,
)
from dimse.incoming import Incoming
from dimse.intake import Intake
from dimse.messages.assembly import Received
from dimse.messages.base import Message, Request, Response
from dimse.messages.codec import response_to, unrecognized
from dimse.messages.composite import CCancelRQ, CStoreRQ
from dimse.provider import Provider, listening
from dimse.requests import Requestor, ServiceRequest, StoreRequest
from dimse.served import Services
from dimse.storage.sink import Budget
from dimse.tables import status as statuses
from dimse.tables.status import is_pending
from dul.association import Association
from dul.conversations import PUMP, TURN, Call, Conversation, accept, give_up, respond_to_release
from dul.errors import Interrupted
from dul.pdu import AssociateRJ
from dul.values import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

    from dul.transport.admission import Serve

__all__ = ["conversation_for", "serve"]


def conversation_for(
    provider: Provider, lock: AbstractContextManager[object] | None = None
) -> Serve:
    """What a server of the Upper Layer is to do with each association.

    Args:
        provider: what it provides; shared by all associations.
        lock: held while memory is counted; a `threading.Lock` where associations have threads.
    """
    services = Services(provider, Budget(provider.max_memory, lock))

    def conversation(association: Association, address: str) -> Conversation[None]:
        return serve(association, address, provider, services)

    return conversation


def serve(
    association: Association, address: str, provider: Provider, services: Services | None = None
) -> Conversation[None]:
    """Serve one association, from Sta2 to its end.

    Broken messages of the peer's end in an abort; the observer is told why.

    Args:
        association: in Sta2.
        address: the peer's.
        provider: what is provided.
        services: what becomes of each request; default: what the provider says.

    Raises:
        DULError: the association ended otherwise than by release.
    """
    decision = Decision(association, address, provider)
    observer = provider.observer
    negotiated = None
    try:
        negotiated = yield from accept(association, decision.make)
    finally:
        # Also if we stop before who was rejected has closed the connection.
        if negotiated is None:
            decision.explain()
        requestor = requestor_of(association, address, provider, negotiated)
        if decision.verdict is not None:
            observer.judged(requestor, decision.verdict, decision.withheld())
        if negotiated is None:
            refusal = decision.answer or association.refusal
            if isinstance(refusal, AssociateRJ):
                observer.rejected(requestor, refusal)
            elif association.failure:
                observer.ended(requestor, association.failure)
    if negotiated is None:
        return
    observer.associated(requestor)
    services = services or Services(provider, Budget(provider.max_memory))
    session = _Session(association, requestor, services, provider)
    try:
        yield from session.run()
    except DIMSEError as error:
        # What is wrong with a message is the user's to find, hence A-ABORT source 0.
        observer.ended(requestor, error)
        yield from give_up(association)
        return
    except Exception as error:
        session.tell_end(error)
        raise
    except GeneratorExit:
        # So it is told in the asyncio face, whose tasks are cancelled.
        session.tell_end(Interrupted("interrupted"))
        raise
    observer.released(requestor)


class _Session:
    """An established association."""

    def __init__(
        self,
        association: Association,
        requestor: Requestor,
        services: Services,
        provider: Provider,
    ) -> None:
        self._association = association
        self._requestor = requestor
        self._services = services
        self._storing = services.of_stores
        self._contexts = association.agreed.contexts
        self._on_release = provider.on_release
        self._observer = provider.observer
        # Of most requests nobody wants to know.
        self._received = listening(provider.observer, "received")
        self._arrived = listening(provider.observer, "arrived")
        self._answered = listening(provider.observer, "answered")
        self._intake = Intake(association)
        self._answers_release = False

    def run(self) -> Conversation[None]:
        """Serve one request after the other, until the peer releases."""
        self._association.expect("idle")
        intake = self._intake
        while not intake.released:
            whole = intake.whole()
            if whole is not None:
                yield from self._whole(*whole)
                if intake.at_rest:
                    yield TURN
                continue
            part = intake.take()
            if part is None:
                if not intake.released:
                    yield TURN
                continue
            assert isinstance(part, Received)  # every data set is read with its command
            yield from self._serve(part)
        yield from self._before_release()
        self._answers_release = True
        yield from respond_to_release(self._association)

    def _serve(self, part: Received) -> Conversation[None]:
        """Serve one request, whose data set is still to be read."""
        context, message = self._contexts[part.context_id], part.message
        match message:
            case CStoreRQ():
                yield from self._perform(StoreRequest(self._requestor, context, message))
            case Request():
                yield from self._perform(ServiceRequest(self._requestor, context, message))
            case CCancelRQ():
                yield from self._intake.skip_data_set(message)  # there is nothing to cancel
            case UnknownCommand():
                yield from self._answer_unknown(context.id, message)
            case _:
                raise MessageFault(f"an unsolicited {message.NAME}")

    def tell_end(self, error: Exception) -> None:
        """Tell of an end that was none in order; or of the release, if that was confirmed before.

        Who has released may keep the connection open for a while, and we may stop then.
        """
        association = self._association
        if self._answers_release and association.failure is None and not association.sending:
            self._observer.released(self._requestor)
        else:
            self._observer.ended(self._requestor, error)

    def _before_release(self) -> Conversation[None]:
        """What the user has to do yet, who may not want the release to be confirmed.

        Raises:
            AbortAssociation: it failed.
        """
        if self._on_release is None:
            return
        try:
            yield Call(self._on_release, (self._requestor,))
        except AbortAssociation:
            raise
        except Exception as error:
            if not isinstance(error, OSError):
                _log(f"what is to be done before {self._requestor.address} releases failed", error)
            raise AbortAssociation(f"the release can't be confirmed: {error}") from error

    def _whole(
        self, context_id: int, message: Message, fragments: Sequence[memoryview]
    ) -> Conversation[None]:
        """`_serve` for a request whose data set has come whole; what is not as usual goes its way."""
        service = self._storing
        if fragments and type(message) is CStoreRQ and not (service.lent or service.awaited):
            request = StoreRequest(self._requestor, self._contexts[context_id], message)
            if service.judge(request) is None:
                return self._keep(request, fragments)
        if fragments:
            self._intake.give_back(fragments)
        return self._serve(Received(context_id, message))

    def _keep(self, request: StoreRequest, fragments: Sequence[memoryview]) -> Conversation[None]:
        """`_perform` for a C-STORE whose data set has come whole: the user's functions run in one `Call`."""
        if self._received is not None:
            self._received(request)
        if self._arrived is not None:
            self._arrived(request, sum(map(len, fragments)))
        incoming, service = Incoming(request, lent=False), self._storing
        try:
            handler = service.handler
            try:
                given = yield Call(incoming.keep, (service.open_sink, fragments, handler))
                if incoming.settled:
                    handler = None if given is None else partial(_given, given)
                elif incoming.refusal is None:  # it was committed by a coroutine
                    incoming.settle(given)
            except Exception as error:  # noqa: BLE001 - it may fail in any way; it is answered
                if incoming.settled:
                    self._refuse(incoming.request, error, meant=(Refused,))
                    return
                incoming.refuse(error)
            if incoming.settled and handler is None:
                self._confirm(incoming.request)
            else:
                yield from self._conclude(incoming, handler)
        finally:
            if not incoming.settled:
                incoming.close()

    def _perform(self, request: ServiceRequest[Any]) -> Conversation[None]:
        """Receive the data set of a request, if one follows, and answer it."""
        service = self._services.of(request)
        incoming = Incoming(request, lent=service.lent)
        if self._received is not None:
            self._received(request)
        refusal = service.judge(request)
        if refusal is not None:
            incoming.refuse(refusal)
        try:
            if request.message.data_set_follows:
                yield from incoming.begin(service.open_sink)
                if not (yield from incoming.receive(self._intake)):
                    return
                if self._arrived is not None:
                    self._arrived(request, incoming.length)
                yield from incoming.finish()
            yield from self._conclude(incoming, service.handler)
        finally:
            incoming.close()

    def _conclude(
        self, incoming: Incoming[Any], handler: Callable[[Any], Any] | None
    ) -> Conversation[None]:
        """Answer a request that has come: why it is refused, what the handler says, or Success."""
        request = incoming.request
        if incoming.refusal is not None:
            self._refuse(request, incoming.refusal, meant=(Refused, OSError))
        elif handler is not None:
            yield from self._answer(request, handler)
        else:
            self._confirm(request)

    def _confirm(self, request: ServiceRequest[Any]) -> None:
        """Answer with Success."""
        response = response_to(request.message, statuses.SUCCESS)
        self._send(request, response, response.encode())

    def _answer(
        self, request: ServiceRequest[Any], handler: Callable[[Any], Any]
    ) -> Conversation[None]:
        """Let a handler answer, up to the final answer or the end of the association."""
        answers = Answers(handler, request)
        try:
            while True:
                try:
                    # Nothing but the handler and the encoder runs in here, so it is their error.
                    answer = yield from answers.next()
                    response, command, data_set = yield from answers.encoded(answer)
                except Exception as error:  # noqa: BLE001 - it may fail in any way; it is answered
                    self._refuse(request, error, meant=(Refused,))
                    return
                self._send(request, response, command, data_set)
                if not is_pending(answer.status):
                    return
                while self._association.sending and self._association.established:
                    yield PUMP
                cancelled = yield from self._intake.cancelled(request.message.message_id)
                if not self._association.established:
                    return  # who has left, or wants to, gets no more than a begun answer
                if cancelled:
                    answers.cancel()
        finally:
            answers.abandon()

    def _refuse(
        self,
        request: ServiceRequest[Any],
        error: Exception,
        meant: tuple[type[Exception], ...],
    ) -> None:
        """Answer with what an error comes to; one that nobody meant is a fault, and is logged.

        Raises:
            AbortAssociation: it is one.
        """
        if isinstance(error, AbortAssociation):
            raise error
        if not isinstance(error, meant):
            _log(f"a {request.message.NAME} of {request.requestor.address} failed", error)
        self._observer.refused(request, error)
        status, comment = _told(error)
        response = response_to(request.message, status, error_comment=comment)
        self._send(request, response, response.encode())

    def _answer_unknown(self, context_id: int, unknown: UnknownCommand) -> Conversation[None]:
        reply = unrecognized(unknown)
        if reply is None:
            raise MessageFault(str(unknown))
        self._observer.unknown(self._requestor, unknown)
        yield from self._intake.skip_data_set(unknown)
        self._association.send(context_id, command=True, source=reply)

    def _send(
        self,
        request: ServiceRequest[Any],
        response: Response,
        command: bytes,
        data_set: bytes | None = None,
    ) -> None:
        """Send a response, encoded as `command`, unless the association is over."""
        association = self._association
        if not (association.established or association.release_due):
            return  # nobody is there to hear it; who wants to release does, too (AR-7)
        association.send(request.context.id, command=True, source=command)
        if data_set is not None:
            association.send(request.context.id, command=False, source=data_set)
        if self._answered is not None:
            self._answered(request, response)


def _given(given: Any, _: ServiceRequest[Any]) -> Any:
    """A handler that was called already."""
    return given


def _log(what: str, error: Exception) -> None:
    # Loads threads, and is needed only when something goes wrong.
    import logging  # noqa: PLC0415

    logging.getLogger("dimse").error(what, exc_info=error)


def _told(error: Exception) -> tuple[int, str]:
    """What the peer is told of an error: a status and a comment.

    The text of most errors may name files and people; the peer need not know them.
    """
    if isinstance(error, Refused):
        return error.status, error.comment
    if isinstance(error, OSError) and error.errno in NO_SPACE:
        return statuses.OUT_OF_RESOURCES, "no space left"
    return statuses.PROCESSING_FAILURE, type(error).__name__
