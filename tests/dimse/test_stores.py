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


class _Watched(Content):
    """Bytes that note what had been told when they were read."""

    def __init__(self, length: int, world: World, reads: list[list[str]]) -> None:
        super().__init__(length)
        self._world = world
        self._reads = reads

    def readinto(self, view: memoryview, /) -> int:
        self._reads.append(_told(self._world))
        return super().readinto(view)


class Read(Noted):
    """An object that notes when it is read."""

    def __init__(self, world: World, number: int, length: int = 100) -> None:
        super().__init__(world, number, length)
        self.reads: list[list[str]] = []

    def open(self, transfer_syntax_uid: str) -> Content:
        super().open(transfer_syntax_uid).close()
        return _Watched(self.length, self._world, self.reads)


def test_the_beginning_of_the_next_one_is_read_before_the_response_comes() -> None:
    """A batch is 300 bytes here, of at most 122 in a PDU."""
    world = World([Acceptor()])
    things = [Read(world, number, 400) for number in range(2)]
    play(world, things)
    assert [each.stored for each in outcomes_of(world)] == [True] * 2
    first, second = (each.reads for each in things)
    assert [len(each) for each in first] == [1] * 4
    ahead = [each for each in second if each == ["Opening"]]
    assert len(ahead) == 2
    assert second[2:] == [["Opening", "Responded", "Opening"]] * 2


def test_what_cannot_be_read_ahead_is_said_at_its_turn() -> None:
    class Failing(Content):
        def readinto(self, view: memoryview, /) -> int:
            raise ValueError("of the user's")

    world = World([Acceptor(), Acceptor()])
    things = [Thing(0, 100), Thing(1, 100, Failing), Thing(2, 100)]
    play(world, things)
    outcomes = outcomes_of(world)
    assert [each.stored for each in outcomes] == [True, False, True]
    assert "of the user's" in str(outcomes[1].error)
