"""The transport under an association, call by call."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from dul.transport.link import Link


class Watched(socket.socket):
    """Counts how often its acknowledgements are asked for."""

    asked = 0

    def setsockopt(self, level: int, option: int, value: object) -> None:
        if option == getattr(socket, "TCP_QUICKACK", None):
            self.asked += 1
        super().setsockopt(level, option, value)  # type: ignore[arg-type]


@pytest.fixture
def ends() -> Iterator[tuple[Watched, socket.socket]]:
    with socket.socket() as listener, Watched() as ours:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        ours.connect(listener.getsockname())
        theirs, _ = listener.accept()
        with theirs:
            yield ours, theirs


@pytest.mark.skipif(not hasattr(socket, "TCP_QUICKACK"), reason="only Linux has it")
def test_what_came_is_acknowledged_at_once_unless_something_was_sent_since(
    ends: tuple[Watched, socket.socket],
) -> None:
    ours, theirs = ends
    link = Link(ours)
    view = memoryview(bytearray(10))
    for _ in range(3):
        assert link.send([b"request"]) == 7
        before = ours.asked
        link.quick_ack()  # what is sent says what has come
        assert ours.asked == before
        for part in (b"head", b"body"):  # of a peer that waits for us in between
            theirs.sendall(part)
            while link.receive(view) is None:
                pass
            before = ours.asked
            link.quick_ack()
            assert ours.asked == before + 1
    link.close()
