"""What the Upper Layer hands out are values: frozen, slotted, and named by its public face."""

from __future__ import annotations

import copy
import dataclasses
import importlib
import inspect
import pickle
import subprocess
import sys
import typing
from pathlib import Path
from typing import Any, ClassVar

import pytest

from dul import AssociateRQ, PresentationContextRQ, values

ROOT = Path(__file__).resolve().parents[2]
MODULES = [
    importlib.import_module(f"dul.{path.stem}") for path in sorted((ROOT / "dul").glob("[!_]*.py"))
]
# The faces keep books of what is open; the core hands out values.
FACES = {"dul.aio", "dul.blocking"}
DATACLASSES = sorted(
    {
        value
        for module in MODULES
        if module.__name__ not in FACES
        for value in vars(module).values()
        if inspect.isclass(value) and dataclasses.is_dataclass(value)
    },
    key=lambda each: each.__name__,
)


@pytest.mark.parametrize("kind", DATACLASSES, ids=lambda each: each.__name__)
def test_dataclasses_are_frozen_and_slotted(kind: type):
    assert kind.__dataclass_params__.frozen
    assert "__slots__" in vars(kind)


@pytest.mark.parametrize("module", MODULES, ids=lambda each: each.__name__)
def test_what_is_public_exists_and_is_listed_once(module):
    names = module.__all__
    assert [name for name in names if not hasattr(module, name)] == []
    assert len(set(names)) == len(names)


def test_the_package_offers_what_a_user_needs():
    code = "import sys; sys.path.insert(0, sys.argv[1]); from dul import *; print(*dir())"
    done = subprocess.run(
        [sys.executable, "-I", "-c", code, str(ROOT)], capture_output=True, text=True, check=True
    )
    needed = {"Association", "Role", "Limits", "AssociateRQ", "LocalProtocolError", "decode_pdu"}
    assert needed <= set(done.stdout.split())
    assert len(MODULES) >= 14


# Ours beside the standard library's: the same classes, made by either.
MADE = {}
for by in (values, dataclasses):

    @by.dataclass(frozen=True, slots=True)
    class Point:
        """A class with all that a field can have."""

        KIND: ClassVar[str] = "point"

        x: int
        y: int = 2
        labels: dict[str, int] = by.field(default_factory=dict, compare=False)
        secret: bytes = by.field(default=b"", compare=False, repr=False)

        def moved(self, by_x: int) -> Any:
            return dataclasses.replace(self, x=self.x + by_x)

    @by.dataclass(frozen=True, slots=True, kw_only=True)
    class Base:
        a: int
        b: int = 5

    @by.dataclass(frozen=True, slots=True, kw_only=True)
    class Derived(Base):
        a: int = 1
        c: str

        def __repr__(self) -> str:
            return "mine"

    @by.dataclass(frozen=True, slots=True)
    class Nothing:
        pass

    @by.dataclass(frozen=True, slots=True)
    class Checked:
        positive: int

        def __post_init__(self) -> None:
            if self.positive < 0:
                raise ValueError(self.positive)

    @by.dataclass(slots=True)
    class Open:
        count: int = 0

    @by.dataclass(eq=False, slots=True)
    class Thing:
        name: str

    MADE[by] = {each.__name__: each for each in (Point, Derived, Nothing, Checked, Open, Thing)}


@pytest.fixture(params=["ours", "standard"])
def kind(request):
    return MADE[values if request.param == "ours" else dataclasses]


def same(act) -> bool:
    """Whether both kinds of classes do the same, errors and their texts included."""

    def outcome(classes):
        try:
            return act(classes)
        except Exception as error:
            # The names of methods of local classes differ in nothing else.
            return type(error), str(error)

    ours, standard = (outcome(MADE[by]) for by in (values, dataclasses))
    return ours == standard


