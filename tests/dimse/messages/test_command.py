"""The command-set codec against PS3.7 6.3.1, Annex E, and pydicom's encoder as a second opinion."""

from __future__ import annotations

import io
import struct
import tracemalloc

import pytest
from dimse_strategies import COMMAND_SETS
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.filebase import DicomFileLike
from pydicom.filewriter import write_dataset

from dimse.errors import InvalidCommandSet, InvalidValue
from dimse.messages import command
from dimse.tables.command_elements import ELEMENTS

# C-ECHO-RQ, written out by hand from PS3.7 Table 9.3-12 and 6.3.1.
C_ECHO_RQ = bytes.fromhex(
    "0000 0000 04000000 38000000"  # group length: 56 bytes follow
    "0000 0200 12000000 312e322e3834302e31303030382e312e3100"  # 1.2.840.10008.1.1 and a NUL
    "0000 0001 02000000 3000"  # Command Field 0030H
    "0000 1001 02000000 0700"  # Message ID 7
    "0000 0008 02000000 0101"  # Command Data Set Type 0101H
)
C_ECHO_RQ_VALUES = {
    "AffectedSOPClassUID": "1.2.840.10008.1.1",
    "CommandField": 0x0030,
    "MessageID": 7,
    "CommandDataSetType": 0x0101,
}


def element(tag: int, value: bytes, length: int | None = None, group: int = 0) -> bytes:
    return struct.pack("<HHI", group, tag, len(value) if length is None else length) + value


def us(tag: int, value: int) -> bytes:
    return element(tag, struct.pack("<H", value))


def refused(data: bytes) -> InvalidCommandSet:
    with pytest.raises(InvalidCommandSet) as caught:
        command.decode_command(data)
    assert caught.value.where
    assert caught.value.why
    return caught.value


# ----------------------------------------------------------------------------------------- oracle


def test_golden_bytes_both_ways():
    assert command.encode_command(C_ECHO_RQ_VALUES) == C_ECHO_RQ
    assert command.decode_command(C_ECHO_RQ) == C_ECHO_RQ_VALUES
    assert list(command.decode_command(C_ECHO_RQ)) == list(C_ECHO_RQ_VALUES)


@given(COMMAND_SETS)
def test_round_trip(elements):
    encoded = command.encode_command(elements)
    assert command.decode_command(encoded) == elements
    assert command.decode_command(memoryview(bytearray(encoded))) == elements
    assert command.encode_command(command.decode_command(encoded)) == encoded


@pytest.mark.filterwarnings("ignore:Invalid value for VR UI")  # we do send leading zeros
@given(COMMAND_SETS)
def test_pydicom_encodes_the_same(elements):
    data_set = Dataset()
    for keyword, value in elements.items():
        setattr(data_set, keyword, list(value) if isinstance(value, tuple) else value)
    buffer = io.BytesIO()
    file = DicomFileLike(buffer)
    file.is_little_endian = True
    file.is_implicit_VR = True
    write_dataset(file, data_set)
    assert command.encode_command(elements) == command.frame(buffer.getvalue())


@given(COMMAND_SETS)
def test_the_encoding_keeps_to_the_letter(elements):
    """PS3.7 6.3.1: group 0000, ascending, each once, even lengths, the group length exact."""
    data = command.encode_command(elements)
    assert struct.unpack_from("<HHII", data) == (0, 0, 4, len(data) - 12)
    at, tags = 0, []
    while at < len(data):
        group, number, length = struct.unpack_from("<HHI", data, at)
        assert group == 0
        assert length % 2 == 0
        tags.append(number)
        at += 8 + length
    assert at == len(data)
    assert tags == sorted(set(tags))


# ---------------------------------------------------------------------------------------- sending


@pytest.mark.parametrize(
    ("keyword", "value"),
    [
        ("MessageID", -1),
        ("MessageID", 65536),
        ("MessageID", "7"),
        ("MessageID", None),
        ("Priority", 3),
        ("AffectedSOPClassUID", ""),
        ("AffectedSOPClassUID", "1." * 32 + "1"),
        ("AffectedSOPClassUID", "1.2.x"),
        ("AffectedSOPClassUID", "1.2\n"),
        ("AffectedSOPClassUID", "\uff11.2"),
        ("AffectedSOPClassUID", 12),
        ("MoveDestination", ""),
        ("MoveDestination", "   "),
        ("MoveDestination", "A" * 17),
        ("MoveDestination", "A\\B"),
        ("MoveDestination", "Ä"),
        ("MoveDestination", 5),
        ("ErrorComment", "x" * 65),
        ("ErrorComment", "a\\b"),
        ("ErrorComment", "a\nb"),
        ("ErrorComment", 5),
        ("OffendingElement", (1 << 32,)),
        ("OffendingElement", (-1,)),
        ("OffendingElement", ("x",)),
        ("OffendingElement", 5),
        ("OffendingElement", "ab"),
        ("CommandGroupLength", 5),
        ("PatientName", "x"),
    ],
)
def test_what_may_not_be_sent_is_refused_by_name(keyword, value):
    with pytest.raises(InvalidValue) as caught:
        command.encode_command({keyword: value})
    assert caught.value.where == keyword
    assert isinstance(caught.value, ValueError)


