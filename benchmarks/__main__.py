"""`make bench-quick` and `make bench`: the same work through us and through peers, as ratios, in one run.

    python -m benchmarks [--full] [--rounds N] [--group NAME]... [--json FILE]

Every time is that of a whole process, start-up included; files lie in shared memory, to leave
the disk out. A ratio is our time over the other's, so that less is better.
"""

from __future__ import annotations

import argparse
import contextlib
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks import table
from benchmarks.counters import counters
from benchmarks.full import FULL_GROUPS
from benchmarks.groups import GROUPS, Group, Place, peak_memory, percentiles
from benchmarks.links import netem_is_there
from benchmarks.measure import Compared, Failed, alternate
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
        whole = report(arguments, Place(install(BUILD, SOURCE), root))
    finally:
        shutil.rmtree(root)
    print(f"{time.monotonic() - started:.0f} s in all; every figure is in {arguments.json}")
    return 0 if whole else 1


def report(arguments: argparse.Namespace, place: Place) -> bool:
    """Run what was asked for, print it row by row, and write it down.

    A group in which a program fails or hangs has no figures; the others have theirs.

    Returns:
        Whether all have figures.
    """
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
    failed: dict[str, str] = {}
    for group in groups:
        if group.name not in wanted:
            continue
        with told(group.name, failed):
            for compared in compare(group, place, arguments.rounds):
                rows.append(compared)
                print(table.text(compared), flush=True)
        write_down(arguments.json, table.as_json(about | failed, rows, {}))
    memory: dict[str, float] = {}
    if "memory" in wanted:
        with told("memory", failed):
            memory = peak_memory(place)
    for name, peak in memory.items():
        verdict = "reached" if peak < MEMORY_TARGET else "NOT reached"
        print(f"resident memory, {name:41} {peak:5.0f} MiB  target < {MEMORY_TARGET} {verdict}")
    more = others(wanted, place, failed)
    write_down(arguments.json, table.as_json(about | failed, rows, memory, **more))
    return not failed


@contextlib.contextmanager
def told(what: str, failed: dict[str, str]) -> Iterator[None]:
    """Print and keep why there are no figures of something, and go on."""
    try:
        yield
    except (Failed, OSError, ValueError) as error:
        print(f"{what}: NO FIGURES, {error}", flush=True)
        failed[f"no figures of {what}"] = str(error).partition("\n")[0]


def compare(group: Group, place: Place, rounds: int) -> list[Compared]:
    """A group's rows, with the figures of so many rounds, or as many as the group has at least."""
    with group.runs(place) as runs:
        many = max(rounds, group.rounds) if group.warm else group.rounds
        figures = alternate(runs, many, warm=group.warm)
    return [Compared(row, figures[row.ours], figures[row.theirs]) for row in group.rows]


def write_down(path: Path, found: str) -> None:
    """Also what is not all yet: a run that is stopped has its figures."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(found + "\n", "utf-8")


def others(
    wanted: Sequence[str], place: Place, failed: dict[str, str]
) -> dict[str, dict[str, dict[str, float]]]:
    """What is no comparison of runs, printed line by line."""
    found = {}
    if "percentiles" in wanted:
        with told("percentiles", failed):
            found["echo_us"] = percentiles(place)
    if "counters" in wanted:
        with told("counters", failed):
            found["counters"] = counters(place.root)
    for what, numbers in found.items():
        print(f"\n{what}")
        for name, each in numbers.items():
            print(f"{name:42} " + "  ".join(f"{key} {value:g}" for key, value in each.items()))
    return found


if __name__ == "__main__":
    sys.exit(main())
