"""How long is waited before another try, and what is worth one."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from dimse.errors import InvalidValue, ReleasedByPeer, UnexpectedMessage
from dimse.retry import Retry, is_out_of_resources, may_pass
from dul.errors import (
    AssociationAborted,
    AssociationRejected,
    DulcetError,
    LocalProtocolError,
    SourceFailed,
    TimedOut,
    TLSFailed,
    TransportError,
)


def test_each_wait_is_twice_as_long_up_to_a_bound_and_half_of_it_is_chance() -> None:
    least = Retry(first=1, longest=10, random=lambda: 0.0)
    assert [least.delay(n) for n in range(1, 7)] == [0.5, 1, 2, 4, 5, 5]
    most = Retry(first=1, longest=10, random=lambda: 1.0)
    assert [most.delay(n) for n in range(1, 7)] == [1, 2, 4, 8, 10, 10]
    assert 5 <= Retry(longest=10).delay(10_000) <= 10


@pytest.mark.parametrize("wrong", [{"times": -1}, {"times": "3"}, {"first": -1.0}, {"first": 99.0}])
def test_what_makes_no_sense_is_refused(wrong: Any) -> None:
    with pytest.raises(InvalidValue):
        Retry(**wrong)


def caused(error: Exception, cause: Exception) -> Any:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "passes"),
    [
        (AssociationRejected(2, 3, 1), True),
        (AssociationRejected(2, 3, 2), True),
        (AssociationRejected(1, 1, 3), False),
        (AssociationAborted(0, 0), True),
        (TransportError("reset"), True),
        (TimedOut("reply", 1.0, "waiting"), True),
        (ReleasedByPeer("gone"), True),
        (UnexpectedMessage("what?"), True),
        (LocalProtocolError("no"), False),
        (SourceFailed("the disk"), False),
        (caused(TransportError("?"), socket.gaierror(socket.EAI_NONAME, "unknown")), False),
        (caused(TransportError("?"), socket.gaierror(socket.EAI_AGAIN, "later")), True),
    ],
)
def test_what_may_be_over_after_a_while(error: DulcetError, passes: bool) -> None:
    assert may_pass(error) is passes


def test_a_certificate_does_not_get_better() -> None:
    assert issubclass(TLSFailed, TransportError)
    assert not may_pass(TLSFailed.__new__(TLSFailed))


@pytest.mark.parametrize(("status", "full"), [(0xA700, True), (0xA7FF, True), (0xA900, False),
                                              (0, False), (None, False)])  # fmt: skip
def test_no_room_for_now(status: int | None, full: bool) -> None:
    assert is_out_of_resources(status) is full
