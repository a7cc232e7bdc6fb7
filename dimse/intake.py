"""What the requestor says on an established association, one part at a time."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence

from dimse.errors import UnknownCommand
from dimse.messages.assembly import Assembler, DataSetPart, Received
from dimse.messages.base import Message
from dimse.messages.composite import CCancelRQ
from dul.association import Association
from dul.conversations import POLL, TURN, Conversation, fail
from dul.errors import TransportError
from dul.events import (
    AbortIndication,
    DataIndication,
    Indication,
    ProviderAbortIndication,
    ReleaseIndication,
)
from dul.values import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Final, TypeAlias

__all__ = ["Intake", "Part"]

Part: TypeAlias = Received | DataSetPart
_NOTHING: Final[Iterator[Part]] = iter(())


class Intake:
    """Takes an association's indications, and makes messages of them.

    Fragments of data sets are handed on as views of the receive buffer: whoever waits for the
    next part has done with the last one. While an operation is being answered, `cancelled` looks
    ahead; what it meets besides a C-CANCEL is copied and kept, from one fill of the receive buffer
    at most, for then it looks no further until that has been taken.

    Attributes:
        released: the peer wants to release; nothing more comes.
    """

    def __init__(self, association: Association) -> None:
        self._association = association
        self._assembler = Assembler()
        self._parts: Iterator[Part] = _NOTHING
        self._kept: deque[Part | Indication] = deque()
        self.released = False

    @property
    def at_rest(self) -> bool:
        """Nothing has come that was not taken, and the association goes on: there is only to wait."""
        association = self._association
        return (
            association.established
            and not association.has_events
            and self._parts is _NOTHING
            and not self._kept
        )

    def whole(self) -> tuple[int, Message, list[memoryview]] | None:
        """A request, as `Assembler.whole` gives it, and the fragments of its data set, if that is what has come, and nothing else.

        What is not so is there for `next`.
        """
        if self._parts is not _NOTHING or self._kept:
            return None
        event = self._association.next_event()
        if type(event) is not DataIndication:
            if event is not None:
                self._kept.append(event)
            return None
        whole = self._assembler.whole(event.pdvs)
        if whole is None:
            self._parts = self._assembler.feed(event.pdvs)
        return whole

    def give_back(self, fragments: Sequence[memoryview]) -> None:
        """The data set of a `whole` request is to be had from `next`, as any other."""
        self._parts = iter((DataSetPart(tuple(fragments), last=True),))

    def next(self) -> Conversation[Part | None]:
        """Wait for the next part; None: the peer wants to release.

        Raises:
            DIMSEError: the peer's fragments make no message.
            DULError: the association ended.
        """
        while not self.released:
            part = self.take()
            if part is not None:
                return part
            if not self.released:
                yield TURN
        return None

    def take(self) -> Part | None:
        """The next part that has come; None: there is none, or the peer wants to release.

        Raises:
            DIMSEError: the peer's fragments make no message.
            DULError: the association ended.
        """
        while not self.released:
            part: Part | Indication | None
            if self._kept:
                part = self._kept.popleft()
            else:
                part = next(self._parts, None)
                if part is None:
                    self._parts = _NOTHING
                    part = self._association.next_event()
            match part:
                case Received() | DataSetPart():
                    return part
                case DataIndication(pdvs):
                    self._parts = self._assembler.feed(pdvs)
                case ReleaseIndication():
                    self.released = True
                case (AbortIndication() | ProviderAbortIndication()) as end:
                    fail(end)
                case None if self._association.closed:
                    cause = self._association.failure
                    raise cause or TransportError("the association is closed")
                case None:
                    return None
        return None

    def skip_data_set(self, command: Message | UnknownCommand) -> Conversation[None]:
        """Read past the data set of a command, if one follows; errors are those of `next`."""
        follows = command.data_set_follows
        while follows:
            part = yield from self.next()
            follows = isinstance(part, DataSetPart) and not part.last

    def cancelled(self, message_id: int) -> Conversation[bool]:
        """Whether a C-CANCEL for this operation has come, without waiting for one.

        Raises:
            DIMSEError: the peer's fragments make no message.
        """
        found = self._look_ahead(message_id)
        yield POLL
        while not self._kept and (event := self._association.next_event()) is not None:
            if isinstance(event, DataIndication):
                self._parts = self._assembler.feed(event.pdvs)
                found |= self._look_ahead(message_id)
            else:
                self._kept.append(event)
        return found

    def _look_ahead(self, message_id: int) -> bool:
        """Copy the parts of this fill of the receive buffer, before the next one comes."""
        found = False
        for part in self._parts:
            if isinstance(part, DataSetPart):
                copies = tuple(memoryview(bytes(each)) for each in part.fragments)
                self._kept.append(DataSetPart(copies, part.last))
            elif isinstance(part.message, CCancelRQ):
                found |= part.message.message_id_being_responded_to == message_id
            else:
                self._kept.append(part)
        return found
