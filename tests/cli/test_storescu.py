"""storescu: what it sends, what it says, how it ends."""

import errno
import os
import re
import shutil
import socket
from pathlib import Path

import pytest
from cli_peers import ABORT, P_DATA, RELEASE_RP, RELEASE_RQ, ScriptedPeer, rejecting, storing

from cli import storescu
from dimse.objects.filemeta import encode_file_meta
from dimse.objects.outgoing import examine
from dimse.server import Server
from dimse.storage.sink import Discard
from testbed import raw
from testbed.messages import data_set

DICOM = Path(__file__).parents[2] / "fixtures" / "dicom"
CT, MR = DICOM / "ct-explicit.dcm", DICOM / "mr-explicit.dcm"
RLE, JPEG = DICOM / "mr-rle.dcm", DICOM / "sc-jpeg-baseline.dcm"
TRUNCATED, TEXT = DICOM / "faulty" / "truncated-pixels.dcm", DICOM / "faulty" / "not-dicom.txt"

EXPLICIT = "1.2.840.10008.1.2.1"
IMPLICIT = "1.2.840.10008.1.2"


@pytest.fixture
def send(capsys):
    """Run storescu; gives its exit code and the lines on standard error."""

    def run(port, *arguments, host="127.0.0.1", before=()):
        code = storescu.main([*map(str, before), host, str(port), *map(str, arguments)])
        said = capsys.readouterr()
        assert all(line.startswith("XMIT: ") for line in said.out.splitlines())
        return code, said.err.splitlines()

    return run


def only(letter, lines):
    return [line[3:] for line in lines if line.startswith(letter + ": ")]


# ------------------------------------------------------------------------- what is said --


def test_verbose_says_what_dcmtk_says_and_in_its_order(send):
    with ScriptedPeer(storing(0, 0)) as peer:
        code, lines = send(peer.port, CT, MR, "-v")
    assert code == 0
    assert lines[:-1] == [
        "I: checking input files ...",
        "I: Requesting Association",
        "I: Association Accepted (Max Send PDV: 16378)",
        f"I: Sending file: {CT}",
        "I: Sending Store Request (MsgID 1, CT)",
        "I: Received Store Response (Success)",
        f"I: Sending file: {MR}",
        "I: Sending Store Request (MsgID 2, MR)",
        "I: Received Store Response (Success)",
        "I: Releasing Association",
    ]
    summary = r"I: Objects stored: 2 \(0\.0 MB in [\d.]+ s, [\d.]+ MB/s\); files asked for: 2, sent: 2, failed: 0, not sent: 0"
    assert re.fullmatch(summary, lines[-1])


def test_silent_by_default(send):
    with ScriptedPeer(storing(0)) as peer:
        assert send(peer.port, CT) == (0, [])


def test_quiet_says_only_what_is_fatal(send):
    with ScriptedPeer(storing(0xA700)) as peer:
        assert send(peer.port, CT, "-q") == (0xA7, [])
    with ScriptedPeer(rejecting(1, 1, 7)) as peer:
        code, lines = send(peer.port, CT, "-q")
    assert code == 1
    assert lines
    assert {line[:3] for line in lines} == {"F: "}


def test_debug_shows_negotiation_states_and_messages(send):
    with ScriptedPeer(storing(0xB000)) as peer:
        code, lines = send(peer.port, CT, "-d")
    assert code == 0
    debug = "\n".join(only("D", lines))
    assert "A-ASSOCIATE-RQ" in debug
    assert "A-ASSOCIATE-AC" in debug
    assert re.search(r"Called AE title +ANY-SCP", debug)
    assert "CT Image Storage (1.2.840.10008.5.1.4.1.1.2): accepted" in debug
    assert "Sta4 Evt2 AE-2 Sta5" in debug
    assert "Sta7 Evt13 AR-3 Sta1" in debug
    assert "Sta6 Evt9" not in debug  # no change of state: only at -ll trace
    assert "sent C-STORE-RQ" in debug
    assert re.search(r"Status +B000H: Warning: Coercion of Data Elements", debug)
    assert "I: Received Store Response (Warning: CoercionOfDataElements)" in lines


def test_trace_shows_every_transition(send):
    with ScriptedPeer(storing(0)) as peer:
        _, lines = send(peer.port, CT, "-ll", "trace")
    assert any("Sta6 Evt10 DT-2 Sta6" in line for line in only("T", lines))


def test_verbose_pc_shows_contexts_at_level_info(send):
    with ScriptedPeer(storing(0)) as peer:
        _, lines = send(peer.port, CT, "-v", "+v")
    assert "Presentation contexts (18 proposed)" in "\n".join(only("I", lines))
    assert not only("D", lines)


def test_the_peer_cannot_write_on_the_terminal(send):
    def script(dialogue):
        dialogue.accept()
        dialogue.store(0xC123, "\x1b[2J\nI: all is well")
        dialogue.end()

    with ScriptedPeer(script) as peer:
        code, lines = send(peer.port, CT)
    assert code == 0xC1
    assert lines[1].endswith(r"with the comment: \x1b[2J\nI: all is well")


# ------------------------------------------------------------------------ what is sent --


