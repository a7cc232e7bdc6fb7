"""Workers as processes: what is served, who dies, who is told to end, and what is counted."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from serving import CT, IMPLICIT, Caller
from tests_datasets import encode, identity

from dimse.messages.composite import CStoreRQ
from dimse.workers.lives import Backoff
from dimse.workers.supervisor import listeners
from dul.errors import DULError, TransportError

PROGRAM = Path(__file__).with_name("supervised.py")
ROOT = Path(__file__).parents[3]
GUARD = 60.0


class Supervised:
    """The program, and what it says, line by line."""

    def __init__(self, *arguments: object) -> None:
        self.process = subprocess.Popen(
            [sys.executable, PROGRAM, *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error"},
        )
        self._guard = threading.Timer(GUARD, self.process.kill)
        self._guard.start()
        self.port = int(self.expect(r"port (\d+)")[1])

    def expect(self, pattern: str) -> re.Match[str]:
        """The next line that is like this."""
        assert self.process.stdout is not None
        seen = []
        for line in self.process.stdout:
            seen.append(line)
            if found := re.search(pattern, line):
                return found
        raise AssertionError(f"no {pattern!r} in {seen}, {self.process.communicate()[1]}")

    def pids(self, count: int) -> list[int]:
        return [int(self.expect(r"WorkerStarted\(.*pid=(\d+)")[1]) for _ in range(count)]

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def ended(self) -> str:
        """Its last line and its silence on standard error."""
        last = self.expect("ended by .*")[0]
        _, errors = self.process.communicate()
        assert (self.process.returncode, errors) == (0, "")
        return last

    def close(self) -> None:
        self._guard.cancel()
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def supervised(tmp_path: Path) -> Iterator[Callable[..., Supervised]]:
    started: list[Supervised] = []

    def start(count: int = 2, grace: float = 0.0, *what: str) -> Supervised:
        started.append(Supervised(tmp_path, count, grace, *what))
        return started[-1]

    yield start
    for each in started:
        each.close()


def store(port: int, number: int) -> None:
    """One object over an association of its own."""
    with Caller(port, (CT, [IMPLICIT])) as scu:
        assert send(scu, number) == 0


def send(scu: Caller, number: int) -> int:
    instance = f"2.25.{number}"
    asked = CStoreRQ(message_id=1, affected_sop_class_uid=CT, affected_sop_instance_uid=instance)
    return scu.ask(asked, encode(identity(CT, instance), IMPLICIT)).status


def test_workers_serve_one_port_and_count_together(
    supervised: Callable[..., Supervised], tmp_path: Path
) -> None:
    program = supervised(3, 600)  # the last release may not be quite over
    assert len(set(program.pids(3))) == 3
    for number in range(30):
        store(program.port, number)
    program.signal(signal.SIGTERM)
    assert program.ended() == "ended by SIGTERM: stored 30, accepted 30, aborted 0"
    assert len(list(tmp_path.iterdir())) == 30


def test_a_worker_that_dies_is_replaced_and_nobody_who_comes_later_notices(
    supervised: Callable[..., Supervised], tmp_path: Path
) -> None:
    program = supervised(2)
    for pid in program.pids(2):
        os.kill(pid, signal.SIGKILL)
        found = program.expect(r"WorkerEnded\(.*how='(.*)', again_in=0.02\)")
        assert found[1] == "signal SIGKILL"
        for number in range(10):  # while one of them is not there yet, too
            store(program.port, 100 * pid + number)
    program.signal(signal.SIGINT)
    # The one that was killed may not have counted its last release any more.
    assert program.ended().startswith("ended by SIGINT: stored 20, accepted 20, aborted ")
    assert len(list(tmp_path.iterdir())) == 20


def test_associations_have_their_grace(supervised: Callable[..., Supervised]) -> None:
    program = supervised(1, 600)
    with Caller(program.port, (CT, [IMPLICIT])) as scu:
        assert send(scu, 1) == 0
        with socket.create_connection(("127.0.0.1", program.port)) as silent:
            store(program.port, 3)
            program.signal(signal.SIGTERM)
            assert silent.recv(1) == b""
        with pytest.raises(TransportError, match="refused"):
            Caller(program.port)
        assert send(scu, 2) == 0
    assert program.ended() == "ended by SIGTERM: stored 3, accepted 2, aborted 0"


def test_a_second_signal_ends_the_grace(supervised: Callable[..., Supervised]) -> None:
    program = supervised(2, 600)
    with pytest.raises(DULError), Caller(program.port, (CT, [IMPLICIT])) as scu:
        program.signal(signal.SIGTERM)
        program.expect("Ending.*grace=600")
        program.signal(signal.SIGTERM)
        program.expect("Ending.*grace=0")
        scu.hear()
    assert program.ended() == "ended by SIGTERM: stored 0, accepted 1, aborted 1"


def test_sighup_is_passed_on(supervised: Callable[..., Supervised]) -> None:
    program = supervised(2)
    for number in range(4):
        store(program.port, number)  # both are up, or what they are told waits for them
    program.signal(signal.SIGHUP)
    assert {program.expect(r"reopened (\d)")[1] for _ in range(2)} == {"0", "1"}
    program.signal(signal.SIGTERM)
    program.ended()


def test_workers_do_not_outlive_their_supervisor(supervised: Callable[..., Supervised]) -> None:
    program = supervised(2)
    program.pids(2)
    store(program.port, 1)
    program.signal(signal.SIGKILL)
    program.process.wait()
    assert program.process.stdout is not None
    # It ends when all who could write to the pipe have: they are gone.
    assert "WorkerStarted" not in program.process.stdout.read()


def test_who_can_not_start_is_tried_again_and_not_in_a_hurry(
    supervised: Callable[..., Supervised],
) -> None:
    program = supervised(1, 0.0, "fails")
    waits = [float(program.expect(r"exit code 1', again_in=([\d.]+)")[1]) for _ in range(5)]
    assert waits == [0.02, 0.04, 0.08, 0.1, 0.1]
    program.signal(signal.SIGTERM)
    program.expect("ended by SIGTERM")
    assert "ValueError: on purpose" in program.process.communicate()[1]


def test_who_does_not_end_is_killed(supervised: Callable[..., Supervised]) -> None:
    program = supervised(1, 0.0, "stubborn")
    program.pids(1)
    program.signal(signal.SIGTERM)
    program.expect("WorkerEnded.*SIGKILL', again_in=None")
    program.ended()


def test_a_third_signal_waits_for_nobody(supervised: Callable[..., Supervised]) -> None:
    program = supervised(1, 600, "stubborn")
    program.pids(1)
    for grace in (600, 0):
        program.signal(signal.SIGTERM)
        program.expect(f"Ending.*grace={grace}")
    program.signal(signal.SIGINT)
    program.expect("WorkerEnded.*SIGKILL', again_in=None")
    program.ended()


def test_what_runs_beside_is_kept_running(supervised: Callable[..., Supervised]) -> None:
    program = supervised(1, 0.0, "beside")
    found = program.expect(r"WorkerStarted\(name='helper 1', pid=(\d+)")
    program.expect("helping")
    os.kill(int(found[1]), signal.SIGKILL)
    program.expect("WorkerEnded.*helper 1.*again_in=0.02")
    program.expect("helping")
    program.signal(signal.SIGTERM)
    program.ended()


def test_what_a_worker_has_told_is_heard_though_it_dies(
    supervised: Callable[..., Supervised],
) -> None:
    program = supervised(1, 0.0, "talks")
    program.expect("answer 0")
    program.expect("heard 101: last words")
    program.expect("gone 0")  # and not before
    program.expect("again_in=0.02")
    program.expect("WorkerStarted")
    program.signal(signal.SIGTERM)
    assert "Traceback" not in program.ended()


def test_a_signal_for_the_whole_group_is_the_supervisors(
    supervised: Callable[..., Supervised],
) -> None:
    program = supervised(2, 600)
    pids = program.pids(2)
    with Caller(program.port, (CT, [IMPLICIT])) as scu:
        assert send(scu, 1) == 0
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            for pid in pids:
                os.kill(pid, number)
        program.signal(signal.SIGTERM)
        program.expect("Ending.*grace=600")
        assert send(scu, 2) == 0
    assert program.ended() == "ended by SIGTERM: stored 2, accepted 1, aborted 0"


def test_the_wait_for_a_dead_worker_doubles_up_to_a_bound_and_begins_anew_after_a_healthy_life() -> (
    None
):
    backoff = Backoff(first=1.0, most=5.0, healthy=60.0)
    waits, before = [], 0.0
    for lived in (0.0, 1.0, 2.0, 59.0, 3.0, 61.0, 1.0):
        before = backoff.after(lived, before)
        waits.append(before)
    assert waits == [1.0, 2.0, 4.0, 5.0, 5.0, 1.0, 2.0]


def test_listeners_of_an_address_that_is_taken_leave_nothing_open() -> None:
    (taken,) = listeners("127.0.0.1", 0, 1)
    with taken, pytest.raises(TransportError, match="cannot listen on"):
        listeners("192.0.2.1", taken.getsockname()[1], 2)
