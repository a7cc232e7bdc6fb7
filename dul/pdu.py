"""The seven PDUs (PS3.8 9.3), in the standard's order, `encode` and `decode` side by side.

Byte positions in comments count from 1, as the standard does. `decode` takes a PDU's body
(what follows the six-byte header) and returns a whole object or raises `InvalidPDU`.
"""

from __future__ import annotations

from dul.errors import AbortReason, InvalidPDU, LocalProtocolError, RejectReason
from dul.items import (
    DICOM_APPLICATION_CONTEXT,
    ApplicationContext,
    PresentationContextAC,
    PresentationContextRQ,
    UnknownItem,
)
from dul.pdata import PDataTF
from dul.remembered import Remembered
from dul.user_items import UserInformation
from dul.values import TYPE_CHECKING, dataclass, field
from dul.wire import PDU_HEADER, PDU_HEADER_LENGTH, Buffer, Reader, octets, pdu, short, text

if TYPE_CHECKING:
    from typing import ClassVar

__all__ = [
    "BY_TYPE",
    "PDU",
    "Abort",
    "AssociateAC",
    "AssociateRJ",
    "AssociateRQ",
    "ReleaseRP",
    "ReleaseRQ",
    "decode_pdu",
]

FIXED_PART = 68  # bytes 7 to 74 of A-ASSOCIATE-RQ and -AC
AE_LENGTH = 16
RESERVED_LENGTH = 32
NO_RESERVED = bytes(RESERVED_LENGTH)
LONGEST_REQUEST = 16 << 10
"""Bytes of those that are remembered; with 128 contexts it has some 12,000."""
MOST_REQUESTS = 32
NO_INFORMATION = UserInformation()


def _ae_field(title: str) -> bytes:
    """An AE title as its 16 bytes, padded with spaces (Table 9-11)."""
    field_ = text(title)
    if not 1 <= len(field_.strip(b" ")) <= len(field_) <= AE_LENGTH:
        raise LocalProtocolError(f"an AE title has 1 to 16 characters, not all spaces: {title!r}")
    return field_.ljust(AE_LENGTH)


def _ae_title(field_: bytes) -> str:
    """Leading and trailing spaces are not significant; trailing NULs are a legacy error."""
    return field_.rstrip(b"\0").strip(b" ").decode("latin-1")


def _exactly(length: int, field_: bytes, what: str) -> bytes:
    if len(field_) != length:
        raise LocalProtocolError(f"{what} are {length} bytes, not {len(field_)}")
    return field_


