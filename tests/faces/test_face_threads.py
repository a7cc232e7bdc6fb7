"""The threads that serve connections in the blocking face: one after the other, and to their end."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Iterator
from typing import Any

import pytest
from faces import Acceptor, Face, mirror, opened
from rawpeer import GUARD, served

from dul.association import Association
from dul.conversations import Conversation
from dul.threads import server as module

REST = 1000.0
"""Seconds that no test waits for."""


@pytest.fixture
def blocking() -> Iterator[Face]:
    with opened("blocking") as face:
        yield face


@pytest.fixture
def resting(monkeypatch: pytest.MonkeyPatch) -> threading.Semaphore:
    """Released each time that a thread rests, and may be called."""
    rests, wait = threading.Semaphore(0), module._Attendant.wait

    def told(attendant: module._Attendant, seconds: float = -1) -> bool:
        if seconds == REST:
            rests.release()
        return wait(attendant, seconds)

    monkeypatch.setattr(module, "THREAD_RESTS", REST)
    monkeypatch.setattr(module._Attendant, "wait", told)
    return rests


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


def serve_three(server: Any, serve: Noting, resting: threading.Semaphore) -> None:
    """Three associations, each when the thread of the one before it rests."""
    for _ in range(3):
        served(server.address)
        assert serve.outcome() == "released"
        assert resting.acquire(timeout=GUARD)


def test_one_thread_serves_who_come_one_after_the_other(
    blocking: Face, resting: threading.Semaphore
) -> None:
    serve = Noting()
    with blocking.server(serve) as server:
        serve_three(server, serve, resting)
        gc.collect()
        assert [each() for each in serve.associations] == [None] * 3
    assert len(set(serve.threads)) == 1
    assert serve.names == [f"dul-{peer}" for peer in serve.peers]
    assert not serve.threads[0].is_alive()  # the server has ended it, and did not wait for its rest


def test_a_thread_that_is_not_called_ends(blocking: Face, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "THREAD_RESTS", 0.0)
    serve = Noting()
    with blocking.server(serve) as server:
        for _ in range(2):
            served(server.address)
            serve.outcome()
            serve.threads[-1].join(GUARD)
            assert not serve.threads[-1].is_alive()
    assert len(set(serve.threads)) == 2


def test_a_thread_that_is_called_when_it_was_about_to_end_serves(
    blocking: Face, resting: threading.Semaphore, monkeypatch: pytest.MonkeyPatch
) -> None:
    wait = module._Attendant.wait

    def late(attendant: module._Attendant, seconds: float = -1) -> bool:
        if seconds != REST:
            return wait(attendant, seconds)
        wait(attendant, seconds)
        attendant._called.release()  # the call stays, and came a moment too late
        return False

    monkeypatch.setattr(module._Attendant, "wait", late)
    serve = Noting()
    with blocking.server(serve) as server:
        serve_three(server, serve, resting)
    assert len(set(serve.threads)) == 1
