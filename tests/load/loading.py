"""Load on a storescp: clients by the hundred, whose bytes are the testbed's, and what the server takes.

Clients are tasks of one event loop, in a process of their own, so that what is measured is the server.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from testbed import messages, raw

ROOT = Path(__file__).parents[2]
CONTEXT = raw.context_rq(1, raw.CT_STORAGE, [raw.IMPLICIT_LE])
ASSOCIATE = raw.associate_rq(contexts=[CONTEXT])
RELEASE = raw.release_rq()
AC, RELEASE_RP = 2, 6
SUCCESS = b"\x00\x00\x00\x09\x02\x00\x00\x00\x00\x00"  # (0000,0900), 2 bytes, 0000H
LONGEST_PDU = 16_000  # bytes of a fragment


class NotServed(Exception):
    """The server did something else than what a client has a right to."""


class Client:
    """One association."""

    def __init__(self, port: int) -> None:
        self._port = port

    async def __aenter__(self) -> Self:
        self._reader, self.writer = await asyncio.open_connection("127.0.0.1", self._port)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.writer.close()
        with contextlib.suppress(OSError):
            await self.writer.wait_closed()

    async def associate(self) -> None:
        self.writer.write(ASSOCIATE)
        await self._expect(AC)

    async def store(self, instance: str, padding: int = 0) -> None:
        self.writer.write(store_rq(instance, padding))
        await self.writer.drain()
        answer = await self._expect(4)
        if SUCCESS not in answer:
            raise NotServed(f"{instance}: {answer!r}")

    async def release(self) -> None:
        self.writer.write(RELEASE)
        await self._expect(RELEASE_RP)

    async def _expect(self, kind: int) -> bytes:
        head = await self._reader.readexactly(6)
        body = await self._reader.readexactly(int.from_bytes(head[2:], "big"))
        if head[0] != kind:
            raise NotServed(f"PDU {head[0]} instead of {kind}: {body!r}")
        return body


def store_rq(instance: str, padding: int) -> bytes:
    """A C-STORE-RQ and its data set, as PDUs."""
    data = messages.ct_data_set(instance)
    if padding:
        data += messages.element(0xFFFCFFFC, bytes(padding))
    fragments = [data[at : at + LONGEST_PDU] for at in range(0, len(data), LONGEST_PDU)]
    pdus = [messages.command_pdu(messages.store_rq(instance=instance), 1)]
    pdus += [messages.data_pdu(each, header=0) for each in fragments[:-1]]
    return b"".join([*pdus, messages.data_pdu(fragments[-1])])


@dataclass(frozen=True)
class Use:
    """What a process takes."""

    memory: int  # bytes that are in RAM
    peak: int  # the most that ever were
    descriptors: int
    threads: int


class Storescp:
    """A server as a process."""

    def __init__(self, directory: Path, *options: str) -> None:
        command = [sys.executable, "-m", "cli.storescp", "-v", "--host", "127.0.0.1"]
        self._log = (directory.parent / f"{directory.name}.log").open("wb")
        self.process = subprocess.Popen(
            [*command, "-od", str(directory), *options, "--port-file", f"{directory}.port", "0"],
            stderr=self._log,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        port_file = Path(f"{directory}.port")
        until = time.monotonic() + 60
        while not port_file.exists():
            assert self.process.poll() is None
            assert time.monotonic() < until
            time.sleep(0.01)
        self.port = int(port_file.read_text())

    def use(self) -> Use:
        proc = Path(f"/proc/{self.process.pid}")
        status = proc.joinpath("status").read_text()
        found = dict(re.findall(r"^(VmRSS|VmHWM|Threads):\s+(\d+)", status, re.MULTILINE))
        descriptors = len(list(proc.joinpath("fd").iterdir()))
        return Use(
            int(found["VmRSS"]) << 10, int(found["VmHWM"]) << 10, descriptors, int(found["Threads"])
        )

    def end(self) -> str:
        """Its counts."""
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(60) == 0
        said = Path(self._log.name).read_text()
        assert "Traceback" not in said
        found = re.search(r"I: (Associations: .*)", said)
        assert found
        return found[1]

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self._log.close()


@contextlib.contextmanager
def storescp(scratch: Path, *options: str) -> Iterator[Storescp]:
    """A server that stores below a directory."""
    directory = scratch / f"in{len(list(scratch.iterdir()))}"
    directory.mkdir()
    server = Storescp(directory, "--fsync", "none", *options)
    try:
        yield server
    finally:
        server.close()


# ------------------------------------------------------------------------------- the loads --


async def crowd(port: int, clients: int, objects: int, padding: int) -> int:
    """So many associations at once, each with so many objects; gives how many were confirmed."""
    all_in = asyncio.Barrier(clients)

    async def one(number: int) -> int:
        async with Client(port) as client:
            await client.associate()
            await all_in.wait()  # all are open before the first object goes
            for each in range(objects):
                await client.store(f"2.25.{number}{each:03}", padding)
            await client.release()
            return objects

    return sum(await asyncio.gather(*(one(number) for number in range(1, clients + 1))))


async def served(port: int) -> float:
    """A client that comes, stores one object, and goes; gives the seconds that it took."""
    begun = time.perf_counter()
    async with Client(port) as client:
        await client.associate()
        await client.store("2.25.1")
        await client.release()
    return time.perf_counter() - begun


async def median_served(port: int, times: int = 9) -> float:
    return statistics.median([await served(port) for _ in range(times)])


async def beside_idle(port: int, idle: int) -> tuple[float, float]:
    """A client's time alone, and beside so many associations that do nothing."""
    alone = await median_served(port)
    async with contextlib.AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(Client(port)) for _ in range(idle)]
        for client in clients:
            await client.associate()
        beside = await median_served(port)
        for client in clients:
            await client.release()
    return alone, beside


