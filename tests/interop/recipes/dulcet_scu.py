"""An echo and storage SCU of dulcet, in either face, plain or over TLS.

    python dulcet_scu.py blocking|asyncio plain|CERTIFICATES echo|store HOST PORT [FILE ...]

Over TLS it presents `client.pem` of the folder CERTIFICATES and believes servers of `ca.pem`.
Exit code: 0 if the peer has everything (success or a warning), 1 otherwise.
"""

import asyncio
import ssl
import sys
from pathlib import Path

from dimse import Client, DIMSEError, Outcome
from dimse.aio import Client as AsyncClient
from dul.errors import DULError
from dul.limits import Limits

face, security, what, host, port, *files = sys.argv[1:]
LIMITS = Limits(artim=5, associate=5, release=5, reply=5, write=10)


def tls() -> ssl.SSLContext | None:
    if security == "plain":
        return None
    folder = Path(security)
    context = ssl.create_default_context(cafile=folder / "ca.pem")
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(folder / "client.pem", folder / "client.key")
    return context


def stored(outcome: Outcome) -> bool:
    print(outcome.path, outcome.meaning)
    return outcome.stored


def blocking() -> bool:
    with Client(host, int(port), limits=LIMITS, tls=tls()) as client:
        if what == "echo":
            return client.echo().status == 0
        return all(list(map(stored, client.store(files))))


async def by_asyncio() -> bool:
    async with AsyncClient(host, int(port), limits=LIMITS, tls=tls()) as client:
        if what == "echo":
            return (await client.echo()).status == 0
        # A list: the rest is sent even if one is refused.
        return all([stored(each) async for each in client.store(files)])


try:
    well = asyncio.run(by_asyncio()) if face == "asyncio" else blocking()
except (DIMSEError, DULError) as error:
    print(error)
    well = False
sys.exit(0 if well else 1)
