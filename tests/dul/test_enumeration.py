"""Our enumerations beside the standard library's: what anybody may do with one gives the same."""

from __future__ import annotations

import copy
import enum
import importlib
import pickle
import pkgutil

import pytest

import dimse
import dul
from dul import enumeration
from dul.fsm import Event, State

FRUITS = {}
for by in (enum, enumeration):

    class Fruit(by.Enum):
        """What grows on trees."""

        APPLE = "an apple"
        PEAR = "a pear"

        def twice(self) -> str:
            return self.value * 2

        @property
        def loud(self) -> str:
            return self.value.upper()

        @classmethod
        def first(cls):
            return next(iter(cls))

    FRUITS[by] = Fruit


def names(members) -> list[str]:
    return [each.name for each in members]


@pytest.mark.parametrize(
    "act",
    [
        lambda fruit: (len(fruit), names(fruit), names(reversed(fruit)), bool(fruit)),
        lambda fruit: (fruit("a pear").name, fruit["APPLE"].value, fruit(fruit.PEAR).name),
        lambda fruit: (fruit.PEAR in fruit, State.Sta1 in fruit),
        lambda fruit: [(name, each.value) for name, each in fruit.__members__.items()],
        lambda fruit: (repr(fruit), repr(fruit.PEAR), str(fruit.PEAR), f"{fruit.PEAR:>12}"),
        lambda fruit: (fruit.__doc__, fruit.__name__, fruit.__module__, fruit.__qualname__),
        lambda fruit: (fruit.PEAR.twice(), fruit.PEAR.loud, fruit.first().name),
        lambda fruit: (dir(fruit), dir(fruit.PEAR), sorted(vars(fruit.PEAR))),
        lambda fruit: (fruit.PEAR == fruit("a pear"), fruit.PEAR == "a pear", fruit.PEAR != 1),
        lambda fruit: copy.deepcopy([fruit.PEAR])[0] is copy.copy(fruit.PEAR) is fruit.PEAR,
        lambda fruit: {fruit.PEAR: 1}[fruit("a pear")],
        lambda fruit: (isinstance(fruit.PEAR, enum.Enum), issubclass(fruit, enum.Enum)),
        lambda fruit: isinstance(fruit, enum.EnumType),
        lambda fruit: fruit("a plum"),
        lambda fruit: fruit["PLUM"],
        lambda fruit: fruit.PLUM,
        lambda fruit: setattr(fruit, "PEAR", 1),
        lambda fruit: delattr(fruit, "PEAR"),
        lambda fruit: setattr(fruit.PEAR, "name", "PLUM"),
        lambda fruit: setattr(fruit.PEAR, "value", 1),
        lambda fruit: enum.EnumType("Plum", (fruit,), enum.EnumType.__prepare__("Plum", ())),
    ],
)
def test_an_enumeration_behaves_as_one_of_the_standard_library(act):
    def outcome(fruit):
        try:
            return act(fruit)
        except Exception as error:
            return type(error), str(error)

    assert outcome(FRUITS[enumeration]) == outcome(FRUITS[enum])


def test_what_is_an_enumeration_already_is_not_extended():
    with pytest.raises(TypeError, match="cannot extend <enum 'Fruit'>"):

        class Plum(FRUITS[enumeration]):
            BLUE = "a plum"


@pytest.mark.parametrize("member", [State.Sta6, Event.Evt10])
def test_a_member_survives_pickling(member):
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        assert pickle.loads(pickle.dumps(member, protocol)) is member


def made() -> list[type[enum.Enum]]:
    """All that there are, in `dul` and `dimse`."""
    for package in (dul, dimse):
        for each in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            importlib.import_module(each.name)
    return sorted(enumeration.Enum.__subclasses__(), key=repr)


def test_every_enumeration_is_one_that_can_be_made_so():
    """Texts, each its own, and nothing that the standard library would do more with."""
    kinds = [each for each in made() if each.__module__.startswith(("dul.", "dimse."))]
    assert len(kinds) > 10
    for kind in kinds:
        values = [each.value for each in kind]
        assert all(type(each) is str for each in values), kind
        assert len(set(values)) == len(values) == len(kind.__members__) > 1, kind
        assert "__init__" not in vars(kind), kind
