"""`dulspec decode` on captures whose bytes are written here, and on raw streams."""

import gzip
import io
import struct

import pytest

from testbed import messages, raw
from testbed.cli import main
from testbed.decode.command import decode
from testbed.decode.printer import Printer

SECRET = b"DOE^JANE"
RQ = raw.associate_rq(contexts=[raw.context_rq(1, raw.CT_STORAGE, [raw.EXPLICIT_LE])])
AC = raw.associate_ac(contexts=[raw.context_ac(1, 0, [raw.EXPLICIT_LE])])
DATA = messages.data_set([(0x00100010, "PN", SECRET)], explicit=True)
STORE = messages.command_pdu(messages.store_rq(7)) + messages.data_pdu(DATA)
ANSWER = messages.command_pdu(
    messages.response(messages.C_STORE, 7, 0, sop_class=raw.CT_STORAGE, instance=messages.INSTANCE)
)
#: Who sends what, in order; True is the requestor.
EXCHANGE = [
    (True, RQ), (False, AC), (True, STORE), (False, ANSWER), (True, raw.release_rq()),
    (False, raw.release_rp()),
]  # fmt: skip
REQUESTOR = RQ + STORE + raw.release_rq()


# -- frames, packets and files, byte by byte


def tcp(source, destination, seq, data=b"", flags=0x10):
    return struct.pack(">HHIIBBHHH", source, destination, seq, 1, 5 << 4, flags, 65535, 0, 0) + data


def ipv4(payload, *, forward=True, fragment=0):
    ends = b"\x0a\0\0\1", b"\x0a\0\0\2"
    source, destination = ends if forward else ends[::-1]
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(payload), 1, fragment, 64, 6, 0)
    return head + source + destination + payload


def ipv6(payload, *, forward=True):
    ends = bytes(15) + b"\1", bytes(15) + b"\2"
    source, destination = ends if forward else ends[::-1]
    return struct.pack(">IHBB", 6 << 28, len(payload), 6, 64) + source + destination + payload


def ethernet(packet, *, vlan=False):
    kind = b"\x86\xdd" if packet[0] >> 4 == 6 else b"\x08\x00"
    tag = b"\x81\x00\x00\x05" if vlan else b""
    # The least frame is 60 bytes: short packets are padded, and the padding is no data.
    return (b"\2" * 6 + b"\4" * 6 + tag + kind + packet).ljust(60, b"\xee")


LINKS = {
    "ethernet": (1, ethernet),
    "vlan": (1, lambda packet: ethernet(packet, vlan=True)),
    "raw IP": (101, lambda packet: packet),
    "loopback": (0, lambda packet: struct.pack("<I", 2) + packet),
    "Linux cooked": (113, lambda packet: struct.pack(">HHH8sH", 0, 1, 6, b"\2" * 8, 0x0800) + packet),
    "Linux cooked 2": (
        276, lambda packet: struct.pack(">HHIHBB8s", 0x0800, 0, 1, 1, 0, 6, b"\2" * 8) + packet,
    ),
}  # fmt: skip


def pcap(frames, link=1, order="<", *, nano=False, snap=None):
    magic = 0xA1B23C4D if nano else 0xA1B2C3D4
    out = struct.pack(f"{order}IHHiIII", magic, 2, 4, 0, 0, 262144, link)
    for number, frame in enumerate(frames):
        kept = frame if snap is None else frame[:snap]
        out += struct.pack(f"{order}IIII", 1000, number, len(kept), len(frame)) + kept
    return out


def block(type_, body, order="<"):
    body += bytes(-len(body) % 4)
    size = struct.pack(f"{order}I", 12 + len(body))
    return struct.pack(f"{order}I", type_) + size + body + size


def pcapng(frames_by_interface, order="<"):
    """Each entry: (link type, frames); packets of the interfaces one after another."""
    out = block(0x0A0D0D0A, struct.pack(f"{order}IHHq", 0x1A2B3C4D, 1, 0, -1), order)
    for link, _ in frames_by_interface:
        out += block(1, struct.pack(f"{order}HHI", link, 0, 0), order)
    for interface, (_, frames) in enumerate(frames_by_interface):
        for number, frame in enumerate(frames):
            fields = struct.pack(f"{order}IIIII", interface, 0, number, len(frame), len(frame))
            out += block(6, fields + frame, order)
    return out


def conversation(ip=ipv4, *, port=104, size=1000, start=True):
    """The packets of one association: SYN to FIN, data cut into segments of `size`."""
    packets = []
    if start:
        packets += [
            ip(tcp(40000, port, 99, flags=2)),
            ip(tcp(port, 40000, 199, flags=0x12), forward=False),
        ]
    seqs = {True: 100, False: 200}
    for forward, data in EXCHANGE:
        ports = (40000, port) if forward else (port, 40000)
        for at in range(0, len(data), size):
            part = data[at : at + size]
            packets.append(ip(tcp(*ports, seqs[forward] + at, part, 0x18), forward=forward))
        seqs[forward] += len(data)
    packets.append(ip(tcp(40000, port, seqs[True], flags=0x11)))
    packets.append(ip(tcp(port, 40000, seqs[False], flags=0x11), forward=False))
    return packets


