"""How a link reads TLS records: as many at a time as is worth it, and none is lost."""

from __future__ import annotations

import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from select import select

import pytest
from certified import Office
from hypothesis import assume, given
from hypothesis import strategies as st

from dul.tls import Credentials, client_context, server_context
from dul.transport import secure
from dul.transport.secure import SecureLink
from dul.wire import Buffer

ROOT = Path(__file__).resolve().parents[3]
LARGE, HEADER = bytes(16384), b"twelve bytes"


@pytest.fixture(params=[ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def ends(
    request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[tuple[SecureLink, ssl.SSLSocket]]:
    """An acceptor's link, and its peer, which waits."""
    office = Office(tmp_path)
    own = office.issue()
    called = server_context(Credentials(own.certificate, own.key), verify="ignore")
    calling = client_context(verify=False)
    calling.maximum_version = request.param
    ours, theirs = socket.socketpair()
    link = SecureLink(called, ours)
    with ThreadPoolExecutor(1) as pool:
        shaken = pool.submit(calling.wrap_socket, theirs)
        steps = link.shake_hands(None, server_side=True)
        with suppress(StopIteration):
            wait = next(steps)
            while True:
                select([wait.fd] if wait.read else [], [wait.fd] if wait.write else [], [])
                wait = steps.send(True)
        peer = shaken.result()
    yield link, peer
    link.close()
    peer.close()


def received(link: SecureLink, size: int = 1 << 17) -> bytes | None:
    select([link.fileno()], [], [])
    view = memoryview(bytearray(size))
    count = link.receive(view)
    return None if count is None else bytes(view[:count])


def test_what_has_come_is_read_at_once(ends: tuple[SecureLink, ssl.SSLSocket]) -> None:
    link, peer = ends
    for record in (LARGE, HEADER, LARGE, LARGE):
        peer.send(record)
    assert received(link) == LARGE + HEADER + LARGE + LARGE
    peer.send(HEADER)
    peer.send(LARGE)
    assert received(link) == HEADER + LARGE
    assert link.receive(memoryview(bytearray(9))) is None


def test_nothing_is_asked_for_behind_a_small_message(
    ends: tuple[SecureLink, ssl.SSLSocket],
) -> None:
    link, peer = ends
    peer.send(HEADER)
    peer.send(HEADER)
    assert received(link) == HEADER
    assert received(link) == HEADER


def test_what_does_not_fit_waits_inside(ends: tuple[SecureLink, ssl.SSLSocket]) -> None:
    link, peer = ends
    peer.send(LARGE)
    assert received(link, 10000) == LARGE[:10000]
    assert link.has_pending()
    assert link.receive(memoryview(bytearray(10000))) == len(LARGE) - 10000
    assert not link.has_pending()


@pytest.mark.parametrize("before", [[], [HEADER], [LARGE], [LARGE, HEADER]])
def test_the_peers_end(before: list[bytes], ends: tuple[SecureLink, ssl.SSLSocket]) -> None:
    link, peer = ends
    for record in before:
        peer.send(record)
    peer.setblocking(False)
    with suppress(ssl.SSLWantReadError):
        peer.unwrap()  # says close_notify, and would wait for ours
    socket.socket.shutdown(peer, socket.SHUT_WR)
    for record in [b"".join(before)] if before else []:
        assert received(link) == record
    assert received(link) == b""


BYTES = bytes(range(251)) * 9000  # 2.2 MB, of which no two records are alike


def cut(*sizes: int) -> list[bytes | memoryview]:
    """Spans of these sizes, of `BYTES` from its beginning."""
    spans: list[bytes | memoryview] = []
    at = 0
    for size in sizes:
        piece = BYTES[at : at + size]
        spans.append(piece if size < 100 else memoryview(piece))
        at += size
    return spans


@pytest.mark.parametrize(
    "spans",
    [
        cut(10),
        cut(12, 4800),
        cut(12, 16384),
        cut(*[12, 16378] * 64),
        cut(1 << 17),
        cut(1 << 17, 1),
        cut((1 << 17) - 1, 1, 1 << 17),
        cut(12, 1 << 20, 12, 7),
        cut(*[1] * 40000),
    ],
    ids=lambda spans: f"{len(spans)} spans, {sum(map(len, spans))} bytes",
)
def test_what_is_sent_comes_as_it_was_however_it_is_cut(
    spans: list[bytes | memoryview], ends: tuple[SecureLink, ssl.SSLSocket]
) -> None:
    link, peer = ends
    whole = b"".join(spans)
    came = bytearray()

    def take() -> None:
        while len(came) < len(whole) and (piece := peer.recv(1 << 16)):
            came.extend(piece)

    taker = threading.Thread(target=take)
    taker.start()
    left: list[bytes | memoryview] = list(spans)
    while left:
        count = link.send(left)
        while left and count >= len(left[0]):
            count -= len(left.pop(0))
        if left:
            left[0] = memoryview(left[0])[count:]
            select([], [link.fileno()], [])
    taker.join()
    assert came == whole


CALL = """
import socket, sys
from select import select
from dul.tls import Trust, client_context
from dul.transport import secure
from dul.transport.secure import SecureLink

link = SecureLink(
    client_context(trust=Trust(files=(sys.argv[2],))),
    socket.create_connection((b"127.0.0.1", int(sys.argv[1]))),
    server_hostname="localhost",
)
steps = link.shake_hands(None, server_side=False)
try:
    wait = next(steps)
    while True:
        select([wait.fd] if wait.read else [], [wait.fd] if wait.write else [], [])
        wait = steps.send(True)
except StopIteration as done:
    assert done.value and link.security.verified
link.close()
print(*sys.modules)
"""


def test_a_handshake_that_succeeds_loads_nothing_for_those_that_fail(tmp_path: Path) -> None:
    office = Office(tmp_path)
    own = office.issue()
    called = server_context(Credentials(own.certificate, own.key), verify="ignore")
    with socket.create_server(("127.0.0.1", 0)) as listener, ThreadPoolExecutor(1) as pool:

        def shake() -> None:
            with called.wrap_socket(listener.accept()[0], server_side=True) as peer:
                peer.recv(1)

        shaken = pool.submit(shake)
        command = [sys.executable, "-S", "-c", CALL, str(listener.getsockname()[1]), str(office.ca)]
        done = subprocess.run(
            command, capture_output=True, text=True, check=True, cwd=ROOT, timeout=60
        )
        shaken.result()
    loaded = set(done.stdout.split())
    assert {"ssl", "dul.tls.contexts"} <= loaded
    late = {"dul.tls.failures", "dul.tls.suites", "encodings.idna"}
    assert loaded.isdisjoint(late), loaded & late


RECORD, CHUNK = 4, 16


@given(
    sizes=st.lists(st.one_of(st.integers(0, 5), st.integers(0, 70)), min_size=1, max_size=8),
    skip=st.sampled_from([0, 1]),
    kind=st.sampled_from([bytes, bytearray, memoryview]),
)
def test_chunks_are_the_spans_bytes_in_full_records(
    sizes: list[int], skip: int, kind: Callable[[bytes], Buffer]
) -> None:
    data = bytes(range(256)) * 3
    spans = [kind(data[:size]) for size in sizes]
    assume(len(spans[0]) >= skip)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(secure, "_RECORD", RECORD)
        patch.setattr(secure, "_CHUNK", CHUNK)
        link = SecureLink(ssl.create_default_context())
        chunks = [bytes(each) for each in link._chunks(spans, skip)]  # each is valid until the next
    assert b"".join(chunks) == b"".join(spans)[skip:]
    assert all(len(each) % RECORD == 0 for each in chunks[:-1])
    assert all(len(each) <= CHUNK for each in chunks)


def test_what_is_large_is_not_copied() -> None:
    link = SecureLink(ssl.create_default_context())
    large = bytes(600_000)
    lent = [
        len(each) for each in link._chunks([b"header", large, b"header"], 0) if each.obj is large
    ]
    assert len(large) - sum(lent) < 2 * secure._RECORD
    assert len(lent) == -(-len(large) // secure._CHUNK)
