"""User Information, 50H, and its sub-items 51H to 59H (PS3.8 9.3.2.3, Annex D; PS3.7 D.3.3).

Sub-items may come in any order; they are sent in ascending order of their types, which old
peers like better.
"""

from __future__ import annotations

from collections.abc import Callable

from dul.errors import AbortReason, LocalProtocolError
from dul.items import UnknownItem
from dul.values import TYPE_CHECKING, dataclass
from dul.wire import U32, Reader, counted, item, octets, short, text, uid

if TYPE_CHECKING:
    from typing import Any, ClassVar, Final, Self

__all__ = [
    "AsynchronousOperationsWindow",
    "CommonExtendedNegotiation",
    "ExtendedNegotiation",
    "RoleSelection",
    "UserIdentity",
    "UserInformation",
]

MAXIMUM_LENGTH_ITEM = 0x51
IMPLEMENTATION_CLASS_UID_ITEM = 0x52
IMPLEMENTATION_VERSION_NAME_ITEM = 0x55
USER_IDENTITY_RESPONSE_ITEM = 0x59


@dataclass(frozen=True, slots=True)
class AsynchronousOperationsWindow:
    """Asynchronous Operations Window, 53H (PS3.7 D.3.3.3). 0 means unlimited."""

    TYPE: ClassVar[int] = 0x53

    invoked: int = 1  # 5-6
    performed: int = 1  # 7-8

    def encode(self) -> bytes:
        """The sub-item as bytes."""
        return item(self.TYPE, short(self.invoked) + short(self.performed))

    @classmethod
    def decode(cls, reader: Reader) -> AsynchronousOperationsWindow:
        """The sub-item of these bytes."""
        return cls(
            reader.u16("maximum number of operations invoked"),
            reader.u16("maximum number of operations performed"),
        )


@dataclass(frozen=True, slots=True)
class RoleSelection:
    """SCP/SCU Role Selection, 54H (PS3.7 D.3.3.4), for one SOP class of the association."""

    TYPE: ClassVar[int] = 0x54

    sop_class_uid: str  # 5-6 length, 7-
    scu: bool  # the requestor offers, the acceptor agrees, that the requestor be an SCU
    scp: bool

    def encode(self) -> bytes:
        """The sub-item as bytes."""
        return item(
            self.TYPE, counted(text(self.sop_class_uid)) + bytes((int(self.scu), int(self.scp)))
        )

    @classmethod
    def decode(cls, reader: Reader) -> RoleSelection:
        """The sub-item of these bytes."""
        return cls(
            uid(reader.counted("SOP class UID")),
            reader.u8("SCU role") == 1,
            reader.u8("SCP role") == 1,
        )


@dataclass(frozen=True, slots=True)
class ExtendedNegotiation:
    """SOP Class Extended Negotiation, 56H (PS3.7 D.3.3.5)."""

    TYPE: ClassVar[int] = 0x56

    sop_class_uid: str  # 5-6 length, 7-
    information: bytes  # service-class-application-information: all that is left

    def encode(self) -> bytes:
        """The sub-item as bytes."""
        return item(self.TYPE, counted(text(self.sop_class_uid)) + self.information)

    @classmethod
    def decode(cls, reader: Reader) -> ExtendedNegotiation:
        """The sub-item of these bytes."""
        return cls(uid(reader.counted("SOP class UID")), reader.rest())


@dataclass(frozen=True, slots=True)
class CommonExtendedNegotiation:
    """SOP Class Common Extended Negotiation, 57H (PS3.7 D.3.3.6); only in an RQ.

    Its second byte is a version, not a reserved byte; version 0 is the only one.
    """

    TYPE: ClassVar[int] = 0x57

    sop_class_uid: str
    service_class_uid: str
    related_general_sop_class_uids: tuple[str, ...] = ()
    version: int = 0
    rest: bytes = b""  # reserved for later versions; skipped

    def encode(self) -> bytes:
        """The sub-item as bytes."""
        related = b"".join(counted(text(each)) for each in self.related_general_sop_class_uids)
        body = (
            counted(text(self.sop_class_uid))
            + counted(text(self.service_class_uid))
            + counted(related)
            + self.rest
        )
        return item(self.TYPE, body, second_byte=self.version)

    @classmethod
    def decode(cls, reader: Reader, version: int = 0) -> CommonExtendedNegotiation:
        """The sub-item that the `reader` has; `version` is its second byte."""
        sop_class = uid(reader.counted("SOP class UID"))
        service_class = uid(reader.counted("service class UID"))
        length = reader.u16("length of the related general SOP class UIDs")
        inner = reader.within(length, "related general SOP class UIDs")
        related: list[str] = []
        while inner:
            related.append(uid(inner.counted("related general SOP class UID")))
        return cls(sop_class, service_class, tuple(related), version, reader.rest())


