"""Items and sub-items: golden bytes both ways, round trips, and any bytes at all."""

from __future__ import annotations

import re

import pytest
import strategies as our
from ends import decoded
from golden import Golden, as_fields, goldens
from hypothesis import given
from hypothesis import strategies as st
from rebuild import ITEMS, rebuild

from dul.errors import InvalidPDU, LocalProtocolError
from dul.items import (
    ApplicationContext,
    PresentationContextAC,
    PresentationContextRQ,
    UnknownItem,
)
from dul.user_items import (
    AsynchronousOperationsWindow,
    CommonExtendedNegotiation,
    ExtendedNegotiation,
    RoleSelection,
    UserIdentity,
    UserInformation,
)
from dul.wire import Reader, counted, item, uid

GOLDEN_ITEMS = [
    pytest.param(each, id=each.name) for each in goldens("canonical") if each.item_type is not None
]
# Sub-items without a class of their own are fields of what holds them.
PLAIN_FIELDS = {
    0x51: "maximum_length",
    0x52: "implementation_class_uid",
    0x55: "implementation_version_name",
    0x59: "user_identity_response",
}
FIELDS_OF_CLASSES = {
    0x53: "asynchronous_operations_window",
    0x54: "role_selections",
    0x56: "extended_negotiations",
    0x57: "common_extended_negotiations",
    0x58: "user_identity",
}


def reader(data: bytes) -> Reader:
    return Reader(memoryview(data), "a test's bytes")


def body(data: bytes) -> Reader:
    """A reader of the body of the one item that these bytes are."""
    whole = reader(data)
    _, _, found = whole.item()
    whole.done()
    return found


# ------------------------------------------------------------------------ golden bytes --


@pytest.mark.parametrize("each", GOLDEN_ITEMS)
def test_golden_items_are_read_as_their_fields(each: Golden):
    kind = each.item_type
    if kind in PLAIN_FIELDS:
        found = {PLAIN_FIELDS[kind]: getattr(user_information(each.data), PLAIN_FIELDS[kind])}
    elif kind in FIELDS_OF_CLASSES:
        found = getattr(user_information(each.data), FIELDS_OF_CLASSES[kind])
        if isinstance(found, tuple):
            (found,) = found
    elif kind in (0x30, 0x40):
        found = {"uid": uid(body(each.data).rest())}
    else:
        found = ITEMS[kind].decode(body(each.data))
    assert (
        as_fields(found) == each.fields
        or {k: as_fields(v) for k, v in found.items()} == each.fields
    )


@pytest.mark.parametrize("each", GOLDEN_ITEMS)
def test_golden_items_are_made_of_their_fields(each: Golden):
    kind = each.item_type
    if kind == 0x59:
        value = {"user_identity_response": bytes.fromhex(each.fields["user_identity_response"])}
        made = UserInformation(**value).encode()[4:]
    elif kind in PLAIN_FIELDS:
        made = UserInformation(**each.fields).encode()[4:]
    elif kind in (0x30, 0x40):
        context = PresentationContextRQ(1, each.fields["uid"], (each.fields["uid"],))
        abstract, transfer = (
            context.encode()[8:][: len(each.data)],
            context.encode()[8:][len(each.data) :],
        )
        made = abstract if kind == 0x30 else transfer
    else:
        made = rebuild(ITEMS[kind], each.fields).encode()
    assert made == each.data


def user_information(sub_items: bytes) -> UserInformation:
    return UserInformation.decode(reader(sub_items))


# ------------------------------------------------------------------------- round trips --


@given(our.items)
def test_items_survive_the_way_there_and_back(value):
    data = value.encode()
    assert data[0] == value.TYPE
    assert type(value).decode(body(data)) == value


@given(our.sub_items)
def test_sub_items_survive_the_way_there_and_back(value):
    data = value.encode()
    name = FIELDS_OF_CLASSES[data[0]]
    found = getattr(user_information(data), name)
    assert found in (value, (value,))
    assert user_information(data) == UserInformation(**{name: found})


