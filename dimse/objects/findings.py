"""What is wrong with an object and can be lived with: a list of warnings, or with `strict` an error.

One rule for both: whatever is tolerated makes a warning, and strictness refuses exactly what
makes one. docs/tolerance.md lists them.
"""

from __future__ import annotations

from dimse.errors import FilePath, InvalidFile, Part10Error
from dimse.objects.bounds import MAXIMUM_WARNINGS

__all__ = ["Findings"]


class Findings:
    """Collects what is wrong with one object.

    Args:
        path: the file, or what a data set in memory is called; for the error.
        strict: nothing is tolerated.
        kept: what has no business in a data set stays in it, as it is received and not sent.
    """

    __slots__ = ("_kept", "_more", "_path", "_strict", "_texts")

    def __init__(self, path: FilePath, *, strict: bool = False, kept: bool = False) -> None:
        self._path = path
        self._strict = strict
        self._kept = kept
        self._texts: list[str] = []
        self._more = 0

    def tolerate(self, at: int, what: str) -> None:
        """Note what is wrong at this byte.

        Raises:
            InvalidFile: it is not to be tolerated.
        """
        text = f"at byte {at}: {what}"
        if self._strict:
            raise InvalidFile(
                self._path, f"{text}. That is refused only because it was to be strict"
            )
        if len(self._texts) < MAXIMUM_WARNINGS:
            self._texts.append(text)
        else:
            self._more += 1

    def leave_out(self, at: int, what: str) -> None:
        """Note what has no business in a data set at this byte.

        Raises:
            InvalidFile: it is not to be tolerated.
        """
        self.tolerate(at, f"{what}; it is {'kept' if self._kept else 'left out'}")

    def unproven(self, error: Part10Error) -> None:
        """Note why an object that is taken all the same can't be told to be whole."""
        self._texts.append(f"it can't be told that this is whole; sent all the same: {error.why}")

    @property
    def warnings(self) -> tuple[str, ...]:
        """The first of what was noted, and how much more there is."""
        if self._more:
            return (*self._texts, f"and {self._more} more of this kind")
        return tuple(self._texts)
