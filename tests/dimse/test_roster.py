"""What is asked for, looked at and handed out: lazily, in order, and with which verdict."""

from __future__ import annotations

import io
from collections import Counter
from pathlib import Path
from typing import Any

from engine_world import Thing, World, outcomes_of, send
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset

from dimse.engine import Policy, Verdict
from dimse.errors import NotDICOM
from dimse.events import Planned
from dimse.objects.finder import Unusable
from dimse.outcome import Outcome
from dimse.roster import Entry

BAD = Unusable(Path("bad.dcm"), NotDICOM("bad.dcm", "is a letter"))


def test_what_cannot_be_sent_is_not_named_by_its_content() -> None:
    """A patient's data, or thousands of bytes, would be in logs and reports."""
    data_set = Dataset()
    data_set.PatientName = "Doe^Jane"
    world = World([])
    roster = send(world, iter([data_set, io.BytesIO(b"Doe^Jane"), b"Doe^Jane", 5]), Policy())
    names = [each.name for each in roster.entries]
    assert names == ["data set without UID (SOP class unknown)", "BytesIO", "bytes", "int"]
    assert [each.name for each in outcomes_of(world)] == names
    assert not any("Doe" in str(each.error) for each in outcomes_of(world))
    assert Entry(data_set).name == names[0]  # nobody has looked at it


@given(st.integers(0, 40), st.integers(1, 12), st.none() | st.integers(1, 30))
@settings(deadline=None)
def test_halt_at_a_file_that_cannot_be_read(at: int, repeat: int, look_ahead: int | None) -> None:
    """In the first look nothing is sent; behind it all that stands before the file."""
    items: list[Any] = [Thing(number, 2) for number in range(40)]
    items.insert(at, BAD)
    world = World([])
    policy = Policy(halt=True, look_ahead=look_ahead, repeat=repeat)
    roster = send(world, iter(items), policy)
    verdicts = Counter(each.verdict for each in roster.entries)
    assert verdicts[Verdict.FAILED] == 1
    early = look_ahead is None or at < look_ahead
    assert verdicts[Verdict.STORED] == (0 if early else at)
    assert len(outcomes_of(world)) == 1 + (0 if early else at * repeat)
    assert bool(world.used) is not early or not verdicts[Verdict.STORED]


def test_an_iterator_is_taken_from_as_objects_are_sent() -> None:
    taken = sent = 0
    ahead = []

    def things() -> Any:
        nonlocal taken
        for number in range(5000):
            taken += 1
            yield Thing(number, 2)

    world = World([])

    def told(event: Any) -> None:
        nonlocal sent
        sent += isinstance(event, Outcome)
        ahead.append(taken - sent)

    world.on_event = told
    roster = send(world, things(), Policy())
    assert sent == 5000
    assert max(ahead) <= 1000
    planned = [each for each in world.events if isinstance(each, Planned)]
    assert sum(each.objects for each in planned) == 5000
    assert [each.complete for each in planned].index(True) == len(planned) - 1
    assert roster.left == 0


def test_a_single_association_is_planned_when_all_is_known() -> None:
    world = World([])
    things = [Thing(number, 2) for number in range(2500)]
    send(world, iter(things), Policy(single=True))
    (planned,) = [each for each in world.events if isinstance(each, Planned)]
    assert (planned.objects, planned.complete) == (2500, True)
    assert len(world.used) == 1
