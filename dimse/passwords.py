"""User names and passcodes of those who may call, in a file: a ready-made check of identities.

    users = PasswordFile("users")
    Server(..., support=storage_support(user_identity=users.check, identity_required=True))

A line is "name:hash", with a hash by Argon2 (RFC 9106); `entry` makes one. Empty lines and lines that
begin with "#" are left out. This is the User Identity Plus Passcode profile of PS3.15 B.5: the
association of whoever does not prove who he is is rejected.
"""

from __future__ import annotations

import os
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from dimse.errors import PasswordFileUnusable
from dul.user_items import UserIdentity

__all__ = ["PasswordFile", "entry"]

_NAME_AND_PASSCODE = 2  # PS3.7 Table D.3-14
_HASHER = PasswordHasher()
# Whoever is not in the file is looked up for as long as others, so that names can't be guessed.
_NOBODY = _HASHER.hash("nobody")


def entry(name: str, passcode: str) -> str:
    """A line of a password file.

    Args:
        name: the user's.
        passcode: in clear; only its hash is in the line.

    Raises:
        ValueError: the name can't stand in one.
    """
    if not name or ":" in name or not name.isprintable() or name.startswith("#"):
        raise ValueError(f"{name!r}: a user's name is not empty, and has no colon")
    return f"{name}:{_HASHER.hash(passcode)}"


class PasswordFile:
    """The users in a file.

    Args:
        path: of the file.

    Raises:
        PasswordFileUnusable: it can't be read, or a line of it makes no sense.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = Path(path)
        self._hashes: dict[str, str] = {}
        self.reload()

    def reload(self) -> None:
        """Read the file anew; if it is no good, all stays as it was.

        Raises:
            PasswordFileUnusable: as the class.
        """
        try:
            lines = self._path.read_text("utf-8").splitlines()
        except (OSError, UnicodeError) as error:
            why = getattr(error, "strerror", None) or "it is no text in UTF-8"
            raise PasswordFileUnusable(f"cannot read {self._path}: {why}") from error
        found: dict[str, str] = {}
        for number, line in enumerate(lines, 1):
            if not line.strip() or line.startswith("#"):
                continue
            name, colon, hashed = line.partition(":")
            if not (name and colon):
                raise PasswordFileUnusable(f"{self._path}, line {number}: there is no 'name:hash'")
            if name in found:
                raise PasswordFileUnusable(f"{self._path}, line {number}: {name!r} stands twice")
            self._judge(hashed, number)
            found[name] = hashed
        self._hashes = found

    def _judge(self, hashed: str, number: int) -> None:
        try:
            _HASHER.check_needs_rehash(hashed)
        except InvalidHashError as error:
            raise PasswordFileUnusable(
                f"{self._path}, line {number}: what stands behind the colon is no hash by Argon2"
            ) from error

    def check(self, identity: UserIdentity) -> bytes | None:
        """Whether somebody is who he says he is: an empty server response, or None."""
        if identity.type != _NAME_AND_PASSCODE:
            return None
        try:
            name = identity.primary.decode("utf-8")
        except UnicodeError:
            return None
        hashed = self._hashes.get(name)
        try:
            _HASHER.verify(hashed or _NOBODY, identity.secondary)
        except VerificationError:
            return None
        return None if hashed is None else b""
