"""The seven PDUs: golden bytes both ways, round trips, any bytes at all, and the rules of 9.3."""

from __future__ import annotations

import dataclasses
import re

import pytest
import strategies as our
from ends import decoded
from golden import Golden, as_fields, golden, goldens, significant
from hypothesis import given
from hypothesis import strategies as st
from rebuild import PDUS, rebuild

from dul.errors import AbortReason, InvalidPDU, LocalProtocolError
from dul.items import DICOM_APPLICATION_CONTEXT, PresentationContextRQ, UnknownItem
from dul.pdata import PDV, PDataTF
from dul.pdu import (
    _REQUESTS,
    BY_TYPE,
    LONGEST_REQUEST,
    MOST_REQUESTS,
    Abort,
    AssociateAC,
    AssociateRJ,
    AssociateRQ,
    ReleaseRQ,
    decode_pdu,
)
from dul.user_items import UserIdentity, UserInformation


def every(*groups: str) -> list:
    return [
        pytest.param(each, id=f"{each.group}/{each.name}")
        for each in goldens(*groups)
        if each.item_type is None
    ]


# ------------------------------------------------------------------------ golden bytes --


@pytest.mark.parametrize("each", every("canonical", "tolerated"))
def test_golden_pdus_are_read_as_their_fields(each: Golden):
    found = decode_pdu(each.data)
    assert type(found) is PDUS[each.kind]
    assert significant(each, as_fields(found)) == each.fields


@pytest.mark.parametrize("each", every("canonical"))
def test_golden_pdus_are_made_of_their_fields(each: Golden):
    assert rebuild(PDUS[each.kind], each.fields).encode() == each.data


@pytest.mark.parametrize("each", every("canonical"))
def test_what_was_read_is_sent_again_byte_by_byte(each: Golden):
    assert decode_pdu(each.data).encode() == each.data


@pytest.mark.parametrize("each", every("invalid"))
def test_invalid_pdus_are_refused_with_a_reason(each: Golden):
    with pytest.raises(InvalidPDU) as raised:
        decode_pdu(each.data)
    error = raised.value
    assert error.reason in AbortReason
    if each.name.startswith("unknown-pdu-type"):
        assert error.reason is AbortReason.UNRECOGNIZED_PDU
    if each.keys["framing"] == "whole":
        assert 0 <= error.offset <= len(each.data) - 6
    assert re.fullmatch(r"invalid .+ at byte \d+: .+", str(error))
    assert error.where in str(error)
    assert error.why in str(error)


@pytest.mark.parametrize("name", ["rq-length-0", "rq-length-67", "ac-length-0", "ac-length-67"])
def test_a_pdu_without_its_fixed_part_is_told_as_such(name: str):
    """PS3.8 9.3.2: bytes 7 to 74 are always there."""
    data = golden(name, "invalid").data
    with pytest.raises(InvalidPDU, match=f"the fixed part has 68 bytes, not {len(data) - 6}"):
        decode_pdu(data)


@pytest.mark.parametrize("each", every("unacceptable"))
def test_unacceptable_pdus_are_read_or_refused(each: Golden):
    """What a rule forbids may be refused here or later; it is never anything else."""
    try:
        found = decode_pdu(each.data)
    except InvalidPDU:
        assert "A-ABORT" in each.keys["answer"]
        return
    assert type(found) is PDUS[each.kind]
    if each.fields is not None:
        assert significant(each, as_fields(found)) == each.fields


@pytest.mark.parametrize("each", every("canonical", "tolerated"))
@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_a_pdu_is_read_from_any_kind_of_buffer(each: Golden, kind: type):
    assert decode_pdu(kind(each.data)) == decode_pdu(each.data)


# ------------------------------------------------------------------------- round trips --


@given(our.pdus)
def test_pdus_survive_the_way_there_and_back(value):
    data = value.encode()
    assert data[0] == value.TYPE
    assert int.from_bytes(data[2:6], "big") == len(data) - 6
    assert decode_pdu(data) == value


