"""One association of a service class user, established and used by hand: the blocking face of it.

    with client.associate([ContextOffer(VERIFICATION, (IMPLICIT_VR_LITTLE_ENDIAN,))]) as session:
        session.echo()

`dimse.aio` has the same for asyncio.
"""

from __future__ import annotations

from types import TracebackType

from dimse.asked import examined
from dimse.dialogue import Dialogue
from dimse.messages.base import Priority
from dimse.objects.outgoing import Outgoing, Sendable
from dimse.outcome import Outcome
from dimse.scu import Operations, Reply
from dimse.stores import Stores
from dul.blocking import Line
from dul.conversations import Script
from dul.negotiation import Negotiated
from dul.values import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from typing import Self

T = TypeVar("T")

__all__ = ["Session"]


class Session:
    """One established association; a context manager: leaving it releases.

    Made by `Client.associate`.
    """

    def __init__(self, line: Line, dialogue: Dialogue, operations: Operations) -> None:
        self._line = line
        self._dialogue = dialogue
        self._operations = operations

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._line.__exit__(kind, error, traceback)

    @property
    def negotiated(self) -> Negotiated:
        """What was agreed."""
        return self._operations.negotiated

    @property
    def operations(self) -> Operations:
        """Any operation, as conversations for `run`."""
        return self._operations

    def run(self, script: Script[T]) -> T:
        """Play a conversation on this association, of `operations` for instance."""
        return self._line.run(script)

    def echo(self) -> Reply:
        """C-ECHO; errors are those of `Operations.echo`."""
        return self._line.run(self._operations.echo(details=False))

    def store(
        self,
        item: Sendable | Outgoing,
        *,
        priority: int = Priority.MEDIUM,
        move_originator: tuple[str, int] | None = None,
    ) -> Outcome:
        """C-STORE of one object; arguments and errors are those of `Stores`."""
        outgoing = examined(item)
        stores = Stores(
            self._operations,
            self._dialogue.clock,
            priority=priority,
            move_originator=move_originator,
            details=False,
        )
        return self._line.run(stores.store(outgoing))

    def release(self) -> None:
        """End the association in order.

        Raises:
            DULError: it ended otherwise.
        """
        self._line.release()

    def abort(self) -> None:
        """End the association at once, with an A-ABORT."""
        self._line.abort()