async def beside_slow(port: int, slow: int, seconds: float) -> list[float]:
    """Times of a client that comes again and again beside so many that send a byte a second.

    Half of them in the middle of their A-ASSOCIATE-RQ, half in the middle of a C-STORE-RQ.
    """
    over = asyncio.Event()

    async def trickle(client: Client, content: bytes) -> None:
        for at in range(len(content)):
            if over.is_set() or client.writer.transport.is_closing():
                return  # the second: it had to make room
            client.writer.write(content[at : at + 1])
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(over.wait(), 1.0)

    times = []
    async with contextlib.AsyncExitStack() as stack:
        tasks = []
        # One after the other: who comes amid so many at once may have to make room before it is heard.
        for number in range(slow):
            client = await stack.enter_async_context(Client(port))
            content = ASSOCIATE
            if number % 2:
                await client.associate()
                content = store_rq("2.25.2", 0)
            tasks.append(asyncio.create_task(trickle(client, content)))
        until = time.monotonic() + seconds
        while time.monotonic() < until or not times:
            times.append(await served(port))
        over.set()
        for task in tasks:
            await task
    return times


async def day(
    server: Storescp, objects: int, associations: int, at_once: int = 4, samples: int = 10
) -> list[Use]:
    """So many tiny objects over so many associations; what the server takes after each tenth."""
    each = objects // associations
    uses = []
    left = iter(range(associations))

    async def one() -> None:
        for number in left:
            async with Client(server.port) as client:
                await client.associate()
                for at in range(each):
                    # The same names again and again, lest the disk fill up.
                    await client.store(f"2.25.{1 + (number * each + at) % 1000}")
                await client.release()
            if (number + 1) % max(1, associations // samples) == 0:
                uses.append(server.use())

    await asyncio.gather(*(one() for _ in range(at_once)))
    return uses


def is_flat(uses: Sequence[Use], at_once: int = 4, spare: int = 16 << 20) -> bool:
    """Whether nothing grew after the first sample: memory by no more than `spare` bytes."""
    first, *others = uses
    return all(
        use.memory <= first.memory + spare
        and use.descriptors <= first.descriptors + 3 * at_once
        and use.threads <= first.threads + at_once
        for use in others
    )