@dataclass(frozen=True, slots=True)
class AssociateRQ:
    """A-ASSOCIATE-RQ, 01H (PS3.8 9.3.2).

    Attributes:
        called_ae_title: without leading and trailing spaces; empty only in a faulty RQ.
        calling_ae_title: the same.
        presentation_contexts: one or more, their ids unique.
        application_context: None where a peer left the item out.
        protocol_version: a bit field; only bit 0 is ever tested.
        reserved: bytes 43-74, which the acceptor echoes.
        ae_fields: bytes 11-42 as received, which the acceptor echoes to the byte.
        unknown: items of other types, ignored.
    """

    TYPE: ClassVar[int] = 0x01
    NAME: ClassVar[str] = "A-ASSOCIATE-RQ"

    called_ae_title: str
    calling_ae_title: str
    presentation_contexts: tuple[PresentationContextRQ, ...]
    user_information: UserInformation = NO_INFORMATION
    application_context: str = DICOM_APPLICATION_CONTEXT
    protocol_version: int = 1
    reserved: bytes = NO_RESERVED
    ae_fields: bytes | None = field(default=None, compare=False, repr=False)
    unknown: tuple[UnknownItem, ...] = ()

    def echo(self) -> bytes:
        """Bytes 11 to 74, which an A-ASSOCIATE-AC repeats (Table 9-17)."""
        fields = self.ae_fields
        titles = (self.called_ae_title, self.calling_ae_title)
        # The bytes as received stand only for the titles they were read as: a replaced title wins.
        if fields is None or (_ae_title(fields[:16]), _ae_title(fields[16:])) != titles:
            fields = b"".join(_ae_field(title) for title in titles)
        return fields + _exactly(RESERVED_LENGTH, self.reserved, "bytes 43-74")

    def encode(self) -> bytes:
        """The PDU as bytes.

        Raises:
            LocalProtocolError: a field does not fit, or there are not 1 to 128 contexts with
                unique ids.
        """
        contexts = self.presentation_contexts
        if not contexts or len({each.id for each in contexts}) != len(contexts):
            raise LocalProtocolError(
                "an A-ASSOCIATE-RQ has one or more presentation contexts with unique ids"
            )
        body = [
            short(self.protocol_version),  # 7-8
            b"\0\0",  # 9-10 reserved
            self.echo(),  # 11-26 called, 27-42 calling, 43-74 reserved
            ApplicationContext(self.application_context).encode(),  # 75-
            *(context.encode() for context in contexts),
            self.user_information.encode(),
            *(each.encode() for each in self.unknown),
        ]
        return pdu(self.TYPE, b"".join(body))

    @classmethod
    def decode(cls, body: Buffer) -> AssociateRQ:
        """The PDU of this body.

        Raises:
            InvalidPDU: not exactly one application context, no presentation context, ids that
                are even or used twice, more than one user information item, or a wrong length.
        """
        whole = bytes(body)
        found = _REQUESTS.get(whole)
        if found is not None:
            return found
        reader = Reader(memoryview(whole), cls.NAME)
        version = _fixed_head(reader)
        ae_fields = reader.take(2 * AE_LENGTH, "AE titles")
        reserved = reader.take(RESERVED_LENGTH, "reserved bytes 43-74")
        contexts, information, application_context, unknown = _offer(reader)
        found = cls(
            _ae_title(ae_fields[:AE_LENGTH]),
            _ae_title(ae_fields[AE_LENGTH:]),
            contexts,
            information,
            application_context,
            version,
            reserved,
            ae_fields,
            unknown,
        )
        # A password is kept no longer than its association.
        if information.user_identity is None and len(whole) <= LONGEST_REQUEST:
            _REQUESTS.keep(whole, found)
        return found


_REQUESTS: Remembered[bytes, AssociateRQ] = Remembered(MOST_REQUESTS)
"""By their bytes: a requestor asks the same each time, and that is decoded and judged once."""


def _offer(
    reader: Reader,
) -> tuple[tuple[PresentationContextRQ, ...], UserInformation, str, tuple[UnknownItem, ...]]:
    """The items of an A-ASSOCIATE-RQ, which the reader is in front of."""
    parts = _Parts(reader, PresentationContextRQ)
    if parts.application_context is None:
        raise reader.fail("no application context item", AbortReason.NOT_SPECIFIED)
    contexts = tuple(each for each in parts.contexts if isinstance(each, PresentationContextRQ))
    if not contexts:
        raise reader.fail("no presentation context item", AbortReason.NOT_SPECIFIED)
    if len({each.id for each in contexts}) != len(contexts):
        raise reader.fail("a presentation context id is used twice")
    information = parts.user_information or NO_INFORMATION
    return contexts, information, parts.application_context, tuple(parts.unknown)


