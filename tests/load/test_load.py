"""Bounded versions of `make load`: what is counted, never what was timed."""

import asyncio
import re
from pathlib import Path

import loading

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
        times = asyncio.run(loading.beside_slow(server.port, slow=200, seconds=3.0))
        assert times
        stored = int(re.findall(r"objects stored: (\d+)", server.end())[0])
    assert stored == len(times)


def test_a_day_leaves_nothing_behind(tmp_path: Path):
    with loading.storescp(tmp_path) as server:
        uses = asyncio.run(loading.day(server, objects=10_000, associations=100))
        counted = server.end()
    assert counted.startswith("Associations: 100, rejected: 0, aborted: 0; objects stored: 10000, ")
    assert loading.is_flat(uses), uses
