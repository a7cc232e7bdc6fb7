"""What is measured within one process, with our library.

of_dulcet.py echo PORT COUNT        C-ECHOs on one association
of_dulcet.py associate PORT COUNT   associations, set up and released
of_dulcet.py receive PORT FOLDER    serve, and agree to 16 operations at a time

Prints the seconds of each, as JSON; what receives prints nothing, and ends when it is killed.
"""

import json
import sys
import time

from dimse.client import Client
from dimse.dialogue import VERIFICATION_CONTEXT
from dimse.server import Server
from dimse.storage.spool import Spool
from dimse.support import storage_support
from dul.user_items import AsynchronousOperationsWindow

WINDOW = AsynchronousOperationsWindow(16, 16)


def receive(port: int, folder: str) -> None:
    with Spool(folder) as spool:
        Server(spool.open, support=storage_support(window=WINDOW), port=port).serve_forever()


def main(what: str, port: str, count: str) -> None:
    if what == "receive":
        receive(int(port), count)
        return
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
