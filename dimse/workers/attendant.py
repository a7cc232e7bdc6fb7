"""Who is told, in the supervisor's process, what workers have to say."""

from __future__ import annotations

from collections.abc import Callable

from dul.values import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from typing import TypeAlias

__all__ = ["Attendant", "StartAside"]

StartAside: TypeAlias = Callable[[Callable[[], None], Callable[[str], None]], bool]
"""Lets a function run in a process of its own, and another one in the supervisor's be told how it ended:
"" if well, else as `WorkerEnded.how`. False: there is no room for one more process now."""


class Attendant(Protocol):
    """Hears what workers tell (`Orders.tell`, `Orders.ask`). Nothing of it may block, or start a thread."""

    def begin(self, start_aside: StartAside) -> None:
        """The supervisor begins to run; what takes time is done by way of `start_aside`."""

    def told(self, number: int, words: bytes) -> None:
        """A worker has told something.

        Args:
            number: which one, from 0 on.
            words: what it gave to `Orders.tell`.
        """

    def asked(self, number: int, words: bytes, answer: Callable[[bytes], None]) -> None:
        """A worker has asked something.

        Args:
            number: which one, from 0 on.
            words: what it gave to `Orders.ask`.
            answer: to be called once, now or later, with what that gives.
        """

    def gone(self, number: int) -> None:
        """It is dead; all that it told was heard. Another one may get its number."""

    def attend(self) -> float | None:
        """Do what is due by now; gives in how many seconds more will be, if nothing is heard."""

    def end(self) -> bool:
        """No worker is left, and none will be; gives whether all is done. Is called until it is."""
