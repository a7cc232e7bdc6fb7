"""Several associations at a time, each in a task."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterable

from dul.conversations import Script
from dul.tasks.line import Line
from dul.values import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

__all__ = ["Lines"]


class Lines:
    """Plays several scripts at a time, each with a `Line` of its own; see `blocking.Lines`."""

    async def play(self, scripts: Iterable[Script[None]]) -> AsyncGenerator[Any, None]:
        """Play them to their ends, and hand out their events in the order in which they come.

        A script goes on when its event has been taken.
        """
        playing = [Line().play(each) for each in scripts]
        waiting = {asyncio.ensure_future(anext(each)): each for each in playing}
        try:
            while waiting:
                done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
                for task in [each for each in waiting if each in done]:
                    events = waiting.pop(task)
                    try:
                        event = task.result()
                    except StopAsyncIteration:
                        continue
                    yield event
                    waiting[asyncio.ensure_future(anext(events))] = events
        finally:
            for task in waiting:
                task.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)
            await asyncio.gather(*(each.aclose() for each in playing))
