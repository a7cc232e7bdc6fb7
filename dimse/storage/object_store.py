"""An object store that takes received objects: S3, Google Cloud Storage, Azure, by URL.

    with ObjectStore("s3://bucket/incoming") as store:
        Server(store.open, port=11112)

What comes is held on this machine until it is whole: in memory at first, then in a temporary file that
has no name, so that nothing of it is left whatever happens. Then it is checked and named as in a
`spool`, and only then is it uploaded: in one request, or a large one in parts that the store puts
together when the last is there. So there is at any moment, under its name, the whole of the old object
or the whole of the new one, or nothing; and Success is answered when the store has confirmed it.

What stores are spoken to by is fsspec, whose packages also find the credentials where their users
expect them: in the environment, in ~/.aws/config, in the machine's role.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from types import TracebackType

from dimse.errors import (
    ObjectStoreError,
    SpoolError,
    StorageRefused,
)
from dimse.objects.scratch import Scratch
from dimse.requests import Remote, StoreRequest
from dimse.storage.appearance import Appearance, Existing, give_way
from dimse.storage.bucket import Bucket, open_bucket, said
from dimse.storage.checked import Checked, Checking
from dimse.storage.content import Bytes
from dimse.storage.converting import WriteAs
from dimse.storage.head import Head
from dimse.storage.identical import same_object
from dimse.storage.identifiers import check_identifiers
from dimse.storage.naming import Naming, dcmtk_name
from dimse.tables import uids
from dul.values import TYPE_CHECKING, dataclass

if TYPE_CHECKING:
    from typing import Final, Self

__all__ = ["ObjectStore", "ObjectUpload", "ToldOfRemote"]

ToldOfRemote = Callable[[str, str], None]
"""Is told of an object that was there already, by its URL, and what became of the new one: "kept",
"identical"."""

IN_MEMORY: Final = 1 << 20
"""Bytes of an object that are held in memory while it comes; of a longer one, the rest lies in a file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Policy:
    """How objects are stored; see the arguments of `ObjectStore`."""

    bucket: Bucket
    appearance: Appearance
    existing: Existing
    told: ToldOfRemote | None
    write_as: WriteAs | None


