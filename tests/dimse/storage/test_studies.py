"""When studies have ended, on a clock that is told."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import hypothesis.strategies as st
import pytest
from asked import store_request
from hypothesis import given, settings

from dimse.hooks import StudyObserver
from dimse.messages.codec import response_to
from dimse.requests import Requestor
from dimse.storage.studies import Studies, StudyClock

ONE, TWO = Requestor("h:1", "A", "B"), Requestor("h:2", "C", "D")


class World:
    """Studies, whose end is noted, and their time."""

    def __init__(self, **how):
        self.seconds = 0.0
        self.ended = []
        self.studies = Studies(
            lambda study: self.ended.append((study.uid, study.objects)),
            clock=lambda: self.seconds,
            now=lambda: datetime(2026, 11, 30, tzinfo=UTC) + timedelta(seconds=self.seconds),
            **how,
        )

    def store(self, uid, requestor=ONE, path=Path("d/x")):
        study = self.studies.enter(uid, requestor)
        self.studies.stored(requestor, path)
        return study

    def after(self, seconds):
        self.seconds += seconds
        self.studies.expire()


def test_a_study_ends_when_another_begins():
    world = World()
    world.store("1")
    world.store("1")
    assert world.ended == []
    world.store("2")
    assert world.ended == [("1", 2)]
    world.store("1")  # once more: another study
    assert world.ended == [("1", 2), ("2", 1)]


def test_not_while_another_association_is_at_it():
    world = World()
    world.store("1", ONE)
    world.store("1", TWO)
    world.store("2", ONE)
    assert world.ended == []
    world.store("2", TWO)
    assert world.ended == [("1", 2)]


def test_parallel_studies_do_not_end_one_another():
    world = World()
    for _ in range(3):
        world.store("1", ONE)
        world.store("2", TWO)
    assert world.ended == []
    world.studies.left(ONE)
    assert world.ended == [("1", 3)]  # 2 has come behind it
    world.studies.left(TWO)
    assert world.ended == [("1", 3)]  # nothing behind 2
    world.studies.close()
    assert world.ended == [("1", 3), ("2", 3)]


def test_the_next_association_may_go_on_with_a_study():
    world = World()
    world.store("1", ONE)
    world.studies.left(ONE)
    world.store("1", TWO)
    world.store("2", TWO)
    assert world.ended == [("1", 2)]


def test_a_study_ends_when_nothing_comes():
    world = World(timeout=10)
    assert world.studies.due() is None
    world.store("1")
    assert world.studies.due() == 10
    world.after(6)
    assert world.studies.due() == 4
    world.store("1")
    world.after(9.5)
    assert world.ended == []
    world.after(0.5)
    assert world.ended == [("1", 2)]
    assert world.studies.due() is None
    world.store("1")
    assert world.studies.due() == 10


def test_not_while_something_may_be_on_its_way():
    world = World(timeout=10)
    world.store("1")
    world.studies.receiving(ONE)
    world.after(1000)
    assert world.ended == []
    assert world.studies.due() is None
    world.studies.received(ONE)  # it was refused
    assert world.studies.due() == 10
    world.studies.receiving(ONE)
    world.studies.left(ONE)
    world.after(10)
    assert world.ended == [("1", 1)]


def test_nothing_is_said_of_a_study_of_which_nothing_was_stored():
    world = World(timeout=10)
    world.studies.enter("1", ONE)
    world.after(10)
    world.studies.enter("2", ONE)
    world.store("3", ONE)
    world.studies.stored(TWO, Path("x"))  # by another way: it has entered nothing
    world.studies.close()
    assert world.ended == [("3", 1)]


def test_stamps():
    world = World()
    stamps = [world.studies.enter("1", ONE).stamp, world.studies.enter("2", ONE).stamp]
    assert stamps == ["20261130_000000000", "20261130_000000000_0001"]
    assert world.studies.enter("1", TWO).stamp == stamps[0]
    world.seconds = 61.0005
    assert world.studies.enter("3", ONE).stamp == "20261130_000101000"


@pytest.mark.parametrize("remember", [True, False])
def test_paths(remember):
    world = World(remember_paths=remember)
    study = world.store("1", path=Path("d/a"))
    world.store("1", path=Path("d/b"))
    assert study.directory == Path("d")
    assert study.paths == [Path("d/a"), Path("d/b")] * remember


def test_the_observer():
    world = World()
    observer = StudyObserver(world.studies)
    request = store_request(address="h:1")
    for uid, content in (("1", Path("d/x")), ("1", None), ("2", b"")):
        observer.received(request)
        world.studies.enter(uid, request.requestor)
        observer.stored(request.having(content))
        observer.answered(request.having(content), response_to(request.message, 0))
    assert world.ended == []
    observer.ended(request.requestor, ValueError())
    observer.released(request.requestor)
    world.studies.close()
    assert world.ended == [("1", 1)]


def test_the_clock_ends_a_study_by_itself():
    ended = threading.Event()
    studies = Studies(lambda _: ended.set(), timeout=0.01)
    with StudyClock(studies):
        studies.enter("1", ONE)
        studies.stored(ONE, Path("x"))
        assert ended.wait(30)
    with StudyClock(Studies(lambda _: None, timeout=1000)) as clock:
        clock.close()  # does not wait for anything


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["store", "left", "wait"]), st.integers(0, 3), st.sampled_from("123")
    ),
    max_size=40,
)


@settings(deadline=None)
@given(STEPS)
def test_every_object_is_in_one_study_that_ends(steps):
    world = World(timeout=10)
    stored = {}
    for step, number, uid in steps:
        requestor = Requestor(f"h:{number}", "A", "B")
        match step:
            case "store":
                world.store(uid, requestor)
                stored[uid] = stored.get(uid, 0) + 1
            case "left":
                world.studies.left(requestor)
            case "wait":
                world.after(number * 3)
    world.studies.close()
    counted = {}
    for uid, objects in world.ended:
        assert objects > 0
        counted[uid] = counted.get(uid, 0) + objects
    assert counted == stored
