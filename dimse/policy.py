"""How objects are sent: what a user of `Client.send` may choose."""

from __future__ import annotations

from collections.abc import Sequence

from dimse.errors import InvalidValue
from dimse.messages.base import Priority
from dimse.objects.prepare import PREPARATION, Preparation
from dimse.offers import OFFERS, ContextOffer, Offers
from dimse.retry import Retry
from dimse.titles import checked_ae_title
from dul.values import TYPE_CHECKING, dataclass

if TYPE_CHECKING:
    from dimse.journal import Journal

__all__ = ["LOOK_AHEAD", "SLOWEST_BANDWIDTH", "Policy"]

SLOWEST_BANDWIDTH = 500
"""Bytes per second: a modem's, and a P-DATA-TF of ours is out within a second or two."""

LOOK_AHEAD = 1000
"""Objects that are looked at before the first is sent. A thousand small files take a fifth of a
second; and who sends more than that rather wants to see it begin than to be told of the last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How objects are sent.

    Attributes:
        preparation: what is tolerated and changed in the objects, and what decompressed.
        base_contexts: proposed on each association, besides those that the objects need.
        rules: which those are; see `dimse.offers`.
        priority: of the C-STORE-RQ; see `dimse.messages.base.Priority`.
        move_originator: AE title and message ID of the C-MOVE that this is a part of.
        repeat: how often each object is sent.
        halt: stop at the first object that is not stored. If one of the first `look_ahead` can't
            be read, nothing is sent; one behind these ends it when those before it are sent.
        look_ahead: with `halt`: how many objects are looked at before the first is sent;
            None: all of them. Without, the first is sent as soon as there is one.
        abort: end associations with an A-ABORT instead of a release.
        single: there is one association: all objects are looked at before, and what finds no room on
            it, or is left when it is lost, is not sent.
        max_losses: associations lost in a row, without a response, after which the rest is not
            tried; None: as long as there are associations to be had.
        retry: try again what may work the next time; None: what was on its way has failed.
        associations: so many send at a time. Where the peer grants fewer, these send all.
        rate: objects per second, at most, on all associations together; None: no bound.
        bandwidth: bytes per second, likewise.
        journal: each outcome is written down in it before it is told, and what it says to be stored
            is not sent again; None: nothing is written down.
        details: tell `Opening`, `Requesting` and `Responded` of each object; without, nothing of it
            but its `Progress`, its `Outcome`, and the `Opening` of what has to be converted.
    """

    preparation: Preparation = PREPARATION
    base_contexts: Sequence[ContextOffer] = ()
    rules: Offers = OFFERS
    priority: int = Priority.MEDIUM
    move_originator: tuple[str, int] | None = None
    repeat: int = 1
    halt: bool = False
    look_ahead: int | None = LOOK_AHEAD
    abort: bool = False
    single: bool = False
    max_losses: int | None = 10
    retry: Retry | None = None
    associations: int = 1
    rate: float | None = None
    bandwidth: float | None = None
    journal: Journal | None = None
    details: bool = True

    def __post_init__(self) -> None:
        for each in self.base_contexts:
            if not isinstance(each, ContextOffer):
                raise InvalidValue("base_contexts", f"{each!r} is no ContextOffer")
        for name in ("repeat", "associations", "look_ahead", "max_losses"):
            value = getattr(self, name)
            if value is None and name in {"look_ahead", "max_losses"}:
                continue
            if not isinstance(value, int) or value < 1:
                raise InvalidValue(name, f"{value!r} is no number from 1 on")
        if self.priority not in {Priority.MEDIUM, Priority.HIGH, Priority.LOW}:
            raise InvalidValue("priority", f"{self.priority!r} is no priority (PS3.7 E.1)")
        _check_move_originator(self.move_originator)
        if self.journal is not None and self.repeat > 1:
            raise InvalidValue("journal", "what is sent several times on purpose has no journal")
        for name, deed in (("preparation", "examine"), ("retry", "delay"), ("journal", "page")):
            value = getattr(self, name)
            if value is not None and not hasattr(value, deed):
                raise InvalidValue(name, f"{type(value).__name__} is no dimse.{name.capitalize()}")
        _check_pace(self.rate, self.bandwidth)


def _check_pace(rate: object, bandwidth: object) -> None:
    if rate is not None and not (isinstance(rate, int | float) and rate > 0):
        raise InvalidValue("rate", f"{rate!r} objects per second is no rate")
    if bandwidth is None:
        return
    if not isinstance(bandwidth, int | float) or not bandwidth >= SLOWEST_BANDWIDTH:
        why = f"{bandwidth!r} bytes per second: below {SLOWEST_BANDWIDTH} peers lose their patience"
        raise InvalidValue("bandwidth", why)


def _check_move_originator(originator: object) -> None:
    match originator:
        case None:
            pass
        case (title, int() as number) if 0 <= number <= 0xFFFF:
            checked_ae_title(title, "move_originator")
        case _:
            raise InvalidValue(
                "move_originator", f"{originator!r} is no AE title with a message ID"
            )
