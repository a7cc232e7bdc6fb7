"""The long profile: both machines for as long as it takes to go through the whole table.

`pytest -m stateful tests/stateful`
"""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test
from test_hostile_peer import HostilePeer
from test_two_ends import TwoEnds
from witness import FILLED, HIT

from dul.fsm import State

COLLISION = {"Sta9", "Sta10", "Sta11", "Sta12"}


def run(machine: type, examples: int, steps: int) -> None:
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.stateful
def test_two_ends_reach_the_states_of_a_release_collision(capsys: pytest.CaptureFixture[str]):
    """PS3.8 7.2.2.7: only two ends that act on their own, or a peer that plays one, get there."""
    HIT.clear()
    run(TwoEnds, 2000, 60)
    with capsys.disabled():
        print(f"\ntwo ends: {len(HIT)} of {len(FILLED)} cells")
    assert {state for state, _ in HIT} >= COLLISION


@pytest.mark.stateful
def test_the_hostile_peer_goes_through_every_filled_cell(capsys: pytest.CaptureFixture[str]):
    """From each state in turn, and again from those where something is missing."""
    HIT.clear()
    states = list(State)
    for _ in range(5):
        for state in states:
            run(type(f"From{state.name}", (HostilePeer,), {"BEGINS": (state,)}), 250, 40)
        missing = sorted(FILLED.keys() - HIT)
        states = [state for state in State if state.name in {name for name, _ in missing}]
        if not states:
            break
    with capsys.disabled():
        print(f"\nhostile peer: {len(HIT)} of {len(FILLED)} cells; missing: {missing or 'none'}")
    assert len(FILLED) == 123
    assert not missing
