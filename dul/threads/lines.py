"""Several associations at a time in one thread."""

from __future__ import annotations

import select
import time
from collections import deque
from collections.abc import Generator, Iterable, Iterator

from dul.conversations import Script
from dul.threads.polling import LONGEST_POLL, link_for, raise_if_set
from dul.transport.link import Wait
from dul.transport.player import NOWHERE, Player, Telling
from dul.transport.wakeup import Wakeup
from dul.values import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

__all__ = ["Lines"]


class Lines:
    """Plays several scripts at a time, in one thread: while one waits, the others go on.

    Args:
        wakeup: ends whatever waits.
    """

    def __init__(self, wakeup: Wakeup | None = None) -> None:
        self._wakeup = wakeup

    def play(self, scripts: Iterable[Script[None]]) -> Generator[Any, Any, None]:
        """Play them to their ends, and hand out their events in the order in which they come.

        What is open is aborted if one of them raises, or if the events are not taken to the end.

        Raises:
            Interrupted: the wakeup was set.
            Exception: whatever a script raises.
        """
        players = [
            Player(each, time.monotonic, lambda step: link_for(step, self._wakeup))
            for each in scripts
        ]
        try:
            for event in self._go_on({each: each.steps() for each in players}, self._wakeup):
                yield event
                for each in players:
                    each.tick()
        except BaseException:
            for each in players:
                each.close()
            # What called for the end must not cut it short; the grace bounds it.
            deque(self._go_on({each: each.abort() for each in players}, None), maxlen=0)
            raise

    def _go_on(
        self, running: dict[Player, Generator[Wait | Telling, Any, None]], wakeup: Wakeup | None
    ) -> Iterator[Any]:
        """Let each go on when what it waits for has come; gives the events."""
        ready = deque((each, None) for each in running)
        waits: dict[Player, Wait] = {}
        while running:
            while ready:
                player, reply = ready.popleft()
                try:
                    step = running[player].send(reply)
                except StopIteration:
                    del running[player]
                except Exception:
                    raise
                except BaseException:
                    player.doubt()
                    raise
                else:
                    if isinstance(step, Wait):
                        waits[player] = step
                    else:
                        yield step.event
                        ready.append((player, None))
            if waits:
                ready.extend(_ready(waits, wakeup))


def _ready(waits: dict[Player, Wait], wakeup: Wakeup | None) -> list[tuple[Player, Any]]:
    """Wait for the first of them; takes those out whose time has come, with what they are told."""
    poll = select.poll()
    if wakeup is not None:
        poll.register(wakeup, select.POLLIN)
    for wait in waits.values():
        if wait.fd != NOWHERE:
            mask = (select.POLLIN if wait.read else 0) | (select.POLLOUT if wait.write else 0)
            poll.register(wait.fd, mask)
    times = [wait.until for wait in waits.values() if wait.until is not None]
    timeout = None
    if times:
        left = max(0.0, min(times) - time.monotonic())
        timeout = int(min(left, LONGEST_POLL) * 1000) + 1
    found = {fd for fd, _ in poll.poll(timeout)}
    raise_if_set(wakeup)
    now = time.monotonic()
    over = [
        (player, wait.fd in found)
        for player, wait in waits.items()
        if wait.fd in found or (wait.until is not None and wait.until <= now)
    ]
    for player, _ in over:
        del waits[player]
    return over
