"""A storage SCP that looks at each object it stores: python receive.py PORT FOLDER."""

import signal
import sys

from dimse import Server, Spool, StoreRequest


def stored(request: StoreRequest) -> None:
    """Called when an object is safe in its file, and before its sender is told so."""
    data_set = request.dataset()  # pydicom's
    sender = request.requestor.calling_ae_title
    print(f"{sender} sent {data_set.Modality} of {data_set.PatientID}: {request.path}", flush=True)


def main(port: str, folder: str) -> None:
    with Spool(folder, extension=".dcm") as spool:
        server = Server(spool.open, on_store=stored, port=int(port))
        for each in (signal.SIGINT, signal.SIGTERM):
            signal.signal(each, lambda *_: server.request_stop(grace=5))
        print(f"listening on port {server.address[1]}", flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
