"""Every message type against PS3.7 9.3, 10.3 and Annex C, and the services' answers."""

from __future__ import annotations

import csv
import dataclasses
from pathlib import Path

import pytest
from dimse_strategies import COMMAND_VALUES as VALUES
from hypothesis import given
from hypothesis import strategies as st

from dimse import messages
from dimse.errors import InvalidCommandSet, InvalidValue, UnknownCommand
from dimse.messages import (
    CCancelRQ,
    CEchoRQ,
    CEchoRSP,
    CFindRSP,
    CGetRSP,
    CMoveRQ,
    CMoveRSP,
    CStoreRQ,
    CStoreRSP,
    DataSet,
    Message,
    NActionRQ,
    NActionRSP,
    NCreateRQ,
    NCreateRSP,
    NDeleteRQ,
    NEventReportRQ,
    NEventReportRSP,
    NGetRQ,
    Priority,
    Request,
    Response,
    command,
    decode_message,
)
from dimse.messages.base import field_name
from dimse.messages.codec import response_to, unrecognized
from dimse.messages.composite import COMPOSITE
from dimse.messages.normalized import NORMALIZED
from dimse.tables import status
from dimse.tables.command_elements import ELEMENTS

MESSAGES = (*COMPOSITE, *NORMALIZED)
STANDARD = Path(__file__).parents[3] / "fixtures" / "standard"


