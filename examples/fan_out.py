"""Send the same files to several archives at once: python fan_out.py "HOST:PORT ..." FILE..."""

import asyncio
import sys
from collections.abc import Sequence

from dimse import aio
from dul.errors import DulcetError


async def send(peer: str, files: Sequence[str]) -> str:
    host, _, port = peer.rpartition(":")
    stored = 0
    try:
        async for outcome in aio.Client(host, int(port)).store(files):
            stored += outcome.stored
    except DulcetError as error:  # there is no association to be had
        return f"{peer}: {stored} of {len(files)} stored, then: {error}"
    return f"{peer}: {stored} of {len(files)} stored"


async def main(peers: str, *files: str) -> None:
    for each in asyncio.as_completed([send(peer, files) for peer in peers.split()]):
        print(await each)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
