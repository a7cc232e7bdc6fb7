"""What asyncio alone has: several tasks with one association, and events that nobody takes to their end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from serving import IMPLICIT, VERIFICATION

from dimse import aio
from dimse.offers import ContextOffer
from dimse.storage.sink import Discard
from dul.errors import Interrupted, LocalProtocolError

FILE = Path(__file__).parents[2] / "fixtures" / "dicom" / "ct-explicit.dcm"
ECHO = [ContextOffer(VERIFICATION, (IMPLICIT,))]


class Gate:
    """Holds C-ECHOs up until it is opened."""

    def __init__(self) -> None:
        self.reached = asyncio.Event()
        self.opened = asyncio.Event()

    async def hold(self, _: object) -> None:
        self.reached.set()
        await self.opened.wait()


def play(script: Callable[[aio.Client, Gate], Awaitable[None]]) -> None:
    """With a client of a server whose echoes are held up."""

    async def main() -> None:
        gate = Gate()
        async with aio.Server(lambda _: Discard(), on_echo=gate.hold, host="127.0.0.1") as server:
            await asyncio.wait_for(script(aio.Client("127.0.0.1", server.address[1]), gate), 30)

    asyncio.run(main())


def test_who_breaks_out_of_the_outcomes_goes_on_with_the_client() -> None:
    async def script(client: aio.Client, gate: Gate) -> None:
        gate.opened.set()
        async with client:
            async for outcome in client.store([FILE] * 3):
                assert outcome.stored
                break
            # What was broken out of is ended by the event loop, in a task that runs after this one.
            assert (await client.echo()).status == 0
            async for _ in client.send([FILE] * 3):
                break
            assert [each.stored async for each in client.store([FILE] * 2)] == [True, True]

    play(script)


def test_outcomes_that_are_kept_may_be_taken_after_another_call() -> None:
    async def script(client: aio.Client, gate: Gate) -> None:
        gate.opened.set()
        async with client:
            outcomes = client.store([FILE] * 3)
            await anext(outcomes)
            assert (await client.echo()).status == 0
            assert len([each async for each in outcomes]) == 2

    play(script)


@pytest.mark.parametrize("kept", [False, True], ids=["new", "kept"])
def test_a_second_task_with_a_kept_association_is_told_so(kept: bool) -> None:
    async def script(client: aio.Client, gate: Gate) -> None:
        async with client:
            if kept:
                gate.opened.set()
                await client.echo()
                gate.opened.clear()
                gate.reached.clear()
            first = asyncio.create_task(client.echo())
            await gate.reached.wait()
            with pytest.raises(LocalProtocolError, match="only one at a time"):
                await client.echo()
            gate.opened.set()
            assert (await first).status == 0
            assert (await client.echo()).status == 0

    play(script)


@pytest.mark.parametrize("how", ["abort", "release"])
def test_who_waits_is_woken_up_if_another_task_ends_the_association(how: str) -> None:
    async def script(client: aio.Client, gate: Gate) -> None:
        session = await client.associate(ECHO)
        waiting = asyncio.create_task(session.echo())
        await gate.reached.wait()
        if how == "abort":
            await session.abort()
        else:
            with pytest.raises(LocalProtocolError, match="only one at a time"):
                await session.release()
        with pytest.raises(Interrupted, match="another task aborted"):
            await waiting

    play(script)


def test_nothing_stays_open_if_the_block_is_left_while_another_task_waits() -> None:
    async def script(client: aio.Client, gate: Gate) -> None:
        waiting: Any = None
        with pytest.raises(LocalProtocolError, match="only one at a time"):
            async with client:
                waiting = asyncio.create_task(client.echo())
                await gate.reached.wait()
        with pytest.raises(Interrupted):
            await waiting

    play(script)
