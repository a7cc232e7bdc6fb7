"""What stands behind the names that a user gives: files, directories, and what is in them.

    for found in collect(["cd", "ct.dcm"], scan=True, recurse=True):
        match found:
            case LeftOut(): ...     # a text, a DICOMDIR, a pipe: it says what and why
            case Unusable(): ...    # was asked for, and can't be sent
            case _: ...             # an Outgoing, ready to be sent

Nothing is left out without a word: each name, and each entry of a directory that is looked into,
makes one record. Objects come one at a time, so that the first can be sent before the last is found.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator

from dimse.errors import DIMSEError, NotDICOM, Unreadable
from dimse.objects.cache import Cache
from dimse.objects.outgoing import Outgoing, examine_file, refuse_invalid_uids
from dimse.objects.part10 import FileForm
from dul.enumeration import Enum
from dul.values import TYPE_CHECKING, dataclass

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Final

    from dimse.objects.archives import Member

__all__ = [
    "MEDIA_STORAGE_DIRECTORY",
    "Found",
    "LeftOut",
    "Reason",
    "Unusable",
    "collect",
    "find",
    "look",
]

MEDIA_STORAGE_DIRECTORY = "1.2.840.10008.1.3.10"
"""The SOP class of a DICOMDIR, which is for media and never goes over the network (PS3.10 8)."""


_ARCHIVES: Final = (
    ".zip", ".tar", ".gz", ".tgz", ".bz2", ".tbz2", ".xz", ".txz",
)  # fmt: skip


class Reason(Enum):
    """Why something is left out, although nothing is wrong with it."""

    DIRECTORY = "a directory, and none is to be looked into"
    SUBDIRECTORY = "a directory in a directory, and these are not to be looked into"
    LINK = "a link to a directory, and these are not to be followed"
    VISITED = "a directory that was looked into already, by another way"
    PATTERN = "a file whose name is not one of those that are looked for"
    SPECIAL = "a pipe, a socket or a device"
    NOT_DICOM = "no DICOM file"
    ARCHIVE = "an archive in a directory or in an archive, and these are not to be opened"
    NO_FILE = "a link, a device or a sparse file in an archive"
    DICOMDIR = "a DICOMDIR, which is no object that a peer stores"


@dataclass(frozen=True, slots=True)
class Found:
    """A file, not looked at yet.

    Attributes:
        name: as it was given, or as it was found in a directory that was given.
        named: it was given by name; else it was found in a directory, and may be anything.
        member: of an archive, if it is in one; then `name` is no file's.
    """

    name: str
    named: bool
    member: Member | None = None

    @property
    def path(self) -> Path:
        """The name, as a path."""
        return _path(self.name)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What is not sent, as it is not meant to be."""

    path: Path
    reason: Reason


@dataclass(frozen=True, slots=True)
class Unusable:
    """What was asked for, by name or in a directory, and can't be sent.

    Attributes:
        path: a file or a directory.
        error: why; an `Unreadable` if the operating system does not let us.
        directory: it is a directory, and nothing in it was found.
    """

    path: Path
    error: DIMSEError
    directory: bool = False


def collect(
    names: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    *,
    scan: bool = False,
    recurse: bool = False,
    follow_links: bool = False,
    pattern: str | None = None,
    archives: bool = False,
    dicomdir: bool = False,
    strict: bool = False,
    unproven: bool = False,
    form: FileForm = "any",
    cache: Cache | None = None,
) -> Iterator[Outgoing | LeftOut | Unusable]:
    """Find files and look at each: what it is, and whether it is whole.

    Args:
        names: files and directories; or one of them.
        scan: look into the directories.
        recurse: and into those that are in them.
        follow_links: and into those that are linked there; none twice.
        pattern: see `find`.
        archives: see `find`.
        dicomdir: see `find`.
        strict: see `dimse.objects.outgoing.examine`.
        unproven: the same.
        form: the same.
        cache: the same.

    Yields:
        One record for each name and each entry of a directory, in the order of the names, and in
        a directory in that of its entries' names.
    """
    for found in find(
        names,
        scan=scan,
        recurse=recurse,
        follow_links=follow_links,
        pattern=pattern,
        archives=archives,
        dicomdir=dicomdir,
    ):
        if isinstance(found, Found):
            yield look(found, strict=strict, unproven=unproven, form=form, cache=cache)
        else:
            yield found