def test_an_element_without_a_value_is_left_out():
    assert command.encode_command({"ErrorComment": "", "OffendingElement": ()}) == command.frame(
        b""
    )


def test_titles_lose_the_blanks_around_them():
    assert command.decode_command(command.encode_command({"MoveDestination": " PACS "})) == {
        "MoveDestination": "PACS"
    }


@given(st.text())
def test_any_text_becomes_a_legal_comment(text):
    comment = command.comment(text)
    decoded = command.decode_command(command.encode_command({"ErrorComment": comment}))
    assert decoded == ({"ErrorComment": comment} if comment else {})


def test_a_comment_keeps_what_it_can():
    assert command.comment("disk full\n on C:\\data, naïve") == "disk full on C:?data, na?ve"
    assert command.comment("y" * 70) == "y" * 64


# -------------------------------------------------------------------- received: what is tolerated


def test_group_length_missing_or_wrong():
    """P.CMD.04: the PDV says where a command set ends, not this number."""
    assert command.decode_command(C_ECHO_RQ[12:]) == C_ECHO_RQ_VALUES
    wrong = C_ECHO_RQ[:8] + struct.pack("<I", 9999) + C_ECHO_RQ[12:]
    assert command.decode_command(wrong) == C_ECHO_RQ_VALUES


def test_elements_out_of_order():
    """P.CMD.05"""
    assert command.decode_command(us(0x0800, 0x0101) + us(0x0110, 7) + us(0x0100, 0x30)) == {
        "CommandDataSetType": 0x0101,
        "MessageID": 7,
        "CommandField": 0x0030,
    }


@pytest.mark.parametrize(
    "extra",
    [
        element(0x0999, b"anything"),  # unknown
        element(0x0001, struct.pack("<I", 80)),  # Length to End, retired
        element(0x0010, b"ACR-NEMA 2.0"),  # Recognition Code, retired
        element(0x0902, b""),  # no value
        element(0x0903, b""),
        element(0x0902, b"  \0 "),  # only padding
        element(0x0999, b"") * 3,
    ],
)
def test_elements_that_say_nothing_are_skipped(extra):
    """P.CMD.09"""
    assert command.decode_command(C_ECHO_RQ + extra) == C_ECHO_RQ_VALUES


@pytest.mark.parametrize(
    "uid", [b"1.2.840.10008.1.1", b"1.2.840.10008.1.1 ", b"1.2.840.10008.1.1\0\0\0"]
)
def test_padding_of_uids(uid):
    assert command.decode_command(element(2, uid)) == {"AffectedSOPClassUID": "1.2.840.10008.1.1"}


def test_text_is_never_a_reason_to_fail():
    everything = bytes(range(1, 256))
    decoded = command.decode_command(
        element(0x0902, everything) + element(0x0600, b" \xc4RZT \0") + element(2, everything)
    )
    assert decoded == {
        "ErrorComment": everything.decode("latin-1"),
        "MoveDestination": "ÄRZT",
        "AffectedSOPClassUID": everything.decode("latin-1"),
    }


def test_nothing_at_all_is_an_empty_command_set():
    assert command.decode_command(b"") == {}
    assert command.decode_command(command.frame(b"")) == {}


# ----------------------------------------------------------------------- received: what is refused


def test_an_element_twice():
    """P.CMD.05: two readers might believe different ones."""
    assert "twice" in refused(us(0x0110, 1) + us(0x0110, 2)).why
    assert "Message ID at byte 10" in refused(us(0x0110, 1) + us(0x0110, 2)).where
    assert "twice" in refused(command.frame(b"") * 2).why


@pytest.mark.parametrize("vr", [b"UL", b"UI", b"US"])
def test_explicit_vr_is_named(vr):
    """P.CMD.06"""
    data = struct.pack("<HH2sH", 0, 0, vr, 4) + bytes(4) + C_ECHO_RQ[12:]
    assert "Explicit VR" in refused(data).why


def test_big_endian_is_named():
    """P.CMD.06"""
    data = struct.pack(">HHIIHHIH", 0, 0, 4, 10, 0, 0x0100, 2, 0x30)
    assert "Big Endian" in refused(data).why