@given(our.associate_rqs)
def test_a_pdu_that_was_read_can_be_sent_on_unchanged(value: AssociateRQ):
    data = value.encode()
    assert decode_pdu(data).encode() == data


# --------------------------------------------------------------------------- any bytes --


def is_an_object_or_invalid(data: bytes) -> None:
    found, error = decoded(decode_pdu, data)
    if error is not None:
        assert 0 <= error.offset <= len(data)
        return
    assert isinstance(found, tuple(PDUS.values()))
    if isinstance(found, PDataTF):
        assert sum(6 + len(each.fragment) for each in found.pdvs) == len(data) - 6


@given(st.binary(max_size=300))
def test_any_bytes_are_a_pdu_or_invalid(data: bytes):
    is_an_object_or_invalid(data)


@given(st.sampled_from(sorted(BY_TYPE)), st.binary(max_size=300))
def test_any_body_is_a_pdu_or_invalid(pdu_type: int, body: bytes):
    is_an_object_or_invalid(bytes((pdu_type, 0)) + len(body).to_bytes(4, "big") + body)


@given(st.sampled_from([each.data for each in goldens() if each.item_type is None]), st.data())
def test_mutated_golden_bytes_are_a_pdu_or_invalid(seed: bytes, data: st.DataObject):
    body = data.draw(our.mutated(seed[6:]))
    is_an_object_or_invalid(seed[:2] + len(body).to_bytes(4, "big") + body)


@pytest.mark.parametrize("each", every("canonical"))
def test_a_pdu_cut_anywhere_is_invalid(each: Golden):
    """Cut at every byte, with the PDU-length as it was, and with one that fits what is there."""
    for stop in range(len(each.data)):
        with pytest.raises(InvalidPDU):
            decode_pdu(each.data[:stop])
        body = each.data[6:stop]
        is_an_object_or_invalid(each.data[:2] + len(body).to_bytes(4, "big") + body)


@pytest.mark.parametrize("each", every("canonical"))
def test_a_pdu_with_a_byte_more_is_invalid(each: Golden):
    with pytest.raises(InvalidPDU, match="declares"):
        decode_pdu(each.data + b"\0")


def test_memory_grows_with_what_came_and_not_with_what_is_declared():
    """Inner lengths are judged before anything is made of them; the body is never multiplied."""
    import tracemalloc

    head = golden("rq-minimal").data[6:]
    body = memoryview(head + bytes((0x99, 0, 0, 0)) * 4096)
    tracemalloc.start()
    try:
        found = AssociateRQ.decode(body)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(found.unknown) == 4096
    assert peak < 40 * len(body)


# ------------------------------------------------------------- A-ASSOCIATE-RQ and -AC --

RQ = AssociateRQ("CALLED", "CALLING", (PresentationContextRQ(1, "1.2", ("1.3",)),))


@given(our.associate_rqs, our.associate_rqs)
def test_a_request_that_came_before_is_read_the_same(request: AssociateRQ, other: AssociateRQ):
    """Also where another came whose items, or whose titles and reserved bytes, are the same."""
    mixed = other.encode()[6:74] + request.encode()[74:]
    for data in (request.encode()[6:], mixed, other.encode()[6:]):
        _REQUESTS.clear()
        alone = AssociateRQ.decode(data)
        _REQUESTS.clear()
        for each in (request, other, request):
            AssociateRQ.decode(each.encode()[6:])
        again = AssociateRQ.decode(data)
        assert again == alone
        assert again.ae_fields == alone.ae_fields == data[4:36]
        assert again.encode() == alone.encode()


def test_requests_are_remembered_within_bounds_and_passwords_are_not():
    _REQUESTS.clear()
    for number in range(3 * MOST_REQUESTS):
        context = PresentationContextRQ(1, f"1.2.{number}", ("1.3",))
        decode_pdu(dataclasses.replace(RQ, presentation_contexts=(context,)).encode())
        assert 0 < len(_REQUESTS) <= MOST_REQUESTS
    _REQUESTS.clear()
    secret = UserInformation(user_identity=UserIdentity(2, b"me", b"password"))
    large = (UnknownItem(0x99, bytes(LONGEST_REQUEST)),)
    for request in (
        dataclasses.replace(RQ, user_information=secret),
        dataclasses.replace(RQ, unknown=large),
    ):
        assert decode_pdu(request.encode()) == request
    assert _REQUESTS == {}


