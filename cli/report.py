"""What the tools say while they work: lines with a level letter in front, on standard error.

    I: Requesting Association
    F: Association Rejected:
    F: Result: Rejected Permanent, Source: Service User

The letters and the form are DCMTK's. Each line of a message has its letter.
"""

from __future__ import annotations

import sys
from _thread import allocate_lock  # as threading.Lock, without what threads are made of
from collections.abc import Callable, Mapping
from enum import IntEnum

from dul.values import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import TypeAlias

__all__ = ["Form", "Level", "Report", "lettered", "printable"]


class Level(IntEnum):
    """From the least to the most that is said; a level includes those above it."""

    FATAL = 0
    ERROR = 1
    WARN = 2
    INFO = 3
    DEBUG = 4
    TRACE = 5


def printable(words: str) -> str:
    """A text with its control characters escaped, so that a peer can't write on the terminal."""
    if words.isprintable():
        return words
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in words)


Form: TypeAlias = "Callable[[Level, str, Mapping[str, str | int | None]], str]"
"""Makes whole lines of a level, a message, and what it is about."""


class Report:
    """Says things up to a level. Threads may share it.

    Attributes:
        level: what is beyond it is not said.
        write: where the lines go; a progress display puts itself here.
        form: makes lines of a message.
        reopened: what is to be done at `reopen`.
    """

    def __init__(self, level: Level = Level.WARN) -> None:
        self.level = level
        self.write: Callable[[str], None] = _to_stderr
        self.form: Form = lettered
        self.reopened: Callable[[], None] | None = None
        self._lock = allocate_lock()

    def reopen(self) -> None:
        """Go on in a log file of the same name: the one that was open may have been renamed."""
        if self.reopened is not None:
            self.reopened()

    def shows(self, level: Level) -> bool:
        """Whether this level is said; ask before composing something long."""
        return level <= self.level

    def fatal(self, message: str) -> None:
        """The tool can't do its work."""
        self.say(Level.FATAL, message)

    def error(self, message: str) -> None:
        """A part of the work failed."""
        self.say(Level.ERROR, message)

    def warn(self, message: str) -> None:
        """Something that should be looked at; the work goes on."""
        self.say(Level.WARN, message)

    def info(self, message: str) -> None:
        """What is being done."""
        self.say(Level.INFO, message)

    def debug(self, message: str) -> None:
        """How it is done."""
        self.say(Level.DEBUG, message)

    def trace(self, message: str) -> None:
        """Every step of it."""
        self.say(Level.TRACE, message)

    def say(self, level: Level, message: str, **about: str | int | None) -> None:
        """Say something at a level; several lines stay together.

        Args:
            level: how much it matters.
            message: words; each line break in them begins a line.
            about: what it is about, for forms that keep that apart; None is left out.
        """
        if self.shows(level):
            lines = self.form(level, message, about)
            with self._lock:
                self.write(lines)


def lettered(level: Level, message: str, about: Mapping[str, str | int | None]) -> str:
    """DCMTK's form: the level's letter in front of each line."""
    del about
    return "".join(f"{level.name[0]}: {printable(line)}\n" for line in message.split("\n"))


def _to_stderr(lines: str) -> None:
    try:
        sys.stderr.write(lines)
        sys.stderr.flush()
    except (OSError, ValueError):
        pass  # nobody listens any more; the work goes on
