"""The threads that serve connections in the blocking face: one after the other, and to their end."""

from __future__ import annotations

import gc
import select
import socket
import threading
import weakref
from collections.abc import Iterator
from typing import Any

import pytest
from faces import Acceptor, Face, mirror, opened
from rawpeer import GUARD, served

from dul.association import Association
from dul.conversations import Call, Conversation
from dul.threads import server as module

REST = 1000.0
"""Seconds that no test waits for."""


@pytest.fixture
def blocking() -> Iterator[Face]:
    with opened("blocking") as face:
        yield face


@pytest.fixture
def waiting(monkeypatch: pytest.MonkeyPatch) -> threading.Semaphore:
    """Released each time that a thread comes to wait for a connection."""
    comes, wait = threading.Semaphore(0), module.Server._wait

    def told(server: module.Server) -> Any:
        comes.release()
        return wait(server)

    monkeypatch.setattr(module, "THREAD_RESTS", REST)
    monkeypatch.setattr(module.Server, "_wait", told)
    return comes


class Noting(Acceptor):
    """Notes the threads, their names, and the associations, as long as they are there."""

    def __init__(self) -> None:
        super().__init__(self._talk_here)
        self.threads: list[threading.Thread] = []
        self.names: list[str] = []
        self.associations: list[weakref.ref[Association]] = []

    def _talk_here(self, association: Association) -> Conversation[object]:
        self.threads.append(threading.current_thread())
        self.names.append(threading.current_thread().name)
        self.associations.append(weakref.ref(association))
        return (yield from mirror(association))


def test_one_thread_serves_who_come_one_after_the_other(
    blocking: Face, waiting: threading.Semaphore
) -> None:
    serve = Noting()
    with blocking.server(serve) as server:
        for _ in range(5):
            served(server.address)
            assert serve.outcome() == "released"
            assert waiting.acquire(timeout=GUARD)
        # Two wait in the end, and five times one of them has come back.
        assert waiting.acquire(timeout=GUARD)
        assert waiting.acquire(timeout=GUARD)
        gc.collect()
        assert [each() for each in serve.associations] == [None] * 5
    assert len(set(serve.threads)) <= 2  # who comes before the first one is back has the other
    assert serve.names == [f"dul-{peer}" for peer in serve.peers]
    # The server has ended them, and did not wait for their rest.
    assert not any(each.is_alive() for each in serve.threads)


def test_a_thread_that_is_not_needed_ends(blocking: Face, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "THREAD_RESTS", 0.0)
    serve = Noting()
    with blocking.server(serve) as server:
        for _ in range(2):
            served(server.address)
            serve.outcome()
            serve.threads[-1].join(GUARD)
            assert not serve.threads[-1].is_alive()
    assert len(set(serve.threads)) == 2


@pytest.mark.parametrize("most", [1, 2, 8])
@pytest.mark.parametrize("exclusive", [True, False])
def test_nobody_waits_for_somebody_elses_function(
    blocking: Face, monkeypatch: pytest.MonkeyPatch, most: int, exclusive: bool
) -> None:
    """However few threads wait at a time, and however they do."""
    if not exclusive:
        monkeypatch.delattr(select, "EPOLLEXCLUSIVE", raising=False)
    monkeypatch.setattr(module, "MOST_WAITING", most)
    together = threading.Barrier(12)

    def talk(association: Association) -> Conversation[object]:
        yield Call(lambda: together.wait(GUARD))
        return (yield from mirror(association))

    with blocking.server(Acceptor(talk)) as server:
        for _ in range(2):
            peers = [threading.Thread(target=served, args=(server.address,)) for _ in range(12)]
            for each in peers:
                each.start()
            for each in peers:
                each.join(GUARD)
            assert not any(each.is_alive() for each in peers)
            assert not together.broken


def test_what_ends_the_waiting_ends_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise MemoryError("none is left")

    monkeypatch.setattr(threading, "excepthook", lambda _: None)
    server = module.Server(Acceptor(), host="127.0.0.1")
    monkeypatch.setattr(server, "_next_link", fails)
    with pytest.raises(MemoryError, match="none is left"):
        with socket.create_connection(server.address):
            server.serve_forever()
    server.stop()


def test_ctrl_c_ends_those_who_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    serve = Noting()
    server = module.Server(serve, host="127.0.0.1")

    def interrupted(*_: object) -> None:
        served(server.address)
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "attentive", interrupted)
    with pytest.raises(KeyboardInterrupt):
        server.serve_forever()
    server.stop()
    assert not any(each.is_alive() for each in serve.threads)
