"""What is measured within one process, with our library.

of_dulcet.py echo PORT COUNT        C-ECHOs on one association
of_dulcet.py associate PORT COUNT   associations, set up and released

Prints the seconds of each, as JSON.
"""

import json
import sys
import time

from dimse.client import Client
from dimse.dialogue import VERIFICATION_CONTEXT


def main(what: str, port: str, count: str) -> None:
    client = Client("127.0.0.1", int(port))
    seconds = []
    if what == "echo":
        with client.associate([VERIFICATION_CONTEXT]) as session:
            for _ in range(int(count)):
                started = time.perf_counter()
                session.echo()
                seconds.append(time.perf_counter() - started)
    else:
        for _ in range(int(count)):
            started = time.perf_counter()
            client.associate([VERIFICATION_CONTEXT]).release()
            seconds.append(time.perf_counter() - started)
    print(json.dumps(seconds))


if __name__ == "__main__":
    main(*sys.argv[1:])
