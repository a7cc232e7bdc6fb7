"""Which VR an element of an Implicit VR data set has: the dictionary's, or what others decide.

pydicom's dictionary, with whatever `dimse.tables.dictionary` installed in it, is asked for the VR.
Where it gives more than one, PS3.5 Annex A says what decides: OW where OB or OW is allowed, US or
SS by Pixel Representation, LUT Data US if they are a single entry, else OW.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping

from dimse.tables.vrs import ELEMENT_HEADER_LENGTH
from dul.values import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Final

__all__ = ["DECIDING", "KnownVRs", "Nesting"]

_PIXEL_REPRESENTATION: Final = 0x00280103
_LUT_DESCRIPTOR: Final = 0x00283002
DECIDING: Final = frozenset({_PIXEL_REPRESENTATION, _LUT_DESCRIPTOR})
"""The elements whose first value decides about the VR of others."""


class KnownVRs:
    """pydicom's data dictionary, each tag asked for once: objects repeat theirs a thousand times.

    Attributes:
        plain: what is known already of the tags that have one VR, whatever is around them.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[int, str | None], str] = {}
        self.plain: dict[int, bytes] = {}

    def vr_of(self, tag: int, creator: str | None) -> str:
        """The VR of a tag, given the private creator of its block; "UN" if nobody knows.

        "US or SS" and the like if it depends on other elements.
        """
        key = (tag, creator)
        vr = self._known.get(key)
        if vr is None:
            vr = self._known[key] = self._look_up(tag, creator)
            if not tag >> 16 & 1 and vr.encode() in ELEMENT_HEADER_LENGTH:
                self.plain[tag] = vr.encode()
        return vr

    def _look_up(self, tag: int, creator: str | None) -> str:
        number, private = tag & 0xFFFF, tag >> 16 & 1
        if number == 0:
            return "UL"
        if private and 0x10 <= number <= 0xFF:
            return "LO"
        # pydicom is heavy, and this is the one thing that only it can do.
        from pydicom.datadict import dictionary_VR, private_dictionary_VR  # noqa: PLC0415

        if private and creator:
            with contextlib.suppress(KeyError):
                return private_dictionary_VR(tag, creator)
        with contextlib.suppress(KeyError):
            return dictionary_VR(tag)
        return "UN"


class Nesting:
    """A data set or an item in Implicit VR, and those around it: what VRs in it depend on.

    Args:
        dictionary: the one for the whole object.
        outer: the level around it.
        numbers: looks, in this level alone, for the first values of the elements of `DECIDING`.
            Asked once, and only if something depends on them.
    """

    __slots__ = ("_creators", "_dictionary", "_found", "_numbers", "_outer")

    def __init__(
        self,
        dictionary: KnownVRs,
        outer: Nesting | None,
        numbers: Callable[[], Mapping[int, int]],
    ) -> None:
        self._dictionary = dictionary
        self._outer = outer
        self._numbers = numbers
        self._found: Mapping[int, int] | None = None
        self._creators: dict[int, str] = {}

    def creator(self, tag: int, value: bytes) -> None:
        """A private creator (gggg,00bb) that reserves the block (gggg,bb00) to (gggg,bbFF)."""
        try:
            text = value.decode("utf-8")
        except UnicodeDecodeError:
            text = value.decode("latin-1")
        self._creators[tag] = text.strip(" \0")  # as the dictionaries spell it

    def vr_of(self, tag: int) -> bytes:
        """The VR of an element of this level."""
        creator = None
        if tag >> 16 & 1:
            creator = self._creators.get(tag & 0xFFFF0000 | tag >> 8 & 0xFF)
        vr = self._dictionary.vr_of(tag, creator)
        if vr.encode() in ELEMENT_HEADER_LENGTH:
            return vr.encode()
        if "OB" in vr:
            return b"OW"
        if "OW" in vr:  # a look-up table; PS3.3 C.11.1.1.1
            return b"US" if self._number(_LUT_DESCRIPTOR) == 1 else b"OW"
        if "SS" in vr:
            return b"SS" if self._number(_PIXEL_REPRESENTATION) == 1 else b"US"
        return b"UN"

    def _number(self, tag: int) -> int | None:
        """First value of this element, the nearest one outwards; None if there is none."""
        if self._found is None:
            self._found = self._numbers()
        if tag in self._found:
            return self._found[tag]
        return None if self._outer is None else self._outer._number(tag)  # noqa: SLF001 - its like
