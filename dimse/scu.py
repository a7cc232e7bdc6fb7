"""What a service class user does on one established association (PS3.7 7.5, PS3.4 A and B).

`Operations` invokes operations and takes their responses, also several at a time where a window
was agreed. All of it is conversations, and knows neither sockets nor clocks; `dimse.stores` sends
objects with it, and `dimse.dialogue` goes from one association to the next.
"""

from __future__ import annotations

from dimse.errors import DIMSEError, ReleasedByPeer
from dimse.events import Requesting, Responded
from dimse.messages.assembly import Assembler, Received
from dimse.messages.base import Request, Response
from dimse.messages.composite import CEchoRQ
from dimse.messages.success import KnownSuccesses
from dimse.outstanding import Operation, Outstanding
from dimse.tables.uids import VERIFICATION
from dul.association import Association
from dul.conversations import PUMP, TURN, Conversation, Script, Step, fail, respond_to_release
from dul.errors import DulcetError, Interrupted, LocalProtocolError, TransportError
from dul.events import AbortIndication, DataIndication, Indication, ProviderAbortIndication
from dul.negotiation import Negotiated
from dul.pdata import COMMAND, LAST, PDV, Source, Stream
from dul.values import TYPE_CHECKING, NamedTuple, TypeVar
from dul.wire import Buffer

if TYPE_CHECKING:
    from typing import Any

__all__ = ["Operations", "Reply"]

MAXIMUM_OUTSTANDING = 64
"""Where both ends agreed on no bound. Each has an open file; more would wait in the peer's queue."""

_WHOLE_COMMAND = COMMAND | LAST

R = TypeVar("R", bound=Response)


class Reply(NamedTuple):
    """The response to an operation, reduced to what every service has.

    Attributes:
        status: (0000,0900).
        error_comment: (0000,0902), if the peer sent one.
    """

    status: int
    error_comment: str | None = None