@pytest.mark.parametrize("each", every("invalid"))
def test_what_is_refused_is_refused_again(each: Golden):
    errors = []
    for _ in range(2):
        with pytest.raises(InvalidPDU) as raised:
            decode_pdu(each.data)
        errors.append((str(raised.value), raised.value.reason, raised.value.offset))
    assert errors[0] == errors[1]


@pytest.mark.parametrize("each", every("canonical", "tolerated"))
def test_reserved_bytes_of_the_header_are_not_tested(each: Golden):
    """PS3.8 9.3.1: byte 2 of every PDU."""
    changed = bytearray(each.data)
    changed[1] = 0xFF
    assert decode_pdu(changed) == decode_pdu(each.data)


def test_reserved_bytes_are_sent_as_zero():
    data = RQ.encode()
    assert data[1] == 0
    assert data[8:10] == bytes(2)
    assert data[42:74] == bytes(32)


@pytest.mark.parametrize("version", [0, 1, 2, 3, 0xFFFE, 0xFFFF])
def test_the_protocol_version_is_kept_and_not_judged_by_the_codec(version: int):
    """What is not ours is answered with A-ASSOCIATE-RJ 1/2/2, which needs a decoded RQ."""
    found = decode_pdu(dataclasses.replace(RQ, protocol_version=version).encode())
    assert found.protocol_version == version


@pytest.mark.parametrize(
    ("field", "title"),
    [
        (b"STORE           ", "STORE"),
        (b"  STORE         ", "STORE"),
        (b"           STORE", "STORE"),
        (b"STORE\0\0\0\0\0\0\0\0\0\0\0", "STORE"),
        (b" A  B           ", "A  B"),
        (b"store           ", "store"),
        (b"SIXTEEN CHARS AE", "SIXTEEN CHARS AE"),
        (b"                ", ""),
        (bytes(16), ""),
        (b"\xc4RZTE           ", "\u00c4RZTE"),
    ],
)
def test_ae_titles_are_trimmed_at_both_ends(field: bytes, title: str):
    """Table 9-11: leading and trailing spaces are not significant; inner ones and case are."""
    data = RQ.encode()
    for start in (10, 26):
        found = decode_pdu(data[:start] + field + data[start + 16 :])
        assert (found.called_ae_title if start == 10 else found.calling_ae_title) == title


@given(st.binary(min_size=64, max_size=64))
def test_the_echo_is_the_requests_bytes_11_to_74(fields: bytes):
    """Table 9-17: to the byte, whatever they are."""
    data = RQ.encode()
    found = decode_pdu(data[:10] + fields + data[74:])
    assert found.echo() == fields
    assert found.encode()[10:74] == fields
    assert AssociateAC((), echo=found.echo()).encode()[10:74] == fields


def test_a_replaced_title_replaces_its_bytes():
    found = decode_pdu(RQ.encode()[:10] + b"  OLD".ljust(16) + RQ.encode()[26:])
    changed = dataclasses.replace(found, called_ae_title="NEW")
    assert changed.echo()[:16] == b"NEW".ljust(16)
    assert changed.encode()[10:26] == b"NEW".ljust(16)


@pytest.mark.parametrize("title", ["", "   ", "S" * 17, "S" * 15 + "  ", "\u20ac"])
def test_a_title_that_fits_no_field_is_the_users_error(title: str):
    for name in ("called_ae_title", "calling_ae_title"):
        with pytest.raises(LocalProtocolError, match=r"AE title|repertoire"):
            dataclasses.replace(RQ, **{name: title}).encode()