def test_each_file_is_sent_as_often_as_asked_in_one_association(send):
    with ScriptedPeer(storing(0, 0, 0, 0)) as peer:
        code, _ = send(peer.port, CT, MR, before=["-r", 2])
    assert code == 0
    sent = peer.dialogues[0].stores
    assert [command.us(0x0110) for _, command, _ in sent] == [1, 2, 3, 4]
    kinds = [command.uid(0x0002).rsplit(".", 1)[-1] for _, command, _ in sent]
    assert kinds == ["2", "2", "4", "4"]
    assert sent[0][2] == sent[1][2]


def test_more_than_128_contexts_need_several_associations(send, tmp_path):
    """17 contexts are always proposed, and each of these files needs two of its own."""
    for number in range(60):
        sop_class = f"1.2.840.10008.5.1.4.1.1.88.{1000 + number}"
        (tmp_path / f"{number:02}.dcm").write_bytes(part10(sop_class, f"2.25.{number + 1}"))
    proposed = [55 * 2 + 17, 5 * 2 + 17]
    with ScriptedPeer(storing(*[0] * 55), storing(*[0] * 5)) as peer:
        code, lines = send(peer.port, tmp_path, "+sd", "-v")
    assert code == 0
    assert "I: the files need 2 associations" in lines
    uids = [command.uid(0x1000) for dialogue in peer.dialogues for _, command, _ in dialogue.stores]
    assert uids == [f"2.25.{number + 1}" for number in range(60)]
    assert lines.count("I: Requesting Association") == len(proposed)


def part10(sop_class, instance, pixels=b""):
    """A file in Explicit VR Little Endian, by the testbed's hand."""
    from testbed.messages import text, uid

    meta = data_set(
        [
            (0x00020001, "OB", b"\0\1"),
            (0x00020002, "UI", uid(sop_class)),
            (0x00020003, "UI", uid(instance)),
            (0x00020010, "UI", uid(EXPLICIT)),
            (0x00020012, "UI", uid("2.25.1")),
        ],
        explicit=True,
    )
    head = data_set([(0x00020000, "UL", len(meta).to_bytes(4, "little"))], explicit=True)
    elements = [(0x00080016, "UI", uid(sop_class)), (0x00080018, "UI", uid(instance))]
    elements.append((0x00100010, "PN", text("DOE^JOHN")))
    if pixels:
        elements.append((0x7FE00010, "OW", pixels))
    return bytes(128) + b"DICM" + head + meta + data_set(elements, explicit=True)


def data_pdus(peer):
    """The lengths of the P-DATA-TF PDUs that the tool sent."""
    log = peer.dialogues[0].wire.log
    return [len(each.data) for each in log if each.direction == "received" and each.data[0] == 4]


@pytest.mark.parametrize(
    ("maximum", "pdv"), [(8, 2), (4096, 4090), (65536, 65530), (1 << 30, 131066), (0, 131066)]
)
def test_pdus_are_as_large_as_the_peer_takes(send, tmp_path, maximum, pdv):
    pixels = bytes(50 if maximum == 8 else 300_000)
    file = tmp_path / "a.dcm"
    file.write_bytes(part10("1.2.840.10008.5.1.4.1.1.7", "2.25.7", pixels))

    def script(dialogue):
        dialogue.accept(max_length=maximum)
        dialogue.store()
        dialogue.end()

    with ScriptedPeer(script) as peer:
        code, lines = send(peer.port, file, "-v")
    assert code == 0
    assert f"I: Association Accepted (Max Send PDV: {pdv})" in lines
    assert max(data_pdus(peer)) == pdv + 12  # PDU header and PDV header


def test_max_send_pdu(send, tmp_path):
    with ScriptedPeer(storing(0)) as peer:
        _, lines = send(peer.port, CT, "-v", "--max-send-pdu", "1024")
    assert "I: Association Accepted (Max Send PDV: 1018)" in lines
    assert max(data_pdus(peer)) == 1030


def test_what_is_not_accepted_is_converted(send):
    def script(dialogue):
        dialogue.accept(lambda _, offered: IMPLICIT if IMPLICIT in offered else None)
        dialogue.store()
        dialogue.end()

    with ScriptedPeer(script) as peer:
        code, lines = send(peer.port, CT, "-v")
    assert code == 0
    sending = lines.index(f"I: Sending file: {CT}")
    assert lines[sending + 1] == (
        "I: Converting transfer syntax: Little Endian Explicit -> Little Endian Implicit"
    )
    # (0008,0005) as Implicit VR Little Endian: a length of four bytes follows the tag at once.
    data = peer.dialogues[0].stores[0][2]
    assert data[:4] == b"\x08\x00\x05\x00"
    assert data[4:8] == b"\x0a\0\0\0"


# ------------------------------------------------------------------ how the end is made --


def test_abort_instead_of_release(send):
    with ScriptedPeer(storing(0, ends=ABORT)) as peer:
        code, lines = send(peer.port, CT, "-v", "-a")
    assert code == 0
    assert "I: Aborting Association" in lines
    assert "I: Releasing Association" not in lines
    aborts = [entry.data for entry in peer.dialogues[0].wire.log if entry.data[:1] == b"\7"]
    assert aborts == [raw.abort(0, 0)]


