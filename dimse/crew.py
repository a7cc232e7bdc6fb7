"""The senders of one run and the roster that they share: how both faces begin to send."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager

from dimse.asked import Asked, listed
from dimse.dialogue import KEPT_CONTEXTS, Dialogue
from dimse.engine import Policy, Roster, Sender
from dimse.peer import Peer
from dul.values import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

    from dimse.how import How

__all__ = ["crew", "roster_for"]


def roster_for(
    peer: Peer,
    items: Asked | Iterable[Asked],
    policy: Policy,
    clock: Callable[[], float],
    lock: AbstractContextManager[Any],
    *,
    writes: bool = True,
) -> Roster:
    """What is to be sent to a peer.

    Args:
        peer: it.
        items: what was asked for.
        policy: how it is sent.
        clock: seconds.
        lock: as `Roster` has it.
        writes: whether the journal, if there is one, is written and not only read.

    Raises:
        InvalidValue: nothing that can be sent.
    """
    page = None
    if policy.journal is not None:
        page = policy.journal.page(peer.called_ae_title, peer.host, peer.port, writes=writes)
    return Roster(listed(items), policy, clock, lock, page)


def crew(
    dialogue: Dialogue,
    items: Asked | Iterable[Asked],
    how: How,
    lock: AbstractContextManager[Any],
    *,
    keep: bool,
) -> tuple[Roster, list[Sender]]:
    """A sender for each association that is wanted; where it is one, it uses the given dialogue.

    Args:
        dialogue: the association that is kept, or room for one.
        items: what is to be sent.
        how: the keywords of `Client.send`.
        lock: as `Roster` has it.
        keep: leave the association open for what comes after.

    Raises:
        InvalidValue: nothing that can be sent, or a keyword that makes no sense.
    """
    if keep:
        how["base_contexts"] = (*how.get("base_contexts", ()), *KEPT_CONTEXTS)
    policy, peer = Policy(**how), dialogue.peer
    roster = roster_for(peer, items, policy, dialogue.clock, lock)
    pace = None
    if policy.bandwidth is not None:
        from dul.pace import Pace  # noqa: PLC0415 - few have a bound

        pace = Pace(policy.bandwidth)
    dialogue.pace = pace
    if policy.associations == 1:
        return roster, [Sender(dialogue, roster, policy, keep=keep)]
    # Associations of their own: one that is kept stays for what comes after.
    dialogues = [Dialogue(peer, dialogue.clock) for _ in range(policy.associations)]
    for each in dialogues:
        each.pace = pace
    return roster, [Sender(each, roster, policy) for each in dialogues]
