"""Lists of names: what a user wants to be sent, as `find -print0` and others write it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

from dimse.errors import Unreadable
from dul.values import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import IO, Final

__all__ = ["names_from", "names_in"]

_BLOCK: Final = 1 << 16  # bytes


def names_in(stream: IO[bytes], *, nul: bool = False) -> Iterator[str]:
    """The names that a list holds, one by one: lines, or what stands between NULs; none empty.

    Args:
        stream: the list; names in it may be of any bytes.
        nul: names end with a NUL, as `find -print0` writes them, and may hold line ends.
    """
    end = b"\0" if nul else b"\n"
    rest = b""
    while block := stream.read(_BLOCK):
        *names, rest = (rest + block).split(end)
        yield from (os.fsdecode(each) for each in names if each)
    if rest:
        yield os.fsdecode(rest)


def names_from(path: str | os.PathLike[str], *, nul: bool = False) -> Iterator[str]:
    """The names in a list that is a file, or with "-" standard input; see `names_in`.

    Raises:
        Unreadable: it can't be read; when the first name, or one of the next, is taken.
    """
    standard = os.fspath(path) == "-"
    try:
        with nullcontext(sys.stdin.buffer) if standard else Path(path).open("rb") as stream:
            yield from names_in(stream, nul=nul)
    except OSError as error:
        raise Unreadable(path, f"cannot read the list of files: {error.strerror}") from error