def test_release_that_fails_is_an_error(send):
    def script(dialogue):
        dialogue.accept()
        dialogue.store()
        dialogue.pdu(RELEASE_RQ)
        dialogue.wire.send(raw.abort(2, 0))

    with ScriptedPeer(script) as peer:
        code, lines = send(peer.port, CT)
    assert code == 1
    assert only("E", lines)[0] == (
        "Association Release Failed: 0006:0317 Peer aborted Association (or never connected)"
    )
    assert only("E", lines)[1].startswith("association aborted by")


# --------------------------------------------------------------- statuses and exit codes --


@pytest.mark.parametrize(
    ("status", "code", "words"),
    [
        (0x0000, 0, "Success"),
        (0x0001, 0, "Unknown Status: 0x1"),  # a warning by PS3.7 C.4, whatever it means
        (0xB000, 0, "Warning: CoercionOfDataElements"),
        (0xB006, 0, "Warning: ElementsDiscarded"),
        (0xB007, 0, "Warning: DataSetDoesNotMatchSOPClass"),
        (0xA700, 0xA7, "Refused: OutOfResources"),
        (0xA702, 0xA7, "Refused: OutOfResources"),
        (0xA900, 0xA9, "Error: DataSetDoesNotMatchSOPClass"),
        (0xC000, 0xC0, "Error: CannotUnderstand"),
        (0xC123, 0xC1, "Error: CannotUnderstand"),
        (0x0110, 1, "Unknown Status: 0x110"),
        (0x0122, 1, "Refused: SOPClassNotSupported"),
        (0x0211, 2, "Unknown Status: 0x211"),
        (0xFE00, 1, "Unknown Status: 0xfe00"),
        (0xFF00, 1, "Unknown Status: 0xff00"),
        (0x8200, 1, "Unknown Status: 0x8200"),  # never 130, which is Ctrl-C's
        (0x0005, 1, "Unknown Status: 0x5"),  # never 0
    ],
)
def test_a_status_decides_what_is_said_and_the_exit_code(send, status, code, words):
    with ScriptedPeer(storing(status)) as peer:
        got, lines = send(peer.port, CT, "-v")
    assert got == code
    assert f"I: Received Store Response ({words})" in lines
    assert bool(only("E", lines)) is (code != 0)
    assert bool(only("W", lines)) is (code == 0 and status != 0)


def test_a_failure_status_halts_and_the_association_is_released(send):
    with ScriptedPeer(storing(0, 0xA700)) as peer:
        code, lines = send(peer.port, CT, MR, CT, "-v")
    assert code == 0xA7
    assert only("E", lines) == [
        f"Store Failed, file: {MR}:",
        "the peer answered Refused: Out of resources (A700H)",
    ]
    assert "I: Releasing Association" in lines
    assert lines[-1].endswith("failed: 1, not sent: 1")


def test_abort_is_heeded_after_a_failure_status_too(send):
    with ScriptedPeer(storing(0xA700, ends=ABORT)) as peer:
        assert send(peer.port, CT, MR, "-a")[0] == 0xA7


def test_no_halt_goes_on_and_still_tells_the_failure(send):
    with ScriptedPeer(storing(0xA700, 0, 0xC000, 0)) as peer:
        code, lines = send(peer.port, CT, MR, CT, MR, "-nh", "-v")
    assert code == 0xA7
    assert len(only("E", lines)) == 4
    assert lines[-1].startswith("I: Objects stored: 2 ")
    assert lines[-1].endswith("failed: 2, not sent: 0")


def test_one_failed_copy_is_a_failed_file(send):
    with ScriptedPeer(storing(0, 0xA700, 0)) as peer:
        code, lines = send(peer.port, CT, "-nh", "-v", "--repeat", 3)
    assert code == 0xA7
    assert lines[-1].startswith("I: Objects stored: 2 ")
    assert lines[-1].endswith("failed: 1, not sent: 0")


def test_the_error_comment_of_the_peer_is_shown(send):
    def script(dialogue):
        dialogue.accept()
        dialogue.store(0xA700, "disk full")
        dialogue.end()

    with ScriptedPeer(script) as peer:
        _, lines = send(peer.port, CT)
    assert lines[1] == (
        "E: the peer answered Refused: Out of resources (A700H), with the comment: disk full"
    )


def test_a_full_disk_at_the_receiver(send):
    class Full(Discard):
        def write(self, views):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with Server(lambda _: Full(), host="127.0.0.1") as server:
        code, lines = send(server.address[1], CT)
    assert code == 0xA7
    assert any("Out of resources (A700H)" in line for line in lines)


# ---------------------------------------------------------------- files that can't be sent --


@pytest.fixture
def unreadable(tmp_path, monkeypatch):
    """A file that the operating system refuses to open; permissions don't stop the superuser."""
    path = tmp_path / "secret.dcm"
    shutil.copy(CT, path)
    real = os.open

    def refuse(name, *arguments, **options):
        if os.fspath(name) == str(path):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return real(name, *arguments, **options)

    monkeypatch.setattr(os, "open", refuse)
    return path


