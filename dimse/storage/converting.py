"""Received data sets written in another transfer syntax, unless they are compressed, or in another form."""

from __future__ import annotations

from collections.abc import Iterator

from dimse.errors import CannotUnderstand, FilePath, Part10Error
from dimse.objects.bounds import DEFAULT_LEVEL
from dimse.objects.layout import is_deflated, layout_of
from dimse.objects.sources import Encoded
from dimse.objects.walk import Walk
from dimse.storage.content import Bytes
from dimse.tables.transfer_syntaxes import UNCOMPRESSED
from dul.values import TYPE_CHECKING, dataclass

if TYPE_CHECKING:
    from typing import Final

    from dimse.objects.rewrite import Rewriting

__all__ = ["WriteAs"]

_PIECE: Final = 1 << 18  # bytes written at a time


@dataclass(frozen=True, slots=True)
class WriteAs:
    """What data sets are written as.

    Attributes:
        transfer_syntax_uid: an uncompressed one, for those that are not compressed; None: their own.
        compression_level: how hard deflating tries, 0 to 9.
        form: what is changed besides, in compressed ones, too; None: nothing.
    """

    transfer_syntax_uid: str | None = None
    compression_level: int = DEFAULT_LEVEL
    form: Rewriting | None = None

    def __post_init__(self) -> None:
        uid = self.transfer_syntax_uid
        if uid is not None and uid not in UNCOMPRESSED:
            raise ValueError(f"{uid} is no uncompressed transfer syntax")

    def target(self, transfer_syntax_uid: str) -> str:
        """The transfer syntax that what comes so is written in."""
        if self.transfer_syntax_uid is None or transfer_syntax_uid not in UNCOMPRESSED:
            return transfer_syntax_uid
        return self.transfer_syntax_uid

    def concerns(self, transfer_syntax_uid: str) -> bool:
        """Whether what comes so is changed at all."""
        return self.form is not None or self.target(transfer_syntax_uid) != transfer_syntax_uid

    def pieces(
        self, path: FilePath, received: Bytes, transfer_syntax_uid: str, *, before: int = 0
    ) -> Iterator[memoryview]:
        """A data set, converted; each piece is void when the next is taken.

        Args:
            path: what it is called in messages.
            received: the data set as it came.
            transfer_syntax_uid: how it is encoded.
            before: bytes that will stand before it.

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
            source = transcode(
                encoded,
                self.target(transfer_syntax_uid),
                level=self.compression_level,
                form=self.form,
                before=before,
            )
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
