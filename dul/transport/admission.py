"""Who may come in: an acceptor's bounds on connections and on associations, for both faces."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from itertools import count

from dul.association import Association, Role, Trace
from dul.conversations import Conversation
from dul.errors import RejectReason
from dul.fsm import State
from dul.limits import Limits
from dul.pdu import AssociateRJ, AssociateRQ
from dul.transport.descriptors import Places
from dul.transport.link import Link
from dul.values import TYPE_CHECKING, dataclass

if TYPE_CHECKING:
    from typing import TypeAlias

__all__ = ["Admission", "Guest", "Serve"]

Serve: TypeAlias = "Callable[[Association, str], Conversation[None]]"
"""What an acceptor does with an association of this peer: a conversation from Sta2 to the end."""

_LOCAL_LIMIT_EXCEEDED = AssociateRJ.because(RejectReason.LOCAL_LIMIT_EXCEEDED, transient=True)
_OVER = frozenset({State.Sta1, State.Sta13})
_NOT_ASKED = frozenset({State.Sta1, State.Sta2})


@dataclass(eq=False, slots=True)
class Guest:
    """A connection of an acceptor.

    Attributes:
        number: in the order of their coming.
        association: its association, in Sta1 at first.
        link: its transport.
        admitted: its association was requested, and is not one too many.
    """

    number: int
    association: Association
    link: Link
    admitted: bool = False

    @property
    def host(self) -> str:
        """The peer's address, without its port."""
        return self.link.peer.rpartition(":")[0]

    @property
    def has_place(self) -> bool:
        """Its association takes a place: it was admitted, and is not over."""
        return self.admitted and self.association.state not in _OVER


class Admission:
    """The connections of an acceptor.

    None is refused. Those without an association, be they silent, in a TLS handshake or rejected,
    must not keep others out: when there are too many, the oldest of them makes room.

    Args:
        places: how many associations and connections there may be; an association beyond is
            rejected, "local limit exceeded" (2/3/2).
        per_peer: how many associations a host may have; one beyond is rejected likewise.
        lock: held while the guests are looked at and changed.
        limits: bounds and times of each association.
        trace: is told every transition of every association.
    """

    def __init__(
        self,
        places: Places,
        lock: AbstractContextManager[object],
        limits: Limits | None = None,
        trace: Trace | None = None,
        *,
        per_peer: int | None = None,
    ) -> None:
        self._places = places
        self._per_peer = per_peer
        self._lock = lock
        self._limits = limits or Limits()
        self._trace = trace
        self._guests: dict[int, Guest] = {}
        self._numbers = count(1)

    def __len__(self) -> int:
        return len(self._guests)

    def enter(self, link: Link) -> Guest:
        """Take a connection in."""
        number = next(self._numbers)
        # By its number and not the guest itself: an association is large, and a cycle of
        # references would keep it until the garbage collector comes.
        check = partial(self._judge, number)
        association = Association(
            Role.ACCEPTOR, self._limits, provider_check=check, trace=self._trace
        )
        guest = Guest(number, association, link)
        with self._lock:
            if len(self._guests) >= self._places.connections:
                oldest = next(each for each in self._guests.values() if not each.has_place)
                del self._guests[oldest.number]
                oldest.link.cut()
            self._guests[number] = guest
        return guest

    def leave(self, guest: Guest) -> None:
        """Its connection is over."""
        with self._lock:
            self._guests.pop(guest.number, None)
        guest.link.close()

    def turn_away(self) -> None:
        """Nobody else comes in: who has not asked for an association yet needs not do so."""
        with self._lock:
            for guest in self._guests.values():
                if guest.association.state in _NOT_ASKED:
                    guest.link.cut()

    def _judge(self, number: int, _: AssociateRQ) -> AssociateRJ | None:
        """Whether one more association is allowed (AE-6)."""
        with self._lock:
            guest = self._guests.get(number)
            if guest is None:  # it had to make room at this very moment
                return _LOCAL_LIMIT_EXCEEDED
            taken = [each for each in self._guests.values() if each.has_place]
            guest.admitted = len(taken) < self._places.associations
            if self._per_peer is not None:
                same = sum(each.host == guest.host for each in taken)
                guest.admitted = guest.admitted and same < self._per_peer
        return None if guest.admitted else _LOCAL_LIMIT_EXCEEDED
