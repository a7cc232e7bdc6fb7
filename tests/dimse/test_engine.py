"""The engine against a peer that ends things at any byte: what is said of objects is true.

In memory, with a clock that is told: hypothesis chooses what the peer does, and after how many
bytes of which association.
"""

from __future__ import annotations

import contextlib
import random
from typing import Any

import pytest
from engine_truth import check, given_up, in_turn, roster_things, told
from engine_world import (
    REFUSALS,
    Acceptor,
    Broken,
    Content,
    Thing,
    World,
    outcomes_of,
    send,
    sent_whole,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dimse.engine import Policy, Verdict
from dimse.errors import JournalFailed
from dimse.events import (
    GivenUp,
    Lost,
    NotAssociated,
    Retrying,
)
from dimse.outcome import Outcome
from dimse.retry import Retry
from dul.errors import SourceFailed

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
    retry=st.none() | st.builds(Retry, times=st.integers(0, 3), random=st.just(lambda: 0.5)),
    associations=st.integers(1, 3),
    rate=st.sampled_from([None, None, 1.0]),
    details=st.booleans(),
    data=st.data(),
)
@settings(deadline=None, max_examples=600, suppress_health_check=[HealthCheck.too_slow])
def test_what_is_said_is_true(
    lengths: list[int],
    peers: list[Acceptor],
    failing: set[int],
    broken: set[int],
    halt: bool,
    max_losses: int | None,
    window: tuple[int, int],
    holds: bool,
    retry: Retry | None,
    associations: int,
    rate: float | None,
    details: bool,
    data: st.DataObject,
) -> None:
    statuses = {f"1.2.{number}": 0xA700 if number % 2 else 0xA900 for number in failing}
    how: Any = {"window": window[1], "holds": holds, "statuses": statuses}
    for each in peers:
        each.window, each.holds, each.statuses = window[1], holds, statuses
    world = World(peers, **how)
    things = [
        Thing(number, length, Broken if number in broken else Content)
        for number, length in enumerate(lengths)
    ]
    policy = Policy(
        halt=halt,
        max_losses=max_losses,
        retry=retry,
        associations=associations,
        rate=rate,
        details=details,
    )
    order = random.Random(data.draw(st.integers(0, 99)) if associations > 1 else 0)
    roster = send(world, things, policy, window=window[0], choose=order.randrange)

    check(world, roster, things)
    assert all(0 < pause <= 60 for pause in world.pauses)
    assert len(told(world, GivenUp)) <= 1
    if retry is not None:
        # Once more as nobody knows whose fault it was, alone, and as often as it may be retried.
        assert all(each.attempts <= 3 + retry.times for each in outcomes_of(world))
    granted = min(window[0], window[1] or window[0])
    assert all(acceptor.most <= granted for acceptor, *_ in world.used)
    if not (halt or max_losses or given_up(world)):
        assert all(entry.verdict is not Verdict.NOT_SENT for entry in roster.entries)


@pytest.mark.parametrize("act", ["", "release", "abort", "close", "silence"])
def test_the_first_cause_decides(act: str) -> None:
    """A901H early in the data set; then the peer goes: the answer is A901H."""
    world = World([Acceptor(0xA901, act, 700)])
    send(world, [Thing(0, 4000)], Policy())
    (outcome,) = outcomes_of(world)
    assert outcome.status == 0xA901


@pytest.mark.parametrize("status", [0x0000, 0xB000])
@pytest.mark.parametrize("act", ["abort", "close", "silence"])
def test_an_early_success_is_none_without_the_rest_of_the_data_set(act: str, status: int) -> None:
    world = World([Acceptor(status, act, 700)])
    send(world, [Thing(0, 4000)], Policy())
    assert list(world.used[0][0].answered.values()) == [status]
    (outcome,) = outcomes_of(world)
    assert outcome.status is None
    assert outcome.error is not None


# ------------------------------------------------------- several on their way together --


def test_nobody_fails_for_what_was_on_its_way_beside_it() -> None:
    """The peer aborts whenever it gets thing 1: that one fails, those beside it do not."""

    class Allergic(Acceptor):
        def _part(self, part: Any) -> None:
            super()._part(part)
            if self._request and self._request[1].affected_sop_instance_uid == "1.2.1":
                self.end.abort()

    world = World([Allergic(window=4, holds=True) for _ in range(9)])
    roster = send(world, [Thing(number, 300) for number in range(6)], Policy(), window=4)
    failed = [n for n, each in enumerate(roster.entries) if each.verdict is Verdict.FAILED]
    assert failed == [1]
    attempts = {each.name: each.attempts for each in outcomes_of(world)}
    assert attempts["thing 1"] == 2
    assert attempts["thing 5"] == 1


