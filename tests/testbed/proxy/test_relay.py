"""The proxy between two real connections on loopback: what passes, what rules do, how it ends."""

import asyncio
import socket
import struct

import pytest

from testbed import messages, raw
from testbed.decode.stream import LARGEST
from testbed.proxy.relay import Proxy
from testbed.proxy.rules import Rulebook, parse

LIMIT = 20
ABORT = raw.abort(2, 1)
ECHO = messages.command_pdu(messages.echo_rq(1))


class Bench:
    """A proxy, an acceptor behind it, and requestors in front of it."""

    def __init__(self, *rules, **options):
        self.rows, self.news = [], asyncio.Event()
        self.accepted = asyncio.Queue()
        self.rules, self.options = Rulebook([parse(text) for text in rules]), options

    async def __aenter__(self):
        self.server = await asyncio.start_server(
            lambda *streams: self.accepted.put_nowait(streams), "127.0.0.1", 0
        )
        port = self.server.sockets[0].getsockname()[1]
        self.proxy = Proxy("127.0.0.1", port, self.rules, self.sink, **self.options)
        self.port = await self.proxy.start("127.0.0.1", 0)
        self.writers = []
        return self

    async def __aexit__(self, *details):
        await self.proxy.stop()
        for writer in self.writers:
            writer.transport.abort()
        self.server.close()
        await self.server.wait_closed()

    def sink(self, row, unit):
        self.rows.append(row)
        self.news.set()

    async def until(self, *event, connection=1):
        """Wait until the connection has such a row."""
        while event not in self.events(connection):
            self.news.clear()
            await self.news.wait()

    async def call(self):
        """Both ends of a new connection: (reader, writer) of the requestor, and of the acceptor."""
        requestor = await asyncio.open_connection("127.0.0.1", self.port)
        acceptor = await self.accepted.get()
        self.writers += [requestor[1], acceptor[1]]
        return requestor, acceptor

    def events(self, connection=1):
        return [(row.direction, row.event) for row in self.rows if row.connection == connection]


def bench_test(function):
    """Run a coroutine test with a bound on its time."""

    def test():
        asyncio.run(asyncio.wait_for(function(), LIMIT))

    test.__name__, test.__doc__ = function.__name__, function.__doc__
    return test


async def exchange(source, sink, data, size=None):
    """Send; read exactly what should arrive."""
    source[1].write(data)
    return await sink[0].readexactly(len(data) if size is None else size)


@bench_test
async def test_without_rules_every_byte_passes_both_ways():
    async with Bench() as bench:
        requestor, acceptor = await bench.call()
        for data in (b"\x01", b"GET / HTTP/1.1\r\n", ECHO, bytes(100_000)):
            assert await exchange(requestor, acceptor, data) == data
            assert await exchange(acceptor, requestor, data) == data
        requestor[1].write_eof()
        assert await acceptor[0].read() == b""
        assert await exchange(acceptor, requestor, b"still") == b"still", "half-closed, not closed"
        acceptor[1].close()
        assert await requestor[0].read() == b""


@bench_test
async def test_a_conversation_is_told_row_by_row():
    async with Bench() as bench:
        requestor, acceptor = await bench.call()
        await exchange(requestor, acceptor, raw.associate_rq() + ECHO)
        await exchange(acceptor, requestor, ABORT)
        acceptor[1].close()
        await requestor[0].read()
        requestor[1].close()
        await acceptor[0].read()
        await bench.until("note", "end")
    assert bench.events() == [
        ("requestor", "open"), ("requestor", "pdu"), ("requestor", "pdu"), ("acceptor", "pdu"),
        ("acceptor", "fin"), ("requestor", "fin"), ("note", "end"),
    ]  # fmt: skip
    assert [row.hex for row in bench.rows if row.event == "pdu"][1:] == [ECHO.hex(), ABORT.hex()]


@pytest.mark.parametrize(
    ("rule", "sent", "arrives"),
    [
        ("requestor COMMAND drop", [ECHO, ABORT], ABORT),
        ("requestor COMMAND duplicate 2", [ECHO, ABORT], ECHO * 3 + ABORT),
        ("requestor COMMAND corrupt 0=09", [ECHO, ABORT], b"\x09" + ECHO[1:] + ABORT),
        ("requestor COMMAND split 1", [ECHO, ABORT], ECHO + ABORT),
        ("requestor *#2 truncate 4", [ECHO, ABORT, ECHO], ECHO + ABORT[:4] + ECHO),
        ("requestor ABORT insert ff", [ECHO, ABORT], ECHO + b"\xff" + ABORT),
        ("acceptor * drop", [ECHO, ABORT], ECHO + ABORT),
        ("connection 2 any * drop", [ECHO], ECHO),
        ("requestor ABORT delay 0.001", [ECHO, ABORT, ECHO], ECHO + ABORT + ECHO),
    ],
)
def test_rules_change_what_arrives(rule, sent, arrives):
    async def run():
        async with Bench(rule) as bench:
            requestor, acceptor = await bench.call()
            requestor[1].write(b"".join(sent))
            requestor[1].write_eof()
            assert await acceptor[0].read() == arrives
            told = [row for row in bench.rows if row.event == "pdu"]
            assert [row.data for row in told] == sent, "what was sent is told, not what arrived"
            assert any(row.rules == [rule] for row in told) is (
                arrives != b"".join(sent) or "split" in rule or "delay" in rule
            )

    asyncio.run(asyncio.wait_for(run(), LIMIT))