def look(
    found: Found,
    *,
    strict: bool = False,
    unproven: bool = False,
    form: FileForm = "any",
    check_uids: bool = False,
    cache: Cache | None = None,
) -> Outgoing | LeftOut | Unusable:
    """Look at one file; see `collect`."""
    item: Outgoing
    try:
        if found.member is None:
            item = examine_file(
                found.name, strict=strict, unproven=unproven, form=form, cache=cache
            )
        else:
            # An archive was opened, so this is loaded.
            from dimse.objects.archives import examine_member  # noqa: PLC0415

            item = examine_member(
                found.member, strict=strict, unproven=unproven, form=form, cache=cache
            )
        if check_uids:
            refuse_invalid_uids(item)
    except NotDICOM as error:
        if not found.named:
            return LeftOut(found.path, Reason.NOT_DICOM)
        return Unusable(found.path, error)
    except DIMSEError as error:
        return Unusable(found.path, error)
    if item.sop_class_uid == MEDIA_STORAGE_DIRECTORY:
        return LeftOut(found.path, Reason.DICOMDIR)
    return item


def find(
    names: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    *,
    scan: bool = False,
    recurse: bool = False,
    follow_links: bool = False,
    pattern: str | None = None,
    archives: bool = False,
    dicomdir: bool = False,
    objects_only: bool = False,
) -> Iterator[Found | LeftOut | Unusable]:
    """The files that names stand for, not looked at yet.

    An archive that is named is opened: zip, tar, gzip and their like, by the end of its name. Its
    members are called "study.zip!ct/1.dcm".

    Args:
        names: see `collect`.
        scan: the same.
        recurse: the same.
        follow_links: the same.
        pattern: only files in directories whose names match it: `*`, `?`, `[...]`.
        archives: open also archives that are found in directories.
        dicomdir: what is named is DICOMDIRs: the files that these name. A directory stands for the
            DICOMDIR in it.
        objects_only: a file in a directory that is no DICOM file is an error, as if it was named;
            else it is left out.
    """
    for name in (names,) if isinstance(names, str | os.PathLike) else names:
        path = os.fspath(name)
        if dicomdir:
            within = os.path.join(path, "DICOMDIR")  # noqa: PTH118 - names here, see _path
            yield from _referenced(within if _is_directory(path) else path)
        elif not _is_directory(path):
            named = Found(path, named=True)
            if _is_archive(path):
                yield from _opened(named)
            else:
                yield named
        elif scan:
            search = _Search(recurse=recurse, follow_links=follow_links, pattern=pattern)
            for found in search.run(path):
                if isinstance(found, Found) and objects_only:
                    yield Found(found.name, named=True)
                elif not (isinstance(found, Found) and _is_archive(found.name)):
                    yield found
                elif archives:
                    yield from _opened(found)
                else:
                    yield LeftOut(found.path, Reason.ARCHIVE)
        else:
            yield LeftOut(_path(path), Reason.DIRECTORY)


def _path(name: str | os.PathLike[str]) -> Path:
    # It loads how addresses of the web are written, and most files are never asked for their path.
    from pathlib import Path  # noqa: PLC0415

    return Path(name)


def _is_archive(name: str) -> bool:
    return name.lower().endswith(_ARCHIVES)


def _opened(found: Found) -> Iterator[Found | LeftOut | Unusable]:
    """The members of what has an archive's name; itself if it is no file."""
    if not found.path.is_file():
        yield found
        return
    # Few ever have one.
    from dimse.objects.archives import Archive, Skipped  # noqa: PLC0415

    try:
        for member in Archive(found.path).members():
            if isinstance(member, Skipped):
                yield LeftOut(_path(member.name), Reason.NO_FILE)
            elif _is_archive(member.inner):
                yield LeftOut(_path(member.name), Reason.ARCHIVE)
            else:
                yield Found(member.name, named=False, member=member)
    except DIMSEError as error:
        yield Unusable(found.path, error)


