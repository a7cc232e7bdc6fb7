"""The users who may call: the file of --users, and --hash-user, which makes a line of it."""

from __future__ import annotations

import sys

from dul.values import TYPE_CHECKING

from ..grammar.declaration import UsageError
from ..secrets import PROMPT

if TYPE_CHECKING:
    from dimse.passwords import PasswordFile

__all__ = ["hash_line", "user_file"]

_MISSING = "users need the package argon2-cffi: pip install 'dulcet[identity]'"


def user_file(path: str) -> PasswordFile:
    """The users who may call.

    Raises:
        PasswordFileUnusable: the file is no good.
        UsageError: the package for the hashes is not installed.
    """
    try:
        from dimse.passwords import PasswordFile  # noqa: PLC0415 - few servers have users
    except ImportError as error:
        raise UsageError(_MISSING) from error
    return PasswordFile(path)


def hash_line(name: str) -> str:
    """The line of a user, whose passcode is asked for; from a pipe it is read.

    Raises:
        UsageError: there is none, or the name can't stand in such a file.
    """
    try:
        from dimse.passwords import entry  # noqa: PLC0415 - few servers have users
    except ImportError as error:
        raise UsageError(_MISSING) from error
    if sys.stdin.isatty():
        passcode = PROMPT.read(f"user {name}")
    else:
        passcode = sys.stdin.readline().rstrip("\r\n")
    if not passcode:
        raise UsageError(f"no passcode of user {name} was given")
    try:
        return entry(name, passcode) + "\n"
    except ValueError as error:
        raise UsageError(str(error)) from error
