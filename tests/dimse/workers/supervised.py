"""A program that serves with workers and says what happens: supervised.py DIRECTORY COUNT GRACE [WHAT].

WHAT: "fails" (a worker can't start), "stubborn" (it doesn't end), "beside" (with a helper), "talks"
(it tells and asks, and dies in the next moment).
"""

import os
import signal
import sys
import threading
from pathlib import Path

import dimse.workers.supervisor as supervising
from dimse.server import Server
from dimse.storage.spool import Spool
from dimse.watch.counts import Counting, Counts
from dimse.workers.lives import Backoff
from dimse.workers.supervisor import Workers
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
    if "talks" in what:
        over = threading.Event()
        orders.obey(lambda grace: over.set())
        for each in range(100):
            orders.tell(f"{each}".encode())
        say(f"answer {orders.ask(b'which').decode()}")
        orders.tell(b"last words")
        os.kill(os.getpid(), signal.SIGKILL)
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


class Listening:
    """An attendant that says what it hears."""

    def begin(self, start_aside):
        self.start_aside = start_aside
        self.heard = 0
        self.asides = 0

    def told(self, number, words):
        self.heard += 1
        if words == b"last words":
            say(f"heard {self.heard}: {words.decode()}")
            self.asides += 1
            self.start_aside(lambda: say("aside"), self.over)

    def over(self, how):
        self.asides -= 1
        say(f"aside over {how!r}")

    def asked(self, number, words, answer):
        # Later, and after more was heard: what takes time is done aside.
        self.start_aside(lambda: None, lambda how: answer(f"{number}{how}".encode()))

    def gone(self, number):
        say(f"gone {number}")

    def attend(self):
        return None

    def end(self):
        return not self.asides


supervising.LAST_WORDS = 0.3 if "stubborn" in what else 60.0
workers = Workers(
    work,
    count=int(count),
    host="127.0.0.1",
    beside=[help_out] if "beside" in what else [],
    attendant=Listening() if "talks" in what else None,
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
