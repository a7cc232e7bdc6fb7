"""`make bench-quick` and `make bench`: the same work through us and through peers, as ratios, in one run.

    python -m benchmarks [--full] [--rounds N] [--group NAME]... [--json FILE]

Every time is that of a whole process, start-up included; files lie in shared memory, to leave
the disk out. A ratio is our time over the other's, so that less is better.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks import table
from benchmarks.counters import counters
from benchmarks.full import FULL_GROUPS
from benchmarks.groups import GROUPS, Place, peak_memory, percentiles
from benchmarks.links import netem_is_there
from benchmarks.measure import Compared, alternate
from benchmarks.programs import dcmtk_version, install

SOURCE = Path(__file__).resolve().parent.parent
BUILD = SOURCE / "build" / "bench"
SHARED_MEMORY = Path("/dev/shm")
NEEDED = 6 << 30  # bytes: an object of 1 GiB and its copy, or a hole and a copy of 4 GiB
MEMORY_TARGET = 64  # MiB
OTHERS = ["memory", "percentiles", "counters"]  # what is no comparison of runs


def main() -> int:
    """Parse the arguments and run."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument(
        "--full", action="store_true", help="also TLS, links, pynetdicom, counts: some ten minutes"
    )
    names = [group.name for group in (*GROUPS, *FULL_GROUPS)] + OTHERS
    parser.add_argument("--group", action="append", choices=names, help="default: all")
    parser.add_argument(
        "--rounds", type=int, default=5, help="of each group, at least (default: 5)"
    )
    parser.add_argument("--json", type=Path, help="where to write it")
    arguments = parser.parse_args()
    if arguments.json is None:
        arguments.json = BUILD / ("full.json" if arguments.full else "quick.json")
    if dcmtk_version() is None:
        sys.exit(
            "DCMTK is not installed (Debian: apt install dcmtk): there is no peer to compare with"
        )
    if not SHARED_MEMORY.is_dir() or shutil.disk_usage(SHARED_MEMORY).free < NEEDED:
        sys.exit(f"{SHARED_MEMORY} needs {NEEDED >> 30} GiB for the files, to leave the disk out")
    started = time.monotonic()
    root = Path(tempfile.mkdtemp(prefix="dulcet-bench-", dir=SHARED_MEMORY))
    try:
        report(arguments, Place(install(BUILD, SOURCE), root))
    finally:
        shutil.rmtree(root)
    print(f"{time.monotonic() - started:.0f} s in all; every figure is in {arguments.json}")
    return 0


def report(arguments: argparse.Namespace, place: Place) -> None:
    """Run what was asked for, print it row by row, and write it down."""
    groups = (*GROUPS, *FULL_GROUPS) if arguments.full or arguments.group else GROUPS
    wanted = arguments.group or [group.name for group in groups] + (
        OTHERS if arguments.full else ["memory"]
    )
    about = table.facts(place.ours, SOURCE)
    if arguments.full:
        about["links"] = "netem" if netem_is_there() else "netem isn't available: a proxy delays"
    for name, fact in about.items():
        print(f"{name:8} {fact}")
    print(f"\n{table.HEADING}")
    rows: list[Compared] = []
    for group in groups:
        if group.name not in wanted:
            continue
        rounds = max(arguments.rounds, group.rounds) if group.warm else group.rounds
        with group.runs(place) as runs:
            figures = alternate(runs, rounds, warm=group.warm)
        for row in group.rows:
            rows.append(Compared(row, figures[row.ours], figures[row.theirs]))
            print(table.text(rows[-1]), flush=True)
        write_down(arguments.json, table.as_json(about, rows, {}))
    memory = peak_memory(place) if "memory" in wanted else {}
    for name, peak in memory.items():
        verdict = "reached" if peak < MEMORY_TARGET else "NOT reached"
        print(f"resident memory, {name:41} {peak:5.0f} MiB  target < {MEMORY_TARGET} {verdict}")
    more = others(wanted, place)
    write_down(arguments.json, table.as_json(about, rows, memory, **more))


def write_down(path: Path, found: str) -> None:
    """Also what is not all yet: a run that is stopped has its figures."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(found + "\n", "utf-8")


def others(wanted: Sequence[str], place: Place) -> dict[str, dict[str, dict[str, float]]]:
    """What is no comparison of runs, printed line by line."""
    found = {}
    if "percentiles" in wanted:
        found["echo_us"] = percentiles(place)
    if "counters" in wanted:
        found["counters"] = counters(place.root)
    for what, numbers in found.items():
        print(f"\n{what}")
        for name, each in numbers.items():
            print(f"{name:42} " + "  ".join(f"{key} {value:g}" for key, value in each.items()))
    return found


if __name__ == "__main__":
    sys.exit(main())
