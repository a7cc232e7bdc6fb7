"""The keywords of sending, for type checkers: nobody needs them to send.

A `TypedDict` compiles the type of each key, which takes as long as to send three objects.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict

from dimse.journal import Journal
from dimse.objects.prepare import Preparation
from dimse.offers import ContextOffer, Offers
from dimse.retry import Retry

__all__ = ["How"]


class How(TypedDict, total=False):
    """The keywords of `Client.send` and `Client.store`: the attributes of `Policy`, see there."""

    preparation: Preparation
    base_contexts: Sequence[ContextOffer]
    rules: Offers
    priority: int
    move_originator: tuple[str, int] | None
    repeat: int
    halt: bool
    look_ahead: int | None
    abort: bool
    single: bool
    max_losses: int | None
    retry: Retry | None
    associations: int
    rate: float | None
    bandwidth: float | None
    journal: Journal | None
    details: bool
