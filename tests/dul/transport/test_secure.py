"""How a link reads TLS records: as many at a time as is worth it, and none is lost."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from select import select

import pytest
from certified import Office

from dul.tls import Credentials, client_context, server_context
from dul.transport.secure import SecureLink

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
