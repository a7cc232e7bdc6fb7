"""The engine against a peer that ends things at any byte: what is said of objects is true.

In memory, with a clock that is told: hypothesis chooses what the peer does, and after how many
bytes of which association.
"""

from __future__ import annotations

import re
from typing import Any

import pytest
from engine_world import (
    REFUSALS,
    Acceptor,
    Broken,
    Content,
    Thing,
    World,
    outcomes_of,
    ready,
    sent_whole,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from dimse.engine import Policy, Roster, Verdict
from dimse.events import Done, GivenUp, NotAssociated
from dul.errors import SourceFailed
from dul.pdu import ReleaseRP

peers = st.lists(
    st.builds(
        Acceptor,
        st.sampled_from([None, None, 0, 0xB000, 0xA901]),
        st.sampled_from(["", "release", "abort", "close", "silence", *REFUSALS]),
        st.integers(0, 3000),
    ),
    max_size=6,
)
lengths = st.lists(st.integers(1, 500).map(lambda half: 2 * half), min_size=1, max_size=5)
windows = st.tuples(st.integers(1, 4), st.integers(0, 4))  # asked for, and granted: 0 is any


@given(
    lengths=lengths,
    peers=peers,
    failing=st.sets(st.integers(0, 4)),
    broken=st.sets(st.integers(0, 4), max_size=1),
    halt=st.booleans(),
    max_losses=st.sampled_from([1, 3, None]),
    window=windows,
    holds=st.booleans(),
)
@settings(deadline=None, max_examples=400)
def test_what_is_said_is_true(
    lengths: list[int],
    peers: list[Acceptor],
    failing: set[int],
    broken: set[int],
    halt: bool,
    max_losses: int | None,
    window: tuple[int, int],
    holds: bool,
) -> None:
    statuses = {f"1.2.{number}": 0xA900 for number in failing}
    how: Any = {"window": window[1], "holds": holds, "statuses": statuses}
    for each in peers:
        each.window, each.holds, each.statuses = window[1], holds, statuses
    world = World(peers, **how)
    things = [
        Thing(number, length, Broken if number in broken else Content)
        for number, length in enumerate(lengths)
    ]
    policy = Policy(halt=halt, max_losses=max_losses)
    roster, sender = ready(world, things, policy, window=window[0])
    world.play(sender.run())

    check(world, roster, things)
    granted = min(window[0], window[1] or window[0])
    assert all(acceptor.most <= granted for acceptor, *_ in world.used)
    if not (halt or max_losses or given_up(world)):
        assert all(entry.verdict is not Verdict.NOT_SENT for entry in roster.entries)


def given_up(world: World) -> bool:
    return any(isinstance(each, NotAssociated | GivenUp) for each in world.events)


def check(world: World, roster: Roster, things: list[Thing]) -> None:
    """What is true whatever the peer does, and however it is sent."""
    outcomes = {each.sop_instance_uid: each for each in outcomes_of(world)}
    assert len(outcomes) == len(outcomes_of(world)), "an object has two outcomes"
    assert [isinstance(each, Done) for each in world.events].index(True) == len(world.events) - 1
    assert [entry.outgoing for entry in roster.entries] == things
    assert Content.open_now == 0
    for entry in roster.entries:
        assert entry.outgoing is not None
        instance = entry.outgoing.sop_instance_uid
        assert entry.verdict is not Verdict.BEGUN
        assert (instance in outcomes) == (entry.verdict is not Verdict.NOT_SENT)
        used = [acceptor for acceptor, *_ in world.used]
        answers = [each.answered[instance] for each in used if instance in each.answered]
        if entry.verdict is Verdict.STORED:
            # Every byte left, and the answer to them is success.
            assert any(instance in sent_whole(sent) for _, sent, _ in world.used)
            assert outcomes[instance].status == answers[-1]
            assert answers[-1] in {0, 0xB000}
        if instance in outcomes and answers and answers[-1] in {0xA900, 0xA901}:
            # A failure status stays the cause, whatever the association does afterwards.
            assert not outcomes[instance].stored
    for acceptor, sent, behind in world.used:
        if acceptor.asked_release:
            # It has been answered at once, unless it was aborted.
            assert ReleaseRP().encode() in sent or re.search(rb"\x07\0\0\0\0\4", sent)
            assert not re.match(rb"\x04", behind)


@pytest.mark.parametrize("act", ["", "release", "abort", "close", "silence"])
def test_the_first_cause_decides(act: str) -> None:
    """A901H early in the data set; then the peer goes: the answer is A901H."""
    world = World([Acceptor(0xA901, act, 700)])
    _, sender = ready(world, [Thing(0, 4000)], Policy())
    world.play(sender.run())
    (outcome,) = outcomes_of(world)
    assert outcome.status == 0xA901


@pytest.mark.parametrize("status", [0x0000, 0xB000])
@pytest.mark.parametrize("act", ["abort", "close", "silence"])
def test_an_early_success_is_none_without_the_rest_of_the_data_set(act: str, status: int) -> None:
    world = World([Acceptor(status, act, 700)])
    _, sender = ready(world, [Thing(0, 4000)], Policy())
    world.play(sender.run())
    assert list(world.used[0][0].answered.values()) == [status]
    (outcome,) = outcomes_of(world)
    assert outcome.status is None
    assert outcome.error is not None


# ------------------------------------------------------------------------------- a window --


def test_a_window_is_used_and_answers_are_matched_by_message_id() -> None:
    """Four at a time, answered the last one first, each with a status of its own."""
    statuses = {"1.2.1": 0xB000, "1.2.2": 0xA900}
    world = World([], window=4, holds=True, statuses=statuses)
    roster, sender = ready(world, [Thing(number, 300) for number in range(6)], Policy(), window=4)
    world.play(sender.run())
    ((acceptor, *_),) = world.used
    assert acceptor.most == 4
    told = {each.sop_instance_uid: each.status for each in outcomes_of(world)}
    assert told == {f"1.2.{n}": statuses.get(f"1.2.{n}", 0) for n in range(6)}
    assert [each.verdict is Verdict.FAILED for each in roster.entries].count(True) == 1


def test_without_a_window_of_the_peers_there_is_one_at_a_time() -> None:
    world = World([], window=1)
    _, sender = ready(world, [Thing(number, 300) for number in range(6)], Policy(), window=4)
    world.play(sender.run())
    ((acceptor, *_),) = world.used
    assert acceptor.most == 1
    assert len(outcomes_of(world)) == 6


def test_nobody_fails_for_what_was_on_its_way_beside_it() -> None:
    """The peer aborts whenever it gets thing 1: that one fails, those beside it do not."""

    class Allergic(Acceptor):
        def _part(self, part: Any) -> None:
            super()._part(part)
            if self._request and self._request[1].affected_sop_instance_uid == "1.2.1":
                self.end.abort()

    world = World([Allergic(window=4, holds=True) for _ in range(9)])
    roster, sender = ready(world, [Thing(number, 300) for number in range(6)], Policy(), window=4)
    world.play(sender.run())
    failed = [n for n, each in enumerate(roster.entries) if each.verdict is Verdict.FAILED]
    assert failed == [1]
    attempts = {each.name: each.attempts for each in outcomes_of(world)}
    assert attempts["thing 1"] == 2
    assert attempts["thing 5"] == 1


def test_a_file_that_cannot_be_read_costs_only_itself() -> None:
    world = World([], window=4, holds=True)
    things = [Thing(number, 300, Broken if number == 2 else Content) for number in range(6)]
    roster, sender = ready(world, things, Policy(), window=4)
    world.play(sender.run())
    failed = [each for each in outcomes_of(world) if not each.stored]
    assert [each.name for each in failed] == ["thing 2"]
    assert isinstance(failed[0].error, SourceFailed)
    check(world, roster, things)


# -------------------------------------------------------------------------------- losses --


class AbortsAt(Acceptor):
    """Aborts when it gets one of these objects."""

    def __init__(self, *numbers: int) -> None:
        super().__init__()
        self.refused = {f"1.2.{number}" for number in numbers}

    def _part(self, part: Any) -> None:
        super()._part(part)
        if self._request and self._request[1].affected_sop_instance_uid in self.refused:
            self.end.abort()


def test_losses_count_in_a_row_only() -> None:
    """Each second object makes it abort; between them others are stored."""
    world = World([AbortsAt(1, 3, 5, 7) for _ in range(9)])
    things = [Thing(number, 300) for number in range(9)]
    roster, sender = ready(world, things, Policy(max_losses=2))
    world.play(sender.run())
    check(world, roster, things)
    assert not given_up(world)
    assert [each.stored for each in outcomes_of(world)] == [True, False] * 4 + [True]


def test_losses_in_a_row_end_it() -> None:
    world = World([AbortsAt(1, 2, 3) for _ in range(9)])
    things = [Thing(number, 300) for number in range(6)]
    roster, sender = ready(world, things, Policy(max_losses=3))
    world.play(sender.run())
    check(world, roster, things)
    assert given_up(world)
    assert [each.verdict for each in roster.entries] == [
        Verdict.STORED, *[Verdict.FAILED] * 3, *[Verdict.NOT_SENT] * 2
    ]  # fmt: skip


def test_files_that_cannot_be_read_are_no_losses_of_the_peers() -> None:
    world = World([])
    things = [Thing(number, 300, Broken if number < 4 else Content) for number in range(5)]
    roster, sender = ready(world, things, Policy(max_losses=2))
    world.play(sender.run())
    check(world, roster, things)
    assert not given_up(world)
    assert [each.stored for each in outcomes_of(world)] == [False] * 4 + [True]


def test_who_halts_halts_at_an_association_that_is_lost() -> None:
    world = World([AbortsAt(1)])
    things = [Thing(number, 300) for number in range(4)]
    roster, sender = ready(world, things, Policy(halt=True))
    world.play(sender.run())
    check(world, roster, things)
    assert len(world.used) == 1
    assert [each.stored for each in outcomes_of(world)] == [True, False]
