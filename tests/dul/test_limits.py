"""Bounds that make no sense are refused, and every one of them has its reason beside it."""

from __future__ import annotations

import ast
import itertools
import math
from pathlib import Path

import pytest

from dul import limits
from dul.limits import Limits
from dul.values import fields

LEAST = {  # what the protocol needs, said again
    "max_pdu_length": 8,
    "max_unlimited_pdu_length": 8,
    "max_associate_length": 68,
    "max_send_pdu_length": 8,
    "receive_buffer": 8,
    "receive_batch": 8,
    "send_batch": 1,
    "send_batch_pdus": 1,
    "slowest_reader": 1,
}


@pytest.mark.parametrize("name", LEAST)
def test_a_bound_has_a_least_value_and_fits_its_field(name: str):
    for value in (LEAST[name], 0xFFFFFFFF):
        assert getattr(Limits(**{name: value}), name) == value
    for value in (LEAST[name] - 1, -1, 1 << 32):
        if name == "max_pdu_length" and value == 0:
            continue
        with pytest.raises(ValueError, match=f"{name} is {LEAST[name]} or more"):
            Limits(**{name: value})


TIMES = [
    "artim", "grace", "connect", "tls_handshake", "associate", "release", "reply", "idle", "pdu",
    "write",
]  # fmt: skip


@pytest.mark.parametrize("name", TIMES)
def test_a_time_is_no_less_than_nothing(name: str):
    """A settings file gives texts; a wait for -1 s would only fail at the first peer that is slow."""
    for value in (0, 0.5, 7, math.inf, *([None] if name != "artim" else [])):
        assert getattr(Limits(**{name: value}), name) == value
    for value in (-1, math.nan, "30", *([None] if name == "artim" else [])):
        with pytest.raises(ValueError, match=f"{name} is 0 s or more.*not {value!r}"):
            Limits(**{name: value})


def test_no_maximum_may_be_announced_and_is_bounded_all_the_same():
    """PS3.8 D.1.1: 0 in item 51H is no maximum; memory has one."""
    assert Limits(max_pdu_length=0).max_received_pdata == Limits().max_unlimited_pdu_length
    assert Limits(max_pdu_length=100).max_received_pdata == 100
    with pytest.raises(ValueError, match="max_send_pdu_length"):
        Limits(max_send_pdu_length=0)


def test_every_bound_says_why():
    body = next(
        node.body
        for node in ast.parse(Path(limits.__file__).read_text("utf-8")).body
        if isinstance(node, ast.ClassDef)
    )
    reasons = {
        before.target.id: after.value.value
        for before, after in itertools.pairwise(body)
        if isinstance(before, ast.AnnAssign)
        and isinstance(before.target, ast.Name)
        and isinstance(after, ast.Expr)
        and isinstance(after.value, ast.Constant)
    }
    assert reasons.keys() == {field.name for field in fields(Limits())}
    assert all(len(reason) > 30 for reason in reasons.values())


def test_limits_do_not_change():
    with pytest.raises(AttributeError):
        Limits().artim = 1.0  # type: ignore[misc]