def rows(name):
    with (STANDARD / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


# Per message its elements: keyword -> usage, and the usage of its data set, if it has one.
TABLE: dict[str, dict[str, str]] = {}
DATA_SETS: dict[str, str] = {}
FIELDS: dict[str, int] = {}
for row in rows("dimse_messages.tsv"):
    # The three C-CANCEL-*-RQ are one message: same Command Field, same elements.
    name = "C-CANCEL-RQ" if row["message"].startswith("C-CANCEL") else row["message"]
    FIELDS[name] = int(row["command_field"], 16)
    elements = TABLE.setdefault(name, {})
    if row["tag"] == "-":
        DATA_SETS[name] = row["usage"]
    elif row["keyword"] != "CommandGroupLength":
        elements[row["keyword"]] = row["usage"]

KEYWORDS = {f"{e.tag & 0xFFFF:04X}": e.keyword for e in ELEMENTS}
VRS = {e.keyword: e.vr for e in ELEMENTS}
CLASSES = {message.NAME: message for message in MESSAGES}

# Annex C lists these for two services at once; each makes sense for one of them only.
MEANINGLESS = {("N-EVENT-REPORT", "ActionTypeID"), ("N-ACTION", "EventTypeID")}


def beside_a_status(service: str) -> set[str]:
    """The elements that Annex C provides for beside the statuses of a service."""
    found = set()
    for row in rows("dimse_status.tsv"):
        # Verification has no statuses of its own (PS3.4 A.4), all other service classes may.
        own = row["code"] == "service-specific" and service != "C-ECHO"
        if own or service in row["services_listing_it"].split(","):
            found |= {
                KEYWORDS[tag] for tag in KEYWORDS if f"(0000,{tag})" in row["optional_fields"]
            }
    return {keyword for keyword in found if (service, keyword) not in MEANINGLESS}


def keywords_of(message) -> dict[str, bool]:
    """Keyword -> whether the field has to be given."""
    names = {field_name(e.keyword): e.keyword for e in ELEMENTS}
    return {
        names[field.name]: field.default is dataclasses.MISSING
        for field in dataclasses.fields(message)
        if field.name != "data_set_follows"
    }


# ----------------------------------------------------------------------------------------- oracle


def test_all_messages_are_there():
    assert {name: message.COMMAND_FIELD for name, message in CLASSES.items()} == FIELDS
    assert len(MESSAGES) == 23


@pytest.mark.parametrize("name", sorted(TABLE))
def test_the_elements_are_those_of_the_table(name):
    message = CLASSES[name]
    of_table = set(TABLE[name]) - {"CommandField", "CommandDataSetType"}
    allowed = beside_a_status(name[:-4]) if name.endswith("-RSP") else set()
    assert set(keywords_of(message)) == of_table | allowed


@pytest.mark.parametrize("name", sorted(TABLE))
def test_mandatory_is_what_the_table_says(name):
    given = keywords_of(CLASSES[name])
    # Priority is mandatory on the wire, but has a default for whoever doesn't care.
    mandatory = {k for k, usage in TABLE[name].items() if usage == "M"} - {"Priority"}
    assert {k for k, must in given.items() if must} == mandatory & set(given)


@pytest.mark.parametrize("name", sorted(TABLE))
def test_the_smallest_message_has_exactly_the_mandatory_elements(name):
    sent = command.decode_command(smallest(CLASSES[name]).encode())
    mandatory = {k for k, usage in TABLE[name].items() if usage == "M"}
    assert set(sent) == mandatory
    assert sent["CommandField"] == FIELDS[name]


@pytest.mark.parametrize("name", sorted(TABLE))
def test_the_data_set_is_as_the_table_says(name):
    usage = DATA_SETS.get(name)
    expected = {
        None: DataSet.NEVER,
        "M": DataSet.ALWAYS,
        "U": DataSet.CONDITIONAL,
        "C": DataSet.CONDITIONAL,
    }
    message = CLASSES[name]
    assert message.DATA_SET is expected[usage]
    sent = command.decode_command(smallest(message).encode())
    assert (sent["CommandDataSetType"] != 0x0101) == (usage == "M")
    with_other = dataclasses.replace(smallest(message), data_set_follows=usage != "M")
    if expected[usage] is not DataSet.CONDITIONAL:
        with pytest.raises(InvalidValue, match=name):
            with_other.encode()


@pytest.mark.parametrize("request_name", [n for n in sorted(TABLE) if n.endswith("RQ")])
def test_requests_and_responses_belong_together(request_name):
    message = CLASSES[request_name]
    if request_name == "C-CANCEL-RQ":
        assert not issubclass(message, Request | Response)
        return
    assert issubclass(message, Request)
    assert message.RESPONSE is CLASSES[request_name.replace("-RQ", "-RSP")]
    assert message.RESPONSE.COMMAND_FIELD == message.COMMAND_FIELD | 0x8000
    assert issubclass(message.RESPONSE, Response)


def test_names_of_fields():
    names = {e.keyword: field_name(e.keyword) for e in ELEMENTS}
    assert names["AffectedSOPClassUID"] == "affected_sop_class_uid"
    assert names["MessageIDBeingRespondedTo"] == "message_id_being_responded_to"
    assert names["ErrorID"] == "error_id"
    assert names["NumberOfRemainingSuboperations"] == "number_of_remaining_suboperations"
    assert (
        names["MoveOriginatorApplicationEntityTitle"] == "move_originator_application_entity_title"
    )
    assert len(set(names.values())) == 24


# -------------------------------------------------------------------------------------- round trip

SAMPLES = {"US": 1, "UI": "1.2.3", "AE": "PACS", "LO": "why", "AT": (0x00080018,)}


def smallest(message):
    fields = {field_name(k): SAMPLES[VRS[k]] for k, must in keywords_of(message).items() if must}
    if "status" in fields:
        fields["status"] = 0
    return message(**fields)


@st.composite
def any_message(draw):
    """A legal message of any class."""
    message = draw(st.sampled_from(MESSAGES))
    fields = {}
    for keyword, must in keywords_of(message).items():
        values = VALUES[keyword]
        if must or draw(st.booleans()):
            fields[field_name(keyword)] = draw(values)
    if message.DATA_SET is DataSet.CONDITIONAL:
        fields["data_set_follows"] = draw(st.booleans())
    made = message(**fields)
    if made.fault() is None:
        return made
    # What contradicts itself is put right by the simplest means.
    counters = {n: 1 for n in fields_of(message) if n.startswith("number_of_")}
    types = {n: 1 for n in fields_of(message) if n in {"event_type_id", "action_type_id"}}
    pending = made.data_set_follows or "number_of_failed_suboperations" in counters
    return dataclasses.replace(
        made, **counters, **types, status=0xFF00 if pending else 0, data_set_follows=pending
    )


def fields_of(message) -> set[str]:
    return {field.name for field in dataclasses.fields(message)}


@given(any_message())
def test_round_trip(message):
    encoded = message.encode()
    assert decode_message(encoded) == message
    assert decode_message(memoryview(bytearray(encoded))) == message
    assert decode_message(encoded).encode() == encoded


@given(any_message())
def test_fields_and_elements_are_the_same_data(message):
    """The compiled way of Message.encode gives what the plain encoder gives."""
    elements = {
        e.keyword: value
        for e in ELEMENTS
        if (value := getattr(message, field_name(e.keyword), None)) is not None
    }
    elements["CommandField"] = message.COMMAND_FIELD
    elements["CommandDataSetType"] = 0x0001 if message.data_set_follows else 0x0101
    assert message.encode() == command.encode_command(elements)


@given(st.binary(max_size=150))
def test_any_bytes_give_a_message_or_a_typed_error(data):
    try:
        decode_message(data)
    except (InvalidCommandSet, UnknownCommand):
        pass


@given(any_message(), st.data())
def test_a_damaged_message_gives_a_message_or_a_typed_error(message, data):
    damaged = bytearray(message.encode())
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    try:
        decoded = decode_message(damaged)
    except (InvalidCommandSet, UnknownCommand):
        return
    # Whatever a peer sends, an answer to it can be made and sent.
    if isinstance(decoded, Request):
        answer = response_to(decoded, status.PROCESSING_FAILURE, error_comment="\\\n")
        assert type(decode_message(answer.encode())) is decoded.RESPONSE


def test_messages_are_values():
    one, other = smallest(CEchoRQ), smallest(CEchoRQ)
    assert one == other
    assert hash(one) == hash(other)
    with pytest.raises(dataclasses.FrozenInstanceError):
        one.message_id = 5
    assert not hasattr(one, "__dict__")


# ---------------------------------------------------------------------------------------- receiving


def without(message, keyword) -> bytes:
    elements = command.decode_command(message.encode())
    del elements[keyword]
    return command.encode_command(elements)


@pytest.mark.parametrize(
    ("name", "keyword"),
    [
        (n, k)
        for n in sorted(TABLE)
        for k, usage in TABLE[n].items()
        if usage == "M" and k != "Priority"
    ],
)
def test_a_missing_mandatory_element_is_named(name, keyword):
    """P.CMD.07, U.DIM.08"""
    with pytest.raises(InvalidCommandSet) as caught:
        decode_message(without(smallest(CLASSES[name]), keyword))
    (tag,) = [tag for tag, k in KEYWORDS.items() if k == keyword]
    assert f"(0000,{tag})" in caught.value.why
    assert "missing" in caught.value.why
    if keyword != "CommandField":
        assert caught.value.where == name


@pytest.mark.parametrize("name", [n for n in sorted(TABLE) if "Priority" in TABLE[n]])
def test_a_missing_priority_is_medium(name):
    decoded = decode_message(without(smallest(CLASSES[name]), "Priority"))
    assert decoded.priority == Priority.MEDIUM


def test_a_received_priority_is_kept_as_it_is():
    elements = command.decode_command(smallest(CStoreRQ).encode())
    data = command.encode_command({k: v for k, v in elements.items() if k != "Priority"})
    strange = data + bytes.fromhex("0000 0007 02000000 0700")
    assert decode_message(strange).priority == 7


@pytest.mark.parametrize(
    ("value", "follows"), [(0x0101, False), (0, True), (1, True), (0x0102, True), (0xFFFF, True)]
)
@pytest.mark.parametrize("message", MESSAGES)
def test_data_set_type_is_compared_with_0101_only(message, value, follows):
    """Also where the table forbids it: the bytes that follow have to be read."""
    elements = command.decode_command(smallest(message).encode())
    elements["CommandDataSetType"] = value
    assert decode_message(command.encode_command(elements)).data_set_follows is follows


def test_elements_of_other_messages_are_dropped():
    elements = command.decode_command(smallest(CEchoRSP).encode())
    elements["MessageID"] = 5
    elements["MoveDestination"] = "X"
    assert decode_message(command.encode_command(elements)) == smallest(CEchoRSP)


@pytest.mark.parametrize("message_id", [0, 1, 65535])
def test_message_ids(message_id):
    """P.CMD.02"""
    echo = CEchoRQ(message_id=message_id, affected_sop_class_uid="1.2.840.10008.1.1")
    assert decode_message(echo.encode()).message_id == message_id
    answer = decode_message(response_to(echo, 0).encode())
    assert answer.message_id_being_responded_to == message_id


def test_golden_c_store_rq():
    """C-STORE-RQ, written out by hand from PS3.7 Table 9.3-1."""
    wire = bytes.fromhex(
        "0000 0000 04000000 6e000000"  # 110 bytes follow
        "0000 0200 1a000000 312e322e3834302e31303030382e352e312e342e312e312e3700"
        "0000 0001 02000000 0100"
        "0000 1001 02000000 0300"
        "0000 0007 02000000 0100"  # HIGH
        "0000 0008 02000000 0100"  # a data set follows
        "0000 0010 06000000 312e322e3334"
        "0000 3010 04000000 4d4f5645"
        "0000 3110 02000000 0900"
    )
    message = CStoreRQ(
        message_id=3,
        affected_sop_class_uid="1.2.840.10008.5.1.4.1.1.7",
        affected_sop_instance_uid="1.2.34",
        priority=Priority.HIGH,
        move_originator_application_entity_title="MOVE",
        move_originator_message_id=9,
    )
    assert message.encode() == wire
    assert decode_message(wire) == message


# ----------------------------------------------------------------------------------------- sending


@pytest.mark.parametrize(
    "message",
    [
        CFindRSP(message_id_being_responded_to=1, status=0xFF00),
        CFindRSP(message_id_being_responded_to=1, status=0, data_set_follows=True),
        CGetRSP(message_id_being_responded_to=1, status=0xFF00, number_of_failed_suboperations=0),
        CMoveRSP(message_id_being_responded_to=1, status=0, number_of_remaining_suboperations=0),
        CMoveRSP(
            message_id_being_responded_to=1, status=0xC000, number_of_remaining_suboperations=0
        ),
        NEventReportRSP(message_id_being_responded_to=1, status=0, data_set_follows=True),
        NActionRSP(message_id_being_responded_to=1, status=0, data_set_follows=True),
        CEchoRQ(message_id=1, affected_sop_class_uid="1.2", data_set_follows=True),
        CStoreRQ(
            message_id=1,
            affected_sop_class_uid="1.2",
            affected_sop_instance_uid="1.3",
            data_set_follows=False,
        ),
    ],
)
def test_contradictions_are_not_sent(message):
    assert message.fault()
    with pytest.raises(InvalidValue, match=message.NAME):
        message.encode()


def test_counters_where_they_belong():
    counters = {
        "number_of_remaining_suboperations": 3,
        "number_of_completed_suboperations": 2,
        "number_of_failed_suboperations": 1,
        "number_of_warning_suboperations": 0,
    }
    for code in (0xFF00, 0xFE00):
        assert CGetRSP(message_id_being_responded_to=1, status=code, **counters).fault() is None
    del counters["number_of_remaining_suboperations"]
    assert CMoveRSP(message_id_being_responded_to=1, status=0xB000, **counters).fault() is None


def test_values_that_cannot_be_sent_are_named():
    with pytest.raises(InvalidValue, match="MessageID"):
        CEchoRQ(message_id=65536, affected_sop_class_uid="1.2.840.10008.1.1").encode()
    with pytest.raises(InvalidValue, match="AffectedSOPClassUID"):
        CEchoRQ(message_id=1, affected_sop_class_uid=None).encode()
    with pytest.raises(InvalidValue, match="MoveDestination"):
        CMoveRQ(message_id=1, affected_sop_class_uid="1.2", move_destination="").encode()


# --------------------------------------------------------------------------------------- answering


def test_a_response_copies_what_the_table_marks_as_equal():
    request = CStoreRQ(
        message_id=9, affected_sop_class_uid="1.2.3", affected_sop_instance_uid="1.2.3.4"
    )
    answer = response_to(request, status.OUT_OF_RESOURCES, error_comment="disk is\nfull")
    assert answer == CStoreRSP(
        message_id_being_responded_to=9,
        status=0xA700,
        affected_sop_class_uid="1.2.3",
        affected_sop_instance_uid="1.2.3.4",
        error_comment="disk is full",
    )
    assert decode_message(answer.encode()) == answer


@pytest.mark.parametrize("name", [n for n in sorted(TABLE) if n.endswith("-RSP")])
def test_every_request_is_answered_in_its_own_class(name):
    request = smallest(CLASSES[name.replace("-RSP", "-RQ")])
    given = {"affected_sop_instance_uid": "1.2.3"} if name == "N-CREATE-RSP" else {}
    answer = response_to(request, 0, **given)
    assert type(answer) is CLASSES[name]
    assert answer.message_id_being_responded_to == request.message_id
    assert answer.affected_sop_class_uid == "1.2.3"
    if "AffectedSOPInstanceUID" in TABLE[name]:
        assert answer.affected_sop_instance_uid == "1.2.3"
    assert decode_message(answer.encode()) == answer


@pytest.mark.parametrize(
    "request_", [smallest(NGetRQ), smallest(NDeleteRQ)], ids=lambda message: message.NAME
)
def test_requested_uids_become_affected_ones(request_):
    answer = response_to(request_, 0)
    assert answer.affected_sop_class_uid == request_.requested_sop_class_uid
    assert answer.affected_sop_instance_uid == request_.requested_sop_instance_uid


def test_a_given_field_wins_over_the_copied_one():
    answer = response_to(smallest(CStoreRQ), 0, affected_sop_instance_uid=None)
    assert answer.affected_sop_instance_uid is None
    assert answer.affected_sop_class_uid == "1.2.3"


@pytest.mark.parametrize(
    "uid",
    ["", "1." * 40, "../../etc/passwd", "1.2.840 10008"],
    ids=["empty", "long", "path", "gap"],
)
def test_a_uid_that_cannot_be_sent_is_left_out(uid):
    request = dataclasses.replace(smallest(CStoreRQ), affected_sop_instance_uid=uid)
    answer = response_to(request, status.INVALID_SOP_INSTANCE)
    assert answer.affected_sop_instance_uid is None
    assert decode_message(answer.encode()) == answer


@pytest.mark.parametrize(
    ("request_class", "field"),
    [(NEventReportRQ, "event_type_id"), (NActionRQ, "action_type_id")],
)
def test_a_reply_comes_with_its_type(request_class, field):
    request = dataclasses.replace(smallest(request_class), **{field: 77})
    assert getattr(response_to(request, 0), field) is None
    assert getattr(response_to(request, 0, data_set_follows=True), field) == 77
    assert getattr(response_to(request, 0, data_set_follows=True, **{field: 78}), field) == 78
    answer = response_to(request, 0, data_set_follows=True)
    assert decode_message(answer.encode()) == answer


def test_who_creates_an_instance_names_it():
    nameless = NCreateRQ(message_id=1, affected_sop_class_uid="1.2")
    with pytest.raises(InvalidValue, match="N-CREATE-RSP"):
        response_to(nameless, 0)
    named = response_to(nameless, 0, affected_sop_instance_uid="1.2.3.4")
    assert named.affected_sop_instance_uid == "1.2.3.4"
    failed = response_to(nameless, status.PROCESSING_FAILURE)
    assert failed.affected_sop_instance_uid is None
    copied = response_to(dataclasses.replace(nameless, affected_sop_instance_uid="1.9"), 0)
    assert copied == NCreateRSP(
        message_id_being_responded_to=1,
        status=0,
        affected_sop_class_uid="1.2",
        affected_sop_instance_uid="1.9",
    )


def test_a_field_that_the_response_lacks():
    with pytest.raises(TypeError):
        response_to(smallest(CEchoRQ), 0, error_id=5)


# --------------------------------------------------------------------------------- unknown commands


def unknown(**elements) -> UnknownCommand:
    data = command.encode_command({"CommandField": 0x7777, "CommandDataSetType": 0x0101} | elements)
    with pytest.raises(UnknownCommand) as caught:
        decode_message(data)
    return caught.value


def test_an_unknown_command_can_be_answered():
    """P.CMD.12"""
    found = unknown(MessageID=12)
    assert found.command_field == 0x7777
    assert found.message_id == 12
    assert not found.data_set_follows
    assert found.elements["MessageID"] == 12
    assert "7777H" in str(found)
    assert command.decode_command(unrecognized(found)) == {
        "CommandField": 0xF777,
        "MessageIDBeingRespondedTo": 12,
        "CommandDataSetType": 0x0101,
        "Status": 0x0211,
    }


def test_an_unknown_command_with_a_data_set():
    assert unknown(MessageID=1, CommandDataSetType=0).data_set_follows


def test_unknown_commands_that_have_no_answer():
    assert unrecognized(unknown()) is None
    assert unrecognized(unknown(CommandField=0x8777, MessageID=1)) is None


def test_an_unknown_command_without_a_data_set_type():
    with pytest.raises(InvalidCommandSet, match=r"command 7777H.*Command Data Set Type"):
        decode_message(command.encode_command({"CommandField": 0x7777, "MessageID": 1}))


def test_a_cancel_names_its_operation():
    cancel = CCancelRQ(message_id_being_responded_to=4)
    assert command.decode_command(cancel.encode()) == {
        "CommandField": 0x0FFF,
        "MessageIDBeingRespondedTo": 4,
        "CommandDataSetType": 0x0101,
    }


def test_all_names_are_public():
    assert {m.__name__ for m in MESSAGES} <= set(messages.__all__)
    assert all(hasattr(messages, name) for name in messages.__all__)


@pytest.mark.parametrize("title", [None, "MOVER"])
@pytest.mark.parametrize("priority", [0, 1, 2])
def test_a_store_request_is_encoded_as_its_table_says(title, priority):
    """Most of it comes from the request before; the table's own way is that of all messages."""
    request = CStoreRQ(
        message_id=65535,
        affected_sop_class_uid="1.2.840.10008.5.1.4.1.1.2",
        affected_sop_instance_uid="1.2.3",
        priority=priority,
        move_originator_application_entity_title=title,
        move_originator_message_id=7 if title else None,
    )
    other = dataclasses.replace(request, affected_sop_instance_uid="1.2.34", message_id=1)
    for each in (request, other, request):
        assert each.encode() == Message.encode(each)
    for wrong in ({"priority": 3}, {"message_id": 65536}, {"affected_sop_class_uid": "x"}):
        with pytest.raises(InvalidValue):
            dataclasses.replace(request, **wrong).encode()
    with pytest.raises(InvalidValue, match="a data set always follows"):
        dataclasses.replace(request, data_set_follows=False).encode()


# ------------------------------------------------------------------------------ the usual answer --


@given(
    st.integers(0, 0xFFFF),
    st.sampled_from(["1.2.840.10008.5.1.4.1.1.2", "1.2", "1.2.3x", "1" * 65]),
    st.one_of(st.from_regex(r"[0-9.]{1,64}", fullmatch=True), st.just("1.2 "), st.just("é")),
    st.sampled_from([0, 0xB000, 0xA900]),
)
def test_the_usual_answer_to_a_store_is_made_as_any_other(
    message_id: int, sop_class: str, instance: str, given_status: int
):
    """Its object, and its bytes, which come from a template."""
    asked = CStoreRQ(
        message_id=message_id,
        affected_sop_class_uid=sop_class,
        affected_sop_instance_uid=instance,
    )
    usual = response_to(asked, given_status)
    general = response_to(asked, given_status, data_set_follows=False)
    assert usual == general
    assert usual.encode() == Message.encode(general)


@given(
    st.integers(0, 0xFFFF),
    st.sampled_from(["1.2.840.10008.1.1", "1.2", "1.2.3x", "1" * 65]),
    st.sampled_from([0, 0x0110, 0x0211]),
)
def test_the_usual_answer_to_an_echo_is_made_as_any_other(
    message_id: int, sop_class: str, given_status: int
):
    asked = CEchoRQ(message_id=message_id, affected_sop_class_uid=sop_class)
    usual = response_to(asked, given_status)
    general = response_to(asked, given_status, data_set_follows=False)
    assert usual == general
    assert usual.encode() == Message.encode(general)


@pytest.mark.parametrize(
    "wrong", [{"message_id_being_responded_to": 65536}, {"status": -1}, {"data_set_follows": True}]
)
def test_an_answer_to_an_echo_that_cannot_be_sent_is_not_made(wrong: dict[str, object]):
    answer = response_to(CEchoRQ(message_id=1, affected_sop_class_uid="1.2.840.10008.1.1"), 0)
    with pytest.raises(InvalidValue):
        dataclasses.replace(answer, **wrong).encode()
