"""A program that serves with workers and says what happens: supervised.py DIRECTORY COUNT GRACE [WHAT].

WHAT: "fails" (a worker can't start), "stubborn" (it doesn't end), "beside" (with a helper).
"""

import signal
import sys
import threading
from pathlib import Path

import dimse.workers.supervisor as supervising
from dimse.server import Server
from dimse.storage.spool import Spool
from dimse.watch.counts import Counting, Counts
from dimse.workers.supervisor import Backoff, Workers
from dul.limits import Limits

directory, count, grace, *what = sys.argv[1:]
counts = Counts(processes=int(count))


def say(words):
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


def work(listener, number, orders):
    counts.take_row(number)
    if "fails" in what:
        raise ValueError("on purpose")
    if "stubborn" in what:
        threading.Event().wait()
    with Spool(Path(directory), fsync="none") as spool:
        server = Server(
            spool.open,
            observer=Counting(counts),
            listener=listener,
            limits=Limits(grace=0.1),
        )
        orders.obey(server.request_stop, lambda: say(f"reopened {number}"))
        server.serve_forever()
        server.stop()


def help_out(orders):
    over = threading.Event()
    orders.obey(lambda grace: over.set())
    say("helping")
    over.wait()


supervising.LAST_WORDS = 0.3 if "stubborn" in what else 60.0
workers = Workers(
    work,
    count=int(count),
    host="127.0.0.1",
    beside=[help_out] if "beside" in what else [],
    told=say,
    backoff=Backoff(first=0.02, most=0.1),
)
say(f"port {workers.address[1]}")
ended_by = workers.run(float(grace))
totals = counts.totals()
say(
    f"ended by {signal.Signals(ended_by).name}: stored {totals.objects_stored}, "
    f"accepted {totals.associations_accepted}, aborted {totals.associations_aborted}"
)
