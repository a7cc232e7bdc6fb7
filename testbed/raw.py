"""Bytes of the DICOM Upper Layer, right by default and wrong on request.

Every builder computes the lengths of PS3.8 section 9.3 and lets the caller override each of them, so a
case can say exactly which one byte of an otherwise valid PDU is wrong. Nothing is checked here: this
module must be able to build anything. All integers are big endian, except inside PDV fragments.
"""

import random
import struct
from collections.abc import Iterable, Iterator, Sequence

APPLICATION_CONTEXT = "1.2.840.10008.3.1.1.1"
VERIFICATION = "1.2.840.10008.1.1"
CT_STORAGE = "1.2.840.10008.5.1.4.1.1.2"
IMPLICIT_LE = "1.2.840.10008.1.2"
EXPLICIT_LE = "1.2.840.10008.1.2.1"
DEFLATED_LE = "1.2.840.10008.1.2.1.99"
JPEG2000 = "1.2.840.10008.1.2.4.90"
#: Two UIDs that name nothing; built from a UUID under 2.25, so nobody can have registered them.
UNKNOWN_ABSTRACT = "2.25.329800735698586629295641978511506172917"
UNKNOWN_TRANSFER = "2.25.183277104958730105812759125801384517209"
IMPLEMENTATION_CLASS = "2.25.262086406829110419931297894772577063974"
IMPLEMENTATION_VERSION = "DULSPEC_1"

COMMAND_MORE, COMMAND_LAST, DATA_MORE, DATA_LAST = 0x01, 0x03, 0x00, 0x02

UINT32_MAX = 0xFFFFFFFF


def _text(value: str | bytes) -> bytes:
    return value if isinstance(value, bytes) else value.encode("latin-1")


def ae(title: str | bytes) -> bytes:
    """An AE title field: 16 bytes, padded with spaces on the right, cut if longer (PS3.8 Table 9-11)."""
    return _text(title).ljust(16)[:16]


def pdu(type: int, body: bytes, *, length: int | None = None, reserved: int = 0) -> bytes:
    """A PDU: type, reserved byte, PDU-length (that of `body` unless given), body (PS3.8 9.3.1)."""
    return struct.pack(">BBI", type, reserved, len(body) if length is None else length) + body


def item(type: int, body: bytes, *, length: int | None = None, reserved: int = 0) -> bytes:
    """An item or sub-item: type, reserved byte, 16-bit length, body (PS3.8 9.3.1)."""
    size = len(body) if length is None else length
    return struct.pack(">BBH", type, reserved, size & 0xFFFF) + body


# -- items of A-ASSOCIATE-RQ and -AC (PS3.8 9.3.2, 9.3.3) -------------------------------------------


def application_context(name: str | bytes = APPLICATION_CONTEXT, **over: int) -> bytes:
    """Item 10H."""
    return item(0x10, _text(name), **over)


def abstract_syntax(uid: str | bytes, **over: int) -> bytes:
    """Sub-item 30H."""
    return item(0x30, _text(uid), **over)


def transfer_syntax(uid: str | bytes, **over: int) -> bytes:
    """Sub-item 40H."""
    return item(0x40, _text(uid), **over)


def context_rq(
    id: int,
    abstract: str | bytes | None = VERIFICATION,
    transfers: Sequence[str | bytes] = (IMPLICIT_LE,),
    *,
    extra: bytes = b"",
    reserved: bytes = b"\0\0\0",
    **over: int,
) -> bytes:
    """Item 20H: a proposed presentation context; `extra` is appended to its sub-items."""
    syntaxes = b"" if abstract is None else abstract_syntax(abstract)
    syntaxes += b"".join(transfer_syntax(uid) for uid in transfers)
    return item(0x20, bytes([id]) + reserved + syntaxes + extra, **over)


def context_ac(
    id: int,
    result: int = 0,
    transfers: Sequence[str | bytes] = (IMPLICIT_LE,),
    *,
    reserved: int = 0,
    **over: int,
) -> bytes:
    """Item 21H: the answer to one proposed presentation context."""
    syntaxes = b"".join(transfer_syntax(uid) for uid in transfers)
    return item(0x21, bytes([id, reserved, result, reserved]) + syntaxes, **over)


# -- sub-items of User Information, item 50H (PS3.8 Annex D, PS3.7 D.3.3) -----------------------------


def max_length(value: int = 16384, **over: int) -> bytes:
    """Sub-item 51H: the largest P-DATA-TF PDU-length its sender receives; 0 means no limit."""
    return item(0x51, struct.pack(">I", value), **over)