@given(st.integers(0, 255), our.short_bytes)
def test_unknown_items_survive_the_way_there_and_back(item_type: int, contents: bytes):
    value = UnknownItem(item_type, contents)
    assert UnknownItem.decode(item_type, body(value.encode())) == value


@given(our.user_informations)
def test_sub_items_are_sent_in_ascending_order(value: UserInformation):
    """No order is asked for (PS3.8 D.1), but old peers like it."""
    whole = body(value.encode())
    types = []
    while whole:
        types.append(whole.item()[0])
    known = [each for each in types if 0x51 <= each <= 0x59]
    assert known == sorted(known)
    assert types[: len(known)] == known


@given(st.permutations(["51", "52", "53", "54", "55", "56", "57", "58", "59", "FF"]))
def test_sub_items_are_understood_in_any_order(order: list[str]):
    """PS3.8 D.2: no meaning attaches to the order."""
    parts = {
        "51": item(0x51, bytes.fromhex("00004000")),
        "52": item(0x52, b"1.2"),
        "53": AsynchronousOperationsWindow(0, 8).encode(),
        "54": RoleSelection("1.3", True, True).encode(),
        "55": item(0x55, b"NAME"),
        "56": ExtendedNegotiation("1.3", b"x").encode(),
        "57": CommonExtendedNegotiation("1.3", "1.4", ("1.5",)).encode(),
        "58": UserIdentity(1, b"me").encode(),
        "59": item(0x59, b"\0\2ok"),
        "FF": item(0xFF, b"?"),
    }
    assert user_information(b"".join(parts[each] for each in order)) == UserInformation(
        16384,
        "1.2",
        AsynchronousOperationsWindow(0, 8),
        (RoleSelection("1.3", True, True),),
        "NAME",
        (ExtendedNegotiation("1.3", b"x"),),
        (CommonExtendedNegotiation("1.3", "1.4", ("1.5",)),),
        UserIdentity(1, b"me"),
        b"ok",
        (UnknownItem(0xFF, b"?"),),
    )


# --------------------------------------------------------------------------- any bytes --

DECODERS = [
    ApplicationContext.decode,
    PresentationContextRQ.decode,
    PresentationContextAC.decode,
    UserInformation.decode,
]


@pytest.mark.parametrize("decode", DECODERS, ids=lambda each: each.__self__.__name__)
@given(st.data())
def test_any_bytes_are_an_item_or_invalid(decode, data: st.DataObject):
    seeds = [each.data[4:] for each in goldens("canonical") if each.item_type is not None]
    contents = data.draw(st.binary(max_size=80) | st.sampled_from(seeds).flatmap(our.mutated))
    found, error = decoded(decode, reader(contents))
    if error is not None:
        assert 0 <= error.offset <= len(contents)
        return
    # What was understood can be said again, and is understood the same way; only what a rule
    # forbids to send is refused.
    try:
        again = found.encode()
    except LocalProtocolError:
        return
    assert decode(body(again)) == found


@given(st.integers(0x51, 0x59), st.binary(max_size=60))
def test_any_bytes_are_a_sub_item_or_invalid(item_type: int, contents: bytes):
    _, error = decoded(user_information, item(item_type, contents))
    if error is not None:
        assert error.where == f"sub-item {item_type:02X}H"
        assert 4 <= error.offset <= 4 + len(contents)


# ------------------------------------------------------------------------------- rules --


