"""What is true of a run, whatever the peer did, and however it was sent; see `engine_world`."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import count
from typing import Any

from engine_world import Content, Thing, World, outcomes_of, sent_whole

from dimse.engine import Roster, Verdict
from dimse.events import Done, GivenUp
from dul.pdu import ReleaseRP


def given_up(world: World) -> bool:
    return any(isinstance(each, GivenUp) for each in world.events)


def told(world: World, *kinds: type) -> list[Any]:
    return [each for each in world.events if isinstance(each, kinds)]


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
        if instance in outcomes and answers and answers[-1] in {0xA700, 0xA900, 0xA901}:
            # A failure status stays the cause, whatever the association does afterwards.
            assert not outcomes[instance].stored
    for acceptor, sent, behind in world.used:
        if acceptor.asked_release:
            # It has been answered at once, unless it was aborted.
            assert ReleaseRP().encode() in sent or re.search(rb"\x07\0\0\0\0\4", sent)
            assert not re.match(rb"\x04", behind)


def in_turn() -> Callable[[int], int]:
    turns = count()
    return lambda among: next(turns) % among


def roster_things(roster: Roster) -> list[Any]:
    return [each.outgoing for each in roster.entries]
