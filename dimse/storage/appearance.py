"""What a stored object looks like, wherever it is stored: its name, and what stands before its data set."""

from __future__ import annotations

import re
from collections.abc import Callable

from dimse.errors import AlreadyStored
from dimse.requests import StoreRequest
from dimse.storage.head import Head
from dimse.storage.naming import Naming
from dul.values import TYPE_CHECKING, dataclass

if TYPE_CHECKING:
    from typing import Final, Literal, TypeAlias

__all__ = ["EXTENSION", "Appearance", "Existing", "give_way"]

Existing: TypeAlias = "Literal['replace', 'keep', 'refuse', 'compare']"
"""What happens when there is a file of the same name already: the new object replaces it; is dropped,
and answered with Success; is refused with 0124H; or is compared with it: the same data set is answered
with Success and not written again, another one is refused."""

MAXIMUM_NAME: Final = 255  # bytes, on every file system in use


def give_way(existing: Existing, where: str, is_same: Callable[[], bool]) -> str:
    """What is told of a new object that is dropped because another has its name: "kept" or "identical".

    Args:
        existing: what is wanted; not "replace".
        where: what has the name.
        is_same: whether that is the same object; asked only if it matters.

    Raises:
        AlreadyStored: to drop the new one is to be called a failure.
        OSError: what has the name can't be read.
    """
    if existing == "refuse":
        raise AlreadyStored(
            "the object is stored already", f"{where}: is there already, and is kept"
        )
    if existing != "compare":
        return "kept"
    if not is_same():
        raise AlreadyStored(
            "another object with this UID is stored already",
            f"{where}: is there already, with another content, and is kept",
        )
    return "identical"


EXTENSION: Final = re.compile(r"(?:\.[A-Za-z0-9_-]+)*")
"""What may be put behind names."""

_PLAIN: Final = re.compile(
    r"(?:[A-Za-z0-9_][A-Za-z0-9_.-]{0,254}/)*[A-Za-z0-9_][A-Za-z0-9_.-]{0,254}"
)
"""What nearly all names are made of: characters that are a byte each, and no dot in front."""

_FILE_NAME = re.compile(r"[^./\x00-\x1f\x7f\ud800-\udfff][^/\x00-\x1f\x7f\ud800-\udfff]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Appearance:
    """How stored objects are called, and begin.

    Attributes:
        naming: gives the name, without extension; directories in it are separated by "/".
        extension: put behind every name, with its dot: ".dcm".
        file_meta: whether file meta information (PS3.10 7.1) stands before the data set.
        implementation: Implementation Class UID (0002,0012) and Version Name (0002,0013).
    """

    naming: Naming
    extension: str
    file_meta: bool
    implementation: tuple[str, str]

    def __post_init__(self) -> None:
        if not EXTENSION.fullmatch(self.extension):
            raise ValueError(f"{self.extension!r} is no file name extension such as '.dcm'")

    def head_of(self, request: StoreRequest, transfer_syntax_uid: str) -> bytes:
        """What stands before the data set."""
        if not self.file_meta:
            return b""
        class_uid, version_name = self.implementation
        return request.file_meta(
            implementation_class_uid=class_uid,
            implementation_version_name=version_name,
            transfer_syntax_uid=transfer_syntax_uid,
        )

    def name_of(self, request: StoreRequest, head: Head) -> str:
        """The name of an object, relative to where all are.

        Raises:
            ValueError: what the naming gives is none, or leads elsewhere.
        """
        name = self.naming(request, head) + self.extension
        if _PLAIN.fullmatch(name):
            return name
        for part in name.split("/"):
            if not _FILE_NAME.fullmatch(part) or len(part.encode()) > MAXIMUM_NAME:
                raise ValueError(f"{name!r} is no file name")
        return name
