"""The byte builders against vectors restated from PS3.8 9.3 and Annex D."""

import io
import struct

import pytest

from testbed import messages, raw
from testbed.parse import Pdu, parse_associate, parse_command, parse_pdvs

VECTORS = [
    (raw.release_rq(), "05 00 00000004 00000000"),
    (raw.release_rp(), "06 00 00000004 00000000"),
    (raw.abort(), "07 00 00000004 0000 00 00"),
    (raw.abort(2, 2), "07 00 00000004 0000 02 02"),
    (raw.associate_rj(1, 1, 7), "03 00 00000004 00 01 01 07"),
    (raw.associate_rj(2, 3, 2), "03 00 00000004 00 02 03 02"),
    (raw.max_length(16384), "51 00 0004 00004000"),
    (raw.async_window(1, 1), "53 00 0004 0001 0001"),
    (raw.application_context(), "10 00 0015" + b"1.2.840.10008.3.1.1.1".hex()),
    (raw.abstract_syntax(raw.VERIFICATION), "30 00 0011" + b"1.2.840.10008.1.1".hex()),
    (raw.role("1.2", 1, 0), "54 00 0007 0003" + b"1.2".hex() + "01 00"),
    (raw.identity_rq(2, b"u", b"pw", positive=1), "58 00 0009 02 01 0001 75 0002 7077"),
    (raw.pdv(3, 2, b"ab"), "00000004 03 02 6162"),
    (raw.p_data(), "04 00 00000000"),
]


@pytest.mark.parametrize(("built", "expected"), VECTORS)
def test_vectors(built, expected):
    assert built == bytes.fromhex(expected.replace(" ", ""))


def test_context_vector():
    assert raw.context_rq(1)[:8] == bytes.fromhex("2000002e01000000")


def test_request_geometry():
    """PS3.8 Table 9-11: the fixed part is 68 bytes, lengths are exact."""
    data = raw.associate_rq("CALLED", "CALLING", reserved_32=b"\x01" * 32)
    assert struct.unpack(">I", data[2:6])[0] == len(data) - 6
    assert data[6:10] == b"\0\1\0\0"
    assert data[10:26] == b"CALLED          "
    assert data[26:42] == b"CALLING         "
    assert data[42:74] == b"\x01" * 32
    assert data[74] == 0x10


def test_every_length_can_be_wrong():
    assert raw.pdu(1, b"ab", length=9)[2:6] == b"\0\0\0\x09"
    assert raw.item(0x10, b"ab", length=9)[2:4] == b"\0\x09"
    assert raw.pdv(1, 3, b"ab", length=0)[:4] == bytes(4)
    assert raw.role("1.2", 1, 1, uid_length=0xFF00)[4:6] == b"\xff\x00"
    assert messages.element(0x0800, b"ab", length=200)[4:8] == b"\xc8\0\0\0"


def test_built_association_parses_without_fault():
    data = raw.associate_rq(contexts=(raw.context_rq(1), raw.context_rq(3, raw.CT_STORAGE)))
    view = parse_associate(Pdu(1, 0, data[6:]))
    assert view.faults == ()
    assert [context.id for context in view.contexts] == [1, 3]
    assert view.max_length == 16384


def test_fragments_cut_and_mark_the_last():
    pdus = raw.fragments(5, b"abcdef", 4, command=True)
    pdvs = [parse_pdvs(Pdu(4, 0, pdu[6:]))[0][0] for pdu in pdus]
    assert [(pdv.id, pdv.header, pdv.fragment) for pdv in pdvs] == [(5, 1, b"abcd"), (5, 3, b"ef")]
    (single,) = raw.fragments(5, b"abcdef", 4, command=False, per_pdu=2)
    assert [pdv.header for pdv in parse_pdvs(Pdu(4, 0, single[6:]))[0]] == [0, 2]


def test_command_set():
    """PS3.7 6.3.1: (0000,0000) first, counting the bytes after its own twelve."""
    data = messages.echo_rq(7)
    command = parse_command(data)
    assert command.faults == ()
    assert struct.unpack("<I", data[8:12])[0] == len(data) - 12
    assert (command.us(0x0100), command.us(0x0110), command.us(0x0800)) == (0x30, 7, 0x0101)
    assert command.values[0x0002] == b"1.2.840.10008.1.1\0"


@pytest.mark.parametrize("wrong", ["absent", "9999"])
def test_group_length_can_be_wrong(wrong):
    value = None if wrong == "absent" else 9999
    assert parse_command(messages.command_set(messages.echo_elements(), group_length=value)).faults


def test_ct_image_is_read_by_pydicom():
    pydicom = pytest.importorskip("pydicom")
    read = pydicom.dcmread(io.BytesIO(messages.part10("2.25.7")))
    assert read.SOPInstanceUID == "2.25.7"
    assert read.SOPClassUID == raw.CT_STORAGE == read.file_meta.MediaStorageSOPClassUID
    assert len(read.PixelData) == read.Rows * read.Columns * 2
    implicit = pydicom.dcmread(
        io.BytesIO(messages.ct_data_set("2.25.7")), force=True, specific_tags=["SOPInstanceUID"]
    )
    assert implicit.SOPInstanceUID == "2.25.7"


def test_mutators():
    assert raw.truncate(b"abcd", 3) == b"a"
    assert raw.extend(b"ab", b"c") == b"abc"
    assert raw.overwrite(b"abcd", 1, b"XY") == b"aXYd"
    assert raw.flip(b"\x0f", 0) == b"\xf0"
    assert raw.duplicate([b"a", b"b"], 0) == [b"a", b"a", b"b"]
    assert sorted(raw.reorder([b"a", b"b", b"c"], 1)) == [b"a", b"b", b"c"]
    assert raw.reorder([b"a", b"b", b"c"], 1) == raw.reorder([b"a", b"b", b"c"], 1)
    assert list(raw.single_bytes(b"ab")) == [b"a", b"b"]
