"""Data classes that cost little until they are used, and what `typing` has without loading it.

    from dul.values import TYPE_CHECKING, dataclass

    if TYPE_CHECKING:
        from typing import Any, Final

    @dataclass(frozen=True, slots=True)
    class ReleaseIndication: ...

The standard library's module takes 10 ms to import and half a millisecond for each class: for the
hundred messages, items and events that there are, as long as it takes to send hundreds of objects,
and a run uses a dozen of them. Here a class gets its fields at once and its `__init__` when it has
had some instances, and `dataclasses` is not imported before somebody asks for it.

Otherwise it is the same, for classes with slots whose annotations are strings (`from __future__
import annotations`): type checkers are shown the standard library's own, and its `fields`,
`replace` and `is_dataclass` work. A test compares the two.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable
from operator import attrgetter
from types import GenericAlias

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final, TypeAlias

__all__ = [
    "MISSING",
    "TYPE_CHECKING",
    "Generic",
    "NamedTuple",
    "Protocol",
    "TypeVar",
    "cast",
    "dataclass",
    "field",
    "fields",
    "overload",
]

_MISSING: Final[Any] = object()
"""Stands for a default that there is not."""

_FEW: Final = 8
"""So many instances are made without an `__init__` of their class's own."""

_Fields = dict[str, "_Field"]
_Values: TypeAlias = "Callable[[object], tuple[Any, ...]]"


class _Field:
    """A field: what `field()` says of it, and what the class says."""

    __slots__ = ("compare", "default", "default_factory", "kw_only", "name", "repr", "type")

    name: str
    type: str
    kw_only: bool

    def __init__(
        self,
        default: object,
        default_factory: Any,
        repr: bool,
        compare: bool,
    ) -> None:
        self.default = default
        self.default_factory = default_factory
        self.repr = repr
        self.compare = compare

    @property
    def required(self) -> bool:
        return self.default is _MISSING and self.default_factory is _MISSING


def _field(
    *,
    default: object = _MISSING,
    default_factory: Any = _MISSING,
    repr: bool = True,
    compare: bool = True,
) -> Any:
    """As `dataclasses.field`."""
    return _Field(default, default_factory, repr, compare)


def _fields(kind: Any) -> tuple[_Field, ...]:
    """As `dataclasses.fields`: name, type and default of each, in the order of definition."""
    return tuple(kind.__fields__.values())


def _dataclass(
    *, slots: bool, frozen: bool = False, eq: bool = True, kw_only: bool = False
) -> Callable[[type], Any]:
    """As `dataclasses.dataclass`; `slots` is there to be said."""
    assert slots

    def decorate(kind: type) -> Any:
        inherited: _Fields = {}
        for base in reversed(kind.__mro__[1:]):
            inherited |= vars(base).get("__fields__", {})
        namespace = dict(vars(kind))
        own = _take_fields(namespace, kw_only=kw_only)
        every = inherited | own
        namespace |= {
            "__qualname__": kind.__qualname__,
            "__slots__": tuple(name for name in own if name not in inherited),
            "__fields__": every,
            "__match_args__": tuple(each.name for each in every.values() if not each.kw_only),
            "__options__": {"frozen": frozen, "eq": eq},
        }
        methods = _METHODS | (_COMPARING[frozen] if eq else {}) | (_LOCKED if frozen else {})
        # Slots cannot be given to a class that is there: it is made anew.
        made: Any = type(kind)(kind.__name__, kind.__bases__, methods | namespace)
        made.__init__ = _unwritten(made)
        return made

    return decorate


def _take_fields(namespace: dict[str, Any], *, kw_only: bool) -> _Fields:
    """The fields that a class body defines, taken out of it."""
    own: _Fields = {}
    annotations = namespace.get("__annotations__", {})
    for name, annotation in [*annotations.items()]:
        if annotation.startswith("ClassVar"):
            del annotations[name]  # whose module does not know the word while it runs
            continue
        given = namespace.pop(name, _MISSING)
        found = given if type(given) is _Field else _Field(given, _MISSING, True, True)
        found.name, found.type, found.kw_only = name, annotation, kw_only
        own[name] = found
    # Those of the body without slots.
    namespace.pop("__dict__", None)
    namespace.pop("__weakref__", None)
    return own


# ------------------------------------------------------------------------------------ methods --


