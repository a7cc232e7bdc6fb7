"""A storage SCP that only some may call: python access_by_title.py PORT FOLDER OURS THEIRS..."""

import signal
import sys

from dimse import Observer, Requestor, Server, Spool, storage_support
from dul import AssociateRJ


class Log(Observer):
    """Says who was turned away; the peer learns the reason of PS3.8 Table 9-21 alone."""

    def rejected(self, requestor: Requestor, answer: AssociateRJ) -> None:
        titles = f"{requestor.calling_ae_title} called {requestor.called_ae_title}"
        print(f"rejected {requestor.address}: {titles}", flush=True)


def main(port: str, folder: str, ours: str, *theirs: str) -> None:
    support = storage_support(called_ae_titles=[ours], calling_ae_titles=theirs)
    with Spool(folder) as spool:
        server = Server(spool.open, support=support, observer=Log(), port=int(port))
        for each in (signal.SIGINT, signal.SIGTERM):
            signal.signal(each, lambda *_: server.request_stop())
        print(f"listening on port {server.address[1]}", flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
