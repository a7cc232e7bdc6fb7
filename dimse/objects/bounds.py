"""Every bound on what is read from an object, with its reason; bytes, unless it says otherwise.

The bounds of an association are in `dul.limits`. These here are not for users to set: they guard
against files that are damaged or made to do harm, far away from what real objects need.
"""

from __future__ import annotations

from dul.values import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Final

__all__ = [
    "CACHE",
    "CHUNK",
    "DEFAULT_LEVEL",
    "HEAD",
    "HOP",
    "INLINE",
    "MAXIMUM_CUTS",
    "MAXIMUM_DEPTH",
    "MAXIMUM_INFLATED",
    "MAXIMUM_INFLATED_IN_MEMORY",
    "MAXIMUM_META",
    "MAXIMUM_UNPACKED",
    "MAXIMUM_WARNINGS",
    "SCRATCH",
    "USUAL_PADDING",
    "WHOLE",
]

HEAD: Final = 1 << 16
"""One read that takes all of a small file, or all headers of most large ones. In practice the two
UIDs stand in the first few hundred bytes of a data set."""

HOP: Final = 1 << 12
"""A read behind a jump over a large value, where little is needed."""

CHUNK: Final = 1 << 16
"""A step of inflating, deflating, turning words."""

WHOLE: Final = HEAD
"""A file of up to this size may be read whole when it is examined, if the cache has room. To keep more is
slower than to read it again: 0.5 MB of new memory take 1.3 ms, and 0.13 ms where the last object was."""

CACHE: Final = 32 << 20
"""What one `Cache` keeps of files that were read whole, until they are sent."""

INLINE: Final = 1 << 10
"""Values up to here are copied where a data set is encoded anew; longer ones stay in the file."""

SCRATCH: Final = 8 << 20
"""What is encoded anew stays in memory up to here, and goes to a temporary file beyond."""

DEFAULT_LEVEL: Final = 6
"""How hard deflating tries, 0 to 9: zlib's own default, and DCMTK's."""

MAXIMUM_META: Final = 1 << 20
"""File meta information. Private Information (0002,0102) may be of any size, but nobody has been
seen to use it for more than a few kilobytes."""

MAXIMUM_DEPTH: Final = 64
"""Sequences in each other, not bytes. The standard's own deepest structures have fewer than ten
levels; DCMTK's bound is the same."""

MAXIMUM_INFLATED: Final = 4 << 30
"""A data set may not inflate without end: 1 MB of deflated zeros makes 1 GB."""

MAXIMUM_INFLATED_IN_MEMORY: Final = 1 << 30
"""The same where it is held in memory, for `request.dataset()`."""

MAXIMUM_UNPACKED: Final = 256 << 30
"""All members of one archive together, each time they are read. A study has a few gigabytes; a file
of 42 kB can be made to hold petabytes."""

MAXIMUM_WARNINGS: Final = 10
"""Warnings on one object, not bytes; the rest is counted. A damaged object can have millions."""

MAXIMUM_CUTS: Final = 1000
"""Places in one data set where elements are left out, not bytes. Real objects have one or two."""

USUAL_PADDING: Final = 1 << 16
"""NULs behind a data set, up to the block size of a medium, are common and not worth a word. More
of them may be a file that was allocated and not filled."""