_NAMED_USERS: Final = (1, 2)
_CREDENTIALS: Final = {3: "a Kerberos service ticket", 4: "a SAML assertion", 5: "a JSON Web Token"}


@dataclass(frozen=True, slots=True)
class UserIdentity:
    """User Identity of an RQ, 58H (PS3.7 D.3.3.7).

    Attributes:
        type: 1 user name, 2 user name and passcode, 3 Kerberos service ticket, 4 SAML
            assertion, 5 JSON Web Token.
        primary: the user name (UTF-8), ticket, assertion or token.
        secondary: the passcode; empty unless the type is 2.
        positive_response_requested: whether a 59H is wanted on success.
    """

    TYPE: ClassVar[int] = 0x58

    type: int  # 5
    primary: bytes  # 7-8 length, 9-
    secondary: bytes = b""  # its two-byte length is always there
    positive_response_requested: bool = False  # 6

    @classmethod
    def of_user(cls, name: str, passcode: str | None = None, *, confirm: bool = False) -> Self:
        """Types 1 and 2.

        Args:
            name: who we are.
            passcode: what proves it.
            confirm: the acceptor is to say that it believes us (59H).
        """
        if passcode is None:
            return cls(1, name.encode(), positive_response_requested=confirm)
        return cls(2, name.encode(), passcode.encode(), confirm)

    @classmethod
    def of_kerberos(cls, ticket: bytes, *, confirm: bool = False) -> Self:
        """Type 3: a service ticket.

        Args:
            ticket: as it was granted for the acceptor.
            confirm: as `of_user`.
        """
        return cls(3, ticket, positive_response_requested=confirm)

    @classmethod
    def of_saml(cls, assertion: bytes, *, confirm: bool = False) -> Self:
        """Type 4: an assertion, in XML.

        Args:
            assertion: the XML document.
            confirm: as `of_user`.
        """
        return cls(4, assertion, positive_response_requested=confirm)

    @classmethod
    def of_jwt(cls, token: bytes, *, confirm: bool = False) -> Self:
        """Type 5: a JSON Web Token.

        Args:
            token: three parts in Base64, with dots between them.
            confirm: as `of_user`.
        """
        return cls(5, token, positive_response_requested=confirm)

    def __str__(self) -> str:
        """Who is claimed to call, in words; what should prove it is left out."""
        if self.type in _NAMED_USERS:
            passcode = "with a passcode" if self.type == 2 else "without a passcode"
            return f"user {self.primary.decode('utf-8', 'replace')!r} {passcode}"
        return _CREDENTIALS.get(self.type, f"an identity of type {self.type}")

    def __repr__(self) -> str:
        # A repr ends up in logs and tracebacks, where credentials have no place.
        return (
            f"UserIdentity(type={self.type}, primary=<{len(self.primary)} bytes>, "
            f"secondary=<{len(self.secondary)} bytes>, "
            f"positive_response_requested={self.positive_response_requested})"
        )

    def encode(self) -> bytes:
        """The sub-item as bytes."""
        return item(
            self.TYPE,
            octets(self.type, int(self.positive_response_requested))
            + counted(self.primary)
            + counted(self.secondary),
        )

    @classmethod
    def decode(cls, reader: Reader) -> UserIdentity:
        """The sub-item of these bytes."""
        identity_type = reader.u8("user identity type")
        response = reader.u8("positive response requested") == 1
        return cls(
            identity_type,
            reader.counted("primary field"),
            reader.counted("secondary field"),
            response,
        )