def test_a_file_that_cannot_be_read_costs_only_itself() -> None:
    world = World([], window=4, holds=True)
    things = [Thing(number, 300, Broken if number == 2 else Content) for number in range(6)]
    roster = send(world, things, Policy(), window=4)
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
    roster = send(world, things, Policy(max_losses=2))
    check(world, roster, things)
    assert not given_up(world)
    assert [each.stored for each in outcomes_of(world)] == [True, False] * 4 + [True]


def test_losses_in_a_row_end_it() -> None:
    world = World([AbortsAt(1, 2, 3) for _ in range(9)])
    things = [Thing(number, 300) for number in range(6)]
    roster = send(world, things, Policy(max_losses=3))
    check(world, roster, things)
    assert given_up(world)
    assert [each.verdict for each in roster.entries] == [
        Verdict.STORED, *[Verdict.FAILED] * 3, *[Verdict.NOT_SENT] * 2
    ]  # fmt: skip


def test_files_that_cannot_be_read_are_no_losses_of_the_peers() -> None:
    world = World([])
    things = [Thing(number, 300, Broken if number < 4 else Content) for number in range(5)]
    roster = send(world, things, Policy(max_losses=2))
    check(world, roster, things)
    assert not given_up(world)
    assert [each.stored for each in outcomes_of(world)] == [False] * 4 + [True]


def test_who_halts_halts_at_an_association_that_is_lost() -> None:
    world = World([AbortsAt(1)])
    things = [Thing(number, 300) for number in range(4)]
    roster = send(world, things, Policy(halt=True))
    check(world, roster, things)
    assert len(world.used) == 1
    assert [each.stored for each in outcomes_of(world)] == [True, False]


# ---------------------------------------------------------------------------------- retry --


def retries(times: int) -> Policy:
    return Policy(retry=Retry(times=times, random=lambda: 0.0))


def test_a_broken_association_is_resumed_at_the_first_object_without_an_answer() -> None:
    world = World([Acceptor(None, "close", 900), Acceptor(None, "close", 700)])
    roster = send(world, [Thing(number, 300) for number in range(5)], retries(3))
    check(world, roster, roster_things(roster))
    assert [each.attempts for each in outcomes_of(world)] == [1, 3, 1, 1, 1]
    assert all(each.stored for each in outcomes_of(world))
    assert [each.seconds for each in told(world, Retrying)] == [0.5, 1.0]
    assert [each.attempt for each in told(world, Retrying)] == [2, 3]
    assert [each.losses for each in told(world, Lost)] == [0, 0]


def test_an_object_that_always_breaks_it_fails_and_the_others_go_on() -> None:
    class Allergic(Acceptor):
        def _part(self, part: Any) -> None:
            super()._part(part)
            if self._request and self._request[1].affected_sop_instance_uid == "1.2.1":
                self.end.abort()

    world = World([Allergic() for _ in range(9)])
    send(world, [Thing(number, 300) for number in range(4)], retries(2))
    assert [each.stored for each in outcomes_of(world)] == [True, False, True, True]
    assert [each.attempts for each in outcomes_of(world)] == [1, 3, 1, 1]


@pytest.mark.parametrize("act", ["rejects for now", "takes no connection"])
def test_an_association_that_is_not_to_be_had_for_now(act: str) -> None:
    world = World([Acceptor(None, act) for _ in range(3)])
    send(world, [Thing(0, 300)], retries(3))
    assert [each.seconds for each in told(world, Retrying)] == [0.5, 1.0, 2.0]
    assert [each.stored for each in outcomes_of(world)] == [True]
    world = World([Acceptor(None, act) for _ in range(3)])
    send(world, [Thing(0, 300)], retries(2))
    assert outcomes_of(world) == []
    assert len(told(world, NotAssociated)) == len(told(world, GivenUp)) == 1


def test_what_will_not_pass_is_not_tried_again() -> None:
    world = World([Acceptor(None, "rejects for good")])
    send(world, [Thing(0, 300)], retries(3))
    assert not told(world, Retrying)
    assert world.pauses == []


def test_a_peer_without_room_is_asked_again_later_on_another_association() -> None:
    world = World([], statuses={"1.2.1": 0xA700})
    send(world, [Thing(number, 300) for number in range(3)], retries(1))
    assert [(each.name, each.attempts) for each in outcomes_of(world)] == [
        ("thing 0", 1), ("thing 1", 2), ("thing 2", 1),
    ]  # fmt: skip
    (retrying,) = told(world, Retrying)
    assert retrying.cause == 0xA700
    assert retrying.objects == ("thing 1",)
    assert len(world.used) == 2


# --------------------------------------------------------------- several associations --


def test_several_associations_share_a_list() -> None:
    world = World([])
    roster = send(
        world, [Thing(n, 300) for n in range(30)], Policy(associations=3), choose=in_turn()
    )
    check(world, roster, roster_things(roster))
    assert len(world.used) == 3
    shares = [len(acceptor.answered) for acceptor, *_ in world.used]
    assert sum(shares) == 30
    assert min(shares) >= 5


