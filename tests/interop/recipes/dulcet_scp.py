"""A storage and verification SCP of dulcet, in either face, plain and over TLS.

    python dulcet_scp.py blocking|asyncio PORT TLS_PORT FOLDER CERTIFICATES

TLS is served on TLS_PORT with `server.pem` of the folder CERTIFICATES, for clients whose certificate
is of `ca.pem`. It runs until it is ended from outside.
"""

import asyncio
import signal
import ssl
import sys
from pathlib import Path

from dimse import Server, Spool
from dimse.aio import Server as AsyncServer
from dul.limits import Limits

face, port, tls_port, folder, certificates = sys.argv[1:]
LIMITS = Limits(artim=3.0, tls_handshake=3.0)
HOST = "127.0.0.1"


def tls() -> ssl.SSLContext:
    files = Path(certificates)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=files / "ca.pem")
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_cert_chain(files / "server.pem", files / "server.key")
    return context


async def serve(spool: Spool) -> None:
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    options = {"host": HOST, "limits": LIMITS}
    async with (
        AsyncServer(spool.open, port=int(port), **options),
        AsyncServer(spool.open, port=int(tls_port), tls=tls(), **options),
    ):
        await ended.wait()


with Spool(folder) as store:
    if face == "asyncio":
        asyncio.run(serve(store))
    else:
        with (
            Server(store.open, host=HOST, port=int(port), limits=LIMITS),
            Server(store.open, host=HOST, port=int(tls_port), limits=LIMITS, tls=tls()),
        ):
            signal.sigwait({signal.SIGTERM, signal.SIGINT})
