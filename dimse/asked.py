"""What may be asked to be sent: paths, data sets, objects that were examined, one of them or many."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable

from dimse.errors import InvalidValue
from dimse.objects.cache import Cache
from dimse.objects.datasets import name_of
from dimse.objects.finder import Found, LeftOut, Unusable
from dimse.objects.outgoing import Outgoing, Sendable
from dimse.objects.prepare import PREPARATION, Preparation
from dul.values import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any, Final, TypeAlias

__all__ = ["PATHS", "Asked", "examined", "listed", "named"]

Asked: TypeAlias = "Sendable | Outgoing | Found | LeftOut | Unusable"
"""What may be asked for: something to be sent, or what `dimse.objects.finder` says of a name."""

PATHS: Final = (str, os.PathLike)
"""What a path may be. A tuple, since a union is made anew each time that it is looked at."""

_BYTES: Final = (bytes, bytearray, memoryview)


def listed(items: Asked | Iterable[Asked]) -> Iterable[Any]:
    """The objects that are meant: a single path, data set or examined object is one.

    Raises:
        InvalidValue: it is none of these, and nothing to iterate over.
    """
    if isinstance(items, str | os.PathLike | Found | LeftOut | Unusable):
        return [items]
    if _is_outgoing(items) or _is_data_set(items):
        return [items]
    # An open file is a series, too: of its lines.
    if isinstance(items, _BYTES) or not isinstance(items, Iterable) or hasattr(items, "read"):
        raise _refusal(items, "is no path, no data set, and no series of those")
    return items


def _refusal(item: object, why: str) -> InvalidValue:
    if isinstance(item, _BYTES) or hasattr(item, "read"):
        why += ". Make a data set of an open file, or of io.BytesIO(...), with pydicom.dcmread"
    return InvalidValue("items", f"{type(item).__name__} {why}")


def named(item: object) -> str:
    """How messages name what was not examined, or can't be: a user's values are not for them."""
    if isinstance(item, PATHS):
        return str(item)
    if _is_data_set(item):
        data_set: Any = item
        return name_of(data_set)
    return type(item).__name__


def _is_outgoing(item: object) -> bool:
    return hasattr(item, "transfer_syntax_uid") and hasattr(item, "open")


def _is_data_set(item: object) -> bool:
    # Whoever has one has loaded pydicom; nobody else need load it for this question.
    module = sys.modules.get("pydicom.dataset")
    return module is not None and isinstance(item, module.Dataset)


def examined(
    item: Any, preparation: Preparation = PREPARATION, *, cache: Cache | None = None
) -> Outgoing:
    """An object that is ready to be sent, of whatever a user may name.

    Raises:
        InvalidValue: it is none of those.
        DIMSEError: as `examine`.
    """
    if _is_outgoing(item):
        outgoing: Outgoing = item
        return outgoing
    if isinstance(item, PATHS) or _is_data_set(item):
        return preparation.examine(item, cache=cache)
    raise _refusal(item, "is no path and no data set")
