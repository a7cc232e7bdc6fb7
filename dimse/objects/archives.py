"""Objects in zip, tar and gzip archives; loaded when one is to be opened.

Nothing is unpacked beside the archive: a member is unpacked to memory, or to a temporary file if it
is large, once to be examined and once to be sent, and is gone then. What a small archive can become
is bounded (`bounds.MAXIMUM_INFLATED`, `bounds.MAXIMUM_UNPACKED`).
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import tarfile
import threading
import weakref
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from dimse.errors import InvalidFile, Unreadable
from dimse.objects.bounds import CHUNK, MAXIMUM_INFLATED, MAXIMUM_UNPACKED
from dimse.objects.cache import Cache
from dimse.objects.codecs import obstacle_to_conversion
from dimse.objects.outgoing import OutgoingSource, opened
from dimse.objects.part10 import FileForm, contents_of
from dimse.objects.scratch import Scratch
from dimse.objects.sources import Encoded, MemoryOrigin, Origin, Stamp, stamp_of
from dimse.objects.walk import Span
from dimse.objects.window import Window
from dul.values import TYPE_CHECKING, cast, dataclass, field

if TYPE_CHECKING:
    from typing import IO, Final

__all__ = ["Archive", "ArchivedObject", "Member", "Skipped", "examine_member"]

_DAMAGED: Final = (
    EOFError,
    OSError,  # gzip.BadGzipFile, too
    lzma.LZMAError,
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
    NotImplementedError,  # a compression that zipfile does not know
    RuntimeError,  # an encrypted member
)


@dataclass(frozen=True, slots=True)
class Skipped:
    """What is in an archive and is no file.

    Attributes:
        name: archive and member.
    """

    name: str


@dataclass(frozen=True, slots=True)
class Member:
    """A file in an archive.

    Attributes:
        archive: which one.
        inner: its name in there.
        place: where it is: the index of a zip's entry, or where it lies in a tar.
        size: bytes, as far as the archive says; None for gzip, which does not.
    """

    archive: Archive = field(repr=False)
    inner: str
    place: int
    size: int | None

    @property
    def name(self) -> str:
        """Archive and member: "study.zip!ct/1.dcm"."""
        return f"{self.archive.path}!{self.inner}"


class Archive:
    """An archive that is read several times. What is open of it is closed with the last of its members.

    Args:
        path: the file.

    Raises:
        Unreadable: it can't be opened.
        InvalidFile: it is none.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._unpacked = 0
        self._files: dict[str, IO[bytes]] = {}
        self._zip: zipfile.ZipFile | None = None
        weakref.finalize(self, _close_all, self._files)
        try:
            raw = self._open_raw()
            self.stamp: Stamp = stamp_of(os.fstat(raw.fileno()))
            self._files["list"] = raw
            self._kind = _kind_of(raw)
            if self._kind == "zip":
                self._zip = zipfile.ZipFile(raw)
        except _DAMAGED as error:
            raise self._unusable(str(path), error) from error

    def _open_raw(self) -> IO[bytes]:
        return self.path.open("rb")

    def members(self) -> Iterator[Member | Skipped]:
        """What is in it, in its order; no directories.

        Raises:
            InvalidFile, Unreadable: the rest of it can't be read.
        """
        try:
            if self._zip is not None:
                for index, info in enumerate(self._zip.infolist()):
                    if not info.is_dir():
                        yield Member(self, info.filename, index, info.file_size)
            elif self._kind == "tar":
                yield from self._tarred()
            else:
                yield Member(self, self.path.stem, 0, None)
        except _DAMAGED as error:
            raise self._unusable(str(self.path), error) from error

    def _tarred(self) -> Iterator[Member | Skipped]:
        with tarfile.open(fileobj=self._files["list"]) as tar:  # whatever it is compressed with
            while (info := tar.next()) is not None:
                if info.isreg() and not info.issparse():
                    yield Member(self, info.name, info.offset_data, info.size)
                elif not info.isdir():
                    yield Skipped(f"{self.path}!{info.name}")
                tar.members.clear()  # type: ignore[attr-defined] # else it keeps them all

    def unpack(self, member: Member, purpose: str) -> Scratch:
        """The bytes of a member. Close it.

        Args:
            member: of this archive.
            purpose: who reads. A compressed tar is read forward; each purpose goes its own way.

        Raises:
            Unreadable: the archive is gone, or changed since it was looked into.
            InvalidFile: the member is damaged, or too large.
        """
        new = Scratch()
        try:
            with self._lock:
                self._check()
                stream = self._stream(member, purpose)
                self._copy(member, stream, new)
        except _DAMAGED as error:
            new.close()
            raise self._unusable(member.name, error) from error
        except BaseException:
            new.close()
            raise
        return new

    def _copy(self, member: Member, stream: IO[bytes], new: Scratch) -> None:
        left = MAXIMUM_INFLATED + 1 if member.size is None else member.size
        while left and (piece := stream.read(min(CHUNK, left))):
            left -= len(piece)
            self._count(member, len(new) + len(piece), len(piece))
            new.append(piece)
        if self._zip is not None:
            stream.read(1)  # its check sum is compared at the end
            stream.close()
        if left and member.size is not None:
            raise InvalidFile(member.name, f"{left} bytes of it are missing in the archive")

    def _stream(self, member: Member, purpose: str) -> IO[bytes]:
        if self._zip is not None:
            return self._zip.open(self._zip.infolist()[member.place])
        stream = self._files.get(purpose)
        if stream is None:
            raw = self._files[f"{purpose}, compressed"] = self._open_raw()
            stream = self._files[purpose] = _decompressed(raw)
        stream.seek(member.place)
        return stream

    def _check(self) -> None:
        if stamp_of(self.path.stat()) != self.stamp:
            raise Unreadable(self.path, "has changed since it was looked into; send it again")

    def _count(self, member: Member, size: int, more: int) -> None:
        self._unpacked += more
        if size > MAXIMUM_INFLATED:
            raise InvalidFile(member.name, f"unpacked, it has more than {MAXIMUM_INFLATED} bytes")
        if self._unpacked > MAXIMUM_UNPACKED:
            raise InvalidFile(
                member.name,
                f"its archive unpacks to more than {MAXIMUM_UNPACKED} bytes. Unpack it yourself, "
                "if it is to be trusted",
            )

    def _unusable(self, name: str, error: BaseException) -> Unreadable | InvalidFile:
        if isinstance(error, Unreadable | InvalidFile):
            return error
        if isinstance(error, OSError) and error.errno is not None:
            return Unreadable(name, f"can't be read: {error.strerror}")
        why = str(error).partition("\n")[0] or type(error).__name__
        return InvalidFile(name, f"can't be unpacked: {why}")


