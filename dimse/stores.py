"""C-STORE on one association (PS3.7 9.1.1): put on its way, waited for, concluded; any number at a time.

An object goes through four steps: `ahead` opens it while the peer is still busy with the one before
it, `begin` puts it on its way, `settle` waits for the first that is answered, `conclude` says what
became of it. `store` is all of them for a single object.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from dimse.errors import DIMSEError
from dimse.events import Opening, Progress, Requesting, Responded
from dimse.messages.base import Priority
from dimse.messages.composite import CStoreRQ, CStoreRSP
from dimse.objects.outgoing import FileObject, Outgoing, OutgoingSource
from dimse.objects.sources import WholeSource
from dimse.outcome import Outcome
from dimse.outstanding import Operation
from dimse.plan import Choice, choose_context, explain_refusal
from dimse.scu import Operations
from dimse.tables.status import is_successful
from dul.conversations import PUMP, Call, Conversation, Script
from dul.errors import DulcetError, Interrupted
from dul.pdata import Stream

__all__ = ["Stores", "Storing"]

Clock = Callable[[], float]

_TOLD_EACH = 1 << 20  # bytes: what is smaller is out before anybody has read of it


class Storing:
    """A C-STORE on its way.

    Attributes:
        outgoing: the object.
        choice: presentation context and transfer syntax.
        operation: the request, and what came back.
        source: the data set's bytes.
        length: how many.
        started: when it began, on the caller's clock.
        begun: bytes that the association had sent before it.
        told: bytes that it had sent when `Progress` was told of it.
        attempts: how often the object was tried, this time included.
    """

    __slots__ = (
        "attempts", "begun", "choice", "length", "operation", "outgoing", "source", "started", "told",
    )  # fmt: skip

    def __init__(  # noqa: PLR0917 - one for each object; keywords take longer, see `Outcome.of`
        self,
        outgoing: Outgoing,
        choice: Choice,
        operation: Operation[CStoreRSP],
        source: OutgoingSource,
        length: int,
        started: float,
        begun: int,
        attempts: int,
    ) -> None:
        self.outgoing = outgoing
        self.choice = choice
        self.operation = operation
        self.source = source
        self.length = length
        self.started = started
        self.begun = self.told = begun
        self.attempts = attempts

    @property
    def kept(self) -> bool:
        """Whether it is in memory, and so small that nobody wants to know how far it is."""
        return type(self.source) is WholeSource

    def close(self) -> None:
        """Give back what is open for it. Idempotent."""
        self.source.close()


class _Opened:
    """An object that is open before its turn has come.

    Attributes:
        outgoing: the object.
        choice: presentation context and transfer syntax.
        source: the data set's bytes.
        stream: these, if the first of them are read already.
    """

    __slots__ = ("choice", "outgoing", "source", "stream")

    def __init__(
        self,
        outgoing: Outgoing,
        choice: Choice,
        source: OutgoingSource,
        stream: Stream | None = None,
    ) -> None:
        self.outgoing = outgoing
        self.choice = choice
        self.source = source
        self.stream = stream


class Stores:
    """The C-STOREs of one association. Close it: an object may be open whose turn never came.

    Args:
        operations: the association's.
        clock: for the seconds of outcomes.
        priority: see `Priority`.
        move_originator: AE title and message ID of the C-MOVE that they are a part of.
        details: see `dimse.policy.Policy`.
    """

    def __init__(
        self,
        operations: Operations,
        clock: Clock,
        *,
        priority: int = Priority.MEDIUM,
        move_originator: tuple[str, int] | None = None,
        details: bool = True,
    ) -> None:
        self.operations = operations
        self._details = details
        self._clock = clock
        self._priority = priority
        self._originator = move_originator or (None, None)
        self._choices: dict[tuple[str, str], Choice] = {}
        self._opened: _Opened | None = None

    def store(self, outgoing: Outgoing) -> Script[Outcome]:
        """One object, from beginning to end.

        Returns:
            The outcome; an error in it is one that leaves the association alive.

        Raises:
            DulcetError: as `Operations.finish`; the object is not stored.
        """
        begun = yield from self.begin(outgoing)
        if isinstance(begun, Outcome):
            return begun
        try:
            yield from self.settle([begun])
        except BaseException as error:
            over = isinstance(error, DulcetError) and not isinstance(error, Interrupted)
            if not (over and begun.operation.is_answered(self.operations.association)):
                begun.close()
                raise
        if self._details and begun.operation.final is not None:
            yield Responded(begun.operation.final)
        return self.conclude(begun)

    def ahead(self, outgoing: Outgoing) -> Conversation[None]:
        """Open the object that is next and read its beginning, so that it need not be done when its turn
        has come: the peer, which is busy with the one before it, has no pause then.

        Whatever goes wrong is for `begin` to find again, and so is what has to be converted.
        """
        if self._opened is not None or self.ahead_kept(outgoing):
            return
        choice = self._choose(outgoing)
        if choice is None or choice.transcode:
            return
        self._opened = yield Call(self._read_ahead, (outgoing, choice, outgoing.open))

    def _read_ahead(
        self, outgoing: Outgoing, choice: Choice, opener: Callable[[str], OutgoingSource]
    ) -> _Opened | None:
        try:
            source = opener(choice.transfer_syntax)
        except DIMSEError:
            return None
        try:
            stream = self.operations.association.read_ahead(choice.context_id, source)
        except Exception:  # noqa: BLE001 - a user's source may raise anything
            source.close()
            return None
        except BaseException:
            source.close()
            raise
        return _Opened(outgoing, choice, source, stream)

    def ahead_kept(self, outgoing: Outgoing) -> bool:
        """The usual case of `ahead`: a small file that is in memory; gives whether it was."""
        if self._opened is not None or type(outgoing) is not FileObject:
            return False
        choice = self._choose(outgoing)
        if choice is None or choice.transcode:
            return False
        try:
            source = outgoing.kept(choice.transfer_syntax)
        except DIMSEError:
            return True  # to open it would say the same
        if source is None:
            return False
        self._opened = _Opened(outgoing, choice, source)
        return True

    def has_opened(self, outgoing: Outgoing) -> bool:
        """Whether this object is open already."""
        return self._opened is not None and self._opened.outgoing is outgoing

    def begin_opened(self, outgoing: Outgoing, attempts: int) -> Storing | None:
        """The usual case of `begin`: the object is open, the association can take it, and nothing is
        to be told; None: something of that is not so, and nothing was done.

        Raises:
            InvalidValue, LocalProtocolError: as `Operations.invoke`; nothing was sent.
        """
        opened = self._opened
        if (
            opened is None
            or opened.outgoing is not outgoing
            or self._details
            or not self.operations.free
        ):
            return None
        self._opened = None
        return self._send(opened, self._request(outgoing, opened.source), attempts)

    def begin(self, outgoing: Outgoing, *, attempts: int = 1) -> Script[Storing | Outcome]:
        """Put a C-STORE on its way, as far as it goes without waiting.

        Args:
            outgoing: the object.
            attempts: for the outcome: how often the object was tried, this time included.

        Returns:
            What to `settle`, and then to `conclude`; or an outcome already, since the object
            can't be sent on this association.

        Raises:
            DulcetError: the association is over; nothing was sent.
        """
        operations = self.operations
        yield from operations.ready()
        choice = self._choose(outgoing)
        if choice is None:
            wanted = operations.accepted, outgoing.sop_class_uid, outgoing.transfer_syntax_uid
            refusal = explain_refusal(outgoing.name, *wanted, obstacle=outgoing.obstacle)
            return Outcome.of(outgoing, error=refusal, attempts=attempts)
        if self._details or choice.transcode:
            yield Opening(outgoing, choice)
        try:
            opened = self._taken(outgoing)
            if opened is None:
                source = yield Call(outgoing.open, (choice.transfer_syntax,))
                opened = _Opened(outgoing, choice, source)
        except DIMSEError as error:
            return Outcome.of(outgoing, error=error, attempts=attempts)
        asked = self._request(outgoing, opened.source)
        if self._details:
            try:
                yield Requesting(asked)
            except BaseException:
                opened.source.close()
                raise
        return self._send(opened, asked, attempts)

    def _request(self, outgoing: Outgoing, source: OutgoingSource) -> CStoreRQ:
        title, move_id = self._originator
        try:
            asked = CStoreRQ.__new__(CStoreRQ)  # see `Outcome.of`
            CStoreRQ.__init__(
                asked,
                message_id=self.operations.next_id(),
                affected_sop_class_uid=outgoing.sop_class_uid,
                affected_sop_instance_uid=outgoing.sop_instance_uid,
                priority=self._priority,
                move_originator_application_entity_title=title,
                move_originator_message_id=move_id,
            )
            return asked
        except BaseException:
            source.close()
            raise

    def _send(self, opened: _Opened, asked: CStoreRQ, attempts: int) -> Storing:
        choice, source, operations = opened.choice, opened.source, self.operations
        try:
            begun, sent = self._clock(), operations.association.bytes_sent
            data = source.view if type(source) is WholeSource else source
            length = len(data)
            operation = operations.invoke(choice.context_id, asked, opened.stream or data)
        except BaseException:
            source.close()
            raise
        return Storing(opened.outgoing, choice, operation, source, length, begun, sent, attempts)

    def settle(self, stores: Sequence[Storing], *, more: bool = False) -> Script[Storing | None]:
        """Wait until one of several is out whole and has its response, whichever is the first.

        Args:
            stores: from `begin`, in order.
            more: also come back when all of them are out: something can be done meanwhile.

        Returns:
            The one; None if all are out.

        Raises:
            DulcetError: the association ended, as `Operations.finish` says. Those of which
                `Operation.is_answered` is true have their answer nevertheless.
        """
        operations, last = self.operations, stores[-1]
        association = operations.association
        tells = last.length > _TOLD_EACH
        try:
            while True:
                for each in stores:
                    if each.operation.final is not None and each.operation.is_out(association):
                        return each
                if more and last.operation.is_out(association):
                    return None
                if association.has_events or association.closed:
                    yield from operations.exchange()
                else:
                    yield PUMP
                if tells and association.bytes_sent - last.told > _TOLD_EACH:
                    last.told = association.bytes_sent
                    sent = min(last.told - last.begun, last.length)
                    yield Progress(last.outgoing, sent, last.length)
        except Interrupted:
            raise
        except DulcetError as error:
            operations.ended = error
            raise

    def conclude(self, storing: Storing) -> Outcome:
        """The outcome of what has its response; nothing is waited for."""
        self.operations.forget(storing.operation)
        response = storing.operation.final
        assert response is not None  # the caller has made sure of it
        seconds = self._clock() - storing.started
        outgoing, source = storing.outgoing, storing.source
        try:
            # Of what was refused, the refusal is what went wrong first.
            if is_successful(response.status):
                source.finish()
        except DIMSEError as error:
            return Outcome.of(outgoing, error=error, attempts=storing.attempts)
        finally:
            source.close()
        return Outcome.of(
            outgoing,
            transfer_syntax_uid=storing.choice.transfer_syntax,
            context_id=storing.choice.context_id,
            status=response.status,
            error_comment=response.error_comment,
            length=storing.length,
            seconds=seconds,
            attempts=storing.attempts,
        )

    def close(self) -> None:
        """Give back what is open for an object whose turn has not come. Idempotent."""
        opened, self._opened = self._opened, None
        if opened is not None:
            opened.source.close()

    def _taken(self, outgoing: Outgoing) -> _Opened | None:
        """What was opened for this object already; what was for another one is closed."""
        opened = self._opened
        if opened is None or opened.outgoing is not outgoing:
            self.close()
            return None
        self._opened = None
        return opened

    def _choose(self, outgoing: Outgoing) -> Choice | None:
        """See `choose_context`. Objects of a kind that go out as they lie get the same."""
        kind = outgoing.sop_class_uid, outgoing.transfer_syntax_uid
        choice = self._choices.get(kind)
        if choice is None:
            choice = choose_context(self.operations.accepted, *kind, obstacle=outgoing.obstacle)
            if choice is not None and not choice.transcode:
                self._choices[kind] = choice
        return choice
