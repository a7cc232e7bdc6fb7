"""The pump over a real TCP connection, and a clock that only the test moves."""

from __future__ import annotations

import contextlib
import socket
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from ends import AC, RQ, split_pdus

from dul.association import Association, Role
from dul.errors import TimedOut
from dul.events import ReleaseIndication
from dul.fsm import State
from dul.limits import Limits
from dul.pace import Pace
from dul.pdu import ReleaseRQ
from dul.transport.link import Link, Wait
from dul.transport.pump import LOOK, pump, rest

REPLY = 2.0
SIZE = 8 << 20  # more than the kernel of either end takes


class Scene:
    """A requestor that has sent its request, and a peer that reads when it is told to.

    Attributes:
        now: the clock; a wait that nothing ends moves it to its end.
    """

    def __init__(self, ours: socket.socket, theirs: socket.socket, limits: Limits) -> None:
        self.now = 100.0
        self.theirs = theirs
        self.link = Link(ours)
        self.association = Association(Role.REQUESTOR, limits)
        self.association.associate(RQ)
        self.association.connected(self.now)
        self.turn()
        assert split_pdus(theirs.recv(1 << 16)) == [RQ]
        theirs.sendall(AC.encode())
        self.turn(ready=True)
        self.association.next_event()
        assert self.association.established

    def turn(self, *, ready: bool = False) -> Wait | None:
        """One turn of the pump; what it waited for, and nothing came unless it is `ready`."""
        waiting = pump(self.association, self.link, lambda: self.now)
        waited: Any = None
        with contextlib.suppress(StopIteration):
            waited = next(waiting)
            if not ready:
                assert waited.until is not None
                self.now = max(self.now, waited.until)
            waiting.send(ready)
        return waited

    def send_all_the_kernel_takes(self, size: int) -> int:
        """Give it so many bytes to send, and the kernel what it takes of them; how many it took."""
        self.association.send(1, command=False, source=bytes(size))
        while self.association.sending:
            before = self.link.on_the_way
            self.link.on_the_way += self.link.send(self.association.data_to_send())
            took = self.link.on_the_way - before
            self.association.data_sent(took, self.now)
            if not took:
                break
        return self.link.on_the_way

    def read(self, count: int) -> None:
        """The peer reads so much, and its TCP tells ours at once."""
        while count > 0:
            count -= len(self.theirs.recv(min(count, 1 << 16)))
        if sys.platform == "linux":
            self.theirs.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)

    def failure(self) -> str:
        failure = self.association.failure
        assert isinstance(failure, TimedOut)
        return failure.which


@pytest.fixture
def tcp() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Two ends of a connection whose receiving end holds little."""
    with socket.socket() as listener, socket.socket() as ours:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        ours.connect(listener.getsockname())
        theirs, _ = listener.accept()
        with theirs:
            theirs.settimeout(30)
            yield ours, theirs


linux = pytest.mark.skipif(sys.platform != "linux", reason="the system does not tell what is sent")


def waits_for_reply(tcp: Any, size: int, **limits: Any) -> Scene:
    scene = Scene(*tcp, Limits(reply=REPLY, write=None, **limits))
    scene.send_all_the_kernel_takes(size)
    assert not scene.association.sending, "the kernel is to hold it all"
    scene.association.expect("reply")
    return scene


@linux
def test_the_time_for_a_reply_does_not_run_while_the_peer_reads(tcp: Any) -> None:
    """All is handed to the kernel at once; the peer takes it in a hundred seconds."""
    scene = waits_for_reply(tcp, 400_000)
    begin = scene.now
    left = 400_000
    while left > 20_000:
        scene.read(8_000)
        left -= 8_000
        for _ in range(4):
            scene.turn()
            assert scene.association.established, f"{left} bytes before the end"
    assert scene.now - begin > 10 * REPLY


@linux
def test_the_time_for_a_reply_runs_when_the_peer_reads_no_more(tcp: Any) -> None:
    scene = waits_for_reply(tcp, 400_000)
    scene.turn()  # the first look finds what the peer's kernel has taken
    begin = scene.now
    while scene.association.established:
        scene.turn()
    assert scene.failure() == "reply"
    assert scene.now - begin == pytest.approx(REPLY, abs=2 * LOOK)


@linux
def test_a_peer_that_reads_next_to_nothing_is_not_waited_for(tcp: Any) -> None:
    """Below `Limits.slowest_reader` it counts as one that hangs."""
    scene = waits_for_reply(tcp, 400_000, slowest_reader=1 << 30)
    begin = scene.now
    while scene.association.established:
        scene.read(4_000)
        scene.turn()
    assert scene.failure() == "reply"
    assert scene.now - begin == pytest.approx(REPLY, abs=2 * LOOK)


def test_who_has_taken_all_is_not_looked_at_any_more(tcp: Any) -> None:
    scene = waits_for_reply(tcp, 100)
    scene.read(112)
    begin = scene.now
    scene.turn()
    assert scene.link.on_the_way == 0
    waited = scene.turn()
    assert waited is not None
    assert waited.until is not None
    assert waited.until - begin >= REPLY
    assert scene.failure() == "reply"


@linux
def test_a_pdu_is_waited_for_while_the_peer_reads(tcp: Any) -> None:
    """The kernel says nothing until a third of its buffer is free: that may take long."""
    scene = Scene(*tcp, Limits(write=2.0))
    scene.send_all_the_kernel_takes(SIZE)
    assert scene.association.sending
    begin = scene.now
    for _ in range(50):
        scene.read(2_000)
        scene.turn()
    assert scene.association.established
    assert scene.now - begin > 5 * 2.0
    while scene.association.established:  # and it reads no more
        scene.turn()
    assert scene.failure() == "write"


def test_where_the_system_does_not_tell_the_time_runs(
    tcp: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dul.transport.link._unacknowledged", lambda _: None)
    scene = waits_for_reply(tcp, 400_000)
    begin = scene.now
    while scene.association.established:
        scene.turn()
    assert scene.failure() == "reply"
    assert scene.now - begin == pytest.approx(REPLY)
    assert scene.association.state is State.Sta13


@pytest.fixture
def scene(tcp: Any) -> Scene:
    """With bounds that a pace of a second for each PDU keeps."""
    return Scene(*tcp, Limits(reply=REPLY, write=2.0, max_send_pdu_length=100_000))


def test_a_pace_is_kept_and_no_time_runs_out_for_it(scene: Scene) -> None:
    """1 MB at 100,000 bytes per second takes ten seconds: our waits, not the peer's."""
    scene.link.pace = Pace(100_000)
    begun = scene.now
    scene.association.send(1, command=False, source=bytes(1_000_000))
    scene.association.expect("reply")
    while scene.association.sending:
        scene.turn()
        scene.theirs.recv(1 << 20)
        assert scene.association.established
    assert 9.9 < scene.now - begun < 10.5
    before = scene.association.bytes_sent
    assert before > 1_000_000


def test_a_rest_ends_when_the_peer_says_something(scene: Scene) -> None:
    resting = rest(scene.association, scene.link, lambda: scene.now, scene.now + 60)
    assert next(resting).until == scene.now + 60
    scene.theirs.sendall(ReleaseRQ().encode())
    with pytest.raises(StopIteration):
        resting.send(True)
    assert isinstance(scene.association.next_event(), ReleaseIndication)


def test_a_rest_lasts_as_long_as_it_should(scene: Scene) -> None:
    resting = rest(scene.association, scene.link, lambda: scene.now, scene.now + 60)
    next(resting)
    scene.now += 60
    with pytest.raises(StopIteration):
        resting.send(False)
    assert scene.association.established
