"""A Success that is known by its bytes says what the decoder says."""

from __future__ import annotations

import hypothesis.strategies as st
import pytest
from hypothesis import given

from dimse.errors import InvalidCommandSet, InvalidValue
from dimse.messages.base import Message
from dimse.messages.codec import decode_message, response_to
from dimse.messages.command import encode_command
from dimse.messages.composite import CEchoRQ, CStoreRQ, CStoreRSP
from dimse.messages.success import KnownSuccess, KnownSuccesses

CT = "1.2.840.10008.5.1.4.1.1.2"
NUMBERS = st.integers(0, 0xFFFF)
UIDS = st.from_regex(r"[1-9][0-9]{0,5}(\.[1-9][0-9]{0,5}){0,6}", fullmatch=True)


def asked(number=7, uid="1.2.3.45", sop_class=CT) -> CStoreRQ:
    return CStoreRQ(
        message_id=number, affected_sop_class_uid=sop_class, affected_sop_instance_uid=uid
    )


def response(request: CStoreRQ, *leave_out: str, **more) -> bytes:
    elements = {
        "AffectedSOPClassUID": request.affected_sop_class_uid,
        "CommandField": 0x8001,
        "MessageIDBeingRespondedTo": request.message_id,
        "CommandDataSetType": 0x0101,
        "Status": 0,
        "AffectedSOPInstanceUID": request.affected_sop_instance_uid,
        **more,
    }
    return encode_command({key: value for key, value in elements.items() if key not in leave_out})


def knowing(first: CStoreRQ, raw: bytes) -> KnownSuccess:
    known = KnownSuccess(first)
    known.learn(first, raw, decode_message(raw))
    return known


FORMS = [(), ("AffectedSOPClassUID",), ("AffectedSOPInstanceUID",)]
FORMS.append(FORMS[1] + FORMS[2])


@pytest.mark.parametrize("leave_out", FORMS)
@given(NUMBERS, NUMBERS, UIDS, UIDS)
def test_the_same_for_the_next_object(leave_out, number, other, uid, another):
    first, second = asked(number, uid), asked(other, another)
    known = knowing(first, response(first, *leave_out))
    raw = response(second, *leave_out)
    found = known.read(second, raw)
    if len(raw) == len(response(first, *leave_out)):
        assert found is not None or raw.count(number.to_bytes(2, "little")) != 1
    assert found is None or found == decode_message(raw)


def test_it_is_known_after_the_first():
    known = KnownSuccess(asked())
    second = asked(8, "1.2.3.46")
    assert known.read(second, response(second)) is None
    known = knowing(asked(), response(asked()))
    assert known.read(second, response(second)) == response_to(second, 0)


@pytest.mark.parametrize(
    "more",
    [
        {"Status": 0xB000},
        {"Status": 0xA700},
        {"ErrorComment": "fine"},
        {"CommandDataSetType": 1},
        {"AffectedSOPInstanceUID": "1.2.3.99"},
        {"AffectedSOPClassUID": "1.2.840.10008.5.1.4.1.1.4"},
        {"MessageIDBeingRespondedTo": 9},
        {"CommandField": 0x8030},
    ],
)
def test_nothing_else_is_taken_for_one(more):
    other = response(asked(), **more)
    assert knowing(asked(), response(asked())).read(asked(), other) is None
    known = KnownSuccess(asked())
    message = decode_message(other)
    if isinstance(message, CStoreRSP):
        known.learn(asked(), other, message)
        assert known.read(asked(), other) is None


def test_a_value_that_stands_there_twice_is_not_put_in():
    twice = b"\0\0\x20\1\2\0\0\0\7\0"
    first = asked(7)
    raw = response(first) + b"\0\0\xff\x0f" + len(twice).to_bytes(4, "little") + twice
    known = KnownSuccess(asked())
    known.learn(first, raw, decode_message(raw))
    assert known.read(first, raw) is None


@given(st.data())
def test_damage_is_never_missed(data):
    known, second = knowing(asked(), response(asked())), asked(8, "1.2.3.46")
    raw = bytearray(response(second))
    for _ in range(data.draw(st.integers(1, 3))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    found = known.read(second, bytes(raw))
    if found is None:
        return
    try:
        assert found == decode_message(bytes(raw))
    except InvalidCommandSet:
        pytest.fail("the decoder refuses it")


@given(
    NUMBERS,
    UIDS,
    st.sampled_from([0, 1, 2]),
    st.sampled_from([None, "MOVER"]),
    st.sampled_from([None, 0, 77]),
)
def test_a_request_is_what_the_general_encoder_makes_of_it(number, uid, priority, title, move_id):
    request = CStoreRQ(
        message_id=number,
        affected_sop_class_uid=CT,
        affected_sop_instance_uid=uid,
        priority=priority,
        move_originator_application_entity_title=title,
        move_originator_message_id=move_id,
    )
    assert request.encode() == Message.encode(request)
    assert decode_message(request.encode()) == request


@pytest.mark.parametrize(
    "bad", [{"number": -1}, {"number": 65536}, {"uid": ""}, {"uid": "1.x"}, {"sop_class": "1" * 65}]
)
def test_a_request_that_cannot_be_encoded(bad):
    with pytest.raises(InvalidValue):
        asked(**bad).encode()


@given(NUMBERS, NUMBERS)
def test_a_c_echo_is_answered_and_asked_alike(number, other):
    requests = [
        CEchoRQ(message_id=each, affected_sop_class_uid="1.2.840.10008.1.1")
        for each in (number, other)
    ]
    responses = [response_to(each, 0) for each in requests]
    known = KnownSuccesses()
    known.learn(requests[0], responses[0].encode(), responses[0])
    assert known.read(requests[1], responses[1].encode()) == responses[1]
    assert known.read(requests[1], response_to(requests[1], 0x0122).encode()) is None
    assert all(each.encode() == Message.encode(each) for each in requests)
    store = asked(other, sop_class="1.2.840.10008.1.1")
    assert known.read(store, responses[1].encode()) is None