def implementation_class(uid: str | bytes = IMPLEMENTATION_CLASS, **over: int) -> bytes:
    """Sub-item 52H."""
    return item(0x52, _text(uid), **over)


def async_window(invoked: int, performed: int, **over: int) -> bytes:
    """Sub-item 53H."""
    return item(0x53, struct.pack(">HH", invoked, performed), **over)


def role(uid: str, scu: int, scp: int, *, uid_length: int | None = None, **over: int) -> bytes:
    """Sub-item 54H."""
    name = _text(uid)
    size = len(name) if uid_length is None else uid_length
    return item(0x54, struct.pack(">H", size) + name + bytes([scu, scp]), **over)


def implementation_version(name: str | bytes = IMPLEMENTATION_VERSION, **over: int) -> bytes:
    """Sub-item 55H."""
    return item(0x55, _text(name), **over)


def extended(uid: str, information: bytes, *, uid_length: int | None = None, **over: int) -> bytes:
    """Sub-item 56H."""
    name = _text(uid)
    size = len(name) if uid_length is None else uid_length
    return item(0x56, struct.pack(">H", size) + name + information, **over)


def common_extended(
    uid: str, service: str, related: Sequence[str] = (), *, inner_length: int | None = None
) -> bytes:
    """Sub-item 57H, whose second byte is a version number (0)."""
    listed = b"".join(struct.pack(">H", len(name)) + _text(name) for name in related)
    size = len(listed) if inner_length is None else inner_length
    names = b"".join(struct.pack(">H", len(name)) + _text(name) for name in (uid, service))
    return item(0x57, names + struct.pack(">H", size) + listed)


def identity_rq(
    type: int,
    primary: bytes,
    secondary: bytes = b"",
    *,
    positive: int = 0,
    inner: int | None = None,
) -> bytes:
    """Sub-item 58H."""
    size = len(primary) if inner is None else inner
    body = struct.pack(">BBH", type, positive, size) + primary
    return item(0x58, body + struct.pack(">H", len(secondary)) + secondary)


def identity_ac(response: bytes = b"", **over: int) -> bytes:
    """Sub-item 59H."""
    return item(0x59, struct.pack(">H", len(response)) + response, **over)


USER_ITEMS = (max_length(), implementation_class(), implementation_version())


def user_information(subitems: Iterable[bytes] = USER_ITEMS, **over: int) -> bytes:
    """Item 50H."""
    return item(0x50, b"".join(subitems), **over)


# -- the seven PDUs (PS3.8 9.3.2 to 9.3.8) --------------------------------------------------------------


def _associate(
    type: int,
    called_ae_title: str | bytes,
    calling_ae_title: str | bytes,
    items: Iterable[bytes],
    *,
    version: int,
    reserved: int,
    reserved_32: bytes,
    length: int | None,
) -> bytes:
    body = (
        struct.pack(">HBB", version, reserved, reserved)
        + ae(called_ae_title)
        + ae(calling_ae_title)
    )
    body += reserved_32.ljust(32, b"\0")[:32] + b"".join(items)
    return pdu(type, body, length=length, reserved=reserved)


def _variable_part(
    application: bytes | None, contexts: Iterable[bytes], user: Iterable[bytes] | None
) -> list[bytes]:
    first = application_context() if application is None else application
    last = b"" if user is None else user_information(user)
    return [first, *contexts, last]


ECHO_CONTEXTS = (context_rq(1),)


def associate_rq(
    called_ae_title: str | bytes = "ANY-SCP",
    calling_ae_title: str | bytes = "DULSPEC",
    contexts: Iterable[bytes] = ECHO_CONTEXTS,
    user: Iterable[bytes] | None = USER_ITEMS,
    *,
    application: bytes | None = None,
    items: Iterable[bytes] | None = None,
    version: int = 1,
    reserved: int = 0,
    reserved_32: bytes = b"",
    length: int | None = None,
) -> bytes:
    """An A-ASSOCIATE-RQ (01H). `items` replaces the whole variable part."""
    if items is None:
        items = _variable_part(application, contexts, user)
    fields = {"version": version, "reserved": reserved}
    return _associate(
        1,
        called_ae_title,
        calling_ae_title,
        items,
        reserved_32=reserved_32,
        length=length,
        **fields,
    )


