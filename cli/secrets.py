"""Passwords: asked for on the terminal, or read from a file or the environment.

A password on a command line can be read by everybody on the machine (ps), so DCMTK's option for
that is taken, with a warning.
"""

from __future__ import annotations

import os
import sys

from dul.values import TYPE_CHECKING, dataclass

from .grammar.declaration import UsageError

if TYPE_CHECKING:
    from typing import Literal

__all__ = ["PROMPT", "Secret", "given", "in_environment", "in_file"]


@dataclass(frozen=True, slots=True)
class Secret:
    """Where a password is to be had.

    Attributes:
        origin: where.
        text: the password itself, or the name of the file or variable.
    """

    origin: Literal["prompt", "given", "file", "environment"]
    text: str = ""

    @property
    def is_visible(self) -> bool:
        """Whether everybody on the machine can see it: it stands on the command line."""
        return self.origin == "given" and bool(self.text)

    def read(self, of: str) -> str:
        """The password.

        Args:
            of: whose password it is, for the prompt.

        Raises:
            UsageError: there is none.
        """
        match self.origin:
            case "given":
                return self.text
            case "file":
                return _from_file(self.text)
            case "environment":
                found = os.environ.get(self.text)
                if found is None:
                    raise UsageError(f"there is no environment variable {self.text}")
                return found
            case "prompt":
                return _ask(of)


PROMPT = Secret("prompt")
"""The user is asked."""


def given(token: str) -> Secret:
    """The token itself."""
    return Secret("given", token)


def in_file(token: str) -> Secret:
    """The first line of that file."""
    return Secret("file", token)


def in_environment(token: str) -> Secret:
    """The value of that environment variable."""
    return Secret("environment", token)


def _from_file(name: str) -> str:
    try:
        with open(name, encoding="utf-8") as file:  # noqa: PTH123 - as in commandfile
            return file.readline(4096).rstrip("\r\n")
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "it is no text in UTF-8"
        raise UsageError(f"cannot read the password in {name}: {why}") from error


def _ask(of: str) -> str:
    # It loads the terminal's modes, and hardly anybody is asked.
    import getpass  # noqa: PLC0415

    if not sys.stdin.isatty() and not _has_terminal():
        # As OpenSSL does for DCMTK: who has no terminal may have put it into a pipe.
        line = sys.stdin.readline(4096)
        if not line:
            raise UsageError(f"there is no terminal on which to ask for the password of {of}")
        return line.rstrip("\r\n")
    try:
        return getpass.getpass(f"Password of {of}: ")
    except (EOFError, OSError) as error:
        raise UsageError(f"no password of {of} was given") from error


def _has_terminal() -> bool:
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    except OSError:  # it is there for everybody, and can be opened only by who has one
        return False
    return True
