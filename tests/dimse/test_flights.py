"""The objects of one sender on one association: the usual case, a window, a rate."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from engine_truth import check, in_turn, roster_things, told
from engine_world import CT, IMPLICIT, Acceptor, Content, Thing, World, outcomes_of, send
from hypothesis import given
from hypothesis import strategies as st

from dimse.engine import Policy, Verdict
from dimse.events import Opening, Requesting, Responded
from dimse.objects.outgoing import FileObject
from dimse.objects.sources import stamp_of
from dimse.retry import Retry

lengths = st.lists(st.integers(1, 500).map(lambda half: 2 * half), min_size=1, max_size=5)


@given(
    lengths=lengths,
    acts=st.lists(
        st.tuples(
            st.sampled_from([None, 0, 0xB000, 0xA901]),
            st.sampled_from(["", "release", "abort", "close", "silence"]),
            st.integers(0, 3000),
        ),
        max_size=4,
    ),
    failing=st.sets(st.integers(0, 4)),
    kept=st.sets(st.integers(0, 4)),
    changed=st.sets(st.integers(0, 4), max_size=1),
    halt=st.booleans(),
    retry=st.none() | st.builds(Retry, times=st.integers(0, 3), random=st.just(lambda: 0.5)),
)
def test_without_details_the_same_bytes_leave_and_the_same_comes_of_it(
    lengths: list[int],
    acts: list[tuple[int | None, str, int]],
    failing: set[int],
    kept: set[int],
    changed: set[int],
    halt: bool,
    retry: Retry | None,
) -> None:
    seen = []
    for details in (True, False):
        statuses = {f"1.2.{number}": 0xC000 for number in failing}
        world = World([Acceptor(*each) for each in acts], statuses=statuses)
        things = [
            kept_file(number, length, changed=number in changed)
            if number in kept
            else Thing(number, length)
            for number, length in enumerate(lengths)
        ]
        roster = send(world, things, Policy(halt=halt, retry=retry, details=details))
        sent = [sent for _, sent, _ in world.used]
        outcomes = [
            (each.sop_instance_uid, each.status, repr(each.error), each.length, each.attempts)
            for each in outcomes_of(world)
        ]
        assert Content.open_now == 0
        assert details or not told(world, Opening, Requesting, Responded)
        seen.append((sent, outcomes, [each.verdict for each in roster.entries], world.pauses))
    assert seen[0] == seen[1]


def kept_file(number: int, length: int, *, changed: bool) -> FileObject:
    """A small file that was examined and is in memory; since then it has changed, or not."""
    size, when, inode = stamp_of(Path(__file__).stat())
    return FileObject(
        file=__file__,
        sop_class_uid=CT,
        sop_instance_uid=f"1.2.{number}",
        transfer_syntax_uid=IMPLICIT,
        spans=((0, length),),
        odd=False,
        proven=True,
        warnings=(),
        stamp=(size + changed, when, inode),
        content=bytes(length),
    )


def test_a_window_is_used_and_answers_are_matched_by_message_id() -> None:
    """Four at a time, answered the last one first, each with a status of its own."""
    statuses = {"1.2.1": 0xB000, "1.2.2": 0xA900}
    world = World([], window=4, holds=True, statuses=statuses)
    roster = send(world, [Thing(number, 300) for number in range(6)], Policy(), window=4)
    ((acceptor, *_),) = world.used
    assert acceptor.most == 4
    told = {each.sop_instance_uid: each.status for each in outcomes_of(world)}
    assert told == {f"1.2.{n}": statuses.get(f"1.2.{n}", 0) for n in range(6)}
    assert [each.verdict is Verdict.FAILED for each in roster.entries].count(True) == 1


def test_without_a_window_of_the_peers_there_is_one_at_a_time() -> None:
    world = World([], window=1)
    send(world, [Thing(number, 300) for number in range(6)], Policy(), window=4)
    ((acceptor, *_),) = world.used
    assert acceptor.most == 1
    assert len(outcomes_of(world)) == 6


@pytest.mark.parametrize("rate", [2.0, 0.5, 0.05])
def test_objects_are_begun_no_faster_than_the_rate(rate: float) -> None:
    world = World([])
    begun: list[float] = []
    world.on_event = lambda event: isinstance(event, Requesting) and begun.append(world.now)
    roster = send(world, [Thing(number, 300) for number in range(5)], Policy(rate=rate))
    check(world, roster, roster_things(roster))
    assert all(later - sooner >= 1 / rate - 1e-6 for sooner, later in pairwise(begun))
    assert begun[-1] - begun[0] <= 4 / rate + 1e-6
    # No peer is kept waiting for long: at the slowest, each object has its own association.
    assert len(world.used) == (1 if rate > 0.1 else 5)


def test_a_rate_is_for_all_associations_together() -> None:
    world = World([])
    begun: list[float] = []
    world.on_event = lambda event: isinstance(event, Requesting) and begun.append(world.now)
    send(world, [Thing(n, 300) for n in range(9)], Policy(rate=1, associations=3), choose=in_turn())
    assert len(begun) == 9
    assert all(later - sooner >= 1 - 1e-6 for sooner, later in pairwise(sorted(begun)))


def test_a_peer_that_goes_while_a_rate_is_kept_is_noticed() -> None:
    world = World([Acceptor(None, "release", 1000)])
    roster = send(world, [Thing(number, 300) for number in range(4)], Policy(rate=0.5))
    check(world, roster, roster_things(roster))
    assert all(each.stored for each in outcomes_of(world))
    assert len(world.used) == 2


@pytest.mark.parametrize("halt", [True, False])
def test_who_halts_sends_no_further_copies(halt: bool) -> None:
    world = World([], statuses={"1.2.1": 0xA900})
    roster = send(world, [Thing(number, 300) for number in range(3)], Policy(halt=halt, repeat=3))
    told = [(each.name, each.stored) for each in outcomes_of(world)]
    assert told == [
        *[("thing 0", True)] * 3,
        *[("thing 1", False)] * (1 if halt else 3),
        *[("thing 2", True)] * (0 if halt else 3),
    ]
    assert [each.verdict for each in roster.entries] == [
        Verdict.STORED,
        Verdict.FAILED,
        Verdict.NOT_SENT if halt else Verdict.STORED,
    ]