def lines(data, *, ports=(), **options):
    return list(decode(io.BytesIO(data), Printer(**options), ports=ports))


def heads(data, **options):
    """Arrow and name of each PDU, and the messages."""
    found = lines(data, fields=0, **options)
    return [line[15:].split(" (")[0].split(",")[0] if line[0] != " " or line[4] != "=" else line[4:].split(",")[0]
            for line in found]  # fmt: skip


EXPECTED = {
    "-> A-ASSOCIATE-RQ", "-> P-DATA-TF", "= C-STORE-RQ", "-> A-RELEASE-RQ", "<- A-ASSOCIATE-AC",
    "<- P-DATA-TF", "= C-STORE-RSP", "<- A-RELEASE-RP", "-- the requestor closes",
    "-- the acceptor closes",
}  # fmt: skip


@pytest.fixture(autouse=True)
def scapy():
    pytest.importorskip("scapy")


@pytest.mark.parametrize("link", LINKS)
def test_every_kind_of_link(link):
    number, wrap = LINKS[link]
    found = heads(pcap([wrap(packet) for packet in conversation()], number))
    assert EXPECTED <= set(found)
    assert len(found) == 12, found


def test_ipv6():
    found = lines(pcap([ethernet(packet) for packet in conversation(ipv6)]), fields=0)
    assert "[::1]:40000 calls [::2]:104" in found[0]
    assert len(found) == 12


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("nano", [False, True])
def test_both_byte_orders_and_resolutions(order, nano):
    frames = [ethernet(packet) for packet in conversation()]
    assert len(heads(pcap(frames, order=order, nano=nano))) == 12


@pytest.mark.parametrize("order", ["<", ">"])
def test_pcapng_with_two_interfaces_of_different_kinds(order):
    other = conversation(port=11112)
    data = pcapng([(1, [ethernet(packet) for packet in conversation()]), (101, other)], order)
    found = lines(data, fields=0)
    assert sum(" calls " in line for line in found) == 2
    assert sum("= C-STORE-RSP" in line for line in found) == 2


@pytest.mark.parametrize("size", [1, 7, 100, 100_000])
def test_any_segment_size_gives_the_same_pdus(size):
    frames = [ethernet(packet) for packet in conversation(size=size)]
    assert heads(pcap(frames)) == heads(pcap([ethernet(packet) for packet in conversation()]))


def test_order_and_repetition_on_the_network_do_not_matter():
    packets = conversation(size=50)
    shuffled = [*packets[:2], *packets[5:9], *packets[2:5], *packets[2:]]
    assert heads(pcap([ethernet(p) for p in shuffled])) == heads(
        pcap([ethernet(p) for p in packets])
    )


def test_a_gzipped_capture():
    assert len(heads(gzip.compress(pcap([ethernet(p) for p in conversation()])))) == 12


def test_patient_data_is_hidden_unless_asked_for():
    data = pcap([ethernet(packet) for packet in conversation()])
    hidden = "\n".join(lines(data))
    shown = "\n".join(lines(data, show_data=True))
    assert "DOE^JANE" not in hidden
    assert SECRET.hex(" ") not in hidden
    assert "** " in hidden
    assert "(0010,0010) Patient's Name" in shown
    assert "DOE^JANE" in shown


def test_fields_are_annotated():
    body = "\n".join(lines(pcap([ethernet(packet) for packet in conversation()])))
    assert "Called-AE-title 'ANY-SCP         '" in body
    assert "(0000,0900) Status 0000H Success" in body
    assert "= C-STORE-RQ, message 7" in body
    assert "context 1 (CT Image Storage, Explicit VR Little Endian)" in body


def test_a_missing_segment_is_told_and_the_next_pdus_are_still_found():
    packets = conversation(size=50)
    del packets[3]
    found = lines(pcap([ethernet(packet) for packet in packets]), fields=0)
    assert sum("50 of them missing from the capture" in line for line in found) == 1
    assert any("-> A-RELEASE-RQ" in line for line in found)


def test_frames_cut_by_the_snapshot_length_keep_the_framing():
    frames = [ethernet(packet) for packet in conversation(size=200)]
    found = lines(pcap(frames, snap=100), fields=0)
    assert any("missing from the capture" in line for line in found)
    assert any("-> A-RELEASE-RQ" in line for line in found)