def test_one_association_that_is_lost_costs_the_others_nothing() -> None:
    world = World([Acceptor(), Acceptor(None, "close", 700), Acceptor()])
    roster = send(
        world, [Thing(n, 300) for n in range(30)], Policy(associations=3), choose=in_turn()
    )
    check(world, roster, roster_things(roster))
    assert [each.stored for each in outcomes_of(world)].count(False) == 1


def test_where_the_peer_grants_fewer_associations_these_send_all() -> None:
    world = World(
        [Acceptor(), Acceptor(None, "rejects for now"), Acceptor(None, "rejects for now")]
    )
    roster = send(
        world, [Thing(n, 300) for n in range(30)], Policy(associations=3), choose=in_turn()
    )
    check(world, roster, roster_things(roster))
    assert all(each.stored for each in outcomes_of(world))
    assert [each.others for each in told(world, NotAssociated)] == [2, 1]
    assert not told(world, GivenUp)


def test_where_it_grants_none_it_is_given_up_once() -> None:
    world = World([Acceptor(None, "rejects for now") for _ in range(3)])
    roster = send(
        world, [Thing(n, 300) for n in range(30)], Policy(associations=3), choose=in_turn()
    )
    assert sorted(each.others for each in told(world, NotAssociated)) == [0, 1, 2]
    (given_up,) = told(world, GivenUp)
    assert given_up.left == 30 == roster.left


# --------------------------------------------------------------------------- a journal --


class Paper:
    """A page of a journal, in memory."""

    def __init__(self, room: int = 1000) -> None:
        self.stored: set[str] = set()
        self.failed: set[str] = set()
        self.room = room

    def confirmed(self, outgoing: Any) -> float | None:
        return 1.0 if outgoing.sop_instance_uid in self.stored else None

    def record(self, outgoing: Any, outcome: Outcome) -> None:
        if not self.room:
            raise JournalFailed("paper", "is full")
        self.room -= 1
        (self.stored if outcome.stored else self.failed).add(outcome.sop_instance_uid)


class Killed(BaseException):
    """The process is no more."""


@given(
    lengths=lengths,
    peers=peers,
    killed_at=st.integers(0, 60),
    window=st.integers(1, 4),
    associations=st.integers(1, 3),
    seed=st.integers(0, 99),
)
@settings(deadline=None, max_examples=300)
def test_what_was_confirmed_before_a_kill_is_not_sent_again(
    lengths: list[int],
    peers: list[Acceptor],
    killed_at: int,
    window: int,
    associations: int,
    seed: int,
) -> None:
    things = [Thing(number, length) for number, length in enumerate(lengths)]
    policy = Policy(associations=associations)
    paper = Paper()
    how: Any = {"window": window, "page": paper, "choose": random.Random(seed).randrange}
    world = World(peers, window=window)
    told: set[str] = set()

    def on_event(event: Any) -> None:
        if isinstance(event, Outcome):
            assert event.sop_instance_uid in paper.stored | paper.failed, (
                "told before it is written"
            )
            told.update([event.sop_instance_uid] if event.stored else [])
        if len(world.events) > killed_at:
            raise Killed

    world.on_event = on_event
    with contextlib.suppress(Killed):
        send(world, things, policy, **how)
    assert told <= paper.stored
    confirmed = set(paper.stored)
    sent_before = [each for _, sent, _ in world.used for each in sent_whole(sent)]

    again = World([], window=window)
    roster = send(again, things, policy, **how)
    sent = [each for _, sent, _ in again.used for each in sent_whole(sent)]
    assert not confirmed & set(sent)
    # Nothing is repeated but what was on its way, or had been refused.
    assert len(set(sent_before) & set(sent) - paper.failed) <= window * associations
    assert paper.stored == {each.sop_instance_uid for each in things}
    assert {each.verdict for each in roster.entries} <= {Verdict.STORED, Verdict.CONFIRMED}


def test_a_journal_that_fails_ends_it_and_says_nothing_that_is_false() -> None:
    world = World([], window=4, holds=True)
    things = [Thing(number, 300) for number in range(9)]
    paper = Paper(room=2)
    roster = send(world, things, Policy(), window=4, page=paper)
    check(world, roster, things)
    (given_up,) = told(world, GivenUp)
    assert isinstance(given_up.error, JournalFailed)
    assert len(paper.stored) == 2
    # What was on its way has its outcome, and nothing else was begun.
    assert 2 < len(outcomes_of(world)) <= 6
    assert given_up.left + 3 == 9


def test_a_journal_that_cannot_be_read_sends_nothing() -> None:
    class Torn(Paper):
        def confirmed(self, outgoing: Any) -> float | None:
            raise JournalFailed("paper", "is torn")

    world = World([])
    send(world, [Thing(0, 300)], Policy(associations=2), page=Torn())
    assert world.used == []
    assert len(told(world, GivenUp)) == 1
