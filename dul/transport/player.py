"""One of several scripts that are played at a time, in one thread.

`Player.steps` turns a script into what there is to wait for and what there is to be told, so that
whoever plays several waits for all of them at once.
"""

from __future__ import annotations

from collections.abc import Callable, Generator

from dul.association import Association
from dul.conversations import POLL, Call, Connect, Disconnect, Meanwhile, Pause, Pump, Script
from dul.transport.link import Clock, Link, Wait, Waiting
from dul.transport.pump import abort_connection, exchange, pump, push, rest
from dul.values import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from typing import Any, TypeAlias

__all__ = ["NOWHERE", "OpenLink", "Player", "Telling"]

NOWHERE = -1
"""The descriptor of a `Wait` that is for the time alone."""

OpenLink: TypeAlias = Callable[[Connect], Link]
"""Gives the link of an association that is to be connected; looks the host up."""


class Telling(NamedTuple):
    """An event of the script's; what it is answered is sent in."""

    event: Any


class Player:
    """Plays one script.

    Args:
        script: what to play.
        clock: seconds.
        open_link: gives links.
    """

    def __init__(self, script: Script[None], clock: Clock, open_link: OpenLink) -> None:
        self._script = script
        self._clock = clock
        self._open_link = open_link
        self._association: Association | None = None
        self._link: Link | None = None

    def steps(self) -> Generator[Wait | Telling, Any, None]:
        """The whole script; raises what it raises."""
        script = self._script
        try:
            step = script.send(None)
            while True:
                try:
                    reply = yield from self._perform(step)
                except Exception as error:  # noqa: BLE001 - it is the script's to handle
                    step = script.throw(error)
                else:
                    step = script.send(reply)
        except StopIteration:
            return

    def tick(self) -> None:
        """The time since the last step was the user's own, and not the peer's."""
        if self._association is not None:
            self._association.tick(self._clock())

    def close(self) -> None:
        """End the script where it stands; its `finally` clauses run."""
        self._script.close()

    def doubt(self) -> None:
        """It was left in the middle of a step: what the peer got is not known."""
        if self._link is not None:
            self._link.uncertain = True

    def abort(self) -> Waiting[None]:
        """Abort what is open, and close its transport."""
        association, link = self._association, self._link
        self._association = self._link = None
        if association is None or link is None:
            return
        try:
            association.tick(self._clock())
            for _ in abort_connection(association, link, self._clock):
                yield from pump(association, link, self._clock)
        finally:
            link.close()

    def _perform(self, step: Any) -> Generator[Wait | Telling, Any, Any]:
        association, link = self._association, self._link
        match step:
            case Connect():
                yield from self.abort()
                self._link = self._open_link(step)
                self._association = step.association
                self.tick()
            case Disconnect():
                yield from self.abort()
            case Pause(seconds):
                yield from self._pause(self._clock() + seconds)
            case Call(function, arguments):
                if association is not None and link is not None:
                    push(association, link, self._clock)
                try:
                    return function(*arguments)
                finally:
                    self.tick()
            case Pump() | Meanwhile():
                assert association is not None  # it comes after Connect
                assert link is not None
                if step is POLL:
                    exchange(association, link, self._clock)
                else:
                    yield from pump(association, link, self._clock, step)
            case _:
                reply = yield Telling(step)
                self.tick()
                return reply
        return None

    def _pause(self, until: float) -> Waiting[None]:
        association, link = self._association, self._link
        if association is not None and link is not None and link.is_open:
            yield from rest(association, link, self._clock, until)
            return
        while self._clock() < until:
            yield Wait(NOWHERE, read=False, write=False, until=until)