def test_an_absurd_length_on_the_wire_costs_nothing():
    data = bytearray(pcap([ethernet(packet) for packet in conversation()]))
    at = data.index(RQ) - 54 - 4
    data[at : at + 4] = b"\xff" * 4
    assert len(lines(bytes(data), fields=0)) == 12


def test_a_capture_that_begins_in_the_middle_starts_at_the_next_pdu():
    packets = conversation(size=50, start=False)[1:]
    packets.insert(0, ipv4(tcp(40000, 104, 60, b"rest of something", 0x18)))
    extra = len(REQUESTOR) + 100
    packets.append(ipv4(tcp(40000, 104, extra, raw.abort(), 0x18)))
    found = lines(pcap([ethernet(packet) for packet in packets]), fields=0)
    assert any(
        "the capture lacks what went before" in line and "requestor" in line for line in found
    )
    assert any("<- A-ASSOCIATE-AC" in line or "A-ASSOCIATE-AC" in line for line in found)


def test_after_a_break_the_next_pdu_is_found():
    packets = [
        *conversation(start=True)[:3],
        ipv4(tcp(40000, 104, 100 + len(RQ) + (1 << 26), b"in the middle of something", 0x18)),
        ipv4(tcp(40000, 104, 126 + len(RQ) + (1 << 26), raw.abort(), 0x18)),
    ]
    found = lines(pcap([ethernet(packet) for packet in packets]), fields=0)
    assert f"{(1 << 26) + 26} bytes of the requestor left out" in found[-2]
    assert "-> A-ABORT" in found[-1]


def test_other_traffic_is_counted_and_left_out():
    tls = [ipv4(tcp(5, 443, 0, flags=2)), ipv4(tcp(5, 443, 1, b"\x16\x03\x01\0\xffhello", 0x18))]
    udp = ethernet(ipv4(b"\0\1\0\2\0\x08\0\0")[:9] + b"\x11" + ipv4(b"\0\1\0\2\0\x08\0\0")[10:])
    frames = [udp, *(ethernet(packet) for packet in [*tls, *conversation()])]
    found = lines(pcap(frames), fields=0)
    assert found[-1] == "other TCP connections, not DICOM or encrypted, left out: 1"
    assert len(found) == 13
    assert lines(pcap([udp, *(ethernet(packet) for packet in tls)])) == []


def test_only_one_port():
    frames = [ethernet(p) for p in (*conversation(), *conversation(port=11112))]
    assert sum(" calls " in line for line in lines(pcap(frames), ports=[11112])) == 1


def test_ip_fragments_are_told():
    packets = [*conversation(), ipv4(b"x" * 8, fragment=0x2000)]
    assert lines(pcap([ethernet(packet) for packet in packets]))[-1].startswith("1 IP fragments")


def test_a_raw_stream_of_both_sides():
    found = lines(RQ + AC + STORE + ANSWER + raw.release_rq() + raw.release_rp(), fields=0)
    assert [line.split(":: ")[1].split(" (")[0] for line in found if "::" in line] == [
        "A-ASSOCIATE-RQ", "A-ASSOCIATE-AC", "P-DATA-TF", "P-DATA-TF", "P-DATA-TF", "A-RELEASE-RQ",
        "A-RELEASE-RP",
    ]  # fmt: skip
    assert sum("    = C-STORE-R" in line for line in found) == 2


def test_a_raw_stream_that_is_cut_off():
    (line,) = lines(RQ[:100], fields=0)
    assert f"{len(RQ)} bytes, the first 100" in line


@pytest.mark.parametrize("cut", [0, 1, 10, 23, 30, 60, 500])
def test_a_damaged_capture_does_no_harm(cut):
    frames = [ethernet(packet) for packet in conversation()]
    for data in (pcap(frames), pcapng([(1, frames)])):
        try:
            lines(data[:cut])
            lines(data[:cut] + b"\xff" * 200)
        except ValueError:
            pass


def test_the_command(tmp_path, capsys):
    path = tmp_path / "a.pcap"
    path.write_bytes(pcap([ethernet(packet) for packet in conversation()]))
    assert main(["decode", str(path), "--brief"]) == 0
    assert "C-STORE-RSP" in capsys.readouterr().out
    assert main(["decode", str(tmp_path / "none")]) == 2
    (tmp_path / "empty").write_bytes(b"")
    assert main(["decode", str(tmp_path / "empty")]) == 1
    assert "nothing of DICOM" in capsys.readouterr().err


def test_control_characters_from_the_wire_do_not_reach_the_terminal():
    rq = raw.associate_rq(
        called_ae_title="\x1b[2J\x07", user=[raw.implementation_version("\x9b31m")]
    )
    data = messages.data_set([(0x00100010, "PN", b"\x1b[31mX")], explicit=True)
    stream = rq + AC + messages.command_pdu(messages.store_rq(7)) + messages.data_pdu(data)
    for line in lines(stream, show_data=True):
        assert line.isprintable(), line