def _close_all(files: dict[str, IO[bytes]]) -> None:
    for each in files.values():
        each.close()


def _kind_of(raw: IO[bytes]) -> str:
    """Zip, tar (compressed or not), or one compressed file."""
    head = raw.read(512)
    raw.seek(0)
    if head.startswith((b"PK\3\4", b"PK\5\6")):
        return "zip"
    inner = _decompressed(raw)
    if inner is raw:
        return "tar"
    is_tar = inner.read(512)[257:262] == b"ustar"
    raw.seek(0)
    return "tar" if is_tar else "one"


def _decompressed(raw: IO[bytes]) -> IO[bytes]:
    head = raw.read(6)
    raw.seek(0)
    if head.startswith(b"\x1f\x8b"):
        return cast("IO[bytes]", gzip.GzipFile(fileobj=raw))
    if head.startswith(b"BZh"):
        return bz2.BZ2File(raw)
    if head.startswith(b"\xfd7zXZ\0"):
        return lzma.LZMAFile(raw)
    return raw


@dataclass(frozen=True, slots=True)
class ArchivedObject:
    """An object in an archive that was examined, and is whole; as `dimse.objects.outgoing.FileObject`.

    Attributes:
        member: where it is.
        sop_class_uid: that of the data set.
        sop_instance_uid: that of the data set.
        transfer_syntax_uid: how it is encoded.
        spans: where the data set lies in the member: positions and lengths, in bytes.
        odd: whether elements of odd length were seen in it.
        proven: whether it is known to be whole.
        warnings: what is wrong with it and tolerated.
        content: the whole member, if it was kept.
        file: None, as none has this name.
    """

    member: Member = field(repr=False)
    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    spans: tuple[Span, ...]
    odd: bool
    proven: bool
    warnings: tuple[str, ...]
    content: bytes | None = field(repr=False)
    file: str | None = None

    @property
    def name(self) -> str:
        """Archive and member."""
        return self.member.name

    @property
    def length(self) -> int:
        """Bytes of the data set in the member."""
        return sum(length for _, length in self.spans)

    def obstacle(self, transfer_syntax_uid: str) -> str | None:
        """Uncompressed ones are converted into each other, or compressed without loss."""
        own = self.transfer_syntax_uid
        return obstacle_to_conversion(own, transfer_syntax_uid, proven=self.proven)

    def encoded(self) -> Encoded:
        """The data set as it lies in the member, unpacked again.

        Raises:
            Unreadable, InvalidFile: as `Archive.unpack`.
        """
        if self.content is not None:
            origin: Origin = MemoryOrigin(self.name, self.content, None)
        else:
            origin = _Unpacked(self.member.archive.unpack(self.member, "send"))
        own = self.transfer_syntax_uid
        return Encoded(self.name, origin, self.spans, own, self.odd, self.proven)

    def open(self, transfer_syntax_uid: str) -> OutgoingSource:
        """The data set in this syntax."""
        return opened(self.encoded(), transfer_syntax_uid)


class _Unpacked:
    """A member's bytes, as where a data set lies."""

    def __init__(self, new: Scratch) -> None:
        self.read = new.read
        self.close = new.close

    def finish(self) -> None:
        """Nobody else writes to it; of what it was unpacked from, the check sum was compared."""


def examine_member(
    member: Member,
    *,
    strict: bool = False,
    unproven: bool = False,
    form: FileForm = "any",
    cache: Cache | None = None,
) -> ArchivedObject:
    """Find out what an object in an archive is; as `dimse.objects.outgoing.examine`.

    Raises:
        Part10Error: it is no DICOM file, cut off, or can't be unpacked.
    """
    unpacked = member.archive.unpack(member, "examine")
    try:
        size = len(unpacked)
        whole = memoryview(bytearray(size if cache is not None and cache.take(size) else 0))
        done = 0
        while done < len(whole):
            done += unpacked.read(done, whole[done:])
        content = bytes(whole) if whole else None
        if not size:
            raise InvalidFile(member.name, "is empty")
        window = Window(member.name, size, lambda at, count: _take(unpacked, at, count))
        found = contents_of(window, strict=strict, unproven=unproven, form=form)
    finally:
        unpacked.close()
    return ArchivedObject(
        member,
        found.sop_class_uid,
        found.sop_instance_uid,
        found.transfer_syntax_uid,
        found.spans,
        found.odd,
        found.proven,
        found.warnings,
        content,
    )


def _take(unpacked: Scratch, at: int, count: int) -> bytes:
    view = memoryview(bytearray(count))
    done = 0
    while done < count and (got := unpacked.read(at + done, view[done:])):
        done += got
    return bytes(view[:done])