@pytest.mark.parametrize(
    "act",
    [
        lambda of: repr(of["Point"](1)),
        lambda of: repr(of["Point"](1, labels={"a": 1}, secret=b"x")),
        lambda of: repr(of["Derived"](c="x")),
        lambda of: repr(of["Nothing"]()),
        lambda of: of["Point"](),
        lambda of: of["Point"](1, 2, {}, b"", 5),
        lambda of: of["Point"](1, z=5),
        lambda of: of["Derived"](1),
        lambda of: of["Derived"](),
        lambda of: of["Checked"](-1),
        lambda of: hash(of["Point"](1)),
        lambda of: hash(of["Nothing"]()),
        lambda of: hash(of["Open"]()),
        lambda of: of["Point"](1) == of["Point"](1, 2, {"not": 1}, b"compared"),
        lambda of: of["Point"](1) == of["Point"](2),
        lambda of: of["Point"](1) == (1, 2),
        lambda of: of["Derived"](c="x") == of["Derived"](a=1, b=5, c="x"),
        lambda of: of["Thing"]("a") == of["Thing"]("a"),
        lambda of: of["Nothing"]() == of["Nothing"](),
        lambda of: of["Point"].__match_args__,
        lambda of: of["Derived"].__match_args__,
        lambda of: of["Point"].__doc__,
        lambda of: of["Point"].KIND,
        lambda of: vars(of["Point"]).get("__slots__"),
        lambda of: vars(of["Derived"]).get("__slots__"),
        lambda of: repr(of["Point"](1).moved(4)),
        lambda of: repr(copy.copy(of["Point"](1, 5))),
        lambda of: repr(copy.deepcopy(of["Point"](1, labels={"a": 1}))),
        lambda of: of["Derived"](c="x").c,
        lambda of: dataclasses.asdict(of["Derived"](c="x")),
        lambda of: dataclasses.astuple(of["Point"](7)),
        lambda of: [
            (each.name, each.type, each.default is dataclasses.MISSING, each.kw_only)
            for each in dataclasses.fields(of["Derived"])
        ],
        lambda of: dataclasses.replace(of["Point"](1), nothing=1),
        lambda of: dataclasses.is_dataclass(of["Open"]),
        lambda of: vars(of["Open"])["__dataclass_params__"].frozen,
        lambda of: of["Point"](1).__setattr__("x", 1),
    ],
)  # fmt: skip
def test_a_class_behaves_as_one_of_the_standard_library(act):
    assert same(act)


def test_the_first_instances_are_made_as_the_later_ones_are():
    """An `__init__` of its own is written for a class when it has had some instances."""

    @values.dataclass(frozen=True, slots=True)
    class Fresh:
        x: int
        y: list[int] = values.field(default_factory=list)
        z: int = 3

        def __post_init__(self) -> None:
            if self.x < 0:
                raise ValueError(self.x)

    inits, made = [], []
    for _ in range(20):
        made += [Fresh(1), Fresh(1, [2], z=4), Fresh(x=5)]
        with pytest.raises(ValueError, match="-1"):
            Fresh(-1)
        inits.append(Fresh.__init__)
    expected = ["Fresh(x=1, y=[], z=3)", "Fresh(x=1, y=[2], z=4)", "Fresh(x=5, y=[], z=3)"]
    assert [repr(each).rpartition(".")[2] for each in made] == expected * 20
    assert made[0].y is not made[3].y
    assert inits[0] is not inits[-1], "it was never written"


@pytest.mark.parametrize(
    ("args", "given"),
    [((), {}), ((1, [], 3, 4), {}), ((1,), {"x": 1}), ((1,), {"w": 1}), ((), {"y": []})],
)
def test_wrong_arguments_are_refused_from_the_first_instance_on(args, given):
    def fresh(by):
        @by.dataclass(frozen=True, slots=True)
        class Fresh:
            x: int
            y: list[int] = by.field(default_factory=list)
            z: int = 3

        return Fresh

    texts = []
    for by in (values, dataclasses):
        with pytest.raises(TypeError) as caught:
            fresh(by)(*args, **given)
        texts.append(str(caught.value))
    assert texts[0] == texts[1]


def test_a_default_is_made_for_each_instance(kind):
    one, other = kind["Point"](1), kind["Point"](1)
    one.labels["a"] = 1
    assert other.labels == {}


def test_a_frozen_one_cannot_be_changed(kind):
    point = kind["Point"](1)
    with pytest.raises(dataclasses.FrozenInstanceError):
        point.x = 5
    with pytest.raises(dataclasses.FrozenInstanceError):
        del point.x
    open_ = kind["Open"]()
    open_.count += 1
    assert open_.count == 1


