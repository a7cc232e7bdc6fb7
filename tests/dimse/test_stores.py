"""C-STOREs on one association: the next object is opened while the peer has the one before it."""

from __future__ import annotations

from typing import Any

from engine_world import Acceptor, Content, Thing, World, outcomes_of, send

from dimse.engine import Policy
from dimse.errors import Unreadable
from dimse.events import Opening, Responded
from dul.errors import DulcetError


class Noted(Thing):
    """An object that notes when it is opened, among what was told by then."""

    def __init__(self, world: World, number: int, length: int = 100) -> None:
        super().__init__(number, length)
        self._world = world
        self.opened: list[list[str]] = []

    def open(self, transfer_syntax_uid: str) -> Content:
        self.opened.append(_told(self._world))
        return super().open(transfer_syntax_uid)


def _told(world: World) -> list[str]:
    return [type(each).__name__ for each in world.events if isinstance(each, Opening | Responded)]


def play(world: World, things: list[Any], **policy: Any) -> None:
    send(world, things, Policy(halt=False, **policy))
    assert Content.open_now == 0


def test_the_next_one_is_opened_before_the_response_comes() -> None:
    world = World([Acceptor()])
    things = [Noted(world, number) for number in range(3)]
    play(world, things)
    assert [each.stored for each in outcomes_of(world)] == [True] * 3
    # The first one when its turn is told; the others when one has been opened that is not answered.
    assert [each.opened for each in things] == [
        [["Opening"]],
        [["Opening"]],
        [["Opening", "Responded", "Opening"]],
    ]
    assert _told(world) == ["Opening", "Responded"] * 3


def test_several_associations_do_not_take_objects_from_one_another() -> None:
    world = World([])
    things = [Noted(world, number) for number in range(6)]
    play(world, things, associations=2)
    # Each is opened at its own turn: the last thing that was told of it is that it is opened.
    assert all(each.opened[0][-1] == "Opening" for each in things)
    assert all(each.stored for each in outcomes_of(world))


def test_what_was_opened_and_has_no_turn_any_more_is_closed() -> None:
    """The association ends with the first object, and nobody accepts another."""
    world = World([Acceptor(act="abort", at=150)])
    things = [Noted(world, number) for number in range(2)]
    send(world, things, Policy(max_losses=1))
    assert Content.open_now == 0


def test_what_cannot_be_opened_is_said_at_its_turn() -> None:
    class Gone(Noted):
        def open(self, transfer_syntax_uid: str) -> Content:
            super().open(transfer_syntax_uid).close()
            raise Unreadable(self.name, "is gone")

    world = World([Acceptor()])
    things = [Noted(world, 0), Gone(world, 1), Noted(world, 2)]
    play(world, things)
    errors: list[DulcetError | None] = [each.error for each in outcomes_of(world)]
    assert [type(each) for each in errors] == [type(None), Unreadable, type(None)]
    assert len(things[1].opened) == 2, "once ahead, and once when it is said"
    assert _told(world) == ["Opening", "Responded", "Opening", "Opening", "Responded"]
