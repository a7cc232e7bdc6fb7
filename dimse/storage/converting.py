"""Received data sets written in another transfer syntax, as far as none of them is compressed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Final

from dimse.errors import CannotUnderstand, FilePath, Part10Error
from dimse.objects.bounds import DEFAULT_LEVEL
from dimse.objects.layout import is_deflated, layout_of
from dimse.objects.sources import Encoded
from dimse.objects.walk import Walk
from dimse.tables.transfer_syntaxes import UNCOMPRESSED
from dul.values import dataclass

__all__ = ["WriteAs"]

_PIECE: Final = 1 << 18  # bytes written at a time


@dataclass(frozen=True, slots=True)
class WriteAs:
    """Which transfer syntax files are written in.

    Attributes:
        transfer_syntax_uid: an uncompressed one.
        compression_level: how hard deflating tries, 0 to 9.
    """

    transfer_syntax_uid: str
    compression_level: int = DEFAULT_LEVEL

    def __post_init__(self) -> None:
        if self.transfer_syntax_uid not in UNCOMPRESSED:
            raise ValueError(f"{self.transfer_syntax_uid} is no uncompressed transfer syntax")

    def concerns(self, transfer_syntax_uid: str) -> bool:
        """Whether what comes so is to be converted; compressed objects are kept as they come."""
        return transfer_syntax_uid in UNCOMPRESSED and transfer_syntax_uid != (
            self.transfer_syntax_uid
        )

    def pieces(
        self, path: FilePath, fd: int, begin: int, length: int, transfer_syntax_uid: str
    ) -> Iterator[memoryview]:
        """The data set of a file, converted; each piece is void when the next is taken.

        Args:
            path: the file, for messages.
            fd: its descriptor.
            begin: where the data set lies in it.
            length: how long it is.
            transfer_syntax_uid: how it is encoded.

        Raises:
            CannotUnderstand: it is damaged.
            OSError: it can't be read.
        """
        # It loads what reads dictionaries, and most spools keep objects as they come.
        from dimse.objects.transcode import transcode  # noqa: PLC0415

        origin = _Received(fd, begin)
        encoded = Encoded(path, origin, ((0, length),), transfer_syntax_uid)
        try:
            if not is_deflated(transfer_syntax_uid):
                walk = Walk(encoded.window(), layout_of(transfer_syntax_uid))
                walk.run(0, whole=True)
                spans = tuple(walk.spans)
                encoded = Encoded(path, origin, spans, transfer_syntax_uid, walk.odd)
            source = transcode(encoded, self.transfer_syntax_uid, level=self.compression_level)
            try:
                buffer = memoryview(bytearray(_PIECE))
                while count := source.readinto(buffer):
                    yield buffer[:count]
            finally:
                source.close()
        except Part10Error as error:
            raise CannotUnderstand(
                "the data set can't be converted", f"can't be converted: {error}"
            ) from error


class _Received:
    """The data set in a file that belongs to somebody else."""

    def __init__(self, fd: int, begin: int) -> None:
        self._fd = fd
        self._begin = begin

    def read(self, at: int, view: memoryview) -> int:
        """Fill the view from this position."""
        return os.preadv(self._fd, [view], self._begin + at)

    def finish(self) -> None:
        """Nobody else writes to it."""

    def close(self) -> None:
        """It is not ours to close."""