class ObjectStore:
    """A place in an object store that takes received objects. Threads may share it."""

    def __init__(
        self,
        url: str,
        *,
        options: Mapping[str, object] | None = None,
        existing: Existing = "replace",
        check: bool = True,
        strict: bool = False,
        keep_mismatched: bool = False,
        naming: Naming = dcmtk_name,
        extension: str = "",
        file_meta: bool = True,
        implementation_class_uid: str = uids.IMPLEMENTATION_CLASS_UID,
        implementation_version_name: str = uids.IMPLEMENTATION_VERSION_NAME,
        told: ToldOfRemote | None = None,
        write_as: WriteAs | None = None,
    ) -> None:
        """Try the store, with an object that is removed at once.

        Args:
            url: "s3://BUCKET/PREFIX", "gs://...", "az://...", or of any other store that fsspec knows.
            options: what its package takes besides: endpoint_url, key, secret ...; by default what
                it finds in the environment.
            existing: what happens to an object whose name is taken. All but "replace" ask the store
                first, and then let it see to it that nobody comes in between, which S3 itself,
                Google's and Azure's do, but not everything that speaks S3.
            check: whether the data set is looked at: its own UIDs are to be the command's, and it
                is to be whole. Without, whatever comes is stored.
            strict: refuse what `check` finds and tolerates otherwise.
            keep_mismatched: store also a data set whose UIDs are not the command's; it is answered
                with A900H all the same.
            naming: gives the name, without extension.
            extension: put behind every name, with its dot: ".dcm".
            file_meta: whether file meta information (PS3.10 7.1) is put before the data set.
            implementation_class_uid: (0002,0012).
            implementation_version_name: (0002,0013).
            told: is told of objects that were there already and were not replaced.
            write_as: convert what is not compressed; None: keep the bytes as they come.

        Raises:
            ObjectStoreUnusable: it can't be reached or written to, or its package is not installed.
            ValueError: an extension that isn't one.
        """
        appearance = Appearance(
            naming=naming,
            extension=extension,
            file_meta=file_meta,
            implementation=(implementation_class_uid, implementation_version_name),
        )
        self.url = url.rstrip("/")
        bucket = open_bucket(self.url, options or {})
        self._policy = _Policy(
            bucket=bucket,
            appearance=appearance,
            existing=existing,
            told=told,
            write_as=write_as,
        )
        self._checking = Checking(check, strict, keep_mismatched)
        bucket.try_out()
        bucket.sweep()

    def open(self, request: StoreRequest) -> ObjectUpload | Checked:
        """The sink for a C-STORE request.

        Raises:
            InvalidSOPInstance: the SOP Instance UID is none; status 0117H.
            UnknownSOPClass: the SOP Class UID is none; status 0122H.
        """
        check_identifiers(request)
        upload = ObjectUpload(self._policy, request)
        return self._checking.over(upload, request)

    def close(self) -> None:
        """There is nothing to be let go of: every object is on its way by itself."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class ObjectUpload:
    """An object on its way into the store: a sink.

    Attributes:
        length: bytes of the data set that have come.
        kept: after `commit`, whether an older object has kept the name.
    """

    def __init__(self, policy: _Policy, request: StoreRequest) -> None:
        """Made by `ObjectStore.open`."""
        self.length = 0
        self.kept = False
        self._policy = policy
        self._request = request
        self._syntax = request.transfer_syntax_uid
        self._held = Scratch(IN_MEMORY)
        self._failure: StorageRefused | None = None
        self._remote: Remote | None = None

    def write(self, views: Sequence[memoryview]) -> None:
        """Take fragments of the data set. Never raises: a failure is reported by `commit`."""
        self.length += sum(map(len, views))
        if self._failure is not None:
            return
        try:
            for view in views:
                self._held.append(view)
        except OSError as error:
            self._failure = SpoolError("temporary file", error.strerror or "", error.errno)
            self._held.close()

    def read_back(self, at: int, count: int) -> bytes:
        """Bytes of the data set that have come, for a check before `commit`.

        Raises:
            OSError: they can't be read.
        """
        if self._failure is not None:
            raise OSError(None, "they are gone")
        return _read(self._held, at, count)

    def commit(self) -> Remote:
        """Upload the object; returns when the store has confirmed it.

        Raises:
            ObjectStoreError: the store does not take it, or it was discarded.
            AlreadyStored: another object has the name, and is not to be replaced.
            SpoolError: there was no room for it on this machine.
        """
        if self._remote is not None:
            return self._remote
        if self._failure is not None:
            raise self._failure
        try:
            return self._commit()
        except StorageRefused as error:
            self._failure = error
            raise
        finally:
            self._held.close()

    def _commit(self) -> Remote:
        policy, bucket = self._policy, self._policy.bucket
        head = Head(self._syntax, self.length, self.read_back)
        try:
            name = policy.appearance.name_of(self._request, head)
        except ValueError as error:
            raise ObjectStoreError(bucket.url, str(error)) from error
        remote = bucket.remote(name)
        try:
            if policy.write_as is not None and policy.write_as.concerns(self._syntax):
                self._convert(policy.write_as, remote)
            exclusive = policy.existing != "replace"
            there = exclusive and bucket.has(name)
            if not there:
                before = policy.appearance.head_of(self._request, self._syntax)
                length = len(before) + len(self._held)
                try:
                    bucket.put(name, self._pieces(before), length, exclusive=exclusive)
                except FileExistsError:  # somebody else's came in between
                    there = True
            if there:
                self._give_way(name, remote)
        except StorageRefused:
            raise
        except Exception as error:
            raise ObjectStoreError(remote.url, said(error)) from error
        self._remote = remote
        return remote

    def _pieces(self, head: bytes) -> Iterator[bytes]:
        yield head
        at, buffer = 0, memoryview(bytearray(IN_MEMORY))
        while count := self._held.read(at, buffer):
            yield bytes(buffer[:count])
            at += count

    def _convert(self, write_as: WriteAs, remote: Remote) -> None:
        """Hold the data set in another transfer syntax or form."""
        received, came = Bytes(self.length, self.read_back), self._syntax
        self._syntax = write_as.target(came)
        before = len(self._policy.appearance.head_of(self._request, self._syntax))
        converted = Scratch(IN_MEMORY)
        try:
            for piece in write_as.pieces(remote, received, came, before=before):
                converted.append(piece)
        except BaseException:
            converted.close()
            raise
        self._held.close()
        self._held = converted

    def _give_way(self, name: str, remote: Remote) -> None:
        """Another object has the name: drop the new one, if that is not to be called a failure.

        Raises:
            AlreadyStored: it is.
        """
        what = give_way(self._policy.existing, remote.url, lambda: self._is_same(name))
        self.kept = True
        if self._policy.told is not None:
            self._policy.told(remote.url, what)

    def _is_same(self, name: str) -> bool:
        new = Bytes(len(self._held), self.read_back)
        with self._policy.bucket.stored(name) as old:
            return same_object(
                old,
                new,
                0,
                transfer_syntax_uid=self._syntax,
                file_meta=self._policy.appearance.file_meta,
            )

    def discard(self) -> None:
        """Forget it; after `commit`, nothing. Idempotent; never raises."""
        if self._failure is None and self._remote is None:
            self._failure = ObjectStoreError(self._policy.bucket.url, "it was discarded")
        self._held.close()


def _read(held: Scratch, at: int, count: int) -> bytes:
    """So many bytes, fewer at the end."""
    buffer = memoryview(bytearray(count))
    have = 0
    while have < count and (more := held.read(at + have, buffer[have:])):
        have += more
    return bytes(buffer[:have])
