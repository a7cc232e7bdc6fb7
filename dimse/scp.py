"""The conversation of a service class provider: it serves C-ECHO and C-STORE on one association.

`serve` is a generator over `dul.conversations`; `dimse.server` runs one for each association. What
the user provides is a `dimse.provider.Provider`; what may take its time (the access check, opening and
committing a sink, the user's handlers) runs as a `Call`, so that an event loop is not held up.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from dimse.errors import NO_SPACE, DIMSEError, MessageFault, StorageRefused, UnknownCommand
from dimse.messages.assembly import Assembler, DataSetPart, Received
from dimse.messages.base import Message, Request
from dimse.messages.codec import response_to, unrecognized
from dimse.messages.composite import CCancelRQ, CEchoRQ, CStoreRQ
from dimse.provider import Provider
from dimse.requests import EchoRequest, Peer, StoreRequest
from dimse.scu import VERIFICATION
from dimse.storage.sink import Sink
from dimse.tables import status as statuses
from dul.association import Association
from dul.conversations import PUMP, Call, Conversation, abort, accept, fail, respond_to_release
from dul.errors import DULError, Interrupted, TransportError
from dul.events import AbortIndication, DataIndication, ProviderAbortIndication, ReleaseIndication
from dul.negotiation import AcceptedContext, Negotiated, answer
from dul.pdu import AssociateAC, AssociateRJ, AssociateRQ

__all__ = ["serve"]

logger = logging.getLogger("dimse")


def serve(association: Association, address: str, provider: Provider) -> Conversation[None]:
    """Serve one association, from Sta2 to its end.

    Broken messages of the peer's end in an abort; the observer is told why.

    Raises:
        DULError: the association ended otherwise than by release.
    """
    decision: list[AssociateAC | AssociateRJ] = []

    def decide(request: AssociateRQ) -> AssociateAC | AssociateRJ:
        refusal = provider.access and provider.access(request, address)
        decision.append(refusal or answer(request, provider.support, association.limits))
        return decision[0]

    negotiated = yield from accept(association, decide)
    request = association.request
    peer = Peer(address, "", "")
    if request is not None:
        peer = Peer(address, request.calling_ae_title, request.called_ae_title)
    if negotiated is None:
        refusal = decision[0] if decision else association.refusal
        if isinstance(refusal, AssociateRJ):
            provider.observer.rejected(peer, refusal)
        elif association.failure:
            provider.observer.ended(peer, association.failure)
        return
    provider.observer.associated(peer, negotiated)
    session = _Session(association, negotiated, peer, provider)
    try:
        yield from session.run()
    except (DULError, Interrupted) as error:
        provider.observer.ended(peer, error)
        raise
    except DIMSEError as error:
        # What is wrong with a message is the user's to find, hence A-ABORT source 0.
        provider.observer.ended(peer, error)
        yield from abort(association)
        return
    finally:
        session.discard()
    provider.observer.released(peer)


class _Session:
    """An established association and the message that is on its way in."""

    def __init__(
        self, association: Association, negotiated: Negotiated, peer: Peer, provider: Provider
    ) -> None:
        self._association = association
        self._contexts = negotiated.contexts
        self._peer = peer
        self._provider = provider
        self._assembler = Assembler()
        self._reply: tuple[int, bytes] | None = None  # due after a data set that is dropped
        self._store: StoreRequest | None = None  # whose data set is coming
        self._sink: Sink | None = None
        self._refusal: Exception | None = None  # why its data set is dropped

    def run(self) -> Conversation[None]:
        """Until the peer releases."""
        association = self._association
        association.expect("idle")
        while True:
            event = association.next_event()
            match event:
                case DataIndication(pdvs):
                    for part in self._assembler.feed(pdvs):
                        yield from self._take(part)
                case ReleaseIndication():
                    self.discard()
                    yield from respond_to_release(association)
                    return
                case AbortIndication() | ProviderAbortIndication():
                    fail(event)
                case None:
                    if association.closed:
                        raise association.failure or TransportError("the association is closed")
                    yield PUMP

    def discard(self) -> None:
        """Leave no trace of a data set that is not complete."""
        sink, self._sink = self._sink, None
        if sink is not None:
            sink.discard()

    def _take(self, part: Received | DataSetPart) -> Conversation[None]:
        if isinstance(part, Received):
            yield from self._message(part.context_id, part.message)
            return
        if self._sink is not None:
            try:
                self._sink.write(part.fragments)
            except Exception as error:  # noqa: BLE001 - a sink may fail in any way; it is answered
                self._refuse(error)
        if part.last:
            yield from self._complete()

    # ------------------------------------------------------------------------ messages --

    def _message(self, context_id: int, message: Message | UnknownCommand) -> Conversation[None]:
        context = self._contexts[context_id]
        match message:
            case CStoreRQ():
                yield from self._begin_store(context, message)
            case CEchoRQ():
                yield from self._echo(context, message)
            case CCancelRQ():
                pass  # there is nothing that it could cancel
            case Request():
                status = statuses.UNRECOGNIZED_OPERATION
                self._answer(context_id, message, status)
            case UnknownCommand():
                reply = unrecognized(message)
                if reply is None:
                    raise MessageFault(str(message))
                self._answer_bytes(context_id, reply, wait=message.data_set_follows)
            case _:
                raise MessageFault(f"an unsolicited {message.NAME}")

    def _echo(self, context: AcceptedContext, message: CEchoRQ) -> Conversation[None]:
        status: int | None = statuses.SUCCESS
        if VERIFICATION not in {context.abstract_syntax} & {message.affected_sop_class_uid}:
            status = statuses.SOP_CLASS_NOT_SUPPORTED
        elif self._provider.on_echo is not None:
            request = EchoRequest(self._peer, message)
            try:
                status = yield Call(self._provider.on_echo, (request,))
            except Exception as error:
                logger.exception("on_echo failed")
                status = _status_of(error)
        self._answer(context.id, message, status or statuses.SUCCESS)
        self._provider.observer.echoed(EchoRequest(self._peer, message), status or 0)

    def _begin_store(self, context: AcceptedContext, message: CStoreRQ) -> Conversation[None]:
        self._store = request = StoreRequest(self._peer, context, message)
        self._refusal = _refusal(request)
        self._provider.observer.storing(request)
        if self._refusal is None:
            try:
                self._sink = yield Call(self._provider.open_sink, (request,))
            except Exception as error:  # noqa: BLE001 - it may fail in any way; it is answered
                self._refuse(error)
        if not message.data_set_follows:
            self._refuse(_refused(statuses.CANNOT_UNDERSTAND, "no data set follows"))
            yield from self._complete()

    def _complete(self) -> Conversation[None]:
        """The data set is all here, or has been dropped: answer."""
        if self._reply is not None:
            (context_id, reply), self._reply = self._reply, None
            self._association.send(context_id, command=True, source=reply)
            return
        request, self._store = self._store, None
        if request is None:
            return
        status: int | None = None
        path: Path | None = None
        try:
            if self._refusal is None:
                path, status = yield from self._commit(request)
        except Exception as error:  # noqa: BLE001 - it may fail in any way; it is answered
            self._refuse(error)
        comment: str | None = None
        if self._refusal is not None:
            status, comment = _status_of(self._refusal), _comment_on(self._refusal)
        self._refusal = None
        self._answer(request.context.id, request.message, status or statuses.SUCCESS, comment)
        self._provider.observer.stored(request, status or statuses.SUCCESS, path, comment)

    def _commit(self, request: StoreRequest) -> Conversation[tuple[Path | None, int | None]]:
        path: Path | None = None
        if self._sink is not None:
            path = yield Call(self._sink.commit)
            self._sink = None
        status: int | None = None
        if self._provider.on_store is not None:
            status = yield Call(self._provider.on_store, (request, path))
        return path, status

    def _refuse(self, error: Exception) -> None:
        if self._refusal is None:
            self._refusal = error
            if not isinstance(error, DIMSEError | OSError):
                logger.error("storing failed", exc_info=error)
        self.discard()

    # ------------------------------------------------------------------------- answers --

    def _answer(
        self, context_id: int, message: Request[Any], status: int, comment: str | None = None
    ) -> None:
        optional = {} if comment is None else {"error_comment": comment}
        reply = response_to(message, status, **optional).encode()
        wait = message.data_set_follows and not isinstance(message, CStoreRQ)
        self._answer_bytes(context_id, reply, wait=wait)

    def _answer_bytes(self, context_id: int, reply: bytes, *, wait: bool) -> None:
        """Send a response now, or when the data set that follows its request has been read."""
        if wait:
            self._reply = (context_id, reply)
        else:
            self._association.send(context_id, command=True, source=reply)


def _refused(status: int, why: str) -> StorageRefused:
    """We refuse, with this status."""
    refusal = StorageRefused(why)
    refusal.status = status
    return refusal


def _refusal(request: StoreRequest) -> StorageRefused | None:
    """What forbids a C-STORE before its data set is looked at (PS3.4 B.2.3, PS3.7 9.1.1)."""
    context = request.context
    if context.abstract_syntax == VERIFICATION or not context.requestor_is_scu:
        return _refused(statuses.SOP_CLASS_NOT_SUPPORTED, "no storage on this presentation context")
    if request.sop_class_uid != context.abstract_syntax:
        return _refused(
            statuses.DATA_SET_DOES_NOT_MATCH_SOP_CLASS,
            "the SOP class is not that of the presentation context",
        )
    return None


def _status_of(error: Exception) -> int:
    status = getattr(error, "status", None)
    if isinstance(status, int):
        return status
    if isinstance(error, OSError) and error.errno in NO_SPACE:
        return statuses.OUT_OF_RESOURCES
    return statuses.PROCESSING_FAILURE


def _comment_on(error: Exception) -> str:
    # The text of any other error may name files and people; the peer need not know them.
    return error.comment if isinstance(error, StorageRefused) else type(error).__name__