class Operations:
    """The operations of one established association.

    Args:
        association: established.
        negotiated: what it allows.

    Attributes:
        accepted: the accepted presentation contexts.
        window: how many may be outstanding at a time.
        ended: why the association is over, if that is known already; None if it goes on.
    """

    def __init__(self, association: Association, negotiated: Negotiated) -> None:
        self.association = association
        self.negotiated = negotiated
        self.accepted = tuple(negotiated.contexts.values())
        self.window = negotiated.window.invoked or MAXIMUM_OUTSTANDING
        self.ended: DulcetError | None = None
        self._assembler = Assembler()
        self._outstanding = Outstanding(negotiated.contexts)
        self._latest: Operation[Any] | None = None
        self._known = KnownSuccesses()

    # ------------------------------------------------------------------------ any service --

    def next_id(self) -> int:
        """A message ID that no outstanding operation has."""
        outstanding = self._outstanding
        number = outstanding.ids.next()
        while number in outstanding:
            number = outstanding.ids.next()
        return number

    def invoke(
        self, context_id: int, asked: Request[R], source: Source | Buffer | Stream | None = None
    ) -> Operation[R]:
        """Put a request, with its data set if it has one, on its way.

        Args:
            context_id: an accepted context.
            asked: the request; its message ID is from `next_id`.
            source: its data set, encoded in the context's transfer syntax; or what
                `Association.read_ahead` gave for it.

        Raises:
            InvalidValue: the request cannot be encoded.
            LocalProtocolError: the association takes nothing any more; nothing was sent.
        """
        sent = self.association.ask(context_id, asked.encode(), source)
        self._latest = operation = Operation(asked, context_id, sent)
        self._outstanding[asked.message_id] = operation
        return operation

    def next_response(self, operation: Operation[R]) -> Conversation[tuple[R, bytes | None] | None]:
        """The next response to an operation, pending ones too, and the data set behind it.

        Returns:
            None when the final one has been taken.

        Raises:
            what `finish` raises.
        """
        while not operation.responses:
            if operation.final is not None:
                return None
            yield from self.exchange()
        return operation.responses.pop(0)

    def finish(self, operation: Operation[R]) -> Conversation[R]:
        """Wait until an operation has its final response and is out whole.

        A response that comes while the data set is still on its way out is kept until all is sent
        (PS3.7 9.1.1: a failed response may come early). If the association ends before that, a
        failure is still the peer's answer, as the first thing that went wrong; a success is none,
        for the peer cannot have stored what it did not receive.

        Args:
            operation: from `invoke`.

        Raises:
            UnexpectedMessage: the peer sent something else, or another message ID; aborted.
            DIMSEError: the peer's fragments make no message; aborted.
            ReleasedByPeer: the peer released instead, which was answered.
            DULError: the association ended otherwise.
        """
        try:
            yield from self.settle(operation)
        except Interrupted:
            raise
        except DulcetError:
            if not operation.is_answered(self.association):
                raise
        finally:
            self.forget(operation)
        response = operation.final
        assert response is not None  # else it has been raised above
        return response

    def settle(self, operation: Operation[Any], turn: Step = TURN) -> Conversation[None]:
        """`finish`, for who has something to do meanwhile, and takes `operation.final` himself.

        Args:
            operation: from `invoke`; its only response is waited for.
            turn: `TURN`, or `Meanwhile`.

        Raises:
            DulcetError: the association ended; `Operation.is_answered` may be true nevertheless.
        """
        association = self.association
        try:
            # As `exchange` does it, and written out: each object comes by here several times, and a
            # generator each time would be half a percent of what it takes to send a small one.
            while operation.final is None or not association.is_out(operation.sent):
                event = association.next_event()
                if type(event) is DataIndication:
                    self._take_data(event.pdvs)
                elif event is not None:
                    yield from self._take(event)
                elif association.closed:
                    raise self._over()
                else:
                    yield turn if operation.final is None else PUMP
        except Interrupted:
            raise
        except DulcetError as error:
            self.ended = error
            raise

    def forget(self, operation: Operation[Any]) -> None:
        """It is over: what the peer is waited for now are the others, if there are any."""
        self._outstanding.pop(operation.asked.message_id, None)
        if not self._outstanding:
            self.association.expect(None)
        elif self.association.established:
            self.association.expect("reply")

    def look(self) -> Conversation[bool]:
        """Whether the association can take another operation, by what has been received already.

        An acceptor may release or abort between two operations; it is answered here.
        """
        try:
            while self.ended is None and (event := self.association.next_event()) is not None:
                yield from self._take(event)
        except Interrupted:
            raise
        except DulcetError as error:
            self.ended = error
        return self.ended is None and self.association.established

    @property
    def free(self) -> bool:
        """Whether `ready` has nothing to look at, and goes on."""
        association = self.association
        return self.ended is None and association.quiet

    def ready(self) -> Conversation[None]:
        """Go on if the association can take another operation.

        Raises:
            DulcetError: why it is over.
        """
        if not (yield from self.look()):
            raise self.lost()

    def lost(self) -> DulcetError:
        """Why the association is over."""
        return self.ended or self._over()

    def exchange(self) -> Conversation[None]:
        """Send, wait, receive: what comes first."""
        association = self.association
        event = association.next_event()
        if type(event) is DataIndication:
            self._take_data(event.pdvs)
        elif event is not None:
            yield from self._take(event)
        elif association.closed:
            raise self._over()
        else:
            yield PUMP

    def _over(self) -> DulcetError:
        return self.association.failure or TransportError("the association is closed")

    def _take(self, event: Indication) -> Conversation[None]:
        match event:
            case DataIndication(pdvs):
                self._take_data(pdvs)
            case AbortIndication() | ProviderAbortIndication():
                fail(event)
            case _:
                # PS3.8 7.2: the answer is due at once. What is on its way nobody will answer.
                yield from respond_to_release(self.association, withdraw=True)
                raise ReleasedByPeer("the peer released the association")

    def _take_data(self, pdvs: tuple[PDV, ...]) -> None:
        waiting, raw = self._waiting_for(pdvs), b""
        if waiting is not None:
            raw = bytes(pdvs[0].fragment)
            success = self._known.read(waiting.asked, raw)
            if success is not None:
                waiting.responses.append((success, None))
                waiting.final = success
                return
        try:
            for part in self._assembler.feed(pdvs):
                if isinstance(part, Received):
                    self._outstanding.respond(part)
                else:
                    self._outstanding.respond_with(part)
        except DIMSEError:
            # What is wrong with a message is the user's to find, hence A-ABORT source 0.
            self.association.abort()
            raise
        if waiting is not None and waiting.final is not None:
            self._known.learn(waiting.asked, raw, waiting.final)

    def _waiting_for(self, pdvs: tuple[PDV, ...]) -> Operation[Any] | None:
        """The latest operation, if it waits, and this is a command set in one piece on its context."""
        latest = self._latest
        context_id, control, _ = pdvs[0]
        if (
            latest is None
            or latest.final is not None
            or control != _WHOLE_COMMAND
            or context_id != latest.context_id
            or pdvs[1:]
            or latest.asked.message_id not in self._outstanding
            or not self._assembler.at_rest
        ):
            return None
        return latest

    # --------------------------------------------------------------------------- services --

    def echo(self, *, details: bool = True) -> Script[Reply]:
        """C-ECHO (PS3.7 9.1.5).

        Args:
            details: tell `Requesting` and `Responded`.

        Raises:
            LocalProtocolError: there is no accepted context for Verification; nothing was sent.
            DulcetError: as `finish`.
        """
        for context in self.accepted:
            if context.abstract_syntax == VERIFICATION and context.requestor_is_scu:
                break
        else:
            raise LocalProtocolError(
                "the peer accepted no presentation context for Verification; "
                "it answers no C-ECHO, or it was not proposed"
            )
        if not self.free:
            yield from self.ready()
        asked = CEchoRQ(message_id=self.next_id(), affected_sop_class_uid=VERIFICATION)
        if details:
            yield Requesting(asked)
        response = yield from self.finish(self.invoke(context.id, asked))
        if details:
            yield Responded(response)
        return Reply(response.status, response.error_comment)