@dataclass(frozen=True, slots=True)
class AssociateAC:
    """A-ASSOCIATE-AC, 02H (PS3.8 9.3.3).

    Attributes:
        echo: bytes 11-74, repeated from the RQ; never tested when received.
        presentation_contexts: one answer for each proposed context, in any order.
    """

    TYPE: ClassVar[int] = 0x02
    NAME: ClassVar[str] = "A-ASSOCIATE-AC"

    presentation_contexts: tuple[PresentationContextAC, ...]
    user_information: UserInformation = NO_INFORMATION
    application_context: str | None = DICOM_APPLICATION_CONTEXT
    protocol_version: int = 1
    echo: bytes = bytes(64)
    unknown: tuple[UnknownItem, ...] = ()

    def encode(self) -> bytes:
        """The PDU as bytes.

        Raises:
            LocalProtocolError: a field does not fit.
        """
        items: list[bytes] = []
        if self.application_context is not None:
            items.append(ApplicationContext(self.application_context).encode())
        items += (context.encode() for context in self.presentation_contexts)
        items.append(self.user_information.encode())
        items += (each.encode() for each in self.unknown)
        # 7-8 version, 9-10 reserved, 11-74 echo, 75- items
        head = (
            short(self.protocol_version)
            + b"\0\0"
            + _exactly(2 * AE_LENGTH + RESERVED_LENGTH, self.echo, "bytes 11-74")
        )
        return pdu(self.TYPE, head + b"".join(items))

    @classmethod
    def decode(cls, body: Buffer) -> AssociateAC:
        """The PDU of this body.

        A missing user information item is tolerated: the defaults of PS3.7 then hold.

        Raises:
            InvalidPDU: a wrong length, or an item that is cut off.
        """
        reader = Reader(memoryview(body), cls.NAME)
        version = _fixed_head(reader)
        echo = reader.take(2 * AE_LENGTH + RESERVED_LENGTH, "AE titles and reserved bytes")
        parts = _Parts(reader, PresentationContextAC)
        contexts = tuple(each for each in parts.contexts if isinstance(each, PresentationContextAC))
        return cls(
            contexts,
            parts.user_information or NO_INFORMATION,
            parts.application_context,
            version,
            echo,
            tuple(parts.unknown),
        )


def _fixed_head(reader: Reader) -> int:
    if reader.remaining < FIXED_PART:
        raise reader.fail(f"the fixed part has {FIXED_PART} bytes, not {reader.remaining}")
    version = reader.u16("protocol version")  # 7-8
    reader.skip(2, "reserved bytes 9-10")
    return version


class _Parts:
    """The variable items of an A-ASSOCIATE PDU, sorted by kind.

    The order of the items is the sender's duty (9.3.1) and not judged here.
    """

    def __init__(
        self, reader: Reader, context: type[PresentationContextRQ | PresentationContextAC]
    ) -> None:
        self.application_context: str | None = None
        self.contexts: list[PresentationContextRQ | PresentationContextAC] = []
        self.user_information: UserInformation | None = None
        self.unknown: list[UnknownItem] = []
        while reader:
            item_type, _, body = reader.item()
            if item_type == ApplicationContext.TYPE:
                self._once(self.application_context, body)
                self.application_context = ApplicationContext.decode(body).name
            elif item_type == context.TYPE:
                self.contexts.append(context.decode(body))
            elif item_type == UserInformation.TYPE:
                self._once(self.user_information, body)
                self.user_information = UserInformation.decode(body)
            else:
                self.unknown.append(UnknownItem.decode(item_type, body))

    @staticmethod
    def _once(present: object, body: Reader) -> None:
        if present is not None:
            raise body.fail("the item stands twice", AbortReason.UNEXPECTED_PARAMETER)


@dataclass(frozen=True, slots=True)
class AssociateRJ:
    """A-ASSOCIATE-RJ, 03H (PS3.8 9.3.4)."""

    TYPE: ClassVar[int] = 0x03
    NAME: ClassVar[str] = "A-ASSOCIATE-RJ"

    result: int  # 8: 1 permanent, 2 transient
    source: int  # 9: 1 service-user, 2 provider (ACSE), 3 provider (presentation)
    reason: int  # 10: by source

    @classmethod
    def because(cls, reason: RejectReason, *, transient: bool = False) -> AssociateRJ:
        """A rejection for a `reason` of Table 9-21, permanent unless it is `transient`."""
        return cls(2 if transient else 1, reason.source, reason.reason)

    def encode(self) -> bytes:
        """The PDU as bytes."""
        return pdu(self.TYPE, octets(0, self.result, self.source, self.reason))

    @classmethod
    def decode(cls, body: Buffer) -> AssociateRJ:
        """The PDU of this body; undefined values are kept."""
        _four(body, cls.NAME)
        return cls(body[1], body[2], body[3])


