"""Enumerations that cost little to make.

    from dul.enumeration import Enum

    class Role(Enum): ...

The standard library asks twenty questions about each member when it makes an enumeration: may it stay
a name, is it another's alias, what type are the values mixed with. The hundred members of a tool took as
long as to send fifty objects. Here the class is put together of the same parts without the questions: for
members with texts, each its own, and without an `__init__`. It is an `enum.Enum` in every other respect,
and a test compares the two. Members are hashed by what they are, and not by their names: steps of the
state machine are look-ups.
"""

from __future__ import annotations

import enum
import sys

from dul.values import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

__all__ = ["Enum"]


class _EnumType(enum.EnumType):
    """Makes what `enum.EnumType` would, of a class body with texts and methods."""

    @classmethod
    def __prepare__(cls, name: str, bases: tuple[type, ...], /, **_: Any) -> Any:  # type: ignore[override]
        return {}

    def __new__(cls, name: str, bases: tuple[type, ...], namespace: dict[str, Any]) -> Any:
        for base in bases:
            if getattr(base, "_member_names_", None):
                raise TypeError(f"<enum {name!r}> cannot extend {base!r}")
        values = {each: value for each, value in namespace.items() if type(value) is str}
        values = {each: value for each, value in values.items() if not each.startswith("_")}
        members: dict[str, Any] = {}
        by_value: dict[str, Any] = {}
        parts: dict[str, Any] = {
            "_member_names_": list(values),
            "_member_map_": members,
            "_value2member_map_": by_value,
            "_hashable_values_": list(values.values()),  # from Python 3.13 on, as the next but one
            "_unhashable_values_": [],
            "_unhashable_values_map_": {},
            "_member_type_": object,
            "_new_member_": object.__new__,
            "_use_args_": False,
            "_value_repr_": None,
            "__new__": enum.Enum.__new__,
            "__hash__": object.__hash__,
        }
        made: Any = type.__new__(cls, name, bases, namespace | parts)
        for place, (each, value) in enumerate(values.items()):
            member = object.__new__(made)
            member._name_ = each
            member._value_ = value
            member._sort_order_ = place
            member.__objclass__ = made
            type.__setattr__(made, each, member)
            members[each] = by_value[value] = member
        return made

    def __init__(cls, *_: object, **__: object) -> None:
        pass


if TYPE_CHECKING or sys.version_info >= (3, 14):  # whose parts nobody has compared yet
    from enum import Enum
else:

    class Enum(enum.Enum, metaclass=_EnumType):
        """As the standard library's."""