BAD = {
    "missing": (lambda _: Path("/nowhere/to/be/seen.dcm"), "cannot access file: {}: can't be read"),
    "text": (lambda _: TEXT, "Bad DICOM file: {}: is not a DICOM file"),
    "truncated": (lambda _: TRUNCATED, "Bad DICOM file: {}: truncated:"),
    "empty": (lambda _: DICOM / "faulty" / "empty.dcm", "Bad DICOM file: {}: is empty"),
    "unreadable": (
        lambda request: request.getfixturevalue("unreadable"),
        "cannot access file: {}: can't be read: Permission denied",
    ),
}


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_file_halts_before_anything_is_sent(send, request, kind):
    make, message = BAD[kind]
    path = make(request)
    code, lines = send(1, CT, path)  # port 1: nobody is called
    assert code == 1
    assert lines[0].startswith("F: " + message.format(path))
    assert lines[-1] == "F: nothing was sent; -nh sends the 1 file that can be sent"


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_file_is_left_out_with_no_halt(send, request, kind):
    make, message = BAD[kind]
    path = make(request)
    with ScriptedPeer(storing(0, 0)) as peer:
        code, lines = send(peer.port, CT, path, MR, "-nh")
    assert code == 1  # not everything was stored
    assert len(lines) == 1
    assert lines[0].startswith("W: " + message.format(path))
    assert lines[0].endswith(", ignoring file")


def test_every_bad_file_is_named_at_once(send):
    code, lines = send(1, TEXT, TRUNCATED)
    assert code == 1
    assert [line.split(": ")[2] for line in lines] == [str(TEXT), str(TRUNCATED)]


def test_nothing_but_bad_files(send):
    code, lines = send(1, TEXT, "-nh")
    assert code == 1
    assert lines[-1] == "F: no input files to be sent"


def test_a_file_that_shrinks_while_it_is_sent(send, tmp_path):
    """What was promised can't be sent any more: the association is aborted, and -nh goes on."""
    path = tmp_path / "shrinks.dcm"
    path.write_bytes(part10("1.2.840.10008.5.1.4.1.1.7", "2.25.7", bytes(8 << 20)))

    def script(dialogue):
        dialogue.accept()
        dialogue.command()
        dialogue.pdu()
        os.truncate(path, 1 << 20)
        while dialogue.pdu().type != ABORT:
            pass

    with ScriptedPeer(script, storing(0)) as peer:
        code, lines = send(peer.port, path, CT, "-nh")
    assert code == 1
    assert lines[0] == f"E: Store Failed, file: {path}:"
    assert lines[1] == "E: 0006:020e DIMSE Failed to send message"
    assert "the data set cannot be read" in lines[2]


def test_a_file_that_changes_after_the_check(send, tmp_path):
    path = tmp_path / "changes.dcm"
    shutil.copy(MR, path)

    def script(dialogue):
        # Both have been looked at, and neither is opened: the second is while the first is sent.
        path.write_bytes(MR.read_bytes() + bytes(8))
        dialogue.accept()
        dialogue.store(0)
        assert dialogue.end() == ABORT

    with ScriptedPeer(script) as peer:
        code, lines = send(peer.port, CT, path)
    assert code == 1
    assert "has changed since it was examined" in lines[2]
    assert lines[3] == "E: Store SCU Failed: 0006:020e DIMSE Failed to send message"


# ------------------------------------------------------------------------- directories --


def test_directories_need_an_option(send, tmp_path):
    code, lines = send(1, tmp_path)
    assert code == 1
    assert lines[0] == (
        f"W: ignoring directory because option --scan-directories is not set: {tmp_path}"
    )
    assert lines[-1] == "F: no input files to be sent"


@pytest.fixture
def tree(tmp_path):
    """b.dcm, a.dcm, a text, a DICOMDIR, and one more file in a subdirectory."""
    root = tmp_path / "tree"
    (root / "sub").mkdir(parents=True)
    shutil.copy(MR, root / "b.dcm")
    shutil.copy(CT, root / "a.dcm")
    shutil.copy(TEXT, root / "readme.txt")
    shutil.copy(DICOM / "faulty" / "dicomdir.dcm", root / "DICOMDIR")
    shutil.copy(CT, root / "sub" / "c.dcm")
    (root / "circle").symlink_to(root)
    return root


def test_scanning_sorts_and_leaves_out_what_is_no_object(send, tree):
    with ScriptedPeer(storing(0, 0)) as peer:
        code, lines = send(peer.port, tree, "+sd", "-v")
    assert code == 0
    assert lines[0] == "I: determining input files ..."
    assert [line for line in lines if "Sending file" in line] == [
        f"I: Sending file: {tree / 'a.dcm'}",
        f"I: Sending file: {tree / 'b.dcm'}",
    ]
    warned = only("W", lines)
    assert any(line.endswith("readme.txt") for line in warned)
    assert any(line.endswith("DICOMDIR") for line in warned)


def test_recursion_goes_into_subdirectories_but_not_round_in_circles(send, tree):
    with ScriptedPeer(storing(0, 0, 0)) as peer:
        code, lines = send(peer.port, tree, "+sd", "+r", "-v")
    assert code == 0
    assert f"I: Sending file: {tree / 'sub' / 'c.dcm'}" in lines