def test_its_parameters_can_be_asked_for(kind):
    asked = inspect.signature(kind["Derived"])
    assert (
        str(asked).replace("'", "").replace('"', "")
        == "(*, a: int = 1, b: int = 5, c: str) -> None"
    )
    assert list(inspect.signature(kind["Point"]).parameters) == ["x", "y", "labels", "secret"]


def test_it_can_be_matched_by_position(kind):
    point = kind["Point"]
    match point(3, 4):
        case point(x, y):
            assert (x, y) == (3, 4)
        case _:
            pytest.fail("no match")


def test_the_methods_of_a_class_do_not_need_the_standard_library():
    code = """
import sys
import dul, dul.pdu, dul.events
pdu = dul.pdu.AssociateRJ(1, 2, 3)
assert (pdu, hash(pdu)) == (dul.pdu.AssociateRJ(1, 2, 3), hash(dul.pdu.AssociateRJ(1, 2, 3)))
assert repr(pdu) == "AssociateRJ(result=1, source=2, reason=3)"
print({"dataclasses", "inspect"} & sys.modules.keys() or "neither")
"""
    done = subprocess.run(
        [sys.executable, "-S", "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == "neither\n"


# The same named tuple, made by either.
PAIRS = {}
for by, base in (("ours", values.NamedTuple), ("standard", typing.NamedTuple)):

    class Pair(base):
        """Two of a kind."""

        left: int
        right: str = "r"

        @property
        def both(self) -> str:
            return f"{self.left}{self.right}"

        def __bool__(self) -> bool:
            return self.left > 0

    PAIRS[by] = Pair


@pytest.mark.parametrize(
    "act",
    [
        lambda pair: repr(pair(1)),
        lambda pair: pair(1, "x") == (1, "x") == tuple(pair(right="x", left=1)),
        lambda pair: pair(4, "x").both,
        lambda pair: (bool(pair(0)), bool(pair(1))),
        lambda pair: repr(pair(4)._replace(left=5)),
        lambda pair: pair(4)._asdict(),
        lambda pair: (pair._fields, pair._field_defaults, pair.__match_args__),
        lambda pair: (pair.__doc__, pair.__module__, pair.__qualname__, pair.__mro__[1:]),
        typing.get_type_hints,
        lambda pair: hash(pair(1)) == hash((1, "r")),
        lambda pair: hasattr(pair(1), "__dict__"),
        lambda pair: tuple.__new__(pair, (1, "s")).both,
    ],
)
def test_a_named_tuple_behaves_as_one_of_the_standard_library(act):
    assert act(PAIRS["ours"]) == act(PAIRS["standard"])


@pytest.mark.parametrize("arguments", [(), (1, "a", 2)])
def test_a_named_tuple_refuses_what_the_standard_library_s_refuses(arguments):
    texts = []
    for pair in PAIRS.values():
        with pytest.raises(TypeError) as caught:
            pair(*arguments)
        texts.append(str(caught.value))
    assert texts[0] == texts[1]


def test_a_message_survives_pickling():
    from dimse.messages.composite import CStoreRQ

    asked = CStoreRQ(message_id=1, affected_sop_class_uid="1.2", affected_sop_instance_uid="1.3")
    assert pickle.loads(pickle.dumps(asked)) == asked


def test_what_stands_in_for_typing_does_as_it_does():
    for by in (values, typing):
        kind = by.TypeVar("kind")

        class Box(by.Generic[kind]):
            def __init__(self, inside: Any) -> None:
                self.inside = inside

        class Text(Box[str]):
            pass

        class Opens(by.Protocol):
            __slots__ = ()

            def open(self) -> int:
                return 7

        class Door(Opens):
            __slots__ = ()

        assert (Text("a").inside, Box[int](3).inside, Door().open()) == ("a", 3, 7)
        assert Text.__bases__ == (Box,)
        assert not hasattr(Door(), "__dict__")
        assert by.cast("int", "x") == "x"


def test_the_types_of_a_pdu_s_fields_can_be_asked_for():
    hints = typing.get_type_hints(AssociateRQ)
    assert hints["called_ae_title"] is str
    assert hints["presentation_contexts"] == tuple[PresentationContextRQ, ...]