def test_reserved_bytes_of_items_are_sent_as_zero_and_not_tested():
    """PS3.8 9.3.1."""
    context = PresentationContextRQ(5, "1.2", ("1.3", "1.4"))
    data = bytearray(context.encode())
    reserved = [1, 5, 6, 7, 9, 16, 23]
    assert [data[at] for at in reserved] == [0] * len(reserved)
    for at in reserved:
        data[at] = 0xFF
    assert PresentationContextRQ.decode(body(bytes(data))) == context

    answer = PresentationContextAC(5, 0, ("1.3",))
    data = bytearray(answer.encode())
    for at in (1, 5, 7, 9):
        assert data[at] == 0
        data[at] = 0xFF
    assert PresentationContextAC.decode(body(bytes(data))) == answer


@pytest.mark.parametrize("padding", [b"\0", b" ", b"\0\0", b" \0"])
def test_padded_uids_are_read_as_if_they_were_not(padding: bytes):
    """PS3.8 Annex F: no padding in items; some peers pad all the same."""
    assert ApplicationContext.decode(reader(b"1.2.3" + padding)) == ApplicationContext("1.2.3")
    assert ApplicationContext("1.2.3").encode()[4:] == b"1.2.3"


@pytest.mark.parametrize(
    "junk", [b"\xff", b"\x40\0\0\x09" + b"1.2", b"\x40\0", b"\x30\0\0\1x\x40", bytes(9)]
)
def test_a_rejected_context_may_hold_junk_an_accepted_one_not(junk: bytes):
    """PS3.8 Table 9-18: of a rejected context the transfer syntax shall not be tested."""
    for result in (1, 2, 3, 4, 9):
        found = PresentationContextAC.decode(reader(bytes((7, 0, result, 0)) + junk))
        assert (found.id, found.result) == (7, result)
    if junk != bytes(9):
        with pytest.raises(InvalidPDU):
            PresentationContextAC.decode(reader(bytes((7, 0, 0, 0)) + junk))


@pytest.mark.parametrize("syntaxes", [(), ("1.2", "1.3")])
def test_the_chosen_transfer_syntax_is_the_only_one(syntaxes: tuple[str, ...]):
    assert PresentationContextAC(1, 0, syntaxes).transfer_syntax is None
    assert PresentationContextAC(1, 0, ("1.2",)).transfer_syntax == "1.2"


def test_a_role_is_taken_only_if_its_byte_is_one():
    """PS3.7 D.3.3.4: 0 and 1 are defined; a value that is not is no agreement."""
    found = RoleSelection.decode(reader(b"\0\3" + b"1.2" + bytes((1, 2))))
    assert (found.scu, found.scp) == (True, False)


def test_a_common_extended_negotiation_of_a_later_version_is_skipped_over():
    """PS3.7 D.3.3.6: byte 2 is the version; what follows version 0's fields is not looked at."""
    data = CommonExtendedNegotiation("1.2", "1.3", ("1.4",), version=3, rest=b"new").encode()
    assert data[1] == 3
    assert user_information(data).common_extended_negotiations == (
        CommonExtendedNegotiation("1.2", "1.3", ("1.4",), 3, b"new"),
    )


@pytest.mark.parametrize(
    ("sent", "read"), [(b"", None), (b" \0", None), (b"NAME \0", "NAME"), (b"N" * 20, "N" * 16)]
)
def test_a_careless_version_name_costs_no_association(sent: bytes, read: str | None):
    assert user_information(item(0x55, sent)).implementation_version_name == read


@pytest.mark.parametrize("item_type", [0x51, 0x52, 0x53, 0x55, 0x58, 0x59])
def test_a_sub_item_that_may_stand_once_stands_once(item_type: int):
    (each, *_) = [g for g in goldens("canonical") if g.item_type == item_type]
    with pytest.raises(InvalidPDU, match=f"sub-item {item_type:02X}H.*stands twice"):
        user_information(each.data * 2)


@pytest.mark.parametrize("item_type", [0x54, 0x56, 0x57])
def test_a_sub_item_for_each_sop_class_may_stand_often(item_type: int):
    (each, *_) = [g for g in goldens("canonical") if g.item_type == item_type]
    assert len(getattr(user_information(each.data * 3), FIELDS_OF_CLASSES[item_type])) == 3


