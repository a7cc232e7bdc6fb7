"""make load: the load proofs at full length, as figures; exits with 1 if one is missed."""

from __future__ import annotations

import argparse
import asyncio
import resource
import statistics
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "load")]

import loading  # noqa: E402

MEBIBYTE = 1 << 20


def crowd(scratch: Path, scale: float) -> bool:
    clients, objects = 200, max(1, int(20 * scale))
    with loading.storescp(scratch, "--max-associations", "250") as server:
        begun = time.perf_counter()
        confirmed = asyncio.run(loading.crowd(server.port, clients, objects, padding=100_000))
        seconds = time.perf_counter() - begun
        use = server.use()
        counted = server.end()
    say(
        f"{clients} clients at once, {objects} objects of 100 KB each: {confirmed} confirmed in "
        f"{seconds:.1f} s; at most {use.peak // MEBIBYTE} MiB, {use.threads} threads"
    )
    say(f"  {counted}")
    return confirmed == clients * objects and use.peak < 300 * MEBIBYTE


def idle(scratch: Path, scale: float) -> bool:
    count = int(1000 * scale)
    with loading.storescp(scratch, "--max-associations", str(count + 10)) as server:
        alone, beside = asyncio.run(loading.beside_idle(server.port, count))
        use = server.use()
        server.end()
    say(
        f"{count} idle associations: a new client is served in {1000 * beside:.1f} ms, alone in "
        f"{1000 * alone:.1f} ms; at most {use.peak // MEBIBYTE} MiB"
    )
    return beside < alone + 0.1


def slow(scratch: Path, scale: float) -> bool:
    count = int(500 * scale)
    with loading.storescp(scratch, "--max-associations", str(count)) as server:
        times = asyncio.run(loading.beside_slow(server.port, count, 60 * scale))
        use = server.use()
        server.end()
    say(
        f"{count} clients at one byte a second: {len(times)} others served meanwhile, median "
        f"{1000 * statistics.median(times):.1f} ms, longest {1000 * max(times):.1f} ms; at most "
        f"{use.peak // MEBIBYTE} MiB"
    )
    return True


def day(scratch: Path, scale: float) -> bool:
    objects, associations = int(1_000_000 * scale), int(10_000 * scale)
    with loading.storescp(scratch) as server:
        begun = time.perf_counter()
        uses = asyncio.run(loading.day(server, objects, associations))
        seconds = time.perf_counter() - begun
        counted = server.end()
    say(f"{objects} objects over {associations} associations in {seconds:.0f} s:")
    for use in uses:
        say(
            f"  {use.memory / MEBIBYTE:.1f} MiB, {use.descriptors} descriptors, "
            f"{use.threads} threads"
        )
    say(f"  {counted}")
    return loading.is_flat(uses)


LOADS = {"crowd": crowd, "idle": idle, "slow": slow, "day": day}


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0, help="a tenth: 0.1")
    parser.add_argument("loads", nargs="*", default=list(LOADS), help="default: all")
    given = parser.parse_args()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    failed = []
    with tempfile.TemporaryDirectory(prefix="dulcet-load-") as scratch:
        for name in given.loads:
            if not LOADS[name](Path(scratch), given.scale):
                failed.append(name)
    say(f"missed: {', '.join(failed)}" if failed else "all kept")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
