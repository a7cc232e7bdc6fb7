"""A worker's line to its supervisor: what is asked is answered, or nobody is there."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest

from dimse.workers.orders import ANSWER, LONGEST, QUESTION, TOLD, Orders

GUARD = 20.0


@pytest.fixture
def line() -> Iterator[tuple[Orders, socket.socket]]:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.settimeout(GUARD)
    with ours, theirs:
        yield Orders(theirs), ours
        ours.close()
        for thread in threading.enumerate():
            if thread.name == "orders":
                thread.join(GUARD)  # it reads from what is closed next


def test_answers_find_who_asked(line: tuple[Orders, socket.socket]) -> None:
    orders, supervisor = line
    orders.obey(lambda _: None)
    found: dict[bytes, bytes] = {}

    def ask(words: bytes) -> None:
        found[words] = orders.ask(words)

    threads = [threading.Thread(target=ask, args=(b"%d" % each,)) for each in range(8)]
    for thread in threads:
        thread.start()
    questions = [supervisor.recv(LONGEST) for _ in threads]
    supervisor.send(ANSWER + bytes(8) + b"nobody has asked that")
    for question in reversed(questions):
        assert question[:1] == QUESTION
        supervisor.send(ANSWER + question[1:9] + b"to " + question[9:])
    for thread in threads:
        thread.join(GUARD)
    assert found == {b"%d" % each: b"to %d" % each for each in range(8)}


def test_who_waits_when_the_supervisor_dies_and_who_asks_then(
    line: tuple[Orders, socket.socket],
) -> None:
    orders, supervisor = line
    stopped = threading.Event()
    orders.obey(lambda grace: stopped.set())
    errors: list[OSError] = []

    def ask() -> None:
        with pytest.raises(OSError, match="supervisor is gone") as caught:
            orders.ask(b"now")
        errors.append(caught.value)

    thread = threading.Thread(target=ask)
    thread.start()
    supervisor.recv(LONGEST)
    supervisor.close()
    thread.join(GUARD)
    assert len(errors) == 1
    assert stopped.wait(GUARD)
    with pytest.raises(OSError, match="supervisor is gone"):
        orders.ask(b"later")
    with pytest.raises(OSError, match=r"."):
        orders.tell(b"later")


def test_what_is_told_is_there_when_the_teller_is_not(line: tuple[Orders, socket.socket]) -> None:
    orders, supervisor = line
    orders.tell(b"first")
    orders.tell(b"last")
    del orders
    assert [supervisor.recv(LONGEST) for _ in range(2)] == [TOLD + b"first", TOLD + b"last"]
