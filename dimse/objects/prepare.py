"""How objects are made ready: what is tolerated, changed, decompressed on the way out.

    preparation = Preparation(
        decompress=Decompress.LOSSY, changes=[ElementChange.parse("PatientID", "0815")]
    )
    client.store(paths, preparation=preparation)

One `Preparation` is for all objects of a run. The rest of each data set is still sent from where
it lies.
"""

from __future__ import annotations

from collections.abc import Sequence

from dimse.errors import InvalidValue
from dimse.objects.bounds import DEFAULT_LEVEL
from dimse.objects.cache import Cache
from dimse.objects.codecs import Decompress
from dimse.objects.finder import Found, LeftOut, Unusable, look
from dimse.objects.outgoing import Outgoing, Sendable, examine
from dimse.objects.part10 import FileForm
from dimse.tables.transfer_syntaxes import UNCOMPRESSED
from dul.values import TYPE_CHECKING, dataclass

if TYPE_CHECKING:
    from typing import Final

    from dimse.objects.edit import ElementChange
    from dimse.objects.invention import Invention
    from dimse.objects.rewrite import Rewriting

__all__ = ["PREPARATION", "Preparation"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Preparation:
    """How the objects of a run are made ready.

    Attributes:
        strict: refuse what is wrong in an object and could be tolerated.
        unproven: send also what can't be told to be whole, with a warning.
        form: what files may be; see `dimse.objects.part10.FileForm`.
        check_uids: refuse files whose SOP Class or Instance UID breaks PS3.5 9.1.
        decompress: what may be decompressed where a peer does not accept its own syntax.
        compression_level: how hard deflating tries, 0 to 9.
        rewriting: encode each data set anew, in this form; None: as it lies, where that is taken.
        changes: elements that are set or removed, in this order; see `ElementChange.parse`.
        invention: made-up identifiers in place of their own, before `changes`.
        uid_suffix: components that are put behind Study, Series and SOP Instance UID: "7" or
            "2026.1". Further copies of an object get their number behind that.
    """

    strict: bool = False
    unproven: bool = False
    form: FileForm = "any"
    check_uids: bool = False
    decompress: Decompress = Decompress.LOSSLESS
    compression_level: int = DEFAULT_LEVEL
    rewriting: Rewriting | None = None
    changes: Sequence[ElementChange] = ()
    invention: Invention | None = None
    uid_suffix: str = ""

    def __post_init__(self) -> None:
        if not 0 <= self.compression_level <= 9:
            raise InvalidValue("compression_level", f"{self.compression_level} is not 0 to 9")
        if self.uid_suffix and not all(map(_is_component, self.uid_suffix.split("."))):
            raise InvalidValue("uid_suffix", f"{self.uid_suffix!r}: give digits, and dots between")
        if self.uid_suffix and self.invention is not None:
            raise InvalidValue("uid_suffix", "invented UIDs need no suffix; give one or the other")

    def examine(self, item: Sendable, *, cache: Cache | None = None) -> Outgoing:
        """Find out what an object is; see `dimse.objects.outgoing.examine`."""
        return examine(
            item,
            strict=self.strict,
            unproven=self.unproven,
            form=self.form,
            check_uids=self.check_uids,
            cache=cache,
        )

    def look(self, found: Found, *, cache: Cache | None = None) -> Outgoing | LeftOut | Unusable:
        """Look at a file that was found; see `dimse.objects.finder.look`."""
        return look(
            found,
            strict=self.strict,
            unproven=self.unproven,
            form=self.form,
            check_uids=self.check_uids,
            cache=cache,
        )

    def copy(self, outgoing: Outgoing, number: int = 0, repetition: int = 0) -> Outgoing:
        """An examined object, as it goes out.

        The same numbers give the same copy, so that one that is tried again is still itself.

        Args:
            outgoing: as it was examined; it stays as it is.
            number: the running number of this copy among all of the run, from 0 on.
            repetition: the number of this copy among those of this object, from 0 on.
        """
        converts = (
            outgoing.transfer_syntax_uid not in UNCOMPRESSED
            or self.compression_level != DEFAULT_LEVEL
            or self.rewriting is not None
        )
        if not (converts or self.changes or self.invention or self.uid_suffix):
            return outgoing
        # What most runs never need.
        from dimse.objects.copies import copy_of  # noqa: PLC0415

        return copy_of(
            outgoing,
            changes=self.changes,
            invention=self.invention,
            uid_suffix=self.uid_suffix,
            decompress=self.decompress,
            compression_level=self.compression_level,
            rewriting=self.rewriting,
            number=number,
            repetition=repetition,
        )


PREPARATION: Final = Preparation()
"""Nothing is changed; what was compressed without loss is decompressed where need be."""


def _is_component(text: str) -> bool:
    """Digits of a component of a UID: no zero stands in front (PS3.5 9.1)."""
    return text.isascii() and text.isdigit() and (text == "0" or text[0] != "0")