def test_credentials_are_not_shown():
    shown = repr(UserIdentity(2, b"radiology", b"open sesame", positive_response_requested=True))
    assert "radiology" not in shown
    assert "sesame" not in shown
    assert re.search(r"type=2.*9 bytes.*11 bytes.*True", shown)


# ------------------------------------------------------------------- what may not be sent --

TOO_LONG = "1" * 0x10000


@pytest.mark.parametrize(
    "value",
    [
        PresentationContextRQ(0, "1.2", ("1.2",)),
        PresentationContextRQ(2, "1.2", ("1.2",)),
        PresentationContextRQ(257, "1.2", ("1.2",)),
        PresentationContextRQ(1, "1.2", ()),
        PresentationContextRQ(1, TOO_LONG, ("1.2",)),
        PresentationContextRQ(1, "1.2", ("1." + "2" * 60,) * 1100),
        PresentationContextAC(256, 0, ("1.2",)),
        PresentationContextAC(1, 256, ("1.2",)),
        PresentationContextAC(1, -1, ("1.2",)),
        ApplicationContext("1.2\u2028"),
        UnknownItem(256, b""),
        UnknownItem(0x60, bytes(0x10000)),
        AsynchronousOperationsWindow(0x10000, 1),
        AsynchronousOperationsWindow(1, -1),
        RoleSelection(TOO_LONG, True, False),
        ExtendedNegotiation("1.2", bytes(0xFFFF)),
        CommonExtendedNegotiation("1.2", "1.3", version=256),
        CommonExtendedNegotiation("1.2", "1.3", ("1." + "2" * 60,) * 1100),
        UserIdentity(256, b""),
        UserIdentity(1, bytes(0x10000)),
        UserInformation(maximum_length=-1),
        UserInformation(maximum_length=1 << 32),
        UserInformation(implementation_version_name=""),
        UserInformation(implementation_version_name="N" * 17),
        UserInformation(user_identity_response=bytes(0x10000)),
        UserInformation(unknown=(UnknownItem(0x60, bytes(0xFFFF)),) * 2),
    ],
)
def test_what_does_not_fit_is_the_users_error(value):
    with pytest.raises(LocalProtocolError):
        value.encode()


@pytest.mark.parametrize(
    ("fits", "too_long"),
    [
        (UnknownItem(0x60, bytes(0xFFFF)), UnknownItem(0x60, bytes(0x10000))),
        (ExtendedNegotiation("1", bytes(0xFFFF - 3)), ExtendedNegotiation("1", bytes(0xFFFF - 2))),
        (UserIdentity(1, bytes(0xFFFF - 6)), UserIdentity(1, bytes(0xFFFF - 5))),
    ],
)
def test_a_length_field_of_two_bytes_is_used_to_its_end(fits, too_long):
    assert fits.encode()[2:4] == b"\xff\xff"
    with pytest.raises(LocalProtocolError, match="65536 bytes"):
        too_long.encode()


def test_a_counted_field_is_used_to_its_end():
    assert counted(bytes(0xFFFF))[:2] == b"\xff\xff"
    with pytest.raises(LocalProtocolError, match="65536 bytes"):
        counted(bytes(0x10000))


def test_what_is_not_said_is_the_standards_default():
    """PS3.7 D.3.3.3: 1, 1 is synchronous; D.3.3.6: version 0; D.3.3.7: no response is wanted."""
    assert AsynchronousOperationsWindow() == AsynchronousOperationsWindow(1, 1)
    assert UserIdentity(1, b"me") == UserIdentity(1, b"me", b"", positive_response_requested=False)
    assert CommonExtendedNegotiation("1", "2") == CommonExtendedNegotiation("1", "2", (), 0, b"")
    assert ApplicationContext() == ApplicationContext("1.2.840.10008.3.1.1.1")
    assert UserInformation().encode() == b"\x50\0\0\0"
