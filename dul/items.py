"""Variable items of A-ASSOCIATE-RQ and -AC (PS3.8 9.3.2, 9.3.3): 10H, 20H, 21H, 30H, 40H.

Each class keeps its `encode` and `decode` side by side. `decode` takes a reader of the
item's body (after the four-byte header) and returns a whole item or raises `InvalidPDU`.
"""

from __future__ import annotations

from dul.errors import AbortReason, InvalidPDU, LocalProtocolError
from dul.values import TYPE_CHECKING, dataclass
from dul.wire import Reader, item, octets, text, uid

if TYPE_CHECKING:
    from typing import ClassVar

__all__ = [
    "DICOM_APPLICATION_CONTEXT",
    "ApplicationContext",
    "PresentationContextAC",
    "PresentationContextRQ",
    "UnknownItem",
]

DICOM_APPLICATION_CONTEXT = "1.2.840.10008.3.1.1.1"

ABSTRACT_SYNTAX = 0x30
TRANSFER_SYNTAX = 0x40


@dataclass(frozen=True, slots=True)
class UnknownItem:
    """An item or sub-item of a type that we do not know.

    It is kept so that nothing is lost, and otherwise ignored (PS3.8 9.3.1).
    """

    item_type: int
    body: bytes

    def encode(self) -> bytes:
        """The item as bytes."""
        return item(self.item_type, self.body)

    @classmethod
    def decode(cls, item_type: int, reader: Reader) -> UnknownItem:
        """Keep the body that the `reader` has, as it is, with its `item_type`."""
        return cls(item_type, reader.rest())


@dataclass(frozen=True, slots=True)
class ApplicationContext:
    """Application Context item, 10H (PS3.8 9.3.2.1)."""

    TYPE: ClassVar[int] = 0x10

    name: str = DICOM_APPLICATION_CONTEXT  # 5-: UID, no padding

    def encode(self) -> bytes:
        """The item as bytes."""
        return item(self.TYPE, text(self.name))

    @classmethod
    def decode(cls, reader: Reader) -> ApplicationContext:
        """The item of these bytes."""
        return cls(uid(reader.rest()))


@dataclass(frozen=True, slots=True)
class PresentationContextRQ:
    """Presentation Context item of an A-ASSOCIATE-RQ, 20H (PS3.8 9.3.2.2).

    Attributes:
        id: odd, 1 to 255, unused by the association's other contexts.
        abstract_syntax: a SOP Class UID.
        transfer_syntaxes: one or more UIDs.
        unknown: sub-items of other types, ignored.
    """

    TYPE: ClassVar[int] = 0x20

    id: int
    abstract_syntax: str
    transfer_syntaxes: tuple[str, ...]
    unknown: tuple[UnknownItem, ...] = ()

    def encode(self) -> bytes:
        """The item as bytes.

        Raises:
            LocalProtocolError: the id is not odd in 1..255, or there is no transfer syntax.
        """
        _check_id(self.id)
        if not self.transfer_syntaxes:
            raise LocalProtocolError(f"presentation context {self.id} offers no transfer syntax")
        body = [
            octets(self.id, 0, 0, 0),  # 5: id, 6-8: reserved
            item(ABSTRACT_SYNTAX, text(self.abstract_syntax)),
            *(item(TRANSFER_SYNTAX, text(syntax)) for syntax in self.transfer_syntaxes),
            *(sub_item.encode() for sub_item in self.unknown),
        ]
        return item(self.TYPE, b"".join(body))

    @classmethod
    def decode(cls, reader: Reader) -> PresentationContextRQ:
        """The item of these bytes.

        Raises:
            InvalidPDU: an even id, not exactly one abstract syntax, or no transfer syntax.
        """
        context_id = reader.u8("presentation context id")
        if context_id % 2 == 0:
            raise reader.fail(f"presentation context id {context_id} is not odd")
        reader.skip(3, "reserved bytes")
        abstract_syntaxes: list[str] = []
        transfer_syntaxes: list[str] = []
        unknown: list[UnknownItem] = []
        while reader:
            item_type, _, body = reader.item()
            if item_type == ABSTRACT_SYNTAX:
                abstract_syntaxes.append(_syntax(body))
            elif item_type == TRANSFER_SYNTAX:
                transfer_syntaxes.append(_syntax(body))
            else:
                unknown.append(UnknownItem.decode(item_type, body))
        if len(abstract_syntaxes) != 1 or not transfer_syntaxes:
            raise reader.fail(
                f"presentation context {context_id} has {len(abstract_syntaxes)} abstract and "
                f"{len(transfer_syntaxes)} transfer syntaxes"
            )
        return cls(context_id, abstract_syntaxes[0], tuple(transfer_syntaxes), tuple(unknown))


@dataclass(frozen=True, slots=True)
class PresentationContextAC:
    """Presentation Context item of an A-ASSOCIATE-AC, 21H (PS3.8 9.3.3.2).

    Attributes:
        id: that of the proposed context.
        result: 0 acceptance, 1 user-rejection, 2 no reason, 3 abstract syntax not supported,
            4 transfer syntaxes not supported (Table 9-18).
        transfer_syntaxes: as sent. One if accepted; if rejected it is not significant and not
            tested, and peers leave it out.
    """

    TYPE: ClassVar[int] = 0x21

    id: int
    result: int
    transfer_syntaxes: tuple[str, ...] = ()

    @property
    def transfer_syntax(self) -> str | None:
        """The one chosen transfer syntax, or None where there is not exactly one."""
        return self.transfer_syntaxes[0] if len(self.transfer_syntaxes) == 1 else None

    def encode(self) -> bytes:
        """The item as bytes."""
        body = [
            octets(self.id, 0, self.result, 0),  # 5: id, 6: reserved, 7: result, 8: reserved
            *(item(TRANSFER_SYNTAX, text(syntax)) for syntax in self.transfer_syntaxes),
        ]
        return item(self.TYPE, b"".join(body))

    @classmethod
    def decode(cls, reader: Reader) -> PresentationContextAC:
        """The item of these bytes; of a rejected context only id and result are judged."""
        context_id = reader.u8("presentation context id")
        reader.skip(1, "reserved byte")
        result = reader.u8("result")
        reader.skip(1, "reserved byte")
        syntaxes: list[str] = []
        try:
            while reader:
                item_type, _, body = reader.item()
                if item_type == TRANSFER_SYNTAX:
                    syntaxes.append(uid(body.rest()))
        except InvalidPDU:
            # Table 9-18: of a rejected context the transfer syntax "shall not be tested".
            if result == 0:
                raise
        return cls(context_id, result, tuple(syntaxes))


def _check_id(context_id: int) -> None:
    if not 1 <= context_id <= 255 or context_id % 2 == 0:
        raise LocalProtocolError(f"presentation context id {context_id} is not odd in 1..255")


def _syntax(body: Reader) -> str:
    syntax = uid(body.rest())
    if not syntax:
        raise body.fail("an empty UID", AbortReason.INVALID_PARAMETER_VALUE)
    return syntax
