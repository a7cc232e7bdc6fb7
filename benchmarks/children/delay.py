"""A link that takes its time: a proxy that hands each byte on so much later as it came.

delay.py PORT TO-PORT MILLISECONDS    of a round trip; half of it each way

The delay is one of propagation: bytes that came later wait no longer. The connection itself is opened at
once, so a round trip of TCP's own is not in it.
"""

import asyncio
import socket
import sys
from collections import deque

CHUNK = 1 << 18


async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delay: float) -> None:
    """Hand on what comes, in its order, each piece `delay` seconds after it came."""
    clock = asyncio.get_running_loop().time
    waiting: deque[tuple[float, bytes]] = deque()
    came = asyncio.Event()

    async def read() -> None:
        while True:
            piece = await reader.read(CHUNK)
            waiting.append((clock() + delay, piece))
            came.set()
            if not piece:
                return

    reading = asyncio.create_task(read())
    try:
        while True:
            while not waiting:
                came.clear()
                await came.wait()
            due, piece = waiting.popleft()
            await asyncio.sleep(due - clock())
            if not piece:
                break
            writer.write(piece)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()
    except OSError:
        writer.close()
    finally:
        reading.cancel()


async def serve(port: int, to: int, delay: float) -> None:
    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", to)
        for each in (writer, back):
            each.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            await asyncio.gather(
                forward(reader, back, delay), forward(there, writer, delay), return_exceptions=True
            )
        finally:
            back.close()
            writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", port)
    await server.serve_forever()


def main(port: str, to: str, milliseconds: str) -> None:
    asyncio.run(serve(int(port), int(to), float(milliseconds) / 2000))


if __name__ == "__main__":
    main(*sys.argv[1:])