@bench_test
async def test_a_pdu_under_a_rule_passes_when_it_is_whole():
    async with Bench("requestor ABORT drop") as bench:
        requestor, acceptor = await bench.call()
        requestor[1].write(ECHO[:20])
        await exchange(acceptor, requestor, b"meanwhile")
        requestor[1].write(ECHO[20:])
        assert await acceptor[0].readexactly(len(ECHO)) == ECHO


@bench_test
async def test_cut_closes_both_sides_with_a_fin():
    async with Bench("requestor COMMAND cut 9") as bench:
        requestor, acceptor = await bench.call()
        requestor[1].write(ECHO)
        assert await acceptor[0].read() == ECHO[:9]
        assert await requestor[0].read() == b""
        assert ("note", "closed") in bench.events()


@bench_test
async def test_reset_closes_both_sides_with_an_rst():
    async with Bench("requestor COMMAND reset") as bench:
        requestor, acceptor = await bench.call()
        requestor[1].write(ECHO)
        for reader in (acceptor[0], requestor[0]):
            with pytest.raises(ConnectionResetError):
                await reader.read()


@bench_test
async def test_stall_passes_nothing_more_but_keeps_both_sides_open():
    async with Bench("requestor ABORT stall") as bench:
        requestor, acceptor = await bench.call()
        requestor[1].write(ECHO + ABORT + ECHO)
        requestor[1].write_eof()
        assert await acceptor[0].readexactly(len(ECHO)) == ECHO
        await bench.until("requestor", "fin")
        assert await exchange(acceptor, requestor, b"other way") == b"other way"
        acceptor[1].close()
        assert await requestor[0].read() == b""
    assert [e for e in bench.events() if e == ("requestor", "pdu")] == [("requestor", "pdu")] * 3


@bench_test
async def test_what_came_before_an_rst_still_passes():
    """The A-ABORT that a product sends ahead of its RST is what a tester wants to see."""
    async with Bench("acceptor ABORT delay 0.02") as bench:
        requestor, acceptor = await bench.call()
        acceptor[1].write(ABORT)
        await acceptor[1].drain()
        linger = struct.pack("ii", 1, 0)
        acceptor[1].get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        acceptor[1].transport.abort()
        assert await requestor[0].readexactly(len(ABORT)) == ABORT
        with pytest.raises(ConnectionResetError):
            await requestor[0].read()
        assert ("acceptor", "rst") in bench.events()


@bench_test
async def test_a_pdu_too_long_to_hold_passes_in_pieces():
    async with Bench("requestor DATA corrupt 0=09") as bench:
        requestor, acceptor = await bench.call()
        long = b"\x04\x00" + (LARGEST + 5).to_bytes(4, "big") + bytes(LARGEST + 5)
        sending = asyncio.create_task(requestor[1].drain())
        requestor[1].write(long + ABORT)
        assert await acceptor[0].readexactly(len(long) + 10) == long + ABORT
        await sending
    assert {row.event for row in bench.rows if row.size == len(long)} == {"piece"}


@bench_test
async def test_an_acceptor_that_cannot_be_reached_is_told_and_the_caller_reset():
    async with Bench() as bench:
        with socket.create_server(("127.0.0.1", 0)) as unused:
            bench.proxy.target = ("127.0.0.1", unused.getsockname()[1])
        reader, writer = await asyncio.open_connection("127.0.0.1", bench.port)
        with pytest.raises(ConnectionResetError):
            await reader.read()
        writer.close()
    assert any("cannot be reached" in row.summary for row in bench.rows)


@bench_test
async def test_connections_are_bounded_and_numbered():
    async with Bench(most=2) as bench:
        first, second = await bench.call(), await bench.call()
        reader, writer = await asyncio.open_connection("127.0.0.1", bench.port)
        with pytest.raises(ConnectionResetError):
            await reader.read()
        writer.close()
        for requestor, acceptor in (first, second):
            assert await exchange(requestor, acceptor, ECHO) == ECHO
        first[0][1].close()
        first[1][1].close()
        await bench.until("note", "end")
        requestor, acceptor = await bench.call()
        assert await exchange(requestor, acceptor, ECHO) == ECHO
    assert {row.connection for row in bench.rows} == {1, 2, 3, 4}


@bench_test
async def test_many_connections_at_once():
    async with Bench("requestor COMMAND split 3") as bench:

        async def one():
            requestor, acceptor = await bench.call()
            requestor[1].write(ECHO)
            requestor[1].write_eof()
            assert await acceptor[0].read() == ECHO

        await asyncio.gather(*(one() for _ in range(60)))


@bench_test
async def test_stopping_resets_what_is_open():
    async with Bench("requestor * delay 3000") as bench:
        requestor, acceptor = await bench.call()
        await exchange(acceptor, requestor, b"x")
        requestor[1].write(ECHO)
        await bench.until("requestor", "pdu")
        await bench.proxy.stop()
        with pytest.raises(ConnectionResetError):
            await requestor[0].read()
        assert bench.events()[-1] == ("note", "end")


@pytest.mark.parametrize("kept", [False, True])
def test_data_sets_are_stored_only_when_asked_for(kept):
    async def run():
        async with Bench(show_data=kept) as bench:
            requestor, acceptor = await bench.call()
            await exchange(requestor, acceptor, messages.data_pdu(b"DOE^JANE"))
        return bench.rows

    rows = asyncio.run(asyncio.wait_for(run(), LIMIT))
    stored = next(row for row in rows if row.event == "pdu")
    assert (b"DOE^JANE" in stored.data) is kept
    assert len(stored.data) == stored.size