@dataclass(frozen=True, slots=True)
class ReleaseRQ:
    """A-RELEASE-RQ, 05H (PS3.8 9.3.6)."""

    TYPE: ClassVar[int] = 0x05
    NAME: ClassVar[str] = "A-RELEASE-RQ"

    def encode(self) -> bytes:
        """The PDU as bytes."""
        return pdu(self.TYPE, bytes(4))

    @classmethod
    def decode(cls, body: Buffer) -> ReleaseRQ:
        """The PDU of this body: four reserved bytes, not tested."""
        _four(body, cls.NAME)
        return cls()


@dataclass(frozen=True, slots=True)
class ReleaseRP:
    """A-RELEASE-RP, 06H (PS3.8 9.3.7)."""

    TYPE: ClassVar[int] = 0x06
    NAME: ClassVar[str] = "A-RELEASE-RP"

    def encode(self) -> bytes:
        """The PDU as bytes."""
        return pdu(self.TYPE, bytes(4))

    @classmethod
    def decode(cls, body: Buffer) -> ReleaseRP:
        """The PDU of this body: four reserved bytes, not tested."""
        _four(body, cls.NAME)
        return cls()


@dataclass(frozen=True, slots=True)
class Abort:
    """A-ABORT, 07H (PS3.8 9.3.8)."""

    TYPE: ClassVar[int] = 0x07
    NAME: ClassVar[str] = "A-ABORT"

    source: int = 0  # 9: 0 service-user, 2 service-provider
    reason: int = 0  # 10: significant if the source is 2 (`dul.errors.AbortReason`)

    def encode(self) -> bytes:
        """The PDU as bytes."""
        return pdu(self.TYPE, octets(0, 0, self.source, self.reason))

    @classmethod
    def decode(cls, body: Buffer) -> Abort:
        """The PDU of this body; undefined values are kept."""
        _four(body, cls.NAME)
        return cls(body[2], body[3])


def _four(body: Buffer, name: str) -> None:
    if len(body) != 4:
        raise InvalidPDU(name, 0, f"its PDU-length is 4, not {len(body)}")


PDU = AssociateRQ | AssociateAC | AssociateRJ | PDataTF | ReleaseRQ | ReleaseRP | Abort
"""Any of the seven protocol data units (PS3.8 9.3)."""

BY_TYPE: dict[int, type[PDU]] = {
    each.TYPE: each
    for each in (AssociateRQ, AssociateAC, AssociateRJ, PDataTF, ReleaseRQ, ReleaseRP, Abort)
}


def decode_pdu(data: Buffer) -> PDU:
    """The PDU of exactly these bytes, header included.

    Raises:
        InvalidPDU: for any bytes that are not one whole PDU.
    """
    if len(data) < PDU_HEADER_LENGTH:
        raise InvalidPDU("PDU", len(data), f"a PDU header has {PDU_HEADER_LENGTH} bytes")
    pdu_type, length = PDU_HEADER.unpack_from(data)
    kind = BY_TYPE.get(pdu_type)
    if kind is None:
        raise InvalidPDU(
            "PDU", 0, f"type {pdu_type:02X}H is not defined", AbortReason.UNRECOGNIZED_PDU
        )
    if length != len(data) - PDU_HEADER_LENGTH:
        raise InvalidPDU(
            kind.NAME, 0, f"it declares {length} bytes and has {len(data) - PDU_HEADER_LENGTH}"
        )
    return kind.decode(memoryview(data)[PDU_HEADER_LENGTH:])
