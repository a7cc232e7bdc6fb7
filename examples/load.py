"""Load a storage SCP with copies of a file: python load.py HOST PORT FILE COUNT ASSOCIATIONS."""

import sys
import time
from statistics import quantiles

from dimse import Client, Invention, Outcome, Preparation


def main(host: str, port: str, file: str, count: str, associations: str) -> int:
    new = Preparation(invention=Invention(run=str(int(time.time()))))  # UIDs of their own
    seconds, failed, begin = [], 0, time.monotonic()
    for event in Client(host, int(port)).send(
        file, repeat=int(count), associations=int(associations), preparation=new
    ):
        if isinstance(event, Outcome):
            failed += not event.stored
            if event.stored:
                seconds.append(event.seconds)
    took = time.monotonic() - begin
    print(f"{len(seconds)} stored, {failed} not, {len(seconds) / took:.0f} objects/s")
    if len(seconds) > 1:
        cuts = quantiles(seconds, n=100)
        print(f"response after {1000 * cuts[49]:.1f} ms (median), {1000 * cuts[98]:.1f} ms (p99)")
    return 1 if failed or not seconds else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