def test_unknown_items_are_kept_and_sent_again():
    """PS3.8 9.3.1: skipped over; nothing is lost."""
    unknown = (UnknownItem(0x11, b"abc"), UnknownItem(0xFF, b""))
    for value in (
        dataclasses.replace(RQ, unknown=unknown),
        AssociateAC((), unknown=unknown),
        dataclasses.replace(RQ, user_information=UserInformation(unknown=unknown)),
        dataclasses.replace(
            RQ, presentation_contexts=(PresentationContextRQ(1, "1.2", ("1.3",), unknown),)
        ),
    ):
        assert decode_pdu(value.encode()) == value


def test_the_items_of_the_other_pdu_are_unknown_items():
    """21H has no meaning in an RQ, nor 20H in an AC."""
    rq = decode_pdu(dataclasses.replace(RQ, unknown=(UnknownItem(0x21, b"\1\0\0\0"),)).encode())
    assert rq.unknown == (UnknownItem(0x21, b"\1\0\0\0"),)
    ac = decode_pdu(AssociateAC((), unknown=(UnknownItem(0x20, b""),)).encode())
    assert ac.unknown == (UnknownItem(0x20, b""),)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("rq-context-id-0", "not odd"),
        ("rq-context-id-2", "not odd"),
        ("rq-context-id-254", "not odd"),
        ("rq-context-id-twice", "used twice"),
        ("rq-no-abstract-syntax", "has 0 abstract and 1 transfer syntaxes"),
        ("rq-two-abstract-syntaxes", "has 2 abstract"),
        ("rq-no-transfer-syntax", "has 1 abstract and 0 transfer"),
        ("rq-empty-abstract-syntax", "an empty UID"),
        ("rq-empty-transfer-syntax", "an empty UID"),
        ("rq-no-application-context", "no application context"),
        ("rq-two-application-contexts", "stands twice"),
        ("rq-no-contexts", "no presentation context"),
        ("rq-no-items", "no application context"),
        ("rq-two-user-informations", "stands twice"),
        ("rq-two-maximum-lengths", "stands twice"),
        ("rq-two-user-identities", "stands twice"),
        ("pdata-two-contexts", "two messages"),
        ("pdata-two-messages", "two messages"),
    ],
)
def test_what_cannot_be_understood_in_one_way_is_refused(name: str, why: str):
    with pytest.raises(InvalidPDU, match=why):
        decode_pdu(golden(name, "unacceptable").data)


def test_an_accept_may_leave_out_what_a_request_must_have():
    """The defaults of PS3.7 then hold; what is left unanswered is not used."""
    bare = decode_pdu(b"\2\0\0\0\0\x44\0\1\0\0" + bytes(64))
    assert bare == AssociateAC((), application_context=None)
    named = decode_pdu(golden("ac-no-application-context", "unacceptable").data)
    assert named.application_context is None


@pytest.mark.parametrize(
    "value",
    [
        dataclasses.replace(RQ, presentation_contexts=()),
        dataclasses.replace(RQ, presentation_contexts=RQ.presentation_contexts * 2),
        dataclasses.replace(RQ, protocol_version=0x10000),
        dataclasses.replace(RQ, protocol_version=-1),
        dataclasses.replace(RQ, reserved=bytes(31)),
        dataclasses.replace(RQ, reserved=bytes(33)),
        dataclasses.replace(RQ, application_context="\u2028"),
        AssociateAC((), protocol_version=0x10000),
        AssociateAC((), echo=bytes(63)),
        AssociateAC((), echo=b""),
        AssociateRJ(256, 1, 1),
        AssociateRJ(1, -1, 1),
        Abort(2, 256),
        PDataTF(()),
        PDataTF((PDV(256, 0, b""),)),
        PDataTF((PDV(1, 256, b""),)),
    ],
)
def test_what_does_not_fit_is_the_users_error(value):
    with pytest.raises(LocalProtocolError):
        value.encode()


def test_a_request_speaks_of_dicom_if_nothing_else_is_said():
    assert RQ.application_context == DICOM_APPLICATION_CONTEXT == "1.2.840.10008.3.1.1.1"
    assert decode_pdu(RQ.encode()).protocol_version == 1


def test_a_decoded_release_is_the_same_whatever_its_reserved_bytes():
    assert decode_pdu(golden("release-rq-reserved-nonzero", "tolerated").data) == ReleaseRQ()
