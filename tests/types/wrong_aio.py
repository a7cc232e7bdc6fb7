"""Calls of the asyncio client's API, right and wrong; `test_types` has mypy look, and runs none."""

from __future__ import annotations

from dimse import Outcome, Reply
from dimse.aio import Client, Session
from dimse.events import ClientEvent
from dul import Limits

stored: list[Outcome] = []
told: list[ClientEvent] = []


async def right() -> None:
    async with Client("pacs", 104, calling_ae_title="US", limits=Limits()) as client:
        reply: Reply = await client.echo()
        assert reply.status == 0
        async for outcome in client.store(["a.dcm", "b.dcm"], repeat=2):
            stored.append(outcome)
        async for event in client.send("a.dcm", max_losses=3):
            told.append(event)
    session: Session = await client.associate([])
    async with session:
        stored.append(await session.store("a.dcm", priority=2))
        await session.release()


async def wrong(client: Client, session: Session) -> None:
    Client("pacs")  # error: call-arg
    Client("pacs", port="104")  # error: arg-type
    Client("pacs", 104, calling="US")  # error: call-arg
    Client("pacs", 104, wakeup=None)  # error: call-arg
    client.echo()  # error: unused-coroutine
    client.echo().status  # error: attr-defined
    with client:  # error: attr-defined
        pass
    for outcome in client.store("a.dcm"):  # error: attr-defined
        stored.append(outcome)
    stored.append(await client.store("a.dcm"))  # error: misc
    client.store("a.dcm", halts=True)  # error: call-arg
    client.store(a_file="a.dcm")  # error: call-arg
    client.send("a.dcm", repeat=1.5)  # error: arg-type
    client.associate([])  # error: unused-coroutine
    stored.append(session.store("a.dcm"))  # error: arg-type
    await session.store("a.dcm", priority="high")  # error: arg-type
    await session.echo(2)  # error: call-arg
    session.release()  # error: unused-coroutine
    told.append(await client.echo())  # error: arg-type
