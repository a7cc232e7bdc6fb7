"""Send on what comes, each kind elsewhere: python router.py PORT FOLDER CT=HOST:PORT ..."""

import asyncio
import contextlib
import sys

from dimse import Refused, Spool, StoreRequest, aio
from dul.errors import DulcetError


async def main(port: str, folder: str, *routes: str) -> None:
    peers = dict(route.split("=") for route in routes)

    async def forward(request: StoreRequest) -> int:
        modality = request.dataset().get("Modality", "")
        if request.path is None or modality not in peers:
            raise Refused(0xA901, f"no route for {modality}")
        host, _, peer_port = peers[modality].rpartition(":")
        try:
            async for outcome in aio.Client(host, int(peer_port)).store(request.path):
                if outcome.stored:
                    request.path.unlink()
                if outcome.status is not None:
                    return outcome.status
        except DulcetError as error:  # the archive is not there
            raise Refused(0xA701, "can't be forwarded now", str(error)) from error
        raise Refused(0xA701, "can't be forwarded")  # or does not take such objects

    with Spool(folder) as spool:
        server = aio.Server(spool.open, on_store=forward, port=int(port))
        print(f"listening on port {server.address[1]}", flush=True)
        await server.serve_forever(grace=5)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main(*sys.argv[1:]))