def associate_ac(
    called_ae_title: str | bytes = "ANY-SCP",
    calling_ae_title: str | bytes = "DULSPEC",
    contexts: Iterable[bytes] = (context_ac(1),),
    user: Iterable[bytes] | None = USER_ITEMS,
    *,
    application: bytes | None = None,
    items: Iterable[bytes] | None = None,
    version: int = 1,
    reserved: int = 0,
    reserved_32: bytes = b"",
    length: int | None = None,
) -> bytes:
    """An A-ASSOCIATE-AC (02H). `items` replaces the whole variable part."""
    if items is None:
        items = _variable_part(application, contexts, user)
    fields = {"version": version, "reserved": reserved}
    return _associate(
        2,
        called_ae_title,
        calling_ae_title,
        items,
        reserved_32=reserved_32,
        length=length,
        **fields,
    )


def associate_rj(
    result: int = 1,
    source: int = 1,
    reason: int = 1,
    *,
    reserved: int = 0,
    length: int | None = None,
) -> bytes:
    """An A-ASSOCIATE-RJ (03H)."""
    return pdu(3, bytes([reserved, result, source, reason]), length=length)


def pdv(id: int, header: int, fragment: bytes, *, length: int | None = None) -> bytes:
    """A PDV item: 32-bit length, presentation-context-ID, message control header, fragment."""
    size = len(fragment) + 2 if length is None else length
    return struct.pack(">IBB", size, id, header) + fragment


def p_data(*pdvs: bytes, length: int | None = None, reserved: int = 0) -> bytes:
    """A P-DATA-TF (04H)."""
    return pdu(4, b"".join(pdvs), length=length, reserved=reserved)


def release_rq(*, reserved: int = 0) -> bytes:
    """An A-RELEASE-RQ (05H)."""
    return pdu(5, bytes([reserved]) * 4, reserved=reserved)


def release_rp(*, reserved: int = 0) -> bytes:
    """An A-RELEASE-RP (06H)."""
    return pdu(6, bytes([reserved]) * 4, reserved=reserved)


def abort(source: int = 0, reason: int = 0, *, reserved: int = 0) -> bytes:
    """An A-ABORT (07H)."""
    return pdu(7, bytes([reserved, reserved, source, reason]), reserved=reserved)


def unknown_pdu(type: int, body: bytes = b"\0\0\0\0") -> bytes:
    """A PDU whose type PS3.8 does not define (Evt19)."""
    return pdu(type, body)


def fragments(
    id: int, payload: bytes, size: int, *, command: bool, per_pdu: int = 1
) -> list[bytes]:
    """P-DATA-TF PDUs carrying `payload` in fragments of `size` bytes, `per_pdu` PDVs in each PDU."""
    more, last = (COMMAND_MORE, COMMAND_LAST) if command else (DATA_MORE, DATA_LAST)
    pieces = [payload[at : at + size] for at in range(0, len(payload), size)] or [b""]
    headers = [more] * (len(pieces) - 1) + [last]
    pdvs = [pdv(id, head, piece) for head, piece in zip(headers, pieces, strict=True)]
    return [p_data(*pdvs[at : at + per_pdu]) for at in range(0, len(pdvs), per_pdu)]


# -- mutators ---------------------------------------------------------------------------------------------


def truncate(data: bytes, count: int) -> bytes:
    """`data` without its last `count` bytes; lengths inside are left as they are."""
    return data[: max(0, len(data) - count)]


def extend(data: bytes, tail: bytes) -> bytes:
    """`data` and a tail that no length field knows of."""
    return data + tail


def overwrite(data: bytes, offset: int, patch: bytes) -> bytes:
    """`data` with `patch` written over it at `offset` (0-based)."""
    return data[:offset] + patch + data[offset + len(patch) :]


def flip(data: bytes, offset: int, mask: int = 0xFF) -> bytes:
    """`data` with the bits of `mask` inverted in one byte."""
    return overwrite(data, offset, bytes([data[offset] ^ mask]))


def duplicate(parts: Sequence[bytes], index: int) -> list[bytes]:
    """`parts` with one of them twice in a row."""
    return [*parts[: index + 1], *parts[index:]]


def reorder(parts: Sequence[bytes], seed: int) -> list[bytes]:
    """`parts` in another order, the same one for the same seed."""
    shuffled = list(parts)
    random.Random(seed).shuffle(shuffled)  # noqa: S311 - a repeatable order, not a secret
    return shuffled


def single_bytes(data: bytes) -> Iterator[bytes]:
    """`data` as one-byte segments."""
    for at in range(len(data)):
        yield data[at : at + 1]
