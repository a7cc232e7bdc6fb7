"""The files that a DICOMDIR names (PS3.10 8, PS3.3 F.3); loaded when one is to be read, with pydicom."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from dimse.errors import InvalidFile, Unreadable
from dul.values import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

__all__ = ["referenced_files"]


def referenced_files(dicomdir: Path) -> Iterator[Path | Unreadable | InvalidFile]:
    """The files of a file-set, in the order of its directory, each once.

    A File ID has the characters of PS3.10 8.2, upper case; on a disk names have often become lower
    case, or have got a version number or a dot (ISO 9660). What leads out of the directory that the
    DICOMDIR is in is refused, also by a link.

    Yields:
        A path; or an error for a reference that leads to none.

    Raises:
        Unreadable, InvalidFile: the DICOMDIR itself can't be read.
    """
    # It is read as a whole, and rarely.
    import pydicom  # noqa: PLC0415

    try:
        records = pydicom.dcmread(dicomdir).get("DirectoryRecordSequence") or []
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise Unreadable(dicomdir, f"can't be read: {why}") from error
    except Exception as error:  # pydicom raises what it wants of what is damaged
        why = str(error).strip().partition("\n")[0] or type(error).__name__
        raise InvalidFile(dicomdir, f"can't be read as a DICOMDIR: {why}") from error
    names = _Names(dicomdir.parent)
    seen: set[tuple[str, ...]] = set()
    for record in records:
        components = _components(record)
        if components and components not in seen:
            seen.add(components)
            yield names.find(components)


def _components(record: Any) -> tuple[str, ...]:
    """The value of Referenced File ID (0004,1500)."""
    value = record.get("ReferencedFileID") or ()
    return (value,) if isinstance(value, str) else tuple(map(str, value))


class _Names:
    """Finds files below a directory, listing each directory once."""

    def __init__(self, top: Path) -> None:
        self._top = top
        self._real = os.path.realpath(top)
        self._entries: dict[Path, dict[str, str]] = {}

    def find(self, components: tuple[str, ...]) -> Path | Unreadable | InvalidFile:
        """The file that has these names below each other."""
        named = self._top.joinpath(*components)
        for each in components:
            if each in {"", ".", ".."} or "/" in each or "\0" in each:
                return InvalidFile(
                    f"{self._top}: {'/'.join(components)}",
                    "leads out of the directory of the DICOMDIR that names it, and is not read",
                )
        path = self._top
        for each in components:
            found = self._entry(path, each)
            if found is None:
                return Unreadable(named, "is named in the DICOMDIR, and is not there")
            path /= found
        real = os.path.realpath(path)
        if os.path.commonpath([real, self._real]) != self._real:
            return InvalidFile(
                path,
                "is a link out of the directory of the DICOMDIR that names it, and is not read",
            )
        return path

    def _entry(self, directory: Path, name: str) -> str | None:
        """The entry of a directory that a component means."""
        entries = self._entries.get(directory)
        if entries is None:
            entries = self._entries[directory] = {}
            try:
                listed = sorted(os.listdir(directory), reverse=True)  # noqa: PTH208 - names
            except OSError:
                listed = []
            for each in listed:
                entries[_folded(each)] = each
            entries |= {each: each for each in listed}  # an exact name comes first
        return entries.get(name) or entries.get(_folded(name))


def _folded(name: str) -> str:
    """A name as ISO 9660 would have it: "ct1.;1" is CT1."""
    return name.partition(";")[0].rstrip(".").upper()
