"""The clock of waits: it counts what a thread could have seen, not how long it was held up."""

import time
from itertools import pairwise

import pytest

from testbed.clock import SLICE, Clock


class Hands:
    """A clock's time, moved by hand."""

    def __init__(self):
        self.at = 100.0

    def monotonic(self):
        return self.at

    def sleep(self, seconds):
        self.at += seconds


@pytest.fixture
def hands(monkeypatch):
    moved = Hands()
    monkeypatch.setattr(time, "monotonic", moved.monotonic)
    monkeypatch.setattr(time, "sleep", moved.sleep)
    return moved


def test_slices_take_as_long_as_they_were_asked_to(hands):
    pieces = []
    for piece in Clock().slices(0.5):
        hands.at += piece
        pieces.append(piece)
    assert sum(pieces) == pytest.approx(0.5)
    assert max(pieces) == SLICE
    assert hands.at == pytest.approx(100.5)


def test_being_held_up_counts_for_one_slice(hands):
    clock = Clock()
    hands.at += 3600
    assert clock.now() == SLICE
    waits = 0
    for piece in clock.slices(0.5):
        hands.at += piece + 60
        waits += 1
    assert waits == round(0.5 / SLICE) + 1
    assert clock.now() == pytest.approx(SLICE + 0.5 + SLICE)


def test_the_last_slice_is_a_look_without_waiting(hands):
    assert list(Clock().slices(0.0)) == [0.0]
    assert list(Clock().slices(-1.0)) == [0.0]
    pieces = []
    for piece in Clock().slices(0.125):
        hands.at += piece
        pieces.append(piece)
    assert pieces[-1] == 0.0
    assert all(piece > 0 for piece in pieces[:-1])


def test_it_never_runs_back(hands):
    clock, seen = Clock(), []
    for step in (0.0, 0.001, 5.0, 0.0, SLICE):
        hands.at += step
        seen.append(clock.now())
    assert all(before <= after for before, after in pairwise(seen))


def test_sleep_is_counted(hands):
    clock = Clock()
    clock.sleep(0.25)
    assert clock.now() == pytest.approx(0.25)
    assert hands.at == pytest.approx(100.25)
