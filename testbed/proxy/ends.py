"""One end of a proxied connection: bounded reading that loses nothing to an RST, flushed writing.

asyncio's streams throw away what they hold when the connection is reset; an A-ABORT before the RST is just
what a proxy must still pass on.
"""

import asyncio
import contextlib
import socket
import struct
from collections.abc import Callable

#: Bytes held before the peer is no longer read.
MOST_HELD = 64 * 1024


class End(asyncio.Protocol):
    """The connection to one peer. `made` is called once it stands."""

    def __init__(self, made: "Callable[[End], None] | None" = None) -> None:
        self._made = made
        self._held = bytearray()
        self._ended = False
        self._lost: Exception | None = None
        self._gone = False
        self._news = asyncio.Event()
        self._flushed = asyncio.Event()
        self._flushed.set()
        self._transport: asyncio.Transport | None = None

    @property
    def transport(self) -> asyncio.Transport:
        """The transport, once the connection stands."""
        assert self._transport is not None
        return self._transport

    @property
    def peer(self) -> str:
        """Address and port of the peer."""
        name = self.transport.get_extra_info("peername")
        return f"{name[0]}:{name[1]}" if name else "?"

    # -- called by the event loop

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection stands."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        # Every segment leaves before the next one is written: `split` shall be seen on the wire.
        transport.set_write_buffer_limits(high=0)
        if self._made is not None:
            self._made(self)

    def data_received(self, data: bytes) -> None:
        """Hold what came until it is read."""
        self._held += data
        if len(self._held) >= MOST_HELD:
            self.transport.pause_reading()
        self._news.set()

    def eof_received(self) -> bool:
        """The peer closed its half; ours stays open."""
        self._ended = True
        self._news.set()
        return True

    def connection_lost(self, error: Exception | None) -> None:
        """The connection is gone."""
        self._gone = True
        self._lost = error
        self._news.set()
        self._flushed.set()

    def pause_writing(self) -> None:
        """Bytes wait to be sent."""
        self._flushed.clear()

    def resume_writing(self) -> None:
        """All bytes have been sent."""
        self._flushed.set()

    # -- called by the proxy

    async def read(self) -> bytes:
        """What came since the last time, at least one byte; empty at the end.

        Raises:
            OSError: the connection was reset; everything before that was read.
        """
        while not self._held:
            if self._lost is not None:
                raise ConnectionResetError(str(self._lost)) from self._lost
            if self._ended or self._gone:
                return b""
            self._news.clear()
            await self._news.wait()
        data = bytes(self._held)
        self._held.clear()
        if not self._gone:
            self.transport.resume_reading()
        return data

    async def write(self, data: bytes) -> bool:
        """Send bytes and wait until they have left; False if the connection is gone."""
        if self._gone or self.transport.is_closing():
            return False
        self.transport.write(data)
        await self._flushed.wait()
        return not self._gone

    def finish(self) -> None:
        """Close our half (FIN)."""
        if not self._gone and not self.transport.is_closing():
            with contextlib.suppress(OSError):
                self.transport.write_eof()

    def close(self) -> None:
        """Close the connection once all is sent."""
        self.transport.close()

    def reset(self) -> None:
        """Close the connection with an RST."""
        sock: socket.socket | None = self.transport.get_extra_info("socket")
        if sock is not None:
            with contextlib.suppress(OSError):
                linger = struct.pack("ii", 1, 0)
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.transport.abort()