def test_lengths_that_reach_too_far():
    """P.CMD.10"""
    assert "undefined length" in refused(element(0x0902, b"x", 0xFFFFFFFF)).why
    assert refused(element(0x0902, b"xyz", 1000)).why == "1000 bytes declared, 3 left"
    assert refused(element(0x0999, b"", 1)).why == "1 bytes declared, 0 left"


def test_forty_bytes_of_ff():
    """P.CMD.11"""
    assert "group 0000 only" in refused(b"\xff" * 40).why


def test_other_groups():
    found = refused(C_ECHO_RQ + element(0x0018, b"1.2.3\0", group=8))
    assert found.where == f"(0008,0018) at byte {len(C_ECHO_RQ)}"


@pytest.mark.parametrize("cut", range(1, 8))
def test_a_header_cut_short(cut):
    assert f"{cut} bytes are no element header" in refused(C_ECHO_RQ + bytes(cut)).why


@pytest.mark.parametrize(
    ("tag", "length"),
    [(0x0110, 1), (0x0110, 4), (0x0000, 2), (0x0000, 8), (0x1005, 2), (0x1005, 7)],
)
def test_numbers_of_the_wrong_length(tag, length):
    assert f"{length} bytes long" in refused(element(tag, bytes(length))).why


def test_more_than_any_message_needs():
    data = element(0x0902, bytes(command.MAXIMUM_COMMAND_LENGTH))
    assert "are not accepted" in refused(data).why


@given(st.binary(max_size=200))
def test_any_bytes_give_a_command_set_or_the_typed_error(data):
    try:
        elements = command.decode_command(data)
    except InvalidCommandSet:
        return
    keywords = {e.keyword for e in ELEMENTS[1:]}
    assert set(elements) <= keywords


@given(COMMAND_SETS, st.data())
def test_a_damaged_command_set_gives_a_command_set_or_the_typed_error(elements, data):
    damaged = bytearray(command.encode_command(elements))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(damaged) - 1))
        damaged[at] = data.draw(st.integers(0, 255))
    try:
        command.decode_command(damaged[: data.draw(st.integers(0, len(damaged)))])
    except InvalidCommandSet:
        pass


def test_memory_is_bounded_by_the_bytes_received():
    lies = element(0x1005, b"", 0xFFFFFFFC)
    tracemalloc.start()
    try:
        refused(lies)
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert most < 100_000


# --------------------------------------------------------------------------------- shapes


def cold(data: bytes) -> dict[str, object] | str:
    """What a command set is to who has seen none before; an error as its words."""
    command._SHAPES.clear()
    return warm(data)


def warm(data: bytes) -> dict[str, object] | str:
    try:
        return command.decode_command(data)
    except InvalidCommandSet as error:
        return str(error)


@given(COMMAND_SETS, st.data())
def test_a_command_set_is_the_same_whatever_came_before_it(elements, data):
    """One like it, a few of whose bytes are others: in a value, a header, or both."""
    before = command.encode_command(elements)
    after = bytearray(before)
    for _ in range(data.draw(st.integers(1, 4))):
        after[data.draw(st.integers(0, len(after) - 1))] = data.draw(st.integers(0, 255))
    expected = cold(bytes(after))
    cold(before)
    assert warm(bytes(after)) == expected
    assert warm(bytes(after)) == expected
    assert warm(before) == elements_as_read(elements)


def elements_as_read(elements):
    return command._judge(command.encode_command(elements))[0]


def test_the_second_of_a_kind_is_not_judged_again(monkeypatch):
    first = command.encode_command({"CommandField": 1, "MessageID": 1, "ErrorComment": "as it is"})
    second = command.encode_command({"CommandField": 1, "MessageID": 2, "ErrorComment": " " * 8})
    cold(first)
    monkeypatch.setattr(command, "_judge", None)
    assert warm(second) == {"CommandField": 1, "MessageID": 2}


def test_an_element_twice_is_found_the_second_time_as_well():
    once = us(0x0110, 1) + us(0x0120, 2)
    twice = us(0x0110, 1) + us(0x0110, 2)
    blank = element(0x0902, b"  ") + element(0x0902, b"no")
    for before in (once, twice, blank):
        cold(before)
        assert "comes twice" in warm(twice)
        assert warm(blank) == {"ErrorComment": "no"}


def test_few_shapes_are_remembered():
    cold(b"")
    for length in range(2, 1000, 2):
        warm(element(0x0902, b"a" * length))
    assert 0 < len(command._SHAPES) <= command._MAXIMUM_SHAPES
    assert max(command._SHAPES) <= command._LONGEST_SHAPE