def test_a_damaged_file_in_a_directory_is_an_error(send, tree):
    shutil.copy(TRUNCATED, tree / "damaged.dcm")
    code, lines = send(1, tree, "+sd")
    assert code == 1
    assert only("F", lines)[0].startswith(f"Bad DICOM file: {tree / 'damaged.dcm'}: truncated")


def test_a_directory_that_cannot_be_read(send, tree, monkeypatch):
    real = os.scandir

    def refuse(path):
        if str(path).endswith("sub"):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return real(path)

    monkeypatch.setattr(os, "scandir", refuse)
    code, lines = send(1, tree, "+sd", "+r")
    assert code == 1
    assert only("F", lines)[0] == f"cannot read directory: {tree / 'sub'}: Permission denied"


# ------------------------------------------------------------------- presentation contexts --


def test_no_context_at_all(send):
    def script(dialogue):
        dialogue.accept(lambda *_: None)
        assert dialogue.end() == RELEASE_RQ

    with ScriptedPeer(script) as peer:
        code, lines = send(peer.port, CT)
    assert code == 1
    assert lines[0] == "F: No Acceptable Presentation Contexts"


def test_no_context_for_a_file(send):
    def script(dialogue):
        dialogue.accept(lambda uid, offered: offered[0] if uid.endswith(".1.4") else None)
        assert dialogue.end() == ABORT  # as DCMTK: what fails on our side aborts

    with ScriptedPeer(script) as peer:
        code, lines = send(peer.port, CT, MR)
    assert code == 1
    assert lines[0] == "E: No presentation context for: (CT) 1.2.840.10008.5.1.4.1.1.2"
    assert lines[1] == f"E: Store Failed, file: {CT}:"
    assert lines[2].startswith("E: the peer accepted no presentation context for CT Image Storage")
    assert lines[3] == "E: Store SCU Failed: 0006:0208 DIMSE No valid Presentation Context ID"


@pytest.mark.parametrize("file", [RLE, JPEG])
def test_a_compressed_file_that_the_peer_does_not_take(send, file):
    def script(dialogue):
        dialogue.accept(lambda _, offered: EXPLICIT if EXPLICIT in offered else None)
        dialogue.store()
        assert dialogue.end() == RELEASE_RQ

    with ScriptedPeer(script) as peer:
        code, lines = send(peer.port, file, CT, "-nh", "--decompress-never")
    assert code == 1
    assert lines[0].startswith(
        "W: DIMSE Warning: (STORESCU,ANY-SCP): sendMessage: unable to convert dataset from '"
    )
    assert lines[0].endswith("' transfer syntax to 'Little Endian Explicit'")
    assert lines[1] == f"E: Store Failed, file: {file}:"
    assert lines[2] == "E: 0006:020e DIMSE Failed to send message"
    assert "the peer accepted only Explicit VR Little Endian" in lines[3]
    assert "dcmdjpeg" in lines[3]


# ---------------------------------------------------------------------------- associations --

REJECTIONS = [
    (1, 1, 1, "Rejected Permanent", "Service User", "No Reason"),
    (1, 1, 2, "Rejected Permanent", "Service User", "Application Context Name Not Supported"),
    (1, 1, 3, "Rejected Permanent", "Service User", "Calling AE Title Not Recognized"),
    (1, 1, 7, "Rejected Permanent", "Service User", "Called AE Title Not Recognized"),
    (2, 2, 1, "Rejected Transient", "Service Provider (ACSE Related)", "No Reason"),
    (
        1,
        2,
        2,
        "Rejected Permanent",
        "Service Provider (ACSE Related)",
        "Protocol Version Not Supported",
    ),
    (
        2,
        3,
        1,
        "Rejected Transient",
        "Service Provider (Presentation Related)",
        "Temporary Congestion",
    ),
    (
        2,
        3,
        2,
        "Rejected Transient",
        "Service Provider (Presentation Related)",
        "Local Limit Exceeded",
    ),
]


@pytest.mark.parametrize(("result", "source", "reason", "how", "who", "why"), REJECTIONS)
def test_rejections(send, result, source, reason, how, who, why):
    with ScriptedPeer(rejecting(result, source, reason)) as peer:
        code, lines = send(peer.port, CT, "-c", "THEM", "-t", "US")
    assert code == 1
    assert lines[:3] == [
        "F: Association Rejected:",
        f"F: Result: {how}, Source: {who}",
        f"F: Reason: {why}",
    ]
    assert lines[3].startswith("F: Try: ")
    title = {3: "'US'", 7: "'THEM'"}.get(reason)
    assert title is None or title in lines[3]


def test_connection_refused(send):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    code, lines = send(port, CT)
    assert code == 1
    assert lines == [
        "F: Association Request Failed: 0006:031c TCP Initialization Error: Connection refused",
        (
            f"F: cannot connect to 127.0.0.1:{port}: Connection refused "
            "(is the peer running, are host and port right?)"
        ),
    ]


