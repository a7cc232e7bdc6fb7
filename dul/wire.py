"""Bounds-checked reading of big-endian fields, and the struct formats that PDUs are made of.

PDU headers, items and PDV headers are big endian (PS3.8 9.3.1); what a PDV carries is not
looked at here.
"""

from __future__ import annotations

from struct import Struct

from dul.errors import AbortReason, InvalidPDU, LocalProtocolError

__all__ = [
    "IOV_MAX",
    "PDATA_HEADER",
    "PDATA_HEADER_LENGTH",
    "PDU_HEADER",
    "PDU_HEADER_LENGTH",
    "U16",
    "U32",
    "Buffer",
    "Reader",
    "counted",
    "item",
    "octets",
    "pdu",
    "short",
    "text",
    "uid",
]

Buffer = bytes | bytearray | memoryview

PDU_HEADER = Struct(">BxI")  # 1 type, 2 reserved, 3-6 PDU-length
PDATA_HEADER = Struct(
    ">BxIIBB"
)  # the same of a P-DATA-TF, 7-10 item length, 11 context id, 12 control
U16 = Struct(">H")
U32 = Struct(">I")

IOV_MAX = 1024  # how many spans one call of the system takes, where POSIX is of today

PDU_HEADER_LENGTH = PDU_HEADER.size
PDATA_HEADER_LENGTH = PDATA_HEADER.size


def pdu(pdu_type: int, body: bytes) -> bytes:
    """The header and the body of a PDU (PS3.8 9.3.1)."""
    return PDU_HEADER.pack(pdu_type, len(body)) + body


def item(item_type: int, body: bytes, second_byte: int = 0) -> bytes:
    """An item or sub-item: type, reserved byte, length, body.

    Raises:
        LocalProtocolError: the body does not fit the 16-bit length field, or the type its byte.
    """
    if len(body) > 0xFFFF:
        raise LocalProtocolError(
            f"item {item_type:02X}H of {len(body)} bytes does not fit its 16-bit length field"
        )
    return octets(item_type, second_byte) + U16.pack(len(body)) + body


def octets(*values: int) -> bytes:
    """Fields of one byte each.

    Raises:
        LocalProtocolError: one of them does not fit.
    """
    try:
        return bytes(values)
    except ValueError as error:
        raise LocalProtocolError(f"a field of one byte cannot hold one of {values}") from error


def short(value: int) -> bytes:
    """A field of two bytes, big endian.

    Raises:
        LocalProtocolError: the value does not fit.
    """
    if not 0 <= value <= 0xFFFF:
        raise LocalProtocolError(f"a field of two bytes cannot hold {value}")
    return U16.pack(value)


def counted(value: bytes) -> bytes:
    """A field that is preceded by its own 16-bit length (PS3.7 D.3.3.4 to D.3.3.7)."""
    if len(value) > 0xFFFF:
        raise LocalProtocolError(f"a field of {len(value)} bytes does not fit its 16-bit length")
    return U16.pack(len(value)) + value


def text(value: str) -> bytes:
    """Characters of the default repertoire as bytes.

    ISO 8859-1 rather than ASCII, so that what a careless peer sent can be sent back.
    """
    try:
        return value.encode("latin-1")
    except UnicodeEncodeError as error:
        raise LocalProtocolError(
            f"{value!r} has characters that DICOM's default repertoire lacks"
        ) from error


def uid(value: bytes) -> str:
    """A UID of an item: not padded by the standard (PS3.8 Annex F), but some peers do."""
    return value.rstrip(b"\0 ").decode("latin-1")


class Reader:
    """A cursor over one PDU's body or one item that never reads outside of it.

    Args:
        view: the bytes.
        where: what they are, for error messages.
        base: position of the view's first byte in the PDU's body.
    """

    __slots__ = ("_at", "_base", "_view", "where")

    def __init__(self, view: memoryview, where: str, base: int = 0) -> None:
        self._view = view
        self._at = 0
        self._base = base
        self.where = where

    def __bool__(self) -> bool:
        return self._at < len(self._view)

    @property
    def remaining(self) -> int:
        """Bytes not read yet."""
        return len(self._view) - self._at

    def fail(
        self, why: str, reason: AbortReason = AbortReason.INVALID_PARAMETER_VALUE
    ) -> InvalidPDU:
        """The error for the current position."""
        return InvalidPDU(self.where, self._base + self._at, why, reason)

    def _need(self, count: int, what: str) -> int:
        at = self._at
        if count > len(self._view) - at:
            raise self.fail(f"{what} needs {count} bytes, {self.remaining} are left")
        self._at = at + count
        return at

    def u8(self, what: str) -> int:
        """One byte."""
        return self._view[self._need(1, what)]

    def u16(self, what: str) -> int:
        """Two bytes, big endian."""
        at = self._need(2, what)
        value: int = U16.unpack_from(self._view, at)[0]
        return value

    def u32(self, what: str) -> int:
        """Four bytes, big endian."""
        at = self._need(4, what)
        value: int = U32.unpack_from(self._view, at)[0]
        return value

    def skip(self, count: int, what: str) -> None:
        """Reserved bytes: not tested."""
        self._need(count, what)

    def take(self, count: int, what: str) -> bytes:
        """A copy of the next bytes."""
        at = self._need(count, what)
        return bytes(self._view[at : at + count])

    def within(self, count: int, what: str) -> Reader:
        """A reader of the next bytes alone."""
        at = self._need(count, what)
        return Reader(self._view[at : at + count], self.where, self._base + at)

    def rest(self) -> bytes:
        """A copy of all that is left."""
        return self.take(self.remaining, "the rest")

    def counted(self, what: str) -> bytes:
        """A field with its own 16-bit length before it."""
        return self.take(self.u16(f"length of {what}"), what)

    def item(self) -> tuple[int, int, Reader]:
        """The next item: its type, its second byte, and a reader of its body.

        Raises:
            InvalidPDU: fewer than four bytes are left, or the item is longer than what holds it.
        """
        start = self._need(4, "an item header")
        item_type, second, length = (
            self._view[start],
            self._view[start + 1],
            U16.unpack_from(self._view, start + 2)[0],
        )
        if length > self.remaining:
            raise self.fail(
                f"item {item_type:02X}H declares {length} bytes, {self.remaining} are left"
            )
        body = self.within(length, "an item")
        body.where = f"item {item_type:02X}H"
        return item_type, second, body

    def done(self) -> None:
        """Say that nothing may follow."""
        if self:
            raise self.fail(f"{self.remaining} bytes after the end")
