"""From presentation data values to DIMSE messages (PS3.7 6.3, PS3.8 Annex E).

Command sets are collected here, within a bound. Data sets are not: their fragments are handed
on as the views that they are, for a sink to take before the receive buffer is filled again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from dimse.errors import InvalidCommandSet, MessageFault, UnknownCommand
from dimse.messages.alike import Alike
from dimse.messages.base import Message
from dimse.messages.command import MAXIMUM_COMMAND_LENGTH
from dul.pdata import COMMAND, LAST, PDV
from dul.values import dataclass

__all__ = ["Assembler", "DataSetPart", "MessageFault", "Received"]

_BOTH = COMMAND | LAST  # the bits of a message control header that mean something


@dataclass(frozen=True, slots=True)
class Received:
    """A whole command set.

    Attributes:
        context_id: the presentation context that it came on.
        message: what it says; an `UnknownCommand` if PS3.7 does not have it.
    """

    context_id: int
    message: Message | UnknownCommand


@dataclass(frozen=True, slots=True)
class DataSetPart:
    """Fragments of the data set that follows the last command set.

    Attributes:
        fragments: views, in order, lent until the next bytes are received; maybe none.
        last: the data set is complete.
    """

    fragments: tuple[memoryview, ...]
    last: bool


class Assembler:
    """Puts the PDVs of one direction of an association together."""

    def __init__(self) -> None:
        self._alike = Alike()
        self._command = bytearray()
        self._context_id: int | None = None  # of the message that has begun
        self._data_set = False  # its command set is complete, its data set is not

    @property
    def at_rest(self) -> bool:
        """No message has begun that has not ended."""
        return self._context_id is None

    def whole(self, pdvs: Sequence[PDV]) -> tuple[int, Message, list[memoryview]] | None:
        """A command set, and the data set that follows it, if these PDVs are that and nothing else.

        That is what a small object comes as, or a C-ECHO. What is in any way else is left to `feed`.

        Returns:
            The presentation context, the message, and the fragments of its data set; none, if none follows.
        """
        context_id, control, command = pdvs[0]
        if (
            self._context_id is not None
            or control & _BOTH != _BOTH
            or len(command) > MAXIMUM_COMMAND_LENGTH
            or not pdvs[-1][1] & LAST
        ):
            return None
        fragments: list[memoryview] = []
        for pdv_context_id, control, fragment in pdvs[1:]:
            # The last one before the end, a command set behind it, or another message's.
            if control & _BOTH and (control & COMMAND or len(fragments) + 2 != len(pdvs)):
                return None
            if pdv_context_id != context_id or not fragment:
                return None
            assert isinstance(fragment, memoryview)  # what was received
            fragments.append(fragment)
        try:
            message = self._alike.decode(bytes(command))
        except (InvalidCommandSet, UnknownCommand):
            return None
        if message.data_set_follows != bool(fragments):
            return None
        return context_id, message, fragments

    def feed(self, pdvs: Iterable[PDV]) -> Iterator[Received | DataSetPart]:
        """What these PDVs complete, in order.

        Neighbouring fragments of a data set come together, for one write.

        Raises:
            MessageFault: a data set without a command, fragments of two messages mixed, two
                contexts in one message, or a command set that does not end.
            InvalidCommandSet: the command set is none, or lacks what it must have.
        """
        fragments: list[memoryview] = []
        for pdv in pdvs:
            context_id, control, fragment = pdv
            if not control & COMMAND:
                if not self._data_set or context_id != self._context_id:
                    self._check(pdv)
                if len(fragment):
                    fragments.append(memoryview(fragment))
                if control & LAST:
                    self._context_id, self._data_set = None, False
                    yield DataSetPart(tuple(fragments), last=True)
                    fragments = []
                continue
            self._check(pdv)
            if len(self._command) + len(fragment) > MAXIMUM_COMMAND_LENGTH:
                raise MessageFault(f"a command set of over {MAXIMUM_COMMAND_LENGTH} bytes")
            self._command += fragment
            if control & LAST:
                yield self._received(context_id)
        if fragments:
            yield DataSetPart(tuple(fragments), last=False)

    def _check(self, pdv: PDV) -> None:
        if self._context_id is None:
            if not pdv.is_command:
                raise MessageFault("a data set fragment without a command set before it")
            self._context_id = pdv.context_id
        elif pdv.context_id != self._context_id:
            raise MessageFault(
                f"a message begun on presentation context {self._context_id} goes on on "
                f"{pdv.context_id}"
            )
        elif pdv.is_command and self._data_set:
            raise MessageFault("a command set fragment within a data set")
        elif not pdv.is_command and not self._data_set:
            raise MessageFault("a data set fragment before its command set ends")

    def _received(self, context_id: int) -> Received:
        data = bytes(self._command)
        self._command.clear()
        message: Message | UnknownCommand
        try:
            message = self._alike.decode(data)
        except UnknownCommand as unknown:
            message = unknown
        self._data_set = message.data_set_follows
        if not self._data_set:
            self._context_id = None
        return Received(context_id, message)