def test_unknown_host(send, monkeypatch):
    def unknown(host, *_, **__):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    code, lines = send(104, CT, host="pacs.example")
    assert code == 1
    assert lines[0] == (
        "F: Association Request Failed: 0006:0320 Attempt to connect to unknown host: pacs.example"
    )
    assert lines[1].startswith("F: cannot find host 'pacs.example'")
    assert lines[1].endswith("Name or service not known")
    assert lines[2] == "F: Try: check how the name is spelt, or give the address"


def test_a_peer_that_never_answers(send):
    def script(dialogue):
        dialogue.request()
        assert dialogue.pdu().type == ABORT

    with ScriptedPeer(script) as peer:
        code, lines = send(peer.port, CT, "-ta", "0.05")
    assert code == 1
    assert lines == [
        "F: Association Request Failed: 0006:031a DUL network read timeout",
        "F: timed out after 0.05 s waiting for the answer to the A-ASSOCIATE-RQ",
        "F: Try: is that port a DICOM application's? (-ta: wait longer)",
    ]


def test_a_response_that_never_comes(send):
    def script(dialogue):
        dialogue.accept()
        dialogue.store(None)
        assert dialogue.pdu().type == ABORT

    with ScriptedPeer(script) as peer:
        code, lines = send(peer.port, CT, "-td", "0.05")
    assert code == 1
    assert lines[1:] == [
        "E: 0006:0207 DIMSE No data available (timeout in non-blocking mode)",
        "E: timed out after 0.05 s waiting for the response",
        "E: Store SCU Failed: 0006:0207 DIMSE No data available (timeout in non-blocking mode)",
    ]


def test_what_is_no_dicom_application(send):
    def script(dialogue):
        dialogue.request()
        dialogue.wire.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        dialogue.pdu(ABORT)

    with ScriptedPeer(script) as peer:
        code, lines = send(peer.port, CT)
    assert code == 1
    assert lines[0].startswith("F: Association Request Failed: ")
    assert lines[1].startswith("F: Try: is that port a DICOM application's?")


def test_aborted_in_place_of_an_answer(send):
    def script(dialogue):
        dialogue.request()
        dialogue.wire.send(raw.abort(2, 1))

    with ScriptedPeer(script) as peer:
        code, lines = send(peer.port, CT)
    assert code == 1
    assert lines[0] == (
        "F: Association Request Failed: 0006:0317 Peer aborted Association (or never connected)"
    )
    assert lines[1] == "F: association aborted by the peer's service-provider: unrecognized PDU"


@pytest.mark.parametrize(
    ("abort", "who"),
    [
        (raw.abort(0, 0), "service-user"),
        (raw.abort(2, 2), "service-provider: unexpected PDU"),
        (raw.abort(2, 6), "service-provider: invalid PDU parameter value"),
    ],
)
def test_aborted_in_mid_transfer(send, abort, who):
    def script(dialogue):
        dialogue.accept()
        dialogue.command()
        dialogue.wire.send(abort)

    with ScriptedPeer(script) as peer:
        code, lines = send(peer.port, CT, MR, "-v")
    assert code == 1
    failed = lines.index(f"E: Store Failed, file: {CT}:")
    assert lines[failed + 1] == "E: 0006:0317 Peer aborted Association (or never connected)"
    assert lines[failed + 2] == f"E: association aborted by the peer's {who}"
    assert lines[failed + 3] == "I: Peer Aborted Association"
    assert lines[-1].endswith("failed: 1, not sent: 1")


def test_the_connection_breaks_in_mid_transfer(send):
    def script(dialogue):
        dialogue.accept()
        dialogue.command()

    with ScriptedPeer(script) as peer:
        code, lines = send(peer.port, CT)
    assert code == 10
    assert lines[0] == f"E: Store Failed, file: {CT}:"
    assert lines[1] == "E: 0006:0317 Peer aborted Association (or never connected)"
    assert "connection" in lines[2]


def releasing(dialogue):
    dialogue.accept()
    dialogue.store(None)
    dialogue.wire.send(raw.release_rq())
    assert dialogue.pdu().type == RELEASE_RP


def test_released_in_place_of_a_response_is_tried_once_more(send):
    with ScriptedPeer(releasing, storing(0)) as peer:
        code, lines = send(peer.port, CT, "-v")
    assert code == 0
    assert "I: Peer Released Association" in lines


def test_released_twice_in_place_of_a_response(send):
    with ScriptedPeer(releasing, releasing) as peer:
        code, lines = send(peer.port, CT)
    assert code == 1
    assert lines[1] == "E: 0006:0319 DUL Peer Requested Release"
    assert "the peer released the association" in lines[2]


def test_no_new_association_is_announced_where_none_follows(send):
    """Without -nh the first failure is the end."""

    def aborting(dialogue):
        dialogue.accept()
        dialogue.store(None)
        dialogue.wire.send(raw.abort(0, 0))

    with ScriptedPeer(aborting) as peer:
        code, lines = send(peer.port, CT, MR, "-v")
    assert code == 1
    assert lines[-1].endswith("sent: 0, failed: 1, not sent: 1")
    assert not [line for line in lines if "new association" in line]
    with ScriptedPeer(aborting, storing(0)) as peer:
        _, lines = send(peer.port, CT, MR, "-v", "-nh")
    assert "I: 1 file is to go on a new association" in lines


