"""Which presentation contexts are proposed for objects: the rules behind `dimse.plan`.

    Offers()                                        # as a file lies on the disk, wherever possible
    Offers(uncompressed=(BIG, EXPLICIT, IMPLICIT))  # another order of the uncompressed ones
    Offers(besides=(JPEG_LOSSLESS,))                # one more context for each SOP class
    Offers(only=(IMPLICIT,))                        # nothing else, whatever the objects are
    Offers(combine=True)                            # one context with all of them

By default, for each SOP class and transfer syntax among the objects:
- A context with that syntax alone. An acceptor picks one syntax per context (PS3.8 7.1.1.13), so only
  a context of its own makes sure that a data set may go out just as it lies in the file.
- One with the classic uncompressed syntaxes, once for each SOP class: PS3.5 10.1 wants the default
  syntax offered for each abstract syntax, and an uncompressed file can be converted for a peer that
  takes nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from dimse.errors import InvalidValue
from dimse.tables.uids import (
    EXPLICIT_VR_BIG_ENDIAN,
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
    is_sendable,
    is_uid,
)
from dul.values import TYPE_CHECKING, Protocol, dataclass

if TYPE_CHECKING:
    from typing import Final

__all__ = [
    "CLASSIC",
    "EXPLICIT_FIRST",
    "MAXIMUM_CONTEXTS",
    "OFFERS",
    "ContextOffer",
    "Offers",
    "Storable",
    "checked_offers",
]

MAXIMUM_CONTEXTS: Final = 128
"""Presentation contexts of an association: their IDs are the odd numbers of one byte (PS3.8 9.3.2.2)."""

CLASSIC: Final = (
    IMPLICIT_VR_LITTLE_ENDIAN,
    EXPLICIT_VR_LITTLE_ENDIAN,
    EXPLICIT_VR_BIG_ENDIAN,
)
"""The three transfer syntaxes of the old storescu, in its order."""

EXPLICIT_FIRST: Final = (
    EXPLICIT_VR_LITTLE_ENDIAN,
    EXPLICIT_VR_BIG_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
)
"""The same in DCMTK's order."""


class Storable(Protocol):
    """What is known of an object to be sent: enough to choose a presentation context."""

    @property
    def sop_class_uid(self) -> str: ...
    @property
    def transfer_syntax_uid(self) -> str: ...


@dataclass(frozen=True, slots=True)
class ContextOffer:
    """An abstract syntax and the transfer syntaxes offered for it, in order; no ID yet."""

    abstract_syntax: str
    transfer_syntaxes: tuple[str, ...]

    def __post_init__(self) -> None:
        """Refuse what is no offer; a text in the place of several is as many as it has letters.

        Raises:
            InvalidValue: it is none.
        """
        if not isinstance(self.abstract_syntax, str):
            raise InvalidValue("abstract_syntax", f"{self.abstract_syntax!r} is no UID")
        if not self.transfer_syntaxes or not isinstance(self.transfer_syntaxes, tuple):
            raise InvalidValue(
                "transfer_syntaxes", f"{self.transfer_syntaxes!r} is no tuple of one UID or more"
            )


def checked_offers(contexts: object, where: str = "contexts") -> tuple[ContextOffer, ...]:
    """What is proposed for an association.

    Raises:
        InvalidValue: there is nothing, something that is no `ContextOffer`, or one with what can't
            travel as a UID.
    """
    offers = () if isinstance(contexts, str) or not isinstance(contexts, Iterable) else contexts
    offers = tuple(offers)
    for each in offers:
        if not isinstance(each, ContextOffer):
            raise InvalidValue(where, f"{each!r} is no ContextOffer")
        uids: tuple[object, ...] = (each.abstract_syntax, *each.transfer_syntaxes)
        for uid in uids:
            if not isinstance(uid, str) or not is_sendable(uid):
                raise InvalidValue(where, f"{uid!r} is no UID")
    if not offers:
        raise InvalidValue(where, f"{contexts!r} is no series of one ContextOffer or more")
    return offers


def _always(_: Storable) -> bool:
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Offers:
    """A rule by which presentation contexts are proposed.

    Attributes:
        uncompressed: transfer syntaxes to which an object may be converted, in the order in which
            they are proposed.
        besides: further ones, each proposed for every SOP class, before the uncompressed ones.
        only: if there are any, these are proposed, and no others.
        combine: a SOP class has one context with all of them instead of several; a compressed
            object's own transfer syntax comes first in one of its own.
        convertible: with `combine`: whether the uncompressed syntaxes are offered for a compressed
            object, too; a peer that takes one of them gets the object only if it can be converted.
        nothing: no contexts but the base ones are proposed; objects take what there is.

    Raises:
        InvalidValue: of a transfer syntax that is no UID; or there is none at all.
    """

    uncompressed: tuple[str, ...] = CLASSIC
    besides: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    combine: bool = False
    convertible: Callable[[Storable], bool] = _always
    nothing: bool = False

    def __post_init__(self) -> None:
        for name in ("uncompressed", "besides", "only"):
            for uid in getattr(self, name):
                if not is_uid(uid):
                    raise InvalidValue(name, f"{uid!r} is no UID of a transfer syntax")
        if not self.uncompressed:
            raise InvalidValue("uncompressed", "there is none")

    def for_classes(self, sop_classes: Iterable[str]) -> tuple[ContextOffer, ...]:
        """The contexts for SOP classes of which no object is known: what is always proposed."""
        return tuple(
            ContextOffer(uid, syntaxes) for uid in sop_classes for syntaxes in self._general
        )

    def for_object(
        self, item: Storable, *, default_offered: bool = False
    ) -> tuple[ContextOffer, ...]:
        """The contexts that an object needs. Those of its SOP class are among them.

        Args:
            item: the object.
            default_offered: the default transfer syntax is proposed for its SOP class already.
        """
        if self.nothing:
            return ()
        uid, own = item.sop_class_uid, item.transfer_syntax_uid
        if self.only:
            return (ContextOffer(uid, self.only),)
        if self.combine:
            return (ContextOffer(uid, self._combined(item)),)
        syntaxes = dict.fromkeys([(own,), *self._general])
        if default_offered:
            syntaxes.pop(self.uncompressed, None)
        return tuple(ContextOffer(uid, each) for each in syntaxes)

    @property
    def _general(self) -> tuple[tuple[str, ...], ...]:
        if self.only:
            return (self.only,)
        if self.combine:
            return (_once(*self.besides, *self.uncompressed),)
        return (*((uid,) for uid in self.besides), self.uncompressed)

    def _combined(self, item: Storable) -> tuple[str, ...]:
        own, every = item.transfer_syntax_uid, _once(*self.besides, *self.uncompressed)
        if own in every:
            return every
        return _once(own, *every) if self.convertible(item) else _once(own, *self.besides)


OFFERS: Final = Offers()
"""The rule unless another is given."""


def _once(*uids: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(uids))
