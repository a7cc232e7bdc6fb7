"""Studies that come to several workers: one stamp, one end, and none of it lost with a worker."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from dimse.requests import Requestor
from dimse.storage.studies import Study, StudyLog
from dimse.workers.orders import Orders
from dimse.workers.studies import AGAIN, SharedStudies, StudyLine

A, B, C = (Requestor(f"192.0.2.{number}:1", f"PEER{number}", "ME") for number in (1, 2, 3))


class World:
    """Shared studies, workers that talk to them, and processes that end when they are told to."""

    def __init__(self, **how: Any) -> None:
        self.now = 0.0
        self.room = True
        self.asides: list[tuple[Callable[[], None], Callable[[str], None]]] = []
        self.ended: list[Study] = []
        self.failed: list[str] = []
        self.answers: list[bytes] = []
        self.studies = SharedStudies(
            self.ended.append,
            failed=lambda study, why: self.failed.append(f"{study.uid}: {why}"),
            clock=lambda: self.now,
            remember_paths=True,
            **how,
        )
        self.studies.begin(self.start_aside)

    def start_aside(self, job: Callable[[], None], ended: Callable[[str], None]) -> bool:
        if self.room:
            self.asides.append((job, ended))
        return self.room

    def worker(self, number: int, **how: bool) -> StudyLine:
        """Its line; who waits for an answer that does not come at once is in `answers`."""

        def ask(words: bytes) -> bytes:
            found: list[bytes] = []

            def answer(given: bytes) -> None:
                found.append(given)
                self.answers.append(given)

            self.studies.asked(number, words, answer)
            return found[0] if found else b""

        orders = SimpleNamespace(tell=partial(self.studies.told, number), ask=ask)
        return StudyLine(cast("Orders", orders), **how)

    def run(self) -> None:
        """Let all processes come to their end."""
        while self.asides:
            job, ended = self.asides.pop(0)
            job()
            ended("")


def store(line: StudyLog, requestor: Requestor, uid: str, name: str = "x") -> str:
    line.receiving(requestor)
    stamp = line.enter(uid, requestor).stamp
    line.stored(requestor, Path(f"/in/{uid}/{name}"))
    line.received(requestor)
    return stamp


def test_a_study_is_one_in_all_workers() -> None:
    world = World()
    first, second = world.worker(0), world.worker(1)
    stamp = store(first, A, "1.1", "a")
    assert store(second, B, "1.1", "b") == stamp
    assert store(second, C, "1.2") != stamp  # A and B are at the first one still
    first.left(A)
    assert not world.asides
    second.left(B)
    world.run()
    (study,) = world.ended
    assert (study.uid, study.stamp, study.objects) == ("1.1", stamp, 2)
    assert study.paths == [Path("/in/1.1/a"), Path("/in/1.1/b")]
    assert study.requestor == B
    assert store(second, B, "1.1") != stamp  # it comes again: another one


def test_a_worker_that_dies_has_left_and_what_it_has_stored_stays() -> None:
    world = World()
    first, second = world.worker(0), world.worker(1)
    store(first, A, "1.1")
    store(second, B, "1.1")
    first.enter("1.1", A)  # an object that never came
    store(second, B, "1.2")
    assert not world.asides
    world.studies.gone(0)
    world.run()
    assert [(each.uid, each.objects) for each in world.ended] == [("1.1", 2)]
    world.studies.gone(0)  # its successor had nobody


def test_studies_end_by_time_unless_something_of_them_is_on_its_way_to_a_worker() -> None:
    world = World(timeout=10.0)
    first, second = world.worker(0), world.worker(1)
    store(first, A, "1.1")
    store(second, B, "1.2")
    assert world.studies.attend() == 10.0
    second.receiving(B)
    world.now = 11.0
    assert world.studies.attend() is None
    world.run()
    assert [each.uid for each in world.ended] == ["1.1"]
    world.studies.gone(1)
    assert world.studies.attend() is None
    world.run()
    assert [each.uid for each in world.ended] == ["1.1", "1.2"]


def test_who_waits_is_answered_when_all_is_dealt_with_that_he_ended() -> None:
    world = World(maximum=1)
    first, second = world.worker(0, waits=True), world.worker(1, waits=True)
    store(first, A, "1.1")
    store(second, B, "1.2")
    assert world.answers[1::2] == [b"", b""]  # nothing ended, so there was nothing to wait for
    second.left(B)
    first.left(A)  # at nothing any more: what came before the last one has ended
    world.run()
    del world.answers[:]
    store(first, A, "1.3")
    assert len(world.answers) == 1  # its stamp; and 1.2 has ended
    world.run()
    assert world.answers[1:] == [b""]
    assert [each.uid for each in world.ended] == ["1.1", "1.2"]


def test_so_many_at_a_time_and_where_there_is_no_room_for_a_process_later() -> None:
    world = World(maximum=1)
    line = world.worker(0)
    world.room = False
    for uid in ("1.1", "1.2", "1.3"):
        store(line, A, uid)
    assert not world.asides
    assert world.studies.attend() == AGAIN
    world.room = True
    world.studies.attend()
    assert len(world.asides) == 1
    assert world.studies.attend() is None
    _, ended = world.asides.pop()
    ended("signal SIGKILL")
    assert world.failed == ["1.1: signal SIGKILL"]
    world.run()
    assert [each.uid for each in world.ended] == ["1.2"]


def test_at_the_end_all_have_ended_and_nobody_waits_for_ever() -> None:
    world = World(maximum=1, grace=5.0)
    line = world.worker(0)
    store(line, A, "1.1")
    store(world.worker(1), B, "1.2")
    world.studies.gone(0)
    world.studies.gone(1)
    job, ended = world.asides.pop()
    job()
    assert not world.studies.end()
    assert world.studies.attend() == 5.0
    ended("")
    assert not world.studies.end()
    world.now = 5.0
    assert world.studies.end()
    assert [each.uid for each in world.ended] == ["1.1"]
    assert not world.failed  # it was begun, and goes on


def test_what_was_not_begun_at_the_end_is_told() -> None:
    world = World(maximum=1, grace=5.0)
    line = world.worker(0)
    store(line, A, "1.1")
    store(line, B, "1.2")
    assert not world.studies.end()
    world.now = 5.0
    assert world.studies.end()
    assert world.failed == ["1.2: the server ends"]


def test_what_stands_in_paths_and_titles_arrives_as_it_is() -> None:
    world = World()
    path = Path("/in/\udcff\u00fc \n'\"")  # the first is a byte that is no UTF-8
    line = world.worker(0)
    line.enter("1.1", Requestor("[fe80::1]:1", "\u00fc", "\x1b"))
    line.stored(Requestor("[fe80::1]:1", "\u00fc", "\x1b"), path)
    world.studies.end()
    world.run()
    assert world.ended[0].paths == [path]
    assert world.ended[0].requestor == Requestor("[fe80::1]:1", "\u00fc", "\x1b")


def test_without_a_supervisor_nothing_is_confirmed() -> None:
    def gone(_: bytes) -> bytes:
        raise BrokenPipeError

    line = StudyLine(cast("Orders", SimpleNamespace(tell=gone, ask=gone)))
    line.receiving(A)
    line.received(A)
    line.left(A)
    with pytest.raises(OSError, match=r"^$"):
        line.enter("1.1", A)
    with pytest.raises(OSError, match=r"^$"):
        line.stored(A, Path("/in/x"))
