"""Received data sets written in another transfer syntax, as far as none of them is compressed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from dimse.errors import CannotUnderstand, FilePath, Part10Error
from dimse.objects.bounds import DEFAULT_LEVEL
from dimse.objects.layout import is_deflated, layout_of
from dimse.objects.sources import Encoded
from dimse.objects.walk import Walk
from dimse.storage.content import Bytes
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
        self, path: FilePath, received: Bytes, transfer_syntax_uid: str
    ) -> Iterator[memoryview]:
        """A data set, converted; each piece is void when the next is taken.

        Args:
            path: what it is called in messages.
            received: the data set as it came.
            transfer_syntax_uid: how it is encoded.

        Raises:
            CannotUnderstand: it is damaged.
            OSError: it can't be read.
        """
        # It loads what reads dictionaries, and most spools keep objects as they come.
        from dimse.objects.transcode import transcode  # noqa: PLC0415

        origin = _Received(received)
        encoded = Encoded(path, origin, ((0, received.size),), transfer_syntax_uid)
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
    """A data set that lies with somebody else, who writes no more to it, and closes it."""

    def __init__(self, received: Bytes) -> None:
        self._received = received

    def read(self, at: int, view: memoryview) -> int:
        """Fill the view from this position."""
        data = self._received.read(at, len(view))
        view[: len(data)] = data
        return len(data)

    def finish(self) -> None:
        """It is what it was."""

    def close(self) -> None:
        """It is not ours to close."""