def test_released_behind_the_response(send):
    """What was confirmed stays confirmed, the rest goes on a new association."""

    def script(dialogue):
        dialogue.accept()
        dialogue.store(0)
        dialogue.wire.send(raw.release_rq())
        assert dialogue.pdu(P_DATA, RELEASE_RP).type in {P_DATA, RELEASE_RP}

    with ScriptedPeer(script, storing(0)) as peer:
        code, lines = send(peer.port, CT, MR, "-v")
    assert code == 0
    assert lines[-1].endswith("sent: 2, failed: 0, not sent: 0")


@pytest.mark.parametrize("last_word", [b"", raw.abort(0, 0), raw.release_rq()])
def test_success_before_the_object_is_sent_whole_is_no_success(send, tmp_path, last_word):
    """The acceptor answers 0000H to the command set alone, and goes."""
    big = tmp_path / "big.dcm"
    found = examine(CT)
    uids = found.sop_class_uid, found.sop_instance_uid
    pixels = b"\xe0\x7f\x10\x00OW\0\0" + (64 << 20).to_bytes(4, "little") + bytes(64 << 20)
    elements = b"".join(
        b"\x08\0" + number + b"\0UI" + len(value).to_bytes(2, "little") + value
        for number, value in (
            (b"\x16", uids[0].encode() + b"\0" * (len(uids[0]) % 2)),
            (b"\x18", uids[1].encode() + b"\0" * (len(uids[1]) % 2)),
        )
    )
    head = encode_file_meta(
        sop_class_uid=uids[0],
        sop_instance_uid=uids[1],
        transfer_syntax_uid="1.2.840.10008.1.2.1",
        implementation_class_uid="1.2.3",
        implementation_version_name="TEST",
    )
    big.write_bytes(head + elements + pixels)

    def script(dialogue):
        dialogue.accept()
        context, command = dialogue.command()
        dialogue.answer(context, command, 0, None)
        dialogue.wire.send(last_word)

    with (
        ScriptedPeer(*[script] * 2)
        if last_word == raw.release_rq()
        else ScriptedPeer(script) as peer
    ):
        code, lines = send(peer.port, big, "-v")
    assert code == (1 if last_word else 10)  # who just closes has lost the network
    assert lines[-1].endswith("sent: 0, failed: 1, not sent: 0")


def breaking(dialogue):
    dialogue.accept()
    dialogue.command()
    dialogue.wire.send(raw.abort(0, 0))


def test_no_halt_opens_a_new_association_for_the_rest(send):
    with ScriptedPeer(breaking, storing(0)) as peer:
        code, lines = send(peer.port, CT, MR, "-nh", "-v")
    assert code == 1
    assert lines.count("I: Requesting Association") == 2
    assert peer.dialogues[1].stores[0][1].uid(0x0002).endswith(".1.4")  # the MR, not the CT again
    assert lines[-1].startswith("I: Objects stored: 1 ")


def test_no_halt_gives_up_when_nothing_is_answered_any_more(send):
    with ScriptedPeer(breaking, breaking) as peer:
        code, lines = send(peer.port, CT, MR, CT, MR, "-nh", "-v", "--max-losses", "2")
    assert code == 1
    assert only("F", lines)[0] == (
        "2 associations were lost without a response between them; 2 files are not tried"
    )
    assert lines[-1].endswith("asked for: 4, sent: 0, failed: 2, not sent: 2")


# ----------------------------------------------------------------------------- DCMDICTPATH --


def test_dictionary_that_is_not_there(send, monkeypatch, tmp_path):
    monkeypatch.setenv("DCMDICTPATH", f"{tmp_path}/a.dic:{tmp_path}/b.dic")
    code, lines = send(1, CT)
    assert code == 1
    assert (
        lines[0]
        == f"E: DcmDataDictionary: {tmp_path}/a.dic: cannot be loaded: No such file or directory"
    )
    assert lines[1].startswith(f"E: DcmDataDictionary: {tmp_path}/b.dic: ")
    assert lines[2] == "F: no data dictionary loaded, check environment variable: DCMDICTPATH"


def test_dictionary_with_bad_lines_is_used_all_the_same(send, monkeypatch, tmp_path):
    path = tmp_path / "some.dic"
    path.write_text("(0010,0010)\tPN\tPatientName\t1\tDICOM\nnonsense\n")
    monkeypatch.setenv("DCMDICTPATH", str(path))
    with ScriptedPeer(storing(0)) as peer:
        code, lines = send(peer.port, CT)
    assert code == 0
    assert len(lines) == 1
    assert lines[0].startswith(f"W: DcmDataDictionary: {path}: ")
    assert "(line 2)" in lines[0]


# ------------------------------------------------------------------------------- the dots --