@dataclass(frozen=True, slots=True)
class UserInformation:
    """User Information, 50H: what both ends say about themselves.

    Attributes:
        maximum_length: 51H, the largest P-DATA-TF variable field that the sender of this item
            can receive; 0 is "no maximum". None where a peer left it out.
        implementation_class_uid: 52H. None where a peer left it out.
        asynchronous_operations_window: 53H.
        role_selections: 54H, at most one for each SOP class.
        implementation_version_name: 55H, 1 to 16 characters.
        extended_negotiations: 56H.
        common_extended_negotiations: 57H, only in an RQ.
        user_identity: 58H, only in an RQ.
        user_identity_response: 59H, only in an AC.
        unknown: sub-items of other types, ignored.
    """

    TYPE: ClassVar[int] = 0x50

    maximum_length: int | None = None
    implementation_class_uid: str | None = None
    asynchronous_operations_window: AsynchronousOperationsWindow | None = None
    role_selections: tuple[RoleSelection, ...] = ()
    implementation_version_name: str | None = None
    extended_negotiations: tuple[ExtendedNegotiation, ...] = ()
    common_extended_negotiations: tuple[CommonExtendedNegotiation, ...] = ()
    user_identity: UserIdentity | None = None
    user_identity_response: bytes | None = None
    unknown: tuple[UnknownItem, ...] = ()

    def encode(self) -> bytes:
        """The item as bytes, its sub-items in ascending order."""
        parts: list[bytes] = []
        if self.maximum_length is not None:
            if not 0 <= self.maximum_length <= 0xFFFFFFFF:
                raise LocalProtocolError(f"maximum length {self.maximum_length} is not 32 bits")
            parts.append(item(MAXIMUM_LENGTH_ITEM, U32.pack(self.maximum_length)))
        if self.implementation_class_uid is not None:
            parts.append(item(IMPLEMENTATION_CLASS_UID_ITEM, text(self.implementation_class_uid)))
        if self.asynchronous_operations_window is not None:
            parts.append(self.asynchronous_operations_window.encode())
        parts += (each.encode() for each in self.role_selections)
        if self.implementation_version_name is not None:
            name = text(self.implementation_version_name)
            if not 1 <= len(name) <= 16:
                raise LocalProtocolError("the implementation version name has 1 to 16 characters")
            parts.append(item(IMPLEMENTATION_VERSION_NAME_ITEM, name))
        parts += (each.encode() for each in self.extended_negotiations)
        parts += (each.encode() for each in self.common_extended_negotiations)
        if self.user_identity is not None:
            parts.append(self.user_identity.encode())
        if self.user_identity_response is not None:
            parts.append(item(USER_IDENTITY_RESPONSE_ITEM, counted(self.user_identity_response)))
        parts += (each.encode() for each in self.unknown)
        return item(self.TYPE, b"".join(parts))

    @classmethod
    def decode(cls, reader: Reader) -> UserInformation:
        """The item of these bytes.

        Raises:
            InvalidPDU: a sub-item is cut off, has a wrong length, or stands twice where one
                is allowed.
        """
        fields: dict[str, Any] = {}
        unknown: list[UnknownItem] = []
        while reader:
            item_type, second, body = reader.item()
            entry = _SUB_ITEMS.get(item_type)
            if entry is None:
                unknown.append(UnknownItem.decode(item_type, body))
                continue
            name, many, decode = entry
            body.where = f"sub-item {item_type:02X}H"
            value = decode(body, second)
            body.done()
            if many:
                fields[name] = (*fields.get(name, ()), value)
            elif name in fields:
                raise body.fail("the sub-item stands twice", AbortReason.UNEXPECTED_PARAMETER)
            else:
                fields[name] = value
        return cls(**fields, unknown=tuple(unknown))


def _version_name(reader: Reader) -> str | None:
    # Peers send it padded, or even empty; neither is worth an association.
    return uid(reader.rest())[:16] or None


# sub-item type -> field, may it stand more than once, decoder of (body, second byte)
_SUB_ITEMS: dict[int, tuple[str, bool, Callable[[Reader, int], Any]]] = {
    0x51: ("maximum_length", False, lambda body, _: body.u32("maximum length")),
    0x52: ("implementation_class_uid", False, lambda body, _: uid(body.rest())),
    0x53: (
        "asynchronous_operations_window",
        False,
        lambda body, _: AsynchronousOperationsWindow.decode(body),
    ),
    0x54: ("role_selections", True, lambda body, _: RoleSelection.decode(body)),
    0x55: ("implementation_version_name", False, lambda body, _: _version_name(body)),
    0x56: ("extended_negotiations", True, lambda body, _: ExtendedNegotiation.decode(body)),
    0x57: ("common_extended_negotiations", True, CommonExtendedNegotiation.decode),
    0x58: ("user_identity", False, lambda body, _: UserIdentity.decode(body)),
    0x59: ("user_identity_response", False, lambda body, _: body.counted("server response")),
}
