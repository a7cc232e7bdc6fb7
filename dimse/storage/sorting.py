"""Directories for studies, as DCMTK's storescp makes them; and files renamed when a study has ended."""

from __future__ import annotations

import contextlib
import os
import unicodedata
from collections.abc import Iterator
from pathlib import Path

from dimse.requests import StoreRequest
from dimse.storage.cleaning import ABSENT, cleaned
from dimse.storage.head import Head
from dimse.storage.naming import Naming
from dimse.storage.studies import Study, StudyLog
from dul.values import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Literal, TypeAlias

__all__ = ["SortedBy", "noting_study", "renamed", "sorted_by_study"]

SortedBy: TypeAlias = "Literal['time', 'uid', 'patient']"
"""What a study's directory is called by: when its first object came, its UID, its patient's name."""

_PATIENT_NAME, _STUDY_INSTANCE_UID = 0x00100010, 0x0020000D
_ANONYMOUS = "ANONYMOUS"


def sorted_by_study(naming: Naming, studies: StudyLog, by: SortedBy, *, prefix: str = "") -> Naming:
    """Names in a directory for each study.

    "time": PREFIX_YYYYMMDD_HHMMSSmmm; "uid": PREFIX_STUDY-INSTANCE-UID; "patient":
    NAME_YYYYMMDD_HHMMSSmmm. Without a prefix there is no "_" for it either.

    Args:
        naming: gives the names of the files.
        studies: is told which study an object belongs to.
        by: what the directories are called by.
        prefix: put before the time or the UID.

    Raises:
        ValueError: the prefix is no part of a file name.
    """
    if prefix and cleaned(prefix) != prefix:
        raise ValueError(f"{prefix!r} is no beginning of a file name")
    first = f"{prefix}_" if prefix else ""

    def name(request: StoreRequest, head: Head) -> str:
        found = head.values([(_STUDY_INSTANCE_UID,), (_PATIENT_NAME,)])
        uid = next(iter(found[_STUDY_INSTANCE_UID,]), "")
        study = studies.enter(uid, request.requestor)
        match by:
            case "uid":
                directory = first + cleaned(uid or ABSENT)
            case "patient":
                directory = f"{_plain(next(iter(found[_PATIENT_NAME,]), ''))}_{study.stamp}"
            case _:
                directory = first + study.stamp
        return f"{cleaned(directory)}/{naming(request, head)}"

    return name


def noting_study(naming: Naming, studies: StudyLog) -> Naming:
    """The names that `naming` gives, and `studies` told which study each object belongs to."""

    def name(request: StoreRequest, head: Head) -> str:
        studies.enter(head.value(_STUDY_INSTANCE_UID), request.requestor)
        return naming(request, head)

    return name


def _plain(name: str) -> str:
    """A patient's name in letters of ASCII, as far as it goes: Müller^Eva is Muller_Eva."""
    letters = unicodedata.normalize("NFKD", name.partition("=")[0].replace("ß", "ss"))
    kept = "".join(
        char if char.isalnum() else "_"
        for char in letters
        if char.isascii() and not unicodedata.combining(char)
    )
    return kept.strip("_") or (cleaned(name) if name.strip("^= ") else _ANONYMOUS)


def renamed(study: Study) -> Iterator[tuple[Path, Path | OSError]]:
    """Rename the files of a study that has ended: CT000001, CT000002 ..., in the order they came.

    The letters are the first two of the modality in the name that `naming` gave. A number that a
    file has already is passed over: none is replaced.

    Args:
        study: with its `paths`.

    Yields:
        Each path and its new one, or why it could not be renamed.
    """
    number = 0
    for path in dict.fromkeys(study.paths):
        code = path.name.split(".")[1] if path.name[:1].isdigit() else path.name
        try:
            fd = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError as error:
            yield path, error
            continue
        try:
            while True:
                number += 1
                name = f"{code[:2]}{number:06}"
                with contextlib.suppress(FileExistsError):
                    # Unlike rename(2), link(2) never replaces.
                    os.link(path.name, name, src_dir_fd=fd, dst_dir_fd=fd, follow_symlinks=False)
                    break
            os.unlink(path.name, dir_fd=fd)
            os.fsync(fd)
            yield path, path.with_name(name)
        except OSError as error:
            yield path, error
        finally:
            os.close(fd)
