"""Values of data sets as parts of file names, whatever stands in them."""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from hashlib import sha256

from dul.values import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Final

__all__ = ["ABSENT", "cleaned"]

ABSENT: Final = "UNKNOWN"
"""What stands in a name for a value that the data set doesn't have."""

MAXIMUM_COMPONENT: Final = 200
"""Bytes of one name in a path that a value gives: file systems have 255, and more may be put to it."""

# What separates directories, or means something to a shell or to another system's file names.
_UNFIT: Final = frozenset('/\\<>:"|?*')


@lru_cache(maxsize=64)  # the objects of a study have the same
def cleaned(text: str) -> str:
    """A text as a part of a file name, whatever it was: never empty, never a path, never hidden.

    Separators, control characters and what other systems don't allow become "_"; so does a dot
    at the beginning; blanks at either end go; what is too long is cut, with a checksum of the
    whole behind it.
    """
    kept = "".join(
        "_" if char in _UNFIT or unicodedata.category(char)[0] == "C" else char
        for char in unicodedata.normalize("NFC", text)
    ).strip()
    if not kept:
        return ABSENT
    if kept[0] == ".":
        kept = "_" + kept[1:]
    encoded = kept.encode()
    if len(encoded) > MAXIMUM_COMPONENT:
        mark = "~" + sha256(encoded).hexdigest()[:16]
        kept = encoded[: MAXIMUM_COMPONENT - len(mark)].decode("utf-8", "ignore") + mark
    return kept
