"""Interrupts: a wakeup from another thread or a signal handler, Ctrl-C anywhere, cancellation.

Wherever it comes, the peer gets whole PDUs and then an A-ABORT, or the end of the connection;
nothing hangs, and nothing is left behind (the fixture `no_leaks`).
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import rawpeer
from faces import Acceptor, Face, Zeros, established, mirror, rq, take
from rawpeer import (
    RELEASE_RQ_PDU,
    Listener,
    abort,
    associate_ac,
    associate_rq,
    oblige,
)

import dul
from dul import aio, blocking
from dul.association import Association
from dul.conversations import Call, Conversation
from dul.fsm import State
from dul.tasks import loop
from dul.threads import polling

DUL = str(Path(dul.__file__).parent)


# ---- while it waits for one thing or another


def test_while_connecting(face: Face) -> None:
    with rawpeer.blackhole() as address:
        connecting = face.connect(address)
        connecting.interrupt()
        assert isinstance(connecting.error(), face.Interrupted)


def test_while_shaking_hands(face: Face, tls_client: Any) -> None:
    with Listener() as listener:
        connecting = face.connect(listener.address, tls=tls_client)
        with listener.accept() as peer:
            peer.read(1)
            connecting.interrupt()
            assert isinstance(connecting.error(), face.Interrupted)


def test_while_associating(face: Face) -> None:
    with Listener() as listener:
        connecting = face.connect(listener.address)
        with listener.accept() as peer:
            peer.expect(rawpeer.RQ)
            connecting.interrupt()
            assert peer.pdu() == abort(0, 0)
            peer.half_close()
            assert isinstance(connecting.error(), face.Interrupted)
            peer.ended()


def test_while_receiving(face: Face) -> None:
    with Listener() as listener:
        peer, end = established(face, listener)
        with peer:
            receiving = end.start("receive")
            receiving.interrupt()
            assert isinstance(receiving.error(), face.Interrupted)
            assert end.association.state is State.Sta6
            aborting = end.start("abort")
            assert peer.pdu() == abort(0, 0)
            peer.half_close()
            aborting.result()


def test_while_releasing(face: Face) -> None:
    """What interrupted the release does not cut the abort short."""
    with Listener() as listener:
        peer, end = established(face, listener)
        with peer:
            releasing = end.start("release")
            assert peer.pdu() == RELEASE_RQ_PDU
            releasing.interrupt()
            assert peer.pdu() == abort(0, 0)
            peer.half_close()
            assert isinstance(releasing.error(), face.Interrupted)
            assert (end.association.state, end.fd) == (State.Sta1, -1)


def test_in_the_users_function(face: Face) -> None:
    """The function comes to its end, and what it returns to the conversation, which can clean up;
    what it waits for then is not begun."""
    running, go_on = threading.Event(), threading.Event()
    done: list[str] = []

    def slow() -> str:
        running.set()
        assert go_on.wait(rawpeer.GUARD)
        return "an open file"

    def talk(association: Association) -> Conversation[None]:
        held = ""
        try:
            held = yield Call(slow)
            yield from take(association)
            done.append("received")
        finally:
            done.append(f"closed {held}")

    with Listener() as listener:
        peer, end = established(face, listener)
        with peer:
            operation = end.start("run", talk(end.association))
            assert running.wait(rawpeer.GUARD)
            operation.interrupt()
            operation.interrupt()
            go_on.set()
            assert isinstance(operation.error(), face.Interrupted)
            assert done == ["closed an open file"]
            aborting = end.start("abort")
            peer.expect(rawpeer.ABORT)
            peer.close()
            aborting.result()


def test_a_stopped_server_waits_for_the_users_function(face: Face) -> None:
    running, go_on = threading.Event(), threading.Event()

    def slow() -> None:
        running.set()
        assert go_on.wait(rawpeer.GUARD)
        raise ValueError("nobody is interested any more")

    def talk(association: Association) -> Conversation[str]:
        yield Call(slow)
        return (yield from mirror(association))

    serve = Acceptor(talk)
    with face.server(serve) as server, rawpeer.connect(server.address) as peer:
        peer.send(associate_rq())
        peer.expect(rawpeer.AC)
        assert running.wait(rawpeer.GUARD)
        stopping = face.start(server.stop)
        assert serve.none_ended()
        go_on.set()
        assert peer.pdu() == abort(0, 0)
        peer.close()
        stopping.result()


def test_a_cancellation_is_not_lost_to_what_the_function_raises() -> None:
    """Nor to a conversation that ends with it."""
    from faces import opened

    running, go_on = threading.Event(), threading.Event()

    def slow() -> None:
        running.set()
        assert go_on.wait(rawpeer.GUARD)
        raise ValueError

    def fails(association: Association) -> Conversation[None]:
        yield Call(slow)

    def ends(association: Association) -> Conversation[None]:
        with contextlib.suppress(ValueError):
            yield Call(slow)

    with opened("aio") as face, Listener() as listener:
        for talk in (fails, ends):
            peer, end = established(face, listener)
            with peer:
                running.clear()
                go_on.clear()
                operation = end.start("run", talk(end.association))
                assert running.wait(rawpeer.GUARD)
                operation.interrupt()
                # The loop has seen it when it has answered this.
                face.start(lambda: None).result()
                go_on.set()
                assert type(operation.error()) is asyncio.CancelledError
                aborting = end.start("abort")
                peer.expect(rawpeer.ABORT)
                peer.close()
                aborting.result()


# ---- at every single wait


def whole(face: Face, address: tuple[str, int]) -> Any:
    """An association from begin to end, as an operation of either face."""

    def talk(association: Association) -> Conversation[Any]:
        association.send(1, command=True, source=b"store this")
        association.send(1, command=False, source=Zeros(1 << 20))
        answer = yield from take(association)
        yield Call(str, ("a user's function",))
        return answer

    def in_thread() -> Any:
        wakeup = blocking.Wakeup()
        try:
            with blocking.connect(*address, rq(), wakeup=wakeup) as connection:
                return connection.run(talk(connection.association))
        finally:
            wakeup.close()

    async def in_task() -> Any:
        async with await aio.connect(*address, rq()) as connection:
            return await connection.run(talk(connection.association))

    return face.start(in_thread if face.name == "blocking" else in_task)


def interrupting(face: Face, monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """A function that arms the interrupt of the n-th wait from now on."""
    owner, name = (polling.Polling, "wait") if face.name == "blocking" else (loop.Watch, "_watch")
    original = getattr(owner, name)
    left: list[Iterator[int]] = []

    def wait(waiter: Any, what: Any) -> Any:
        if left and next(left[0]) == 0:
            if face.name == "blocking":
                waiter._wakeup.set()
            else:
                for task in asyncio.all_tasks(waiter._loop):  # there is but one
                    task.cancel()
        return original(waiter, what)

    monkeypatch.setattr(owner, name, wait)
    return lambda number: left.__setitem__(slice(None), [itertools.count(-number)])


def assert_whole_then_over(pdus: list[bytes], *, aborted: bool | None) -> None:
    """Whole PDUs; nothing behind an A-ABORT; an A-ABORT if there has to be one."""
    for pdu in pdus[:-1]:
        assert pdu[0] != rawpeer.ABORT
    if pdus and aborted is not None:
        assert (pdus[-1][0] == rawpeer.ABORT) is aborted
    if aborted is not None:
        rawpeer.split(b"".join(pdus))


def test_at_every_wait(face: Face, monkeypatch: pytest.MonkeyPatch) -> None:
    arm = interrupting(face, monkeypatch)
    interrupted = 0
    with Listener() as listener, ThreadPoolExecutor(1) as helper:
        for number in itertools.count():
            arm(number)
            operation = whole(face, listener.address)
            playing = helper.submit(lambda: oblige(listener.accept()))
            error = operation.error()
            pdus = playing.result(rawpeer.GUARD)
            if error is None:
                assert operation.result() == [(1, 3, b"done")]
                assert_whole_then_over(pdus, aborted=False)
                break
            assert isinstance(error, face.Interrupted), number
            # While connecting nothing is said; in the end, Sta1 is reached without an abort.
            assert_whole_then_over(pdus, aborted=True if pdus else None)
            interrupted += 1
    assert interrupted >= 3


# ---- signals and Ctrl-C; blocking, and in the main thread


@pytest.fixture
def on_signal() -> Iterator[Callable[[Callable[[], None]], None]]:
    """Sets what SIGUSR1 does in this test."""
    before = signal.getsignal(signal.SIGUSR1)
    yield lambda action: (signal.signal(signal.SIGUSR1, lambda *_: action()), None)[1]
    signal.signal(signal.SIGUSR1, before)


def raised_by_signal(
    listener: Listener, talk: Callable[[blocking.Connection], Any], wakeup: Any
) -> list[bytes]:
    """Run a client in this thread, and signal this process when the peer has got its first PDU
    after the request."""

    def play() -> list[bytes]:
        with listener.accept() as peer:
            peer.expect(rawpeer.RQ)
            peer.send(associate_ac(maximum=0))
            pdus = [peer.pdu()]
            os.kill(os.getpid(), signal.SIGUSR1)
            while pdus[-1][0] != rawpeer.ABORT:
                pdus.append(peer.pdu())
            peer.half_close()
            peer.ended()
            return pdus

    with ThreadPoolExecutor(1) as helper:
        playing = helper.submit(play)
        with blocking.connect(*listener.address, rq(), wakeup=wakeup) as connection:
            talk(connection)
        return playing.result(rawpeer.GUARD)


def ask(connection: blocking.Connection) -> None:
    connection.send(1, command=True, source=b"question")
    connection.receive()


def ask_at_length(connection: blocking.Connection) -> None:
    connection.send(1, command=False, source=Zeros(64 << 20))
    connection.receive()


def test_a_wakeup_from_a_signal_handler(on_signal: Any) -> None:
    wakeup = blocking.Wakeup()
    on_signal(wakeup.set)
    with Listener() as listener, pytest.raises(blocking.Interrupted):
        raised_by_signal(listener, ask, wakeup)
    wakeup.close()


def test_a_wakeup_from_a_signal_handler_while_sending(on_signal: Any) -> None:
    wakeup = blocking.Wakeup()
    on_signal(wakeup.set)
    with Listener(receive_buffer=4096) as listener, pytest.raises(blocking.Interrupted):
        raised_by_signal(listener, ask_at_length, wakeup)
    wakeup.close()


def test_ctrl_c_while_waiting_aborts(on_signal: Any) -> None:
    """Nothing is in the middle of anything: the peer is told."""

    def interrupt() -> None:
        raise KeyboardInterrupt

    on_signal(interrupt)
    with Listener() as listener, pytest.raises(KeyboardInterrupt):
        raised_by_signal(listener, ask, None)


def test_ctrl_c_in_the_users_function_aborts() -> None:
    def talk(association: Association) -> Conversation[None]:
        def interrupt() -> None:
            raise KeyboardInterrupt

        yield Call(interrupt)

    with Listener() as listener, ThreadPoolExecutor(1) as helper:
        playing = helper.submit(lambda: oblige(listener.accept()))
        with pytest.raises(KeyboardInterrupt), blocking.connect(*listener.address, rq()) as client:
            client.run(talk(client.association))
        assert playing.result(rawpeer.GUARD)[-1] == abort(0, 0)


def test_a_wakeup_that_was_set_before() -> None:
    wakeup = blocking.Wakeup()
    wakeup.set()
    wakeup.set()
    with Listener() as listener, pytest.raises(blocking.Interrupted):
        blocking.connect(*listener.address, rq(), wakeup=wakeup)
    wakeup.close()
    wakeup.set()  # too late, and harmless


def test_ctrl_c_at_every_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """KeyboardInterrupt at each line of dul that a client comes through.

    In the middle of a step nobody knows what the peer has got; then the connection is closed
    without a word. What the peer gets is well-formed all the same, or cut off at its end.
    """
    lines: list[tuple[str, int]] = []

    def conversation(connection: blocking.Connection) -> Conversation[Any]:
        association = connection.association
        association.send(1, command=True, source=b"store this")
        association.send(1, command=False, source=Zeros(100_000))
        return (yield from take(association))

    def client(address: tuple[str, int], trace: Any) -> blocking.Connection | None:
        connection = None
        before = sys.gettrace()  # a coverage tool's
        try:
            sys.settrace(trace)
            connection = blocking.connect(*address, rq())
            with connection:
                connection.run(conversation(connection))
        finally:
            sys.settrace(before)
            if connection is not None:
                connection.abort()  # as a careful program does
                assert connection._link.fileno() == -1
        return connection

    def record(frame: Any, event: str, _: Any) -> Any:
        if not frame.f_code.co_filename.startswith(DUL):
            return None
        here = (frame.f_code.co_filename, frame.f_lineno)
        if event == "line" and here not in lines:
            lines.append(here)
        return record

    def raise_at(there: tuple[str, int]) -> Any:
        armed = [True]

        def trace(frame: Any, event: str, _: Any) -> Any:
            if not armed or not frame.f_code.co_filename.startswith(DUL):
                return None
            if event == "line" and (frame.f_code.co_filename, frame.f_lineno) == there:
                armed.clear()
                raise KeyboardInterrupt
            return trace

        return trace

    with Listener() as listener, ThreadPoolExecutor(1) as helper:

        def play() -> list[bytes]:
            """What came from the client; nothing if it never called."""
            pdus: list[bytes] = []
            while (came := oblige(listener.accept())) != [b"."]:
                pdus = came
            return pdus

        def run(trace: Any, error: type[BaseException] | None) -> list[bytes]:
            playing = helper.submit(play)
            with pytest.raises(error) if error else contextlib.nullcontext():
                client(listener.address, trace)
            with rawpeer.connect(listener.address) as last:
                last.send(b".")
            return playing.result(rawpeer.GUARD)

        for _ in range(10):  # some lines are for what is prepared once
            run(None, None)
        assert [each[0] for each in run(record, None)] == [1, 4, 4, 4, 4, 4, 4, 4, 4, 5]
        assert len(lines) > 250
        ends = set()
        for there in lines:
            pdus = run(raise_at(there), KeyboardInterrupt)
            assert_whole_then_over(pdus, aborted=None)
            ends |= {each[0] for each in pdus[-1:]}
        assert {rawpeer.RQ, rawpeer.PDATA, rawpeer.ABORT} <= ends
