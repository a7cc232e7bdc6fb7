"""A place in an object store, by fsspec: what is done there, and what is said when it fails."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta

from dimse.errors import ObjectStoreUnusable
from dimse.requests import Remote
from dimse.storage.content import Bytes
from dul.values import TYPE_CHECKING, dataclass

if TYPE_CHECKING:
    from typing import BinaryIO, Final

    from fsspec import AbstractFileSystem

__all__ = ["Bucket", "open_bucket", "said"]

PART: Final = 8 << 20
"""Bytes uploaded in one request; a longer object goes in parts of this size. S3 wants 5 MiB at least."""

PARTS: Final = 9_000
"""In how many parts an object may go; S3 allows 10,000. One that is longer has larger parts."""

ABANDONED: Final = timedelta(days=1)
"""An upload in parts that is older is nobody's any more, and is removed. Nothing of it can be seen, but
it is paid for."""

_LOCAL: Final = frozenset({"file", "local"})


@dataclass(frozen=True, slots=True)
class Bucket:
    """A place in an object store.

    Attributes:
        fs: fsspec's file system for it.
        url: of the place, without "/" at its end.
        root: the same as the file system calls it.
    """

    fs: AbstractFileSystem
    url: str
    root: str

    def put(self, name: str, pieces: Iterator[bytes], length: int, *, exclusive: bool) -> None:
        """Upload an object; returns when the store has confirmed it.

        Args:
            name: of it, beneath the place.
            pieces: its bytes.
            length: how many they are.
            exclusive: leave one alone that has the name.

        Raises:
            FileExistsError: `exclusive`, and there is one; if the store knows how to look.
            Exception: whatever the store's package raises.
        """
        path = f"{self.root}/{name}"
        if length <= PART:
            how = {"mode": "create"} if exclusive else {}
            self.fs.pipe_file(path, b"".join(pieces), **how)
            return
        part = max(PART, -(-length // PARTS))
        file = self.fs.open(path, "xb" if exclusive else "wb", block_size=part)
        try:
            for piece in pieces:
                file.write(piece)
            file.close()
        except BaseException:
            with contextlib.suppress(Exception):  # what is in the way may be there still
                file.discard()
            file.closed = True  # or it would upload what it has when it is collected
            raise

    def has(self, name: str) -> bool:
        """Whether there is one of this name.

        Raises:
            Exception: whatever the store's package raises.
        """
        return bool(self.fs.exists(f"{self.root}/{name}"))

    @contextlib.contextmanager
    def stored(self, name: str) -> Iterator[Bytes]:
        """What is there under a name.

        Raises:
            Exception: whatever the store's package raises.
        """
        path = f"{self.root}/{name}"
        with self.fs.open(path, "rb", cache_type="readahead", block_size=PART) as file:

            def read(at: int, count: int) -> bytes:
                file.seek(at)
                return bytes(file.read(count))

            yield Bytes(file.size, read)

    def remote(self, name: str) -> Remote:
        """What a handler is given of an object."""

        def opener() -> BinaryIO:
            try:
                file: BinaryIO = self.fs.open(f"{self.root}/{name}", "rb", block_size=PART)
            except Exception as error:
                raise OSError(None, f"{self.url}/{name}: {said(error)}") from error
            return file

        return Remote(f"{self.url}/{name}", name, opener)

    def try_out(self) -> None:
        """Write an object, and remove it.

        Raises:
            ObjectStoreUnusable: it can't be written.
        """
        path = f"{self.root}/.dulcet-trial"  # one name, so that no crash leaves many
        try:
            self.fs.pipe_file(path, b"storescp looks whether it may write here\n")
        except Exception as error:
            raise ObjectStoreUnusable(self.url, said(error)) from error
        # Who may write need not be allowed to remove.
        with contextlib.suppress(Exception):
            self.fs.rm_file(path)

    def sweep(self) -> None:
        """Remove what uploads in parts have left that never came to their end, where it can be seen."""
        fs, (bucket, _, prefix) = self.fs, self.root.partition("/")
        if not hasattr(fs, "list_multipart_uploads"):  # S3's alone; others' end by themselves
            return
        # It takes permissions that a server needs for nothing else.
        with contextlib.suppress(Exception):
            for upload in fs.list_multipart_uploads(bucket):
                old = datetime.now(UTC) - upload["Initiated"] > ABANDONED
                if old and upload["Key"].startswith(prefix):
                    fs.abort_mpu(bucket, upload["Key"], upload["UploadId"])


def open_bucket(url: str, options: Mapping[str, object]) -> Bucket:
    """The place that a URL names.

    Raises:
        ObjectStoreUnusable: there is none.
    """
    protocol, separator, place = url.partition("://")
    if not separator or not place.strip("/"):
        raise ObjectStoreUnusable(url, "it is no URL such as s3://BUCKET/PREFIX")
    if protocol in _LOCAL:
        raise ObjectStoreUnusable(url, "that is a directory, and is safer as one")
    try:
        # An extra.
        from fsspec.core import url_to_fs  # noqa: PLC0415

        # Not one that somebody else has, with what that remembers of directories.
        fs, root = url_to_fs(
            url, **{"skip_instance_cache": True, "use_listings_cache": False, **options}
        )
    except ImportError as error:
        wanted = f"it needs {error.name}: pip install 'dulcet[objects]'"
        raise ObjectStoreUnusable(url, wanted if error.name else str(error)) from error
    except Exception as error:
        raise ObjectStoreUnusable(url, said(error)) from error
    return Bucket(fs, url, root.rstrip("/"))


def said(error: Exception) -> str:
    """What a store's package says of a fault, in one line."""
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return " ".join(text.split()) or type(error).__name__
