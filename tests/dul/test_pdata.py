"""P-DATA-TF: the message control header, fragments as views, and whose PDVs may share a PDU."""

from __future__ import annotations

import pytest
import strategies as our
from hypothesis import given

from dul.errors import AbortReason, InvalidPDU
from dul.pdata import COMMAND, LAST, PDV, PDataTF, split_pdvs
from dul.pdu import decode_pdu


def test_the_message_control_header_has_two_bits():
    """PS3.8 Annex E.2: bits 2 to 7 are never checked."""
    for control in range(256):
        found = PDV(1, control, b"")
        assert (found.is_command, found.is_last) == (bool(control & 1), bool(control & 2))
    assert (COMMAND, LAST) == (1, 2)


def test_fragments_are_views_into_the_body():
    body = memoryview(bytearray(PDataTF((PDV(1, 0, b"ab"), PDV(1, 2, b"cd"))).encode()[6:]))
    first, second = split_pdvs(body)
    body[6:8] = b"xy"
    assert (bytes(first.fragment), bytes(second.fragment)) == (b"xy", b"cd")


def test_a_decoded_pdata_keeps_its_bytes_when_the_buffer_changes():
    data = bytearray(PDataTF((PDV(1, 0, b"ab"),)).encode())
    found = decode_pdu(data)
    data[:] = bytes(len(data))
    assert found == PDataTF((PDV(1, 0, b"ab"),))


def pdata(*pdvs: tuple[int, int]) -> PDataTF:
    return PDataTF(tuple(PDV(context_id, control, b"xx") for context_id, control in pdvs))


MORE_COMMAND, LAST_COMMAND, MORE_DATA, LAST_DATA = COMMAND, COMMAND | LAST, 0, LAST


@pytest.mark.parametrize(
    "pdvs",
    [
        [(1, LAST_COMMAND), (1, LAST_DATA)],
        [(1, MORE_COMMAND), (1, LAST_COMMAND), (1, MORE_DATA), (1, LAST_DATA)],
        [(1, MORE_COMMAND), (1, MORE_COMMAND)],
        [(1, MORE_DATA), (1, MORE_DATA), (1, LAST_DATA)],
    ],
)
def test_pdvs_of_one_message_may_share_a_pdu(pdvs):
    """PS3.8 Annex E: a receiver must take whatever way a message is split."""
    assert decode_pdu(pdata(*pdvs).encode()) == pdata(*pdvs)


@pytest.mark.parametrize(
    "pdvs",
    [
        [(1, LAST_COMMAND), (3, LAST_DATA)],
        [(1, LAST_COMMAND), (1, LAST_COMMAND)],
        [(1, LAST_DATA), (1, LAST_COMMAND)],
        [(1, LAST_DATA), (1, MORE_COMMAND)],
        [(1, MORE_DATA), (1, MORE_COMMAND)],
        [(1, LAST_DATA), (1, LAST_DATA)],
        [(1, LAST_DATA), (1, MORE_DATA)],
    ],
)
def test_pdvs_of_two_messages_may_not(pdvs):
    """PS3.8 Annex E: all PDVs of a P-DATA-TF belong to the same message."""
    with pytest.raises(InvalidPDU, match="two messages") as raised:
        decode_pdu(pdata(*pdvs).encode())
    assert raised.value.reason is AbortReason.UNEXPECTED_PARAMETER


@given(our.p_data_tfs())
def test_split_pdvs_gives_all_bytes_in_order(value: PDataTF):
    body = value.encode()[6:]
    assert tuple(split_pdvs(memoryview(body))) == value.pdvs
