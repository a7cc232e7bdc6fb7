"""Bounded versions of `make load`: what is counted, never what was timed."""

import asyncio
import gc
import re
import threading
from collections import Counter
from pathlib import Path

import loading
import pytest

from dimse.server import Server
from dimse.storage.spool import Spool

MEBIBYTE = 1 << 20


def test_two_hundred_clients_at_once_lose_nothing(tmp_path: Path):
    with loading.storescp(tmp_path, "--max-associations", "250") as server:
        confirmed = asyncio.run(loading.crowd(server.port, clients=200, objects=5, padding=20_000))
        assert confirmed == 1000
        assert server.use().peak < 300 * MEBIBYTE
        counted = server.end()
    assert counted.startswith("Associations: 200, rejected: 0, aborted: 0; objects stored: 1000, ")
    (directory,) = (each for each in tmp_path.iterdir() if each.is_dir())
    stored = list(directory.iterdir())
    assert len(stored) == 1000
    assert all(each.stat().st_size > 20_000 for each in stored)


def test_idle_associations_are_held_while_others_are_served(tmp_path: Path):
    with loading.storescp(tmp_path, "--max-associations", "310") as server:
        asyncio.run(loading.beside_idle(server.port, 300))
        counted = server.end()
    assert counted.startswith("Associations: 318, rejected: 0, aborted: 0; ")


def test_slow_clients_keep_nobody_out(tmp_path: Path):
    with loading.storescp(tmp_path, "--max-associations", "110") as server:
        times = asyncio.run(loading.beside_slow(server.port, slow=200, seconds=1.5))
        assert times
        stored = int(re.findall(r"objects stored: (\d+)", server.end())[0])
    assert stored == len(times)


def test_a_day_leaves_nothing_behind(tmp_path: Path):
    with loading.storescp(tmp_path) as server:
        uses = asyncio.run(loading.day(server, objects=2000, associations=100))
        counted = server.end()
    assert counted.startswith("Associations: 100, rejected: 0, aborted: 0; objects stored: 2000, ")
    assert loading.is_flat(uses, spare=8 << 20), uses


def test_no_association_and_no_object_leaves_anything_in_the_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """To the object: what a whole day would show of a small leak, or not at all."""
    monkeypatch.setattr(
        "dul.threads.server.THREAD_RESTS", 0.0
    )  # a thread ends with its association
    # Every one of the names that objects have has come by then, and been remembered where that is done.
    with Spool(tmp_path, fsync="none") as spool, Server(spool.open, host="127.0.0.1") as server:
        first, second, third = (left_by(server, associations=each) for each in (10, 40, 40))
    # What is loaded or remembered once does not grow twice.
    grown = {
        kind: count
        for kind, count in (third - second).items()
        if min(count, (second - first)[kind]) >= 40
    }
    assert not grown, "some for each association, or for each object"


def left_by(server: Server, associations: int) -> Counter[str]:
    """What is there, by type, when so many associations of ten objects each are over."""

    async def come() -> None:
        for _ in range(associations):
            async with loading.Client(server.address[1]) as client:
                await client.associate()
                for number in range(10):
                    await client.store(f"2.25.{number}")
                await client.release()

    asyncio.run(come())
    for thread in threading.enumerate():
        if thread.name.startswith("dul-127.0.0.1:"):  # one that serves
            thread.join(30)
    gc.collect()
    return Counter(type(each).__name__ for each in gc.get_objects())