def _referenced(path: str) -> Iterator[Found | Unusable]:
    """The files that a DICOMDIR names."""
    # Few ever have one.
    from dimse.objects.dicomdir import referenced_files  # noqa: PLC0415

    try:
        for each in referenced_files(_path(path)):
            if isinstance(each, DIMSEError):
                yield Unusable(_path(each.path), each)
            else:
                yield Found(str(each), named=True)
    except DIMSEError as error:
        yield Unusable(_path(path), error)


def _is_directory(path: str) -> bool:
    try:
        return stat.S_ISDIR(os.stat(path).st_mode)  # noqa: PTH116 - Path.is_dir hides errors
    except (OSError, ValueError):
        return False  # whoever opens it is told why


class _Search:
    """The search of one directory and those in it."""

    def __init__(self, *, recurse: bool, follow_links: bool, pattern: str | None) -> None:
        self._pattern = pattern
        self._recurse = recurse
        self._follow_links = follow_links
        self._visited: set[tuple[int, int]] = set()  # device and inode
        # Entries that are still to be seen, of each directory on the way down, the last one first.
        # Of a plain file its name is enough, which takes a fifth of the memory.
        self._waiting: list[tuple[str, list[str | os.DirEntry[str]]]] = []

    def run(self, top: str) -> Iterator[Found | LeftOut | Unusable]:
        """Search it."""
        yield from self._enter(top)
        while self._waiting:
            directory, entries = self._waiting[-1]
            if not entries:
                self._waiting.pop()
                continue
            entry = entries.pop()
            if isinstance(entry, str):
                yield self._file(directory, entry)
            else:
                yield from self._see(entry)

    def _enter(self, path: str) -> Iterator[LeftOut | Unusable]:
        """Put the entries of a directory on the list, unless it was looked into already."""
        try:
            status = os.stat(path)  # noqa: PTH116 - as above
            identity = status.st_dev, status.st_ino
            if identity in self._visited:
                yield LeftOut(_path(path), Reason.VISITED)
                return
            self._visited.add(identity)
            with os.scandir(path) as entries:
                names = [entry.name if _is_plain(entry) else entry for entry in entries]
            names.sort(key=lambda each: each if isinstance(each, str) else each.name, reverse=True)
        except OSError as error:
            why = f"can't be searched: {error.strerror}"
            yield Unusable(_path(path), Unreadable(path, why), directory=True)
        else:
            self._waiting.append((path, names))

    def _see(self, entry: os.DirEntry[str]) -> Iterator[Found | LeftOut | Unusable]:
        path = entry.path
        linked = entry.is_symlink()
        try:
            directory, file = entry.is_dir(), entry.is_file()
            special = not (directory or file) and (not linked or os.path.exists(path))  # noqa: PTH110
        except OSError:  # a link in a circle of links, say
            directory = special = False
        if directory and linked and not (self._recurse and self._follow_links):
            yield LeftOut(_path(path), Reason.LINK)
        elif directory and not self._recurse:
            yield LeftOut(_path(path), Reason.SUBDIRECTORY)
        elif directory:
            yield from self._enter(path)
        elif special:
            yield LeftOut(_path(path), Reason.SPECIAL)
        else:
            # A link that leads nowhere is one, too: it was meant to be a file.
            yield self._file(os.path.dirname(path), entry.name)  # noqa: PTH120

    def _file(self, directory: str, name: str) -> Found | LeftOut:
        path = os.path.join(directory, name)  # noqa: PTH118
        if self._pattern is not None and not _matches(name, self._pattern):
            return LeftOut(_path(path), Reason.PATTERN)
        return Found(path, named=False)


def _matches(name: str, pattern: str) -> bool:
    # It loads regular expressions, and few give a pattern.
    from fnmatch import fnmatchcase  # noqa: PLC0415

    return fnmatchcase(name, pattern)


def _is_plain(entry: os.DirEntry[str]) -> bool:
    """A regular file, and no link to one; found out without another look at it."""
    try:
        return entry.is_file(follow_symlinks=False)
    except OSError:
        return False