def _represent(self: Any) -> str:
    shown = [name for name, each in self.__fields__.items() if each.repr]
    inner = ", ".join([f"{name}={getattr(self, name)!r}" for name in shown])
    return f"{type(self).__qualname__}({inner})"


def _equal(self: object, other: object) -> Any:
    kind = type(self)
    if type(other) is not kind:
        return NotImplemented
    compared = _COMPARED.get(kind) or _compared(kind)
    return compared(self) == compared(other)


def _hash(self: object) -> int:
    kind = type(self)
    return hash((_COMPARED.get(kind) or _compared(kind))(self))


_COMPARED: Final[dict[type, _Values]] = {}
"""How to have the values that are compared, of classes of which instances were."""


def _compared(kind: Any) -> _Values:
    """Note down what is compared of a class's instances."""
    names = [name for name, each in kind.__fields__.items() if each.compare]
    _COMPARED[kind] = values = _values_of(names)
    return values


def _values_of(names: list[str]) -> _Values:
    """The function from an instance to the values of these fields."""
    if len(names) > 1:
        return attrgetter(*names)
    return lambda self: tuple([getattr(self, name) for name in names])


def _replace(self: Any, /, **changes: Any) -> Any:
    from dataclasses import replace  # noqa: PLC0415 - see the module's text

    return replace(self, **changes)


def _refusal(to: str) -> Callable[..., None]:
    def refuse(_: object, name: str, *__: object) -> None:
        from dataclasses import FrozenInstanceError  # noqa: PLC0415 - see the module's text

        raise FrozenInstanceError(f"cannot {to} field {name!r}")

    return refuse


def _state(self: Any) -> tuple[Any, ...]:
    return _values_of(list(self.__fields__))(self)


def _set_state(self: Any, state: tuple[Any, ...]) -> None:
    for name, value in zip(self.__fields__, state, strict=True):
        object.__setattr__(self, name, value)


# ----------------------------------------------------------------------------------- __init__ --


def _unwritten(kind: Any) -> Callable[..., None]:
    """The `__init__` of a class with few instances or none: it writes the real one, and steps aside.

    To write it takes as long as to do without it some fifty times, and of most classes a run has one
    instance or two.
    """
    few = _FEW

    def first(self: object, *args: Any, **kwargs: Any) -> None:
        nonlocal few
        few -= 1
        if few < 0 or not _filled(kind, self, args, kwargs):
            kind.__init__ = _written(kind)
            kind.__init__(self, *args, **kwargs)

    return first


def _filled(kind: Any, instance: Any, args: tuple[Any, ...], given: dict[str, Any]) -> bool:
    """Do what `__init__` does. False: the arguments do not fit, which the real one can say better."""
    taken = len(args)
    names = kind.__match_args__
    if taken > len(names) or not given.keys().isdisjoint(names[:taken]):
        return False
    values = dict(zip(names, args, strict=False)) | given
    for name, each in kind.__fields__.items():
        if name not in values:
            if each.required:
                return False
            factory = each.default_factory
            values[name] = each.default if factory is _MISSING else factory()
        object.__setattr__(instance, name, values[name])
    if len(values) > len(kind.__fields__):
        return False
    if hasattr(kind, "__post_init__"):
        instance.__post_init__()
    return True


def _written(kind: Any) -> Callable[..., None]:
    """The `__init__` that one would write: a parameter for each field, and an assignment.

    A slot is set by its descriptor: the way past the lock of a frozen class, and a fast one.
    """
    scope: dict[str, Any] = {"MISSING": _MISSING}
    positional, named, body = ["self"], ["*"], []
    for each in _fields(kind):
        name = value = each.name
        scope[f"set_{name}"] = getattr(kind, name).__set__
        scope[f"default_{name}"] = each.default
        if each.default_factory is not _MISSING:
            scope[f"make_{name}"] = each.default_factory
            value = f"make_{name}() if {name} is MISSING else {name}"
        body.append(f"set_{name}(self, {value})")
        parameter = name if each.required else f"{name}=default_{name}"
        (named if each.kw_only else positional).append(parameter)
    if hasattr(kind, "__post_init__"):
        body.append("self.__post_init__()")
    parameters = positional + (named if len(named) > 1 else [])
    source = f"def __init__({', '.join(parameters)}):\n " + "\n ".join(body or ["pass"])
    exec(source, scope)  # noqa: S102 - nothing in it comes from outside
    init: Callable[..., None] = scope["__init__"]
    init.__qualname__ = f"{kind.__qualname__}.__init__"
    init.__annotations__ = {each.name: each.type for each in _fields(kind)} | {"return": None}
    return init


