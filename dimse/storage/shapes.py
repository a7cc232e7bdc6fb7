"""Data sets that come one after the other are alike: what was proved of one holds for the next.

The usual case of `checked`, beside it. In a series the same elements stand at the same places, for
their values have the same lengths. Where all element headers of a data set, and its SOP Class UID, are
those of one that was walked and found to be whole, it is whole, too; what is left to be looked at is its
SOP Instance UID. (`dimse.objects.alike` does the same for files that are sent.)
"""

from __future__ import annotations

from collections.abc import Callable
from struct import Struct

from dimse.objects.headers import cutting, places_of, plain_elements
from dimse.objects.layout import is_deflated, layout_of
from dul.remembered import Remembered
from dul.values import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from typing import Any, Final

__all__ = ["DataSetShapes"]

_MOST: Final = 64
"""Transfer syntaxes and sizes that are remembered; beyond, all are forgotten."""

_CLASS, _INSTANCE = 0x00080016, 0x00080018


class _Shape(NamedTuple):
    """How a data set is laid out.

    Attributes:
        cut: takes out of a data set what must be as it was in the first.
        fixed: that.
        least: how many bytes `cut` looks at.
        sop_class: the value of (0008,0016).
        instance: where the value of (0008,0018) lies.
    """

    cut: Callable[[bytearray], tuple[Any, ...]]
    fixed: tuple[Any, ...]
    least: int
    sop_class: str
    instance: slice


class DataSetShapes:
    """The layouts of data sets that came. Threads may share it."""

    __slots__ = ("_shapes",)

    def __init__(self) -> None:
        # By transfer syntax and size; None: one has come, False: it is not plain. One alone is not
        # written down: of compressed images no two have the same size.
        self._shapes: Remembered[tuple[str, int], _Shape | bool | None] = Remembered(_MOST)

    def prove(self, syntax: str, size: int, head: bytearray, sop_class: str, instance: str) -> bool:
        """Whether a data set is certainly whole, and has these UIDs. If not, the walk will tell.

        Args:
            syntax: its transfer syntax.
            size: bytes that it has.
            head: the first of them, or all.
            sop_class: SOP Class UID that it is to have.
            instance: SOP Instance UID that it is to have.
        """
        shape = self._shapes.get((syntax, size))
        return (
            isinstance(shape, _Shape)
            and shape.sop_class == sop_class
            and len(head) >= shape.least
            and shape.cut(head) == shape.fixed
            and head[shape.instance].strip(b"\0 ") == instance.encode("latin-1", "replace")
        )

    def learn(self, syntax: str, size: int, head: bytearray, sop_class: str, instance: str) -> None:
        """A data set was walked to its end: nothing is wrong with it, and its UIDs are these."""
        key = syntax, size
        if key not in self._shapes:
            self._shapes.keep(key, None)
        elif self._shapes[key] is None:
            shape = (
                None if is_deflated(syntax) else _shape_of(syntax, size, head, sop_class, instance)
            )
            self._shapes[key] = shape or False


def _shape_of(
    syntax: str, size: int, head: bytearray, sop_class: str, instance: str
) -> _Shape | None:
    """The shape of a data set that is whole; None: not all of its element headers are in view and plain."""
    elements = plain_elements(bytes(head), 0, size, layout_of(syntax))
    if not elements:
        return None
    places = places_of(_INSTANCE, elements)
    if len(places) != 1 or head[places[0]].strip(b"\0 ") != instance.encode("latin-1", "replace"):
        return None
    layout = Struct("<" + cutting(elements, _CLASS))
    least = max(layout.size, places[0].stop)
    if len(head) < least:
        return None
    return _Shape(layout.unpack_from, layout.unpack_from(head), least, sop_class, places[0])
