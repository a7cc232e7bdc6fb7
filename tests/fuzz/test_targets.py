"""The fuzz targets on the golden PDUs and on random bytes, so that they stay in working order."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from pathlib import Path

import pytest
import strategies as our
import targets
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dimse.errors import InvalidCommandSet
from dimse.messages import CEchoRQ, decode_message
from dimse.messages.composite import COMPOSITE
from dimse.messages.normalized import NORMALIZED
from dul.association import Association
from dul.fsm import State

quick = settings(deadline=None, max_examples=80, suppress_health_check=[HealthCheck.too_slow])


@pytest.mark.parametrize("name", targets.TARGETS)
def test_the_seeds_are_clean(name: str):
    seeds = targets.SEEDS[name]()
    assert len(seeds) > 20
    for seed in seeds:
        targets.TARGETS[name](seed)


@quick
@given(st.integers(0, 255), st.integers(0, 255), st.binary(max_size=300))
def test_random_streams_are_clean(begin: int, cut: int, stream: bytes):
    targets.pdu_stream(bytes((begin, cut)) + stream)


@quick
@given(st.sampled_from(targets._stream_seeds()).flatmap(our.mutated))
def test_mutated_streams_are_clean(data: bytes):
    targets.pdu_stream(data)


@quick
@given(st.binary(max_size=200) | st.sampled_from(targets._command_seeds()).flatmap(our.mutated))
def test_random_command_sets_are_clean(data: bytes):
    targets.command_set(data)


def test_every_state_in_which_a_peer_is_heard_is_a_beginning():
    assert {state for state, _ in targets.BEGINNINGS} == set(State) - {State.Sta1, State.Sta4}


def test_the_seeds_make_messages_of_every_kind():
    made = set()
    for seed in targets.SEEDS["command_set"]():
        with contextlib.suppress(InvalidCommandSet):  # fragments are seeds, too
            made.add(type(decode_message(seed)))
    assert made == {*COMPOSITE, *NORMALIZED}


@pytest.mark.parametrize(
    ("name", "owner", "method"),
    [
        ("pdu_stream", Association, "_receive"),
        ("pdu_stream", Association, "data_to_send"),
        ("command_set", CEchoRQ, "encode"),
    ],
)
def test_a_fault_is_found(monkeypatch: pytest.MonkeyPatch, name: str, owner: type, method: str):
    """A target that cannot fail would be no target."""

    def fault(*_: object) -> None:
        raise ZeroDivisionError

    seeds = targets.SEEDS[name]()
    monkeypatch.setattr(owner, method, fault)
    with pytest.raises(ZeroDivisionError):
        for seed in seeds:
            targets.TARGETS[name](seed)


def test_a_finding_can_be_replayed(tmp_path: Path):
    path = tmp_path / "seed"
    path.write_bytes(targets.SEEDS["pdu_stream"]()[0])
    runner = Path(targets.__file__).with_name("run.py")
    command = [sys.executable, str(runner), "--target", "pdu_stream", "--replay", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "nothing wrong" in done.stdout
