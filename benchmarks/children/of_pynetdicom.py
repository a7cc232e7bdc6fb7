"""What is measured within one process, with pynetdicom; see `of_dulcet`."""

import json
import sys
import time

from pynetdicom import AE
from pynetdicom.sop_class import Verification  # type: ignore[attr-defined]


def main(what: str, port: str, count: str) -> None:
    entity = AE()
    entity.add_requested_context(Verification)
    seconds = []
    if what == "echo":
        association = entity.associate("127.0.0.1", int(port))
        for _ in range(int(count)):
            started = time.perf_counter()
            association.send_c_echo()
            seconds.append(time.perf_counter() - started)
        association.release()
    else:
        for _ in range(int(count)):
            started = time.perf_counter()
            entity.associate("127.0.0.1", int(port)).release()
            seconds.append(time.perf_counter() - started)
    print(json.dumps(seconds))


if __name__ == "__main__":
    main(*sys.argv[1:])