class _Signature:
    """Has the `__init__` written when somebody asks for its parameters, as `help` does."""

    def __get__(self, instance: object, owner: Any) -> Any:
        owner.__init__ = _written(owner)
        raise AttributeError("look at __init__")


# ------------------------------------------------------------------------------- the standard --


class _Standard:
    """What `dataclasses` keeps in a class: made by itself, from a twin, when it is asked for."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __get__(self, instance: object, owner: type) -> Any:
        import dataclasses as standard  # noqa: PLC0415 - see the module's text

        def described(each: _Field) -> tuple[str, str, Any]:
            known: dict[str, Any] = {
                "repr": each.repr,
                "compare": each.compare,
                "kw_only": each.kw_only,
            }
            if each.default is not _MISSING:
                known["default"] = each.default
            if each.default_factory is not _MISSING:
                known["default_factory"] = each.default_factory
            return each.name, each.type, standard.field(**known)

        own: Any = next(each for each in owner.__mro__ if "__options__" in vars(each))
        twin = standard.make_dataclass(
            own.__name__, [described(each) for each in _fields(own)], **own.__options__
        )
        for name in ("__dataclass_fields__", "__dataclass_params__"):
            setattr(own, name, vars(twin)[name])
        return vars(twin)[self._name]


_METHODS: Final[dict[str, Any]] = {
    "__repr__": _represent,
    "__replace__": _replace,
    "__signature__": _Signature(),
    "__dataclass_fields__": _Standard("__dataclass_fields__"),
    "__dataclass_params__": _Standard("__dataclass_params__"),
}
"""What all of them have: the methods look at the fields of the class when they are called."""

_COMPARING: Final[dict[bool, dict[str, Any]]] = {
    False: {"__eq__": _equal, "__hash__": None},
    True: {"__eq__": _equal, "__hash__": _hash},
}

_LOCKED: Final[dict[str, Any]] = {
    "__setattr__": _refusal("assign to"),
    "__delattr__": _refusal("delete"),
    "__getstate__": _state,
    "__setstate__": _set_state,
}


# ------------------------------------------------------------------------------ named tuples --


class _NamedTupleType(type):
    """Makes a named tuple of a class's fields, and gives it what else the class has."""

    def __new__(cls, name: str, bases: tuple[type, ...], namespace: dict[str, Any]) -> Any:
        if not bases:
            return super().__new__(cls, name, bases, namespace)
        names = namespace["__annotations__"]
        defaults = [namespace.pop(each) for each in names if each in namespace]
        make: Any = namedtuple  # noqa: PYI024 - this is what makes the others
        made = make(name, names, defaults=defaults, module=namespace.pop("__module__"))
        for each, value in namespace.items():
            setattr(made, each, value)
        return made


class _NamedTuple(metaclass=_NamedTupleType):
    """As `typing.NamedTuple`, which compiles the type of each field, as if it were to be called."""


# ------------------------------------------------------------------------------------ typing --
#
# Type checkers are shown the module's own. To load it takes as long as to send forty objects, and
# what it makes does nothing while a program runs.


class _Generic:
    """As `typing.Generic`: what stands in the brackets is for type checkers."""

    __slots__ = ()
    __class_getitem__: Any = classmethod(GenericAlias)


class _Protocol:
    """As `typing.Protocol`, for those who implement it and say so."""

    __slots__ = ()


def _type_variable(name: str, **_: object) -> str:
    return name


def _cast(_: object, value: Any) -> Any:
    return value


def _overload(function: Callable[..., Any]) -> Callable[..., Any]:
    return function


if TYPE_CHECKING:
    from dataclasses import MISSING, dataclass, field, fields
    from typing import Generic, NamedTuple, Protocol, TypeVar, cast, overload
else:
    MISSING, dataclass, field, fields = _MISSING, _dataclass, _field, _fields
    Generic, NamedTuple, Protocol, TypeVar = _Generic, _NamedTuple, _Protocol, _type_variable
    cast, overload = _cast, _overload
