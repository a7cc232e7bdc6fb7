"""An examined object as it goes out: changed, and perhaps decompressed; loaded for such alone."""

from __future__ import annotations

from collections.abc import Sequence

from dimse.objects.codecs import Decompress, obstacle_to_decoding, obstacle_to_encoding
from dimse.objects.decompress import decompress
from dimse.objects.edit import SOP_CLASS_UID, SOP_INSTANCE_UID, ElementChange, edit
from dimse.objects.invention import Invention, suffixed, suffixes
from dimse.objects.layout import is_deflated
from dimse.objects.outgoing import Outgoing, OutgoingSource, opened
from dimse.objects.rewrite import Rewriting
from dimse.objects.sources import Encoded
from dimse.objects.transcode import inflate
from dimse.tables.transfer_syntaxes import UNCOMPRESSED
from dul.values import TYPE_CHECKING, dataclass

if TYPE_CHECKING:
    from typing import Final

__all__ = ["Copy", "copy_of"]

_NAMING: Final = {SOP_CLASS_UID: "sop_class_uid", SOP_INSTANCE_UID: "sop_instance_uid"}


def copy_of(
    outgoing: Outgoing,
    *,
    changes: Sequence[ElementChange],
    invention: Invention | None,
    uid_suffix: str,
    decompress: Decompress,
    compression_level: int,
    rewriting: Rewriting | None,
    number: int,
    repetition: int,
) -> Copy:
    """See `dimse.objects.prepare.Preparation`, whose attributes these are, and its `copy`."""
    asked, changes = changes, [] if invention is None else invention.changes(number)
    suffix = uid_suffix
    if suffix:
        suffix += f".{repetition}" if repetition else ""
        changes.append(ElementChange(SOP_INSTANCE_UID, suffixed(outgoing.sop_instance_uid, suffix)))
    changes += asked
    named = {"sop_class_uid": outgoing.sop_class_uid, "sop_instance_uid": outgoing.sop_instance_uid}
    for change in changes:
        name = _NAMING.get(change.tag)
        if name is not None and not change.within and change.value:
            named[name] = change.value
    return Copy(outgoing, tuple(changes), suffix, decompress, compression_level, rewriting, **named)


@dataclass(frozen=True, slots=True)
class Copy:
    """An `Outgoing` upon another: changed, and perhaps decompressed."""

    outgoing: Outgoing
    changes: tuple[ElementChange, ...]
    suffix: str
    allowed: Decompress
    compression_level: int
    form: Rewriting | None
    sop_class_uid: str
    sop_instance_uid: str

    @property
    def file(self) -> str | None:
        return self.outgoing.file

    @property
    def name(self) -> str:
        return self.outgoing.name

    @property
    def transfer_syntax_uid(self) -> str:
        return self.outgoing.transfer_syntax_uid

    @property
    def length(self) -> int:
        return self.outgoing.length

    @property
    def warnings(self) -> tuple[str, ...]:
        return self.outgoing.warnings

    def obstacle(self, transfer_syntax_uid: str) -> str | None:
        """As the object's own, or with a decoder."""
        own = self.transfer_syntax_uid
        if own in UNCOMPRESSED or own == transfer_syntax_uid:
            return self.outgoing.obstacle(transfer_syntax_uid)
        why = obstacle_to_decoding(own, self.allowed)
        if why is None and transfer_syntax_uid not in UNCOMPRESSED:
            return obstacle_to_encoding(transfer_syntax_uid)
        return why

    def encoded(self) -> Encoded:
        return self.outgoing.encoded()

    def open(self, transfer_syntax_uid: str) -> OutgoingSource:
        """The data set in this syntax, changed and of even length."""
        encoded = self.outgoing.encoded()
        origin = encoded.origin
        try:
            if transfer_syntax_uid != encoded.transfer_syntax_uid not in UNCOMPRESSED:
                encoded = decompress(encoded)
                origin = encoded.origin
            if self.changes or self.suffix:
                encoded = self._changed(encoded)
        except BaseException:
            origin.close()
            raise
        return opened(
            encoded,
            transfer_syntax_uid,
            compression_level=self.compression_level,
            form=self.form,
        )

    def _changed(self, encoded: Encoded) -> Encoded:
        if is_deflated(encoded.transfer_syntax_uid):
            encoded = inflate(encoded)
        try:
            added = suffixes(encoded, self.suffix) if self.suffix else []
            return edit(encoded, [*added, *self.changes])
        except BaseException:
            encoded.origin.close()  # of what was inflated, too
            raise
