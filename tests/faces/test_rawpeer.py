"""The raw peer's bytes are the golden PDUs' bytes, so that tests with it compare with an oracle."""

import socket

import pytest
import rawpeer
from golden import golden


def test_control_pdus_are_the_golden_ones() -> None:
    assert golden("release-rq").data == rawpeer.RELEASE_RQ_PDU
    assert golden("release-rp").data == rawpeer.RELEASE_RP_PDU
    assert golden("abort-0-0").data == rawpeer.abort()
    assert golden("abort-2-6").data == rawpeer.abort(2, 6)
    assert golden("rj-1-1-7").data == rawpeer.associate_rj(1, 1, 7)
    assert golden("rj-2-3-2").data == rawpeer.associate_rj(2, 3, 2)


@pytest.mark.parametrize("name", ["pdata-data-last", "pdata-data-more", "pdata-command-last"])
def test_pdata_is_the_golden_one(name: str) -> None:
    data = golden(name).data
    assert rawpeer.pdata(data[12:], data[11], data[10]) == data


@pytest.mark.parametrize("name", ["rq-echoscu", "ac-minimal"])
def test_associate_pdus_have_the_golden_structure(name: str) -> None:
    """Item by item: the types and the fixed part, with our own names and UIDs in them."""

    def outline(pdu: bytes) -> list[tuple[int, ...]]:
        assert int.from_bytes(pdu[2:6]) == len(pdu) - 6
        body = pdu[74:]
        found = [(pdu[0], *pdu[6:10])]
        while body:
            size = 4 + int.from_bytes(body[2:4])
            found.append((body[0],))
            inner = body[4:size] if body[0] == 0x50 else b""
            if body[0] in (0x20, 0x21):
                inner = body[8:size]
            while inner:
                found.append((body[0], inner[0]))
                inner = inner[4 + int.from_bytes(inner[2:4]) :]
            body = body[size:]
        return found

    ours = rawpeer.associate_rq() if name.startswith("rq") else rawpeer.associate_ac()
    optional = {(0x50, 0x55)}  # the version name
    assert [each for each in outline(golden(name).data) if each not in optional] == outline(ours)


def test_split_refuses_what_is_cut() -> None:
    stream = rawpeer.RELEASE_RQ_PDU + rawpeer.abort()
    assert rawpeer.split(stream) == [rawpeer.RELEASE_RQ_PDU, rawpeer.abort()]
    for length in set(range(len(stream))) - {0, 10}:
        with pytest.raises(AssertionError, match="cut"):
            rawpeer.split(stream[:length])


def test_a_blackhole_answers_nobody() -> None:
    with rawpeer.blackhole() as address, socket.socket() as sock:
        sock.settimeout(0.05)
        with pytest.raises(TimeoutError):
            sock.connect(address)
