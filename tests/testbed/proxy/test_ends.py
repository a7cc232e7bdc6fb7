"""One end of a proxied connection: what it holds, and what a reset leaves to be read."""

import asyncio

import pytest

from testbed.proxy.ends import MOST_HELD, End


class FakeTransport(asyncio.Transport):
    def __init__(self):
        super().__init__()
        self.calls = []

    def set_write_buffer_limits(self, high=None, low=None):
        self.calls.append(("limits", high))

    def pause_reading(self):
        self.calls.append("pause")

    def resume_reading(self):
        self.calls.append("resume")


async def _read_slowly():
    end, transport = End(), FakeTransport()
    end.connection_made(transport)
    end.data_received(bytes(MOST_HELD - 1))
    assert "pause" not in transport.calls
    end.data_received(b"x")
    assert transport.calls[-1] == "pause"
    assert len(await end.read()) == MOST_HELD
    assert transport.calls[-1] == "resume"
    end.data_received(b"last words")
    end.connection_lost(ConnectionResetError())
    assert await end.read() == b"last words"
    with pytest.raises(ConnectionResetError):
        await end.read()


def test_no_more_is_read_than_is_taken():
    asyncio.run(_read_slowly())