def test_dots_stand_on_standard_output_one_for_each_pdu(capsys):
    with ScriptedPeer(storing(0, 0xA700)) as peer:
        storescu.main(["-v", "127.0.0.1", str(peer.port), str(CT), str(MR)])
    lines = capsys.readouterr().out.splitlines()
    lengths = [len(data) for _, _, data in peer.dialogues[0].stores]
    assert lines == ["XMIT: " + "." * -(-length // (16384 - 6)) for length in lengths]


@pytest.mark.parametrize("level", ["-q", "-d", "-ll warn", "-ll trace"])
def test_dots_are_there_at_level_info_only(level, capsys):
    with ScriptedPeer(storing(0)) as peer:
        storescu.main([*level.split(), "127.0.0.1", str(peer.port), str(CT)])
    assert capsys.readouterr().out == ""


def test_what_was_not_answered_has_no_end_of_line(capsys):
    def script(dialogue):
        dialogue.accept()
        dialogue.store(None)

    with ScriptedPeer(script) as peer:
        assert storescu.main(["-v", "127.0.0.1", str(peer.port), str(CT)]) == 10
    said = capsys.readouterr().out
    assert said.startswith("XMIT: ")
    assert "\n" not in said


def test_a_peer_that_stops_in_the_middle_of_a_pdu(send):
    def script(dialogue):
        dialogue.accept()
        dialogue.command()
        dialogue.data_set()
        dialogue.wire.send(b"\4\0\0\0")
        assert dialogue.pdu().type == ABORT

    with ScriptedPeer(script) as peer:
        code, lines = send(peer.port, CT, "-ts", "0.05", "-td", "20")
    assert code == 10
    assert lines[1] == "E: 0006:031a DUL network read timeout"
    assert "timed out after 0.05 s" in lines[2]


def test_files_without_meta_information_by_option(send, tmp_path):
    bare = tmp_path / "bare.dcm"
    source = examine(CT).open(EXPLICIT)
    content = bytearray(len(source))
    source.readinto(memoryview(content))
    source.close()
    bare.write_bytes(content)
    for option, good, bad in (("+fo", CT, bare), ("-f", bare, CT)):
        with ScriptedPeer(storing(0)) as peer:
            assert send(peer.port, good, option)[0] == 0
        code, lines = send(1, bad, option)
        assert code == 1
        assert lines[0].startswith(f"F: Bad DICOM file: {bad}")
    with ScriptedPeer(storing(0, 0)) as peer:
        assert send(peer.port, bare, CT, "+f")[0] == 0


def test_a_pattern_for_the_files_of_a_directory(send, tmp_path):
    for name in ("a.dcm", "b.img", "c.dcm"):
        shutil.copy(CT, tmp_path / name)
    with ScriptedPeer(storing(0, 0)) as peer:
        code, lines = send(peer.port, tmp_path, "+sd", "+sp", "*.dcm", "-v")
    assert code == 0
    sent = [line for line in only("I", lines) if line.startswith("Sending file")]
    assert sent == [f"Sending file: {tmp_path / name}" for name in ("a.dcm", "c.dcm")]


def test_files_are_renamed_when_they_are_done_with(send, tmp_path, ct):
    names = ["a.dcm", "b.dcm", "c.dcm", "d.txt"]
    for name in names[:3]:
        (tmp_path / name).write_bytes(ct.read_bytes())
    (tmp_path / "d.txt").write_text("no image")
    (tmp_path / "b.dcm.bad").write_text("there already")
    files = [tmp_path / name for name in [*names, "nowhere.dcm"]]
    with ScriptedPeer(storing(0, 0xA700, 0xB000)) as peer:
        code, lines = send(peer.port, "-nh", "+rn", *files)
    assert code == 0xA7
    there = sorted(each.name for each in tmp_path.iterdir())
    assert there == ["a.dcm.done", "b.dcm", "b.dcm.bad", "c.dcm.done", "d.txt.bad"]
    assert f"W: cannot rename file '{tmp_path}/b.dcm': there is such a file" in lines
    assert (tmp_path / "b.dcm.bad").read_text() == "there already"


def test_a_family_of_addresses_can_be_asked_for(send, ct):
    with ScriptedPeer(storing(0), storing(0)) as peer:
        assert send(peer.port, "-i4", ct)[0] == 0
        assert send(peer.port, "-i6", "-i0", ct)[0] == 0
    code, lines = send(peer.port, "-i6", ct)
    assert code == 1
    assert lines[0].startswith("F: Association Request Failed: 0006:0320 Attempt to connect to")


def test_what_is_taken_in_one_compression_only_is_compressed(send, ct):
    pytest.importorskip("pylibjpeg", reason="needs the codecs: pip install -e .[codecs]")
    rle = "1.2.840.10008.1.2.5"

    def only_rle(dialogue):
        dialogue.accept(lambda _, offered: rle if rle in offered else None)
        dialogue.store()
        assert dialogue.end() == RELEASE_RQ

    with ScriptedPeer(only_rle) as peer:
        code, lines = send(peer.port, "-v", "-R", "-xr", ct)
    assert code == 0
    assert "I: Converting transfer syntax: Little Endian Explicit -> RLE Lossless" in lines
    assert [line for line in lines if line[0] in "WEF"] == []
    _, _, data = peer.dialogues[0].stores[0]
    assert b"\xe0\x7f\x10\0OB\0\0\xff\xff\xff\xff" in data
